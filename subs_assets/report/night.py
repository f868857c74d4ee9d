"""What the report is told: one night's tables, the companies' names and the facts of the run; nothing is worked out
here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from subs_assets.catalogue.companies import told_apart
from subs_assets.database.runs import Recorded


@dataclass(frozen=True)
class Step:
    """A step of the run and how long it took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Check:
    """An asset check as the run evaluated it; ``asset`` is its key, ``catalogue/aldi`` for a company."""

    asset: str
    name: str
    passed: bool
    description: str


@dataclass(frozen=True)
class Run:
    """The run that published the tables, and what is ``recorded`` of the runs up to it; ``timezone``: whose days they
    are."""

    run_id: str
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    recorded: Recorded
    timezone: str = "UTC"

    @property
    def history(self) -> pd.DataFrame:
        """The table ``run_history``, newest first."""
        return self.recorded.published


@dataclass(frozen=True)
class Night:
    """The tables of these names, ``company_names`` (slug -> as people call it) and the run."""

    catalogue_files: pd.DataFrame
    set_aside_rows: pd.DataFrame
    listings: pd.DataFrame
    products: pd.DataFrame
    product_listings: pd.DataFrame
    product_claims: pd.DataFrame
    categories: pd.DataFrame
    category_facets: pd.DataFrame
    listing_shelves: pd.DataFrame
    category_equivalences: pd.DataFrame
    category_absences: pd.DataFrame
    substitutions: pd.DataFrame
    substitution_outcomes: pd.DataFrame
    substitution_rates: pd.DataFrame
    evaluation: pd.DataFrame
    company_names: Mapping[str, str]
    run: Run

    @cached_property
    def companies(self) -> dict[str, str]:
        """Slug -> name of every company that has a file or a listing, by slug; a name that two share is told apart by
        the slug."""
        slugs = sorted({*self.catalogue_files["company_slug"].unique(), *self.listings["company_slug"].unique()})
        names = {slug: self.company_names.get(slug) or slug for slug in slugs}
        return told_apart(names)
