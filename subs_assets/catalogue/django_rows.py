"""Rows out of the files of a Django dump, one file a model or all in one, joined with the objects that they lead to;
what a row means is ``mapping.py``'s business.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from subs_assets.catalogue.dump_objects import BrokenDump, read_values
from subs_assets.catalogue.fields import CategoryField, tree_column
from subs_assets.catalogue.readers import BadRow, FileFailed, Row, checked, why_unfit
from subs_assets.catalogue.source import Source

OLDEST = datetime.min.replace(tzinfo=UTC)


MOST_KEPT = 2_000_000
"""Objects that rows lead to, a gigabyte or two of them; the predecessor's dump keeps some 100,000."""


class Missing(Exception):
    """A key that leads to an object which no file holds."""

    def __init__(self, field_name: str, model: str, key: Any) -> None:
        super().__init__(f"leads to {model} {key}, which no file holds")
        self.field = field_name
        self.key = str(key)


@dataclass
class RelatedObjects:
    """What the rows of a dump lead to, of all its files.

    ``objects``: (model, key as text) -> fields. ``newest``: name in ``related`` -> key of a row as text -> when, and
    the fields of the newest object that leads to it. ``problems``: file -> why it cannot be used.
    """

    models: set[str] = field(default_factory=set)
    objects: dict[tuple[str, str], Row] = field(default_factory=dict)
    newest: dict[str, dict[str, tuple[datetime, Row]]] = field(default_factory=dict)
    problems: dict[Path, str] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        return len(self.models) + len(self.objects) + sum(map(len, self.newest.values()))

    def get(self, field_name: str, model: str, key: Any) -> Row:
        """The object of that key. Raises Missing."""
        found = self.objects.get((model, str(key)))
        if found is None:
            raise Missing(field_name, model, key)
        return found


def read_related(paths: Iterable[Path], source: Source) -> RelatedObjects:
    """Gather what the rows lead to from all files."""
    related = RelatedObjects(newest={name: {} for name, one in source.related.items() if one.key is not None})
    wanted = {category.model for category in source.fields.categories if category.model is not None}
    wanted |= {one.model for one in source.related.values() if one.key is None}
    for path in paths:
        if unfit := why_unfit(path, source):
            related.problems[path] = unfit
            continue
        try:
            for number, item in read_values(path):
                if not _is_object(item):
                    continue
                if related.kept > MOST_KEPT:
                    raise BrokenDump(f"row {number}: more than {MOST_KEPT:,} objects are kept for the rows; dump fewer")
                related.models.add(item["model"])
                problem = _keep(item, wanted, related) or _keep_newest(item, source, related)
                if problem:
                    related.problems.setdefault(path, f"row {number}: {problem}")
        except BrokenDump as problem:
            related.problems[path] = str(problem)
    return related


def read_rows(path: Path, source: Source, related: RelatedObjects) -> Iterator[tuple[int, Row] | BadRow]:
    """The objects of ``source.model`` in one file as rows ``{"pk": ..., field: ...}``: (row, row's values), or a
    ``BadRow`` where there is no object, or one that leads to none. Objects of other models, and those that ``only``
    leaves out, are no rows. Where another file failed there are none: they would lead nowhere.

    Raises:
        FileFailed: the file is no dump, is cut, or contradicts another.
    """
    if path in related.problems:
        raise FileFailed(related.problems[path])
    if related.problems:
        return  # what the rows lead to is not known
    for category in source.fields.categories:
        if category.model is not None and category.model not in related.models:
            raise FileFailed(
                f'no file holds an object of the model "{category.model}", so no row has a category; '
                f"{_what_there_is(related)}"
            )
    try:
        yield from _rows(path, source, related)
    except BrokenDump as problem:  # it was changed meanwhile
        raise FileFailed(str(problem)) from problem


def why_no_rows(source: Source, related: RelatedObjects) -> str:
    """The sentence for a dump none of whose files holds a row."""
    if source.model not in related.models:
        return f'there is no object of the model "{source.model}" in any file; {_what_there_is(related)}'
    wanted = ", ".join(f"{path}: {value}" for path, value in source.only.items())
    return f'no object of the model "{source.model}" is one of only: {{{wanted}}}; mend only in source.yaml'


def _rows(path: Path, source: Source, related: RelatedObjects) -> Iterator[tuple[int, Row] | BadRow]:
    for number, item in read_values(path):
        if not _is_object(item):
            yield BadRow(number, "", json.dumps(item), "is no object of a Django dump (model, pk, fields)")
        elif item["model"] == source.model:
            try:
                row = _joined(item, source, related)
            except Missing as missing:
                yield BadRow(number, missing.field, missing.key, str(missing))
                continue
            if all(wanted in map(str, _values_at(row, place)) for place, wanted in source.only.items()):
                yield checked(number, row)


def _keep(item: Row, wanted: set[str], related: RelatedObjects) -> str | None:
    model, key, fields = item["model"], item.get("pk"), item["fields"]
    if model not in wanted:
        return None
    if related.objects.setdefault((model, str(key)), {"pk": key, **fields}) != {"pk": key, **fields}:
        return f"{model} {key} stands in another place too, with other fields; deliver one of the two"
    return None


def _keep_newest(item: Row, source: Source, related: RelatedObjects) -> str | None:
    for name, one in source.related.items():
        if one.key is None or one.newest is None or one.model != item["model"]:
            continue
        fields = item["fields"]
        if absent := {one.key, one.newest} - {*fields}:
            return (
                f'{one.model} has no field "{min(absent)}" (related: {name}); it has: {", ".join(fields)}. '
                "Name another one in source.yaml"
            )
        try:
            moment = _moment(fields[one.newest])
        except (TypeError, ValueError):
            return f"{one.newest} is {json.dumps(fields[one.newest])}, and no date (related: {name})"
        row_key = str(fields[one.key])
        kept = related.newest[name].get(row_key)
        if kept is None or moment >= kept[0]:
            related.newest[name][row_key] = moment, {"pk": item.get("pk"), **fields}
    return None


def _moment(value: Any) -> datetime:
    """A date, with or without a time, as Django writes it; without a zone it is UTC."""
    if value is None:
        return OLDEST
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _joined(item: Row, source: Source, related: RelatedObjects) -> Row:
    """An object as a row: with its category paths, and with objects in the place of their keys."""
    row = {"pk": item.get("pk"), **item["fields"]}
    paths = {
        tree_column(category): [
            path for key in _keys(row.get(str(category.tree))) for path in _tree_paths(key, category, related)
        ]
        for category in source.fields.categories
        if category.tree is not None
    }
    for name in sorted(source.related, key=lambda name: name.count(".")):
        one = source.related[name]
        if one.key is None:
            row = _with_object(row, name, name.split("."), one.model, related)
        elif (found := related.newest[name].get(str(row["pk"]))) is not None:
            row = {**row, name: found[1]}
    return {**row, **paths}


def _with_object(row: Any, name: str, parts: list[str], model: str, related: RelatedObjects) -> Any:
    """A copy in which the key, or the list of keys, at a path is the object that it leads to."""
    if not isinstance(row, Mapping) or parts[0] not in row:
        return row
    inner = row[parts[0]]

    def replaced(value: Any) -> Any:
        if len(parts) > 1:
            return _with_object(value, name, parts[1:], model, related)
        return None if value is None else related.get(name, model, value)

    return {**row, parts[0]: [replaced(value) for value in inner] if isinstance(inner, list) else replaced(inner)}


def _values_at(value: Any, path: str) -> Iterator[Any]:
    """All values at a dotted path, through lists."""
    if isinstance(value, list):
        for item in value:
            yield from _values_at(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        head, _, rest = path.partition(".")
        if head in value:
            yield from _values_at(value[head], rest)


def _is_object(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("model"), str) and isinstance(item.get("fields"), dict)


def _keys(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _tree_paths(
    key: Any, category: CategoryField, related: RelatedObjects, below: tuple[str, ...] = ()
) -> list[list[dict[str, Any]]]:
    """The paths from every root down to the category ``key``; a category that is its own ancestor ends its path.

    Raises:
        Missing: it, or one above it, is in no file.
    """
    fields = related.get(str(category.tree), str(category.model), key)
    node = {"id": str(key), "name": fields.get(category.name)}
    parents = [above for above in _keys(fields.get(category.parent)) if str(above) not in (*below, str(key))]
    if not parents:
        return [[node]]
    paths = [path for above in parents for path in _tree_paths(above, category, related, (*below, str(key)))]
    return [[*path, node] for path in paths]


def _what_there_is(related: RelatedObjects) -> str:
    return f"there are: {', '.join(sorted(related.models)) or 'none'}"
