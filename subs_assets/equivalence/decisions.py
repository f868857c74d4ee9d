"""A person's decisions over the mappings that the evidence proposes; they always win, and none is lost in silence."""

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.database.kept_decisions import SUBJECT_COLUMNS
from subs_assets.equivalence.mapping import KEY_COLUMNS, MAPPING_COLUMNS
from subs_assets.equivalence.relations import INVERSE
from subs_assets.review.decided import said, said_with_reason

MEASURED_COLUMNS = MAPPING_COLUMNS[MAPPING_COLUMNS.index("support") : MAPPING_COLUMNS.index("reason")]
"""What the evidence says in numbers; zero where a person says it alone."""

Key = tuple[str, str, str, str]
"""company_slug, path, target_company_slug, target_path"""


def other_direction(key: Key) -> Key:
    """The key of the mapping back."""
    return (*key[2:], *key[:2])


def both_directions(decided: pd.DataFrame) -> pd.DataFrame:
    """The decisions and, after each, the same in the other direction; the index says which two belong together."""
    back = decided.rename(columns=dict(zip(SUBJECT_COLUMNS, other_direction(SUBJECT_COLUMNS), strict=True)))
    back["relation"] = decided["relation"].map(INVERSE)
    return pd.concat([decided, back[decided.columns]]).sort_index(kind="stable")


def without_inverses(decisions: pd.DataFrame) -> pd.DataFrame:
    """Each pair that is decided in both directions alike once, for a person to read."""
    said_back: dict[Key, tuple[str, str | None]] = {}
    keep = []
    for decision in decisions.itertuples(index=False):
        key = (decision.company_slug, decision.subject, decision.target_company_slug, decision.target_subject)
        relation = decision.relation if isinstance(decision.relation, str) else None
        keep.append(said_back.get(key) != (decision.verdict, relation))
        said_back[other_direction(key)] = decision.verdict, INVERSE[relation] if relation else None
    return decisions[keep]


def apply_decisions(
    mappings: pd.DataFrame, decisions: pd.DataFrame, categories: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """The mappings with every decision applied, and a sentence for each pair whose decision has lost a category.

    ``decisions``: the equivalence decisions of the control state (company_slug, subject, target_company_slug,
    target_subject, verdict, relation ...); subjects are category paths. An accepted pair that the evidence did not
    propose is added. What the evidence alone would have said stays in the reason.
    """
    rows = {tuple(row[:4]): list(row) for row in mappings[MAPPING_COLUMNS].itertuples(index=False, name=None)}
    lost = vanished(decisions, categories)
    column = {name: index for index, name in enumerate(MAPPING_COLUMNS)}
    for decision in decisions.itertuples(index=False):
        key = (decision.company_slug, decision.subject, decision.target_company_slug, decision.target_subject)
        if key in lost:
            continue
        row, alone = rows.get(key), ""
        if row is None:
            row = rows[key] = [*key, "related", "", "", *[0.0] * len(MEASURED_COLUMNS), ""]
        else:
            status, relation, reason = (row[column[name]] for name in ("status", "relation", "reason"))
            alone = f". The evidence alone: {status}, {relation}; {reason}"
        row[column["origin"]] = "decision"
        row[column["status"]] = f"{decision.verdict}ed"
        if isinstance(decision.relation, str):
            row[column["relation"]] = decision.relation
        row[column["reason"]] = f"{said_with_reason(decision)}{alone}"
    frame = pd.DataFrame(list(rows.values()), columns=MAPPING_COLUMNS)
    return frame.sort_values(KEY_COLUMNS, ignore_index=True), sorted(set(lost.values()))


def vanished(decisions: pd.DataFrame, categories: pd.DataFrame) -> dict[Key, str]:
    """The decisions of which a category is not among ``categories`` (company_slug, path), with a sentence that says
    which; it is the same one for both directions of a pair."""
    known = set(zip(categories["company_slug"], categories["path"], strict=True))
    lost: dict[Key, str] = {}
    for decision in decisions.itertuples(index=False):
        key = (decision.company_slug, decision.subject, decision.target_company_slug, decision.target_subject)
        sides = sorted([key[:2], key[2:]])
        missing = [side for side in sides if side not in known]
        if not missing:
            continue
        one, other = (f"{company}: {category_path.readable(path)}" for company, path in sides)
        gone = " and ".join(f'{company} has no category "{category_path.readable(path)}"' for company, path in missing)
        lost[key] = f"{one} ~ {other}, {said(decision)}: {gone} any more; the decision is kept and waits for it"
    return lost
