"""Every fault that an archive must stand, many times, and a table of what was left; one of each kind is a test besides.

    python -m subs_assets_tests.unit.archive.faults [--kills 640] [--changes 1000] [--cuts 100] [--sizes 60]

On SQLite and on a PostgreSQL server that it starts itself; real file systems that are too small need root, else files
are limited in size. Ends with an error at the first thing that is wrong.
"""

import argparse
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from subs_assets.archive import snapshot
from subs_assets.archive.errors import ArchiveError
from subs_assets_tests.postgres_server import SERVER_USER, PostgresServer, running_server
from subs_assets_tests.unit.archive import damage, full_disk, kills, scenes
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.lossy_proxy import CutProxy
from subs_assets_tests.unit.archive.scenes import NAME, Scene
from subs_assets_tests.unit.archive.tally import Tally

ROWS = 20_000
NEW_DATABASE = 2**21  # bytes that an empty database of PostgreSQL takes on its disk at first
COMMAND = (sys.executable, "-c", "from subs_assets.cli import main; main()", "archive")


class SqliteStage:
    """A database with an archive of it, and the scenes that play there."""

    def __init__(self, folder: Path, rows: int = ROWS) -> None:
        self.folder, self.place = folder, folder / "place"
        self.source = folder / "source.db"
        self.url = scenes.sqlite_source(self.source, rows)
        self.archive = snapshot.create({NAME: self.url}, folder / "sqlite")
        self.newer = snapshot.create({NAME: self.url}, folder / "sqlite")

    def scenes(self, place: Path | None = None) -> list[Scene]:
        place = place or self.place
        return [
            scenes.SqliteCreation(self.url, self.archive, place),
            scenes.SqliteRestore(self.archive, self.source, place),
            scenes.SqliteRestore(self.archive, self.source, place, is_there=True),
            scenes.SqliteDrill(self.archive, place),
            scenes.Removal(self.url, self.archive, place, archive=self.newer),
        ]


class PostgresStage:
    """The same on a server."""

    def __init__(self, folder: Path, server: PostgresServer, rows: int = ROWS) -> None:
        self.place, self.server = folder / "place", server
        self.database = scenes.postgres_source(server, rows)
        self.url = server.url(self.database)
        self.archive = snapshot.create({NAME: self.url}, folder / "postgresql")

    def creation(self, port: int = 0) -> Scene:
        return scenes.PostgresCreation(
            self.url, self.archive, self.place, server=self.server, database=self.database, port=port
        )

    def restore(self, port: int = 0, tablespace: str = "") -> Scene:
        target = f"{self.database}_restored"
        return scenes.PostgresRestore(self.archive, self.server, self.database, target, port, tablespace)

    def scenes(self) -> list[Scene]:
        drill = scenes.PostgresDrill(self.archive, self.place, self.server, self.database)
        return [self.creation(), self.restore(), drill]


def kill_processes(of: Sequence[Scene], tally: Tally, times: int) -> None:
    """Kill the scenes' processes, ``times`` times in all: two of three at their write points, the others in between."""
    each = times // len(of)
    for scene in of:
        kills.kill_everywhere(scene, tally, points=each - each // 3, times=each // 3)


def cut_off_server_processes(stage: PostgresStage, tally: Tally, times: int) -> None:
    """Kill and end what works for a creation and a restore on the server, ``times`` times each."""
    for scene in (stage.creation(), stage.restore()):
        scene.prepare()
        _, seconds = kills.watched(scene)
        scene.again()
        for statement, name in ((None, "SIGKILL of its server process"), ("pg_terminate_backend(pid)", "terminated")):
            for number in range(times):
                scene.prepare()
                said = kills.cut_off(scene, stage.server, seconds * (number + 0.5) / times, statement)
                tally.note(f"{scene.name}: {name}", f"{scene.left()}, {said.split(':')[0]}")
                scene.again()


def damage_archives(folder: Path, urls: Iterable[str], tally: Tally, times: int) -> None:
    """Damage archives of databases that are tiny, of many tables, and those given, each ``times`` times and once at
    each file.
    """
    tiny, many = folder / "tiny.db", folder / "many.db"
    for path, tables in ((tiny, 1), (many, 40)):
        with closing(sqlite3.connect(path)) as connection:
            script = (f"CREATE TABLE t{i} (a); INSERT INTO t{i} VALUES ({i});" for i in range(tables))
            connection.executescript("".join(script))
    for number, url in enumerate((url_of(tiny), url_of(many), *urls)):
        older, archive = (snapshot.create({NAME: url}, folder / f"damaged{number}") for _ in range(2))
        damage.change_files(archive, times, tally, seed=number)
        damage.change_folders(archive, older, tally)


def cut_connections(stage: PostgresStage, tally: Tally, times: int) -> None:
    """Cut the connection at ``times`` places of what goes over it for a creation and for a restore, half of them near
    the end.
    """
    for scene_by in (stage.creation, stage.restore):
        with CutProxy(stage.server.port, after=float("inf")) as proxy:
            scene = scene_by(proxy.port)
            scene.prepare()
            scene.work()
            total = proxy.passed
            scene.again()
        places = [total * (number + 0.5) / (times // 2) for number in range(times // 2)]
        places += [total - number * 2000 / (times // 2) for number in range(times // 2)]
        for number, after in enumerate(places):
            with CutProxy(stage.server.port, after, stays_dead=bool(number % 2)) as proxy:
                scene = scene_by(proxy.port)
                scene.prepare()
                said = ending(scene.work)
            tally.note(f"{scene.name}: connection cut", f"{scene.left()}, {said}")
            scene.again()


def fill_disks(stage: SqliteStage, tally: Tally, times: int) -> None:
    """Do everything on disks of ``times`` sizes between too small for anything and just large enough."""
    disk = stage.folder / "disk"
    archived = sum(path.stat().st_size for path in stage.archive.rglob("*"))
    for scene in stage.scenes(disk / "place")[:-1]:  # a removal needs no room
        # Two archives, or one and what is restored from it, and a little for folders.
        needed = archived + (archived if "create" in scene.name else stage.source.stat().st_size) + 16 * full_disk.PAGE
        for number in range(times):
            room = needed * (number + 1) // times
            with disk_of(disk, room) as limited:
                try:
                    scene.prepare()
                except OSError:
                    continue  # not even what was there before has room
                with full_disk.room_is_taken_meanwhile(), limited():
                    said = ending(scene.work)
                if full_disk.may_mount():
                    full_disk.grow(disk)
                kind = "disk full" if full_disk.may_mount() else "files limited in size"
                tally.note(f"{scene.name}: {kind}", f"{scene.left()}, {said}")
                scene.again()


@contextmanager
def disk_of(folder: Path, size: int) -> Iterator[Callable[[], object]]:
    """A disk of that size in ``folder``; what it yields is to be put around the work."""
    if full_disk.may_mount():
        with full_disk.small_disk(folder, size // full_disk.PAGE * full_disk.PAGE):
            yield nullcontext
    else:
        folder.mkdir(exist_ok=True)
        yield lambda: full_disk.files_of_at_most(size)


def fill_tablespaces(stage: PostgresStage, tally: Tally, times: int) -> None:
    """Restore into PostgreSQL databases on disks of all sizes between that of an empty database and a full one's."""
    if not full_disk.may_mount():
        return
    folder = Path(tempfile.mkdtemp(prefix="subs-tablespace-"))
    folder.chmod(0o755)
    sizes = stage.server.execute(
        f"SELECT pg_database_size(name) FROM unnest('{{template0,{stage.database}}}'::text[]) name"
    )
    (empty,), (full,) = sizes
    try:
        for number in range(times):
            room = NEW_DATABASE + (full - empty) * number // times
            with full_disk.small_disk(folder / "disk", room // full_disk.PAGE * full_disk.PAGE) as disk:
                shutil.chown(disk, SERVER_USER)
                stage.server.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
                scene = stage.restore(tablespace="small")
                scene.prepare()
                said = ending(scene.work)
                full_disk.grow(disk)
                tally.note(f"{scene.name}: disk full", f"{scene.left()}, {said}")
                scene.again()
                stage.server.execute("DROP TABLESPACE small")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def try_commands(stage: SqliteStage, tally: Tally) -> None:
    """What a person sees: a sentence and an exit code, on disks that are full or only to be read, and of damage."""
    archive, source = stage.folder / "shown" / stage.archive.name, stage.url
    shutil.copytree(stage.archive, archive)
    disk = stage.folder / "disk"

    def all_of(place: Path) -> list[list[str]]:
        there = place / archive.name
        return [
            ["create", "--database", source, "--to", str(place / "archives")],
            ["restore", str(archive), "--into", url_of(place / "new.db")],
            *([["drill", str(there)]] if there.exists() else []),
        ]

    if full_disk.may_mount():
        size = 2**20 + sum(path.stat().st_size for path in archive.rglob("*"))
        with full_disk.small_disk(disk, size // full_disk.PAGE * full_disk.PAGE):
            shutil.copytree(archive, disk / archive.name)
            for arguments in all_of(disk):
                _expect_a_sentence(arguments, tally, "on a full disk")
            full_disk.make_read_only(disk)
            for arguments in all_of(disk):
                _expect_a_sentence(arguments, tally, "on a read-only disk")
    (stage.folder / "file").write_bytes(b"")
    for arguments in all_of(stage.folder / "file"):
        _expect_a_sentence(arguments, tally, "below a file")
    path = next((archive / "data").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    for arguments in (["verify", str(archive)], ["drill", str(archive)], all_of(stage.folder)[1]):
        _expect_a_sentence(arguments, tally, "of a damaged archive")
    assert not (stage.folder / "new.db").exists()


def _expect_a_sentence(arguments: list[str], tally: Tally, where: str) -> None:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    assert ended.returncode == 1, (arguments, ended)
    assert "error:" in ended.stderr and "Traceback" not in ended.stderr + ended.stdout, (arguments, ended.stderr)
    tally.note(f"subs archive {arguments[0]} {where}", "exit code 1 and a sentence")


def ending(work: Callable[[], object]) -> str:
    """How the work ended: with which ArchiveError, or done. Whatever else is raised is a fault of ours."""
    try:
        work()
    except ArchiveError as problem:
        return type(problem).__name__
    return "done"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, count in (("kills", 640), ("changes", 1000), ("cuts", 100), ("sizes", 60)):
        parser.add_argument(f"--{name}", type=int, default=count)
    chosen = parser.parse_args()
    tally = Tally()
    try:
        with tempfile.TemporaryDirectory(prefix="subs-faults-") as folder, running_server() as server:
            sqlite, postgres = SqliteStage(Path(folder)), PostgresStage(Path(folder), server)
            kill_processes([*sqlite.scenes(), *postgres.scenes()], tally, chosen.kills)
            cut_off_server_processes(postgres, tally, chosen.kills // 40)
            damage_archives(Path(folder), (sqlite.url, postgres.url), tally, chosen.changes)
            cut_connections(postgres, tally, chosen.cuts)
            fill_disks(sqlite, tally, chosen.sizes)
            fill_tablespaces(postgres, tally, chosen.sizes // 3)
            try_commands(sqlite, tally)
    finally:
        print(tally.table())
    for sentence in tally.wrong:
        print(sentence, file=sys.stderr)
    sys.exit(1 if tally.wrong else 0)


if __name__ == "__main__":
    main()
