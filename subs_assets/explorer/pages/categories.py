"""Two companies' category trees side by side: what is mapped to what, how far each branch is, and what is not."""

from collections.abc import Mapping
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from subs_assets.catalogue import category_path
from subs_assets.database import lookups
from subs_assets.explorer import category_tree, judging
from subs_assets.explorer.addresses import category_address, mapping_address, trees_address
from subs_assets.explorer.limits import LONGEST_PATH, LONGEST_TEXT, MOST_OFFSET, Text
from subs_assets.explorer.rendering import fragment, page
from subs_assets.report.equivalence_tree import ABSENCE_WORDS

router = APIRouter()

CompanyAsked = Annotated[Text, Query(max_length=LONGEST_TEXT)]
PathAsked = Annotated[Text, Query(max_length=LONGEST_PATH)]
OffsetAsked = Annotated[int, Query(ge=0, le=MOST_OFFSET)]


@router.get("/categories")
def categories(
    request: Request,
    company: CompanyAsked = "",
    target_company: CompanyAsked = "",
    branch: PathAsked = category_path.ROOT,
    target_branch: PathAsked = category_path.ROOT,
    offset: OffsetAsked = 0,
    target_offset: OffsetAsked = 0,
) -> Any:
    """``branch`` and ``target_branch``: show what stands below these categories alone; ``offset`` and
    ``target_offset``: without the first so many branches of either tree."""
    with request.app.state.explored.night() as night:
        sizes = lookups.companies_with_categories(night.connection)
        known = sorted({*sizes, *lookups.companies(night.connection)})
        company, target_company = chosen_pair(list(sizes), known, company, target_company)
        asked = company, target_company, branch, target_branch, offset, target_offset
        trees = None
        if target_company and company != target_company:
            names = request.app.state.company_names
            trees = request.app.state.worked_out.answer(
                night.mark, asked, lambda: both_trees(night.connection, names, *asked)
            )
    return page(
        request,
        "categories.html",
        company=company,
        target_company=target_company,
        companies=known,
        trees=trees,
        trees_address=trees_address,
    )


def both_trees(
    connection: Connection,
    company_names: Mapping[str, str],
    company: str,
    target_company: str,
    branch: str,
    target_branch: str,
    offset: int,
    target_offset: int,
) -> Markup:
    """The part of the page that is about the two trees. Raises HTTPException for a branch that there is not."""
    own = lookups.coverage(connection, company, target_company)
    there = lookups.nodes(connection, target_company)
    mappings = lookups.mappings_between(connection, company, target_company)
    shelves = lookups.shelves_with_listings(connection, company)
    require_category(own, company, branch)
    require_category(there, target_company, target_branch)
    most = category_tree.MOST_NODES
    target_tree = category_tree.shown_tree(there, below=target_branch, offset=target_offset, most=most)
    without_categories = [slug for slug, tree in ((company, own), (target_company, there)) if tree.empty]
    coverage = None if without_categories else category_tree.branch_coverage(own, shelves)
    targets = category_tree.targets_of(mappings)
    silent = category_tree.silent_departments(own, mappings)
    return fragment(
        "categories_trees.html",
        company_names,
        company=company,
        target_company=target_company,
        branch=branch,
        target_branch=target_branch,
        tree=category_tree.shown_tree(own, coverage, targets, target_tree.numbers, silent, branch, offset, most),
        target_tree=target_tree,
        offset=offset,
        target_offset=target_offset,
        most=most,
        counts=counts(own, category_tree.whole(shelves, own)),
        without_categories=without_categories,
        has_mappings=not mappings.empty,
        relations=judging.RELATIONS,
        absence_words=ABSENCE_WORDS,
        category_address=category_address,
        mapping_address=mapping_address,
        trees_address=trees_address,
    )


def chosen_pair(with_trees: list[str], known: list[str], company: str, target_company: str) -> tuple[str, str]:
    """Both companies as they were asked for, else the first two that have categories; empty where there is none.
    Raises HTTPException."""
    for slug in (company, target_company):
        if slug and slug not in known:
            raise HTTPException(404, f"Nothing is published of a company {slug[:100]}; there are {', '.join(known)}.")
    company = company or next((slug for slug in (*with_trees, *known) if slug != target_company), "")
    target_company = target_company or next((slug for slug in (*with_trees, *known) if slug != company), "")
    return company, target_company


def require_category(tree: pd.DataFrame, company: str, path: str) -> None:
    """Raises HTTPException where the company has no category of this path; the path above all is one."""
    if path != category_path.ROOT and path not in set(tree["path"]):
        raise no_category(company)


def no_category(company: str) -> HTTPException:
    """Status 404 for a category that is not published."""
    return HTTPException(
        404,
        f"{company[:100]} has no such category in what is published; it may have another name now: look at its tree.",
    )


def counts(tree: pd.DataFrame, coverage: category_tree.Coverage) -> dict[str, Any]:
    """Categories by what is known of them, and the coverage of the whole company."""
    facets = int(tree["facet"].notna().sum())
    answers = tree.loc[tree["accepted"] == 0, "answer"].value_counts().to_dict()
    return {
        "categories": len(tree) - facets,
        "mapped": int((tree["accepted"] > 0).sum()),
        "facets": facets,
        "answers": {answer: int(answers.get(answer, 0)) for answer in lookups.ANSWERS},
        "coverage": coverage,
    }
