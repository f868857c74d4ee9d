"""Asset checks over what a run has staged, by group; the blocking ones keep bad tables from being published. What they
look for is decided in the domain packages; docs/checks.md has them all."""

from dagster import AssetChecksDefinition

from subs_assets.checks.catalogue import counts_add_up, every_listing_is_a_product, has_listings
from subs_assets.checks.equivalence import equivalences_are_sound, equivalences_hold
from subs_assets.checks.operation import archive_is_young, database_is_at_head
from subs_assets.checks.substitution import (
    matrices_are_sound,
    no_trap_is_shown,
    precision_holds,
    rates_beat_chance,
    rates_hold,
    substitutions_are_sound,
    substitutions_keep_the_gates,
)

default_checks: list[AssetChecksDefinition] = [
    counts_add_up,
    has_listings,
    every_listing_is_a_product,
    equivalences_are_sound,
    equivalences_hold,
    matrices_are_sound,
    substitutions_are_sound,
    substitutions_keep_the_gates,
    rates_beat_chance,
    no_trap_is_shown,
    precision_holds,
    rates_hold,
    database_is_at_head,
    archive_is_young,
]
