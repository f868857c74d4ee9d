"""Where the search for a substitute ended, in sentences for people; the stages are substitution/outcomes.py's."""

from typing import Any

from markupsafe import Markup

from subs_assets.catalogue.claim_table import CLAIM_TABLE
from subs_assets.explorer import words
from subs_assets.model.trained import SHIPPED, ModelUnusable, load
from subs_assets.settings import Settings

SENTENCES = {
    "uncategorised": "no name there is alike enough, and at {company} it stands in no category, or in facets alone",
    "no mapping": "its category at {company} is mapped to none there, and no name there is alike enough",
    "no candidate": "its category at {company} leads to one there, but nothing there is alike enough to be judged",
    "refused: class": "the nearest is another class of goods (food, drinks with alcohol, pet food, household ...)",
    "refused: form": "the nearest is another kind of thing, as lime vodka is beside limes",
    "refused: claim": "a claim stands against the nearest: what is not stated is not safe",
    "refused: dimension": "the one is sold by weight and the other by volume or length",
    "refused: decision": "a person has rejected the nearest",
    "below score": "the nearest scores too low to be shown",
    "found": "something is shown there",
}
"""Of one product or of several, by stage; "there" is the company where a substitute was looked for."""


def sentence(stage: str, company_name: str) -> Markup:
    """
    >>> sentence("no mapping", "Coles")[:60]
    Markup('its category at <bdi>Coles</bdi> is mapped to none there, an')
    """
    return Markup(SENTENCES.get(stage, stage)).format(company=Markup("<bdi>{}</bdi>").format(company_name))


def particulars(stage: str, detail: str | None, score: float | None, shown_from: float | None) -> str:
    """What is known of this one product beside its stage.

    >>> particulars("refused: claim", "not stated: gluten_free, halal", 0.957, 0.91)
    'not stated: gluten free, halal; its score of 0.96 would show it, as from 0.91 on'
    >>> particulars("below score", None, 0.9089, 0.91), particulars("no mapping", None, None, 0.91)
    ('score 0.909, shown from 0.91 on', '')
    """
    said = [_readable(stage, detail)] if detail else []
    if score is not None and (shown_from is None or stage == "found"):
        said.append(f"score {score:.2f}")
    elif score is not None and shown_from is not None:
        told = words.score(score, shown_from)
        is_enough = score >= shown_from
        said.append(
            f"its score of {told} would show it, as from {shown_from:.2f} on"
            if is_enough
            else f"score {told}, shown from {shown_from:.2f} on"
        )
    return "; ".join(said)


def shown_from(settings: Settings) -> float | None:
    """The score from which on a substitute is shown; None where the model cannot be read."""
    try:
        return load(settings.model or SHIPPED).acceptance.shown_from
    except ModelUnusable:
        return None


def _readable(stage: str, detail: str) -> str:
    """Claims as a shopper reads them."""
    if stage != "refused: claim":
        return detail
    reasons = (reason.partition(": ") for reason in detail.split("; "))
    return "; ".join(f"{said}: {', '.join(map(_claim, claims.split(', ')))}" for said, _, claims in reasons)


def _claim(claim: str) -> str:
    known: Any = CLAIM_TABLE.get(claim)
    return str(known.reads) if known else claim
