"""Reports and exports on the disk: each appears whole or not at all, and the oldest reports make room."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from subs_assets.disk import naming_full_disk

KEPT_REPORTS = 14
LATEST = "latest.html"
NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z\.html")


def write_report(page: str, folder: Path, at: datetime, kept: int = KEPT_REPORTS) -> Path:
    """Write ``<folder>/<UTC>.html`` and the same as ``latest.html``; the path of the first.

    Of the reports that this function wrote, the last ``kept`` stay; another file in the folder is left alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / f"{at:%Y-%m-%dT%H-%M-%SZ}.html"
    for path in (report, folder / LATEST):
        with appearing(path) as unfinished:
            unfinished.write_text(page, encoding="utf-8", newline="\n")
    reports = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    for old in reports[:-kept]:
        old.unlink(missing_ok=True)
    return report


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Where to write a file that gets its name at the end, when it is whole; nothing is left of one that fails.

    Raises DiskFull, and PermissionError where Windows does not replace a file that is open elsewhere.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with naming_full_disk(path.parent):
            yield unfinished
        unfinished.replace(path)
    except PermissionError as error:
        raise PermissionError(f"{path} is in use: close it, and try again") from error
    finally:
        unfinished.unlink(missing_ok=True)
