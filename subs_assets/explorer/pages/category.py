"""One category: where it stands, what it is mapped to at each company and why it is not, and its listings."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from subs_assets.catalogue import category_path
from subs_assets.database import lookups
from subs_assets.explorer.addresses import category_address, mapping_address, trees_address
from subs_assets.explorer.api.answers import next_offset
from subs_assets.explorer.limits import LONGEST_PATH, LONGEST_TEXT, MOST_OFFSET, Text
from subs_assets.explorer.pages.categories import no_category
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import rows_of
from subs_assets.report.equivalence_tree import ABSENCE_WORDS, STATUS_ORDER

router = APIRouter()

LISTINGS_SHOWN = 50


@router.get("/categories/category")
def category(
    request: Request,
    company: Annotated[Text, Query(max_length=LONGEST_TEXT)],
    path: Annotated[Text, Query(max_length=LONGEST_PATH)],
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> Any:
    with request.app.state.explored.night() as night:
        found = lookups.category_row(night.connection, company, path)
        if found is None:
            raise no_category(company)
        facet = lookups.facets(night.connection, company, path)
        mappings = lookups.equivalences(night.connection, company, path=path)
        absences = lookups.absences(night.connection, company, path=path)
        with_categories = lookups.companies_with_categories(night.connection)
        others = [slug for slug in lookups.companies(night.connection) if slug != company]
        listings = lookups.listings_in(night.connection, company, path, LISTINGS_SHOWN, offset)
    return page(
        request,
        "category.html",
        category=found,
        above=category_path.ancestors(path),
        facet=None if facet.empty else facet.iloc[0].to_dict(),
        there=by_company(
            mappings.to_dict("records"),
            [row for row in absences.to_dict("records") if row["target_company_slug"] in with_categories],
        ),
        without_categories=[slug for slug in others if slug not in with_categories],
        listings=rows_of(listings),
        offset=offset,
        next_offset=next_offset(found["listings"], LISTINGS_SHOWN, offset),
        absence_words=ABSENCE_WORDS,
        category_address=category_address,
        mapping_address=mapping_address,
        trees_address=trees_address,
    )


def by_company(mappings: list[dict[Any, Any]], absences: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """A group for each company: its ``mappings``, accepted and strong ones first, and the ``absence``, None where one
    is accepted; the best refused category (``refused``) is said only where it is not among the mappings."""
    groups: dict[str, dict[str, Any]] = {}

    def group(slug: str) -> dict[str, Any]:
        return groups.setdefault(slug, {"company_slug": slug, "mappings": [], "absence": None, "refused": None})

    for row in sorted(mappings, key=lambda one: (STATUS_ORDER[one["status"]], -one["support"], one["target_path"])):
        group(row["target_company_slug"])["mappings"].append(row)
    for row in absences:
        texts = {name: value if isinstance(value, str) else None for name, value in row.items()}
        here = group(row["target_company_slug"])
        named = {one["target_path"] for one in here["mappings"]}
        here |= {"absence": texts, "refused": None if texts["candidate_path"] in named else texts["candidate_path"]}
    return [groups[slug] for slug in sorted(groups)]
