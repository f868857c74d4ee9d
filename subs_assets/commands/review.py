"""``subs review``: what waits for a person's decision, as a file to fill in; taking it back; what has been decided."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from subs_assets.commands.output import errors, fail, print_json, print_table, records, say
from subs_assets.commands.published import AsJson, From, To, published, require_companies, trained_model
from subs_assets.commands.whoever import whoever_is_logged_in
from subs_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from subs_assets.review.decided import Review

review = typer.Typer(
    no_args_is_help=True,
    help="Decide what the evidence alone cannot: which categories are the same, what replaces what.",
)

PAST = {"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn"}
DECIDED = {"equivalence": "pairs of categories", "substitution": "substitutions"}

Out = Annotated[Path | None, typer.Option(help="The file to write, for a spreadsheet; else it is printed.")]


@review.command()
def equivalences(company: From = None, target: To = None, out: Out = None) -> None:
    """The pairs of categories that wait for a decision, as CSV: fill in `verdict`, `relation` and `reason`."""
    from subs_assets.database import control, kept_decisions, lookups
    from subs_assets.equivalence.review import review_queue

    _require_new(out)
    settings = Settings.from_environment()
    with published(settings) as connection:
        require_companies(connection, company, target)
        night = lookups.equivalences_to_judge(connection)
    decisions = kept_decisions.read_decisions(control.open_control(settings.control_url), "equivalence")
    queue = review_queue(night, decisions, company, target)
    _write(queue.rows, out)
    asked = ", ".join(f"{count} {kind}" for kind, count in queue.asked.items())
    say(f"{len(queue.rows)} pairs of categories to decide{f' ({asked})' if asked else ''}", errors)
    if queue.left_out:
        say(f"left out: {queue.left_out} proposals that are merely related, or would reach no listing", errors)
    if out is not None and len(queue.rows):
        say(f'fill in verdict, relation and reason, then: subs review apply "{out}"', errors)


@review.command()
def substitutions(
    company: From = None,
    target: To = None,
    out: Out = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows, those that are worth most.")] = 200,
) -> None:
    """The substitutions whose decision is worth most, as CSV: fill in `verdict` and `reason`."""
    from subs_assets.database import control, kept_decisions, lookups
    from subs_assets.substitution.decisions import standing_decisions
    from subs_assets.substitution.review import review_queue

    _require_new(out)
    settings = Settings.from_environment()
    with published(settings) as connection:
        require_companies(connection, company, target)
        night = lookups.substitutions_to_judge(connection)
    decisions = kept_decisions.read_decisions(control.open_control(settings.control_url), "substitution")
    standing = standing_decisions(decisions, night.product_listings)
    queue = review_queue(night, standing, trained_model(settings).acceptance.shown_from, company, target, limit)
    _write(queue.rows, out)
    beside = len(queue.rows) - queue.shown
    kinds = f" ({queue.shown} shown, {beside} where nothing is shown)" if len(queue.rows) else ""
    say(f"{len(queue.rows)} substitutions to decide{kinds}", errors)
    if queue.left:
        say(f"left: {queue.left} more, whose answers are worth less (--limit)", errors)
    if out is not None and len(queue.rows):
        say(f'fill in verdict and reason, then: subs review apply "{out}"', errors)


@review.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A queue with verdicts: accept, reject, or withdraw.")],
    by: Annotated[str | None, typer.Option("--by", help="Who decided; else the one who is logged in.")] = None,
) -> None:
    """Keep the decisions of a filled-in file of either kind, all or, if anything in it is wrong, none."""
    from subs_assets.database import control, frames, kept_decisions, tables
    from subs_assets.equivalence import review_file as of_equivalences
    from subs_assets.review.sheet import MOST_BYTES, RefusedFile, read_sheet
    from subs_assets.substitution import review_file as of_substitutions

    settings = Settings.from_environment()
    who = (whoever_is_logged_in() if by is None else by).strip()
    if not who:
        fail("say who decided: --by NAME")
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as problem:
        fail(f"{file} cannot be read: {problem}")
    needed = {"equivalence": of_equivalences.NEEDED, "substitution": of_substitutions.NEEDED}
    with published(settings) as connection:
        try:
            sheet = read_sheet(content, needed)
            if sheet.kind == "equivalence":
                trees = (frames.read(connection, table) for table in (tables.categories, tables.category_facets))
                read = of_equivalences.read_review(sheet, *trees)
            else:
                read = of_substitutions.read_review(sheet, frames.read(connection, tables.product_listings))
        except RefusedFile as refused:
            fail(f"{file} is refused, and nothing of it is kept:\n" + "\n".join(f"  {one}" for one in refused.problems))
    changed = kept_decisions.record_decisions(
        control.open_control(settings.control_url), sheet.kind, read.decided, decided_by=who
    )
    _tell(sheet.kind, read, changed, who)


@review.command()
def decisions(as_json: AsJson = False) -> None:
    """What has been decided about categories and about substitutions: by whom, when, why."""
    from subs_assets.catalogue import category_path
    from subs_assets.database import control, kept_decisions
    from subs_assets.equivalence.decisions import without_inverses

    settings = Settings.from_environment()
    kept = kept_decisions.read_decisions(control.open_control(settings.control_url))
    if as_json:
        print_json(records(kept))
        return
    of_categories = [
        {
            "category": f"{row['company_slug']}: {category_path.readable(row['subject'])}",
            "verdict": row["verdict"],
            "relation": row["relation"],
            "target": f"{row['target_company_slug']}: {category_path.readable(row['target_subject'])}",
            **_by_whom(row),
        }
        for row in records(without_inverses(kept[kept["kind"] == "equivalence"]))
    ]
    print_table(of_categories, "Decisions about categories")
    print_table(_of_substitutions(kept[kept["kind"] == "substitution"], settings), "Decisions about substitutions")


def _of_substitutions(kept: "pd.DataFrame", settings: Settings) -> list[dict[str, Any]]:
    """Listings by their names, of those that are still sold."""
    from subs_assets.database import lookups

    if kept.empty:
        return []
    with published(settings) as connection:
        names = lookups.listing_names(connection, {*kept["subject"], *kept["target_subject"]})

    def listing(company: str, sku: str) -> str:
        return f"{company} {sku}: {names.get((company, sku), 'no longer sold')}"

    return [
        {
            "product": listing(row["company_slug"], row["subject"]),
            "verdict": row["verdict"],
            "substitute": listing(row["target_company_slug"], row["target_subject"]),
            **_by_whom(row),
        }
        for row in records(kept)
    ]


def _by_whom(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"by": row["decided_by"], "on": row["decided_at"][:10], "reason": row["reason"]}


def _require_new(out: Path | None) -> None:
    if out is not None and out.exists():
        fail(f"{out} exists already, and may hold decisions that are not applied yet: choose another name")


def _write(rows: "pd.DataFrame", out: Path | None) -> None:
    """To the file, or to standard output, safe for spreadsheets both."""
    from subs_assets.report.exports import formula_safe, write_csv

    if out is None:
        typer.echo(formula_safe(rows).to_csv(index=False, lineterminator="\n"), nl=False)
        return
    try:
        write_csv(rows, out)
    except OSError as problem:
        fail(f"{out} cannot be written: {problem}")


def _tell(kind: str, read: "Review", changed: "pd.DataFrame", who: str) -> None:
    """Of equivalences both frames hold each pair twice, once for each direction, under the number of its row."""
    pairs, new = read.decided[~read.decided.index.duplicated()], changed[~changed.index.duplicated()]
    verdicts = ", ".join(f"{count} {PAST[verdict]}" for verdict, count in new["verdict"].value_counts().items())
    how = f" ({verdicts}){', each in both directions' if kind == 'equivalence' else ''}" if verdicts else ""
    say(f"{DECIDED[kind]} decided by {who}: {len(new)}{how}")
    for what, count in {
        "of them in place of an earlier decision": int(new["earlier_by"].notna().sum()),
        "decided so already, left as they are": len(pairs) - len(new),
        "rows without a verdict, skipped": read.undecided,
    }.items():
        if count:
            say(f"{what}: {count}")
    if len(new):
        say("decisions count from the next run on: subs run")


def register(app: typer.Typer) -> None:
    app.add_typer(review, name="review")
