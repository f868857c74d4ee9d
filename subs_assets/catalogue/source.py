"""``source.yaml``: who the company is, where its files are, and which field of a row is what; the files themselves
are not opened here.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from subs_assets.catalogue.folder import folder_of_files
from subs_assets.catalogue.plain_yaml import read_plain_yaml

SOURCE_FILE = "source.yaml"
SLUG = re.compile(r"[a-z0-9_]+")

HIGHEST_PRICE = 5_000.0
"""A price above this is taken for a mistake unless source.yaml says otherwise (``highest_price``).

The dearest grocery in the real files is a wine for 990; the next things are a 1,649 espresso machine and a garden
sauna.
"""

STALE_AFTER_DAYS = 7
"""A company without new content for longer is told of, unless source.yaml says otherwise (``stale_after_days``).

Grocers change prices every week, so that a week of the same bytes is a feed that stopped; and four days without a
delivery are an ordinary Easter.
"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Company(_Strict):
    """Who it is; the slug by default is the name of the folder."""

    name: str = Field(min_length=1)
    slug: str | None = None

    @field_validator("slug")
    @classmethod
    def _is_slug(cls, slug: str | None) -> str | None:
        if slug is not None and not SLUG.fullmatch(slug):
            raise ValueError(f'"{slug}" is no slug; use small letters a-z, digits and _ only')
        return slug


class TextField(_Strict):
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


class SizeField(_Strict):
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


class CategoryField(_Strict):
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


class Related(_Strict):
    """Objects of another model of a dump: the one that a key of the row leads to, or with ``key`` and ``newest`` the
    newest of those whose field ``key`` leads to the row.
    """

    model: str
    key: str | None = None
    newest: str | None = None  # the field with the date

    @model_validator(mode="after")
    def _both_or_none(self) -> "Related":
        if (self.key is None) != (self.newest is None):
            raise ValueError("give key and newest together")
        return self


def _model_or_mapping(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


def tree_column(category: CategoryField) -> str:
    """Under which key of a row the paths of ``tree`` stand; the field itself may become the category's object."""
    return f"{category.tree}: paths"


def _column_or_mapping(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Text = Annotated[TextField, BeforeValidator(_column_or_mapping)]
SizeText = Annotated[SizeField, BeforeValidator(_column_or_mapping)]


class Fields(_Strict):
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


class _Document(_Strict):
    """The keys of a source.yaml."""

    company: Company
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    folder: str = "."
    files: tuple[str, ...] = Field(min_length=1)
    format: Literal["jsonl", "json", "csv", "parquet", "django"]
    array: str | None = None  # json: dotted path to the array of rows
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    model: str | None = None  # django
    related: dict[str, Annotated[Related, BeforeValidator(_model_or_mapping)]] = {}  # django: path in a row -> objects
    only: dict[str, str | int | bool] = {}  # django: path in a row -> what must stand there
    fields: Fields
    no_category: tuple[str, ...] = ()  # names that mean "none", such as "Unbekannt"
    highest_price: float = Field(default=HIGHEST_PRICE, gt=0)
    accept_fall: bool = False
    accept_prices: bool = False
    stale_after_days: int = Field(default=STALE_AFTER_DAYS, ge=1)

    @field_validator("files")
    @classmethod
    def _inside_the_folder(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in files:
            path = PurePosixPath(pattern.replace("\\", "/"))
            if not pattern or path.is_absolute() or ".." in path.parts or ":" in pattern:
                raise ValueError(f'"{pattern}" leaves the folder; name the folder with "folder:"')
            if not path.parts or "\0" in pattern or any("**" in part and part != "**" for part in path.parts):
                raise ValueError(
                    f'"{pattern}" is no pattern of file names; say "*.jsonl", or "**/*.jsonl" with subfolders'
                )
        return files

    @model_validator(mode="after")
    def _django_needs_a_model(self) -> "_Document":
        if self.format == "django" and not self.model:
            raise ValueError("the format django needs a model, such as companies.product")
        if self.format == "django" and self.array:
            raise ValueError("array is for the format json; a dump is an array itself")
        if crooked := [name for name, one in self.related.items() if one.key is not None and "." in name]:
            raise ValueError(
                f'related: "{crooked[0]}" has a key, and leads to the row itself; give it a name without dots'
            )
        if self.format != "django" and (self.related or self.only):
            raise ValueError("related and only are for the format django")
        return self


@dataclass(frozen=True)
class Source:
    """One company's catalogue, ready to be read; ``files`` are globs within ``folder``, which is absolute."""

    company_slug: str
    company_name: str
    currency: str
    folder: Path
    files: tuple[str, ...]
    format: str
    array: str | None
    delimiter: str
    model: str | None
    related: Mapping[str, Related]
    only: Mapping[str, str]
    fields: Fields
    no_category: frozenset[str]
    highest_price: float
    accept_fall: bool
    accept_prices: bool
    stale_after_days: int


@dataclass(frozen=True)
class BrokenSource:
    """A folder whose source.yaml cannot be used; ``problem`` is a sentence that says why and what to do."""

    company_slug: str
    folder: Path
    problem: str


def find_sources(
    folders: Iterable[Path], environment: Mapping[str, str] = os.environ
) -> dict[str, Source | BrokenSource]:
    """Slug -> source of every ``<folder>/<company>/source.yaml``, in the order of the slugs; never raises."""
    sources: dict[str, Source | BrokenSource] = {}
    for folder in folders:
        if not folder.is_dir():
            continue
        for path in sorted(folder.glob(f"*/{SOURCE_FILE}")):
            source = read_source(path, environment)
            slug = source.company_slug
            if slug in sources:
                problem = (
                    f"{path} and {sources[slug].folder} both describe the company {slug}; give one of them another slug"
                )
                source = BrokenSource(slug, path.parent, problem)
            sources[slug] = source
    return dict(sorted(sources.items()))


def as_loaded(
    found: Mapping[str, Source | BrokenSource], loaded: Mapping[str, str]
) -> dict[str, Source | BrokenSource]:
    """The sources of the companies that were there when the definitions were loaded (slug -> folder); one whose folder
    has gone since is broken, so that its last good listings are shown, and one that has come since is left out."""
    return {
        slug: found.get(slug)
        or BrokenSource(
            slug,
            Path(folder),
            f"{slug}: the folder {folder} with its {SOURCE_FILE} is gone; put it back, or, if the company is to go, "
            "reload the code location (docs/automation.md)",
        )
        for slug, folder in loaded.items()
    }


def missing_catalogues(folders: Iterable[Path]) -> str | None:
    """What is missing for a run, and what to do about it; None when every folder is there and one holds a company.

    A folder that is not there, a drive that is not mounted, must not pass for one without companies: its companies
    would vanish from what is published.
    """
    named = list(folders)
    remedy = (
        f"name a folder that holds <company>/{SOURCE_FILE} in SUBS_CATALOGUES; the project's data/catalogues is an "
        "example, its docs/add-a-company.md says how to write your own"
    )
    for folder in named:
        if not folder.is_dir():
            return f"there is no folder of catalogues at {folder}: {remedy}"
    if not find_sources(named):
        return f"no catalogues in {', '.join(map(str, named))}: {remedy}"
    return None


def read_source(path: Path, environment: Mapping[str, str] = os.environ) -> Source | BrokenSource:
    """Read one source.yaml; whatever is wrong with it becomes a ``BrokenSource`` named after its folder."""
    home = path.parent.resolve()
    fallback_slug = re.sub(r"[^a-z0-9_]+", "_", home.name.casefold()).strip("_") or "unnamed"
    try:
        document = _Document.model_validate(_load(path))
        slug = document.company.slug or home.name
        if not SLUG.fullmatch(slug):
            raise ValueError(f'the folder\'s name "{slug}" is no slug (a-z, 0-9, _); rename it or set company.slug')
        folder = folder_of_files(document.folder, home, environment)
    except ValidationError as error:
        return BrokenSource(fallback_slug, home, f"{home.name}/{SOURCE_FILE}: {_sentences(error)}")
    except (OSError, ValueError, RecursionError) as error:
        return BrokenSource(fallback_slug, home, f"{home.name}/{SOURCE_FILE}: {error}")
    return Source(
        company_slug=slug,
        company_name=document.company.name,
        currency=document.currency,
        folder=folder,
        files=document.files,
        format=document.format,
        array=document.array,
        delimiter=document.delimiter,
        model=document.model,
        related=document.related,
        only={path: str(value) for path, value in document.only.items()},
        fields=document.fields,
        no_category=frozenset(document.no_category),
        highest_price=document.highest_price,
        accept_fall=document.accept_fall,
        accept_prices=document.accept_prices,
        stale_after_days=document.stale_after_days,
    )


def _load(path: Path) -> dict[Any, Any]:
    document = read_plain_yaml(path)
    if not isinstance(document, dict):
        raise ValueError("holds no mapping; docs/add-a-company.md shows what belongs into it")
    return document


def _sentences(error: ValidationError) -> str:
    return "; ".join(_sentence(problem) for problem in error.errors(include_url=False))


def _sentence(problem: Any) -> str:
    location = problem["loc"]
    where = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        allowed = ", ".join(_allowed_keys(location[:-1]))
        return f'unknown key "{where}"; allowed here: {allowed}'
    if problem["type"] == "missing":
        return f'the key "{where}" is missing'
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _allowed_keys(location: tuple[Any, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "company": Company,
        "fields": Fields,
        "categories": CategoryField,
        "size": SizeField,
        "related": Related,
    }
    model: type[BaseModel] = _Document
    for part in location:
        if not isinstance(part, str) or part not in model.model_fields:
            continue
        model = models.get(part, TextField)
    return list(model.model_fields)
