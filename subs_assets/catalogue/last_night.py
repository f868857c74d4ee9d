"""What a company delivers tonight against what is published of it: listings, prices, rows set aside; category trees are
held against each other in equivalence/vanished_categories.py. Nothing is read or published here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from subs_assets.catalogue.company import FALL_REFUSED, REPEATS, CompanyCatalogue, has_fallen
from subs_assets.catalogue.source import SOURCE_FILE
from subs_assets.database.tables import FAILED, READ
from subs_assets.finding import Finding, Gravity, Verdict

FEWEST = 50
"""Listings, or prices, below which nothing is warned of: in a small shop ten of them are an ordinary day."""

FALL_TOLD = 0.10
"""A fall of listings that somebody should know of. Judgement: ranges move by a few per cent a week."""

RISE_TOLD = 0.50
"""A rise that no range makes in a night: a second store's file, or rows under new skus beside the old ones."""

RENUMBERED = 0.30
"""Share of last night's skus that are gone while the count holds: the share at which a fall would not be believed."""

PRICES_TOLD = 0.10
"""Change of the median price. From night to night most prices are the same, so that the median is 1.00; a tenth is
another price field, another tax or another store."""

PRICES_REFUSED = 2.0
"""Factor of the median price, up or down, with which prices are not believed: no shop doubles or halves half of its
prices in a night, while cents for dollars is a factor of 100 and the price of a kilogram for that of a pack about 2 to
10."""

TENFOLD = 10.0
TENFOLD_TOLD = 0.01
"""Share of the prices that may change by a factor of ten before it is said: single slips of the company's own."""

PRICES_GONE_TOLD = 0.10
"""Share of priced listings that may lose their price before it is said."""

SET_ASIDE_TOLD = 0.05
SET_ASIDE_RISE_TOLD = 0.01
"""Shares of the rows set aside. Of the twelve real catalogues not one row is, so that one in a hundred more than last
night is news; a company of which one in twenty never can be used wants another source.yaml."""


@dataclass(frozen=True)
class LastNight:
    """What is published of one company; all empty where nothing is.

    ``prices``: DataFrame[sku, price], a row a listing; ``set_aside_rows`` and ``catalogue_files`` as the tables.
    """

    prices: pd.DataFrame
    set_aside_rows: pd.DataFrame
    catalogue_files: pd.DataFrame

    @property
    def is_nothing(self) -> bool:
        return self.prices.empty


NOTHING_BEFORE = "nothing is published of it yet, so there is nothing to hold it against"
NOT_READ = "not held against last night, since a file could not be read: the check delivered says which"


def listings_against(reading: CompanyCatalogue, last: LastNight) -> Verdict:
    """How many listings there are, more or less than published, and whether they are the same ones."""
    if said := _nothing_to_hold(reading, last):
        return Verdict(said)
    now, before = len(reading.listings), len(last.prices)
    gone = int((~last.prices["sku"].isin(reading.listings["sku"])).sum())
    figures = {
        "Listings": now,
        "Listings before": before,
        "Change of listings": round(now / before - 1, 4),
        "Listings gone": gone,
        "Listings new": now - before + gone,
    }
    return Verdict(
        f"{now:,} listings, {before:,} before: {gone:,} are gone and {now - before + gone:,} new",
        [] if before < FEWEST else _of_listings(reading, now, before, gone),
        figures,
    )


def _of_listings(reading: CompanyCatalogue, now: int, before: int, gone: int) -> list[Finding]:
    company, counts = _company(reading), f"{now:,} listings where there were {before:,}"
    has_refused_fall = has_fallen(now, before, FALL_REFUSED)
    if has_refused_fall and not reading.accept_fall:
        return [_told_by_delivered(f"{company}: {counts}")]
    if has_refused_fall:
        return [
            _warning(
                f"{company}: {counts}, and accept_fall: true in its {SOURCE_FILE} let them pass: take that line out "
                "once the range is as it should be, or a file that was cut will pass too"
            )
        ]
    if has_fallen(now, before, FALL_TOLD):
        return [
            _warning(f"{company}: {counts}, a fall of {1 - now / before:.0%}: see whether all of its files came whole")
        ]
    if now >= (1 + RISE_TOLD) * before:
        return [
            _warning(
                f"{company}: {counts}, a rise of {now / before - 1:.0%}: see whether a second store's files, or old "
                "ones, lie beside the new"
            )
        ]
    if gone >= RENUMBERED * before:
        return [
            _warning(
                f"{company}: {gone:,} of {before:,} skus are gone and {now - before + gone:,} are new: if it numbers "
                f"its listings anew, decisions on the old ones wait in vain; see whether `sku` in its {SOURCE_FILE} "
                "still names the right column"
            )
        ]
    return []


def prices_against(reading: CompanyCatalogue, last: LastNight) -> Verdict:
    """How the prices of listings that are published and delivered again have changed."""
    if said := _nothing_to_hold(reading, last):
        return Verdict(said)
    both = _both_nights(reading, last)
    had = both["price_before"].notna()
    gone = int((had & both["price"].isna()).sum())
    compared = both[had & both["price"].notna()]
    if compared.empty:
        return Verdict("no listing has a price on both nights", figures={"Prices compared": 0, "Prices gone": gone})
    ratio = compared["price"] / compared["price_before"]
    median = float(ratio.median())
    far = compared[(ratio >= TENFOLD) | (ratio <= 1 / TENFOLD)]
    figures = {
        "Median change of prices": round(median - 1, 4),
        "Share of prices changed": round(float((ratio != 1).mean()), 4),
        "Prices changed tenfold": len(far),
        "Prices compared": len(compared),
        "Prices gone": gone,
    }
    findings = []
    if len(compared) >= FEWEST:
        findings = [*_of_median(reading, median, len(compared)), *_of_far(reading, far, len(compared))]
    if had.sum() >= FEWEST and gone >= PRICES_GONE_TOLD * had.sum():
        findings.append(
            _warning(
                f"{_company(reading)}: {gone:,} of {had.sum():,} listings have lost their price: see whether `price` "
                f"in its {SOURCE_FILE} still names the right column"
            )
        )
    return Verdict(
        f"of {len(compared):,} prices {(ratio != 1).sum():,} changed; the median by {median - 1:+.1%}",
        findings,
        figures,
    )


def _both_nights(reading: CompanyCatalogue, last: LastNight) -> pd.DataFrame:
    return reading.listings[["sku", "price"]].merge(last.prices, on="sku", suffixes=("", "_before"))


def _of_median(reading: CompanyCatalogue, median: float, count: int) -> list[Finding]:
    company = _company(reading)
    if _is_refused(median):
        said = f"{company}: the prices of {count:,} listings are {_times(median)} at the median"
        if not reading.accept_prices:
            return [_told_by_delivered(said)]
        return [
            _warning(
                f"{said}, and accept_prices: true in its {SOURCE_FILE} let them pass: take that line out again, or "
                "prices in another unit will pass too"
            )
        ]
    if abs(median - 1) >= PRICES_TOLD:
        return [
            _warning(
                f"{company}: half of {count:,} prices changed by {median - 1:+.0%} or more: see whether `price` in its "
                f"{SOURCE_FILE} still names the right column, and whether the file is of the same store"
            )
        ]
    return []


def _of_far(reading: CompanyCatalogue, far: pd.DataFrame, count: int) -> list[Finding]:
    if len(far) < TENFOLD_TOLD * count or len(far) > count / 2:  # of more than half the median tells
        return []
    one = far.iloc[0]
    return [
        _warning(
            f"{_company(reading)}: {len(far):,} of {count:,} prices are ten times what they were, or a tenth, such as "
            f"sku {one['sku']}: {one['price_before']:g} -> {one['price']:g}; see whether some rows are in another unit"
        )
    ]


def why_prices_are_refused(reading: CompanyCatalogue, last: LastNight) -> str | None:
    """A part of a sentence where the prices are not to be believed; None where they are, or ``accept_prices`` says so.

    Published, they would be shown to shoppers, and every unit price that is compared with another company's would be
    wrong, while the old prices are a night old.
    """
    if reading.accept_prices or last.is_nothing:
        return None
    both = _both_nights(reading, last).dropna()
    if len(both) < FEWEST:
        return None
    median = float((both["price"] / both["price_before"]).median())
    if not _is_refused(median):
        return None
    middle = both.iloc[(both["price"] / both["price_before"] - median).abs().argsort().iloc[0]]
    return (
        f"the prices of {len(both):,} listings are {_times(median)} at the median, such as sku {middle['sku']}: "
        f"{middle['price_before']:g} -> {middle['price']:g}"
    )


def _is_refused(median: float) -> bool:
    return not 1 / PRICES_REFUSED < median < PRICES_REFUSED


def _times(median: float) -> str:
    return f"{median:.3g} times what is published"


def set_aside_against(reading: CompanyCatalogue, last: LastNight) -> Verdict:
    """Which share of the rows could not be used; a row that only repeats another is no loss."""
    if (reading.catalogue_files["status"] == FAILED).any():
        return Verdict(NOT_READ)
    rows, aside = _set_aside(reading.catalogue_files, reading.set_aside_rows)
    share = len(aside) / rows if rows else 0.0
    figures: dict[str, int | float] = {"Rows set aside": len(aside), "Share set aside": round(share, 4)}
    rose = 0.0
    # Of a night whose file failed the rows are those of the bad file, and those published of the night before it.
    if not last.is_nothing and (last.catalogue_files["status"] == READ).all():
        rows_before, aside_before = _set_aside(last.catalogue_files, last.set_aside_rows)
        share_before = len(aside_before) / rows_before if rows_before else 0.0
        figures["Share set aside before"] = round(share_before, 4)
        rose = share - share_before
    findings = []
    if rows >= FEWEST and (share >= SET_ASIDE_TOLD or rose >= SET_ASIDE_RISE_TOLD):
        counts = aside["field"].value_counts()
        example = aside[aside["field"] == counts.index[0]].iloc[0]
        more = f", {rose * 100:.1f} points more than before" if rose >= SET_ASIDE_RISE_TOLD else ""
        findings = [
            _warning(
                f"{_company(reading)}: {len(aside):,} of {rows:,} rows were set aside ({share:.1%}{more}), most of "
                f"them for {counts.index[0] or 'the row as a whole'}, such as {example['file']} line "
                f"{example['line']}: {example['reason']}. The page's *Set aside* has them, and docs/add-a-company.md "
                f"says what {SOURCE_FILE} can mend"
            )
        ]
    return Verdict(f"{len(aside):,} of {rows:,} rows were set aside ({share:.1%})", findings, figures)


def _set_aside(files: pd.DataFrame, rows: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    """How many rows the files have, and those of them that are lost; line 0 stands for a file as a whole."""
    repeats = rows["reason"].str.startswith(REPEATS).to_numpy(np.bool_)
    return int(files["read"].sum()), rows[(rows["line"] > 0) & ~repeats]


def _nothing_to_hold(reading: CompanyCatalogue, last: LastNight) -> str | None:
    if (reading.catalogue_files["status"] == FAILED).any():
        return NOT_READ
    return NOTHING_BEFORE if last.is_nothing else None


def _company(reading: CompanyCatalogue) -> str:
    return str(reading.catalogue_files["company_slug"].iloc[0])


def _told_by_delivered(said: str) -> Finding:
    """A note, since that check fails for it: one fault is one failure."""
    return Finding(Gravity.NOTE, f"{said}: they are not shown, the check delivered says what to do")


def _warning(sentence: str) -> Finding:
    return Finding(Gravity.WARNING, sentence)
