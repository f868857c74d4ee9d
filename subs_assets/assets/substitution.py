"""Groups ``embedding`` and ``substitution``: matrices, claims, substitutions and their rates."""

import base64

import pandas as pd
from dagster import AssetExecutionContext, AssetOut, MaterializeResult, MetadataValue, Output, asset, multi_asset

from subs_assets.assets.metadata import preview
from subs_assets.assets.progress import log_progress
from subs_assets.assets.selected import selected
from subs_assets.embedding.matrices import EmbeddingMatrices, build_matrices
from subs_assets.embedding.similarity import NameFeatures, lexical_features
from subs_assets.report.heatmap import rates_heatmap
from subs_assets.resources import EncoderResource
from subs_assets.substitution.build import SubstitutionInputs, build_substitutions, null_outcomes
from subs_assets.substitution.product_claims import build_product_claims
from subs_assets.substitution.rates import build_rates

GROUP = "substitution"


@asset(group_name="embedding", kinds={"numpy", "huggingface"}, io_manager_key="matrices_io")
def embedding_matrices(
    context: AssetExecutionContext,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listing_shelves: pd.DataFrame,
    encoder: EncoderResource,
) -> EmbeddingMatrices:
    """One row a product, aligned with ``products``, and the blocks of rows that stand on one shelf."""
    progress = log_progress(context.log, "names encoded")
    return build_matrices(products, product_listings, listing_shelves, encoder.store(), progress)


@asset(group_name=GROUP, kinds={"pandas"}, io_manager_key="warehouse_io")
def product_claims(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
) -> MaterializeResult[pd.DataFrame]:
    """What must survive a substitution: claims in words and by dietary shelf, department and class."""
    claims = build_product_claims(products, product_listings, listings, listing_categories)
    departments = claims.groupby(["product_class", "department"], dropna=False, as_index=False).size()
    return MaterializeResult(value=claims, metadata={"departments": preview(departments)})


@multi_asset(
    name="substitutions",
    can_subset=True,
    group_name=GROUP,
    outs={
        "substitutions": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas", "numpy"},
            description="Buy the substitute instead of the product: directed, levels 1 to 5, ranked per company.",
        ),
        "substitution_outcomes": AssetOut(
            io_manager_key="warehouse_io",
            is_required=False,
            kinds={"pandas"},
            description="What became of every product at every company: found, or the stage at which it was lost.",
        ),
    },
)
def substitutions(  # type: ignore[no-untyped-def]  # a generator of outputs
    context: AssetExecutionContext,
    listings: pd.DataFrame,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    product_claims: pd.DataFrame,
    category_equivalences: pd.DataFrame,
    embedding_matrices: EmbeddingMatrices,
):
    inputs = SubstitutionInputs(
        listings, products, product_listings, product_claims, category_equivalences, embedding_matrices.blocks
    )
    features = _product_features(products, embedding_matrices)
    found = build_substitutions(inputs, features, log_progress(context.log, "shelf blocks compared"))
    rows, outcomes = found.substitutions, found.outcomes
    levels = rows.groupby("level", as_index=False).agg(rows=("score", "size"), median_score=("score", "median"))
    stages = outcomes.pivot_table(
        index=["company_slug", "target_company_slug"],
        columns="stage",
        values="product_id",
        aggfunc="size",
        fill_value=0,
    ).reset_index()
    pairs = Output(
        rows,
        "substitutions",
        metadata={
            "candidates judged": found.candidates,
            "levels": preview(levels),
            "samples": preview(sample_substitutions(rows, products)),
        },
    )
    losses = Output(outcomes, "substitution_outcomes", metadata={"where products are lost": preview(stages)})
    yield from selected(context, [pairs, losses])


def sample_substitutions(rows: pd.DataFrame, products: pd.DataFrame, count: int = 25) -> pd.DataFrame:
    """Some first-ranked rows with names, the same ones for the same rows."""
    first = rows[rows["rank"] == 1]
    chosen = first.sample(min(count, len(first)), random_state=0)
    name = products.set_index("product_id")["name"]
    return pd.DataFrame(
        {
            "product": name.reindex(chosen["product_id"]).to_numpy(),
            "substitute": name.reindex(chosen["substitute_id"]).to_numpy(),
            "company": chosen["company_slug"].to_numpy(),
            "level": chosen["level"].to_numpy(),
            "score": chosen["score"].to_numpy(),
            "why": chosen["reasons"].to_numpy(),
        }
    )


@asset(group_name=GROUP, kinds={"pandas", "matplotlib"}, io_manager_key="warehouse_io")
def substitution_rates(
    context: AssetExecutionContext,
    substitution_outcomes: pd.DataFrame,
    listings: pd.DataFrame,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    product_claims: pd.DataFrame,
    category_equivalences: pd.DataFrame,
    embedding_matrices: EmbeddingMatrices,
) -> MaterializeResult[pd.DataFrame]:
    """The share of each company's products with a substitute at each company: linked, siloed, and what chance would
    reach."""
    inputs = SubstitutionInputs(
        listings, products, product_listings, product_claims, category_equivalences, embedding_matrices.blocks
    )
    features = _product_features(products, embedding_matrices)
    progress = log_progress(context.log, "shelf blocks of the permutation null compared")
    rates = build_rates(substitution_outcomes, null_outcomes(inputs, features, progress))
    picture = base64.b64encode(rates_heatmap(rates)).decode("ascii")
    matrix = rates.pivot_table(index=["setting", "company_slug"], columns="target_company_slug", values="rate")
    return MaterializeResult(
        value=rates,
        metadata={
            "heatmap": MetadataValue.md(f"![substitution rates](data:image/png;base64,{picture})"),
            "rates": preview(matrix.reset_index()),
        },
    )


def _product_features(products: pd.DataFrame, embedding_matrices: EmbeddingMatrices) -> NameFeatures:
    if list(embedding_matrices.product_ids) != products["product_id"].tolist():
        raise ValueError(
            "embedding_matrices and products are not of one run: materialise both (`--select '+substitutions'`)"
        )
    return NameFeatures(embedding_matrices.vectors, lexical_features(products["core_name"].tolist()))
