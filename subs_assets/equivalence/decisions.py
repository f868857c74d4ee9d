"""A person's decisions over the mappings that the evidence proposes; they always win, and none is lost in silence."""

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.mapping import KEY_COLUMNS, MAPPING_COLUMNS

MEASURED_COLUMNS = MAPPING_COLUMNS[MAPPING_COLUMNS.index("support") : MAPPING_COLUMNS.index("reason")]
"""What the evidence says in numbers; zero where a person says it alone."""


def apply_decisions(
    mappings: pd.DataFrame, decisions: pd.DataFrame, categories: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """The mappings with every decision applied, and a sentence for each decision whose category is gone.

    ``decisions``: the equivalence decisions of the control state (company_slug, subject, target_company_slug,
    target_subject, verdict, relation ...); subjects are category paths. An accepted pair that the evidence did not
    propose is added.
    """
    rows = {tuple(row[:4]): list(row) for row in mappings[MAPPING_COLUMNS].itertuples(index=False, name=None)}
    known = set(zip(categories["company_slug"], categories["path"], strict=True))
    vanished = []
    column = {name: index for index, name in enumerate(MAPPING_COLUMNS)}
    for decision in decisions.itertuples(index=False):
        key = (decision.company_slug, decision.subject, decision.target_company_slug, decision.target_subject)
        missing = [pair for pair in (key[:2], key[2:]) if pair not in known]
        if missing:
            company, path = missing[0]
            vanished.append(
                f"decision of {decision.decided_by} on {category_path.readable(key[1])}: {company} has no category "
                f'"{category_path.readable(path)}" any more; the decision is kept and waits for it'
            )
            continue
        row = rows.setdefault(key, [*key, "related", "proposed", "decision", *[0.0] * len(MEASURED_COLUMNS), ""])
        row[column["origin"]] = "decision"
        row[column["status"]] = "accepted" if decision.verdict == "accept" else "rejected"
        if decision.verdict == "accept" and isinstance(decision.relation, str):
            row[column["relation"]] = decision.relation
        why = f": {decision.reason}" if isinstance(decision.reason, str) and decision.reason else ""
        row[column["reason"]] = f"{decision.verdict}ed by {decision.decided_by} on {decision.decided_at}{why}"
    frame = pd.DataFrame(list(rows.values()), columns=MAPPING_COLUMNS)
    return frame.sort_values(KEY_COLUMNS, ignore_index=True), vanished
