"""Decisions that their person takes back: which one, and what stands again."""

import json
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, delete, select, update

from subs_assets.database.audit_lines import read_audit
from subs_assets.database.control_tables import audit_log, decisions
from subs_assets.database.engine import writing
from subs_assets.database.kept_decisions import (
    DECIDED_COLUMNS,
    DECISION_KINDS,
    REPLACED,
    record_decision,
    record_decisions,
)
from subs_assets.database.taken_back import NothingToTakeBack, OwnDecision, last_decision, take_back
from subs_assets.equivalence.decisions import both_directions

EVER = ""


def decide(control: Engine, who: str, verdict: str, subject: str = "1") -> None:
    record_decision(
        control, kind="substitution", company_slug="aldi", subject=subject, target_company_slug="coles",
        target_subject="2", verdict=verdict, decided_by=who, reason=f"{who} says",
    )  # fmt: skip


def last_of(control: Engine, who: str) -> OwnDecision:
    found = last_decision(control, who, EVER)
    assert found is not None
    return found


def undo(control: Engine, who: str) -> OwnDecision:
    return take_back(control, who, EVER, last_of(control, who).entry)


def kept(control: Engine) -> list[dict[str, Any]]:
    with control.connect() as connection:
        return [dict(row) for row in connection.execute(select(decisions)).mappings()]


def test_what_was_replaced_stands_again_though_the_audit_log_does_not_have_it(control: Engine) -> None:
    decide(control, "Old", "accept")
    before = kept(control)
    with writing(control) as connection:
        connection.execute(delete(audit_log))
    decide(control, "Ann", "reject")
    assert undo(control, "Ann").said["verdict"] == "reject" and kept(control) == before
    decide(control, "Ann", "withdraw")
    assert kept(control) == []
    undo(control, "Ann")
    assert kept(control) == before
    taken_back, _, _, decided = map(json.loads, read_audit(control)["detail"])
    stood = {name: before[0][name] for name in ("verdict", "relation", "reason", "decided_at", "decided_by")}
    assert decided["verdict"] == "reject" and decided["replaced"] == stood == taken_back["stands_again"]


def test_what_nobody_noted_is_not_taken_back(control: Engine) -> None:
    decide(control, "Ann", "reject")
    ((_, *_, detail),) = read_audit(control).itertuples(index=False)
    row = {name: value for name, value in json.loads(detail).items() if name != REPLACED}
    with writing(control) as connection:
        connection.execute(update(audit_log).values(detail=json.dumps(row)))
    assert last_decision(control, "Ann", EVER) is None


@pytest.mark.parametrize("kind", DECISION_KINDS)
def test_of_decisions_of_one_moment_each_is_taken_back_once(control: Engine, kind: str) -> None:
    relation = "broad" if kind == "equivalence" else None
    said = pd.DataFrame(
        [("aldi", subject, "coles", "2", "accept", relation, None) for subject in "13"], columns=DECIDED_COLUMNS
    )
    record_decisions(control, kind, both_directions(said) if relation else said, "Ann")
    seen = last_of(control, "Ann")
    take_back(control, "Ann", EVER, seen.entry)
    stands = kept(control)
    assert (
        len(stands) == (2 if relation else 1) and last_of(control, "Ann").said["decided_at"] == seen.said["decided_at"]
    )
    with pytest.raises(NothingToTakeBack):
        take_back(control, "Ann", EVER, seen.entry)
    assert kept(control) == stands


def test_a_withdrawal_is_taken_back_only_where_nobody_has_decided_since(control: Engine) -> None:
    for who, verdict in (("Ann", "accept"), ("Ann", "withdraw"), ("Ben", "reject"), ("Ben", "withdraw")):
        decide(control, who, verdict)
    decide(control, "Ben", "reject", subject="another")
    assert last_decision(control, "Ann", EVER) is None
    for _ in range(3):
        undo(control, "Ben")
    assert kept(control) == []
    undo(control, "Ann")  # nothing of Ben's is left of it
    assert [(row["verdict"], row["decided_by"]) for row in kept(control)] == [("accept", "Ann")]
