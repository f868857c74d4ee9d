"""Asset checks over what a run has staged; the blocking ones keep bad tables from being published."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, AssetIn, asset_check

from subs_assets.database import nights
from subs_assets.database.nights import NightPass
from subs_assets.embedding.matrices import EmbeddingMatrices
from subs_assets.evaluation.night_comparison import NIGHTS, Finding, Gravity, compare
from subs_assets.resources import WarehouseResource


@asset_check(asset="catalogue_files", blocking=True, description="Accepted and set aside together are what was read.")
def counts_add_up(catalogue_files: pd.DataFrame) -> AssetCheckResult:
    wrong = catalogue_files[catalogue_files["accepted"] + catalogue_files["set_aside"] != catalogue_files["read"]]
    read = int(catalogue_files["read"].sum())
    names = ", ".join(wrong["company_slug"] + "/" + wrong["file"])
    return AssetCheckResult(
        passed=wrong.empty, description=f"{read:,} rows read" if wrong.empty else f"not in: {names}"
    )


@asset_check(asset="listings", blocking=True, description="There is something to work with.")
def has_listings(listings: pd.DataFrame) -> AssetCheckResult:
    companies = listings["company_slug"].nunique()
    return AssetCheckResult(
        passed=len(listings) > 0, description=f"{len(listings):,} listings of {companies} companies"
    )


@asset_check(
    asset="product_listings",
    blocking=True,
    additional_ins={"listings": AssetIn("listings"), "products": AssetIn("products")},
    description="Every listing is exactly one product, and every product is listed.",
)
def every_listing_is_a_product(
    product_listings: pd.DataFrame, listings: pd.DataFrame, products: pd.DataFrame
) -> AssetCheckResult:
    keys = ["company_slug", "sku"]
    unplaced = len(
        listings.merge(product_listings, on=keys, how="left")["product_id"].pipe(lambda ids: ids[ids.isna()])
    )
    unlisted = set(products["product_id"]) ^ set(product_listings["product_id"])
    passed = not unplaced and not unlisted and len(product_listings) == len(listings)
    return AssetCheckResult(
        passed=passed, description=f"{unplaced} listings without product, {len(unlisted)} products without listing"
    )


@asset_check(
    asset="embedding_matrices",
    blocking=True,
    additional_ins={"products": AssetIn("products")},
    description="Rows of unit length, none missing, aligned with the products.",
)
def matrices_are_sound(embedding_matrices: EmbeddingMatrices, products: pd.DataFrame) -> AssetCheckResult:
    norms = np.linalg.norm(embedding_matrices.features.vectors, axis=1)
    bad = int((~np.isclose(norms, 1.0, atol=1e-3)).sum())
    aligned = list(embedding_matrices.product_ids) == products["product_id"].tolist()
    return AssetCheckResult(
        passed=bad == 0 and aligned, description=f"{bad} rows not of unit length; aligned: {aligned}"
    )


@asset_check(
    asset="substitutions",
    blocking=True,
    additional_ins={"products": AssetIn("products"), "product_listings": AssetIn("product_listings")},
    description="Nobody replaces itself, keys exist, ranks are whole; caps are kept, unless people accepted more.",
)
def substitutions_are_sound(
    substitutions: pd.DataFrame, products: pd.DataFrame, product_listings: pd.DataFrame
) -> AssetCheckResult:
    from subs_assets.substitution.rows import CAP, is_accepted_by_person

    known = set(products["product_id"])
    sold = pd.MultiIndex.from_frame(product_listings[["product_id", "company_slug", "sku"]])
    offered = pd.MultiIndex.from_frame(
        substitutions[["substitute_id", "company_slug", "sku"]].set_axis(["product_id", "company_slug", "sku"], axis=1)
    )
    by_evidence = ~substitutions["reasons"].map(is_accepted_by_person).astype(bool)
    groups = substitutions.assign(by_evidence=by_evidence).groupby(["product_id", "company_slug"])
    ranks = groups["rank"].agg(["min", "max", "size"])
    faults = {
        "replace themselves": int((substitutions["product_id"] == substitutions["substitute_id"]).sum()),
        "of an unknown product": int((~substitutions["product_id"].isin(known)).sum()),
        "not sold where they are said to be": int((~offered.isin(sold)).sum()),
        "with a gap in the ranks": int(((ranks["min"] != 1) | (ranks["max"] != ranks["size"])).sum()),
        "over the cap": int(((ranks["size"] > CAP) & groups["by_evidence"].any()).sum()),
    }
    found = {what: count for what, count in faults.items() if count}
    return AssetCheckResult(
        passed=not found,
        description=", ".join(f"{count} {what}" for what, count in found.items())
        or f"{len(substitutions):,} rows are sound",
    )


@asset_check(
    asset="category_equivalences",
    blocking=True,
    additional_ins={"categories": AssetIn("categories"), "category_facets": AssetIn("category_facets")},
    description="Categories exist, of two companies; unless a person says so, no facet is mapped and directions agree.",
)
def equivalences_are_sound(
    category_equivalences: pd.DataFrame, categories: pd.DataFrame, category_facets: pd.DataFrame
) -> AssetCheckResult:
    from subs_assets.equivalence.mapping import KEY_COLUMNS
    from subs_assets.equivalence.relations import INVERSE

    known, facets = (
        pd.MultiIndex.from_frame(frame[["company_slug", "path"]]) for frame in (categories, category_facets)
    )
    ends = [
        pd.MultiIndex.from_frame(category_equivalences[[f"{side}company_slug", f"{side}path"]])
        for side in ("", "target_")
    ]
    by_evidence = (category_equivalences["origin"] != "decision").to_numpy()
    accepted = category_equivalences[category_equivalences["status"] == "accepted"]
    told = accepted[accepted["origin"] != "decision"]
    relation = dict(zip(told[KEY_COLUMNS].itertuples(index=False, name=None), told["relation"], strict=True))
    faults = {
        "of a category that there is not": int((~ends[0].isin(known) | ~ends[1].isin(known)).sum()),
        "of a facet": int(((ends[0].isin(facets) | ends[1].isin(facets)) & by_evidence).sum()),
        "within one company": int(
            (category_equivalences["company_slug"] == category_equivalences["target_company_slug"]).sum()
        ),
        "whose other direction says something else": sum(
            relation.get((*key[2:], *key[:2]), INVERSE[said]) not in (INVERSE[said], "related")
            for key, said in relation.items()
            if said != "related"
        ),
    }
    found = {what: count for what, count in faults.items() if count}
    return AssetCheckResult(
        passed=not found,
        description=", ".join(f"{count} {what}" for what, count in found.items())
        or f"{len(category_equivalences):,} mappings are sound, {len(accepted):,} of them accepted",
    )


@asset_check(asset="substitution_rates", description="Equivalences find more than chance, for every pair of companies.")
def rates_beat_chance(substitution_rates: pd.DataFrame) -> AssetCheckResult:
    across = substitution_rates[substitution_rates["company_slug"] != substitution_rates["target_company_slug"]]
    table = across.pivot(
        index=["company_slug", "target_company_slug"], columns="setting", values="rate_level_5"
    ).reindex(
        columns=["linked", "null"]  # there are none where there is one company
    )
    weak = table[(table["linked"] <= table["null"]) & (table["null"] > 0)]
    pairs = ", ".join(f"{source} -> {target}" for source, target in weak.index[:5])
    return AssetCheckResult(
        passed=weak.empty,
        severity=AssetCheckSeverity.WARN,
        description=f"level 5 finds no more than chance for {pairs}" if pairs else f"{len(table)} company pairs",
    )


@asset_check(asset="evaluation", blocking=True, description="No pair that is known for a trap is shown.")
def no_trap_is_shown(evaluation: pd.DataFrame, warehouse: WarehouseResource) -> AssetCheckResult:
    is_shown = (evaluation["measure"] == "trap_shown").any()
    published = (
        warehouse.warehouse.read("product_listings") if is_shown else pd.DataFrame(columns=["company_slug", "sku"])
    )
    return verdict_on_traps(evaluation, set(zip(published["company_slug"], published["sku"], strict=True)))


def verdict_on_traps(evaluation: pd.DataFrame, published: Collection[tuple[str, str]]) -> AssetCheckResult:
    """ERROR, which blocks, where a trap of two listings that are ``published`` is shown; of others, as on a first
    night, a warning: only a pair of published listings can be rejected by a person."""
    from subs_assets.substitution.review_file import NEEDED as REVIEW_COLUMNS

    shown = list(evaluation[evaluation["measure"] == "trap_shown"].itertuples())
    if not shown:
        known = int(evaluation.loc[evaluation["measure"] == "traps_shown", "cases"].sum())
        return AssetCheckResult(passed=True, description=f"none of {known} known traps is shown")
    blocks = any(set(_listings_of(row)) <= set(published) for row in shown)
    when = "Nothing is published:" if blocks else "The night is published, and then knows their listings;"
    return AssetCheckResult(
        passed=False,
        severity=AssetCheckSeverity.ERROR if blocks else AssetCheckSeverity.WARN,
        description=f"known traps are shown: {_first_of(map(_trap, shown))}. {when} reject "
        f"them by `subs review apply FILE`, with these rows under the header {','.join(REVIEW_COLUMNS)}, and run again",
    )


def _trap(row: Any) -> str:
    """What a person reads of a row ``trap_shown``, and the row that rejects it."""
    (company, sku), (target, target_sku) = _listings_of(row)
    return (
        f"{company} {sku} -> {target} {target_sku}, {row.said} "
        f"(row: {company},{sku},{target},{target_sku},reject,known trap)"
    )


def _listings_of(row: Any) -> tuple[tuple[str, str], tuple[str, str]]:
    """(company, sku) of both sides of a row ``trap_shown``, whose part is "sku -> target_sku"."""
    sku, _, target_sku = row.part.partition(" -> ")
    return (row.company_slug, sku), (row.target_company_slug, target_sku)


@asset_check(
    asset="evaluation",
    blocking=True,
    description=f"Precision on the labelled pairs, against the last {NIGHTS} published nights.",
)
def precision_holds(evaluation: pd.DataFrame, warehouse: WarehouseResource) -> AssetCheckResult:
    return _held_against_earlier_nights("precision", evaluation, warehouse)


@asset_check(
    asset="evaluation",
    blocking=True,
    description=f"The rate of every pair of companies, against the last {NIGHTS} published nights.",
)
def rates_hold(evaluation: pd.DataFrame, warehouse: WarehouseResource) -> AssetCheckResult:
    return _held_against_earlier_nights("rate", evaluation, warehouse)


def _held_against_earlier_nights(
    measure: str, evaluation: pd.DataFrame, warehouse: WarehouseResource
) -> AssetCheckResult:
    with warehouse.control() as engine:
        earlier, granted = nights.earlier_nights(engine, NIGHTS), nights.open_pass(engine)
    findings = compare(evaluation, earlier, measure)
    count = earlier["run_id"].nunique()
    against = f"the last {count} published nights" if count else "no night yet: none was published since it is measured"
    return verdict_on(findings, granted, f"held against {against}")


def verdict_on(findings: Sequence[Finding], granted: NightPass | None, otherwise: str) -> AssetCheckResult:
    """ERROR, which blocks, where a finding does and nobody lets the night pass."""
    blocks = any(finding.gravity is Gravity.BLOCKING for finding in findings)
    gravest_first = sorted(findings, key=lambda finding: -finding.gravity)
    said = _first_of([finding.sentence for finding in gravest_first] or [otherwise])
    if blocks and granted:
        said += f"; let pass by {granted.asked_by}: {granted.reason}"
    elif blocks:
        said += "; nothing is published. To publish it as it is: subs evaluate let-pass --reason ..., and run again"
    severity = AssetCheckSeverity.ERROR if blocks and not granted else AssetCheckSeverity.WARN
    passed = all(finding.gravity is Gravity.NOTE for finding in findings)
    return AssetCheckResult(passed=passed, severity=severity, description=said)


def _first_of(sentences: Iterable[str], count: int = 10) -> str:
    said = list(sentences)
    more = f"; and {len(said) - count} more" if len(said) > count else ""
    return "; ".join(said[:count]) + more


default_checks: list[AssetChecksDefinition] = [
    counts_add_up,
    has_listings,
    every_listing_is_a_product,
    equivalences_are_sound,
    matrices_are_sound,
    substitutions_are_sound,
    rates_beat_chance,
    no_trap_is_shown,
    precision_holds,
    rates_hold,
]
