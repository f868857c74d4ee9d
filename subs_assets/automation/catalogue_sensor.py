"""The sensor that sees new catalogue files and launches the job nightly; whether it does is decided in
deliveries.py."""

import hashlib
import json
import time
from collections.abc import Collection, Mapping

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from subs_assets.automation import deliveries
from subs_assets.automation.deliveries import Content, Decision, Known, Look
from subs_assets.automation.jobs import nightly
from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.delivery import appearance, delivered, said
from subs_assets.catalogue.source import SOURCE_FILE, BrokenSource, Source
from subs_assets.settings import Settings

SECONDS_BETWEEN_LOOKS = 60

GOING_ON = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def new_catalogues_sensor(
    settings: Settings, loaded: Collection[str], default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED
) -> SensorDefinition:
    """The sensor over the catalogues of this installation; ``loaded``: the companies that are assets."""

    # No run_key: Dagster remembers them for ever. A delivery that came, was replaced and came again would never be
    # taken, nor one whose run had failed. The cursor says what was taken, and it is stored together with the run.
    @sensor(
        name="new_catalogues",
        job_name=nightly.name,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=default_status,
        description="Runs nightly when companies have delivered new files, and these are whole.",
    )
    def new_catalogues(context: SensorEvaluationContext) -> SensorResult:
        try:
            known = deliveries.from_cursor(context.cursor)
        except ValueError as error:
            context.log.warning(f"{error}; what is published counts as taken, and everything else as new")
            known = {}
        decision = look(settings, loaded, known, context.instance, time.time())
        cursor = deliveries.as_cursor(decision.known)
        for sentence in decision.sentences:
            context.log.info(sentence)
        companies = ", ".join(decision.launch_for)
        if not companies:
            why = "; ".join(decision.sentences) or "no company has delivered anything new"
            return SensorResult(skip_reason=why, cursor=cursor)
        context.log.info(f"new from {companies}: nightly is launched")
        request = RunRequest(tags={"subs/new_catalogues": companies})
        return SensorResult(run_requests=[request], cursor=cursor)

    return new_catalogues


def look(
    settings: Settings, loaded: Collection[str], known: Mapping[str, Known], instance: DagsterInstance, now: float
) -> Decision:
    """Look at every company, and decide."""
    found = find_sources(settings.catalogues)
    sources = {slug: source for slug, source in found.items() if slug in loaded}
    looks = {slug: _look(source) for slug, source in sources.items()}
    for slug in deliveries.to_be_read(known, {slug: one.seen for slug, one in looks.items()}, now):
        looks[slug] = _read(sources[slug], looks[slug])
    problems = [f"{slug} cannot be looked at: {one.problem}" for slug, one in looks.items() if one.problem]
    reload = deliveries.out_of_step(loaded, found)
    known = deliveries.after_looking(known, looks, now)
    held_by, published = None, {}
    if any(one.is_new for one in known.values()):
        published = _published(settings)
        held_by = _held_by(instance)
    decision = deliveries.decide(known, published, held_by, now)
    return Decision(decision.launch_for, decision.known, (*decision.sentences, *problems, *reload))


def _look(source: Source | BrokenSource) -> Look:
    if isinstance(source, BrokenSource):
        return Look(None, source.problem)
    try:
        return Look(_hash({"files": appearance(source), SOURCE_FILE: said(source)}))
    except OSError as error:
        return Look(None, f"{error.strerror or error}: {error.filename}")


def _read(source: Source | BrokenSource, look: Look) -> Look:
    """Of files that change while they are read, or cannot be read to their end, nothing is known."""
    content = delivered(source)
    if content is None:
        return Look(None, "not every file can be read to its end")
    again = _look(source)
    if again.seen != look.seen:
        return again
    return Look(look.seen, content=Content(_hash(content["files"]), _hash(content[SOURCE_FILE])))


def _published(settings: Settings) -> dict[str, str]:
    from subs_assets.database.files_read import files_read

    return {slug: _hash(files) for slug, files in files_read(settings.database_url).items()}


def _held_by(instance: DagsterInstance) -> str | None:
    # Only what Dagster has launched and watches over. A `subs run` that was killed is "started" for hours; one that
    # goes on holds the run lock, for which the launched run waits.
    runs = instance.get_runs(RunsFilter(job_name=nightly.name, statuses=GOING_ON))
    going_on = next((run for run in runs if run.remote_job_origin is not None), None)
    return None if going_on is None else f"the run {going_on.run_id} of {nightly.name} is queued or in progress"


def _hash(content: object) -> str:
    """Of 64 bits: it is kept with every tick, and only ever compared with what the same company had before."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
