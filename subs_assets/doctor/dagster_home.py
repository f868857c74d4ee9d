"""Dagster's settings in DAGSTER_HOME, beside those that the package ships."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import subs_assets
from subs_assets.doctor.finding import Finding, error, ok, warning
from subs_assets.settings import Settings

FILE = "dagster.yaml"
SHIPPED = Path(subs_assets.__file__).with_name(FILE)


def dagster_home(settings: Settings, environment: Mapping[str, str] = os.environ) -> Path:
    """As ``subs run`` uses it."""
    return Path(environment.get("DAGSTER_HOME") or settings.dagster_home).absolute()


def look(settings: Settings) -> Iterator[Finding]:
    """Which settings of ours the dagster.yaml of this home lacks."""
    import yaml

    folder = dagster_home(settings)
    if not folder.is_dir() or not any(folder.iterdir()):
        yield ok(f"{folder} does not exist yet: the first `subs run` makes it, with our {FILE}")
        return
    file = folder / FILE
    if not file.exists():
        yield warning(f"{folder} has no {FILE}: Dagster's own settings hold, telemetry too", f"copy {SHIPPED} there")
        return
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        reason = " ".join(str(problem).split())
        yield error(f"{file} cannot be read ({reason}), and Dagster starts nothing", f"mend it; ours is {SHIPPED}")
        return
    yield from settings_findings(file, found, yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))


def settings_findings(file: Path, found: Any, shipped: Mapping[str, Any]) -> Iterator[Finding]:
    """``found`` and ``shipped``: what the two files hold."""
    if found is not None and not isinstance(found, Mapping):
        yield error(f"{file} holds no mapping, and Dagster starts nothing", f"mend it; ours is {SHIPPED}")
        return
    theirs, ours = dict(_flat(found or {})), dict(_flat(shipped))
    missing = [f"{name}: {_plain(value)}" for name, value in ours.items() if name not in theirs]
    others = [f"{name}: {_plain(theirs[name])}" for name, value in ours.items() if theirs.get(name, value) != value]
    if missing:
        yield warning(
            f"{file} lacks settings that we ship: {', '.join(missing)}", f"copy them from {SHIPPED}, with their reasons"
        )
    if others:
        yield ok(f"{file} says otherwise than what we ship: {', '.join(others)}")
    if not missing and not others:
        yield ok(f"{file} holds the settings that we ship")


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}", inner


def _plain(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
