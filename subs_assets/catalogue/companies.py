"""The companies whose folders are there: which they are, and what is wrong where one is missing or there twice."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from subs_assets.catalogue.source import SOURCE_FILE, BrokenSource, Source, read_source


def find_sources(
    folders: Iterable[Path], environment: Mapping[str, str] = os.environ
) -> dict[str, Source | BrokenSource]:
    """Slug -> source of every ``<folder>/<company>/source.yaml``, in the order of the slugs; never raises."""
    sources: dict[str, Source | BrokenSource] = {}
    for folder in folders:
        if not folder.is_dir():
            continue
        for path in sorted(folder.glob(f"*/{SOURCE_FILE}")):
            source = read_source(path, environment)
            slug = source.company_slug
            if slug in sources:
                problem = (
                    f"{path} and {sources[slug].folder} both describe the company {slug}; give one of them another slug"
                )
                source = BrokenSource(slug, path.parent, problem)
            sources[slug] = source
    return dict(sorted(sources.items()))


def as_loaded(
    found: Mapping[str, Source | BrokenSource], loaded: Mapping[str, str]
) -> dict[str, Source | BrokenSource]:
    """The sources of the companies that were there when the definitions were loaded (slug -> folder); one whose folder
    has gone since is broken, so that its last good listings are shown, and one that has come since is left out."""
    return {
        slug: found.get(slug)
        or BrokenSource(
            slug,
            Path(folder),
            f"{slug}: the folder {folder} with its {SOURCE_FILE} is gone; put it back, or, if the company is to go, "
            "reload the code location (docs/automation.md)",
        )
        for slug, folder in loaded.items()
    }


def missing_catalogues(folders: Iterable[Path]) -> str | None:
    """What is missing for a run, and what to do about it; None when every folder is there and one holds a company.

    A folder that is not there, a drive that is not mounted, must not pass for one without companies: its companies
    would vanish from what is published.
    """
    named = list(folders)
    remedy = (
        f"name a folder that holds <company>/{SOURCE_FILE} in SUBS_CATALOGUES; the project's data/catalogues is an "
        "example, its docs/add-a-company.md says how to write your own"
    )
    for folder in named:
        if not folder.is_dir():
            return f"there is no folder of catalogues at {folder}: {remedy}"
    if not find_sources(named):
        return f"no catalogues in {', '.join(map(str, named))}: {remedy}"
    return None


def told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """What people call the companies (slug -> name), with the slug where two share a name.

    >>> told_apart({"spar": "Spar", "spar_at": "Spar", "aldi": "Aldi"})
    {'spar': 'Spar (spar)', 'spar_at': 'Spar (spar_at)', 'aldi': 'Aldi'}
    """
    used = Counter(names.values())
    return {slug: name if used[name] == 1 else f"{name} ({slug})" for slug, name in names.items()}
