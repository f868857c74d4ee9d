"""Questions that wait for a person, one at a time: shown, answered, skipped, and the last answer taken back."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast, get_args
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from subs_assets.database import control, frames, kept_decisions, lookups
from subs_assets.database.control_tables import decisions as decisions_table
from subs_assets.database.kept_decisions import SUBJECT_COLUMNS, DecidedMeanwhile
from subs_assets.database.taken_back import NothingToTakeBack, OwnDecision, last_decision, take_back
from subs_assets.explorer import judging
from subs_assets.explorer.deciding import Relation, Said, Unfit, Verdict, keep
from subs_assets.explorer.limits import LONGEST_TEXT, Text
from subs_assets.explorer.night import Explored, Night
from subs_assets.explorer.pages.forms import Form, require_own_form
from subs_assets.explorer.pages.sign_in import is_encrypted
from subs_assets.explorer.questions import EVERYWHERE, Kind, Pair, Question, Queue, Queues, recently
from subs_assets.explorer.rendering import page
from subs_assets.explorer.visitor import KnownVisitor, cookie_name
from subs_assets.review.decided import said_with_reason

router = APIRouter()

SKIPPED = "subs_skipped"
"""The cookie with the mark of the question up to which all were answered or skipped and, where the last thing a person
did was to skip it, a dot and the mark that it had before; it ends with the browser's session."""

NOTHING_KEPT = "That stood already, in somebody's name: nothing was kept in yours, and there is nothing to undo."
NOT_ASKED = "The question that you followed is not asked any more; this is the next one."

LOOK_AGAIN_SECONDS = 1
"""Between two looks of a browser whether a night's questions are gathered."""

MOST_DECIDED_SHOWN = 50

DONE = {"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn"}

FILTERS = ("kind", "company", "target")
Filter = Annotated[Text, Query(max_length=LONGEST_TEXT)]

Decided = Mapping[Pair, Sequence[Any]]
"""The rows of the table ``decisions`` that are about a pair, the newest last."""


@router.get("/review")
def review(
    request: Request,
    visitor: KnownVisitor,
    kind: Filter = "",
    company: Filter = "",
    target: Filter = "",
    at: Filter = "",
) -> Any:
    """``at``: the mark of one question, decided or not, instead of the next one."""
    with _explored(request).night() as night:
        chosen = {"kind": kind, "company": company, "target": target}
        return _shown(request, night, visitor.name, chosen, at=at)


@router.post("/review")
def answer(request: Request, visitor: KnownVisitor, form: Form) -> Any:
    name = require_own_form(request, visitor, form)
    chosen = _chosen(form)
    verdict = form.get("verdict", "")
    if verdict == "skip":
        before, passed = _passed(request), form.get("passed", "")
        response = RedirectResponse(_back(chosen), HTTPStatus.SEE_OTHER)
        return _with_passed(request, response, passed if passed == before else f"{passed}.{before}")
    said = _said(form, verdict)
    explored = _explored(request)
    with explored.night() as night:
        try:
            kept = keep(night.connection, explored.settings, said, name, only_over=form.get("seen", "").split(","))
        except Unfit as unfit:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(unfit)) from None
        except DecidedMeanwhile as problem:
            return _shown(request, night, name, chosen, form.get("mark", ""), f"{problem}.", HTTPStatus.CONFLICT)
        if kept.empty:
            return _shown(request, night, name, chosen, told=NOTHING_KEPT)
    return _with_passed(
        request, RedirectResponse(_back(chosen, form.get("at", "")), HTTPStatus.SEE_OTHER), _passed(request)
    )


@router.post("/review/undo")
def undo(request: Request, visitor: KnownVisitor, form: Form) -> Any:
    """What stood before the person's last decision stands again, or what was skipped is back; and its question is
    shown."""
    name = require_own_form(request, visitor, form)
    chosen = _chosen(form)
    if "skipped" in form:
        response = RedirectResponse(_back(chosen, form["skipped"]), HTTPStatus.SEE_OTHER)
        return _with_passed(request, response, form.get("passed", ""))
    entry = form.get("entry", "")
    explored = _explored(request)
    with control.opened(explored.settings.control_url) as engine:
        try:
            taken = take_back(engine, name, recently(), int(entry) if entry.isdecimal() else 0)
        except NothingToTakeBack as problem:
            with explored.night() as night:
                told = f"{problem}.".capitalize()
                return _shown(request, night, name, chosen, told=told, status=HTTPStatus.CONFLICT)
    with explored.night() as night:
        queue, decided = _queue(request, night, chosen)
    if queue is None:
        return RedirectResponse(_back(chosen), HTTPStatus.SEE_OTHER)
    pair = next(iter(queue.decisions_by_pair(pd.DataFrame([dict(row) for row in taken.rows]))), None)
    mark = next((one.mark for one in queue.questions if one.pair == pair and queue.is_open(one, decided)), "")
    return RedirectResponse(_back(chosen, mark), HTTPStatus.SEE_OTHER)


def _shown(
    request: Request,
    night: Night,
    name: str | None,
    chosen: dict[str, str],
    at: str = "",
    told: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """``at``: the mark of the question to show; the next one where it is not asked any more, or none where the person
    is told that it is decided: a key that is pressed then is not meant for another question."""
    companies = lookups.companies(night.connection)
    for field in ("company", "target"):
        if chosen[field] not in ("", *companies):
            told = told or f'Nothing is published of a company "{chosen[field]}"; these are the questions of all.'
            chosen = {**chosen, field: ""}
    queue, decided = _queue(request, night, chosen)
    if queue is None:
        return _being_gathered(request, _back(chosen, at), told, status)
    place = {one.mark: number for number, one in enumerate(queue.questions)}
    passed = _passed(request)
    wanted = [one for one in queue.questions if _is_wanted(one, chosen)]
    open_now = [one for one in wanted if queue.is_open(one, decided)]
    ahead = [one for one in open_now if place[one.mark] > place.get(passed, -1)]
    question = queue.questions[place[at]] if at in place else None
    if question is None and not (at and status == HTTPStatus.CONFLICT):
        question = next(iter(ahead or open_now), None)  # what was skipped comes after all others
        told = told or (NOT_ASKED if at else "")
    own = _own_recent(wanted, decided, name)
    standing = [] if question is None else _standing(question, decided)
    names = request.app.state.company_names
    return page(
        request,
        "review.html",
        status,
        chosen=chosen,
        back=_back(chosen),
        companies=companies,
        total=len(wanted),
        place=len(wanted) - len(open_now) + 1,
        skipped=len(open_now) - len(ahead),
        left=queue.left if chosen["kind"] != "equivalence" else 0,
        own=own,
        own_said=_own_said(night, names, own[:MOST_DECIDED_SHOWN]),
        question=question,
        passed=passed if question in open_now and question not in ahead and ahead else question and question.mark,
        is_open=question in open_now,
        standing=[
            {**{side: getattr(row, side) for side in SUBJECT_COLUMNS}, "said": _said_as(row)} for row in standing
        ],
        seen=",".join(sorted({row.decided_at for row in standing})),
        content=None if question is None else judging.content_of(night.connection, question, names),
        relations=judging.RELATIONS,
        last=_last_act(request, night, name, queue, place),
        told=told,
        is_conflict=status == HTTPStatus.CONFLICT,
    )


def _being_gathered(request: Request, back: str, told: str, status: HTTPStatus) -> Response:
    """The page that the browser loads again by itself, until there are questions."""
    response = page(request, "review_gathered.html", status, back=back, told=told)
    # Not said in the page itself: that is forbidden to pages with something to read, and this one has nothing.
    response.headers["Refresh"] = f"{LOOK_AGAIN_SECONDS};url={back}"
    return response


def _queue(request: Request, night: Night, chosen: Mapping[str, str]) -> tuple[Queue | None, dict[Pair, list[Any]]]:
    """The questions, None while they are gathered, and what was decided about them."""
    queues: Queues = request.app.state.queues
    decisions = _explored(request).of_control(lambda engine: kept_decisions.read_decisions(engine))
    decisions = frames.empty(decisions_table) if decisions is None else decisions
    # Those about categories are gathered for all companies at once.
    asked = EVERYWHERE if chosen["kind"] == "equivalence" else (chosen["company"] or None, chosen["target"] or None)
    queue = queues.of(night, decisions, asked)
    return queue, {} if queue is None else queue.decisions_by_pair(decisions)


def _is_wanted(question: Question, chosen: Mapping[str, str]) -> bool:
    """Those about substitutes were chosen by company as they were gathered. Of categories a question is about both
    directions, so either company may be the one that is asked for."""
    company, _, target, _ = question.key
    return chosen["kind"] in ("", question.kind) and (
        question.kind == "substitution"
        or any(
            chosen["company"] in ("", here) and chosen["target"] in ("", there)
            for here, there in ((company, target), (target, company))
        )
    )


def _standing(question: Question, decided: Decided) -> Sequence[Any]:
    """The decisions on its pair; of an equivalence the one in the direction in which it is asked."""
    rows = decided.get(question.pair, [])
    if question.kind == "substitution":
        return rows
    return [row for row in rows if (row.company_slug, row.subject) == question.key[:2]]


def _said_as(row: Any) -> str:
    return f"{said_with_reason(row)} (as {row.relation})" if isinstance(row.relation, str) else said_with_reason(row)


def _own_recent(wanted: Sequence[Question], decided: Decided, name: str | None) -> list[tuple[Question, Any]]:
    """The questions that the person has decided in this sitting, each with the decision; the newest first."""
    since = recently()
    own = [
        (question, row)
        for question in wanted
        for row in _standing(question, decided)[-1:]
        if row.decided_by == name and row.decided_at >= since
    ]
    return sorted(own, key=lambda one: one[1].decided_at, reverse=True)


def _own_said(
    night: Night, names: Mapping[str, str], own: Sequence[tuple[Question, Any]]
) -> list[tuple[str, str, str]]:
    """Mark of the question, verdict, and the two sides."""
    sides = judging.pairs_said(night.connection, names, [(question.kind, question.key) for question, _ in own])
    return [
        (question.mark, _verdict(row.verdict, row.relation), said)
        for (question, row), said in zip(own, sides, strict=True)
    ]


def _last_act(
    request: Request, night: Night, name: str | None, queue: Queue, place: Mapping[str, int]
) -> dict[str, Any] | None:
    """What ``u`` undoes: ``verdict`` and ``said``, and the ``fields`` of the form."""
    if name is None:
        return None
    names = request.app.state.company_names
    passed, is_skip, before = _cookie(request).partition(".")
    if is_skip and passed in place:
        question = queue.questions[place[passed]]
        (said,) = judging.pairs_said(night.connection, names, [(question.kind, question.key)])
        return {"verdict": "skipped", "said": said, "fields": {"skipped": passed, "passed": before}}
    last: OwnDecision | None = _explored(request).of_control(lambda engine: last_decision(engine, name, recently()))
    if last is None:
        return None
    row, replaced = last.said, last.replaced[0]
    (said,) = judging.pairs_said(night.connection, names, [(row["kind"], tuple(row[side] for side in SUBJECT_COLUMNS))])
    instead = f", instead of {replaced['decided_by']}'s {replaced['verdict']}" if replaced else ""
    return {
        "verdict": _verdict(row["verdict"], row["relation"]),
        "said": said + instead,
        "fields": {"entry": last.entry},
    }


def _verdict(verdict: str, relation: Any) -> str:
    return f"{DONE[verdict]} as {relation}" if isinstance(relation, str) else DONE[verdict]


def _said(form: Mapping[str, str], verdict: str) -> Said:
    kind, relation = form.get("kind_of_question", ""), form.get("relation", "")
    if (
        verdict not in get_args(Verdict)
        or kind not in get_args(Kind)
        or not all(form.get(field) for field in SUBJECT_COLUMNS)
    ):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The form lacks a verdict or one of the two sides.")
    needs_relation = kind == "equivalence" and verdict == "accept"
    return Said(
        cast(Kind, kind),
        form["company_slug"],
        form["subject"],
        form["target_company_slug"],
        form["target_subject"],
        cast(Verdict, verdict),
        cast(Relation, relation) if needs_relation else None,
        form.get("reason"),
    )


def _explored(request: Request) -> Explored:
    found: Explored = request.app.state.explored
    return found


def _chosen(form: Mapping[str, str]) -> dict[str, str]:
    return {field: form.get(field, "") for field in FILTERS}


def _back(chosen: Mapping[str, str], mark: str = "") -> str:
    asked = {name: value for name, value in {**chosen, "at": mark}.items() if value}
    return f"/review?{urlencode(asked)}" if asked else "/review"


def _cookie(request: Request) -> str:
    return request.cookies.get(cookie_name(request, SKIPPED), "")


def _passed(request: Request) -> str:
    return _cookie(request).partition(".")[0]


def _with_passed(request: Request, response: Response, value: str) -> Response:
    if value != _cookie(request) and re.fullmatch(r"[0-9a-f]*\.?[0-9a-f]*", value):
        name = cookie_name(request, SKIPPED)
        response.set_cookie(name, value, httponly=True, samesite="lax", secure=is_encrypted(request))
    return response
