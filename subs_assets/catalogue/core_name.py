"""The part of a name that is compared: without brand and size, folded."""

import re

from subs_assets.catalogue.size import strip_sizes
from subs_assets.catalogue.text import fold

PACKING_WORDS = re.compile(
    r"\b(?:(?:multi|share|value|family|bulk|twin|variety) ?packs?|pre ?packe?d?|each|loose|approx|avg|\d+er|"
    r"(?:vorrats|gro(?:ss|ß)|familien|doppel|vorteils?)(?:packung|pack)|packung)\b"
)
"""Words about how a thing is packed, not what it is. A bare "pack" stays: "Snack Pack", "Ice Pack"."""


def core_name(name: str, brand: str | None) -> str:
    """The name without its sizes and without the brand, folded for comparison; never empty.

    Where nothing would remain (a brand that is the whole name), the folded name itself.
    """
    core = fold(strip_sizes(name))
    if brand:
        core = _without_brand(core, fold(brand)) or core
    return " ".join(PACKING_WORDS.sub(" ", core).split()) or core or fold(name) or name.casefold().strip() or "-"


def _without_brand(folded: str, brand: str) -> str:
    """Every whole-word occurrence goes: IGA writes the brand at the start of a name, others at its end."""
    if not brand:
        return folded
    plain = rf"{re.escape(brand)}s?" if not brand.endswith("s") else rf"{re.escape(brand[:-1])}s?"
    return " ".join(re.sub(rf"(?<!\w){plain}(?!\w)", " ", folded).split())
