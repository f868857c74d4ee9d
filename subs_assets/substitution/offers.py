"""Who sells which product, by which listing, at which price; nothing is compared here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.substitution.attributes import UNKNOWN


@dataclass(frozen=True)
class Offers:
    """One row for each product and company that sells it, sorted by both; ``companies``: slugs in order.

    ``rows``: DataFrame[product, company, sku, unit_price, measure]: product and company are numbers, the listing is the
    cheapest one there, and two unit prices can be compared where their ``measure`` (currency and dimension, a code; -1
    unknown) is equal. ``lowest`` and ``lowest_measure``: of each product, by its listing of the lowest unit price
    anywhere.
    """

    companies: tuple[str, ...]
    rows: pd.DataFrame
    lowest: NDArray[np.float64]
    lowest_measure: NDArray[np.int32]

    def at(self, products: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(place in ``products``, row of ``rows``) for each company that sells each of them, in order of place."""
        return rows_of(self.rows["product"].to_numpy(), products)

    def unit_price_ratio(self, product: NDArray[np.intp], row: NDArray[np.intp]) -> NDArray[np.float64]:
        """The unit price of an offer over the lowest of a product; NaN where they cannot be compared."""
        measure = self.rows["measure"].to_numpy()[row]
        comparable = (measure == self.lowest_measure[product]) & (measure != UNKNOWN) & (self.lowest[product] > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.rows["unit_price"].to_numpy(np.float64)[row] / self.lowest[product]
        return np.where(comparable, ratio, np.nan)


def rows_of(numbers: NDArray[np.intp], wanted: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(place in ``wanted``, place in the ascending ``numbers``) wherever the two are equal, in order of both."""
    begin = np.searchsorted(numbers, np.arange(max(wanted.max(initial=-1), numbers.max(initial=-1)) + 2))
    first = begin[wanted]
    count = begin[wanted + 1] - first
    place = np.repeat(np.arange(len(wanted)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, first[place] + within


def offers(products: pd.DataFrame, product_listings: pd.DataFrame, listings: pd.DataFrame) -> Offers:
    """``Offers`` of the tables of these names."""
    companies = tuple(sorted(product_listings["company_slug"].unique()))
    product_number = pd.Series(np.arange(len(products)), index=products["product_id"])
    company_number = {company: index for index, company in enumerate(companies)}
    keys = ["company_slug", "sku"]
    priced = product_listings[[*keys, "product_id"]].merge(
        listings[[*keys, "price", "unit_price", "currency", "dimension"]], on=keys, validate="one_to_one"
    )
    known = priced["dimension"].notna() & priced["unit_price"].notna()
    measure = (priced["currency"].fillna("") + " " + priced["dimension"].fillna("")).where(known)
    priced = priced.assign(
        product=product_number[priced["product_id"]].to_numpy(np.intp),
        company=priced["company_slug"].map(company_number).to_numpy(np.intp),
        measure=pd.factorize(measure, sort=True)[0].astype(np.int32),
    )
    cheapest = priced.sort_values(["product", "company", "price", "sku"], na_position="last")
    rows = cheapest.drop_duplicates(["product", "company"])[["product", "company", "sku", "unit_price", "measure"]]
    lowest = priced.sort_values(["product", "unit_price", *keys], na_position="last").drop_duplicates("product")
    return Offers(
        companies, rows.reset_index(drop=True), lowest["unit_price"].to_numpy(np.float64), lowest["measure"].to_numpy()
    )
