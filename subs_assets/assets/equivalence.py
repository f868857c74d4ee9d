"""Group ``equivalence``: facets, shelves and the mappings between the companies' categories."""

import pandas as pd
from dagster import AssetExecutionContext, AssetOut, Output, multi_asset

from subs_assets.assets.metadata import preview
from subs_assets.assets.progress import log_progress
from subs_assets.assets.selected import selected
from subs_assets.catalogue import category_path
from subs_assets.embedding.similarity import name_features
from subs_assets.equivalence.build import build_equivalences, facets_and_shelves
from subs_assets.resources import EncoderResource, WarehouseResource

GROUP = "equivalence"


@multi_asset(
    name="category_facets",
    can_subset=True,
    group_name=GROUP,
    outs={
        "category_facets": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="Nodes that are no categories: promotions, seasons, diets, mixtures, a root over everything.",
        ),
        "listing_shelves": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="Where each listing counts for equivalences and level 5; never a facet.",
        ),
    },
)
def category_facets(  # type: ignore[no-untyped-def]  # a generator of outputs
    context: AssetExecutionContext,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    categories: pd.DataFrame,
    encoder: EncoderResource,
):
    features = name_features(
        listings["core_name"].tolist(), encoder.store(), log_progress(context.log, "names encoded")
    )
    facets, shelves = facets_and_shelves(listings, listing_categories, categories, features)
    kinds = facets.groupby(["company_slug", "kind"], as_index=False).size()
    origins = shelves.groupby(["company_slug", "origin"], as_index=False).size()
    outputs = [
        Output(facets, "category_facets", metadata={"kinds": preview(kinds), "facets": preview(_readable(facets))}),
        Output(shelves, "listing_shelves", metadata={"origins": preview(origins)}),
    ]
    yield from selected(context, outputs)


@multi_asset(
    name="category_equivalences",
    can_subset=True,
    group_name=GROUP,
    outs={
        "category_equivalences": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas", "scikitlearn"},
            description="Directed mappings between the categories of two companies, with relation, bounds and support.",
        ),
        "category_evidence": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="The ten strongest pairs of listings behind each mapping.",
        ),
    },
)
def category_equivalences(  # type: ignore[no-untyped-def]  # a generator of outputs
    context: AssetExecutionContext,
    listings: pd.DataFrame,
    product_listings: pd.DataFrame,
    categories: pd.DataFrame,
    category_facets: pd.DataFrame,
    listing_shelves: pd.DataFrame,
    warehouse: WarehouseResource,
    encoder: EncoderResource,
):
    features = name_features(
        listings["core_name"].tolist(), encoder.store(), log_progress(context.log, "names encoded")
    )
    decisions = warehouse.decisions("equivalence")
    found = build_equivalences(
        listings, product_listings, categories, category_facets, listing_shelves, decisions, features, encoder.store()
    )
    for sentence in found.vanished_decisions:
        context.log.warning(sentence)
    mappings = found.mappings
    pair = ["company_slug", "target_company_slug"]
    accepted = mappings[mappings["status"] == "accepted"]
    coverage = _coverage(listing_shelves, accepted)
    counts = mappings.groupby([*pair, "status", "relation"], as_index=False).size()
    strongest = _readable(
        accepted.sort_values(["support", *pair, "path", "target_path"], ascending=[False] + [True] * 4)
    )
    calibration = found.calibration
    mapped = Output(
        mappings,
        "category_equivalences",
        metadata={
            "accepted": len(accepted),
            "listings on a mapped shelf": preview(coverage),
            "by relation": preview(counts),
            "strongest": preview(strongest[[*pair, "path", "relation", "target_path", "support", "reason"]]),
            "null margin": round(calibration.null_margin, 3),
            "calibration": f"P(same shelf) = logistic({calibration.slope:.2f} s {calibration.intercept:+.2f}), "
            f"measured on {calibration.pairs:,} nearest neighbours",
            "decisions": len(decisions),
            "decisions whose category is gone": "\n\n".join(found.vanished_decisions) or "none",
        },
    )
    yield from selected(context, [mapped, Output(found.evidence, "category_evidence")])


def _coverage(shelves: pd.DataFrame, accepted: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (company, target), mapped in accepted.groupby(["company_slug", "target_company_slug"]):
        own = shelves[shelves["company_slug"] == company].drop_duplicates("sku")
        share = own["path"].isin(mapped["path"]).mean()
        rows.append((company, target, len(own), round(float(share), 3)))
    return pd.DataFrame(rows, columns=["company_slug", "target_company_slug", "listings", "share on a mapped shelf"])


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    paths = [name for name in ("path", "target_path") if name in frame]
    return frame.assign(**{name: frame[name].map(category_path.readable) for name in paths})
