"""What should happen by itself: Dagster's daemon, schedules and sensors, and the last runs; nothing is started."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from subs_assets.commands.output import age
from subs_assets.doctor.dagster_home import dagster_home
from subs_assets.doctor.finding import Finding, error, ok, warning
from subs_assets.reason import reason_of
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, RepositoryDefinition
    from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick

ALIVE = timedelta(minutes=5)
"""The daemon says every half minute that it lives; a machine that is busy is late."""

LONGEST_RUN = timedelta(hours=6)
"""As ``max_runtime_seconds`` of our dagster.yaml."""

RUNS_LOOKED_AT = 100

SHOULD_SUCCEED = ("nightly", "archive_tables", "prune_archives")
"""Jobs whose last run is to be a good one. What else a person tried once may be over."""

START = "start the service, or `python -m subs_assets.webserver dev -m subs_assets` (docs/deploy.md)"
NOT_RUN_YET = "no run yet: Dagster has kept nothing"


@dataclass(frozen=True)
class Automatic:
    """A schedule or a sensor; ``next_tick`` is a schedule's that is on, ``failure`` why its last tick failed."""

    name: str
    is_on: bool
    next_tick: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Heartbeat:
    """When a part of the daemon last said that it lives, and what went wrong in it in the five minutes before: what has
    been mended since is still among it."""

    at: datetime
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class PastRun:
    """``state`` is Dagster's word, such as ``SUCCESS``; ``at``: when it ended, or else began."""

    run_id: str
    job: str
    state: str
    at: datetime


def look_at_definitions(settings: Settings) -> Iterator[Finding]:
    """Whether Dagster's definitions load."""
    repository = _repository(settings)
    yield ok(f"the definitions load: {len(repository.assets_defs_by_key)} assets, {len(repository.job_names)} jobs")


def look_at_schedules(settings: Settings) -> Iterator[Finding]:
    """Which schedules and sensors are on, when they tick next, and why the last tick failed."""
    yield from automatic_findings(_automatic(settings), ZoneInfo(settings.timezone))


def look_at_daemon(settings: Settings) -> Iterator[Finding]:
    """Whether Dagster's daemon runs, if anything is on that needs it."""
    on = [one.name for one in _automatic(settings) if one.is_on]
    with _instance(settings) as instance:
        beats = instance.get_daemon_heartbeats() if instance else {}
    found = {
        kind: Heartbeat(
            datetime.fromtimestamp(beat.timestamp, UTC), tuple(_first_line(reason_of(one)) for one in beat.errors or ())
        )
        for kind, beat in beats.items()
    }
    yield from daemon_findings(found, on, datetime.now(UTC))


def look_at_runs(settings: Settings) -> Iterator[Finding]:
    """How the last runs of each job ended."""
    with _instance(settings) as instance:
        if instance is None:
            yield ok(NOT_RUN_YET)
            return
        records = instance.get_run_records(limit=RUNS_LOOKED_AT)
    runs = [
        PastRun(
            record.dagster_run.run_id,
            "a selection of assets" if record.dagster_run.job_name.startswith("__") else record.dagster_run.job_name,
            record.dagster_run.status.value,
            datetime.fromtimestamp(record.end_time or record.start_time or record.create_timestamp.timestamp(), UTC),
        )
        for record in records
    ]
    yield from run_findings(runs, _last_published(settings), datetime.now(UTC))


def look_at_published(settings: Settings) -> Iterator[Finding]:
    """When a night was last published."""
    nightly_is_on = any(one.is_on for one in _automatic(settings) if one.name == "nightly_schedule")
    yield published_finding(_last_published(settings), nightly_is_on, datetime.now(UTC))


def _last_published(settings: Settings) -> datetime | None:
    from subs_assets.database.runs import read_published
    from subs_assets.doctor.control_state import reading

    with reading(settings.control_url) as engine:
        published = [] if engine is None else list(read_published(engine, last=1)["published_at"])
    return datetime.fromisoformat(published[0]) if published else None


def look_at_time_zone(settings: Settings, is_said: bool) -> Iterator[Finding]:
    """Whose 03:30 it is; ``is_said``: whether somebody set SUBS_TIMEZONE."""
    on = [one.name for one in _automatic(settings) if one.next_tick]
    yield time_zone_finding(datetime.now(ZoneInfo(settings.timezone)), settings.timezone, is_said, on)


def time_zone_finding(now: datetime, zone: str, is_said: bool, on: Sequence[str]) -> Finding:
    """``now`` in the zone; ``is_said``: whether SUBS_TIMEZONE is set; ``on``: schedules that are turned on."""
    said = f"schedules go by {zone}, where it is {now:%H:%M} now"
    if is_said:
        return ok(said)
    if on:
        return warning(
            f"{said}, for SUBS_TIMEZONE is not set, and {', '.join(on)} {'is' if len(on) == 1 else 'are'} on",
            "set SUBS_TIMEZONE to whose night it shall be, such as Australia/Sydney (docs/automation.md)",
        )
    return ok(f"{said}, for SUBS_TIMEZONE is not set")


def automatic_findings(automatic: Iterable[Automatic], zone: ZoneInfo) -> Iterator[Finding]:
    """One that is on each, and those that are off together."""
    off = []
    for one in automatic:
        if not one.is_on:
            off.append(one.name)
        elif one.failure:
            yield error(
                f"{one.name} is on, and failed when it last looked: {one.failure}",
                "mend that; under Automation in the UI its ticks say more",
            )
        else:
            when = f", next at {one.next_tick.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}" if one.next_tick else ""
            yield ok(f"{one.name} is on{when}")
    if off:
        yield ok(f"off: {', '.join(off)} (docs/automation.md says how to turn them on)")


def daemon_findings(beats: Mapping[str, Heartbeat], on: Sequence[str], now: datetime) -> Iterator[Finding]:
    """``beats``: by part of the daemon; ``on``: what is turned on, and runs only if the daemon does."""
    newest = max((beat.at for beat in beats.values()), default=None)
    seen = "was never seen here" if newest is None else f"was last seen {age(newest)} ago"
    if newest is not None and now - newest <= ALIVE:
        broken = {kind: beat.errors[0] for kind, beat in beats.items() if beat.errors}
        if broken:
            said = "; ".join(f"{kind.lower()}: {message}" for kind, message in broken.items())
            yield warning(
                f"Dagster's daemon runs, and failed at something within the last minutes ({said})",
                "where it still does, its schedule or sensor says so above; else ask again in five minutes",
            )
        else:
            yield ok(f"Dagster's daemon runs ({seen})")
    elif on:
        what = f"{', '.join(on)} {'is' if len(on) == 1 else 'are'} on"
        yield error(
            f"{what}, and Dagster's daemon, which would start {'it' if len(on) == 1 else 'them'}, {seen}", START
        )
    else:
        yield ok(f"Dagster's daemon {seen}; nothing is turned on that needs it")


def run_findings(runs: Iterable[PastRun], last_published: datetime | None, now: datetime) -> Iterator[Finding]:
    """``runs``: newest first. Of each job the last that ended counts, and what goes on; a failure is a warning until a
    night is published, and of those in SHOULD_SUCCEED an error until a run succeeds."""
    told = set()
    for run in runs:
        name = f"{run.job}, run {run.run_id[:8]},"
        if run.state in ("STARTED", "STARTING", "CANCELING") and now - run.at > LONGEST_RUN:
            yield warning(
                f"{name} says that it goes on, for {age(run.at)}: it hangs, or was killed while no daemon watched",
                "end its process, if it lives; then terminate the run in the UI",
            )
        if run.state not in ("SUCCESS", "FAILURE", "CANCELED") or run.job in told:
            continue
        told.add(run.job)
        how = {"SUCCESS": "succeeded", "FAILURE": "failed"}.get(run.state, "was cancelled")
        said, look = f"{name} {how} {age(run.at)} ago", "its page in the UI says why"
        if run.state == "SUCCESS":
            yield ok(said)
        elif run.job in SHOULD_SUCCEED:
            again = "`subs run`" if run.job == "nightly" else "launch it again"
            yield error(said, f"{look}; mend that, then {again}")
        elif last_published is None or run.at > last_published:
            yield warning(said, f"{look}; this is told until the next night is published")
        else:
            yield ok(f"{said}, and a night was published since")
    if not told:
        yield ok("no run has ended yet")


def published_finding(last: datetime | None, nightly_is_on: bool, now: datetime) -> Finding:
    """A night older than a day and a half is an error where they are scheduled."""
    if last is None:
        return warning("nothing is published yet", "subs run")
    said = f"the last night was published {age(last)} ago"
    if nightly_is_on and now - last > timedelta(hours=36):
        return error(f"{said}, though nightly_schedule is on", "see the daemon and the runs above, or `subs run`")
    return ok(said)


@contextmanager
def _instance(settings: Settings) -> "Iterator[DagsterInstance | None]":
    """None where Dagster has kept nothing yet: opening it would make its files."""
    from dagster import DagsterInstance

    home = dagster_home(settings)
    if not (home / "schedules").exists() and not (home / "history").exists():
        yield None
        return
    with DagsterInstance.from_config(str(home)) as instance:
        yield instance


def _repository(settings: Settings) -> "RepositoryDefinition":
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from subs_assets.definitions import build_defs

        return build_defs(settings).get_repository_def()


def _automatic(settings: Settings) -> list[Automatic]:
    from dagster import DefaultScheduleStatus, DefaultSensorStatus

    repository = _repository(settings)
    with _instance(settings) as instance:
        kept = {state.name: state for state in instance.all_instigator_state()} if instance else {}
        failure = partial(_failure, instance)
        return [
            *(
                Automatic(
                    one.name,
                    is_on := _is_on(kept.get(one.name), one.default_status is DefaultScheduleStatus.RUNNING),
                    _next_tick(one.cron_schedule, settings.timezone) if is_on else None,
                    failure(kept.get(one.name)),
                )
                for one in repository.schedule_defs
            ),
            *(
                Automatic(
                    one.name,
                    _is_on(kept.get(one.name), one.default_status is DefaultSensorStatus.RUNNING),
                    failure=failure(kept.get(one.name)),
                )
                for one in repository.sensor_defs
            ),
        ]


def _is_on(state: "InstigatorState | None", is_on_by_default: bool) -> bool:
    """What somebody chose in the UI, else what the code says."""
    chosen = {"RUNNING": True, "STOPPED": False}
    return is_on_by_default if state is None else chosen.get(state.status.value, is_on_by_default)


def _next_tick(cron: str | Sequence[str], timezone: str) -> datetime:
    from dagster._utils.schedules import get_next_cron_tick

    lines = [cron] if isinstance(cron, str) else cron
    return min(get_next_cron_tick(line, datetime.now(UTC), timezone) for line in lines)


def _failure(instance: "DagsterInstance | None", state: "InstigatorState | None") -> str | None:
    if instance is None or state is None:
        return None
    for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1):
        return failure_of(tick)
    return None


def failure_of(tick: "InstigatorTick") -> str | None:
    """Why it failed; None where it did not."""
    return _first_line(reason_of(tick.error)) if tick.status.value == "FAILURE" and tick.error else None


def _first_line(message: str) -> str:
    return next(iter(message.splitlines()), "no reason given")
