"""The questions of both kinds that a published night puts to a person, in one order, and which of them are still open;
how one is shown and answered is pages/review.py's."""

import hashlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Connection

from subs_assets.database import frames, lookups, tables
from subs_assets.equivalence import review as of_equivalences
from subs_assets.equivalence.questions import CHANGED, KINDS, VANISHED, PublishedEquivalences
from subs_assets.explorer.night import Explored, Night
from subs_assets.explorer.sessions import LASTS_SECONDS
from subs_assets.model.trained import SHIPPED, load
from subs_assets.settings import Settings
from subs_assets.substitution import review as of_substitutions
from subs_assets.substitution.decisions import standing_decisions

Kind = Literal["equivalence", "substitution"]
Key = tuple[str, str, str, str]
"""company_slug, subject, target_company_slug, target_subject; as decisions are kept."""
Pair = Hashable
"""What a decision is about: two categories whichever way round, or a product and its substitute."""

MOST_SUBSTITUTIONS = 2_000
"""Of a night's questions about substitutes, those that are worth most: more than people answer until the next one."""

DOUBT_OF_CHANGED = 0.5
"""Of a mapping that the evidence carries, and that is another one than the night before. For the other questions about
categories it is 1: the program cannot tell."""

QUEUES_KEPT = 8
"""Of the last nights, and of what was chosen of them: of each choice the questions are others."""

MOST_WAITING = 4
"""Choices that wait for their questions at once; whoever comes with another is told to wait, and looks again."""

Asked = tuple[str | None, str | None]
"""The company whose substitutes are asked about, and the company where they are sold; None for any."""

EVERYWHERE: Asked = (None, None)

PATIENCE_SECONDS = 0.5
"""For which somebody waits before a page says that the questions are being gathered."""


@dataclass(frozen=True)
class Question:
    """``kinds``: of a question about categories (``equivalence.questions.KINDS``). ``reached``: listings that an answer
    counts for. ``asked``: the row of the queue of ``subs review`` that it was made from."""

    kind: Kind
    key: Key
    pair: Pair
    why: str
    kinds: tuple[str, ...]
    reached: int
    doubt: float
    worth: float
    asked: Mapping[str, Any]

    @cached_property
    def mark(self) -> str:
        """A short name for addresses and cookies."""
        return hashlib.sha256("\n".join((self.kind, *self.key)).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Queue:
    """``questions``: the most valuable first, decided since or not; those about categories of all companies. ``left``:
    how many more there are about substitutes, which are worth less. ``stood``: the decisions on each pair when they
    were asked; ``product_of``: listing -> product, of all substitutes and products in question."""

    questions: Sequence[Question]
    left: int
    stood: Mapping[Pair, frozenset[Any]]
    product_of: Mapping[tuple[str, str], str]

    def decisions_by_pair(self, decisions: pd.DataFrame) -> dict[Pair, list[Any]]:
        """The rows of the table ``decisions`` that are about the same pair, the newest last."""
        found: defaultdict[Pair, list[Any]] = defaultdict(list)
        for row in decisions.sort_values("decided_at", kind="stable").itertuples(index=False):
            sides = (row.company_slug, row.subject), (row.target_company_slug, row.target_subject)
            if row.kind == "equivalence":
                found[frozenset(sides)].append(row)
            elif sides[0] in self.product_of and sides[1] in self.product_of:
                found[self.product_of[sides[0]], self.product_of[sides[1]]].append(row)
        return found

    def is_open(self, question: Question, decided: Mapping[Pair, Sequence[Any]]) -> bool:
        """Whether nobody has decided, or taken back, anything about the pair since it was asked."""
        return _marks(decided.get(question.pair, ())) == self.stood.get(question.pair, frozenset())


class Queues:
    """The queues that were last asked for: each is gathered once, when the first person asks, however many do; one at a
    time, beside the answers to others."""

    def __init__(self, explored: Explored, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.patience_seconds = patience_seconds
        self._explored = explored
        self._gathered: OrderedDict[tuple[str, Asked], Future[Queue | None]] = OrderedDict()
        self._categories: tuple[str, str, list[Question]] = ("", "", [])
        self._turn = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "questions")

    def of(self, night: Night, decisions: pd.DataFrame, asked: Asked = EVERYWHERE) -> Queue | None:
        """None where it is not gathered within ``patience_seconds``; whoever asks again gets it later.

        ``decisions``: all that stand. Of a night that is not known by a mark the queue is made anew each time. Raises
        what gathering raised, which is then begun anew for the next one who asks.
        """
        if night.mark is None:
            since = recently()
            categories = questions_about_categories(night.connection, decisions, since)
            return make_queue(night.connection, self._explored.settings, decisions, since, categories, asked)
        key = night.mark, asked
        with self._turn:
            if key not in self._gathered:
                done = [one for one, gathered in self._gathered.items() if gathered.done()]
                if len(self._gathered) - len(done) >= MOST_WAITING:
                    return None
                for oldest in done[: len(self._gathered) - QUEUES_KEPT + 1]:
                    del self._gathered[oldest]
                self._gathered[key] = self._worker.submit(self._gather, *key, decisions)
            self._gathered.move_to_end(key)
            gathered = self._gathered[key]
        if not wait([gathered], self.patience_seconds).done:
            return None
        if gathered.exception() is not None or gathered.result() is None:
            with self._turn:
                if self._gathered.get(key) is gathered:
                    del self._gathered[key]
        return gathered.result()

    def _gather(self, mark: str, asked: Asked, decisions: pd.DataFrame) -> Queue | None:
        """None where another night was published before its turn came."""
        with self._explored.night() as night:
            if night.mark != mark:
                return None
            if self._categories[0] != mark:
                since = recently()
                self._categories = mark, since, questions_about_categories(night.connection, decisions, since)
            _, since, categories = self._categories
            return make_queue(night.connection, self._explored.settings, decisions, since, categories, asked)


def recently() -> str:
    """Since when a person's decisions are of this sitting: they can be undone one after the other."""
    return (datetime.now(UTC) - timedelta(seconds=LASTS_SECONDS)).isoformat(timespec="microseconds")


def make_queue(
    connection: Connection,
    settings: Settings,
    decisions: pd.DataFrame,
    since: str,
    categories: Sequence[Question],
    asked: Asked = EVERYWHERE,
) -> Queue:
    """What decisions from before ``since`` leave open: later ones may be undone, and then their questions are back.
    ``categories``: as ``questions_about_categories`` finds them with the same ``since``."""
    settled = decisions[decisions["decided_at"] < since]
    substitutes, left, product_of = _about_substitutes(
        connection, settings, settled[settled["kind"] == "substitution"], asked
    )
    questions = sorted([*categories, *substitutes], key=lambda one: (VANISHED not in one.kinds, -one.worth))
    unsettled = Queue(questions, left, {}, product_of)
    stood = {pair: _marks(rows) for pair, rows in unsettled.decisions_by_pair(settled).items()}
    return Queue(questions, left, stood, product_of)


def _marks(rows: Sequence[Any]) -> frozenset[Any]:
    return frozenset((row.company_slug, row.subject, row.target_company_slug, row.decided_at) for row in rows)


def questions_about_categories(connection: Connection, decisions: pd.DataFrame, since: str) -> list[Question]:
    """Those that decisions from before ``since`` leave open, of all companies."""
    settled = decisions[(decisions["decided_at"] < since) & (decisions["kind"] == "equivalence")]
    # The evidence, by far the largest of the tables, is read of the one question that is shown.
    read = {field.name: getattr(tables, field.name) for field in fields(PublishedEquivalences)}
    night = PublishedEquivalences(
        **{
            name: frames.empty(table) if table is tables.category_evidence else frames.read(connection, table)
            for name, table in read.items()
        }
    )
    rows = of_equivalences.review_queue(night, settled).rows
    rows = rows.astype(object).where(rows.notna(), None)
    return [_of_category_row(row) for row in rows.to_dict("records")]


def _of_category_row(row: Mapping[Any, Any]) -> Question:
    key = (row["company_slug"], row["path"], row["target_company_slug"], row["target_path"])
    whys = row["why"].split("; ")
    kinds = tuple(kind for kind in KINDS if any(why.startswith((f"{kind}:", f"{kind},")) for why in whys))
    doubt = DOUBT_OF_CHANGED if kinds == (CHANGED,) else 1.0
    reached = int(row["listings_reached"])
    pair = frozenset({key[:2], key[2:]})
    return Question("equivalence", key, pair, row["why"], kinds, reached, doubt, reached * doubt, row)


def _about_substitutes(
    connection: Connection, settings: Settings, settled: pd.DataFrame, asked: Asked
) -> tuple[list[Question], int, dict[tuple[str, str], str]]:
    """The questions, how many more there are, and which products the listings in question are."""
    shown_from = load(settings.model or SHIPPED).acceptance.shown_from
    at_most = MOST_SUBSTITUTIONS + len(settled)
    pairs, total = lookups.pairs_worth_most(connection, shown_from, of_substitutions.NOTHING_THERE, at_most, *asked)
    product_ids = sorted({*pairs["product_id"], *pairs["substitute_id"]})
    listings, product_listings = lookups.listings_of_products(connection, product_ids)
    night = of_substitutions.PublishedSubstitutions(
        listings,
        product_listings,
        lookups.substitutions_among(connection, pairs),
        lookups.outcomes_among(connection, pairs.rename(columns={"substitute_id": "nearest_id"})),
    )
    decided = standing_decisions(settled, product_listings)
    open_now = of_substitutions.open_questions(night, decided, shown_from, *asked)
    chosen = open_now.head(MOST_SUBSTITUTIONS)
    company, _ = asked
    own = product_listings if company is None else product_listings[product_listings["company_slug"] == company]
    own = own.sort_values(of_substitutions.KEY).drop_duplicates("product_id")
    first = dict(zip(own["product_id"], zip(*(own[name] for name in of_substitutions.KEY), strict=True), strict=True))
    questions = [
        Question(
            "substitution",
            (*first[row.product_id], row.target_company_slug, row.target_sku),
            (row.product_id, row.substitute_id),
            of_substitutions.why_asked(row),
            (),
            int(row.listings),
            float(row.doubt),
            float(row.worth),
            {**row._asdict(), "shown_from": shown_from},
        )
        for row in chosen.itertuples(index=False)
    ]
    listed = zip(product_listings["company_slug"], product_listings["sku"], strict=True)
    left = max(total - at_most, 0) + len(open_now) - len(chosen)
    return questions, left, dict(zip(listed, product_listings["product_id"], strict=True))
