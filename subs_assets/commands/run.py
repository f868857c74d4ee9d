"""``subs run``: the whole graph in this process, with progress, and the rates at the end."""

import os
import platform
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import subs_assets
from subs_assets.commands.ask import print_rates
from subs_assets.commands.output import console, errors, fail
from subs_assets.commands.whoever import whoever_is_logged_in
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import JobDefinition

OF_THE_WORKSPACE = {".dagster/repository": "__repository__@subs_assets"}
"""By this tag the UI counts a run as one of the code location in workspace.yaml. Without it, what `subs run` did is
missing from the job's page, and the list of jobs says that the job has never run."""

OUTPUT_IS_SHOWN = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}
"""Dagster would turn both streams into files of its own, which are no terminal, and show what comes there through
processes that Ctrl-C ends before the last line, with tracebacks. They lie open before the person who runs this."""

COMPANY_FAILED = 3
"""Exit code when the run succeeded and a company did not deliver: Dagster itself ends with 0 then."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell has it."""


def run() -> None:
    """Run the whole graph: read the catalogues, map categories, find substitutions, publish.

    Ends with 0, with 3 when a company did not deliver (the others are published, its last good listings are shown),
    with 1, or after Ctrl-C with 130.
    """
    from subs_assets.catalogue.companies import missing_catalogues

    settings = Settings.from_environment()
    if missing := missing_catalogues(settings.catalogues):
        fail(missing)
    use_dagster_home(settings)
    started = time.monotonic()
    errors.print(
        f"reading {', '.join(map(str, settings.catalogues))}; home {settings.home}", highlight=False, soft_wrap=True
    )
    try:
        finished = _execute()
    except KeyboardInterrupt:  # before the run began
        finished = Finished(succeeded=False, published=False, undelivered=[], interrupted=True)
    if finished.interrupted:
        fail(
            "stopped: the tables were published, exports and report may be those of the night before"
            if finished.published
            else "stopped: nothing was published, and what was published before is still there",
            INTERRUPTED,
        )
    if not finished.succeeded:
        fail(
            "the tables were published, and a step after that failed; the lines above say why"
            if finished.published
            else "the run failed, and what was published before is still there; the lines above say why"
        )
    print_rates(settings)
    console.print(f"\n{time.monotonic() - started:.0f} s. Next:", highlight=False)
    for line in _next_steps(settings):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    if finished.undelivered:
        fail(f"not delivered: {'; '.join(finished.undelivered)}", COMPANY_FAILED)


def _next_steps(settings: Settings) -> list[str]:
    """Commands that work as they are printed, in the shell that started this one."""
    from subs_assets.catalogue.companies import find_sources
    from subs_assets.report.files import LATEST

    beside = Path(sys.executable).with_name("subs.exe" if os.name == "nt" else "subs")
    subs = "subs" if not beside.exists() or shutil.which("subs") == str(beside) else f'"{beside}"'
    companies = sorted(find_sources(settings.catalogues))
    steps = [
        f'{subs} substitutes "full cream milk"',
        f"exports are in {settings.exports}",
        f"the report is {settings.reports / LATEST}",
        f"the explorer is at {settings.explorer_url}/ while this runs: {subs} serve",
    ]
    if len(companies) > 1:
        steps.insert(1, f"{subs} rates --from {companies[0]} --to {companies[1]} --why")
    if settings.home != Path("data/warehouse").resolve():
        steps.insert(0, f"set SUBS_HOME to {settings.home}, then:")
    return steps


def use_dagster_home(settings: Settings) -> None:
    """Dagster's history and sensor cursors lie in the home, unless the user says otherwise; a new DAGSTER_HOME gets our
    settings, one that was there before is left alone."""
    home = Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home).absolute()
    os.environ["DAGSTER_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    if not any(home.iterdir()):
        shutil.copyfile(Path(subs_assets.__file__).with_name("dagster.yaml"), home / "dagster.yaml")


@dataclass(frozen=True)
class Finished:
    """How a run ended; ``undelivered`` are sentences about companies."""

    succeeded: bool
    published: bool
    undelivered: list[str]
    interrupted: bool = False
    """Whether Ctrl-C ended it, or somebody who asked the process to end."""


def nightly_job() -> "JobDefinition":
    """The job ``nightly`` of this environment, by a name that Dagster can import."""
    from subs_assets.definitions import build_defs

    return build_defs().resolve_job_def("nightly")


def _execute() -> Finished:
    """Run the job ``nightly`` in this process."""
    import gc
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dagster import AssetKey, DagsterInstance, execute_job, reconstructable
        from dagster._core.instance import InstanceRef

        from subs_assets.automation.progress_log import is_interruption, shown_on
        from subs_assets.automation.run_display import RunDisplay
        from subs_assets.automation.run_launcher import HOST_TAG
        from subs_assets.run_record import LAUNCHED_BY

        job = reconstructable(nightly_job)
        job.get_definition()
    gc.freeze()  # what is loaded stays: walking it over and over took a tenth of the time of what makes many objects
    instance = DagsterInstance.from_ref(InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=OUTPUT_IS_SHOWN))
    try:
        with shown_on(RunDisplay(errors)):
            # Not execute_in_process, which keeps every table that any asset returned until the end: 0.7 GiB on at/.
            result = execute_job(
                job,
                instance,
                run_config={"loggers": {"progress": {}}},
                tags={**OF_THE_WORKSPACE, LAUNCHED_BY: _launched_by(), HOST_TAG: platform.node()},
                raise_on_error=False,
            )
    finally:
        instance.dispose()
    return Finished(
        result.success,
        any(event.asset_key == AssetKey("publication") for event in result.get_asset_materialization_events()),
        [
            str(check.description)
            for check in result.get_asset_check_evaluations()
            if check.check_name == "delivered" and not check.passed
        ],
        any(event.event_type_value == "PIPELINE_FAILURE" and is_interruption(event) for event in result.all_events),
    )


def _launched_by() -> str:
    who = whoever_is_logged_in()
    return f"subs run by {who}" if who else "subs run"


def register(app: typer.Typer) -> None:
    app.command()(run)
