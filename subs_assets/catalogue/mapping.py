"""Applying source.yaml's fields to one row: the raw values of a listing, as they came; whether they are usable is
``validate.py``'s business.
"""

from collections.abc import Callable, Iterable
from operator import methodcaller
from typing import Any, NamedTuple

from subs_assets.catalogue.fields import CategoryField, Fields, SizeField, TextField, tree_column
from subs_assets.catalogue.readers import Row, value_at

Getter = Callable[[Row], Any]


class WrongShape(ValueError):
    """A value that is not of the shape that source.yaml says; carries the field and the value."""

    def __init__(self, field: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.value = value


class RawPath(NamedTuple):
    """One category path as it came: names and, as far as the company has them, ids of the same length."""

    names: tuple[Any, ...]
    ids: tuple[Any, ...] | None


class RawListing(NamedTuple):
    """What one row says about a listing; any value may be missing, and nothing is checked yet."""

    paths: tuple[RawPath, ...]
    sku: Any = None
    name: Any = None
    brand: Any = None
    branded_name: Any = None
    barcode: Any = None
    size: Any = None
    price: Any = None
    unit_price: Any = None
    available: Any = None
    url: Any = None


class Mapping:
    """The fields of one source, compiled once into getters; call it with a row.

    ``never_seen`` names the mapped columns that no row has had so far: a file without a header can only show that
    way that one is missing.
    """

    def __init__(self, fields: Fields) -> None:
        texts = ("sku", "name", "brand", "branded_name", "barcode", "price", "unit_price", "available", "url")
        mapped = {name: field for name in texts if (field := getattr(fields, name)) is not None}
        self._getters = {name: _text_getter(field) for name, field in mapped.items()}
        if fields.size is not None:
            self._getters["size"] = _size_getter(fields.size)
        self._paths = [_path_getter(category) for category in fields.categories]
        self._unseen = {column: field for column, (field, optional) in fields.by_column().items() if not optional}

    def __call__(self, row: Row) -> RawListing:
        """Raises ``WrongShape`` where a category path is not of the shape that source.yaml says."""
        if self._unseen:
            self._look_for_unseen(row)
        values = {field: get(row) for field, get in self._getters.items()}
        return RawListing(tuple(path for paths in self._paths for path in paths(row)), **values)

    @property
    def never_seen(self) -> dict[str, str]:
        """Column path -> field."""
        return dict(self._unseen)

    def _look_for_unseen(self, row: Row) -> None:
        absent = object()
        for column in tuple(self._unseen):
            if column in row or value_at(row, tuple(column.split(".")), absent) is not absent:
                del self._unseen[column]


def _column_getter(column: str) -> Getter:
    """A key that itself holds dots is found before the dots are read as a path."""
    parts = tuple(column.split("."))
    if len(parts) == 1:
        return methodcaller("get", column)
    return lambda row: row[column] if column in row else value_at(row, parts)


def _text_getter(field: TextField) -> Getter:
    if field.column is None:
        return lambda row: field.constant
    column = _column_getter(field.column)
    if not field.prefix:
        return column

    def prefixed(row: Row) -> Any:
        value = column(row)
        return f"{field.prefix}{value}" if value else None

    return prefixed


def _size_getter(field: SizeField) -> Getter:
    if field.column is not None:
        return _column_getter(field.column)
    assert field.quantity is not None
    assert field.unit is not None
    quantity, unit = _column_getter(field.quantity), _column_getter(field.unit)

    def joined(row: Row) -> Any:
        number, of = quantity(row), unit(row)
        if number is None or number == "":
            return None
        if isinstance(number, float) or (isinstance(number, str) and number.endswith(".0")):
            number = f"{float(number):.12g}" if _is_number(number) else number
        return f"{number} {of}" if of else None

    return joined


def _is_number(value: float | str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _path_getter(field: CategoryField) -> Callable[[Row], Iterable[RawPath]]:
    columns = (tree_column(field),) if field.kind == "tree" else _columns(getattr(field, field.kind))
    names = [_column_getter(column) for column in columns]
    ids = [_column_getter(column) for column in _columns(field.ids)]
    if field.kind == "columns":
        return lambda row: _columns_path([get(row) for get in names], [get(row) for get in ids] or None)
    several = field.kind in ("lists", "texts", "tree")

    def paths(row: Row) -> list[RawPath]:
        value = names[0](row)
        if value is None or value == "":
            return []
        id_value = ids[0](row) if ids else None
        if not several:
            return [_one_path(value, id_value, field)]
        if not isinstance(value, list):
            raise WrongShape("categories", value, "several category paths are expected, as a list")
        id_values = id_value if isinstance(id_value, list) and len(id_value) == len(value) else [None] * len(value)
        return [_one_path(path, path_ids, field) for path, path_ids in zip(value, id_values, strict=True)]

    return paths


def _columns(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else value


def _columns_path(names: list[Any], ids: list[Any] | None) -> list[RawPath]:
    return [RawPath(tuple(names), tuple(ids) if ids and len(ids) == len(names) else None)]


def _one_path(value: Any, ids: Any, field: CategoryField) -> RawPath:
    if field.kind in ("text", "texts"):
        if not isinstance(value, str):
            raise WrongShape("categories", value, "a category path is expected as text")
        assert field.separator is not None
        names: list[Any] = value.split(field.separator)
        ids = [part.strip() for part in ids.split(field.separator)] if isinstance(ids, str) else ids
    elif isinstance(value, list):
        names = value
    else:
        raise WrongShape("categories", value, "a category path is expected as a list of names")
    item_name, item_id = ("name", "id") if field.kind == "tree" else (field.item_name, field.item_id)
    if item_name is not None:
        if not all(isinstance(item, dict) for item in names):
            raise WrongShape("categories", value, "a category path is expected as a list of objects")
        ids = [item.get(item_id) for item in names] if item_id is not None else ids
        names = [item.get(item_name) for item in names]
    return RawPath(tuple(names), tuple(ids) if isinstance(ids, list) and len(ids) == len(names) else None)
