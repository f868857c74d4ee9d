"""What revisions say that they do on purpose to what is there: the constants ``RENAMES``, ``DROPS`` and ``REWRITES`` of
their modules. Nothing here looks at a database."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory


@dataclass(frozen=True)
class Declarations:
    """What one revision or several do on purpose; a thing is named as it was called *before* them.

    A name is ``table.column``, a table, or (dropped or rewritten) an index, a view, a trigger ... It counts for what is
    called exactly so: both a schema and a column may have a dot before or in their names, so none is split to be
    compared.
    """

    renames: Mapping[str, str]
    """What it was called before: what it is called afterwards."""
    drops: frozenset[str]
    rewrites: frozenset[str]
    """Columns whose values or definition change, tables whose rows come or go, and whatever else is defined anew."""

    def table_after(self, table: str) -> str:
        """What a table of before is called afterwards, if it is still there."""
        return self.renames.get(table, table)

    def column_after(self, table: str, column: str) -> str:
        """What a column of a table of before is called afterwards, if it is still there."""
        renamed = self.renames.get(f"{table}.{column}")
        return column if renamed is None else renamed.removeprefix(f"{self.table_after(table)}.")

    def loses_table(self, table: str) -> bool:
        return table in self.drops

    def loses_column(self, table: str, column: str) -> bool:
        """Whether a column of before is dropped, by itself or with its table."""
        return table in self.drops or f"{table}.{column}" in self.drops

    def rewrites_column(self, table: str, column: str) -> bool:
        return f"{table}.{column}" in self.rewrites


def declarations_of(revisions: Iterable[str], script: ScriptDirectory | None = None) -> Declarations:
    """What these revisions (of this package, or of another folder) declare, as if they were one; in any order.

    Raises ValueError where a module's constant is not of its form.
    """
    wanted = set(revisions)
    return composed(declared for revision, declared in _all_declared(script) if revision in wanted)


def former_names(script: ScriptDirectory | None = None) -> dict[str, str]:
    """Each name that a table or column once had, and what it is called since; raises as ``declarations_of``."""
    names: dict[str, str] = {}
    every = [declared for _, declared in _all_declared(script)]
    for start in range(len(every)):
        names |= composed(every[start:]).renames
    return names


def _all_declared(script: ScriptDirectory | None) -> list[tuple[str, Declarations]]:
    """Every revision and what it declares, oldest first."""
    script = script or ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return [(revision.revision, declared_by(revision.module)) for revision in reversed(list(script.walk_revisions()))]


def declared_by(module: Any) -> Declarations:
    """What one revision's module declares. Raises ValueError, naming its file, where a constant is not of its form."""
    try:
        return Declarations(
            _pairs("RENAMES", getattr(module, "RENAMES", {})),
            _names("DROPS", getattr(module, "DROPS", ())),
            _names("REWRITES", getattr(module, "REWRITES", ())),
        )
    except ValueError as problem:
        raise ValueError(f"{Path(module.__file__).name}: {problem}") from None


def composed(declarations: Iterable[Declarations]) -> Declarations:
    """Several declarations, oldest first, as if they were one: what becomes b and then c becomes c."""
    return functools.reduce(_then, declarations, Declarations({}, frozenset(), frozenset()))


def _then(earlier: Declarations, later: Declarations) -> Declarations:
    def origins(names: Iterable[str]) -> frozenset[str]:
        # What came in between has no name of before, and nothing of it can be lost.
        return frozenset(old for name in names if (old := _origin(earlier, name)) is not None)

    together = Declarations({}, earlier.drops | origins(later.drops), earlier.rewrites | origins(later.rewrites))
    moved = {old: _renamed(new, later.renames) for old, new in earlier.renames.items()}
    moved |= {old: new for name, new in later.renames.items() if (old := _origin(earlier, name)) is not None}
    renames = {old: new for old, new in moved.items() if old != new and not _is_among(old, together.drops)}
    return Declarations(renames, together.drops, together.rewrites)


def _origin(earlier: Declarations, name: str) -> str | None:
    """What a later revision's name was called before the earlier ones; None where the one that was called so moved
    away, or is gone."""
    old = _renamed(name, {new: old for old, new in earlier.renames.items()})
    return old if _renamed(old, earlier.renames) == name and not _is_among(old, earlier.drops) else None


def _renamed(name: str, renames: Mapping[str, str]) -> str:
    """What a declared name becomes, by itself or with its table."""
    if name in renames:
        return renames[name]
    return next((f"{renames[table]}.{column}" for table, column in _readings(name) if table in renames), name)


def _is_among(name: str, names: frozenset[str]) -> bool:
    return name in names or any(table in names for table, _ in _readings(name))


def _readings(name: str) -> list[tuple[str, str]]:
    """A declared name as a table and its column, in each way that it can be read; none where it has no dot."""
    parts = name.split(".")
    return [(".".join(parts[:end]), ".".join(parts[end:])) for end in range(1, len(parts))]


def _pairs(constant: str, value: object) -> dict[str, str]:
    example = f'{constant} = {{"table.old": "table.new", "old_table": "new_table"}}'
    if not isinstance(value, Mapping) or not all(_is_name(name) for pair in value.items() for name in pair):
        raise ValueError(f"{constant} is {value!r}; write {example}")
    for old, new in value.items():
        if not _is_within_a_table(old, new, value):
            raise ValueError(f"{constant} turns {old} into {new}, which is no rename within a table; write {example}")
    if len(set(value.values())) < len(value):
        raise ValueError(f"{constant} gives one name to two things: {', '.join(sorted(value.values()))}")
    return dict(value)


def _names(constant: str, value: object) -> frozenset[str]:
    # A name in brackets without a comma is a text, and a text would be taken for its letters.
    if isinstance(value, str) or not isinstance(value, Iterable) or not all(_is_name(name) for name in value):
        raise ValueError(f'{constant} is {value!r}; write {constant} = ("table.column", "table") or ("table.column",)')
    return frozenset(value)


def _is_within_a_table(old: str, new: str, renames: Mapping[str, str]) -> bool:
    if "." not in old or "." not in new:
        return "." not in old + new
    tables = {table for table, _ in _readings(new)}
    return any(renames.get(table, table) in tables for table, _ in _readings(old))


def _is_name(name: object) -> bool:
    return isinstance(name, str) and all(name.split("."))
