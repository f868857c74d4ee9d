"""What a company has delivered, by its content: whether it must be read again; nothing is parsed here."""

import json
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel

from subs_assets.catalogue.company import CompanyCatalogue, files_of, modified_at
from subs_assets.catalogue.readers import why_unfit
from subs_assets.catalogue.source import SOURCE_FILE, BrokenSource, Source
from subs_assets.made_from import file_digest


def appearance(source: Source) -> dict[str, tuple[int, int]]:
    """Size in bytes and time of change in nanoseconds of every file, by its name in the company's folder; nothing is
    opened. Raises OSError where one is missing or cannot be looked at."""
    states = ((name, path.stat()) for path, name in files_of(source))
    return {name: (state.st_size, state.st_mtime_ns) for name, state in states}


def delivered(source: Source | BrokenSource) -> dict[str, object] | None:
    """The hash of every file, by its name in the company's folder, and what else source.yaml says; None where one of
    them cannot be read, so that there is no reading to be kept."""
    if isinstance(source, BrokenSource):
        return None
    if any(why_unfit(path, source) for path, _ in files_of(source)):
        return None
    try:
        files = {name: file_digest(path) for path, name in files_of(source)}
    except OSError:
        return None
    return {SOURCE_FILE: said(source), "files": files}


def said(source: Source) -> str:
    """What source.yaml says, but for the folder, in one form."""
    values = {name: value for name, value in asdict(source).items() if name != "folder"}
    return json.dumps(values, default=_plain, sort_keys=True)


def as_delivered(reading: CompanyCatalogue, source: Source) -> CompanyCatalogue:
    """An earlier reading of the same content; its files may have come again since."""
    times = {name: modified_at(path.stat()) for path, name in files_of(source)}
    files = reading.catalogue_files
    return replace(
        reading,
        catalogue_files=files.assign(modified_at=files["file"].map(times)),
        accept_fall=source.accept_fall,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return sorted(value) if isinstance(value, frozenset) else str(value)
