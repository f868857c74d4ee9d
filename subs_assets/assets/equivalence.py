"""Group ``equivalence``: facets, shelves and the mappings between the companies' categories."""

from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, Output, asset, multi_asset

from subs_assets.assets.metadata import preview, warned
from subs_assets.assets.progress import log_progress
from subs_assets.assets.selected import selected, table_output
from subs_assets.assets.unchanged import only, taken_if_unchanged
from subs_assets.catalogue import category_path
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.name_store import NameStore
from subs_assets.resources import DecisionsResource, EncoderResource, TrainedModelResource, WarehouseResource

GROUP = "equivalence"

EQUIVALENCES = """Which categories of two companies mean the same.

Directed. The relation is that of the *target* to the source: `broad` says that the target is the broader category.
`accepted` mappings are used; `proposed` ones are kept for a person to decide; a person's decision outlives every run.

Ask with `subs equivalences --from aldi --to coles --why`.
"""


@multi_asset(
    name="category_facets",
    can_subset=True,
    group_name=GROUP,
    ins=only(listings=("company_slug", "sku", "core_name")),
    outs={
        "category_facets": table_output(
            "Nodes that are no categories, and why.\n\n"
            "Promotions, seasons, diets, mixtures, a root over everything: they are never mapped."
        ),
        "listing_shelves": table_output(
            "Where each listing counts, never a facet.\n\n"
            "Equivalences and level 5 go by these shelves. A listing that stands only under facets gets the shelf of "
            "its nearest relatives."
        ),
    },
)
@taken_if_unchanged
def category_facets(  # type: ignore[no-untyped-def]  # a generator of outputs
    context: AssetExecutionContext,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    categories: pd.DataFrame,
    encoder: EncoderResource,
    trained_model: TrainedModelResource,
):
    from subs_assets.equivalence.build import facets_and_shelves

    alike = alike_listings(context, listings, NameStore(encoder.store(), trained_model.model().names))
    facets, shelves = facets_and_shelves(listings, listing_categories, categories, alike)
    kinds = facets.groupby(["company_slug", "kind"], as_index=False).agg(facets=("path", "size"))
    origins = shelves.groupby(["company_slug", "origin"], as_index=False).agg(rows=("sku", "size"))
    outputs = [
        Output(facets, "category_facets", metadata={"By kind": preview(kinds), "Facets": preview(_readable(facets))}),
        Output(shelves, "listing_shelves", metadata={"By origin": preview(origins)}),
    ]
    yield from selected(context, outputs)


@multi_asset(
    name="category_equivalences",
    can_subset=True,
    group_name=GROUP,
    ins=only(listings=("company_slug", "sku", "name", "core_name")),
    outs={
        "category_equivalences": table_output(EQUIVALENCES, "scikitlearn"),
        "category_evidence": table_output("The ten strongest pairs of listings behind each mapping."),
        "category_absences": table_output(
            "Categories without a mapping to a company.\n\n"
            "Whether a category there holds its kind at all, and what was refused."
        ),
    },
)
@taken_if_unchanged
def category_equivalences(  # type: ignore[no-untyped-def]  # a generator of outputs
    context: AssetExecutionContext,
    listings: pd.DataFrame,
    product_listings: pd.DataFrame,
    categories: pd.DataFrame,
    category_facets: pd.DataFrame,
    listing_shelves: pd.DataFrame,
    equivalence_decisions: DecisionsResource,
    encoder: EncoderResource,
    trained_model: TrainedModelResource,
):
    from subs_assets.assets.equivalence_metadata import absence_metadata, mapping_metadata
    from subs_assets.equivalence.build import build_equivalences

    alike = alike_listings(context, listings, NameStore(encoder.store(), trained_model.model().names))
    decisions = equivalence_decisions.read()
    model = trained_model.model()
    calibration = model.same_shelf
    found = build_equivalences(
        listings, product_listings, categories, category_facets, listing_shelves, decisions, alike, calibration,
        encoder.store(),
    )  # fmt: skip
    doubt = model.doubt_of_shelves(encoder.model, encoder.store().encoder.fingerprint)
    warnings = warned(context.log, [*([doubt] if doubt else []), *found.vanished_decisions])
    mappings = found.mappings
    pair = ["company_slug", "target_company_slug"]
    accepted = mappings[mappings["status"] == "accepted"]
    counts = mappings.groupby([*pair, "status", "relation"], as_index=False).agg(mappings=("path", "size"))
    strongest = _readable(
        accepted.sort_values(["support", *pair, "path", "target_path"], ascending=[False] + [True] * 4)
    )
    mapped = Output(
        mappings,
        "category_equivalences",
        metadata={
            **warnings,
            "Accepted": len(accepted),
            "Proposed": int((mappings["status"] == "proposed").sum()),
            "Decisions": len(decisions),
            "Model": model.version,
            "Calibrated for": doubt or model.trained_for.encoder,
            "Null margin": round(calibration.null_margin, 3),
            "Nearest neighbours measured": calibration.pairs,
            "P(same shelf)": f"logistic({calibration.slope:.2f} s {calibration.intercept:+.2f})",
            "Decisions whose category is gone": "\n\n".join(found.vanished_decisions) or "none",
            **mapping_metadata(listings, listing_shelves, category_facets, mappings, found.absences),
            "By relation": preview(counts),
            "Strongest": preview(strongest[[*pair, "path", "relation", "target_path", "support"]].round(1), rows=50),
        },
    )
    outputs = [
        mapped,
        Output(found.evidence, "category_evidence"),
        Output(found.absences, "category_absences", metadata=absence_metadata(found.absences)),
    ]
    yield from selected(context, outputs)


def alike_listings(context: AssetExecutionContext, listings: pd.DataFrame, store: NameStore) -> AlikeRows:
    """Which listings have names that are alike; what is new among these is told as it is encoded and compared."""
    encoded, compared = (log_progress(context.log, f"names {done}") for done in ("encoded", "compared"))
    return store.alike(listings["core_name"].tolist(), encoded, compared)


@asset(group_name=GROUP, kinds={"pandas"}, io_manager_key="warehouse_io")
def category_equivalence_changes(
    category_equivalences: pd.DataFrame, warehouse: WarehouseResource
) -> MaterializeResult[pd.DataFrame]:
    """What differs from the mappings that are published."""
    from subs_assets.equivalence.changes import mapping_changes

    before = warehouse.warehouse.read("category_equivalences")
    changes = mapping_changes(before, category_equivalences)
    return MaterializeResult(value=changes, metadata=told(changes, is_first=before.empty))


def told(changes: pd.DataFrame, is_first: bool) -> dict[str, Any]:
    """What a person looks for first: what was used last night, or is now."""
    from subs_assets.equivalence.changes import CHANGE_COLUMNS, CHANGES
    from subs_assets.equivalence.mapping import KEY_COLUMNS

    used = (changes[["status_before", "status_after"]] == "accepted").any(axis=1)
    shown = _readable(changes.assign(used=used).sort_values(["used", *KEY_COLUMNS], ascending=[False] + [True] * 4))
    counts = {kind.capitalize(): int((changes["change"] == kind).sum()) for kind in CHANGES}
    first = {"First night": "no mappings were published before, so there is nothing to compare with"}
    return {
        **(first if is_first else counts),
        "Changes of used mappings": int(used.sum()),
        "Changes since the last night": preview(shown[CHANGE_COLUMNS]),
    }


def _readable(frame: pd.DataFrame) -> pd.DataFrame:
    paths = [name for name in ("path", "target_path") if name in frame]
    return frame.assign(**{name: frame[name].map(category_path.readable) for name in paths})
