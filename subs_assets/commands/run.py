"""``subs run``: the whole graph in this process, with progress, and the rates at the end."""

import os
import time
from pathlib import Path
from typing import Any

import typer

from subs_assets.commands.ask import print_rates
from subs_assets.commands.output import console, errors, fail
from subs_assets.settings import Settings

QUIET_DAGSTER = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
"""No report of its use, no welcome dialog over the UI; dagster.yaml.example says what else may be set."""

COMPANY_FAILED = 3
"""Exit code when the run succeeded and a company did not deliver: Dagster itself ends with 0 then."""


def run() -> None:
    """Run the whole graph: read the catalogues, map categories, find substitutions, publish.

    Ends with 0, with 3 when a company did not deliver (the others are published, its last good listings are shown),
    or with 1.
    """
    settings = Settings.from_environment()
    use_dagster_home(settings)
    if not any(folder.is_dir() for folder in settings.catalogues):
        fail(
            f"no catalogues in {', '.join(map(str, settings.catalogues))}: "
            "name a folder that holds <company>/source.yaml in SUBS_CATALOGUES"
        )
    started = time.monotonic()
    errors.print(
        f"reading {', '.join(map(str, settings.catalogues))}; home {settings.home}", highlight=False, soft_wrap=True
    )
    succeeded, undelivered = _execute(settings)
    if not succeeded:
        fail("the run failed, and what was published before is still there; the lines above say why")
    print_rates(settings)
    console.print(
        f"\n{time.monotonic() - started:.0f} s. Next:\n"
        '  subs substitutes "full cream milk"       what to buy instead\n'
        "  subs rates --from aldi --to coles --why  where products are lost\n"
        f"  exports are in {settings.exports}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    if undelivered:
        fail(f"not delivered: {'; '.join(undelivered)}", COMPANY_FAILED)


def use_dagster_home(settings: Settings) -> None:
    """Dagster's history and sensor cursors lie in the home, unless the user says otherwise."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(settings.dagster_home)))
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(QUIET_DAGSTER, encoding="utf-8")


def _execute(settings: Settings) -> tuple[bool, list[str]]:
    """Run the job ``nightly`` here: (succeeded, sentences of the companies that did not deliver)."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dagster import DagsterInstance

        from subs_assets.definitions import build_defs

        job = build_defs(settings).resolve_job_def("nightly")
    instance = DagsterInstance.get()
    try:
        result: Any = job.execute_in_process(
            instance=instance, run_config={"loggers": {"progress": {}}}, raise_on_error=False
        )
    finally:
        instance.dispose()
    checks = result.get_asset_check_evaluations()
    undelivered = [
        f"{check.asset_key.path[-1]}: {check.description}"
        for check in checks
        if check.check_name == "delivered" and not check.passed
    ]
    return result.success, undelivered


def register(app: typer.Typer) -> None:
    app.command()(run)
