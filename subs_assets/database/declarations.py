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

    A name is ``table.column``, a table, or (dropped) an index.
    """

    renames: Mapping[str, str]
    """What it was called before: what it is called afterwards."""
    drops: frozenset[str]
    rewrites: frozenset[str]
    """Columns whose values change, and tables whose rows come or go."""

    def after(self, name: str) -> str:
        """What a table or column of before is called afterwards, if it is still there."""
        table, dot, column = name.partition(".")
        return self.renames.get(name) or f"{self.renames.get(table, table)}{dot}{column}"

    def before(self, name: str) -> str | None:
        """What a table or column was called before; None where the one that was called so moved away, or is gone."""
        origins = {new: old for old, new in self.renames.items()}
        table, dot, column = name.partition(".")
        old = origins.get(name) or f"{origins.get(table, table)}{dot}{column}"
        return old if self.after(old) == name and not self.loses(old) else None

    def loses(self, name: str) -> bool:
        """Whether a table or column of before is dropped, by itself or with its table."""
        return name in self.drops or name.partition(".")[0] in self.drops


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
        return frozenset(old for name in names if (old := earlier.before(name)) is not None)

    together = Declarations({}, earlier.drops | origins(later.drops), earlier.rewrites | origins(later.rewrites))
    moved = {old: later.after(new) for old, new in earlier.renames.items()}
    moved |= {old: new for name, new in later.renames.items() if (old := earlier.before(name)) is not None}
    renames = {old: new for old, new in moved.items() if old != new and not together.loses(old)}
    return Declarations(renames, together.drops, together.rewrites)


def _pairs(constant: str, value: object) -> dict[str, str]:
    example = f'{constant} = {{"table.old": "table.new", "old_table": "new_table"}}'
    if not isinstance(value, Mapping) or not all(_is_name(name) for pair in value.items() for name in pair):
        raise ValueError(f"{constant} is {value!r}; write {example}")
    for old, new in value.items():
        table, dot, _ = old.partition(".")
        new_table, new_dot, _ = new.partition(".")
        if dot != new_dot or (dot and value.get(table, table) != new_table):
            raise ValueError(f"{constant} turns {old} into {new}, which is no rename within a table; write {example}")
    if len(set(value.values())) < len(value):
        raise ValueError(f"{constant} gives one name to two things: {', '.join(sorted(value.values()))}")
    return dict(value)


def _names(constant: str, value: object) -> frozenset[str]:
    # A name in brackets without a comma is a text, and a text would be taken for its letters.
    if isinstance(value, str) or not isinstance(value, Iterable) or not all(_is_name(name) for name in value):
        raise ValueError(f'{constant} is {value!r}; write {constant} = ("table.column", "table") or ("table.column",)')
    return frozenset(value)


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 1 <= len(parts := name.split(".")) <= 2 and all(parts)
