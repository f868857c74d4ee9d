"""Checks on matrices and substitutions, and on what a night measures of itself."""

import pandas as pd
from dagster import AssetCheckResult, AssetIn, asset_check

from subs_assets.checks.results import as_result, unless_let_pass
from subs_assets.database import nights
from subs_assets.embedding import soundness as embedding
from subs_assets.embedding.matrices import EmbeddingMatrices
from subs_assets.evaluation import night_comparison
from subs_assets.evaluation.beyond_chance import rates_beat_chance as beat_chance
from subs_assets.evaluation.night_comparison import NIGHTS
from subs_assets.resources import EncoderResource, WarehouseResource

PRODUCTS = {"products": AssetIn("products"), "product_listings": AssetIn("product_listings")}


@asset_check(
    asset="embedding_matrices",
    blocking=True,
    additional_ins=PRODUCTS,
    description="Rows of unit length, none missing, aligned with the products and their names.",
)
def matrices_are_sound(
    embedding_matrices: EmbeddingMatrices,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    encoder: EncoderResource,
) -> AssetCheckResult:
    vectors_of = encoder.store().vectors
    return as_result(embedding.matrices_are_sound(embedding_matrices, products, product_listings, vectors_of))


@asset_check(
    asset="substitutions",
    blocking=True,
    additional_ins=PRODUCTS,
    description="Nobody replaces itself, keys exist, ranks are whole; caps are kept, unless people accepted more.",
)
def substitutions_are_sound(
    substitutions: pd.DataFrame, products: pd.DataFrame, product_listings: pd.DataFrame
) -> AssetCheckResult:
    from subs_assets.substitution.soundness import rows_are_sound

    return as_result(rows_are_sound(substitutions, products, product_listings))


@asset_check(
    asset="substitutions",
    blocking=True,
    additional_ins={name: AssetIn(name) for name in ("products", "product_claims", "product_kinds")},
    description="No row that the gate of class, form, claims or dimension refuses, unless a person accepted it.",
)
def substitutions_keep_the_gates(
    substitutions: pd.DataFrame, products: pd.DataFrame, product_claims: pd.DataFrame, product_kinds: pd.DataFrame
) -> AssetCheckResult:
    from subs_assets.substitution.soundness import gates_are_kept

    return as_result(gates_are_kept(substitutions, products, product_claims, product_kinds))


@asset_check(asset="substitution_rates", description="Equivalences find more than chance, for every pair of companies.")
def rates_beat_chance(substitution_rates: pd.DataFrame) -> AssetCheckResult:
    return as_result(beat_chance(substitution_rates))


@asset_check(asset="evaluation", blocking=True, description="No pair that is known for a trap is shown.")
def no_trap_is_shown(evaluation: pd.DataFrame, warehouse: WarehouseResource) -> AssetCheckResult:
    from subs_assets.evaluation.traps_shown import no_trap_is_shown as none_is_shown

    is_shown = (evaluation["measure"] == "trap_shown").any()
    published = (
        warehouse.warehouse.read("product_listings") if is_shown else pd.DataFrame(columns=["company_slug", "sku"])
    )
    return as_result(none_is_shown(evaluation, set(zip(published["company_slug"], published["sku"], strict=True))))


@asset_check(
    asset="evaluation",
    blocking=True,
    description=f"Precision on the labelled pairs, against the last {NIGHTS} published nights.",
)
def precision_holds(evaluation: pd.DataFrame, warehouse: WarehouseResource) -> AssetCheckResult:
    return held_against_earlier_nights("precision", evaluation, warehouse)


@asset_check(
    asset="evaluation",
    blocking=True,
    description=f"The rate of every pair of companies, against the last {NIGHTS} published nights.",
)
def rates_hold(evaluation: pd.DataFrame, warehouse: WarehouseResource) -> AssetCheckResult:
    return held_against_earlier_nights("rate", evaluation, warehouse)


def held_against_earlier_nights(
    measure: str, evaluation: pd.DataFrame, warehouse: WarehouseResource
) -> AssetCheckResult:
    """What tonight measured against the last published nights, unless a person lets the night pass."""
    with warehouse.control() as engine:
        earlier, granted = nights.earlier_nights(engine, NIGHTS), nights.open_pass(engine)
    return unless_let_pass(night_comparison.held_against(evaluation, earlier, measure), granted)
