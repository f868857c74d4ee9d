"""The way from tables to category equivalences as the assets go it, in one call, so that a trial can change a table and
see what becomes of the mappings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from subs_assets.catalogue.categories import build_categories
from subs_assets.database import control_tables, frames, tables
from subs_assets.embedding.alike import AlikeRows
from subs_assets.embedding.name_store import NameStore
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.equivalence.build import build_equivalences, facets_and_shelves
from subs_assets.equivalence.decisions import Key
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.relations import THRESHOLDS, Thresholds
from subs_assets.evaluation.intervals import Share
from subs_assets.model.trained import SHIPPED, TrainedModel, load

Report = Callable[[str], None]
"""Told, before each run, what comes next."""


def silent(sentence: str) -> None:
    """A ``Report`` to nobody."""


@dataclass(frozen=True)
class PairShare:
    """A share that belongs to two companies, the first in the alphabet first."""

    company_slug: str
    other_company_slug: str
    share: Share


def pooled(shares: Sequence[PairShare]) -> Share:
    """All pairs of companies in one share, by their cases."""
    return Share(sum(pair.share.successes for pair in shares), sum(pair.share.cases for pair in shares))


@dataclass(frozen=True)
class MappingInputs:
    """The tables that equivalences are made of, the store of their names' vectors, and the model to go by."""

    listings: pd.DataFrame
    listing_categories: pd.DataFrame
    product_listings: pd.DataFrame
    categories: pd.DataFrame
    store: VectorStore
    model: TrainedModel

    @property
    def companies(self) -> list[str]:
        return sorted(self.listings["company_slug"].unique())

    def alike(self) -> AlikeRows:
        """Of the rows of ``listings``."""
        return NameStore(self.store, self.model.names).alike(self.listings["core_name"].tolist())

    def without(self, gone: pd.MultiIndex) -> "MappingInputs":
        """The same without the listings of these (company_slug, sku); a category that held no others is gone too."""

        def rest(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[~listing_keys(frame).isin(gone)].reset_index(drop=True)

        standing = rest(self.listing_categories)
        return replace(
            self,
            listings=rest(self.listings),
            listing_categories=standing,
            product_listings=rest(self.product_listings),
            categories=build_categories(standing),
        )


@dataclass(frozen=True)
class Shelving:
    """The tables ``category_facets`` and ``listing_shelves``."""

    facets: pd.DataFrame
    shelves: pd.DataFrame


@dataclass(frozen=True)
class MappingRun:
    """What one run found: the table ``category_equivalences`` without any decision of a person, and the shelving that
    it was made from."""

    mappings: pd.DataFrame
    shelving: Shelving

    @property
    def accepted(self) -> pd.DataFrame:
        return self.mappings[self.mappings["status"] == "accepted"]

    def relations(self, status: str = "accepted") -> dict[Key, str]:
        """Key -> relation of the mappings of this status."""
        rows = self.mappings[self.mappings["status"] == status]
        keys = rows[KEY_COLUMNS].itertuples(index=False, name=None)
        return dict(zip(keys, rows["relation"], strict=True))


def published_inputs() -> MappingInputs:
    """What this installation has published."""
    from subs_assets.database.engine import open_engine
    from subs_assets.database.warehouse import Warehouse
    from subs_assets.embedding.fast_encoder import open_store
    from subs_assets.settings import Settings

    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    warehouse = Warehouse(engine, settings.staging)
    inputs = MappingInputs(
        warehouse.read("listings"),
        warehouse.read("listing_categories"),
        warehouse.read("product_listings"),
        warehouse.read("categories"),
        open_store(settings.vectors, settings.encoder),
        load(settings.model or SHIPPED),
    )
    engine.dispose()
    return inputs


def find_mappings(
    inputs: MappingInputs,
    alike: AlikeRows | None = None,
    shelving: Shelving | None = None,
    thresholds: Thresholds = THRESHOLDS,
) -> MappingRun:
    """Alike names, facets, shelves and mappings, as the assets make them; decisions of people are left out.

    ``alike`` (of ``inputs.listings``) and ``shelving`` are made where they are not given.
    """
    alike = inputs.alike() if alike is None else alike
    if shelving is None:
        facets, shelves = facets_and_shelves(inputs.listings, inputs.listing_categories, inputs.categories, alike)
        shelving = Shelving(
            frames.conform(facets, tables.category_facets), frames.conform(shelves, tables.listing_shelves)
        )
    found = build_equivalences(
        inputs.listings,
        inputs.product_listings,
        inputs.categories,
        shelving.facets,
        shelving.shelves,
        pd.DataFrame(columns=control_tables.decisions.columns.keys()),
        alike,
        inputs.model.same_shelf,
        inputs.store,
        thresholds,
    )
    return MappingRun(found.mappings, shelving)


def listing_keys(frame: pd.DataFrame) -> pd.MultiIndex:
    """(company_slug, sku) of every row."""
    return pd.MultiIndex.from_frame(frame[["company_slug", "sku"]])


def shuffled_over_categories(standing: pd.DataFrame, skus: pd.Series, company: str, seed: int) -> pd.DataFrame:
    """``standing`` (columns company_slug, sku, path ...) with the places of one company's listings dealt anew among
    ``skus``, all its listings: every category keeps its size, every listing some other's shelves."""
    ordered = np.sort(skus.to_numpy(object))
    dealt = dict(zip(ordered, np.random.default_rng(seed).permutation(ordered), strict=True))
    mine = standing["company_slug"] == company
    return standing.assign(sku=standing["sku"].where(~mine, standing["sku"].map(dealt)))
