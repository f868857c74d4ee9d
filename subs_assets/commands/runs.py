"""``subs runs``: how the last runs went, and since when a check fails; what one run did, by its id."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from subs_assets.commands.output import console, fail, print_json, print_table, records, say
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.database.runs import Recorded

RUN_ID = 8
"""Characters of a run's id that are shown, as in Dagster's UI; so many are asked for as well."""

COLUMNS = ("started_at", "run", "job", "launched_by", "outcome", "seconds")
"""Of the table, which is to fit a screen of 80 characters; what a run said stands below it."""


def runs(
    run: Annotated[
        str | None, typer.Argument(help="The id of one run, or its beginning: its steps and checks.")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="So many runs.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """How the last runs went, the newest first, and since when a check fails; or what one run did."""
    from subs_assets.database import control
    from subs_assets.database.engine import describe
    from subs_assets.database.runs import KEPT_NIGHTS, read_recorded, read_run, run_named
    from subs_assets.doctor.control_state import reading

    settings = Settings.from_environment()
    url, timezone = settings.control_url, "UTC" if as_json else settings.timezone
    with reading(url) as found:  # opening it would make it, wherever a mistyped SUBS_HOME leads
        if found is None:
            fail(f"{describe(url)} keeps no run yet: see that SUBS_HOME is right; `subs run` makes the first")
    with control.opened(url) as engine:
        if run is None:
            _print_runs(read_recorded(engine, KEPT_NIGHTS), last, timezone, as_json)
            return
        named = run_named(engine, run)
        if len(named) != 1:
            fail(f"{len(named)} runs have an id that begins with {run}; `subs runs` prints them")
        _print_run(read_run(engine, named[0]), timezone, as_json)


def _print_runs(recorded: "Recorded", last: int, timezone: str, as_json: bool) -> None:
    from subs_assets.history.nights import nights_of
    from subs_assets.history.since import failing_now

    nights = nights_of(recorded, timezone)
    failing = failing_now(nights, recorded.checks)
    if as_json:
        print_json(
            {
                "runs": _iso(records(nights.head(last))),
                "failing": [{**vars(one), "since": one.since.isoformat()} for one in failing],
            }
        )
        return
    told = [
        {
            **{name: night[name] for name in ("job", "outcome")},
            "launched_by": (night["launched_by"] or "").replace(" ", "\n", 1),  # "schedule" above its name
            "started_at": f"{night['started_at']:%Y-%m-%d %H:%M}",
            "run": night["run_id"][:RUN_ID],
            "seconds": None if night["seconds"] is None else round(night["seconds"]),
        }
        for night in records(nights.head(last))
    ]
    print_table(told, f"Runs, in the time of {timezone}", COLUMNS, unbroken=("started_at", "run", "job", "launched_by"))
    for night in records(nights.head(last)):
        if said := [*night["failed"], *filter(None, [night["said"]])]:
            say(f"  {night['run_id'][:RUN_ID]}: {'; '.join(said)}")
    if failing:
        say("Checks that do not pass now:")
    for one in failing:
        say(f"  {one.sentence}: {one.said}")


def _print_run(recorded: "Recorded", timezone: str, as_json: bool) -> None:
    from subs_assets.history.nights import nights_of

    (night,) = records(nights_of(recorded, timezone))
    (night,) = _iso([night])
    steps, checks = (
        records(frame.drop(columns="run_id")) for frame in (recorded.steps.drop(columns="place"), recorded.checks)
    )
    if as_json:
        print_json({**night, "steps": steps, "checks": checks})
        return
    for name, value in night.items():
        if value not in (None, []):
            say(f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
    print_table(steps, "Steps, in the order in which they ended")
    print_table(checks, "Checks")
    console.print()


def _iso(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Times as the control state writes them."""
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in rows
    ]


def register(app: typer.Typer) -> None:
    app.command()(runs)
