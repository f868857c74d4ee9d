"""The page that asks one question after the other: which, in which order, and what becomes of the answers."""

import html
import re
import threading
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from subs_assets.database import control, frames, kept_decisions, lookups, reading, tables
from subs_assets.database.control_tables import decisions as decisions_table
from subs_assets.equivalence.decisions import both_directions
from subs_assets.explorer import questions, sessions
from subs_assets.explorer.application import build_app
from subs_assets.explorer.judging import content_of
from subs_assets.explorer.questions import Kind, Question
from subs_assets.model.trained import SHIPPED, load
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets.substitution.decisions import standing_decisions
from subs_assets.substitution.review import review_queue
from subs_assets_tests.plain_sql import execute, select
from subs_assets_tests.published_nights import published_home
from subs_assets_tests.unit.explorer.conftest import ACCESS, PATIENT_SECONDS, TOKEN, client_of, on_both
from subs_assets_tests.unit.explorer.test_categories import put

LONG_AGO = "2020-01-01T00:00:00.000000+00:00"


def signed_in(home: Settings, name: str) -> TestClient:
    client = client_of(home)
    client.post("/sign-in", data={"name": name, "token": TOKEN})
    return client


@pytest.fixture
def ann(home: Settings) -> TestClient:
    """Who has decided nothing yet, nor has anybody else."""
    for table in ("decisions", "audit_log"):
        execute(home.control_url, f"DELETE FROM {table}")
    return signed_in(home, "Ann")


@pytest.fixture
def ben(home: Settings) -> TestClient:
    return signed_in(home, "Ben")


def decisions(home: Settings) -> list[tuple[object, ...]]:
    return select(home.control_url, "SELECT verdict, relation, decided_by, decided_at FROM decisions ORDER BY 4, 2")


def form_of(page: str, name: str = "answer", **more: str) -> dict[str, str]:
    """What this form of the page sends, its marked relation too."""
    (form,) = re.findall(rf'<form class="{name}".*?</form>', page, re.S)
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    sent |= dict(re.findall(r'type="radio" name="(relation)" value="(\w+)"[^>]* checked', form))
    return {field: html.unescape(value) for field, value in sent.items()} | more


def answered(person: TestClient, verdict: str, asked: str = "/review", **more: str) -> dict[str, str]:
    """The question that is asked next is answered; what was sent."""
    sent = form_of(person.get(asked).text, verdict=verdict, **more)
    assert person.post("/review", data=sent).status_code == 303
    return sent


def undone(person: TestClient, asked: str = "/review") -> str:
    """The address of the question that is back."""
    answer = person.post("/review/undo", data=form_of(person.get(asked).text, "last"))
    assert answer.status_code == 303
    return str(answer.headers["location"])


def place(page: str) -> tuple[int, int]:
    found = re.search(r"<b>([\d,]+) of ([\d,]+)</b>", page)
    assert found is not None
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def decide_on(home: Settings, kind: Kind, pair: tuple[str, ...], relation: str | None) -> None:
    """As Old accepted it LONG_AGO."""
    said = pd.DataFrame([(*pair, "accept", relation, None)], columns=kept_decisions.DECIDED_COLUMNS)
    with pytest.MonkeyPatch.context() as patch, control.opened(home.control_url) as engine:
        patch.setattr(kept_decisions, "now", lambda: LONG_AGO)
        decided = both_directions(said) if kind == "equivalence" else said
        kept_decisions.record_decisions(engine, kind, decided, "Old")


@on_both
@pytest.mark.parametrize("kind", ["equivalence", "substitution"])
def test_answers_are_kept_counted_and_taken_back_one_after_the_other(
    ann: TestClient, home: Settings, kind: str
) -> None:
    asked = f"/review?kind={kind}"
    before = ann.get(asked).text
    first, total = place(before)
    assert first == 1 and "Last:" not in before and ">worth<" in before
    one, other = answered(ann, "accept", asked), answered(ann, "reject", asked, reason="seen")
    assert one["mark"] != other["mark"]
    directions = 2 if kind == "equivalence" else 1
    assert [row[0] for row in decisions(home)] == ["accept"] * directions + ["reject"] * directions
    after = ann.get(asked).text
    assert place(after) == (3, total) and "2 decided by you" in after and "Last: <b>rejected</b> <bdi>" in after
    assert undone(ann, asked) == f"{asked}&at={other['mark']}"
    assert place(ann.get(asked).text) == (2, total) and form_of(ann.get(asked).text)["mark"] == other["mark"]
    undone(ann, asked)
    assert ann.get(asked).text == before and decisions(home) == []
    log = select(home.control_url, "SELECT who, what FROM audit_log ORDER BY entry")
    assert log[-2 * directions :] == [("Ann", "decision: taken back")] * 2 * directions


@on_both
def test_of_two_who_answer_at_once_the_second_is_told_and_may_change_it(
    ann: TestClient, ben: TestClient, home: Settings
) -> None:
    late = form_of(ben.get("/review?kind=equivalence").text, verdict="accept", relation="close")
    answered(ann, "reject", "/review?kind=equivalence")
    theirs = decisions(home)
    assert form_of(ben.get("/review?kind=equivalence").text)["mark"] != late["mark"]
    told = ben.post("/review", data=late)
    assert told.status_code == 409 and "Ann has decided this on" in told.text and decisions(home) == theirs
    assert 'data-key="shift+a"' in told.text and 'data-key="a"' not in told.text, "a key meant for the next question"
    again = form_of(told.text, verdict="accept", relation="close")
    assert again["mark"] == late["mark"] and again["seen"] == theirs[0][3]
    assert ben.post("/review", data=again).status_code == 303
    assert {row[:3] for row in decisions(home)} == {("accept", "close", "Ben")}
    assert "Nothing to undo yet" in ann.get("/review").text
    assert "instead of Ann&#39;s reject" in ben.get("/review").text
    undone(ben)
    assert decisions(home) == theirs, "another person's decision stands again as it did"
    stale = form_of(ann.get("/review").text, "last")
    undone(ann)
    twice = ann.post("/review/undo", data=stale)
    assert (
        twice.status_code == 409 and "This is not your last decision any more" in twice.text and decisions(home) == []
    )


@pytest.fixture(scope="module")
def own_home(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of these tests alone: two listings are of one product, and a decision of long ago names a category that is
    gone."""
    home = published_home(tmp_path_factory.mktemp("own"), night)
    execute(
        home.database_url,
        "UPDATE product_listings SET product_id = (SELECT product_id FROM product_listings WHERE company_slug = "
        "'shop_00' AND sku = 'sku-1') WHERE company_slug = 'shop_02' AND sku = 'sku-1'",
    )
    there = night.categories.iloc[-1][["company_slug", "path"]]
    decide_on(home, "equivalence", ("shop_00", '["Gone"]', *there), "exact")
    return home


def test_a_decision_on_another_listing_of_the_same_product_is_told_too(own_home: Settings) -> None:
    people = {name: signed_in(own_home, name) for name in ("Ann", "Ben")}

    def say(name: str, company: str, verdict: str) -> int:
        form = form_of(people[name].get("/review").text, verdict=verdict)
        sides = {
            "company_slug": company,
            "subject": "sku-1",
            "target_company_slug": "shop_01",
            "target_subject": "sku-9",
        }
        kind = {"kind_of_question": "substitution", "seen": ""}
        return people[name].post("/review", data={**form, **kind, **sides}).status_code

    assert say("Ben", "shop_02", "accept") == 303
    assert say("Ann", "shop_00", "reject") == 409 and say("Ann", "shop_00", "accept") == 303
    undone(people["Ann"])
    undone(people["Ben"])


def test_what_another_decided_at_one_company_is_not_overruled_from_elsewhere(own_home: Settings) -> None:
    ann, ben = signed_in(own_home, "Ann"), signed_in(own_home, "Ben")
    kept = {
        "company_slug": "shop_01", "sku": "sku-9", "target_company_slug": "shop_00", "target_sku": "sku-1",
    }  # fmt: skip

    def say(person: TestClient, name: str, **said: str) -> int:
        form = {**kept, "form_token": sessions.form_token(TOKEN, name), **said}
        return person.post("/decisions", data=form).status_code

    assert say(ann, "Ann", verdict="accept") == 303
    stale = {"verdict": "reject", "target_company_slug": "shop_02"}
    assert say(ben, "Ben", **stale) == 409
    body = {"kind": "substitution", **kept, **stale, "decided_by": "Ben", "only_over": []}
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert ben.post("/api/v1/decisions", json=body, headers=token).status_code == 409
    ((*_, decided_at),) = [row for row in decisions(own_home) if row[2] == "Ann"]
    assert say(ben, "Ben", **stale, seen=f"2026-01-01,{decided_at}") == 303
    undone(ben)
    undone(ann)


def test_what_is_skipped_comes_again_after_all_others(ann: TestClient, home: Settings) -> None:
    asked = "/review?kind=equivalence&company=shop_00&target=shop_01"
    total = place(ann.get(asked).text)[1]
    first = answered(ann, "skip", asked)["mark"]
    assert decisions(home) == [] and place(ann.get(asked).text) == (1, total) and "1 skipped" in ann.get(asked).text
    second = answered(ann, "skip", asked)["mark"]
    seen = [answered(ann, "skip", asked)["mark"] for _ in range(total - 2)]
    assert len({first, second, *seen}) == total
    assert form_of(ann.get(asked).text)["mark"] == first
    assert form_of(signed_in(home, "Ann").get(asked).text)["mark"] == first, "another sitting begins anew"


def test_a_question_that_was_skipped_and_is_back_sends_nobody_over_what_was_skipped_after_it(ann: TestClient) -> None:
    asked = "/review?kind=equivalence&company=shop_00&target=shop_01"
    first, second, third = (answered(ann, verdict, asked)["mark"] for verdict in ("reject", "skip", "skip"))
    assert "Last: <b>skipped</b>" in ann.get(asked).text
    assert undone(ann, asked).endswith(f"at={third}") and form_of(ann.get(asked).text)["mark"] == third
    back = undone(ann, asked)
    assert back.endswith(f"at={first}"), "what was done before the skips"
    assert answered(ann, "skip", back)["mark"] == first
    assert form_of(ann.get(asked).text)["mark"] == third != second


@on_both
def test_of_one_company_at_another_the_questions_are_those_of_the_queue_for_them(
    ann: TestClient, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "/review?kind=substitution&company=shop_02&target=shop_01"
    shown_from = load(SHIPPED).acceptance.shown_from
    with reading.open_read_only(home.database_url).connect() as connection:
        night = lookups.substitutions_to_judge(connection)
    nobody = standing_decisions(frames.empty(decisions_table), night.product_listings)
    expected = review_queue(night, nobody, shown_from, "shop_02", "shop_01", limit=10_000).rows
    assert place(ann.get(asked).text) == (1, len(expected))
    first = form_of(ann.get(asked).text)
    assert (first["company_slug"], first["target_company_slug"]) == ("shop_02", "shop_01")
    monkeypatch.setattr(questions, "MOST_SUBSTITUTIONS", 3)
    monkeypatch.setattr(lookups.questions, "PAIRS_AT_ONCE", 2)
    app = build_app(home, ACCESS)
    app.state.queues.patience_seconds = PATIENT_SECONDS
    fewer = TestClient(app, base_url="http://localhost").get(asked).text
    assert place(fewer) == (1, 3) and f"{len(expected) - 3} questions more about substitutes of what" in fewer


@on_both
def test_who_answers_as_another_did_is_told_and_has_nothing_to_undo(
    ann: TestClient, ben: TestClient, home: Settings
) -> None:
    mine = answered(ann, "reject", "/review?kind=equivalence")
    late = form_of(ann.get("/review?kind=equivalence").text, verdict="reject")
    answered(ben, "reject", "/review?kind=equivalence")
    told = ann.post("/review", data=late)
    assert told.status_code == 200 and "nothing was kept in yours" in told.text
    assert form_of(told.text)["mark"] not in (mine["mark"], late["mark"])
    assert {row[2] for row in decisions(home)} == {"Ann", "Ben"}
    undone(ben)


def test_what_is_decided_on_another_listing_is_withdrawn_from_here(own_home: Settings) -> None:
    ann, asked = signed_in(own_home, "Ann"), "/review?kind=substitution"
    question = form_of(ann.get(asked).text)
    while (question["company_slug"], question["subject"]) != ("shop_00", "sku-1"):
        answered(ann, "skip", asked)
        question = form_of(ann.get(asked).text)
    elsewhere = {"verdict": "reject", "company_slug": "shop_02", "form_token": sessions.form_token(TOKEN, "Ben")}
    assert signed_in(own_home, "Ben").post("/review", data=question | elsewhere).status_code == 303
    page = ann.get(f"{asked}&at={question['mark']}").text
    assert "rejected by Ben on " in page
    answer = ann.post("/review", data=form_of(page, "withdraw", verdict="withdraw"))
    assert answer.status_code == 303 and "Ben" not in [row[2] for row in decisions(own_home)]
    undone(ann)
    assert "Ben" in [row[2] for row in decisions(own_home)]
    undone(signed_in(own_home, "Ben"))


def test_who_is_told_that_it_is_decided_is_asked_nothing_else_in_its_place(
    ann: TestClient, ben: TestClient, home: Settings
) -> None:
    sent = answered(ann, "reject", "/review?kind=equivalence")
    late = {**form_of(ben.get("/review").text, verdict="accept", relation="exact"), "mark": "0123456789ab"}
    late |= {field: sent[field] for field in ("company_slug", "subject", "target_company_slug", "target_subject")}
    told = ben.post("/review", data={**late, "kind_of_question": "equivalence", "seen": ""})
    assert told.status_code == 409 and "Ann has decided this on" in told.text
    assert "It is not asked any more" in told.text and 'class="answer"' not in told.text
    followed = ben.get("/review?at=0123456789ab")
    assert followed.status_code == 200 and "is not asked any more; this is the next one" in followed.text
    undone(ann)


@on_both
def test_the_most_valuable_comes_first_and_both_sides_are_shown(ann: TestClient, night: Night) -> None:
    worth = []
    for _ in range(4):
        page = ann.get("/review?kind=substitution").text
        worth.append(float(re.findall(r">worth</th><td>([\d.]+)<", page)[0]))
        sent = form_of(page)
        names = night.listings.set_index(["company_slug", "sku"])["name"]
        for side in ("", "target_"):
            name = names[sent[f"{side}company_slug"], sent[f"{side}subject"]]
            assert f"<bdi>{html.escape(name, quote=False)}</bdi>".replace('"', "&#34;").replace("'", "&#39;") in page
        answered(ann, "skip", "/review?kind=substitution")
    assert worth == sorted(worth, reverse=True) and worth[0] > 0


@on_both
def test_the_listings_that_are_shown_are_those_that_the_company_puts_there_each_once(home: Settings) -> None:
    shelves = {"sku-1": ['["tea"]', '["tea","green"]'], "sku-2": ['["tea","green"]'], "sku-3": ['["TEA","green"]']}
    rows = [
        {"company_slug": "shop_00", "sku": sku, "path": path, "position": position}
        for sku, paths in shelves.items()
        for position, path in enumerate(paths)
    ]
    put(home, tables.listing_categories, rows)
    key = "shop_00", '["tea"]', "shop_01", '["tea"]'
    asked: dict[str, Any] = defaultdict(lambda: None, accepted_beside=0)
    with reading.open_read_only(home.database_url).connect() as connection:
        content = content_of(connection, Question("equivalence", key, "", "", (), 1, 1.0, 1.0, asked), {})
    assert [row["sku"] for row in content["sides"][0]["listings"]] == ["sku-1", "sku-2"]


def test_only_who_has_signed_in_answers_and_only_from_this_page(ann: TestClient, client: TestClient) -> None:
    page = client.get("/review").text
    assert "to answer: a decision is kept under a person" in page and "data-review" not in page
    sent = form_of(ann.get("/review").text, verdict="accept")
    for person, form in ((client_of(client.app.state.explored.settings), sent), (ann, {**sent, "form_token": "x"})):
        for address in ("/review", "/review/undo"):
            assert person.post(address, data=form).status_code == 403
    assert ann.post("/review", data={**sent, "verdict": "maybe"}).status_code == 422
    relation = ann.post("/review", data={**sent, "kind_of_question": "equivalence", "relation": "alike"})
    assert relation.status_code == 422


def test_a_decision_whose_category_is_gone_is_asked_first_and_can_be_withdrawn(
    own_home: Settings,
) -> None:
    ann = signed_in(own_home, "Ann")
    page = ann.get("/review").text
    assert "Does this decision still hold?" in page and "accepted by Old on 2020-01-01" in page
    assert 'value="accept"' not in page
    mark = answered(ann, "withdraw")["mark"]
    assert decisions(own_home) == [] and form_of(ann.get("/review").text)["mark"] != mark
    undone(ann)
    assert [row[2] for row in decisions(own_home)] == ["Old", "Old"] and form_of(ann.get("/review").text)[
        "mark"
    ] == mark


@pytest.mark.parametrize(
    ("kind", "gone", "target", "relation"),
    [("equivalence", '["Tea"]', '["Drinks"]', "exact"), ("substitution", "7", "sku-9", None)],
)
def test_a_decision_whose_company_is_gone_can_be_withdrawn(
    ann: TestClient, home: Settings, kind: Kind, gone: str, target: str, relation: str | None
) -> None:
    decide_on(home, kind, ("gone", gone, "shop_00", target), relation)
    form = {
        "company_slug": "gone", "subject": gone, "target_company_slug": "shop_00", "target_subject": target,
        "kind_of_question": kind, "verdict": "withdraw", "seen": LONG_AGO,
        "form_token": sessions.form_token(TOKEN, "Ann"),
    }  # fmt: skip
    assert ann.post("/review", data={**form, "verdict": "reject"}).status_code == 422
    assert ann.post("/review", data=form).status_code == 303 and decisions(home) == []


def test_where_nothing_is_asked_the_page_says_so(ann: TestClient, night: Night, tmp_path: Path) -> None:
    chosen = ann.get("/review?company=nowhere")
    assert chosen.status_code == 200 and "Nothing is published of a company &#34;nowhere&#34;" in chosen.text
    none = {
        name: frames.empty(tables.metadata.tables[name])
        for name in ("category_equivalences", "substitutions", "substitution_outcomes")
    }
    page = client_of(published_home(tmp_path, replace(night, **none))).get("/review")
    assert page.status_code == 200 and "leaves no question that an answer would change" in page.text


def test_who_asks_while_questions_are_gathered_is_told_and_they_are_gathered_once(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    may_end = threading.Event()
    gather = questions.make_queue

    def slow_and_broken_once(*asked: Any) -> questions.Queue:
        begun.append(asked)
        assert may_end.wait(PATIENT_SECONDS) and len(begun) > 1, "broken once"
        return gather(*asked)

    monkeypatch.setattr(questions, "make_queue", slow_and_broken_once)
    queues = (app := build_app(home, ACCESS)).state.queues
    queues.patience_seconds = 0.0
    person = TestClient(app, base_url="http://localhost", raise_server_exceptions=False, follow_redirects=False)
    asked = "/review?kind=equivalence"
    for answer in (person.get(asked), person.get(asked)):
        assert answer.status_code == 200 and "Questions are being gathered" in answer.text
        assert answer.headers["refresh"] == f"1;url={asked}"
    assert person.get("/").status_code == 200
    may_end.set()
    queues.patience_seconds = PATIENT_SECONDS
    assert person.get(asked).status_code == 500 and len(begun) == 1
    answer = person.get(asked)
    assert place(answer.text)[0] == 1 and "refresh" not in answer.headers and len(begun) == 2
    assert place(person.get("/review").text)[0] == 1 and len(begun) == 2


def test_choices_that_wait_are_few_and_none_is_gathered_twice(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    may_end = threading.Event()
    gather = questions.make_queue

    def slow(*asked: Any) -> questions.Queue:
        begun.append(asked[-1])
        assert may_end.wait(PATIENT_SECONDS)
        return gather(*asked)

    monkeypatch.setattr(questions, "make_queue", slow)
    monkeypatch.setattr(questions, "MOST_WAITING", 2)
    monkeypatch.setattr(questions, "QUEUES_KEPT", 2)
    queues = (app := build_app(home, ACCESS)).state.queues
    queues.patience_seconds = 0.0
    person = TestClient(app, base_url="http://localhost")
    asked = [f"/review?company=shop_{number:02}" for number in range(3)]
    for address in asked * 2:
        assert "Questions are being gathered" in person.get(address).text
    may_end.set()
    queues.patience_seconds = PATIENT_SECONDS
    for address in asked:
        assert place(person.get(address).text)[0] == 1
    assert sorted(begun) == [(f"shop_{number:02}", None) for number in range(3)]


def test_what_was_decided_after_a_night_was_first_asked_for_stays_decided_whatever_is_chosen_later(
    ann: TestClient, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = answered(ann, "reject", "/review?kind=equivalence")
    monkeypatch.setattr(questions, "recently", lambda: "2999-01-01T00:00:00.000000+00:00")
    later = ann.get(f"/review?company={decided['company_slug']}&target=shop_01&at={decided['mark']}")
    assert "This is decided already" in later.text


def test_a_mistake_of_the_program_promises_nothing_about_a_decision(
    ann: TestClient, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_of(ann.get("/review?kind=substitution").text, verdict="accept")
    monkeypatch.setattr("subs_assets.explorer.pages.review.RedirectResponse", None)
    failed = ann.post("/review", data=form)
    assert failed.status_code == 500 and "look whether your decision was kept" in failed.text and decisions(home)
    monkeypatch.setattr("subs_assets.explorer.pages.review.page", None)
    assert "nothing was changed" in ann.get("/review").text
