"""``source.yaml``: who the company is and where its files are; the files themselves are not opened here.

What its ``fields`` may say stands in ``fields``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, field_validator, model_validator

from subs_assets.catalogue.fields import CategoryField, Fields, SizeField, Strict, TextField
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


class Company(Strict):
    """Who it is; the slug by default is the name of the folder."""

    name: str = Field(min_length=1)
    slug: str | None = None

    @field_validator("slug")
    @classmethod
    def _is_slug(cls, slug: str | None) -> str | None:
        if slug is not None and not SLUG.fullmatch(slug):
            raise ValueError(f'"{slug}" is no slug; use small letters a-z, digits and _ only')
        return slug


class Related(Strict):
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


class _Document(Strict):
    """The keys of a source.yaml."""

    company: Company
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    folder: str = "."
    files: tuple[str, ...] = Field(min_length=1)
    format: Literal["jsonl", "json", "csv", "parquet", "django"]
    array: str | None = None  # json: dotted path to the array of rows
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    model: str | None = None  # django
    # django: path in a row -> objects, and path in a row -> what must stand there
    related: dict[str, Annotated[Related, BeforeValidator(_model_or_mapping)]] = Field(default_factory=dict)
    only: dict[str, str | int | bool] = Field(default_factory=dict)
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
