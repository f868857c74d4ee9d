"""Fills a new SQLite file from an archive, aside from its final place, and puts it there only when it is whole."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import TypeGuard

from filelock import FileLock, Timeout

from subs_assets.archive.durable import (
    OWNER_ONLY_FILE,
    make_folder,
    move_without_overwriting,
    new_file,
    remove_file,
    require_space,
    sync_file,
    sync_folder,
)
from subs_assets.archive.errors import ArchiveError, ArchiveLocked, RestoreRefused, UnreadableDatabase, in_a_sentence
from subs_assets.archive.manifest import DatabaseEntry, TableDigest, TableEntry
from subs_assets.archive.sqlite.schema import (
    quote,
    read_foreign_key_violations,
    read_schema,
    read_text_as_it_is,
    rowid_name,
    used_bytes,
)
from subs_assets.archive.sqlite.source import BUSY_SECONDS, open_snapshot
from subs_assets.archive.values import TEXT_FORMS, UNDECODABLE_MARK, UTF_8, RowForm, UndecodableText
from subs_assets.database.engine import sqlite_address

NOT_WRITTEN_AS_UTF_16 = ("\ufffe", "\uffff")  # SQLite makes U+FFFD of them where it turns UTF-8 into UTF-16
SIDE_FILES = ("-journal", "-wal", "-shm")


class SqliteTarget:
    """A database being made: ``create_tables``, ``load`` each table, ``finish``, compare ``digests``, ``publish``."""

    def __init__(self, path: Path, building: Path, entry: DatabaseEntry) -> None:
        self._path = path
        self._building = building
        self._entry = entry
        self._text = TEXT_FORMS[str(entry.settings["encoding"])]
        self._connection = sqlite3.connect(building, isolation_level=None)
        read_text_as_it_is(self._connection)
        self.broken: tuple[str, ...] = ()  # SQLite keeps constraints that its rows break as they are

    def create_tables(self, tables: Sequence[TableEntry]) -> None:
        """Make the tables that the archive holds, without indexes, triggers and views, in one transaction with all
        that follows.
        """
        with self._explained("its tables"):
            self._prepare()
            if any(table.kind == "sequences" for table in tables):
                # SQLite makes its table of sequences with the first AUTOINCREMENT, and keeps it.
                self._connection.execute("CREATE TABLE subs_restoring (id INTEGER PRIMARY KEY AUTOINCREMENT)")
                self._connection.execute("DROP TABLE subs_restoring")
            self._execute_ddl("table")

    def load(self, table: TableEntry, lines: Iterable[bytes]) -> None:
        """Insert a table's rows with their rowids, in place of what is there."""
        with self._explained(f"table {table.name}"):
            if table.kind == "statistics" and not self._make_statistics_table(table.name):
                return
            self._connection.execute(f"DELETE FROM {quote(table.name)}")
            expressions = [quote(key) for key in table.row_keys]
            if table.rowid_key is not None:
                expressions[0] = str(rowid_name(column.name for column in table.columns))
            insert = f"INSERT INTO {quote(table.name)} ({', '.join(expressions)}) VALUES "
            plain = f"({', '.join('?' * len(expressions))})"
            form = RowForm(table.row_keys, self._text)
            for needs_cast, some in groupby(lines, key=self._may_need_cast):
                if not needs_cast:
                    self._connection.executemany(insert + plain, map(form.decode, some))
                    continue
                for row in map(form.decode, some):
                    marks = ", ".join(self._cast(value) if self._needs_cast(value) else "?" for value in row)
                    bound = [value for value in row if not self._needs_cast(value)]
                    self._connection.execute(f"{insert}({marks})", bound)

    def finish(self, sequences: Iterable[tuple[TableEntry, Iterable[bytes]]]) -> None:
        """Make indexes, views and triggers, set the sequences and what belongs to the file, and compare keys and DDL.

        Raises:
            RestoreRefused: the database differs from what was archived.
        """
        with self._explained("its indexes, views and triggers"):
            for kind in ("index", "view", "trigger"):
                self._execute_ddl(kind)
        for table, lines in sequences:
            self.load(table, lines)
        with self._explained("what belongs to the file"):
            for name in ("user_version", "application_id"):
                self._connection.execute(f"PRAGMA {name} = {int(self._entry.settings[name])}")
            self._connection.execute("COMMIT")
            self._add_virtual_tables()
            self._compare_schema()
            if self._entry.settings["journal_mode"] == "wal":
                self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.close()

    def digests(self) -> dict[str, TableDigest]:
        """table -> (rows, SHA-256) of the finished file, read anew."""
        try:
            with open_snapshot(self._building) as source:
                found = source.digests()
        except UnreadableDatabase as problem:
            raise RestoreRefused(f"{problem}; nothing was changed") from problem
        # Reading a file in WAL mode leaves its side files behind; only a connection that may write takes them away.
        with (
            self._explained("what belongs to the file"),
            closing(sqlite3.connect(self._building, isolation_level=None)) as connection,
        ):
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return found

    def publish(self) -> None:
        """Give the finished file its name, in one step, and only where still nothing is.

        Raises:
            RestoreRefused: somebody made a database there meanwhile, or the disk fails.
            ArchiveError: it is there, and the disk does not confirm its name.
        """
        with in_a_sentence(RestoreRefused, f"nothing was restored into {self._path}"):
            if left := [side for side in _side_files(self._building) if side.exists() and side.stat().st_size]:
                raise RestoreRefused(
                    f"{self._path}: {left[0].name} could not be merged into the restored file; try again"
                )
            sync_file(self._building)
            refuse_unless_empty(self._path)
            if not self._path.exists():
                try:
                    move_without_overwriting(self._building, self._path)
                except FileExistsError as problem:
                    raise RestoreRefused(
                        f"{self._path} was made by somebody else meanwhile; nothing was restored into it"
                    ) from problem
            else:
                self._replace_empty_database()
        with in_a_sentence(ArchiveError, f"{self._path} is restored and whole, but a power cut may take it away"):
            sync_folder(self._path.parent)

    def close(self) -> None:
        self._connection.close()

    def _prepare(self) -> None:
        for name in ("encoding", "page_size", "auto_vacuum"):  # these hold only for a file without content
            value = self._entry.settings[name]
            self._connection.execute(f"PRAGMA {name} = {value if isinstance(value, int) else quote(value)}")
        # The file is nobody's until it is whole: a journal and waiting for the disk would only cost time.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        # Rows are restored as they were, also those that break a key or a check.
        self._connection.execute("PRAGMA foreign_keys = OFF")
        self._connection.execute("PRAGMA ignore_check_constraints = ON")
        self._connection.execute("BEGIN")

    def _execute_ddl(self, kind: str) -> None:
        for statement in self._entry.ddl:
            if statement.kind == kind:
                if statement.sql.split(maxsplit=1)[0].upper() != "CREATE":
                    raise RestoreRefused(
                        f"{self._path}: the manifest's statement for {kind} {statement.name} is no CREATE"
                    )
                self._connection.execute(statement.sql)

    def _make_statistics_table(self, name: str) -> bool:
        """Whether this SQLite keeps such statistics (``sqlite_stat4`` is an option of its build)."""
        self._connection.execute("ANALYZE sqlite_master")
        return self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is not None

    def _may_need_cast(self, line: bytes) -> bool:
        """Whether a row may hold text that SQLite does not take as it is; cheap, for each row is asked."""
        return UNDECODABLE_MARK in line or (
            self._text != UTF_8 and any(one.encode() in line for one in NOT_WRITTEN_AS_UTF_16)
        )

    def _needs_cast(self, value: object) -> TypeGuard[str]:
        if type(value) is UndecodableText:
            return True
        return self._text != UTF_8 and isinstance(value, str) and any(one in value for one in NOT_WRITTEN_AS_UTF_16)

    def _cast(self, text: str) -> str:
        """SQL for text that only a BLOB can carry to SQLite. A literal: in a UTF-16 database SQLite takes a bound BLOB
        that is cast to text for UTF-8, and changes it."""
        return f"CAST(x'{self._text.to_bytes(text).hex()}' AS TEXT)"

    def _add_virtual_tables(self) -> None:
        """Write virtual tables into the schema, as sqlite's ``.dump`` does: their rows came with their shadow tables,
        and CREATE VIRTUAL TABLE would make new ones.
        """
        virtual = [statement for statement in self._entry.ddl if statement.kind == "virtual table"]
        if not virtual:
            return
        if hasattr(self._connection, "setconfig"):  # Python 3.12; macOS builds SQLite with this protection on
            self._connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, False)  # type: ignore[attr-defined, unused-ignore]
        self._connection.execute("PRAGMA writable_schema = ON")
        self._connection.executemany(
            "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', ?, ?, 0, ?)",
            [(statement.name, statement.table, statement.sql) for statement in virtual],
        )
        self._connection.execute("PRAGMA writable_schema = RESET")

    def _compare_schema(self) -> None:
        found = read_schema(self._connection).ddl
        if found != self._entry.ddl:
            differing = {statement.name for statement in {*found} ^ {*self._entry.ddl}} or {"their order"}
            raise RestoreRefused(
                f"{self._path}: the restored schema differs from the archived one: {', '.join(sorted(differing))}"
            )
        violations, problem = read_foreign_key_violations(self._connection)
        archived = self._entry
        # Of several keys that it cannot check, SQLite names any one: each database another, though they are equal.
        if (problem is None) != (archived.foreign_key_problem is None) or violations != archived.foreign_key_violations:
            raise RestoreRefused(
                f"{self._path}: PRAGMA foreign_key_check finds {problem or violations} in the restored one, and found "
                f"{archived.foreign_key_problem or archived.foreign_key_violations} in the archived"
            )

    def _replace_empty_database(self) -> None:
        """Put the file in the place of an empty one, while its lock says that nobody begins to fill it."""
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_SECONDS)) as empty:
            try:
                # Takes side files away that must not meet the new file.
                if empty.execute("PRAGMA journal_mode = DELETE").fetchone() != ("delete",):
                    raise RestoreRefused(f"{self._path} is in use; nothing was restored into it")
                empty.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as problem:
                raise RestoreRefused(f"{self._path} is in use: {problem}; nothing was restored into it") from problem
            if empty.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise RestoreRefused(
                    f"{self._path} was filled by somebody else meanwhile; nothing was restored into it"
                )
            if os.name != "nt":
                self._building.replace(self._path)
        if os.name == "nt":  # which replaces no open file
            self._building.replace(self._path)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise RestoreRefused(
                f"{self._path}: {what} cannot be restored: {problem}; nothing was changed"
            ) from problem


@contextmanager
def open_target(path: Path, entry: DatabaseEntry) -> Iterator[SqliteTarget]:
    """A target for ``path``; whatever was not published is gone when the block ends, or when the next one begins.

    Raises:
        RestoreRefused: there is a database that is not empty, or a leftover of one.
        ArchiveLocked: another restore into this place is at work.
    """
    path = path.absolute()
    with in_a_sentence(RestoreRefused, f"nothing was restored into {path}"):
        make_folder(path.parent)
        building = path.with_name(f".{path.name}.restoring")
        lock = FileLock(path.with_name(f".{path.name}.restoring.lock"), mode=OWNER_ONLY_FILE)
        try:
            lock.acquire(blocking=False)
        except Timeout as problem:
            raise ArchiveLocked(f"another restore into {path} is at work; nothing was changed") from problem
        try:
            # Of a restore that was killed: right before its end it is a second name of the restored database.
            _remove(building)
            refuse_unless_empty(path)
            require_space(path.parent, used_bytes(entry.snapshot, entry.settings), f"the restored {path.name}")
            with new_file(building):
                pass
            target = SqliteTarget(path, building, entry)
            try:
                yield target
            finally:
                target.close()
                _remove(building)
        finally:
            lock.release()


def refuse_unless_empty(path: Path) -> None:
    """Raise RestoreRefused unless a new database may take this place: nothing there, or a database without tables."""
    if not path.exists():
        if stale := [side.name for side in _side_files(path) if side.exists()]:
            raise RestoreRefused(
                f"{path} does not exist, but {', '.join(stale)} of an earlier database does, and SQLite would read "
                "it into the restored one; move it away, then restore again"
            )
        return
    if not path.is_file():
        raise RestoreRefused(f"{path} is no file")
    if path.stat().st_size == 0 and not any(side.exists() for side in _side_files(path)):
        return
    try:
        with closing(
            sqlite3.connect(sqlite_address(path.resolve(), "rw"), uri=True, timeout=BUSY_SECONDS)
        ) as connection:
            (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as problem:
        raise RestoreRefused(f"{path} is there and cannot be read: {problem}; restore into a new file") from problem
    if objects:
        raise RestoreRefused(
            f"{path} is not empty: it has {objects} tables, indexes or views. An archive is restored into "
            "an empty database only: restore into a new file, or move this one away"
        )


def _side_files(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in SIDE_FILES]


def _remove(building: Path) -> None:
    for path in (building, *_side_files(building)):
        remove_file(path)
