"""The first screen: what the night did, whether it adds up, and what went wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from subs_assets.database.kept_decisions import RELATIONS
from subs_assets.database.tables import READ
from subs_assets.report.night import Check, Night
from subs_assets.substitution.rates import SETTINGS, rates_between_companies

STATUSES = ("accepted", "proposed", "rejected")
LEVELS = (1, 2, 3, 4, 5)
PROBLEMS_OF_A_COMPANY = 3


@dataclass(frozen=True)
class Reading:
    """Rows of one company's files, or of all; ``repaired`` are among the accepted.

    ``listings`` is what is shown: what was accepted, or for a company that was kept, its last good listings.
    """

    read: int
    accepted: int
    repaired: int
    set_aside: int
    accepted_and_shown: int
    kept: int
    listings: int

    @property
    def adds_up(self) -> bool:
        """Every row read was accepted or set aside, and what is shown is what was accepted or kept."""
        return self.read == self.accepted + self.set_aside and self.listings == self.accepted_and_shown + self.kept


@dataclass(frozen=True)
class CompanyNight:
    """A line of the table of companies; ``rates`` are over its pairs with the other companies, None without any."""

    slug: str
    name: str
    delivered: bool
    reading: Reading
    products: int
    categories: int
    rates: Mapping[str, float | None]


@dataclass(frozen=True)
class Summary:
    """The figures of the first screen.

    ``relations`` counts accepted equivalences, ``levels`` substitutions; ``rates`` is the share of all (product, other
    company) pairs with a substitute, by setting, None where there is one company; ``changes`` is rows per table against
    the run before; ``problems`` are sentences.
    """

    companies: tuple[CompanyNight, ...]
    reading: Reading
    products: int
    shared_products: int
    statuses: Mapping[str, int]
    relations: Mapping[str, int]
    levels: Mapping[int, int]
    rates: Mapping[str, float | None]
    changes: Mapping[str, int]
    problems: tuple[str, ...]

    @property
    def delivered(self) -> int:
        return sum(company.delivered for company in self.companies)


def summarise(night: Night) -> Summary:
    """The figures of the first screen."""
    equivalences = night.category_equivalences
    accepted = equivalences[equivalences["status"] == "accepted"]
    files = night.catalogue_files
    rates = night.substitution_rates
    products = night.product_listings.groupby("company_slug")["product_id"].nunique()
    categories = night.categories.groupby("company_slug").size()
    companies = []
    for slug, name in night.companies.items():
        own = files[files["company_slug"] == slug]
        companies.append(
            CompanyNight(
                slug,
                name,
                bool((own["status"] == READ).all()),
                reading_of(own, night.listings[night.listings["company_slug"] == slug]),
                int(products.get(slug, 0)),
                int(categories.get(slug, 0)),
                _rates(rates[rates["company_slug"] == slug]),
            )
        )
    reading = reading_of(files, night.listings)
    return Summary(
        tuple(companies),
        reading,
        len(night.products),
        int((night.products["company_count"] > 1).sum()),
        _counts(equivalences["status"], STATUSES),
        _counts(accepted["relation"], RELATIONS),
        _counts(night.substitutions["level"], LEVELS),
        _rates(rates),
        changes_against_the_run_before(night.run.history),
        tuple(problems(files, night.run.checks, reading)),
    )


def reading_of(files: pd.DataFrame, listings: pd.DataFrame) -> Reading:
    """The counts of some files, and of the listings of the same companies."""
    sums = files[["read", "accepted", "repaired", "set_aside"]].sum().astype(int)
    delivered = files["status"] == READ
    kept = set(files.loc[~delivered, "company_slug"])
    return Reading(
        **sums.to_dict(),
        accepted_and_shown=int(files.loc[~files["company_slug"].isin(kept), "accepted"].sum()),
        kept=int(listings["company_slug"].isin(kept).sum()),
        listings=len(listings),
    )


def _rates(rates: pd.DataFrame) -> dict[str, float | None]:
    return {**dict.fromkeys(SETTINGS), **rates_between_companies(rates)}


def changes_against_the_run_before(history: pd.DataFrame) -> dict[str, int]:
    """Table -> rows more (or fewer) than the run before published; empty for a first run."""
    if len(history) < 2:
        return {}
    now, before = (json.loads(counts) for counts in history["counts"].head(2))
    return {table: now[table] - before[table] for table in now if table in before}


def problems(files: pd.DataFrame, checks: tuple[Check, ...], reading: Reading) -> list[str]:
    """A sentence for each file that failed, company that was kept, and check that failed."""
    found = []
    for _, own in files[files["status"] != READ].groupby("company_slug", sort=True):
        sentences = own["problem"].dropna().drop_duplicates().tolist()
        found += sentences[:PROBLEMS_OF_A_COMPANY]
        if len(sentences) > PROBLEMS_OF_A_COMPANY:
            found.append(f"{own['company_slug'].iloc[0]}: and {len(sentences) - PROBLEMS_OF_A_COMPANY} more files")
    found += [
        f"check {check.asset}/{check.name} failed: {check.description}"
        for check in checks
        if not check.passed and check.name != "delivered"  # its files have said so above
    ]
    if not reading.adds_up:
        found.append(
            f"the counts do not add up: {reading.read:,} read, {reading.accepted:,} accepted, "
            f"{reading.set_aside:,} set aside, {reading.listings:,} listings shown"
        )
    return found


def _counts(values: pd.Series, expected: tuple) -> dict:
    counted = values.value_counts()
    return {value: int(counted.get(value, 0)) for value in expected}
