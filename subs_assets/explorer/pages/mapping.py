"""One mapping between two categories: its relation, what it rests on, what a person decided, and deciding."""

from typing import Annotated, Any, Literal, cast, get_args

import pandas as pd
from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException

from subs_assets.database import kept_decisions, lookups
from subs_assets.equivalence.absences import SPEAKS_FOR_PARTS, speaks_for_parts
from subs_assets.equivalence.relations import INVERSE
from subs_assets.explorer.addresses import category_address, mapping_address, trees_address
from subs_assets.explorer.deciding import Relation, Said, Verdict
from subs_assets.explorer.judging import RELATIONS
from subs_assets.explorer.limits import LONGEST_PATH, Text
from subs_assets.explorer.night import Explored
from subs_assets.explorer.pages.categories import no_category
from subs_assets.explorer.pages.decide import kept
from subs_assets.explorer.pages.forms import Form, require_own_form
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import rows_of
from subs_assets.explorer.visitor import KnownVisitor
from subs_assets.review.decided import said_with_reason

router = APIRouter()

SIDES = ("company_slug", "path", "target_company_slug", "target_path")

Grounds = Literal["listings", "names", "third company", "person"]

Key = Annotated[Text, Query(max_length=LONGEST_PATH)]


@router.get("/categories/mapping")
def mapping(request: Request, company: Key, path: Key, target_company: Key, target_path: Key) -> Any:
    explored: Explored = request.app.state.explored
    with explored.night() as night:
        own = lookups.category_row(night.connection, company, path)
        if own is None:
            raise no_category(company)
        if lookups.category_row(night.connection, target_company, target_path) is None:
            raise no_category(target_company)
        there = lookups.equivalences(night.connection, company, target_company, path, target_path)
        back = lookups.equivalences(night.connection, target_company, company, target_path, path)
        absence = lookups.absences(night.connection, company, target_company, path)
        facets_of_company = lookups.facets(night.connection, company)
        pairs = lookups.evidence(night.connection, company, target_company, path, target_path)
        facets = [
            {"company_slug": slug, **row}
            for slug, one in ((company, path), (target_company, target_path))
            for row in lookups.facets(night.connection, slug, one)[["path", "kind", "reason"]].to_dict("records")
        ]
        sold = lookups.products_of_listings(
            night.connection, [company, target_company], {*pairs["sku"], *pairs["target_sku"]}
        )
    decided = explored.of_control(
        lambda engine: kept_decisions.decisions_on_mapping(engine, company, path, target_company, target_path)
    )
    decisions = [] if decided is None else list(decided.itertuples(index=False))
    product_of = dict(zip(zip(sold["company_slug"], sold["sku"], strict=True), sold["product_id"], strict=True))
    return page(
        request,
        "category_mapping.html",
        sides=dict(zip(SIDES, (company, path, target_company, target_path), strict=True)),
        mapping=_first(there),
        back=_first(back),
        refused=refused_as(absence, target_path),
        pairs=[
            {
                **row,
                "product_id": product_of.get((company, row["sku"])),
                "target_product_id": product_of.get((target_company, row["target_sku"])),
            }
            for row in rows_of(pairs)
        ],
        facets=facets,
        grounds=grounds(_first(there)),
        is_silent=not own["is_leaf"] and is_silent(there, facets_of_company),
        decision=decisions[0] if decisions else None,
        said=said_with_reason(decisions[0]) if decisions else None,
        seen=",".join(one.decided_at for one in decisions),
        relation=likely_relation(_first(there), _first(back)),
        relations=RELATIONS,
        category_address=category_address,
        mapping_address=mapping_address,
        trees_address=trees_address,
    )


@router.post("/categories/mapping")
def decide(request: Request, visitor: KnownVisitor, form: Form) -> Any:
    name = require_own_form(request, visitor, form)
    verdict, relation = form.get("verdict", ""), form.get("relation", "")
    if verdict not in get_args(Verdict) or not all(form.get(side) for side in SIDES):
        raise HTTPException(422, "The form lacks a verdict or one of the two categories.")
    if verdict == "accept" and relation not in get_args(Relation):
        raise HTTPException(422, f"An accepted mapping has one of these relations: {', '.join(RELATIONS)}.")
    company, path, target_company, target_path = (form[side] for side in SIDES)
    said = Said(
        "equivalence", company, path, target_company, target_path, cast(Verdict, verdict),
        cast(Relation, relation) if verdict == "accept" else None, form.get("reason"),
    )  # fmt: skip
    return kept(request, name, form, said)


def likely_relation(there: dict[str, Any] | None, back: dict[str, Any] | None) -> str:
    """What a person is offered first: what the evidence says, else the inverse of what it says the other way."""
    if there is not None:
        return str(there["relation"])
    return "close" if back is None else INVERSE[back["relation"]]


def grounds(mapping: dict[str, Any] | None) -> Grounds | None:
    """What a mapping rests on. Shares of less than one matched listing repeat what the names say."""
    if mapping is None:
        return None
    if mapping["origin"] == "inferred":
        return "third company"
    if mapping["support"] >= 1:
        return "listings"
    return "names" if mapping["label_similarity"] else "person"


def is_silent(mapping: pd.DataFrame, facets: pd.DataFrame) -> bool:
    """Whether a mapping (no row: none) holds all of a whole department, and yet does not speak for what is below it;
    ``facets``: of the department's company."""
    used = mapping[(mapping["status"] == "accepted") & mapping["relation"].isin(SPEAKS_FOR_PARTS)]
    return not used.empty and not speaks_for_parts(used, facets).any()


def refused_as(absence: pd.DataFrame, target_path: str) -> str | None:
    """Why the two are not mapped, where the target is the best of those that were refused."""
    asked = absence[absence["candidate_path"] == target_path]
    return None if asked.empty else str(asked.iloc[0]["reason"])


def _first(found: pd.DataFrame) -> dict[str, Any] | None:
    return None if found.empty else {str(name): value for name, value in found.iloc[0].to_dict().items()}
