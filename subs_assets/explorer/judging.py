"""What a person needs to judge one question: both sides as they are published, what speaks for it, what follows from
each answer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from subs_assets.catalogue import category_path
from subs_assets.database import lookups
from subs_assets.equivalence.questions import VANISHED
from subs_assets.explorer import words
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


def content_of(connection: Connection, question: Question) -> Content:
    """``sides``: two, each with company_slug, title, path and ``listings``; ``facts``; ``follows``: answer -> sentence;
    of categories ``evidence`` and ``relation``, the proposed one."""
    return (
        _of_categories(connection, question) if question.kind == "equivalence" else _of_products(connection, question)
    )


def worth_said(question: Question) -> str:
    """Why it is asked when it is."""
    if VANISHED in question.kinds:
        return "a decision does not count any more: such come before all others"
    reached = words.counted(question.reached, "listing")
    if question.kind == "equivalence":
        doubt = "in full doubt" if question.doubt == 1 else f"doubt {question.doubt:.2f}: the evidence carries it"
        return f"{reached} would be compared through it, {doubt}: worth {question.worth:.1f}"
    everywhere = f"worth {question.worth:.1f} over all companies where it is sold"
    return f"it counts for {reached}, doubt {question.doubt:.2f}: {everywhere}"


def _of_categories(connection: Connection, question: Question) -> Content:
    company, path, target, target_path = question.key
    asked = question.asked
    evidence = rows_of(lookups.evidence(connection, company, target, path, target_path))
    if not evidence:
        back = rows_of(lookups.evidence(connection, target, company, target_path, path))
        evidence = [{**row, "name": row["target_name"], "target_name": row["name"]} for row in back]
    sides = [
        {
            "company_slug": slug,
            "product_id": None,
            "title": category_path.decode(of)[-1],
            "path": category_path.readable(of),
            "count": None if asked[count] is None else int(asked[count]),
            "listings": rows_of(lookups.listings_in(connection, slug, of, LISTINGS_SHOWN)),
        }
        for slug, of, count in ((company, path, "listings"), (target, target_path, "target_listings"))
    ]
    figures = {
        "matched listings": asked["support"],
        f"share at least there ({target})": asked["target_given_source_bound"],
        f"share at least back ({company})": asked["source_given_target_bound"],
        "names alike": asked["label_similarity"],
    }
    facts = [f"{name} {value:.2f}" for name, value in figures.items() if value is not None]
    if asked["status"]:
        facts.append(f"stands as {asked['status']} {asked['proposed_relation']}")
    if asked["status_back"]:
        facts.append(f"back {asked['status_back']} {asked['relation_back']}")
    facts.append(words.counted(int(asked["accepted_beside"]), "other mapping") + f" accepted at {target}")
    reached = words.counted(question.reached, "listing")
    return {
        "sides": sides,
        "why": question.why,
        "facts": facts,
        "because": asked["evidence_says"] or "",
        "evidence": evidence,
        "relation": asked["proposed_relation"],
        "follows": {
            "accept": f"{reached} of {company} are compared with those of {target}'s category, and these with those.",
            "reject": "The two are never mapped, in neither direction, and not through a broader mapping either.",
        },
        "is_gone": VANISHED in question.kinds,
    }


def _of_products(connection: Connection, question: Question) -> Content:
    company, sku, target, target_sku = question.key
    product_id, substitute_id = question.asked["product_id"], question.asked["substitute_id"]
    product = lookups.product_row(connection, product_id) or {}
    sides = [
        _product_side(connection, *of)
        for of in ((company, sku, product_id, [company]), (target, target_sku, substitute_id, [target]))
    ]
    shown = [
        row
        for row in rows_of(lookups.substitutes_of(connection, product_id, target))
        if row["substitute_id"] == substitute_id
    ]
    facts = [f"score {question.asked['score']:.2f}"]
    why, reasons = question.why, []
    if shown:
        (row,) = shown
        packs = words.packs(row["pack_ratio"])
        difference = words.price_difference(row["unit_price_ratio"], product.get("unit"))
        facts = [f"level {row['level']}", *facts, f"place {row['rank']} at {target}", packs, difference]
        why, reasons = f"shown at {target}", row["reasons"]
    verb = "stays" if shown else "is"
    return {
        "sides": sides,
        "facts": [fact for fact in facts if fact],
        "why": why,
        "reasons": reasons,
        "follows": {
            "accept": f"It {verb} shown at {target} as long as both are sold, whatever gate, level and score say.",
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
        "path": " · ".join(map(category_path.readable, paths)),
        "count": None,
        "listings": [
            {**row, "per_unit": words.unit_price(row["unit_price"], row["currency"], row["unit"])}
            for row in listings[:LISTINGS_SHOWN]
        ],
    }
