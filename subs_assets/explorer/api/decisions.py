"""People's decisions: said by a program in a person's name, with the token; and those that stand."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from subs_assets.catalogue import category_path
from subs_assets.database import control_tables, kept_decisions
from subs_assets.explorer.api.answers import Page, TheseRows, explored_of, page_of, problem_answer
from subs_assets.explorer.deciding import Relation, Said, Unfit, Verdict, keep
from subs_assets.explorer.limits import LONGEST_TEXT, fit_for_databases
from subs_assets.explorer.sessions import LONGEST_NAME, is_name
from subs_assets.explorer.shapes import columns_of, row_shape, rows_of
from subs_assets.explorer.visitor import require_token

router = APIRouter(tags=["decisions"])

Decision: Any = row_shape("Decision", columns_of(control_tables.decisions))


def _one_line(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"names a person on one line, in {LONGEST_NAME} characters at most")
    return text.strip()


Key = Annotated[str, AfterValidator(fit_for_databases), Field(min_length=1, max_length=LONGEST_TEXT)]
Name = Annotated[str, AfterValidator(fit_for_databases), Field(max_length=LONGEST_TEXT)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    company_slug: Key
    target_company_slug: Key
    verdict: Verdict = Field(description="`withdraw`: have this decision no more; the evidence alone tells again.")
    reason: Annotated[str, AfterValidator(fit_for_databases)] | None = Field(default=None, max_length=LONGEST_TEXT)
    decided_by: Annotated[str, AfterValidator(_one_line)] | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_NAME,
        description="Who decided; left out only where a trusted proxy says it.",
    )
    only_over: list[Name] | None = Field(
        default=None,
        max_length=100,
        description="Not against any other decision than those made at these times (`decided_at`, as it was seen), be "
        "it on other listings of the same two products: none for an empty list. Left out: against whatever stands.",
    )


class SaidOfSubstitution(_Said):
    """What replaces what, in this direction."""

    kind: Literal["substitution"]
    sku: Key
    target_sku: Key


class SaidOfEquivalence(_Said):
    """How two categories stand to each other; kept in both directions."""

    kind: Literal["equivalence"]
    path: list[Name] = Field(min_length=1, max_length=20, description="The category: names from the root down.")
    target_path: list[Name] = Field(min_length=1, max_length=20)
    relation: Relation | None = Field(default=None, description="What the target is to the category; to accept alone.")


class Kept(BaseModel):
    """What became of a decision."""

    changed: bool = Field(description="False where it was decided just so already.")
    earlier_by: str | None = Field(description="Whose decision this replaces; null where there was none.")
    decided_by: str
    counts: Literal["from the next run on"] = "from the next run on"


@router.post(
    "/decisions",
    response_model=Kept,
    summary="Accept, reject or withdraw",
    responses={
        400: problem_answer("The body is no JSON."),
        401: problem_answer("The token is missing or wrong."),
        403: problem_answer("Another site's page sent it."),
        409: problem_answer("Somebody has decided otherwise meanwhile (`only_over`)."),
        413: problem_answer("The body is too large."),
    },
)
def decide(
    request: Request,
    response: Response,
    said: Annotated[SaidOfSubstitution | SaidOfEquivalence, Field(discriminator="kind")],
    proxy_says: Annotated[str | None, Depends(require_token)],
) -> Any:
    """In place of an earlier decision on the same pair; the audit log keeps both. Needs the token."""
    decided_by = proxy_says or said.decided_by
    if decided_by is None or (proxy_says and said.decided_by not in (None, proxy_says)):
        wanted = f"is {proxy_says}, as the proxy says, or left out" if proxy_says else "is missing: say who decided"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"decided_by {wanted}")
    explored = explored_of(request)
    with explored.night() as night:
        try:
            changed = keep(night.connection, explored.settings, _plain(said), decided_by, said.only_over)
        except Unfit as unfit:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(unfit)) from None
    response.headers["Cache-Control"] = "no-store"
    earlier = changed["earlier_by"].dropna()
    return {
        "changed": len(changed) > 0,
        "earlier_by": None if earlier.empty else earlier.iloc[0],
        "decided_by": decided_by,
    }


@router.get("/decisions", response_model=Page[Decision], summary="Decisions that stand")
def decisions(
    request: Request,
    response: Response,
    rows: TheseRows,
    kind: Annotated[Literal["equivalence", "substitution"] | None, Query(description="Of which kind.")] = None,
) -> Any:
    """The newest first; `subject` and `target_subject` are skus, or categories' paths as JSON text."""
    response.headers["Cache-Control"] = "no-store"
    explored = explored_of(request)
    with explored.night() as night:
        kept = explored.of_control(
            lambda engine: kept_decisions.decisions_page(engine, kind, rows.limit + 1, rows.offset)
        )
        return page_of(night, [] if kept is None else rows_of(kept), rows)


def _plain(said: SaidOfSubstitution | SaidOfEquivalence) -> Said:
    if isinstance(said, SaidOfSubstitution):
        keys = said.sku, said.target_sku
        return Said(
            said.kind, said.company_slug, keys[0], said.target_company_slug, keys[1], said.verdict, None, said.reason
        )
    paths = category_path.encode(said.path), category_path.encode(said.target_path)
    return Said(
        said.kind, said.company_slug, paths[0], said.target_company_slug, paths[1], said.verdict, said.relation,
        said.reason,
    )  # fmt: skip
