"""Which field of a row is what: the ``fields`` of a source.yaml."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator


class Strict(BaseModel):
    """A part of source.yaml: a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class TextField(Strict):
    """Where one value of a listing comes from: a dotted path into the row, or the same constant for all rows."""

    column: str | None = None
    constant: str | float | bool | None = None
    prefix: str = ""
    optional: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> "TextField":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either column or constant")
        return self


class SizeField(Strict):
    """One column with the size as text, or two with number and unit."""

    column: str | None = None
    quantity: str | None = None
    unit: str | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _one_column_or_two(self) -> "SizeField":
        if (self.column is None) == (self.quantity is None) or (self.quantity is None) != (self.unit is None):
            raise ValueError("give either column, or quantity and unit")
        return self


class CategoryField(Strict):
    """Where category paths come from; exactly one of ``list``, ``lists``, ``text``, ``texts``, ``columns`` and
    ``tree``.
    """

    list: str | None = None  # one path: a list of names, root first
    lists: str | None = None  # several paths: a list of such lists
    text: str | None = None  # one path as text with a separator
    texts: str | None = None  # a list of such texts
    columns: tuple[str, ...] | None = None  # one name per column, root first
    tree: str | None = None  # django: key, or list of keys, of the category objects
    separator: str | None = None
    ids: str | tuple[str, ...] | None = None  # the company's own ids, in the shape of the names
    item_name: str | None = None  # where list holds objects: their name
    item_id: str | None = None
    model: str | None = None  # tree: the category model, and its fields
    name: str = "name"
    parent: str = "parent"
    optional: bool = False

    @property
    def kind(self) -> str:
        return next(
            kind for kind in ("list", "lists", "text", "texts", "columns", "tree") if getattr(self, kind) is not None
        )

    @property
    def used_columns(self) -> tuple[str, ...]:
        named = getattr(self, self.kind)
        ids = () if self.ids is None else (self.ids,) if isinstance(self.ids, str) else self.ids
        return (*((named,) if isinstance(named, str) else named), *ids)

    @model_validator(mode="after")
    def _one_kind(self) -> "CategoryField":
        kinds = [
            kind for kind in ("list", "lists", "text", "texts", "columns", "tree") if getattr(self, kind) is not None
        ]
        if len(kinds) != 1:
            raise ValueError("give exactly one of list, lists, text, texts, columns, tree")
        if kinds[0] in ("text", "texts") and not self.separator:
            raise ValueError(f"{kinds[0]} needs a separator")
        if kinds[0] == "tree" and not self.model:
            raise ValueError("tree needs the model of the categories")
        return self


def tree_column(category: CategoryField) -> str:
    """Under which key of a row the paths of ``tree`` stand; the field itself may become the category's object."""
    return f"{category.tree}: paths"


def _column_or_mapping(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Text = Annotated[TextField, BeforeValidator(_column_or_mapping)]
SizeText = Annotated[SizeField, BeforeValidator(_column_or_mapping)]


class Fields(Strict):
    """Which columns hold what: the ``fields`` of a source.yaml."""

    sku: Text
    name: Text
    brand: Text | None = None
    branded_name: Text | None = (
        None  # a second name that starts with the brand, as on the receipt: evidence for the brand
    )
    barcode: Text | None = None
    size: SizeText | None = None
    price: Text | None = None
    unit_price: Text | None = None  # as the company states it, "$2.18/100g": evidence for the size
    available: Text | None = None
    url: Text | None = None
    categories: tuple[CategoryField, ...] = ()

    def by_column(self) -> dict[str, tuple[str, bool]]:
        """Column path -> (the field that uses it, whether it may be absent)."""
        used: dict[str, tuple[str, bool]] = {}
        for field in ("sku", "name", "brand", "branded_name", "barcode", "price", "unit_price", "available", "url"):
            mapped: TextField | None = getattr(self, field)
            if mapped is not None and mapped.column is not None:
                used[mapped.column] = (field, mapped.optional)
        if self.size is not None:
            for column in (self.size.column, self.size.quantity, self.size.unit):
                if column is not None:
                    used[column] = ("size", self.size.optional)
        for category in self.categories:
            used.update(dict.fromkeys(category.used_columns, ("categories", category.optional)))
        return used
