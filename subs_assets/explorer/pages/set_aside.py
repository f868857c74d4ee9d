"""Rows of the catalogues that were not accepted, by company and reason, what was mended in those that were, and what is
wrong with whole files."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException

from subs_assets.database import frames, lookups, tables
from subs_assets.database.tables import READ
from subs_assets.explorer.company_names import by_name
from subs_assets.explorer.limits import LONGEST_TEXT, Text
from subs_assets.explorer.rendering import page
from subs_assets.explorer.shapes import rows_of
from subs_assets.report.repairs import Repair, repairs_by_kind
from subs_assets.report.set_aside import SetAsideReason, set_aside_by_reason

router = APIRouter()


@router.get("/set-aside")
def set_aside(request: Request, company: Annotated[Text, Query(max_length=LONGEST_TEXT)] = "") -> Any:
    with request.app.state.explored.night() as night:
        files = frames.read(night.connection, tables.catalogue_files)
        companies = by_name(files["company_slug"].unique(), request.app.state.company_names)
        if company and company not in companies:
            raise HTTPException(
                404, f"No file of a company {company[:100]} was read; there are {', '.join(companies)}."
            )
        only = {"company_slug": company} if company else {}
        # All of them, for only the texts tell the reasons: once a night.
        found, repairs = request.app.state.worked_out.answer(
            night.mark,
            ("set aside", company),
            lambda: (
                set_aside_by_reason(frames.read(night.connection, tables.set_aside_rows, **only)),
                repairs_by_kind(lookups.repaired_listings(night.connection, company or None)),
            ),
        )
    counts = files.groupby("company_slug")[["read", "accepted", "repaired", "set_aside"]].sum()
    if company:
        files = files[files["company_slug"] == company]

    def place(of_company: SetAsideReason | Repair) -> int:
        return companies.index(of_company.company_slug)

    return page(
        request,
        "set_aside.html",
        company=company,
        companies=companies,
        counts=rows_of(counts.loc[[company] if company else companies].reset_index()),
        problems=rows_of(files[files["status"] != READ]),
        reasons=sorted(found.reasons, key=place),
        rows_left_out=found.rows_left_out,
        repairs=sorted(repairs, key=place),
    )  # fmt: skip
