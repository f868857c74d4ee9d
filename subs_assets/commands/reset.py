"""``subs reset``: request, list, archive, confirm."""

import time
from typing import Annotated

import typer
from rich.markup import escape

from subs_assets.commands.output import errors, fail, print_json, print_table, say
from subs_assets.commands.run import use_dagster_home
from subs_assets.commands.whoever import whoever_is_logged_in
from subs_assets.settings import Settings

reset = typer.Typer(
    no_args_is_help=True, help="Wipe the database back to its empty state, only when an archive equals it."
)
DAEMON_SILENT_SECONDS = 120
"""Dagster's daemons say every half minute that they live."""

RequestId = Annotated[str, typer.Argument(help="As `subs reset request` printed it.")]


@reset.command()
def request(reason: Annotated[str | None, typer.Option(help="Why; kept in the audit log.")] = None) -> None:
    """Ask for a reset. The sensor archives everything; `subs reset confirm ID` then wipes."""
    from subs_assets.archive.reset import request as request_reset
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    request_id = request_reset(open_control(settings.control_url), _who(), reason)
    typer.echo(request_id)
    try:
        use_dagster_home(settings)
        problems = _automation_problems()
    except Exception as problem:  # the request stands; this is a hint, and asks Dagster's storage, whatever that is
        reason = " ".join(str(problem).split()) or type(problem).__name__
        problems = [f"Dagster cannot say whether anybody will see it ({reason})"]
    if problems:
        errors.print(
            f"[yellow]warning:[/yellow] {escape('; '.join(problems))}. "
            f"Or archive by hand: subs reset archive {request_id}",
            soft_wrap=True,
        )


@reset.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """All requests, newest first: who asked, which archive was made, who confirmed, and how it ended."""
    from subs_assets.archive.reset import requests
    from subs_assets.database.control import open_control

    found = requests(open_control(Settings.from_environment().control_url))
    rows = [
        {
            "request_id": one.request_id, "state": one.state, "requested_by": one.requested_by,
            "requested_at": one.requested_at.isoformat(timespec="seconds"), "reason": one.reason,
            "archive": one.archive, "confirmed_by": one.confirmed_by, "outcome": one.outcome,
        }
        for one in found
    ]  # fmt: skip
    print_json(rows) if as_json else print_table(rows, "Reset requests", unbroken=("request_id",))


@reset.command()
def archive(request_id: RequestId) -> None:
    """Do the sensor's step by hand: archive, verify and restore-prove everything for this request."""
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.archive.reset import archive_request
    from subs_assets.database.control import open_control

    settings = Settings.from_environment()
    try:
        place = open_place(settings.archives, settings.scratch)
        name = archive_request(open_control(settings.control_url), request_id, settings.databases, place)
    except ArchiveError as problem:
        fail(str(problem))
    say(f"archived in {place.location(name)}; now: subs reset confirm {request_id}")


@reset.command()
def confirm(request_id: RequestId) -> None:
    """Wipe the database if the request's archive equals it, table by table; refuse otherwise."""
    from subs_assets.archive import reset as steps
    from subs_assets.archive.errors import ArchiveError
    from subs_assets.archive.places import open_place
    from subs_assets.database.control import open_control
    from subs_assets.database.lock import RunLocked, run_lock

    settings = Settings.from_environment()
    who = _who()
    try:
        place = open_place(settings.archives, settings.scratch)
        with run_lock(settings.home, settings.database_url, f"reset {request_id}"):
            outcome = steps.confirm(open_control(settings.control_url), request_id, who, settings.database_url, place)
    except (ArchiveError, RunLocked) as problem:
        fail(str(problem))
    if outcome.state != "wiped":
        fail(outcome.sentence)
    say(outcome.sentence)
    for sentence in steps.ways_back(place.location(outcome.archive), settings.database_url):
        say(sentence)


def _who() -> str:
    return whoever_is_logged_in() or fail(
        "nobody knows who you are, and the audit log names everybody: set the environment variable USER"
    )


def _automation_problems() -> list[str]:
    """Why nobody would see the request: the daemon does not run, or the sensor is off."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dagster import DagsterInstance
        from dagster._core.definitions.run_request import InstigatorType
        from dagster._core.scheduler.instigation import InstigatorStatus

        instance = DagsterInstance.get()
        try:
            heartbeats = instance.get_daemon_heartbeats()
            sensors = instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        finally:
            instance.dispose()
    problems = []
    beat = heartbeats.get("SENSOR")
    if beat is None or time.time() - beat.timestamp > DAEMON_SILENT_SECONDS:
        problems.append("Dagster's daemon does not run (`python dev.py web` starts it)")
    running = any(
        state.name == "reset_requests" and state.status in (InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE)
        for state in sensors
    )
    if not running:
        problems.append("the sensor reset_requests is off: turn it on in the UI under Automation")
    return problems


def register(app: typer.Typer) -> None:
    app.add_typer(reset, name="reset")
