"""What people call the companies: slugs are for keys and addresses."""

from collections.abc import Iterable, Mapping

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


def by_name(slugs: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """In the order in which a person looks for them.

    >>> by_name(["shop_1", "shop_2", "shop_3"], {"shop_1": "Spar", "shop_2": "aldi"})
    ['shop_2', 'shop_3', 'shop_1']
    """
    return sorted(slugs, key=lambda slug: (names.get(slug, slug).casefold(), slug))


def isolated(name: str) -> str:
    """In a text without elements, an attribute's: so that a name from right to left turns nothing around it.

    >>> isolated("ALDI")
    '\\u2068ALDI\\u2069'
    """
    return f"\u2068{name}\u2069"
