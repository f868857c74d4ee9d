"""Whether published substitutions keep their own rules: keys, ranks, caps, gates; whether they are good is measured in
evaluation/."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.finding import REPORT_IT, Finding, Gravity, Verdict, faultless
from subs_assets.substitution import rows
from subs_assets.substitution.attributes import product_attributes
from subs_assets.substitution.gates import CLAIM, GATES, Gates

EXAMPLES = 3
"""Rows that are named where gates were passed."""


def rows_are_sound(substitutions: pd.DataFrame, products: pd.DataFrame, product_listings: pd.DataFrame) -> Verdict:
    """Nobody replaces itself, keys exist, ranks are whole; caps are kept, unless people accepted more."""
    known = set(products["product_id"])
    sold = pd.MultiIndex.from_frame(product_listings[["product_id", "company_slug", "sku"]])
    offered = pd.MultiIndex.from_frame(
        substitutions[["substitute_id", "company_slug", "sku"]].set_axis(["product_id", "company_slug", "sku"], axis=1)
    )
    groups = substitutions.assign(by_evidence=~accepted_by_people(substitutions)).groupby(
        ["product_id", "company_slug"]
    )
    ranks = groups["rank"].agg(["min", "max", "size"])
    faults = {
        "replace themselves": int((substitutions["product_id"] == substitutions["substitute_id"]).sum()),
        "of an unknown product": int((~substitutions["product_id"].isin(known)).sum()),
        "not sold where they are said to be": int((~offered.isin(sold)).sum()),
        "with a gap in the ranks": int(((ranks["min"] != 1) | (ranks["max"] != ranks["size"])).sum()),
        "over the cap": int(((ranks["size"] > rows.CAP) & groups["by_evidence"].any()).sum()),
    }
    return faultless(f"{len(substitutions):,} rows are sound", faults, REPORT_IT)


def gates_are_kept(
    substitutions: pd.DataFrame, products: pd.DataFrame, product_claims: pd.DataFrame, product_kinds: pd.DataFrame
) -> Verdict:
    """No row that a gate refuses, but those that a person accepted.

    The gates' own judgement of the rows as they are published: how these came about does not matter to it.
    """
    gates = Gates(product_attributes(products, product_claims, product_kinds))
    of_product = pd.Index(products["product_id"])
    product, substitute = (
        of_product.get_indexer(pd.Index(substitutions[name])) for name in ("product_id", "substitute_id")
    )
    judged = (product >= 0) & (substitute >= 0) & ~accepted_by_people(substitutions).to_numpy()
    refusal = np.zeros(len(substitutions), np.int8)
    refusal[judged] = gates.refusal(product[judged], substitute[judged])
    counts = np.bincount(refusal, minlength=len(GATES))
    figures = {f"Refused by the gate of {gate}": int(counts[number]) for number, gate in enumerate(GATES) if gate}
    refused = np.flatnonzero(refusal)
    findings = []
    if len(refused):
        examples = "; ".join(
            _said(substitutions.iloc[row], GATES[refusal[row]], _claims(gates, refusal, product, substitute, row))
            for row in refused[:EXAMPLES]
        )
        findings = [
            Finding(Gravity.ERROR, f"{len(refused):,} rows that a gate refuses, such as {examples}: {REPORT_IT}")
        ]
    return Verdict(f"no gate refuses any of {int(judged.sum()):,} rows", findings, figures)


def accepted_by_people(substitutions: pd.DataFrame) -> pd.Series:
    """bool, a row each: whether a person accepted it, against whatever the evidence says."""
    return substitutions["reasons"].str.startswith(rows.ACCEPTED_BY_PERSON).astype(bool)


def _said(row: pd.Series, gate: str, claims: str) -> str:
    why = f" ({claims})" if claims else ""
    return f"{row['product_id']} -> {row['substitute_id']} at {row['company_slug']} by the gate of {gate}{why}"


def _claims(
    gates: Gates, refusal: NDArray[np.int8], product: NDArray[np.intp], substitute: NDArray[np.intp], row: int
) -> str:
    return gates.claim_refusal(int(product[row]), int(substitute[row])) if refusal[row] == CLAIM else ""
