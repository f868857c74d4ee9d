"""A decision that a request says, held against what is published by the rules of ``subs review apply``, and kept."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Connection

from subs_assets.database import control, frames, kept_decisions, lookups, tables
from subs_assets.equivalence import review_file as of_equivalences
from subs_assets.review.decided import Review, unknown_company
from subs_assets.review.sheet import RefusedFile, Sheet
from subs_assets.settings import Settings
from subs_assets.substitution import review_file as of_substitutions

Verdict = Literal["accept", "reject", "withdraw"]
Relation = Literal["exact", "close", "broad", "narrow", "related"]


class Unfit(ValueError):
    """The decision makes no sense with what is published; ``sentences`` say why."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True)
class Said:
    """What a person says of one pair; ``subject`` and ``target_subject`` are skus for a substitution, canonical paths
    for an equivalence."""

    kind: Literal["equivalence", "substitution"]
    company_slug: str
    subject: str
    target_company_slug: str
    target_subject: str
    verdict: Verdict
    relation: Relation | None = None
    reason: str | None = None


def keep(
    connection: Connection, settings: Settings, said: Said, decided_by: str, only_over: Collection[str] | None = None
) -> pd.DataFrame:
    """Keep the decision; what changed, as ``record_decisions`` says it. Raises Unfit, and DecidedMeanwhile.

    ``only_over``: as in ``record_decisions``; of a substitution, decisions on any listings of both products count."""
    read = _substitution(connection, said) if said.kind == "substitution" else _equivalence(connection, said)
    engine = control.open_control(settings.control_url)
    try:
        same = _same_substitutions(connection, said) if only_over is not None and said.kind == "substitution" else ()
        return kept_decisions.record_decisions(engine, said.kind, read.decided, decided_by.strip(), only_over, same)
    finally:
        engine.dispose()


def _substitution(connection: Connection, said: Said) -> Review:
    companies = lookups.companies(connection)
    sides = [("", said.company_slug, said.subject), ("target_", said.target_company_slug, said.target_subject)]
    listed = lookups.products_of_listings(
        connection, {company for _, company, _ in sides}, {sku for _, _, sku in sides}
    )
    known = set(zip(listed["company_slug"], listed["sku"], strict=True))
    wrong = [
        unknown_company(f"{side}company_slug", slug, companies) for side, slug, _ in sides if slug not in companies
    ]
    wrong += [
        f'{side}sku: {slug} sells no listing "{sku}"'
        for side, slug, sku in sides
        if slug in companies and (slug, sku) not in known
    ]
    if wrong and said.verdict != kept_decisions.WITHDRAW:
        raise Unfit(wrong)
    return _read(lambda sheet: of_substitutions.read_review(sheet, listed, companies), said, "sku")


def _same_substitutions(connection: Connection, said: Said) -> list[tuple[str, str, str, str]]:
    """The pairs of listings, this one among them, of the same two products: decisions on them are about one thing."""
    sides = (said.company_slug, said.subject), (said.target_company_slug, said.target_subject)
    listings = []
    for company, sku in sides:
        product_ids = lookups.products_of_listings(connection, [company], [sku])["product_id"]
        _, listed = lookups.listings_of_products(connection, product_ids.tolist())
        listings.append(list(zip(listed["company_slug"], listed["sku"], strict=True)))
    return [(*own, *other) for own, other in product(*listings)]


def _equivalence(connection: Connection, said: Said) -> Review:
    trees = [frames.read(connection, table) for table in (tables.categories, tables.category_facets)]
    return _read(lambda sheet: of_equivalences.read_review(sheet, *trees), said, "path")


def _read(read_review: Any, said: Said, key: str) -> Review:
    """As the one row of a file."""
    row = {
        "company_slug": said.company_slug,
        key: said.subject,
        "target_company_slug": said.target_company_slug,
        f"target_{key}": said.target_subject,
        "verdict": said.verdict,
        "relation": said.relation or "",
        "reason": (said.reason or "").strip(),
    }
    try:
        read: Review = read_review(Sheet(said.kind, [(1, row)]))
    except RefusedFile as refused:
        raise Unfit([problem.removeprefix("row 1: ") for problem in refused.problems]) from None
    return read
