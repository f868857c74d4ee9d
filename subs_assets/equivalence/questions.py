"""Which mappings a person should decide, and why; how the questions are written down is review.py's.

What is published is taken as it will stand with the decisions made since.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.database.kept_decisions import SUBJECT_COLUMNS
from subs_assets.equivalence.absences import SPEAKS_FOR_PARTS, speaks_for_parts
from subs_assets.equivalence.decisions import Key, other_direction, vanished
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.relations import INVERSE

VANISHED, CONTRADICTING, CHANGED, PROPOSED = KINDS = ("vanished", "contradicting", "changed", "proposed")

RELATED_SHOWN = 3
"""Of a category without any accepted mapping to a company, so many of its ``related`` proposals are worth a look."""


class Standing(NamedTuple):
    """How a mapping stands."""

    status: str
    relation: str


@dataclass(frozen=True)
class PublishedEquivalences:
    """The published tables that the questions are made from, by their names."""

    categories: pd.DataFrame
    category_facets: pd.DataFrame
    listing_shelves: pd.DataFrame
    category_equivalences: pd.DataFrame
    category_evidence: pd.DataFrame
    category_equivalence_changes: pd.DataFrame


@dataclass(frozen=True)
class Questions:
    """``whys``: mapping -> kind of question (KINDS, in their order) -> sentence. Of every mapping that stands or is
    asked about: ``standing``, ``relations`` (what it is, or was), ``reached`` (listings that would be compared through
    it); ``accepted``: (company, path, target company) -> its accepted targets with their relations. ``no_use``:
    proposals that no answer would make useful."""

    whys: Mapping[Key, Mapping[str, str]]
    standing: Mapping[Key, Standing]
    relations: Mapping[Key, str]
    reached: Mapping[Key, int]
    accepted: "Accepted"
    no_use: Sequence[Key]


Accepted = Mapping[tuple[str, str, str], Mapping[str, str]]


def find_questions(published: PublishedEquivalences, decisions: pd.DataFrame) -> Questions:
    """The mappings that a person should decide:

    - *vanished*: a decision of which a category is gone, or is a facet now;
    - *contradicting*: both directions are accepted, but not as each other's inverse; or one is accepted and the other
      rejected;
    - *changed*: it was accepted last night, or is now, and is new, gone, or another one;
    - *proposed*: the evidence alone does not carry it; some listing would be compared through it, and with less than a
      whole department; and if it is only ``related``, then nothing accepted speaks for the category.

    A decided pair is asked about again, in either direction, only where it vanished or contradicts. ``decisions``: the
    equivalence decisions of the control state.
    """
    mappings = by_key(published.category_equivalences, KEY_COLUMNS)
    changes = by_key(published.category_equivalence_changes, KEY_COLUMNS)
    decided = by_key(decisions, SUBJECT_COLUMNS)
    facets = set(_sides(published.category_facets))
    known = published.categories[[side not in facets for side in _sides(published.categories)]]
    lost = vanished(decisions, known)
    standing = {key: Standing(row["status"], row["relation"]) for key, row in mappings.items()}
    for key in decided.keys() - lost.keys():
        standing[key] = Standing(f"{decided[key]['verdict']}ed", decided[key]["relation"] or "related")
    accepted: defaultdict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for key, (status, relation) in standing.items():
        if status == "accepted":
            accepted[key[:3]][key[3]] = relation

    relations = {key: row["relation"] or "related" for key, row in decided.items()}
    relations |= {key: row["relation_before"] or row["relation_after"] for key, row in changes.items()}
    relations |= {key: row.relation for key, row in standing.items()}
    speaking = _speaking(accepted, decided.keys(), facets)
    reached = _reached(published.listing_shelves, relations, accepted, speaking)

    closed = {*decided, *map(other_direction, decided)}
    proposed = [key for key, row in standing.items() if row.status == "proposed" and key not in closed]
    departments = _departments(published.categories, facets)
    possible = [key for key in proposed if reached[key] and key[2:] not in departments]
    useful = _useful({key: (standing[key].relation, mappings[key]["support"]) for key in possible}, accepted, speaking)
    kinds = {
        VANISHED: lost,
        CONTRADICTING: _contradictions(standing),
        CHANGED: {key: why for key, why in _changed(changes, set(_sides(known))).items() if key not in closed},
        PROPOSED: {key: _beside(accepted, key) for key in useful},
    }
    whys: defaultdict[Key, dict[str, str]] = defaultdict(dict)
    for kind, reasons in kinds.items():
        for key, reason in reasons.items():
            whys[key][kind] = reason
    return Questions(whys, standing, relations, reached, accepted, sorted(set(proposed) - useful))


def by_key(frame: pd.DataFrame, columns: Sequence[str]) -> dict[Key, dict[str, Any]]:
    """A frame's rows by the four texts that are their key; None where something is missing."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {tuple(row[name] for name in columns): row for row in rows}


def _sides(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["company_slug"], frame["path"], strict=True))


def _contradictions(standing: Mapping[Key, Standing]) -> dict[Key, str]:
    found = {}
    for key, here in standing.items():
        back = standing.get(other_direction(key))
        if back is None or "accepted" not in (here.status, back.status):
            continue
        both = here.status == back.status == "accepted"
        if (both and back.relation != INVERSE[here.relation]) or "rejected" in (here.status, back.status):
            found[key] = f"{here.status} {here.relation} here, {back.status} {back.relation} back"
    return found


def _changed(changes: Mapping[Key, Mapping[str, Any]], known: set[tuple[str, str]]) -> dict[Key, str]:
    """What went with its category is no question any more."""
    found = {}
    for key, row in changes.items():
        before, after = (
            " ".join(filter(None, (row[f"status_{when}"], row[f"relation_{when}"]))) for when in ("before", "after")
        )
        if "accepted" in (row["status_before"], row["status_after"]) and {key[:2], key[2:]} <= known:
            found[key] = {"new": f"new, {after}", "gone": f"gone, was {before}"}.get(
                row["change"], f"was {before}, is {after}"
            )
    return found


def _departments(categories: pd.DataFrame, facets: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Categories that branch, under nothing or under facets only: too broad a counterpart to be asked about."""
    return {
        (company, path)
        for company, path, is_leaf in zip(
            categories["company_slug"], categories["path"], categories["is_leaf"], strict=True
        )
        if not is_leaf and all((company, above) in facets for above in category_path.ancestors(path))
    }


def _useful(
    possible: Mapping[Key, tuple[str, float]], accepted: Accepted, speaking: Collection[tuple[str, str, str]]
) -> set[Key]:
    """Of the proposals (relation, support) all but ``related`` ones; of these only where nothing accepted speaks for
    the category, the strongest."""
    useful = {key for key, (relation, _) in possible.items() if relation != "related"}
    shown: Counter[tuple[str, str, str]] = Counter()
    for key in sorted(possible.keys() - useful, key=lambda key: (-possible[key][1], key)):
        if not _has_mapping(accepted, speaking, *key[:3]) and shown[key[:3]] < RELATED_SHOWN:
            shown[key[:3]] += 1
            useful.add(key)
    return useful


def _beside(accepted: Accepted, key: Key) -> str:
    company, _, target, _ = key
    others = len(accepted.get(key[:3], ()))
    return f"{others or 'nothing'} accepted at {target} for the category of {company}"


def _speaking(
    accepted: Accepted, decided: Collection[Key], facets: Collection[tuple[str, str]]
) -> set[tuple[str, str, str]]:
    """(company, path, target company) where what is accepted ``speaks_for_parts``."""
    rows = [
        (*key, other, relation, "decision" if (*key, other) in decided else "evidence")
        for key, targets in accepted.items()
        for other, relation in targets.items()
    ]
    mappings = pd.DataFrame(rows, columns=["company_slug", "path", "target", "target_path", "relation", "origin"])
    speaks = speaks_for_parts(mappings, pd.DataFrame(list(facets), columns=["company_slug", "path"]))
    return set(mappings.loc[speaks, ["company_slug", "path", "target"]].itertuples(index=False, name=None))


def _has_mapping(
    accepted: Accepted, speaking: Collection[tuple[str, str, str]], company: str, path: str, target: str
) -> bool:
    return (company, path, target) in accepted or any(
        (company, above, target) in speaking for above in category_path.ancestors(path)
    )


def _reached(
    shelves: pd.DataFrame,
    relations: Mapping[Key, str],
    accepted: Accepted,
    speaking: Collection[tuple[str, str, str]],
) -> dict[Key, int]:
    """How many listings would be compared through each mapping: those that stand on the category itself and, where the
    relation speaks for its parts, those below it for which nothing nearer is accepted."""
    skus: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for company, path, sku in zip(shelves["company_slug"], shelves["path"], shelves["sku"], strict=True):
        skus[company, path].add(sku)
    below: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for company, path in skus:
        for above in category_path.ancestors(path):
            below[company, above].append(path)

    def is_nearest(company: str, path: str, target: str, shelf: str) -> bool:
        between = (node for node in category_path.ancestors(shelf) if path in category_path.ancestors(node))
        return (company, shelf, target) not in accepted and not any(
            (company, node, target) in speaking for node in between
        )

    def listings(key: Key, relation: str) -> int:
        company, path, target, _ = key
        parts = below[company, path] if relation in SPEAKS_FOR_PARTS else []
        spoken_for = (skus[company, shelf] for shelf in parts if is_nearest(company, path, target, shelf))
        return len(skus.get((company, path), set()).union(*spoken_for))

    return {key: listings(key, relation) for key, relation in relations.items()}
