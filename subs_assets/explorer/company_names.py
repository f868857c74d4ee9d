"""What people call the companies: slugs are for keys and addresses."""

from collections.abc import Mapping

from fastapi import Request

from subs_assets.catalogue.companies import find_sources, told_apart
from subs_assets.catalogue.source import Source
from subs_assets.settings import Settings


def company_names(settings: Settings) -> dict[str, str]:
    """Slug -> name of every company whose source.yaml can be read, as it is when the explorer starts."""
    sources = find_sources(settings.catalogues)
    return told_apart({slug: one.company_name for slug, one in sources.items() if isinstance(one, Source)})


def name_of(request: Request, slug: str) -> str:
    """The slug itself where nothing is known of the company here."""
    names: Mapping[str, str] = request.app.state.company_names
    return names.get(slug, slug)
