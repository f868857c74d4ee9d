"""The rows of a filled-in queue of substitutions: all of them are sound, or the file is refused with every reason."""

from collections.abc import Collection, Mapping

import pandas as pd

from subs_assets.database.kept_decisions import DECIDED_COLUMNS, WITHDRAW
from subs_assets.report.exports import without_digits_guard
from subs_assets.review.decided import Review, unfit_reason, unknown_company, unknown_verdict
from subs_assets.review.sheet import RefusedFile, Sheet

NEEDED = ("company_slug", "sku", "target_company_slug", "target_sku", "verdict", "reason")
"""Columns that a file must have; others are for the person's eyes."""

Listing = tuple[str, str]
"""company_slug, sku"""


def read_review(sheet: Sheet, product_listings: pd.DataFrame, company_slugs: Collection[str] | None = None) -> Review:
    """The decisions in a filled-in queue, or in a file with its NEEDED columns that somebody wrote by hand; each is on
    one direction.

    A listing must be published, but to withdraw a decision, whose listing or company may be gone. ``company_slugs``:
    all that there are, where ``product_listings`` has only the listings that the sheet names. Raises RefusedFile.
    """
    listed = zip(product_listings["company_slug"], product_listings["sku"], strict=True)
    product_of: dict[Listing, str] = dict(zip(listed, product_listings["product_id"], strict=True))
    companies = set(product_listings["company_slug"] if company_slugs is None else company_slugs)
    problems: list[str] = []
    decided: dict[int, tuple[str, str, str, str, str, None, str | None]] = {}
    first_of: dict[tuple[str, ...], int] = {}
    undecided = 0

    def repeated(what: str, pair: tuple[str, ...], number: int) -> list[str]:
        first = first_of.setdefault((what, *pair), number)
        return [] if first == number else [f"the same two {what} as in row {first}, in the same direction"]

    for number, row in sheet.rows:
        if isinstance(row, str):
            problems.append(f"row {number}: {row}")
            continue
        if not row["verdict"]:
            undecided += 1
            continue
        verdict = row["verdict"].casefold()
        one, other = (_listing(row, side) for side in ("", "target_"))
        wrong = unknown_verdict(row["verdict"]) + unfit_reason(row["reason"])
        wrong += repeated("listings", (*one, *other), number)
        if verdict != WITHDRAW:
            wrong += [
                unknown_company(f"{side}company_slug", listing[0], companies)
                for side, listing in (("", one), ("target_", other))
                if listing[0] not in companies
            ]
            wrong += [
                _unknown_sku(f"{side}sku", listing)
                for side, listing in (("", one), ("target_", other))
                if listing[0] in companies and listing not in product_of
            ]
            if one in product_of and other in product_of and not wrong:
                pair = product_of[one], product_of[other]
                wrong += repeated("products", pair, number)
                if pair[0] == pair[1]:
                    wrong.append(f"both listings are of one product, {pair[0]}, which is no substitute for itself")
        problems += [f"row {number}: {what}" for what in wrong]
        if not wrong:
            decided[number] = (*one, *other, verdict, None, row["reason"] or None)
    if problems:
        raise RefusedFile(problems)
    return Review(
        pd.DataFrame(list(decided.values()), columns=DECIDED_COLUMNS, index=list(decided), dtype=object), undecided
    )


def _listing(row: Mapping[str, str], side: str) -> Listing:
    return row[f"{side}company_slug"], without_digits_guard(row[f"{side}sku"])


def _unknown_sku(column: str, listing: Listing) -> str:
    company, sku = listing
    if not sku:
        return f"{column}: the row names no listing of {company}"
    return (
        f'{column}: {company} sells no listing "{sku}". Did a spreadsheet take it for a number? '
        "The apostrophe before a sku keeps its zeros: leave it there"
    )
