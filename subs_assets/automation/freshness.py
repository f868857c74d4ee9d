"""By when publication and archive must be there in the morning: the UI then calls them overdue; what makes them is in
schedules.py."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from dagster import AssetKey, AssetsDefinition, AssetSpec, FreshnessPolicy

DEADLINE = "0 6 * * *"
MADE_WITHIN: Mapping[AssetKey, timedelta] = {
    AssetKey("publication"): timedelta(hours=3),
    AssetKey("archive"): timedelta(hours=7),
}
"""How long before the deadline each may have been made at the earliest: after its schedule has begun, also in a night
that has an hour more."""


def with_deadlines(assets: Sequence[AssetsDefinition], timezone: str) -> list[AssetsDefinition]:
    """The same assets. What is made too late counts as there from then on."""

    def with_deadline(spec: AssetSpec) -> AssetSpec:
        within = MADE_WITHIN.get(spec.key)
        if within is None:
            return spec
        return spec.replace_attributes(freshness_policy=FreshnessPolicy.cron(DEADLINE, within, timezone))

    return [one.map_asset_specs(with_deadline) for one in assets]
