"""``subs review``: the queue as a file, filled in and taken back."""

import csv
import getpass
import io
import json
from pathlib import Path

import pytest

from subs_assets.database import control, kept_decisions
from subs_assets.settings import Settings
from subs_assets_tests import plain_sql
from subs_assets_tests.shops_and_runs import rows_in, value_of
from subs_assets_tests.unit.commands.conftest import Subs, on_both

AWAIT = "UPDATE category_equivalences SET status = 'proposed' WHERE status = 'accepted' AND relation <> 'related'"
"""Every mapping that some listing is compared through is made to wait for a person."""


def queue_of(subs: Subs, home: Settings, out: Path, *options: str, kind: str = "equivalences") -> list[dict[str, str]]:
    result = subs(home, "review", kind, "--out", str(out), *options)
    assert result.exit_code == 0 and result.stdout == "", result.output
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def fill_in(out: Path, rows: list[dict[str, str]], separator: str = ",") -> Path:
    filled = out.with_name("filled.csv")
    with filled.open("w", encoding="utf-8-sig", newline="") as text:
        writer = csv.DictWriter(text, rows[0], delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return filled


@on_both
def test_a_queue_is_written_filled_in_and_taken_back(subs: Subs, home: Settings, tmp_path: Path) -> None:
    plain_sql.execute(home.database_url, AWAIT)
    rows = queue_of(subs, home, tmp_path / "queue.csv")
    assert len(rows) > 2
    rows[0] |= {"verdict": "accept", "relation": "broad", "reason": "seen\nin the shop"}
    rows[1] |= {"verdict": "reject"}
    file = fill_in(tmp_path / "queue.csv", rows, ";")
    result = subs(home, "review", "apply", str(file), "--by", "Ann")
    assert result.exit_code == 0
    assert "decided by Ann: 2 (1 accepted, 1 rejected), each in both directions" in result.stdout
    assert f"rows without a verdict, skipped: {len(rows) - 2}" in result.stdout and "subs run" in result.stdout
    kept = kept_decisions.read_decisions(control.open_control(home.control_url))
    assert len(kept) == 4 and set(kept["decided_by"]) == {"Ann"}
    keys = ["company_slug", "subject", "target_company_slug", "target_subject"]
    said = {tuple(row[key] for key in keys): row for row in kept.to_dict("records")}
    here = (*(rows[0][name] for name in ("company_slug", "path", "target_company_slug", "target_path")),)
    assert (said[here]["relation"], said[here]["reason"]) == ("broad", "seen\nin the shop")
    assert said[(*here[2:], *here[:2])]["relation"] == "narrow"
    audit = "SELECT count(*) FROM audit_log WHERE what LIKE 'decision: %'"
    assert value_of(home.control_url, audit) == 4

    again = subs(home, "review", "apply", str(file), "--by", "Ben")
    assert again.exit_code == 0
    assert "decided by Ben: 0" in again.stdout and "decided so already, left as they are: 2" in again.stdout
    assert value_of(home.control_url, audit) == 4
    assert set(kept_decisions.read_decisions(control.open_control(home.control_url))["decided_by"]) == {"Ann"}

    left = queue_of(subs, home, tmp_path / "next.csv")
    assert [row["path"] + row["target_path"] for row in left] == [row["path"] + row["target_path"] for row in rows[2:]]


def test_another_decision_on_the_same_replaces_the_earlier_and_can_be_withdrawn(
    subs: Subs, home: Settings, tmp_path: Path
) -> None:
    plain_sql.execute(home.database_url, AWAIT)
    (row, *_) = queue_of(subs, home, tmp_path / "queue.csv")
    row |= {"verdict": "accept", "relation": "exact"}
    subs(home, "review", "apply", str(fill_in(tmp_path / "queue.csv", [row])))
    shown = json.loads(subs(home, "review", "decisions", "--json").stdout)
    assert [one["decided_by"] for one in shown] == [getpass.getuser()] * 2
    row |= {"verdict": "reject", "relation": "", "reason": "on second thoughts"}
    result = subs(home, "review", "apply", str(fill_in(tmp_path / "queue.csv", [row])), "--by", "Ben")
    assert "by Ben: 1 (1 rejected)" in result.stdout and "in place of an earlier decision: 1" in result.stdout
    listed = subs(home, "review", "decisions").stdout
    assert listed.count("reject") == 1 and "on second thoughts" in listed and "Ben" in listed
    row |= {"verdict": "withdraw", "reason": ""}
    assert "(1 withdrawn)" in subs(home, "review", "apply", str(fill_in(tmp_path / "queue.csv", [row]))).stdout
    assert json.loads(subs(home, "review", "decisions", "--json").stdout) == []


def test_a_bad_file_is_refused_as_a_whole(subs: Subs, home: Settings, tmp_path: Path) -> None:
    plain_sql.execute(home.database_url, AWAIT)
    rows = queue_of(subs, home, tmp_path / "queue.csv")
    before = rows_in(home.control_url)
    rows[0] |= {"verdict": "accept", "relation": "broad"}
    rows[1] |= {"verdict": "perhaps"}
    rows[2] |= {"verdict": "reject", "target_path": '["Nowhere"]', "target_category": ""}
    result = subs(home, "review", "apply", str(fill_in(tmp_path / "queue.csv", rows)))
    assert result.exit_code == 1 and "nothing of it is kept" in result.stderr
    assert 'row 3: verdict "perhaps"' in result.stderr and "row 4: target_path:" in result.stderr
    assert rows_in(home.control_url) == before


def test_the_queue_is_printed_where_no_file_is_named(subs: Subs, home: Settings) -> None:
    plain_sql.execute(home.database_url, AWAIT)
    result = subs(home, "review", "equivalences", "--from", "corner", "--to", "depot")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {(row["company_slug"], row["target_company_slug"]) for row in rows} == {("corner", "depot")}
    assert f"{len(rows)} pairs of categories to decide" in result.stderr


def test_a_file_that_may_hold_somebodys_work_is_not_overwritten(subs: Subs, home: Settings, tmp_path: Path) -> None:
    out = tmp_path / "queue.csv"
    out.write_text("my work", encoding="utf-8")
    result = subs(home, "review", "equivalences", "--out", str(out))
    assert result.exit_code == 1 and "choose another name" in result.stderr
    assert out.read_text(encoding="utf-8") == "my work"


@on_both
def test_substitutions_are_asked_for_decided_and_not_asked_for_again(
    subs: Subs, home: Settings, tmp_path: Path
) -> None:
    plain_sql.execute(home.database_url, "UPDATE listings SET name = '=1+1'")
    rows = queue_of(subs, home, tmp_path / "queue.csv", kind="substitutions")
    assert len(rows) > 2 and {row["verdict"] for row in rows} == {""}
    assert {row[name] for row in rows for name in ("name", "target_name")} == {"'=1+1"}
    rows[0] |= {"verdict": "accept", "reason": "=same"}
    rows[1] |= {"verdict": "reject"}
    file = fill_in(tmp_path / "queue.csv", rows, ";")
    result = subs(home, "review", "apply", str(file), "--by", "Ann")
    assert result.exit_code == 0
    assert "substitutions decided by Ann: 2 (1 accepted, 1 rejected)\n" in result.stdout
    assert f"rows without a verdict, skipped: {len(rows) - 2}" in result.stdout and "subs run" in result.stdout
    kept = kept_decisions.read_decisions(control.open_control(home.control_url), "substitution")
    keys = ["company_slug", "subject", "target_company_slug", "target_subject"]
    said = {tuple(row[key] for key in keys): row for row in kept.to_dict("records")}
    accepted, rejected = (
        tuple(row[name].removeprefix("'") for name in ("company_slug", "sku", "target_company_slug", "target_sku"))
        for row in rows[:2]
    )
    assert len(said) == 2 and said[rejected]["verdict"] == "reject"
    assert (said[accepted]["verdict"], said[accepted]["reason"]) == ("accept", "=same")

    left = queue_of(subs, home, tmp_path / "next.csv", kind="substitutions")
    asked = [[(row["sku"], row["target_sku"]) for row in queue] for queue in (rows[2:], left)]
    assert asked[0] == asked[1][: len(asked[0])]
    listed = subs(home, "review", "decisions").stdout
    assert "Decisions about categories: none" in listed and f"{accepted[0]} {accepted[1]}: =1+1" in listed
    rows[0] |= {"verdict": "withdraw", "reason": ""}
    taken_back = subs(home, "review", "apply", str(fill_in(tmp_path / "queue.csv", rows[:2])))
    assert "(1 withdrawn)" in taken_back.stdout and "decided so already, left as they are: 1" in taken_back.stdout
    told = " ".join(subs(home, "audit", "--last", "1").stdout.split())
    assert "replaced (verdict: accept," in told and "{" not in told


def test_a_bad_file_of_substitutions_is_refused_as_a_whole(subs: Subs, home: Settings, tmp_path: Path) -> None:
    rows = queue_of(subs, home, tmp_path / "queue.csv", kind="substitutions")
    before = rows_in(home.control_url)
    rows[0] |= {"verdict": "accept"}
    rows[1] |= {"verdict": "perhaps", "sku": "0"}
    rows[2] |= {"verdict": "reject", "target_company_slug": "spar"}
    result = subs(home, "review", "apply", str(fill_in(tmp_path / "queue.csv", rows)))
    assert result.exit_code == 1 and "nothing of it is kept" in result.stderr
    for says in ('row 3: verdict "perhaps"', 'sells no listing "0"', "row 4: target_company_slug: there is no company"):
        assert says in result.stderr
    assert rows_in(home.control_url) == before


def test_of_many_substitutions_the_first_are_asked_and_the_others_counted(subs: Subs, home: Settings) -> None:
    result = subs(home, "review", "substitutions", "--from", "corner", "--to", "depot", "--limit", "2")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["company_slug"], row["target_company_slug"]) for row in rows] == [("corner", "depot")] * 2
    assert "2 substitutions to decide (" in result.stderr and "more, whose answers are worth less" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("substitutions", "--from", "spar"), "nothing is published of a company spar"),
        (("equivalences", "--from", "spar"), "nothing is published of a company spar"),
        (("equivalences", "--out", "no/such/folder.csv"), "cannot be written"),
        (("apply", "nothing.csv"), "nothing.csv cannot be read"),
        (("apply", "."), "cannot be read"),
        (("apply", "empty.csv"), "it is empty"),
        (("apply", "header.csv", "--by", " "), "say who decided"),
    ],
)
def test_what_cannot_be_done_is_said(
    subs: Subs, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.csv").touch()
    result = subs(home, "review", *arguments)
    assert result.exit_code == 1 and says in result.stderr


def test_a_file_that_is_only_a_header_decides_nothing(subs: Subs, home: Settings, tmp_path: Path) -> None:
    queue_of(subs, home, tmp_path / "queue.csv")
    header = tmp_path / "queue.csv"
    header.write_text(header.read_text(encoding="utf-8-sig").splitlines()[0] + "\n", encoding="utf-8")
    result = subs(home, "review", "apply", str(header))
    assert result.exit_code == 0 and f"by {getpass.getuser()}: 0" in result.stdout


def test_an_account_without_a_name_is_asked_for_one(
    subs: Subs, home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    result = subs(home, "review", "apply", str(tmp_path / "queue.csv"))
    assert result.exit_code == 1 and "--by NAME" in result.stderr
