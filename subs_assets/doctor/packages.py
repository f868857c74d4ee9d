"""The installed packages, against the bounds of pyproject.toml as the installation carries them; nothing of them is
imported."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import TYPE_CHECKING

from subs_assets.doctor.finding import Finding, error, ok

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from subs_assets.settings import Settings

PROGRAM = "subs_assets"
AGAIN = "docs/set-up.md#install-with-pip-into-an-environment-of-your-own"
FILES_TO_NAME = 2


@dataclass(frozen=True)
class Installed:
    """What is there of a package: its version, what it needs, and which of its files are gone."""

    version: str
    requires: tuple[str, ...] = ()
    missing_files: tuple[str, ...] = ()


Find = Callable[[str], Installed | None]


def look(settings: "Settings | None") -> Iterator[Finding]:
    """``settings`` say which extras are needed; None where they cannot be read."""
    wanted = extras_needed(settings) if settings else {}
    yield from package_findings(requires(PROGRAM) or (), wanted, installed)


def extras_needed(settings: "Settings") -> dict[str, str]:
    """Extra of pyproject.toml -> the setting that needs it."""
    needed = {
        "postgresql": ("SUBS_DATABASE_URL", settings.database_kind == "postgresql"),
        "s3": ("SUBS_ARCHIVES", settings.archives.lower().startswith(("s3:", "s3a:"))),
        "dask": ("SUBS_COMPUTE", settings.scheduler is not None),
    }
    return {extra: setting for extra, (setting, is_needed) in needed.items() if is_needed}


def package_findings(requirements: Iterable[str], extras: Mapping[str, str], find: Find) -> Iterator[Finding]:
    """What of the requirements, and of the extras' (extra -> why it is needed), is missing, of another version or
    damaged; one finding that all is well where it is."""
    from packaging.requirements import Requirement

    named = [Requirement(text) for text in requirements]
    base = [one for one in named if _applies(one, "")]
    right = 0
    for extra, reason in {"": "", **extras}.items():
        added = [one for one in named if extra and _applies(one, extra) and one not in base]
        for one in base if not extra else added:
            if problem := _problem(one, reason, extra, find(one.name)):
                yield problem
            else:
                right += 1
    yield ok(f"{right} packages are as pyproject.toml wants them{_with(extras)}")
    yield from companions_findings([one.name for one in named if one.name.startswith("dagster")], find)


def companions_findings(names: Iterable[str], find: Find) -> Iterator[Finding]:
    """Dagster's packages pin each other: one that was upgraded alone works until it does not."""
    from packaging.requirements import Requirement

    for name in names:
        package = find(name)
        for text in package.requires if package else ():
            companion = Requirement(text)
            if not companion.name.startswith("dagster") or not _applies(companion, ""):
                continue
            found = find(companion.name)
            if found is None or not companion.specifier.contains(found.version, prereleases=True):
                there = f"{companion.name} is {found.version}" if found else f"{companion.name} is not there"
                assert package is not None
                yield error(
                    f"{name} {package.version} needs {companion.name}{companion.specifier}, and {there}: they are of "
                    "one release or do not work together",
                    f'pip install "{companion.name}{companion.specifier}"',
                )


def installed(name: str) -> Installed | None:
    """None where it is not installed, or only what an upgrade that was cut off left of it."""
    try:
        found = distribution(name)
        version = found.version
    except PackageNotFoundError:
        return None
    if not version:
        return None
    return Installed(version, tuple(found.requires or ()), tuple(_missing_files(found)))


def _missing_files(found: Distribution) -> Iterator[str]:
    """Of those that pip noted: a removal that Windows refused half-way, a disk that was full.

    Read from RECORD: ``Distribution.files`` leaves out what is missing, from Python 3.12 on and wherever the backport
    importlib_metadata was imported.
    """
    for name, *_ in csv.reader((found.read_text("RECORD") or "").splitlines()):
        if not name.endswith(".pyc") and not Path(str(found.locate_file(name))).exists():
            yield name


def _problem(wanted: "Requirement", reason: str, extra: str, found: Installed | None) -> Finding | None:
    because = f", which {reason or 'subs_assets'} needs,"
    install = f'pip install "subs_assets[{extra}]"' if extra else f'pip install "{wanted.name}{wanted.specifier}"'
    if found is None:
        return error(f"{wanted.name}{because} is not installed", f"{install} ({AGAIN})")
    if not wanted.specifier.contains(found.version, prereleases=True):
        return error(
            f"{wanted.name} is {found.version}, and {reason or 'subs_assets'} needs {wanted.specifier}",
            f'pip install "{wanted.name}{wanted.specifier}" ({AGAIN})',
        )
    if found.missing_files:
        more = len(found.missing_files) - FILES_TO_NAME
        named = ", ".join(found.missing_files[:FILES_TO_NAME]) + (f" and {more} more" if more > 0 else "")
        return error(
            f"{wanted.name} {found.version} lacks files that it was installed with ({named})",
            f'pip install --force-reinstall --no-deps "{wanted.name}=={found.version}"',
        )
    return None


def _applies(requirement: "Requirement", extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _with(extras: Mapping[str, str]) -> str:
    return f", and what {', '.join(extras.values())} needs" if extras else ""
