"""Groups ``embedding`` and ``substitution``: matrices, claims, substitutions and their rates."""

import base64
import json

import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, Output, asset, multi_asset

from subs_assets.assets.metadata import percent, preview, warned
from subs_assets.assets.progress import log_progress
from subs_assets.assets.selected import selected, table_output
from subs_assets.assets.unchanged import only, taken_if_unchanged
from subs_assets.embedding.matrices import EmbeddingMatrices
from subs_assets.embedding.name_store import NameStore
from subs_assets.embedding.similarity import NameFeatures
from subs_assets.resources import (
    ComputeResource,
    DecisionsResource,
    EncoderResource,
    KnownTextsResource,
    TrainedModelResource,
)

GROUP = "substitution"

SUBSTITUTIONS = """What to buy instead: directed, ranked per company.

1. same brand, same product, other size
2. same brand, similar product, similar size
3. other brand, similar product, similar size
4. other brand, similar product, other size
5. alike in the same or an equivalent category

A pair keeps its lowest level and names every reason that applied. Ask with `subs substitutes "full cream milk"`.
"""

OUTCOMES = """Where every product was lost, at every company.

One row for each product and company: `found`, or the stage at which it was lost, with the best candidate.
`subs rates --from aldi --to coles --why` counts them.
"""


@asset(group_name="embedding", kinds={"numpy", "huggingface"}, io_manager_key="matrices_io")
@taken_if_unchanged
def embedding_matrices(
    context: AssetExecutionContext,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listing_shelves: pd.DataFrame,
    encoder: EncoderResource,
    trained_model: TrainedModelResource,
) -> MaterializeResult[EmbeddingMatrices]:
    """A vector for every product, and the shelves on which they are compared.

    Rows are aligned with `products`; a block holds the rows that stand on one shelf. A name is encoded once, ever.
    """
    from subs_assets.embedding.matrices import build_matrices

    progress = log_progress(context.log, "names encoded")
    store = NameStore(encoder.store(), trained_model.model().names)
    matrices = build_matrices(products, product_listings, listing_shelves, store, progress)
    return MaterializeResult(value=matrices, metadata={"Products": len(matrices.product_ids)})


@asset(
    group_name=GROUP,
    kinds={"pandas"},
    io_manager_key="warehouse_io",
    ins=only(listings=("company_slug", "sku", "name", "core_name", "brand")),
)
@taken_if_unchanged
def product_kinds(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    known_texts: KnownTextsResource,
) -> MaterializeResult[pd.DataFrame]:
    """What each product is: yoghurt, vodka, hot chips.

    By the head of its name and by its shelves, from the lexicon `kinds.csv`. Kinds of different groups never replace
    each other; an unknown kind refuses nothing. The most frequent last words of products without one say what the
    lexicon lacks.
    """
    from subs_assets.substitution.kinds import build_product_kinds, known_by_department, unknown_heads

    kinds = build_product_kinds(products, product_listings, listings, listing_categories, known_texts.texts)
    known = kinds["kind"].notna()
    groups = kinds.groupby(["kind_group", "kind"], as_index=False).agg(products=("product_id", "size"))
    return MaterializeResult(
        value=kinds,
        metadata={
            "Share with a kind": float(known.mean()) if len(kinds) else 0.0,
            "Kinds": preview(groups.sort_values(["products", "kind"], ascending=[False, True])),
            "Share by department": preview(known_by_department(kinds, product_listings, listing_categories)),
            "Unknown heads": preview(unknown_heads(products, kinds)),
        },
    )


@asset(
    group_name=GROUP,
    kinds={"pandas"},
    io_manager_key="warehouse_io",
    ins=only(listings=("company_slug", "sku", "name", "brand", "claims")),
)
@taken_if_unchanged
def product_claims(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    product_kinds: pd.DataFrame,
) -> MaterializeResult[pd.DataFrame]:
    """What must survive a substitution: claims, department, class.

    Claims come from the listings' words and from the dietary shelves that they stand on.
    """
    from subs_assets.substitution.product_claims import build_product_claims

    claims = build_product_claims(products, product_listings, listings, listing_categories, product_kinds)
    departments = claims.groupby(["product_class", "department"], dropna=False, as_index=False).agg(
        products=("product_id", "size")
    )
    return MaterializeResult(value=claims, metadata={"Departments": preview(departments)})


@multi_asset(
    name="substitutions",
    can_subset=True,
    group_name=GROUP,
    outs={
        "substitutions": table_output(SUBSTITUTIONS, "numpy"),
        "substitution_outcomes": table_output(OUTCOMES),
    },
)
@taken_if_unchanged
def substitutions(  # type: ignore[no-untyped-def]  # a generator of outputs
    context: AssetExecutionContext,
    listings: pd.DataFrame,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    product_claims: pd.DataFrame,
    product_kinds: pd.DataFrame,
    category_facets: pd.DataFrame,
    category_equivalences: pd.DataFrame,
    embedding_matrices: EmbeddingMatrices,
    substitution_decisions: DecisionsResource,
    compute: ComputeResource,
    encoder: EncoderResource,
    trained_model: TrainedModelResource,
):
    from subs_assets.substitution.build import SubstitutionInputs, build_substitutions
    from subs_assets.substitution.decisions import standing_decisions

    decisions = substitution_decisions.read()
    standing = standing_decisions(decisions, product_listings)
    model = trained_model.model()
    doubt = model.doubt_of_acceptance(encoder.model, encoder.store().encoder.fingerprint)
    warnings = warned(context.log, [*([doubt] if doubt else []), *standing.idle])
    inputs = SubstitutionInputs(
        listings, products, product_listings, product_claims, product_kinds, category_facets,
        category_equivalences, embedding_matrices.blocks, embedding_matrices.alike_names, standing,
    )  # fmt: skip
    features = product_features(products, embedding_matrices)
    progress = log_progress(context.log, "tiles of shelves compared")
    found = build_substitutions(inputs, features, model.acceptance, compute.compute(), progress)
    rows, outcomes = found.substitutions, found.outcomes
    levels = (
        rows.groupby("level", as_index=False).agg(rows=("score", "size"), median_score=("score", "median")).round(3)
    )
    totals = outcomes["stage"].value_counts()
    stages = outcomes.pivot_table(
        index=["company_slug", "target_company_slug"],
        columns="stage",
        values="product_id",
        aggfunc="size",
        fill_value=0,
    )[list(totals.index)].reset_index()
    pairs = Output(
        rows,
        "substitutions",
        metadata={
            **warnings,
            "Candidates judged": found.candidates,
            "Decisions": len(decisions),
            "Model": model.version,
            "Calibrated for": doubt or model.acceptance_for.encoder,
            "Decisions that count for nothing now": "\n\n".join(standing.idle) or "none",
            **{
                f"Rows on level {level}": int(count)
                for level, count in levels[["level", "rows"]].itertuples(index=False)
            },
            "Levels": preview(levels),
            "Samples": preview(first_ranked_sample(rows, products)),
        },
    )
    losses = Output(
        outcomes,
        "substitution_outcomes",
        metadata={
            **{str(stage).capitalize(): int(count) for stage, count in totals.items()},
            "Where products are lost": preview(stages),
        },
    )
    yield from selected(context, [pairs, losses])


def first_ranked_sample(rows: pd.DataFrame, products: pd.DataFrame, count: int = 25) -> pd.DataFrame:
    """Some first-ranked rows as a person reads them, the same ones for the same rows."""
    first = rows[rows["rank"] == 1]
    chosen = first.sample(min(count, len(first)), random_state=0)
    name = (products["brand"].fillna("") + " " + products["name"]).str.strip().set_axis(products["product_id"])
    return pd.DataFrame(
        {
            "product": name.reindex(chosen["product_id"]).to_numpy(),
            "substitute": name.reindex(chosen["substitute_id"]).to_numpy(),
            "company": chosen["company_slug"].to_numpy(),
            "level": chosen["level"].to_numpy(),
            "score": chosen["score"].to_numpy(),
            "why": [json.loads(reasons)[0] for reasons in chosen["reasons"]],
        }
    )


@asset(group_name=GROUP, kinds={"pandas", "matplotlib"}, io_manager_key="warehouse_io")
@taken_if_unchanged
def substitution_rates(
    context: AssetExecutionContext,
    substitution_outcomes: pd.DataFrame,
    listings: pd.DataFrame,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    product_claims: pd.DataFrame,
    product_kinds: pd.DataFrame,
    category_facets: pd.DataFrame,
    category_equivalences: pd.DataFrame,
    embedding_matrices: EmbeddingMatrices,
    substitution_decisions: DecisionsResource,
    compute: ComputeResource,
    trained_model: TrainedModelResource,
) -> MaterializeResult[pd.DataFrame]:
    """The share of each company's products with a substitute at each company.

    - *linked*: level 5 through category equivalences
    - *siloed*: level 5 inside one company's tree only, as in the first system
    - *null*: linked, with every company's shelves dealt by chance

    A rate says how many, not how good.
    """
    from subs_assets.report.heatmap import rates_picture
    from subs_assets.substitution.build import SubstitutionInputs, null_outcomes
    from subs_assets.substitution.decisions import standing_decisions
    from subs_assets.substitution.rates import SETTINGS, build_rates, plotted_rates, rates_between_companies

    inputs = SubstitutionInputs(
        listings, products, product_listings, product_claims, product_kinds, category_facets,
        category_equivalences, embedding_matrices.blocks, embedding_matrices.alike_names,
        standing_decisions(substitution_decisions.read(), product_listings),
    )  # fmt: skip
    features = product_features(products, embedding_matrices)
    progress = log_progress(context.log, "tiles of the permutation null compared")
    null = null_outcomes(inputs, features, trained_model.model().acceptance, compute.compute(), progress)
    rates = build_rates(substitution_outcomes, null)
    picture = base64.b64encode(rates_picture(rates)).decode("ascii")
    matrix = rates.assign(rate=percent(rates["rate"])).pivot(
        index=["setting", "company_slug"], columns="target_company_slug", values="rate"
    )
    matrix = matrix.reindex(SETTINGS, level="setting")
    return MaterializeResult(
        value=rates,
        metadata={
            **{f"Rate between companies, {name}": rate for name, rate in rates_between_companies(rates).items()},
            **plotted_rates(rates),
            "Heatmap": MetadataValue.md(f"![substitution rates](data:image/png;base64,{picture})"),
            "Rates": preview(matrix.reset_index()),
        },
    )


def product_features(products: pd.DataFrame, embedding_matrices: EmbeddingMatrices) -> NameFeatures:
    """What the names of the products are compared by. Raises ValueError where the two are of different runs."""
    if list(embedding_matrices.product_ids) != products["product_id"].tolist():
        raise ValueError(
            "embedding_matrices and products are not of one run: materialise both (`--select '+substitutions'`)"
        )
    return embedding_matrices.features
