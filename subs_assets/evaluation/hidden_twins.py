"""Are products that two companies share among the first candidates, when nobody knows that they are shared?"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from subs_assets.database import frames, tables
from subs_assets.embedding.matrices import build_matrices
from subs_assets.embedding.name_store import NameStore
from subs_assets.embedding.similarity import NameFeatures
from subs_assets.evaluation.intervals import Share
from subs_assets.evaluation.mapping_run import MappingInputs, find_mappings
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.build import SubstitutionInputs, judged_in_parts, night_judge
from subs_assets.substitution.kinds import build_product_kinds
from subs_assets.substitution.product_claims import build_product_claims

FIRST = (1, 5, 20)
"""A twin is looked for among so many first candidates."""


@dataclass(frozen=True)
class HiddenTwins:
    """Of all twins, in both directions: ``recall``, k -> those among the first k candidates at the twin's company, best
    score first; ``refused``, candidates that a gate refuses (of one listing a claim is stated, of the other not);
    ``allowed``, to which a level applies, and no gate refuses them; ``shown``, of these what scores high enough."""

    recall: dict[int, Share]
    refused: Share
    allowed: Share
    shown: Share


@dataclass(frozen=True)
class Night:
    """What substitutions are made from, by the way that the assets go."""

    inputs: SubstitutionInputs
    features: NameFeatures


def hidden_twins(products: pd.DataFrame, tables_of_night: MappingInputs, model: AcceptanceModel) -> HiddenTwins:
    """Take the GTIN from every product that several companies list under one, and each of its listings for a product of
    its own; find mappings without that evidence; then look for each listing's counterpart."""
    shared = shared_by_gtin(products, tables_of_night.product_listings)
    night = night_without_identity(products, tables_of_night, shared)
    judge = night_judge(night.inputs, model)
    number = {product: place for place, product in enumerate(night.inputs.products["product_id"])}
    left, right = (np.array([number[key] for key in side], np.intp) for side in _twins(shared))
    twins = pd.DataFrame({"left": left, "right": right})
    candidates = [_placed(twins, judged) for judged in judged_in_parts(night.inputs, night.features, judge)]
    found = twins.merge(pd.concat(candidates), on=["left", "right"], how="left")
    has_level, is_refused = found["level"] > 0, found["gate"] > 0

    def share(hits: pd.Series) -> Share:
        return Share(float(hits.sum()), len(found))

    return HiddenTwins(
        {first: share(found["place"] <= first) for first in FIRST},
        share(is_refused),
        share(has_level & ~is_refused),
        share(has_level & found["accepted"].eq(True)),
    )


def _placed(twins: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """The twins among these candidates, and their ``place`` among all of their product at their company."""
    asked = judged[judged["left"].isin(twins["left"])]
    asked = asked.sort_values(["left", "company", "score", "right"], ascending=[True, True, False, True])
    asked["place"] = asked.groupby(["left", "company"]).cumcount() + 1
    return asked[["left", "right", "place", "level", "gate", "accepted"]].merge(twins, on=["left", "right"])


def shared_by_gtin(products: pd.DataFrame, product_listings: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``product_listings`` of products with a GTIN that several companies list."""
    several = products.loc[products["gtin"].notna() & (products["company_count"] > 1), "product_id"]
    return product_listings[product_listings["product_id"].isin(several)]


def night_without_identity(products: pd.DataFrame, night: MappingInputs, shared: pd.DataFrame) -> Night:
    """The night as it would be if each of these listings were a product of its own, found by nothing."""
    is_shared = night.product_listings.index.isin(shared.index)
    alone = night.product_listings["company_slug"] + ":" + night.product_listings["sku"]
    product_listings = night.product_listings.assign(
        product_id=night.product_listings["product_id"].where(~is_shared, alone)
    )
    listings = night.listings.merge(shared[["company_slug", "sku"]], on=["company_slug", "sku"])
    split = listings.assign(
        product_id=listings["company_slug"] + ":" + listings["sku"], gtin=None, listing_count=1, company_count=1
    )
    rest = products[~products["product_id"].isin(shared["product_id"])]
    columns = list(tables.products.columns.keys())
    every = frames.conform(pd.concat([rest[columns], split[columns]], ignore_index=True), tables.products)
    return night_of(every, replace(night, product_listings=product_listings))


def night_of(products: pd.DataFrame, night: MappingInputs) -> Night:
    """Mappings, kinds, claims and matrices of these tables, as the assets make them."""
    run = find_mappings(night)
    described = products, night.product_listings, night.listings, night.listing_categories
    kinds = build_product_kinds(*described)
    claims = build_product_claims(*described, kinds)
    names = NameStore(night.store, night.model.names)
    matrices = build_matrices(products, night.product_listings, run.shelving.shelves, names)
    inputs = SubstitutionInputs(
        night.listings,
        products,
        night.product_listings,
        frames.conform(claims, tables.product_claims),
        frames.conform(kinds, tables.product_kinds),
        run.shelving.facets,
        frames.conform(run.mappings, tables.category_equivalences),
        matrices.blocks,
        matrices.alike_names,
    )
    return Night(inputs, matrices.features)


def _twins(shared: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Product ids, once split, of listings of one product at two companies, in both directions."""
    alone = shared.assign(alone=shared["company_slug"] + ":" + shared["sku"])
    both = alone.merge(alone, on="product_id", suffixes=("", "_other"))
    both = both[both["company_slug"] != both["company_slug_other"]]
    return both["alone"].tolist(), both["alone_other"].tolist()
