"""A report is whole, the latest one has a name that stays, and old ones make room."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from subs_assets.report.files import write_report

NIGHT = datetime(2026, 11, 25, 3, 41, 7, tzinfo=UTC)


def test_a_report_and_the_latest_are_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    written = write_report("<p>Grüße\n", folder, NIGHT)
    assert written.name == "2026-11-25T03-41-07Z.html"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        written.name: "<p>Grüße\n".encode(),
        "latest.html": "<p>Grüße\n".encode(),
    }


def test_the_last_reports_stay_and_nothing_else_is_touched(tmp_path: Path) -> None:
    for other in ("notes.html", "2026.html", "0000-00-00T00-00-00Z.html.bak"):
        (tmp_path / other).write_text("mine", encoding="utf-8")
    for days in range(5):
        write_report(str(days), tmp_path, NIGHT + timedelta(days=days), kept=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "0000-00-00T00-00-00Z.html.bak",
        "2026-11-28T03-41-07Z.html",
        "2026-11-29T03-41-07Z.html",
        "2026.html",
        "latest.html",
        "notes.html",
    ]
    assert (tmp_path / "latest.html").read_text(encoding="utf-8") == "4"
