"""What a person needs to judge one question: both sides as they are published, what speaks for it, what follows from
each answer; in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from subs_assets.catalogue import category_path
from subs_assets.database import lookups
from subs_assets.equivalence.questions import CHANGED, CONTRADICTING, VANISHED
from subs_assets.explorer import addresses, offered, words
from subs_assets.explorer.questions import Question
from subs_assets.explorer.shapes import rows_of

LISTINGS_SHOWN = 6

RELATIONS = {
    "exact": "the same goods",
    "close": "nearly the same goods",
    "broad": "it holds these and more",
    "narrow": "it holds a part of these",
    "related": "akin, neither holds the other",
}
"""What the target is to the category, in the order of the keys 1 to 5."""

Content = dict[str, Any]
Names = Mapping[str, str]


def content_of(connection: Connection, question: Question, company_names: Names) -> Content:
    """``sides``: two, each with company_slug, title, address, path, ``listings`` and how many there are (``count``,
    None where that says nothing); ``why``: why it is asked; ``facts`` and ``figures``: name -> figure; ``follows``:
    answer -> sentence; of categories ``evidence`` and ``relation``, the proposed one.

    ``company_names``: slug -> what people call it.
    """
    of_kind = _of_categories if question.kind == "equivalence" else _of_products
    return of_kind(connection, question, company_names)


def _of_categories(connection: Connection, question: Question, company_names: Names) -> Content:
    company, path, target, target_path = question.key
    here, there = company_names.get(company, company), company_names.get(target, target)
    asked = question.asked
    evidence = rows_of(lookups.evidence(connection, company, target, path, target_path))
    if not evidence:
        back = rows_of(lookups.evidence(connection, target, company, target_path, path))
        evidence = [{**row, "name": row["target_name"], "target_name": row["name"]} for row in back]
    standing = rows_of(lookups.equivalences(connection, company, target, path))
    beside = [
        f"{' › '.join(row['target_path'])} ({row['relation']})"
        for row in standing
        if row["status"] == "accepted" and row["target_path"] != category_path.decode(target_path)
    ]
    reached = words.counted(question.reached, "listing")
    return {
        "sides": [
            {
                "company_slug": slug,
                "product_id": None,
                "title": category_path.decode(of)[-1],
                "address": addresses.category_address(slug, of, target_company=other),
                "path": category_path.readable(of),
                "count": None if asked[count] is None else int(asked[count]),
                "listings": rows_of(lookups.listings_in(connection, slug, of, LISTINGS_SHOWN)),
            }
            for slug, of, count, other in (
                (company, path, "listings", target),
                (target, target_path, "target_listings", company),
            )
        ],
        "why": _why_of_categories(question, here, there, beside),
        "facts": [],
        "figures": {
            "matched listings": _rounded(asked["support"], 1),
            f"of {here}'s, matched there: at least": words.percent(asked["target_given_source_bound"]),
            f"of {there}'s, matched here: at least": words.percent(asked["source_given_target_bound"]),
            "names alike": words.percent(asked["label_similarity"]),
            "doubt": f"{question.doubt:.2f}",
            "worth": f"{question.worth:.1f}",
        },
        "because": asked["evidence_says"] or "",
        "evidence": evidence,
        "reasons": [],
        "relation": asked["proposed_relation"],
        "follows": {
            "accept": f"From the next run on, substitutes for {reached} of {here} are looked for in {there}'s category "
            "too, and the other way round.",
            "reject": "The two are never mapped, in neither direction, and not through a broader mapping either.",
        },
        "is_gone": VANISHED in question.kinds,
    }


def _why_of_categories(question: Question, here: str, there: str, beside: Sequence[str]) -> str:
    asked = question.asked
    if VANISHED in question.kinds:
        return "A decision does not count any more, for a category of it is gone; such come before all others."
    if CONTRADICTING in question.kinds:
        why = (
            f"The two directions contradict each other: {asked['status']} as {asked['proposed_relation']} from {here} "
            f"to {there}, {asked['status_back']} as {asked['relation_back']} the other way round."
        )
    elif question.kinds == (CHANGED,):
        why = f"It is not as it was the night before: {question.why.partition(': ')[2]}. The evidence carries it."
    else:
        mapped = f"mapped there already, to {'; '.join(beside)}" if beside else "mapped to nothing there yet"
        why = f"The evidence alone does not carry it, and {here}'s category is {mapped}."
    return f"{why} The answer counts for {words.counted(question.reached, 'listing')} of {here}."


def _of_products(connection: Connection, question: Question, company_names: Names) -> Content:
    company, sku, target, target_sku = question.key
    there = company_names.get(target, target)
    asked = question.asked
    sides = [
        _product_side(connection, *of)
        for of in (
            (company, sku, asked["product_id"], [company]),
            (target, target_sku, asked["substitute_id"], [target]),
        )
    ]
    shown = [
        row
        for row in rows_of(lookups.substitutes_of(connection, asked["product_id"], target))
        if row["substitute_id"] == asked["substitute_id"]
    ]
    score = f"{asked['score']:.2f}"
    if shown:
        (row,) = shown
        why = f"It is shown at {there}, in place {row['rank']}, and the score leaves a doubt."
        facts = [f"level {row['level']}", *_compared(connection, asked["product_id"], row)]
    else:
        needed = f"{asked['shown_from']:.2f}"
        why = f"It is not shown: its score is {score}, and {needed} is needed. Nothing else is found at {there}."
        offer = lookups.cheapest_offers(connection, {asked["substitute_id"]}, {target})
        facts = [fact for row in offer.values() for fact in _compared(connection, asked["product_id"], row)]
    reached = words.counted(question.reached, "listing")
    return {
        "sides": sides,
        "why": f"{why} The answer counts for {reached}, at all companies.",
        "facts": facts,
        "figures": {
            "score": score,
            "shown from": f"{asked['shown_from']:.2f}",
            "doubt": f"{question.doubt:.2f}",
            "worth": f"{question.worth:.1f}",
        },
        "because": "",
        "evidence": [],
        "reasons": shown[0]["reasons"] if shown else [],
        "relation": None,
        "follows": {
            "accept": f"It {'stays' if shown else 'is'} shown at {there} as long as both are sold.",
            "reject": "It is never shown for this product, at any company.",
        },
        "is_gone": False,
    }


def _product_side(
    connection: Connection, company_slug: str, sku: str, product_id: str, first: Sequence[str]
) -> Content:
    listings = sorted(
        rows_of(lookups.listings_of(connection, product_id)),
        key=lambda row: ((row["company_slug"], row["sku"]) != (company_slug, sku), row["company_slug"] not in first),
    )
    paths = lookups.paths_of(connection, company_slug, sku)
    return {
        "company_slug": company_slug,
        "product_id": product_id,
        "title": listings[0]["name"] if listings else sku,
        "address": addresses.product_address(product_id),
        "path": " · ".join(map(category_path.readable, paths)),
        "count": len(listings),
        "listings": [
            {**row, "per_unit": words.unit_price(row["unit_price"], row["currency"], row["unit"])}
            for row in listings[:LISTINGS_SHOWN]
        ],
    }


def _compared(connection: Connection, product_id: str, offer: Content) -> list[str]:
    """How much of the offer makes up the product and what that costs, and by how much it is dearer; or why that cannot
    be said. As the product's page says it."""
    product = lookups.product_row(connection, product_id)
    if product is None:
        return []
    if product["unit"] and offer["unit"] and product["unit"] != offer["unit"]:
        return ["sold by different measures: amounts and prices cannot be compared"]
    if "pack_ratio" not in offer:
        cheapest = offered.cheapest_per_unit(rows_of(lookups.listings_of(connection, product_id)))
        ratios = offered.pack_ratio(product, offer), offered.unit_price_ratio(cheapest, offer)
        offer = {**offer, **dict(zip(("pack_ratio", "unit_price_ratio"), ratios, strict=True))}
    told = offered.priced(offer, product)
    return [fact for fact in (told["instead"], told["difference"] and f"{told['difference']} by unit price") if fact]


def pairs_said(
    connection: Connection, company_names: Names, pairs: Sequence[tuple[str, tuple[str, str, str, str]]]
) -> list[str]:
    """ "Aldi Muesli ~ Coles Cereals" of each pair: kind of decision, and company_slug, subject, target_company_slug,
    target_subject."""
    skus = {sku for kind, (_, own, _, other) in pairs if kind == "substitution" for sku in (own, other)}
    names = lookups.listing_names(connection, skus)

    def side(kind: str, company: str, subject: str) -> str:
        is_listing = kind == "substitution"
        what = names.get((company, subject), subject) if is_listing else category_path.readable(subject)
        return f"{company_names.get(company, company)} {what}"

    return [f"{side(kind, *key[:2])} ~ {side(kind, *key[2:])}" for kind, key in pairs]


def _rounded(figure: float | None, digits: int) -> str:
    return "–" if figure is None else f"{figure:.{digits}f}"
