"""The one place where everything meets: assets, checks, jobs, schedules, sensors and the resources; nothing
imports this."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from dagster import (
    AssetsDefinition,
    Definitions,
    in_process_executor,
)
from dagster._core.definitions.definitions_load_context import (  # Dagster exports neither, and its version is pinned
    DefinitionsLoadContext,
    DefinitionsLoadType,
)

from subs_assets.archive import place_url
from subs_assets.assets import equivalence, evaluation, identity, publication, substitution
from subs_assets.assets.archive import archive
from subs_assets.assets.catalogue import company_asset, listings_asset
from subs_assets.assets.described import described
from subs_assets.assets.report import report_asset
from subs_assets.automation.freshness import with_deadlines
from subs_assets.automation.jobs import (
    archive_job,
    let_night_pass,
    nightly,
    prune_archives,
    reset_archive,
    reset_confirm,
)
from subs_assets.automation.progress_log import progress_log
from subs_assets.automation.schedules import default_schedules
from subs_assets.automation.sensors import default_sensors
from subs_assets.catalogue.companies import as_loaded, find_sources
from subs_assets.catalogue.source import BrokenSource, Source
from subs_assets.checks import default_checks
from subs_assets.database.tables import MADE_BY_ASSETS
from subs_assets.io_managers import matrices_io, warehouse_io
from subs_assets.resources import default_resources
from subs_assets.settings import Settings

COMPANIES = "companies"
"""Under which a code server tells the runs that it launches what it has loaded."""


def build_defs(settings: Settings | None = None, overrides: Mapping[str, Any] | None = None) -> Definitions:
    """Everything for one data set.

    ``settings`` say where its catalogues, its home and its databases are, by default the environment; ``overrides``
    replace resources by name, which is how a test brings its own encoder.
    """
    settings = settings or Settings.from_environment()
    sources = _sources(settings)
    resources: dict[str, Any] = {**default_resources(settings), **(overrides or {})}
    resources.setdefault("warehouse_io", warehouse_io)
    resources.setdefault("matrices_io", matrices_io)
    graph = [
        *(company_asset(slug, source) for slug, source in sources.items()),
        listings_asset(list(sources)),
        identity.products,
        identity.categories,
        identity.category_inventory,
        equivalence.category_facets,
        equivalence.category_equivalences,
        equivalence.category_equivalence_changes,
        substitution.embedding_matrices,
        substitution.product_kinds,
        substitution.product_claims,
        substitution.substitutions,
        substitution.substitution_rates,
        evaluation.evaluation,
    ]
    published = publication.publication_asset(sorted(MADE_BY_ASSETS), _made_from(graph))
    names = {slug: source.company_name for slug, source in sources.items() if isinstance(source, Source)}
    places = {
        "embedding_matrices": settings.matrices.as_uri(),
        "exports": settings.exports.as_uri(),
        "report": settings.reports.as_uri(),
        "archive": place_url.as_uri(settings.archives),
    }
    assets = described(
        [*graph, published, publication.exports, report_asset(names), archive],
        settings.database_kind,
        places,
        settings.explorer_url,
    )
    return Definitions(
        # Only where all runs by itself: whoever runs it by hand is never late.
        assets=with_deadlines(assets, settings.timezone) if settings.automation else assets,
        asset_checks=default_checks,
        jobs=[nightly, let_night_pass, archive_job, prune_archives, reset_archive, reset_confirm],
        schedules=default_schedules(settings.timezone, settings.automation),
        sensors=default_sensors(settings, sources),
        resources=resources,
        loggers={"progress": progress_log},
        # One process a run, which holds the run lock from its first step to its last. A process a step would cost
        # seconds each, let another run in between two steps, and leave one behind when its run is killed.
        executor=in_process_executor,
    )


def _sources(settings: Settings) -> dict[str, Source | BrokenSource]:
    """The companies on the disk; in a run that a code server launches, those that it had loaded. Dagster has planned
    the run's steps by these: a folder that was removed since made every run fail before its first step."""
    found = find_sources(settings.catalogues)
    context = DefinitionsLoadContext.get()
    if context.load_type is DefinitionsLoadType.INITIALIZATION:
        loaded = {slug: str(source.folder) for slug, source in found.items()}
        context.add_to_pending_reconstruction_metadata(COMPANIES, json.dumps(loaded))
        return found
    told = context.reconstruction_metadata.get(COMPANIES)
    return found if told is None else as_loaded(found, json.loads(told))


def _made_from(graph: Iterable[AssetsDefinition]) -> dict[str, set[str]]:
    """The names of the assets that each asset is made from directly; what is made together counts as made from each
    other."""
    return {
        key.to_user_string(): {source.to_user_string() for source in (*sources, *assets.keys) if source != key}
        for assets in graph
        for key, sources in assets.asset_deps.items()
    }


defs = build_defs()
