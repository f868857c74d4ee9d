"""What a company has delivered, by its content: whether it must be read again, and how old it is; nothing is parsed
here."""

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from subs_assets.catalogue.company import CompanyCatalogue, accepted_by, files_of, modified_at
from subs_assets.catalogue.readers import why_unfit
from subs_assets.catalogue.source import SOURCE_FILE, STALE_AFTER_DAYS, BrokenSource, Source
from subs_assets.database.tables import FAILED
from subs_assets.finding import Finding, Gravity, Verdict
from subs_assets.made_from import file_digest


def appearance(source: Source) -> dict[str, tuple[int, int]]:
    """Size in bytes and time of change in nanoseconds of every file, by its name in the company's folder; nothing is
    opened. Raises OSError where one is missing or cannot be looked at."""
    states = ((name, path.stat()) for path, name in files_of(source))
    return {name: (state.st_size, state.st_mtime_ns) for name, state in states}


def delivered(source: Source | BrokenSource) -> dict[str, Any] | None:
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


def content_of(reading: CompanyCatalogue) -> str | None:
    """One hash of what all of its files hold, whatever they are called today; None where one could not be read: an
    empty file is nothing new."""
    files = reading.catalogue_files
    if (files["status"] == FAILED).any():
        return None
    return hashlib.sha256("\n".join(sorted(files["sha256"])).encode()).hexdigest()


def newest_change(reading: CompanyCatalogue) -> datetime | None:
    """When the newest of its files was changed, as the disk says."""
    times = reading.catalogue_files["modified_at"].dropna()
    return None if times.empty else datetime.fromisoformat(max(times))


def is_recent(source: Source | BrokenSource, since: datetime | None, now: datetime) -> Verdict:
    """Whether a company still delivers; ``since``: when the newest of its contents was first seen, None where none
    could ever be read.

    Not by when its files were written, nor by when they were read: a feed that has stopped upstream may well be copied
    here every night.
    """
    slug = source.company_slug
    if since is None:
        return Verdict("none of its files could be read yet: the check delivered says why")
    age = max(now - since, timedelta())
    allowed = STALE_AFTER_DAYS if isinstance(source, BrokenSource) else source.stale_after_days
    sentence = (
        f"{slug}: nothing new for {age.days} days: what its files hold was first seen on {since:%Y-%m-%d}, and "
        f"stale_after_days is {allowed}. See whether its deliveries still come; if they come this rarely, say a higher "
        f"stale_after_days in its {SOURCE_FILE}"
    )
    return Verdict(
        f"what its files hold was first seen on {since:%Y-%m-%d %H:%M} UTC",
        [Finding(Gravity.WARNING, sentence)] if age > timedelta(days=allowed) else [],
        {"Days since the newest content": round(age / timedelta(days=1), 2)},
    )


def as_delivered(reading: CompanyCatalogue, source: Source) -> CompanyCatalogue:
    """An earlier reading of the same content; its files may have come again since."""
    times = {name: modified_at(path.stat()) for path, name in files_of(source)}
    files = reading.catalogue_files
    return replace(
        reading,
        catalogue_files=files.assign(modified_at=files["file"].map(times)),
        **accepted_by(source),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return sorted(value) if isinstance(value, frozenset) else str(value)
