"""The checks of one company's catalogue. They stop nobody: a company whose files are bad shows what it last had."""

from collections.abc import Sequence

from dagster import AssetCheckResult, AssetCheckSpec

from subs_assets.checks.results import as_result
from subs_assets.finding import Verdict

DESCRIPTIONS = {
    "delivered": "Every file was read, and neither listings nor prices changed so much that they are not believed.",
    "is_recent": "What its files hold is new: the same content again is none, whenever it was written or copied.",
    "listings_hold": "As many listings as are published, and the same ones.",
    "prices_hold": "Prices of listings that are published and delivered again: the median, and single slips of a unit.",
    "set_aside_holds": "Few rows cannot be used, and no more than before.",
    "categories_hold": "No large category has vanished, and no decision has lost its category.",
}


def company_check_specs(company_slug: str) -> Sequence[AssetCheckSpec]:
    """Of the asset ``catalogue/<company_slug>``."""
    asset = ["catalogue", company_slug]
    return [AssetCheckSpec(name, asset=asset, description=said) for name, said in DESCRIPTIONS.items()]


def company_check_results(**verdicts: Verdict) -> list[AssetCheckResult]:
    """``verdicts`` by the names of the checks, which are all of them."""
    return [as_result(verdicts[name], name) for name in DESCRIPTIONS]
