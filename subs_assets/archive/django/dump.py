"""What a folder of Django's ``dumpdata`` files holds: its objects, and for each field the type and the model that its
values lead to; the tables that are made of it are not known here.

A dump names neither: both are deduced from all values of a field, and from its name (docs/decisions/0017).
"""

import json
import math
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from subs_assets.archive.errors import ArchiveError, BadDump
from subs_assets.archive.protocols import Progress
from subs_assets.catalogue.dump_objects import BrokenDump, read_values

DUMP_FILE = re.compile(r".+\.jsonl?(\.gz|\.zst)?", re.IGNORECASE)
MODEL = re.compile(r"[^\W\d]\w*\.[^\W\d]\w*")
"""``app.model``, as Django names it."""

PROBLEMS_SHOWN = 10
"""Of one file; the others are counted."""

PAGE_SIZE = 4096
"""Bytes; SQLite's own default."""

LARGEST_INTEGER = 2**63 - 1
LARGEST_EXACT_REAL = 2**53

Type = Literal["boolean", "integer", "real", "signed real", "text", "json", "loose json"]
"""``signed real`` holds -0.0, of which a column of reals in SQLite would make 0.0; ``loose json`` holds NaN or
Infinity, which is no JSON and which Django writes all the same.
"""

Kind = Literal[
    "null", "boolean", "integer", "large integer", "real", "-0.0", "NaN", "infinite", "text",
    "integers", "texts", "empty", "nested", "loose",
]  # fmt: skip
"""What one value is; ``integers`` and ``texts`` are lists without repetition, as many-to-many fields have them."""


@dataclass
class Field:
    """What all values of a field were, and what its name and they lead to."""

    kinds: set[Kind] = field(default_factory=set)
    values: int = 0  # in how many objects it stands
    has_nul: bool = False  # some text holds U+0000
    target: str | None = None  # the model whose keys its values are
    resolved: int = 0  # values that are a key of the target
    unresolved: int = 0
    where_unresolved: str = ""  # the first of them

    @property
    def type(self) -> Type:
        return type_of(self.kinds)

    @property
    def is_many_to_many(self) -> bool:
        return self.target is not None and bool(self.kinds & {"integers", "texts", "empty"})


@dataclass
class Model:
    """The objects of one model; ``fields`` in the order in which they were met."""

    name: str
    number: int
    objects: int = 0
    key_type: Literal["integer", "text"] = "integer"
    has_keys: bool = True  # False: ``dumpdata --natural-primary`` left them out, and they are numbered
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def key_column(self) -> str:
        """The dump does not tell what the key is called; Django calls it ``id`` unless told otherwise."""
        taken = {name.lower() for name in self.fields}
        name = "id"
        while name in taken:
            name = "pk" if name == "id" else f"_{name}"
        return name


class Dump:
    """The objects of a folder, kept in a scratch database that only this process can see."""

    def __init__(self, scratch: sqlite3.Connection) -> None:
        self._scratch = scratch
        self.models: dict[str, Model] = {}
        self.files: dict[str, dict[str, int]] = {}  # name -> model -> objects
        self.notes: list[str] = []
        self._known_models: set[str] = set()  # that the dump's content types name
        self._file_names: list[str] = []

    @property
    def pages(self) -> int:
        """Of PAGE_SIZE bytes: what the objects take in the scratch database, and so about what they will take."""
        return int(self._scratch.execute("PRAGMA page_count").fetchone()[0])

    def objects(self, model: Model) -> Iterator[tuple[Any, dict[str, Any]]]:
        """(key, fields) in the order of the keys, text by its bytes."""
        for key, fields, _, _ in self._rows(model):
            yield key, fields

    def read(self, folder: Path, progress: Progress | None = None) -> None:
        """Read all dump files of a folder.

        Raises:
            BadDump: with every problem of every file.
        """
        problems: list[str] = []
        paths = _dump_files(folder, self.notes)
        for number, path in enumerate(paths):
            self._file_names.append(path.name)
            problems += _shortened(path.name, self._read_file(path, number))
            if progress is not None:
                progress(folder.name, path.name, sum(self.files[path.name].values()))
        if problems:
            raise BadDump(
                f"{folder} was not imported; mend these, or move their files out of the folder to import the others "
                "without them",
                problems,
            )
        self._find_references()

    def _rows(self, model: Model) -> Iterator[tuple[Any, dict[str, Any], int, int]]:
        """(key, fields, number of the file, row there)"""
        query = f"SELECT key, fields, file, row FROM model_{model.number} ORDER BY key"
        for key, fields, file, row in self._scratch.execute(query):
            yield key, json.loads(fields), file, row

    def _read_file(self, path: Path, number: int) -> Iterator[str]:
        counts: dict[str, int] = {}
        self.files[path.name] = counts
        try:
            for row, value in read_values(path):
                problem = _why_no_object(value) or self._add(value, number, row)
                if problem:
                    yield f"{path.name} row {row}: {problem}"
                else:
                    counts[value["model"]] = counts.get(value["model"], 0) + 1
        except BrokenDump as problem:
            yield f"{path.name}: {problem}"

    def _add(self, value: dict[str, Any], file: int, row: int) -> str | None:
        """Keep an object; a sentence where it cannot be."""
        name, key, fields = value["model"], value.get("pk"), value["fields"]
        model = self.models.get(name)
        if model is None:
            model = self.models[name] = Model(name, len(self.models))
            model.has_keys = key is not None
            model.key_type = "text" if isinstance(key, str) else "integer"
            self._scratch.execute(
                f"CREATE TABLE model_{model.number} (key PRIMARY KEY, file, row, fields) WITHOUT ROWID"
            )
        if (key is not None) != model.has_keys:
            return f"some objects of {name} have a pk, and others have none; dump them again in one way"
        if key is None:
            key = model.objects + 1  # as loaddata would number them
        elif isinstance(key, str) != (model.key_type == "text"):
            return f"its pk {key!r} is of another type than the others of {name}; mend it"
        kept = self._scratch.execute(
            f"INSERT INTO model_{model.number} VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (key, file, row, json.dumps(fields)),
        )
        if not kept.rowcount:
            query = f"SELECT file, row FROM model_{model.number} WHERE key = ?"
            other_file, other_row = self._scratch.execute(query, (key,)).fetchone()
            return (
                f"{name} {key!r} stands in {self._file_names[other_file]} row {other_row} already; "
                "remove one of the two"
            )
        model.objects += 1
        for field_name, cell in fields.items():
            found = model.fields.setdefault(field_name, Field())
            found.values += 1
            found.kinds.add(kind_of(cell))
            found.has_nul = found.has_nul or (isinstance(cell, str) and "\0" in cell)
        if name == "contenttypes.contenttype":
            self._known_models.add(f"{fields.get('app_label')}.{fields.get('model')}")
        return None

    def _find_references(self) -> None:
        for model in self.models.values():
            unnamed = []
            for name, found in model.fields.items():
                is_named = self._find_target(model, name, found)
                if not is_named and found.type == "integer":
                    unnamed.append(name)
                if found.values < model.objects:
                    missing = model.objects - found.values
                    self.notes.append(f"{model.name}: {missing:,} objects have no field {name}; it is empty there")
            if unnamed:
                self.notes.append(
                    f"{model.name}: numbers that are named after no model here: {', '.join(unnamed)}; if one of them "
                    "is a key, the file of its model is missing"
                )
            if not model.has_keys:
                self.notes.append(f"{model.name}: its objects have no pk (--natural-primary); they are numbered from 1")
            self._resolve(model)
            self._tell(model)

    def _find_target(self, model: Model, name: str, found: Field) -> bool:
        """Set the target of a field whose values may be keys; whether its name leads to a model at all."""
        present = found.kinds - {"null"}
        is_list = _are_keys(found.kinds)
        candidates = leads_to(name, model.name, {*self.models, *self._known_models}, is_list)
        if not candidates or not present:
            return bool(candidates)
        if len(candidates) > 1:
            if found.type == "integer" or is_list:
                named = " and ".join(sorted(candidates))
                self.notes.append(f"{model.name}.{name}: named after {named}, so it is taken for a key of neither")
            return True
        (target,) = candidates
        if target not in self.models:
            if present == {"empty"}:
                return True
            self.notes.append(
                f"{model.name}.{name}: seems to hold keys of {target}, of which no file is here; the values are kept. "
                "To have them resolved, put its file into the folder and import into a new database"
            )
        elif self.models[target].has_keys and present <= _KEY_KINDS[self.models[target].key_type, is_list]:
            found.target = target
        elif present & {"integers", "texts", "nested"}:
            self.notes.append(
                f"{model.name}.{name}: lists, kept as JSON; if they are natural keys, dump again without "
                f"--natural-foreign to have foreign keys to {target}"
            )
        return True

    def _resolve(self, model: Model) -> None:
        """Look every value up that may be a key."""
        wanted = {name: found for name, found in model.fields.items() if found.target is not None}
        if not wanted:
            return
        queries = {
            name: f"SELECT 1 FROM model_{self.models[str(found.target)].number} WHERE key = ?"
            for name, found in wanted.items()
        }
        for _, fields, file, row in self._rows(model):
            for name, found in wanted.items():
                value = fields.get(name)
                for one in value if isinstance(value, list) else [value]:
                    if one is None:
                        continue
                    if self._scratch.execute(queries[name], (one,)).fetchone():
                        found.resolved += 1
                    else:
                        found.unresolved += 1
                        found.where_unresolved = (
                            found.where_unresolved or f"{self._file_names[file]} row {row}: {one!r}"
                        )
        for found in wanted.values():
            if not found.resolved and found.kinds & {"text", "texts"}:
                found.target = None  # words, and no keys

    def _tell(self, model: Model) -> None:
        for name, found in model.fields.items():
            if found.target is None:
                continue
            what = "lists of keys" if found.is_many_to_many else "a key"
            if found.unresolved:
                self.notes.append(
                    f"{model.name}.{name}: {found.unresolved:,} values are no key of {found.target} (the first: "
                    f"{found.where_unresolved}); they are kept, without a foreign key. To have one, add the missing "
                    f"objects of {found.target} and import into a new database"
                )
            else:
                self.notes.append(
                    f"{model.name}.{name}: taken for {what} of {found.target}: its name says so, and every value is one"
                )


@contextmanager
def open_dump(folder: Path, progress: Progress | None = None) -> Iterator[Dump]:
    """The dump of a folder, read; gone from the disk when the block ends, or with the process.

    Raises:
        BadDump: a file, or several, cannot be imported; it has all problems.
        ArchiveError: the scratch database cannot be written.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as scratch:  # "": a file that nobody else can open
        dump = Dump(scratch)
        try:
            scratch.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            scratch.execute("PRAGMA journal_mode = OFF")
            scratch.execute("PRAGMA synchronous = OFF")
            scratch.execute("BEGIN")
            dump.read(folder, progress)
        except sqlite3.Error as problem:
            raise ArchiveError(
                f"{folder}: its objects cannot be kept in a scratch file: {problem}; is the folder for temporary "
                "files full?"
            ) from problem
        yield dump


def kind_of(value: Any) -> Kind:
    """What one value of a field is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        if abs(value) <= LARGEST_EXACT_REAL:
            return "integer"
        return "large integer" if -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER else "nested"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "infinite"
        return "-0.0" if value == 0 and math.copysign(1, value) < 0 else "real"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        if not value:
            return "empty"
        if all(type(one) is str for one in value) and len({*value}) == len(value):
            return "texts"
        if all(type(one) is int and abs(one) <= LARGEST_INTEGER for one in value) and len({*value}) == len(value):
            return "integers"
    return "loose" if _is_loose(value) else "nested"


def type_of(kinds: Collection[Kind]) -> Type:
    """The type of a column that takes all these values and changes none."""
    present = {*kinds} - {"null"}
    if present <= {"text"}:
        return "text"
    if present == {"boolean"}:
        return "boolean"
    if present <= {"integer", "large integer"}:
        return "integer"
    if present <= {"integer", "real", "-0.0", "NaN", "infinite"}:
        return "signed real" if "-0.0" in present else "real"
    return "loose json" if present & {"loose", "NaN", "infinite"} else "json"


def leads_to(field_name: str, own_model: str, models: Collection[str], is_list: bool) -> set[str]:
    """The models whose keys a field may hold, going by its name: those of its own app if there are any.

    ``company`` and ``companies`` lead to ``companies.company``, ``store_product`` to ``shop.storeproduct``, ``parent``
    to the field's own model. A list of keys is evidence in itself, so there the end of the name is enough:
    ``user_permissions`` leads to ``auth.permission``. A single value named after its own model (``price.price``) is no
    key.
    """
    app = own_model.split(".")[0]
    compact = field_name.lower().replace("_", "")
    forms = {compact, compact.removesuffix("s"), compact.removesuffix("es"), re.sub("ies$", "y", compact)}
    named = {model for model in models if _bare(model) in forms and (is_list or model != own_model)}
    if not named and "parent" in forms:
        return {own_model}
    if not named and is_list:
        named = {model for model in models if any(form.endswith(_bare(model)) for form in forms)}
    return {model for model in named if model.split(".")[0] == app} or named


_KEY_KINDS: dict[tuple[str, bool], set[Kind]] = {
    ("integer", False): {"integer", "large integer"},
    ("integer", True): {"integers", "empty"},
    ("text", False): {"text"},
    ("text", True): {"texts", "empty"},
}
"""By the type of the keys, and whether they stand in lists."""


def _are_keys(kinds: set[Kind]) -> bool:
    """A many-to-many field is a list in every object, never null."""
    return bool(kinds) and (kinds <= {"integers", "empty"} or kinds <= {"texts", "empty"})


def _bare(model: str) -> str:
    return model.split(".")[1].lower().replace("_", "")


def _is_loose(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_loose(item) for item in items)


def _why_no_object(value: Any) -> str | None:
    """Why a value is no object of a dump; None if it is one."""
    if not isinstance(value, dict) or not {"model", "fields"} <= {*value} <= {"model", "pk", "fields"}:
        return f"is no object of a dump (model, pk, fields): {_excerpt(value)}; is this a file of dumpdata?"
    model, key, fields = value["model"], value.get("pk"), value["fields"]
    if not isinstance(model, str) or not MODEL.fullmatch(model):
        return f"its model is {_excerpt(model)}, and not app.model; mend it"
    if not isinstance(fields, dict) or not all(name.isidentifier() for name in fields):
        return f"its fields are {_excerpt(fields)}, and not names with values; mend it"
    if not (key is None or isinstance(key, str) or (type(key) is int and abs(key) <= LARGEST_INTEGER)):
        return f"its pk is {_excerpt(key)}, and neither text nor a whole number of 64 bits; mend it"
    half = [name for name, cell in {"pk": key, **fields}.items() if isinstance(cell, str) and not _is_text(cell)]
    if half:
        return f"its field {half[0]} holds half a character (a lone surrogate), which no database takes; mend it"
    return None


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _excerpt(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _shortened(file: str, problems: Iterator[str]) -> list[str]:
    shown = list(islice(problems, PROBLEMS_SHOWN))
    left = sum(1 for _ in problems)
    return [*shown, f"{file}: and {left:,} more"] if left else shown


def _dump_files(folder: Path, notes: list[str]) -> list[Path]:
    if not folder.is_dir():
        raise BadDump(f"{folder} is no folder; name the one that holds the files of dumpdata", [])
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    found = [path for path in entries if path.is_file() and DUMP_FILE.fullmatch(path.name)]
    if others := [path.name for path in entries if path not in found]:
        notes.append(f"not read, because they are no .json, .jsonl, .gz or .zst of one: {', '.join(others)}")
    if not found:
        raise BadDump(f"{folder} holds no file of dumpdata (.json, .jsonl, also .gz or .zst)", [])
    return found
