"""Every company's source.yaml and files; no file is opened: what is in them is checked by the run that reads them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from subs_assets.commands.output import age
from subs_assets.doctor.finding import Finding, error, ok
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.catalogue.source import Source


def look(settings: Settings) -> Iterator[Finding]:
    """Every company: its source.yaml, its files and their age."""
    from subs_assets.catalogue.companies import find_sources, missing_catalogues
    from subs_assets.catalogue.source import BrokenSource

    if missing := missing_catalogues(settings.catalogues):
        found, _, remedy = missing.partition(": ")
        yield error(found, remedy)
    for slug, source in find_sources(settings.catalogues).items():
        if isinstance(source, BrokenSource):
            yield error(f"{slug}: {source.problem}", f"mend {source.folder} (docs/add-a-company.md)")
        else:
            yield company_finding(slug, source)


def company_finding(slug: str, source: "Source") -> Finding:
    """Whether the files of one company are there, and how old the newest is."""
    from subs_assets.catalogue.company import files_of

    if not source.folder.is_dir():
        return error(
            f"{slug}: there is no folder {source.folder}", "bring it back, or say another one in source.yaml's folder"
        )
    files = [path for path, _ in files_of(source)]
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        return error(
            f"{slug}: {source.folder} holds no file {', '.join(missing)}",
            "deliver it; until then its last good listings are shown",
        )
    newest = max(datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in files)
    count = f"{len(files)} files, the newest" if len(files) > 1 else "1 file,"
    return ok(f"{slug}: source.yaml is right; {count} {age(newest)} old")
