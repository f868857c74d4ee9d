"""Reports on the disk: each appears whole or not at all, and the oldest make room."""

import re
from datetime import datetime
from pathlib import Path

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
        unfinished = path.with_name(path.name + ".unfinished")
        unfinished.write_text(page, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    reports = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    for old in reports[:-kept]:
        old.unlink(missing_ok=True)
    return report
