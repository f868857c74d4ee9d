"""Everything that the doctor looks at, in order; what each look finds is its own module's."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from subs_assets.doctor import (
    archives,
    automation,
    catalogues,
    compute,
    dagster_home,
    databases,
    folders,
    interpreter,
    models,
    packages,
)
from subs_assets.doctor.finding import Finding, Look, error, ok
from subs_assets.settings import Settings


def looks() -> Iterator[tuple[str, Look]]:
    """(subject, look) in the order in which they are told; where the settings cannot be read, what needs none."""
    yield "interpreter", interpreter.look
    settings, problem = _settings()
    yield "settings", lambda: [problem or ok("all SUBS_ variables can be read")]
    yield "packages", partial(packages.look, settings)
    if settings is None:
        return
    of_settings: dict[str, Callable[[Settings], Iterable[Finding]]] = {
        "encoder": models.look_at_encoder,
        "trained model": models.look_at_trained,
        "folders": folders.look,
        "run lock": folders.look_at_lock,
        "database": databases.look_at_warehouse,
        "control state": databases.look_at_control_state,
        "catalogues": catalogues.look,
        "archives": archives.look,
        "drills": archives.look_at_drill,
        "compute": compute.look,
        "dagster settings": dagster_home.look,
        "definitions": automation.look_at_definitions,
        "time zone": partial(automation.look_at_time_zone, is_said=bool(os.environ.get("SUBS_TIMEZONE"))),
        "schedules": automation.look_at_schedules,
        "daemon": automation.look_at_daemon,
        "runs": automation.look_at_runs,
        "published": automation.look_at_published,
    }
    for subject, look in of_settings.items():
        yield subject, partial(look, settings)


def _settings() -> tuple[Settings | None, Finding | None]:
    try:
        return Settings.from_environment(), None
    except Exception as problem:  # a ValueError of ours, or SQLAlchemy is not there to read a URL of PostgreSQL
        return None, error(str(problem), "set it right and ask again with `subs doctor`: the rest needs it")
