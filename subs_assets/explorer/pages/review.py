"""Questions that wait for a person, one at a time: shown, answered, skipped, and the last answer taken back."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, cast, get_args
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from subs_assets.catalogue import category_path
from subs_assets.database import control, frames, kept_decisions, lookups
from subs_assets.database.control_tables import decisions as decisions_table
from subs_assets.database.kept_decisions import DecidedMeanwhile
from subs_assets.database.taken_back import NothingToTakeBack, OwnDecision, last_decision, take_back
from subs_assets.explorer import judging
from subs_assets.explorer.deciding import Relation, Said, Unfit, Verdict, keep
from subs_assets.explorer.limits import LONGEST_TEXT, Text
from subs_assets.explorer.night import Explored, Night
from subs_assets.explorer.pages.forms import Form, require_own_form
from subs_assets.explorer.pages.sign_in import is_encrypted
from subs_assets.explorer.questions import Kind, Pair, Question, Queue, Queues, recently
from subs_assets.explorer.rendering import page
from subs_assets.explorer.visitor import KnownVisitor, cookie_name
from subs_assets.review.decided import said_with_reason

router = APIRouter()

SKIPPED = "subs_skipped"
"""The cookie with the mark of the question up to which all were answered or skipped; it ends with the browser's
session."""

NOTHING_KEPT = "That stood already, in somebody's name: nothing was kept in yours, and there is nothing to undo."
NOT_ASKED = "The question that you followed is not asked any more; this is the next one."

LOOK_AGAIN_SECONDS = 1
"""Between two looks of a browser whether a night's questions are gathered."""

FILTERS = ("kind", "company", "target")
KEY = ("company_slug", "subject", "target_company_slug", "target_subject")
Filter = Annotated[Text, Query(max_length=LONGEST_TEXT)]


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
    chosen = {field: form.get(field, "") for field in FILTERS}
    verdict = form.get("verdict", "")
    if verdict == "skip":
        return _skipped_up_to(request, _back(chosen), form.get("passed", ""))
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
    return RedirectResponse(_back(chosen, form.get("at", "")), HTTPStatus.SEE_OTHER)


@router.post("/review/undo")
def undo(request: Request, visitor: KnownVisitor, form: Form) -> Any:
    """What stood before the person's last decision stands again, and its question is shown."""
    name = require_own_form(request, visitor, form)
    chosen = {field: form.get(field, "") for field in FILTERS}
    entry = form.get("entry", "")
    explored = _explored(request)
    with control.opened(explored.settings.control_url) as engine:
        try:
            taken = take_back(engine, name, recently(), int(entry) if entry.isdecimal() else 0)
        except NothingToTakeBack as problem:
            with explored.night() as night:
                return _shown(request, night, name, chosen, told=f"{problem}.", status=HTTPStatus.CONFLICT)
    with explored.night() as night:
        queue, decided = _queue(request, night, explored)
    if queue is None:
        return RedirectResponse(_back(chosen), HTTPStatus.SEE_OTHER)
    pair = next(iter(queue.decisions_by_pair(pd.DataFrame([dict(row) for row in taken.rows]))), None)
    mark = next((one.mark for one in queue.questions if one.pair == pair and queue.is_open(one, decided)), "")
    return RedirectResponse(_back(chosen, mark), HTTPStatus.SEE_OTHER)


def next_question(ahead: Sequence[Question], open_now: Sequence[Question]) -> Question | None:
    """The first that nobody has skipped (``ahead``); then what was skipped, in that order."""
    return next(iter(ahead or open_now), None)


def _shown(
    request: Request,
    night: Night,
    name: str | None,
    chosen: Mapping[str, str],
    at: str = "",
    told: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """``at``: the mark of the question to show; the next one where it is not asked any more, or none where the person
    is told that it is decided: a key that is pressed then is not meant for another question."""
    explored = _explored(request)
    queue, decided = _queue(request, night, explored)
    if queue is None:
        return _being_gathered(request, _back(chosen, at), told, status)
    place = {one.mark: number for number, one in enumerate(queue.questions)}
    passed = request.cookies.get(cookie_name(request, SKIPPED), "")
    wanted = [one for one in queue.questions if _is_wanted(one, chosen)]
    open_now = [one for one in wanted if queue.is_open(one, decided)]
    ahead = [one for one in open_now if place[one.mark] > place.get(passed, -1)]
    question = queue.questions[place[at]] if at in place else None
    if question is None and not (at and told):
        question = next_question(ahead, open_now)
        told = told or (NOT_ASKED if at else "")
    last = None if name is None else explored.of_control(lambda engine: last_decision(engine, name, recently()))
    standing = [] if question is None else _standing(question, decided)
    return page(
        request,
        "review.html",
        status,
        chosen=chosen,
        back=_back(chosen),
        companies=sorted({slug for one in queue.questions for slug in (one.key[0], one.key[2])}),
        total=len(wanted),
        place=len(wanted) - len(open_now) + 1,
        skipped=len(open_now) - len(ahead),
        left=queue.left if chosen["kind"] != "equivalence" else 0,
        own=_own_recent(decided, name),
        question=question,
        passed=passed if question in open_now and question not in ahead and ahead else question and question.mark,
        is_open=question in open_now,
        standing=[{**{side: getattr(row, side) for side in KEY}, "said": _said_as(row)} for row in standing],
        seen=",".join(sorted({row.decided_at for row in standing})),
        content=None if question is None else judging.content_of(night.connection, question),
        worth=None if question is None else judging.worth_said(question),
        relations=judging.RELATIONS,
        last=None if last is None else {"said": _last_said(night, last), "entry": last.entry},
        told=told,
        is_conflict=status == HTTPStatus.CONFLICT,
    )


def _being_gathered(request: Request, back: str, told: str, status: HTTPStatus) -> Response:
    """The page that the browser loads again by itself, until there are questions."""
    response = page(request, "review_gathered.html", status, back=back, told=told)
    # Not said in the page itself: that is forbidden to pages with something to read, and this one has nothing.
    response.headers["Refresh"] = f"{LOOK_AGAIN_SECONDS};url={back}"
    return response


def _standing(question: Question, decided: Mapping[Pair, Sequence[Any]]) -> Sequence[Any]:
    """The decisions on its pair; of an equivalence the one in the direction in which it is asked."""
    rows = decided.get(question.pair, [])
    if question.kind == "substitution":
        return rows
    return [row for row in rows if (row.company_slug, row.subject) == question.key[:2]]


def _said_as(row: Any) -> str:
    return f"{said_with_reason(row)} (as {row.relation})" if isinstance(row.relation, str) else said_with_reason(row)


def _queue(request: Request, night: Night, explored: Explored) -> tuple[Queue | None, dict[Pair, list[Any]]]:
    """The questions, None while they are gathered, and what was decided about them."""
    queues: Queues = request.app.state.queues
    decisions = explored.of_control(lambda engine: kept_decisions.read_decisions(engine))
    decisions = frames.empty(decisions_table) if decisions is None else decisions
    queue = queues.of(night, decisions)
    return queue, {} if queue is None else queue.decisions_by_pair(decisions)


def _is_wanted(question: Question, chosen: Mapping[str, str]) -> bool:
    """Of categories a question is about both directions, so either company may be the one that is asked for."""
    sides = [(question.key[0], question.key[2])]
    if question.kind == "equivalence":
        sides.append(sides[0][::-1])
    return chosen["kind"] in ("", question.kind) and any(
        chosen["company"] in ("", here) and chosen["target"] in ("", there) for here, there in sides
    )


def _said(form: Mapping[str, str], verdict: str) -> Said:
    kind, relation = form.get("kind_of_question", ""), form.get("relation", "")
    if verdict not in get_args(Verdict) or kind not in get_args(Kind) or not all(form.get(field) for field in KEY):
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


def _own_recent(decided: Mapping[Pair, Sequence[Any]], name: str | None) -> int:
    since = recently()
    return sum(any(row.decided_by == name and row.decided_at >= since for row in rows) for rows in decided.values())


def _last_said(night: Night, last: OwnDecision) -> str:
    """ "accepted broad: aldi Muesli ~ coles Cereals"."""
    row = last.said
    sides = (row["company_slug"], row["subject"]), (row["target_company_slug"], row["target_subject"])
    if row["kind"] == "equivalence":
        named = [f"{company} {category_path.readable(path)}" for company, path in sides]
    else:
        names = lookups.listing_names(night.connection, {sku for _, sku in sides})
        named = [f"{company} {names.get((company, sku), sku)}" for company, sku in sides]
    verdict = {"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn"}[row["verdict"]]
    return f"{' '.join(filter(None, (verdict, row['relation'])))}: {' ~ '.join(named)}"


def _explored(request: Request) -> Explored:
    found: Explored = request.app.state.explored
    return found


def _back(chosen: Mapping[str, str], mark: str = "") -> str:
    asked = {name: value for name, value in {**chosen, "at": mark}.items() if value}
    return f"/review?{urlencode(asked)}" if asked else "/review"


def _skipped_up_to(request: Request, back: str, mark: str) -> Response:
    response = RedirectResponse(back, HTTPStatus.SEE_OTHER)
    if mark.isalnum() and mark.isascii():
        name = cookie_name(request, SKIPPED)
        response.set_cookie(name, mark, httponly=True, samesite="lax", secure=is_encrypted(request))
    return response
