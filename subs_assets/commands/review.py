"""``subs review``: what waits for a person's decision, as a file to fill in; taking it back; what has been decided."""

import getpass
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.commands.output import errors, fail, print_json, print_table, records, say
from subs_assets.commands.published import AsJson, From, To, published, require_companies
from subs_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

review = typer.Typer(no_args_is_help=True, help="Decide what the evidence alone cannot: which categories are the same.")

PAST = {"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn"}


@review.command()
def equivalences(
    company: From = None,
    target: To = None,
    out: Annotated[Path | None, typer.Option(help="The file to write, for a spreadsheet; else it is printed.")] = None,
) -> None:
    """The pairs of categories that wait for a decision, as CSV: fill in `verdict`, `relation` and `reason`."""
    from subs_assets.database import control, frames, tables
    from subs_assets.equivalence.questions import PublishedEquivalences
    from subs_assets.equivalence.review import review_queue
    from subs_assets.report.exports import formula_safe, write_csv

    if out is not None and out.exists():
        fail(f"{out} exists already, and may hold decisions that are not applied yet: choose another name")
    settings = Settings.from_environment()
    with published(settings) as connection:
        require_companies(connection, company, target)
        night = PublishedEquivalences(
            **{
                field.name: frames.read(connection, getattr(tables, field.name))
                for field in fields(PublishedEquivalences)
            }
        )
    decisions = control.read_decisions(control.open_control(settings.control_url), "equivalence")
    queue = review_queue(night, decisions, company, target)
    if out is None:
        typer.echo(formula_safe(queue.rows).to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        try:
            write_csv(queue.rows, out)
        except OSError as problem:
            fail(f"{out} cannot be written: {problem}")
    asked = ", ".join(f"{count} {kind}" for kind, count in queue.asked.items())
    say(f"{len(queue.rows)} pairs of categories to decide{f' ({asked})' if asked else ''}", errors)
    if queue.left_out:
        say(f"left out: {queue.left_out} proposals that are merely related, or would reach no listing", errors)
    if out is not None and len(queue.rows):
        say(f'fill in verdict, relation and reason, then: subs review apply "{out}"', errors)


@review.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A queue with verdicts: accept (with a relation), reject, or withdraw.")],
    by: Annotated[str | None, typer.Option("--by", help="Who decided; else the one who is logged in.")] = None,
) -> None:
    """Keep the decisions of a filled-in file, all or, if anything in it is wrong, none."""
    from subs_assets.database import control, frames, tables
    from subs_assets.equivalence.review_file import MOST_BYTES, RefusedFile, read_review

    settings = Settings.from_environment()
    who = (_whoever_is_logged_in() if by is None else by).strip()
    if not who:
        fail("say who decided: --by NAME")
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as problem:
        fail(f"{file} cannot be read: {problem}")
    with published(settings) as connection:
        trees = (frames.read(connection, table) for table in (tables.categories, tables.category_facets))
        try:
            read = read_review(content, *trees)
        except RefusedFile as refused:
            fail(f"{file} is refused, and nothing of it is kept:\n" + "\n".join(f"  {one}" for one in refused.problems))
    changed = control.record_decisions(
        control.open_control(settings.control_url), "equivalence", read.decided, decided_by=who
    )
    _tell(read.decided, changed, read.undecided, who)


@review.command()
def decisions(as_json: AsJson = False) -> None:
    """What has been decided about categories: by whom, when, why."""
    from subs_assets.catalogue import category_path
    from subs_assets.database import control
    from subs_assets.equivalence.decisions import without_inverses

    settings = Settings.from_environment()
    kept = control.read_decisions(control.open_control(settings.control_url), "equivalence")
    if as_json:
        print_json(records(kept))
        return
    shown = [
        {
            "category": f"{row['company_slug']}: {category_path.readable(row['subject'])}",
            "verdict": row["verdict"],
            "relation": row["relation"],
            "target": f"{row['target_company_slug']}: {category_path.readable(row['target_subject'])}",
            "by": row["decided_by"],
            "on": row["decided_at"][:10],
            "reason": row["reason"],
        }
        for row in records(without_inverses(kept))
    ]
    print_table(shown, "Decisions about categories")


def _tell(decided: "pd.DataFrame", changed: "pd.DataFrame", undecided: int, who: str) -> None:
    """Both frames hold each pair twice, once for each direction, under the number of its row."""
    pairs, new = decided[~decided.index.duplicated()], changed[~changed.index.duplicated()]
    verdicts = ", ".join(f"{count} {PAST[verdict]}" for verdict, count in new["verdict"].value_counts().items())
    how = f" ({verdicts}), each in both directions" if verdicts else ""
    say(f"pairs of categories decided by {who}: {len(new)}{how}")
    for what, count in {
        "of them in place of an earlier decision": int(new["earlier_by"].notna().sum()),
        "decided so already, left as they are": len(pairs) - len(new),
        "rows without a verdict, skipped": undecided,
    }.items():
        if count:
            say(f"{what}: {count}")
    if len(new):
        say("decisions count from the next run on: subs run")


def _whoever_is_logged_in() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in a container
        return ""


def register(app: typer.Typer) -> None:
    app.add_typer(review, name="review")
