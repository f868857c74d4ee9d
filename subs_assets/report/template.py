"""The templates of the page in ``page/``, and the JavaScript of its charts; what they show is not known here."""

from functools import cache
from typing import Any

from subs_assets.explorer import addresses

CLIPPED = 160
"""Characters of a name that are shown; a listing's may have 1,000."""


@cache
def page_template(name: str) -> Any:
    """A Jinja template that escapes whatever it is given."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("subs_assets.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clip"] = clip
    environment.globals |= {
        "pair_address": addresses.pair_address,
        "product_address": addresses.product_address,
        "trees_address": addresses.trees_address,
        "category_address": addresses.category_address,
        "mapping_address": addresses.mapping_address,
        "set_aside_address": addresses.set_aside_address,
        "review_address": addresses.review_address,
    }
    environment.globals["vega"] = Markup(vega_javascript())
    return environment.get_template(name)


@cache
def vega_javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed in the versions that Altair writes for, as one script; 2 s the first time."""
    import altair
    import vl_convert

    version = ".".join(altair.VEGALITE_VERSION.split(".")[:2])
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    return bundle.replace("</script", r"<\/script")


def clip(text: str, most: int = CLIPPED) -> str:
    """
    >>> clip("Wholemeal bread", 10)
    'Wholemeal…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
