import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, event, inspect, make_url

from subs_assets.database.audit_lines import read_audit, write_audit
from subs_assets.database.control import claim_data_set, open_control
from subs_assets.database.control_tables import control_metadata
from subs_assets.database.drills import read_drills, record_drill
from subs_assets.database.engine import DatabaseNotReady, open_engine
from subs_assets.database.kept_decisions import (
    DECIDED_COLUMNS,
    WITHDRAW,
    DecidedMeanwhile,
    read_decisions,
    record_decision,
    record_decisions,
)
from subs_assets.database.runs import read_published, record_published
from subs_assets.settings import CONTROL_SCHEMA
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.database.conftest import on_postgresql

DECISION: dict[str, Any] = {
    "kind": "equivalence",
    "company_slug": "aldi",
    "subject": '["Käse"]',
    "target_company_slug": "coles",
    "target_subject": '["Dairy","Cheese"]',
    "verdict": "accept",
    "relation": "exact",
    "decided_by": "Ana",
    "reason": "looked at both",
}


def test_a_decision_says_who_when_and_why(control: Engine) -> None:
    record_decision(control, **DECISION)
    [row] = read_decisions(control, "equivalence").to_dict("records")
    assert DECISION.items() <= row.items()
    assert row["decided_at"][:2] == "20"
    assert row["decided_at"].endswith("+00:00")
    assert read_decisions(control, "substitution").empty


def test_a_later_decision_replaces_the_earlier_and_the_audit_log_keeps_both(control: Engine) -> None:
    record_decision(control, **DECISION)
    record_decision(control, **{**DECISION, "verdict": "reject", "relation": None, "decided_by": "Ben"})
    record_decision(control, **{**DECISION, "target_company_slug": "iga"})
    found = read_decisions(control)
    assert found["target_company_slug"].tolist() == ["coles", "iga"]
    assert found["verdict"].tolist() == ["reject", "accept"]
    audit = read_audit(control)
    assert audit["who"].tolist() == ["Ana", "Ben", "Ana"]
    assert audit["what"].tolist() == ["decision: accept", "decision: reject", "decision: accept"]
    assert json.loads(audit["detail"][0])["subject"] == '["Käse"]'


def decided(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**DECISION, **change} for change in changes], columns=DECIDED_COLUMNS)


NEAR = {"target_subject": '["Dairy"]', "relation": "narrow", "reason": None}


def test_many_decisions_are_kept_at_once_and_a_second_time_changes_nothing(control: Engine) -> None:
    record_decision(control, **{**DECISION, "relation": "close", "decided_by": "Ben"})
    news = record_decisions(control, "equivalence", decided({}, NEAR), "Ana")
    assert news["earlier_by"].tolist()[0] == "Ben" and news["earlier_by"].isna().tolist() == [False, True]
    kept = read_decisions(control)
    assert kept[["target_subject", "relation", "decided_by"]].values.tolist() == [
        ['["Dairy","Cheese"]', "exact", "Ana"],
        ['["Dairy"]', "narrow", "Ana"],
    ]
    again = record_decisions(control, "equivalence", decided({}, NEAR), "Cem")
    assert again.empty
    pd.testing.assert_frame_equal(read_decisions(control), kept)
    assert read_audit(control)["who"].tolist() == ["Ana", "Ana", "Ben"]


@pytest.mark.parametrize("said", [{"relation": "close"}, {"verdict": "reject", "relation": None}, {"reason": "again"}])
def test_a_decision_of_which_anything_differs_is_another(control: Engine, said: dict[str, Any]) -> None:
    record_decision(control, **DECISION)
    changed = record_decisions(control, "equivalence", decided(said, NEAR).set_index(pd.Index([5, 9])), "Ben")
    assert changed.index.tolist() == [5, 9]
    assert read_decisions(control)["decided_by"].tolist() == ["Ben", "Ben"]


def test_a_decision_is_withdrawn_once_and_the_audit_log_keeps_it(control: Engine) -> None:
    record_decision(control, **DECISION)
    back = {"verdict": WITHDRAW, "relation": None, "reason": None}
    changed = record_decisions(control, "equivalence", decided(back, {**NEAR, **back}), "Ben")
    assert changed["earlier_by"].tolist() == ["Ana"]
    assert read_decisions(control).empty
    assert record_decisions(control, "equivalence", decided(back), "Ben").empty
    assert read_audit(control)["what"].tolist() == ["decision: withdraw", "decision: accept"]


def test_of_many_decisions_one_that_makes_no_sense_refuses_all(control: Engine) -> None:
    with pytest.raises(ValueError, match="found 'same'"):
        record_decisions(control, "equivalence", decided({}, {**NEAR, "relation": "same"}), "Ana")
    assert read_decisions(control).empty and read_audit(control).empty


@pytest.mark.archive_case(63)
def test_a_pair_that_is_decided_twice_at_once_is_refused_and_its_reverse_is_another(control: Engine) -> None:
    reversed_pair = {
        "company_slug": "coles", "subject": DECISION["target_subject"],
        "target_company_slug": "aldi", "target_subject": DECISION["subject"],
    }  # fmt: skip
    with pytest.raises(ValueError, match="a pair is decided once; found twice: aldi .*Käse.* ~ coles"):
        record_decisions(control, "equivalence", decided({}, reversed_pair, {"relation": "close"}), "Ana")
    assert read_decisions(control).empty
    assert len(record_decisions(control, "equivalence", decided({}, reversed_pair), "Ana")) == 2


def test_no_decisions_are_kept_without_a_word(control: Engine) -> None:
    found = record_decisions(control, "equivalence", decided(), "Ana")
    assert (len(found), list(found.columns)) == (0, [*DECIDED_COLUMNS, "earlier_by"])
    assert read_audit(control).empty


@pytest.mark.archive_case(63)
@pytest.mark.parametrize(
    "change, message",
    [
        ({"kind": "category"}, "kind is one of equivalence, substitution; found 'category'"),
        ({"verdict": "yes"}, "verdict is one of accept, reject, withdraw; found 'yes'"),
        ({"relation": None}, "relation of a decision to accept the equivalence must be one of exact, .*; found None"),
        ({"relation": "same"}, "must be one of exact, close, broad, narrow, related; found 'same'"),
        ({"verdict": "reject"}, "relation of a decision to reject the equivalence must be left out; found 'exact'"),
        ({"kind": "substitution"}, "relation of a decision to accept the substitution must be left out"),
        ({"decided_by": " "}, "decided_by is empty"),
        ({"target_company_slug": "aldi", "target_subject": '["Käse"]'}, "leads to another company; found aldi .*Käse"),
        ({"target_company_slug": "aldi"}, "leads to another company; found aldi"),
        (
            {"kind": "substitution", "relation": None, "target_company_slug": "aldi", "target_subject": '["Käse"]'},
            "nothing substitutes itself; found aldi",
        ),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(control: Engine, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record_decision(control, **{**DECISION, **change})
    assert read_decisions(control).empty
    assert read_audit(control).empty


def test_the_audit_log_is_read_newest_first(control: Engine) -> None:
    for number in range(5):
        write_audit(control, "subs", "reset requested", {"request": number})
    write_audit(control, "subs", "reset refused", "listings differs")
    write_audit(control, "subs", "started")
    found = read_audit(control, last=3)
    assert found["what"].tolist() == ["started", "reset refused", "reset requested"]
    assert found["detail"].isna().tolist() == [True, False, False]
    assert json.loads(found["detail"][2]) == {"request": 4}


def test_runs_are_read_newest_first_and_keep_their_counts(control: Engine) -> None:
    for day in (2, 1, 3):
        record_published(control, f"run{day}", {"listings": day, "products": 7}, 1.5, f"2026-11-0{day}T03:30:00+00:00")
    record_published(control, "run2", {"listings": 20}, published_at="2026-11-02T03:30:00+00:00")
    found = read_published(control, last=2)
    assert found["run_id"].tolist() == ["run3", "run2"]
    assert [json.loads(counts) for counts in found["counts"]] == [{"listings": 3, "products": 7}, {"listings": 20}]
    record_published(control, "now", {})
    assert read_published(control)["run_id"].tolist() == ["now", "run3", "run2", "run1"]


def test_opening_again_keeps_everything(control: Engine) -> None:
    record_published(control, "run", {"listings": 1})
    again = open_control(control.url)
    assert len(read_published(again)) == 1
    again.dispose()


def test_several_may_open_it_for_the_first_time_at_once(control_url: str) -> None:
    at_once = threading.Barrier(6)

    def open_it() -> None:
        at_once.wait()
        open_control(control_url).dispose()

    with ThreadPoolExecutor(6) as threads:
        for opened in [threads.submit(open_it) for _ in range(6)]:
            opened.result()


@on_postgresql
def test_it_is_a_schema_of_its_own_beside_the_tables(control: Engine, url: str) -> None:
    assert set(inspect(control).get_table_names()) == set(control_metadata.tables)
    beside = open_engine(url)
    assert inspect(beside).get_table_names() == []
    assert set(inspect(beside).get_table_names(CONTROL_SCHEMA)) == set(control_metadata.tables)
    beside.dispose()


@on_postgresql
def test_who_may_neither_see_nor_make_it_is_told_what_is_missing(
    control: Engine, postgres_server: PostgresServer
) -> None:
    role = f"{control.url.database}_stranger"
    postgres_server.execute(f"CREATE ROLE {role} LOGIN")
    with pytest.raises(DatabaseNotReady, match="this role does not see.*grant this role its rights"):
        open_control(control.url.set(username=role))
    postgres_server.execute(f"DROP ROLE {role}")


@on_postgresql
def test_who_may_make_no_schema_uses_the_one_that_somebody_made(
    control: Engine, control_url: str, postgres_server: PostgresServer
) -> None:
    database = control.url.database
    role = f"{database}_reader"
    for statement in (
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA {CONTROL_SCHEMA} TO {role}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {CONTROL_SCHEMA} TO {role}",
    ):
        postgres_server.execute(statement, database or "")
    open_control(control.url.set(username=role)).dispose()
    postgres_server.execute(f"DROP OWNED BY {role}", database or "")
    postgres_server.execute(f"DROP ROLE {role}")


def test_the_first_says_which_data_set_it_is_until_it_may_be_replaced(control: Engine) -> None:
    assert claim_data_set(control, "one", may_replace=False) == "one"
    assert claim_data_set(control, "other", may_replace=False) == "one"
    assert claim_data_set(control, "other", may_replace=True) == "other"
    assert claim_data_set(control, "one", may_replace=False) == "other"


def test_of_two_that_say_at_once_which_data_set_it_is_one_is_heard(control: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda name: claim_data_set(control, name, may_replace=False), "abcd"))
    assert len(set(told)) == 1


def test_of_two_who_contradict_each_other_at_once_on_the_same_products_one_is_kept(control: Engine) -> None:
    pairs = [("aldi", "1", "coles", "2"), ("aldi", "1", "iga", "3")]
    both_have_read = threading.Barrier(2)

    def wait_for_the_other(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("SELECT decisions."):
            with suppress(threading.BrokenBarrierError):
                both_have_read.wait(
                    0.3
                )  # the other one cannot have read, unless it may read before this one has written

    def decide(pair: tuple[str, str, str, str], verdict: str, who: str) -> bool:
        own = open_engine(control.url)
        event.listen(own, "after_cursor_execute", wait_for_the_other)
        said = pd.DataFrame([(*pair, verdict, None, None)], columns=DECIDED_COLUMNS)
        try:
            record_decisions(own, "substitution", said, who, only_over=[], same=pairs)
        except DecidedMeanwhile:
            return False
        finally:
            own.dispose()
        return True

    with ThreadPoolExecutor(2) as threads:
        kept = list(threads.map(decide, pairs, ["accept", "reject"], ["Ana", "Ben"]))
    assert sorted(kept) == [False, True] and len(read_decisions(control)) == 1


@on_postgresql
@pytest.mark.parametrize("written, schema", [("MyControl", "mycontrol"), ('"My Control"', "My Control")])
def test_the_schema_is_named_as_the_server_reads_it(url: str, written: str, schema: str) -> None:
    options = f"-csearch_path={written}".replace(" ", "\\ ")
    engine = open_control(make_url(url).update_query_dict({"options": options}))
    assert "decisions" in inspect(engine).get_table_names(schema)
    engine.dispose()


def test_drills_are_kept_newest_first(control: Engine) -> None:
    assert read_drills(control).empty
    record_drill(control, "a", passed=True, tables=3, rows=3_000_000_000, seconds=1.5, drilled_at="2026-01-01T00:00:00")
    record_drill(control, "a", passed=False, tables=0, rows=0, seconds=0.5, problems="table x has 2 rows")
    first, second = read_drills(control).to_dict("records")
    assert (first["passed"], first["problems"]) == (False, "table x has 2 rows")
    assert first["drilled_at"][:2] == "20" and first["drilled_at"].endswith("+00:00")
    assert (second["passed"], second["rows"], second["seconds"]) == (True, 3_000_000_000, 1.5)
    assert len(read_drills(control, last=1)) == 1
