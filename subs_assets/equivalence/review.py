"""The queue for a person: one row for each pair of categories in question, with what is needed to decide it.

A row asks about a pair, never about a direction: what b is to a says what a is to b, so that nobody is asked the same
thing twice. Which mappings are in question is questions.py's, how the filled-in queue is read review_file.py's.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.decisions import Key, other_direction
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.questions import (
    KINDS,
    VANISHED,
    PublishedEquivalences,
    Questions,
    Standing,
    by_key,
    find_questions,
)

PERSONS_COLUMNS = ["verdict", "relation", "reason"]
"""Empty: what the person fills in."""

FIGURES = {
    "support": 1, "hard_support": 1, "soft_support": 1, "target_given_source_bound": 2, "source_given_target_bound": 2,
    "label_similarity": 2,
}  # fmt: skip
"""Columns of ``category_equivalences`` that are shown, and to how many digits."""

PAIRS_SHOWN = 5

QUEUE_COLUMNS = [
    *PERSONS_COLUMNS, "company_slug", "category", "target_company_slug", "target_category", "proposed_relation", "why",
    "listings_reached", "listings", "target_listings", "accepted_beside", "status", "relation_back", "status_back",
    *FIGURES, "evidence_says",
    *(f"pair_{number}" for number in range(1, PAIRS_SHOWN + 1)), "path", "target_path",
]  # fmt: skip


@dataclass(frozen=True)
class Queue:
    """``rows``: DataFrame[QUEUE_COLUMNS]; ``asked``: rows for each kind of question, a row may ask several;
    ``left_out``: how many proposals no answer would make useful."""

    rows: pd.DataFrame
    asked: Mapping[str, int]
    left_out: int


def review_queue(
    published: PublishedEquivalences,
    decisions: pd.DataFrame,
    company_slug: str | None = None,
    target_company_slug: str | None = None,
) -> Queue:
    """What a person should decide, of one company, to one company, or all; vanished decisions first, then what reaches
    most listings.

    A row is written in the direction that is in question, of two in the one that reaches more listings; what only the
    other one asks is in it too. ``decisions``: the equivalence decisions of the control state.
    """
    questions = find_questions(published, decisions)

    def is_wanted(key: Key) -> bool:
        return company_slug in (None, key[0]) and target_company_slug in (None, key[2])

    def most_reached_first(key: Key) -> tuple[int, Key]:
        return -questions.reached[key], key

    either = {*questions.whys, *map(other_direction, questions.whys)} & questions.relations.keys()
    fronts: dict[frozenset[tuple[str, str]], Key] = {}
    for key in sorted(filter(is_wanted, either), key=lambda key: (key not in questions.whys, *most_reached_first(key))):
        fronts.setdefault(frozenset({key[:2], key[2:]}), key)
    why = {key: _why(questions, key) for key in fronts.values()}
    chosen = sorted(why, key=lambda key: (VANISHED not in why[key], *most_reached_first(key)))
    mappings = by_key(published.category_equivalences, KEY_COLUMNS)
    pairs = _strongest_pairs(published.category_evidence, chosen)
    listings = published.categories.set_index(["company_slug", "path"])["listings"].to_dict()
    rows = [
        {
            **_row(questions, key, why[key], mappings.get(key, {})),
            "listings": listings.get(key[:2]),
            "target_listings": listings.get(key[2:]),
            **pairs.get(key, {}),
        }
        for key in chosen
    ]
    counted = Counter(kind for kinds in why.values() for kind in kinds)
    return Queue(
        pd.DataFrame(rows, columns=QUEUE_COLUMNS),
        {kind: counted[kind] for kind in KINDS if kind in counted},
        sum(map(is_wanted, questions.no_use)),
    )


def _why(questions: Questions, key: Key) -> dict[str, str]:
    """Kind of question -> sentence, of this direction and, where only the other one asks it, of that."""
    back = questions.whys.get(other_direction(key), {})
    return {kind: f"{kind}, back: {why}" for kind, why in back.items()} | {
        kind: f"{kind}: {why}" for kind, why in questions.whys.get(key, {}).items()
    }


def _row(questions: Questions, key: Key, why: Mapping[str, str], mapping: Mapping[str, Any]) -> dict[str, Any]:
    company, path, target_company, target_path = key
    nothing = Standing("", "")
    here, back = (questions.standing.get(side, nothing) for side in (key, other_direction(key)))
    return {
        **dict.fromkeys(PERSONS_COLUMNS, ""),
        "company_slug": company,
        "category": category_path.readable(path),
        "target_company_slug": target_company,
        "target_category": category_path.readable(target_path),
        "proposed_relation": questions.relations[key],
        "why": "; ".join(why[kind] for kind in KINDS if kind in why),
        "listings_reached": questions.reached[key],
        "accepted_beside": len(questions.accepted.get(key[:3], {}).keys() - {target_path}),
        "status": here.status,
        "relation_back": back.relation,
        "status_back": back.status,
        **{name: round(mapping[name], digits) for name, digits in FIGURES.items() if name in mapping},
        "evidence_says": mapping.get("reason", ""),
        "path": path,
        "target_path": target_path,
    }


def _strongest_pairs(evidence: pd.DataFrame, keys: Collection[Key]) -> dict[Key, dict[str, str]]:
    """``pair_1`` ...: the strongest pairs of listings behind each of these mappings, each name of the row's own side
    once: that all evidence is one coconut water should be seen."""
    behind = evidence.merge(pd.DataFrame(list(keys), columns=KEY_COLUMNS), on=KEY_COLUMNS).sort_values("rank")
    named = behind.drop_duplicates([*KEY_COLUMNS, "name"])
    pairs: dict[Key, dict[str, str]] = {}
    for row in named.itertuples(index=False):
        shown = pairs.setdefault((row.company_slug, row.path, row.target_company_slug, row.target_path), {})
        if len(shown) < PAIRS_SHOWN:
            shown[f"pair_{len(shown) + 1}"] = f"{row.name} ~ {row.target_name} ({row.kind} {row.weight:.2f})"
    return pairs
