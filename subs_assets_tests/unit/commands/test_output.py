"""What long commands say meanwhile where there is no terminal."""

import pytest
import typer

from subs_assets.commands import output


@pytest.mark.parametrize(
    "seconds, said",
    [
        (0.0, ["  archiving control.runs: 1 rows so far", "  control.runs: 1 rows"]),
        (3600.0, ["  control.runs: 1 rows"]),
    ],
)
def test_a_table_that_is_long_is_told_meanwhile_and_not_too_often(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seconds: float, said: list[str]
) -> None:
    monkeypatch.setattr(output, "SECONDS_BETWEEN_LINES", seconds)
    with output.told_by_table("archiving") as tell:
        tell("control", "runs", 1)
    told = capsys.readouterr()
    assert told.err.splitlines() == said and told.out == ""


def test_an_error_shows_no_password(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PGPASSWORD", "opensesame")
    with pytest.raises(typer.Exit):
        output.fail("no connection with opensesame")
    assert capsys.readouterr().err == "error: no connection with ***\n"
