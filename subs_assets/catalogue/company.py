"""One company's catalogue from its files to frames, and what is shown when the files are bad; no file format is
known here.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from subs_assets.catalogue import django_rows
from subs_assets.catalogue.mapping import Mapping, WrongShape
from subs_assets.catalogue.readers import BadRow, FileFailed, read_rows, why_unfit
from subs_assets.catalogue.source import SOURCE_FILE, BrokenSource, Source
from subs_assets.catalogue.text import storable
from subs_assets.catalogue.validate import Accepted, Validator, shown
from subs_assets.database import tables
from subs_assets.database.frames import conform, empty
from subs_assets.database.tables import FAILED, KEPT, READ
from subs_assets.known_texts import NOTHING_KNOWN, KnownTexts
from subs_assets.made_from import file_digest

FALL_REFUSED = 0.30
"""A company whose listings fall by this share or more has delivered only a part, not changed its range (DESIGN.md,
section 4).
"""

MOST_ROWS = 500_000
"""Rows that all files of a company may have, five times the largest data set; a run takes 17 kB a listing
(docs/large-catalogues.md)."""

MOST_SET_ASIDE = 100_000
"""Rows of one file that are set aside one by one; beyond, it is not the file that was meant."""

CHANGED = (
    "the file was changed while it was read, and again when it was read once more: what was read may be of two "
    "deliveries. Start the run again when it is complete; a file that is written under another name and then renamed "
    "is always whole"
)

REPEATS = "repeats "
"""How the reason begins why a row is set aside of which nothing is lost."""


@dataclass(frozen=True)
class CompanyCatalogue:
    """What was read of one company (or, combined, of all): frames in the form of their tables.

    Per file, accepted + set aside = read. ``set_aside_rows`` also has a line 0 for a file that failed; it counts as
    no row.
    """

    listings: pd.DataFrame
    listing_categories: pd.DataFrame
    set_aside_rows: pd.DataFrame
    catalogue_files: pd.DataFrame
    accept_fall: bool = False
    accept_prices: bool = False

    @property
    def problem(self) -> str | None:
        """The sentence of the first file that failed or is not shown; None if all is well."""
        problems = self.catalogue_files.loc[self.catalogue_files["status"] != READ, "problem"].dropna()
        return None if problems.empty else str(problems.iloc[0])


@dataclass
class _FileReading:
    """One file's rows and counts while it is read."""

    company_slug: str
    file: str
    path: Path
    sha256: str | None = None
    bytes: int | None = None
    modified_at: str | None = None
    problem: str | None = None
    rows: int = 0
    accepted: list[Accepted] = field(default_factory=list)
    set_aside: list[BadRow] = field(default_factory=list)

    def fail(self, reason: str) -> None:
        """The file is not used: nothing of it was accepted, and no row of it counts."""
        after = f" (after {self.rows:,} rows)" if self.rows else ""
        reason = storable(reason)
        self.problem = f"{self.company_slug}/{self.file}: {reason}{after}"
        self.accepted = []
        self.set_aside = [BadRow(0, "file", None, reason)]

    def as_row(self) -> dict[str, Any]:
        failed = self.problem is not None
        return {
            "company_slug": self.company_slug,
            "file": self.file,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "modified_at": self.modified_at,
            "status": FAILED if failed else READ,
            "problem": self.problem,
            "read": 0 if failed else self.rows,
            "accepted": len(self.accepted),
            "repaired": sum(bool(listing.repairs) for listing in self.accepted),
            "set_aside": 0 if failed else len(self.set_aside),
        }


def read_company(source: Source | BrokenSource, known: KnownTexts = NOTHING_KNOWN) -> CompanyCatalogue:
    """Read, validate and normalise every file of one company; bad input never raises, it is in the frames.

    A file that fails is not used at all. The first listing of a sku stays; a later row with the same sku is set
    aside, and if only its category path differs, that path is added to the first.

    All that is used of a file is of one version. Where one was changed while it was read, all are read once more; a
    file that changes then too fails.
    """
    from subs_assets.catalogue.listing import build_listings

    if isinstance(source, BrokenSource):
        reading = _FileReading(source.company_slug, SOURCE_FILE, source.folder / SOURCE_FILE)
        reading.fail(source.problem)
        reading.problem = source.problem
        return _catalogue([reading], source, empty(tables.listings), empty(tables.listing_categories))
    readings = _read_files(source)
    if any(map(_has_changed, readings)):
        readings = _read_files(source)
        for reading in filter(_has_changed, readings):
            reading.fail(CHANGED)
    _drop_repeated_skus(readings)
    accepted = [listing for reading in readings for listing in reading.accepted]
    listings = build_listings(source.company_slug, source.currency, accepted, known)
    return _catalogue(readings, source, *listings)


def keep_last_good(
    reading: CompanyCatalogue,
    before: int,
    last_good: Callable[[], CompanyCatalogue],
    why_prices_are_refused: str | None = None,
) -> CompanyCatalogue:
    """The reading itself if it is good; else the ``before`` last good listings (none, if there were none), and why.

    Not good is a reading with a failed file, with ``FALL_REFUSED`` fewer listings than the last (``accept_fall: true``
    in source.yaml allows that), or with prices that are not believed (of which last_night.py tells). Every file then
    has the status "kept" (without last listings, a failed one stays "failed").
    """
    failed = reading.catalogue_files["status"] == FAILED
    now = len(reading.listings)
    fell = not reading.accept_fall and has_fallen(now, before, FALL_REFUSED)
    if not failed.any() and not fell and not why_prices_are_refused:
        return reading
    files = reading.catalogue_files.copy()
    company = str(files["company_slug"].iloc[0])
    shown_instead = (
        f"the {before:,} listings of the last good reading are shown"
        if before
        else "there is no earlier reading to show instead"
    )
    if failed.any():
        first = str(files.loc[failed, "problem"].iloc[0])
        files.loc[failed, "problem"] = files.loc[failed, "problem"].astype(str) + f"; {shown_instead}"
        files.loc[~failed, "problem"] = f"{company}: its rows are not shown, because of {first}; {shown_instead}"
    elif fell:
        files["problem"] = (
            f"{company}: {now:,} listings where there were {before:,}, a fall of {1 - now / before:.0%}; "
            f"{shown_instead}. Deliver all files, or set accept_fall: true in its {SOURCE_FILE}"
        )
    else:
        files["problem"] = (
            f"{company}: {why_prices_are_refused}; {shown_instead}. Mend `price` in its {SOURCE_FILE} or have the file "
            "delivered anew; if these prices are right, set accept_prices: true there for one night"
        )
    files.loc[~failed | (before > 0), "status"] = KEPT
    last = last_good()
    return replace(reading, listings=last.listings, listing_categories=last.listing_categories, catalogue_files=files)


def has_fallen(now: int, before: int, share: float) -> bool:
    """Whether there are fewer by that share or more."""
    return before > 0 and now <= (1 - share) * before


def combine(parts: Iterable[CompanyCatalogue]) -> CompanyCatalogue:
    """All companies in one, sorted by key."""
    catalogues = list(parts)

    def joined(name: str) -> pd.DataFrame:
        table = tables.metadata.tables[name]
        frames = [getattr(catalogue, name) for catalogue in catalogues]
        filled = [frame for frame in frames if len(frame)]
        return conform(pd.concat(filled, ignore_index=True), table) if filled else empty(table)

    return CompanyCatalogue(
        joined("listings"), joined("listing_categories"), joined("set_aside_rows"), joined("catalogue_files")
    )


def files_of(source: Source) -> Iterator[tuple[Path, str]]:
    """The files that the globs find, each once, with their names within the folder; a glob that finds none stands
    for itself.
    """
    seen = set()
    for pattern in source.files:
        found = _found(pattern, source.folder)
        for path in found:
            name = storable(path.relative_to(source.folder).as_posix())
            if name not in seen:
                seen.add(name)
                yield path, name
        if not found:
            yield source.folder / pattern, pattern


def _read_files(source: Source) -> list[_FileReading]:
    """All files, each hashed before anything else of it is read."""
    readings = [_described(path, name, source) for path, name in files_of(source)]
    paths = [reading.path for reading in readings]
    related = django_rows.read_related(paths, source) if source.format == "django" else None
    rows = 0
    for reading in readings:
        if reading.problem is None:
            _read_rows(reading, source, related, MOST_ROWS - rows)
            rows += reading.rows
    if related is not None and not any(
        reading.accepted or reading.set_aside or reading.problem for reading in readings
    ):
        readings[0].fail(django_rows.why_no_rows(source, related))
    return readings


def _described(path: Path, name: str, source: Source) -> _FileReading:
    reading = _FileReading(source.company_slug, name, path)
    try:
        _describe(reading, source)
    except FileFailed as error:
        reading.fail(str(error))
    return reading


def _has_changed(reading: _FileReading) -> bool:
    """Whether the file is another one than when its reading began."""
    try:
        return reading.sha256 is not None and file_digest(reading.path) != reading.sha256
    except OSError:
        return True


def _found(pattern: str, folder: Path) -> list[Path]:
    """The files that the glob finds; none where the folder cannot be looked into, which opening one then says."""
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())
    except OSError:
        return []


def _read_rows(
    reading: _FileReading, source: Source, related: django_rows.RelatedObjects | None, most_rows: int
) -> None:
    path, name = reading.path, reading.file
    mapping, validate = Mapping(source.fields), Validator(source)
    try:
        rows = read_rows(path, source) if related is None else django_rows.read_rows(path, source, related)
        for item in rows:
            reading.rows += 1
            if isinstance(item, BadRow):
                result: Accepted | BadRow = item
            else:
                line, row = item
                try:
                    result = validate(name, line, mapping(row))
                except WrongShape as error:
                    result = BadRow(line, error.field, shown(error.value), str(error))
            if isinstance(result, BadRow):
                reading.set_aside.append(_set_aside(result))
            else:
                reading.accepted.append(result)
            _require_fewer(reading, most_rows)
        if related is None or reading.accepted or reading.set_aside:  # a dump has files with other models' objects only
            _require_content(reading, mapping)
    except FileFailed as error:
        reading.fail(str(error))


def modified_at(status: os.stat_result) -> str:
    """ISO 8601, UTC."""
    return datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")


def _set_aside(bad: BadRow) -> BadRow:
    return BadRow(bad.line, storable(bad.field), shown(bad.value), f"{storable(bad.reason)}; row set aside")


def _describe(reading: _FileReading, source: Source) -> None:
    path = reading.path
    if unfit := why_unfit(path, source):
        raise FileFailed(unfit)
    try:
        status = path.stat()
        reading.sha256 = file_digest(path)
    except OSError as error:
        raise FileFailed(f"the file cannot be read: {error.strerror or error}") from error
    reading.bytes = status.st_size
    reading.modified_at = modified_at(status)


def _require_content(reading: _FileReading, mapping: Mapping) -> None:
    """A file without rows, without one good row, or without a column that source.yaml names, is not the file that
    was meant.
    """
    if not reading.accepted and not reading.set_aside:
        raise FileFailed("the file holds no row")
    rows = len(reading.accepted) + len(reading.set_aside)
    if mapping.never_seen and len(reading.accepted) == rows:
        column, field_name = next(iter(mapping.never_seen.items()))
        raise FileFailed(
            f'no row has the column "{column}" ({field_name}); '
            f"map another one in {SOURCE_FILE}, or call it optional: true"
        )
    if not reading.accepted:
        first = reading.set_aside[0]
        raise FileFailed(f"none of its rows can be used; the first: line {first.line}: {first.field} {first.reason}")


def _require_fewer(reading: _FileReading, most_rows: int) -> None:
    """A file that goes on without end must not fill the memory, in which every row is kept."""
    if len(reading.set_aside) > MOST_SET_ASIDE:
        first = reading.set_aside[0]
        raise FileFailed(
            f"more than {MOST_SET_ASIDE:,} of its rows cannot be used; the first: line {first.line}: {first.field} "
            f"{first.reason}"
        )
    if reading.rows > most_rows:
        raise FileFailed(f"the company's files have more than {MOST_ROWS:,} rows together, which no shop has")


def _drop_repeated_skus(readings: list[_FileReading]) -> None:
    first_of: dict[str, Accepted] = {}
    for reading in readings:
        repeated: list[tuple[Accepted, str]] = []
        for listing in reading.accepted:
            first = first_of.setdefault(listing.sku, listing)
            if first is not listing:
                repeated.append((listing, _why_repeated(first, listing)))
        if repeated:
            gone = {id(listing) for listing, _ in repeated}
            reading.accepted = [listing for listing in reading.accepted if id(listing) not in gone]
            reading.set_aside += [
                BadRow(listing.line, "sku", listing.sku, f"{why}; row set aside") for listing, why in repeated
            ]


def _why_repeated(first: Accepted, later: Accepted) -> str:
    """Says how a repeated sku differs; a path that the first listing has not yet is added to it."""
    where = f"line {first.line}" if first.file == later.file else f"{first.file} line {first.line}"
    facts = ("name", "brand", "barcode", "size_text", "price", "available")
    different = [fact for fact in facts if getattr(first, fact) != getattr(later, fact)]
    if different:
        return f"stands in {where} already, with another {different[0]}"
    new = [index for index, path in enumerate(later.paths) if path not in first.paths]
    if not new:
        return f"{REPEATS}{where}"
    first.paths += tuple(later.paths[index] for index in new)
    first.category_ids += tuple(later.category_ids[index] for index in new)
    return f"{REPEATS}{where}; its category path was added there"


def _catalogue(
    readings: list[_FileReading],
    source: Source | BrokenSource,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
) -> CompanyCatalogue:
    set_aside = pd.DataFrame(
        [
            (reading.company_slug, reading.file, bad.line, bad.field, bad.value, bad.reason)
            for reading in readings
            for bad in reading.set_aside
        ],
        columns=tables.set_aside_rows.columns.keys(),
    )
    files = pd.DataFrame([reading.as_row() for reading in readings], columns=tables.catalogue_files.columns.keys())
    return CompanyCatalogue(
        listings=listings,
        listing_categories=listing_categories,
        set_aside_rows=conform(set_aside, tables.set_aside_rows),
        catalogue_files=conform(files, tables.catalogue_files),
        **accepted_by(source),
    )


def accepted_by(source: Source | BrokenSource) -> dict[str, bool]:
    """What source.yaml lets pass."""
    if isinstance(source, BrokenSource):
        return {}
    return {"accept_fall": source.accept_fall, "accept_prices": source.accept_prices}
