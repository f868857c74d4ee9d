"""Group ``substitution``: what the night measures of itself before it is published."""

import base64

import pandas as pd
from dagster import MaterializeResult, MetadataValue, asset

from subs_assets.assets.metadata import percent, preview
from subs_assets.assets.substitution import GROUP, product_features
from subs_assets.assets.unchanged import taken_if_unchanged
from subs_assets.embedding.matrices import EmbeddingMatrices
from subs_assets.equivalence.coverage import PAIR
from subs_assets.evaluation.substitution_scores import NOT_MEASURED
from subs_assets.resources import TrainedModelResource


@asset(group_name=GROUP, kinds={"pandas", "matplotlib"}, io_manager_key="warehouse_io")
@taken_if_unchanged
def evaluation(
    substitutions: pd.DataFrame,
    substitution_outcomes: pd.DataFrame,
    substitution_rates: pd.DataFrame,
    listings: pd.DataFrame,
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    product_claims: pd.DataFrame,
    product_kinds: pd.DataFrame,
    category_facets: pd.DataFrame,
    category_equivalences: pd.DataFrame,
    embedding_matrices: EmbeddingMatrices,
    trained_model: TrainedModelResource,
) -> MaterializeResult[pd.DataFrame]:
    """Whether a shopper would accept what is shown tonight.

    Read it before the rates: a rate says how many, this says how good.

    - *precision*: of labelled pairs that are shown, the share that a shopper accepts, with reservation or without
    - *traps*: pairs that look alike and that nobody would accept; a shown one blocks publication
    - *reliability*: does a score of 0.9 hold nine times in ten?
    - by pair of companies: rate, what siloed categories and chance reach, precision, prices

    "not measured": too few labelled pairs are in these catalogues. `subs evaluate substitutions` measures more, and
    beside other methods; the checks hold the night against the last ones.
    """
    from subs_assets.evaluation.night_figures import night_figures
    from subs_assets.evaluation.shown import ShownTables
    from subs_assets.evaluation.substitution_labels import labelled_pairs, traps
    from subs_assets.report.evaluation_pictures import precision_picture, reliability_picture
    from subs_assets.substitution.build import SubstitutionInputs

    inputs = SubstitutionInputs(
        listings, products, product_listings, product_claims, product_kinds, category_facets,
        category_equivalences, embedding_matrices.blocks, embedding_matrices.alike_names,
    )  # fmt: skip
    shown = ShownTables(substitutions, substitution_outcomes, substitution_rates)
    figures = night_figures(
        inputs,
        product_features(products, embedding_matrices),
        shown,
        trained_model.model().acceptance,
        labelled_pairs("reported"),
        traps(),
    )
    return MaterializeResult(
        value=figures,
        metadata={
            **_headlines(figures),
            **{
                name: MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(picture).decode('ascii')})")
                for name, picture in (
                    ("Precision against rate", precision_picture(figures)),
                    ("Reliability", reliability_picture(figures)),
                )
                if picture
            },
            "Pairs of companies": preview(by_pair(figures)),
            "Precision by level": preview(_by_level(figures)),
            "Traps shown": preview(figures.loc[figures["measure"] == "trap_shown", [*PAIR, "part", "said", "value"]]),
            "Coverage": preview(_coverage(figures)),
        },
    )


def by_pair(figures: pd.DataFrame) -> pd.DataFrame:
    """A row for each pair of companies, as a person reads it."""
    named = figures[(figures["company_slug"] != "") & (figures["part"] == "")]
    wide = named.pivot(index=PAIR, columns="measure", values="value")
    shares = {"rate": "rate", "siloed": "rate_siloed", "by chance": "rate_by_chance", "precision": "precision"}
    prices = {"unit price, median ratio": "unit_price_ratio", "unit price far off": "unit_price_far"}
    wide = wide.reindex(columns=[*shares.values(), *prices.values()])
    shown = pd.DataFrame({name: percent(wide[measure]) for name, measure in shares.items()}, wide.index)
    shown["precision"] = percent_where_measured(wide["precision"])
    shown["unit price, median ratio"] = wide["unit_price_ratio"].round(2)
    shown["unit price far off"] = percent(wide["unit_price_far"])
    return shown.reset_index()


def percent_where_measured(shares: pd.Series) -> pd.Series:
    """Shares as a person reads them, and "not measured"."""
    return percent(shares).astype(object).fillna(NOT_MEASURED)


def _headlines(figures: pd.DataFrame) -> dict[str, float | int | str]:
    """Figures of the whole, which the UI draws over the nights; "not measured" where they are not."""
    whole = figures[(figures["company_slug"] == "") & (figures["part"] == "")].set_index("measure")
    names = {
        "Precision": "precision",
        "Precision without reservation": "precision_without_reservation",
        "Calibration error (ECE)": "ece",
    }
    headlines: dict[str, float | int | str] = {
        name: NOT_MEASURED if pd.isna(whole["value"][measure]) else round(float(whole["value"][measure]), 4)
        for name, measure in names.items()
    }
    return {
        "Traps shown, count": int(whole["value"]["traps_shown"]),
        **headlines,
        "Labelled pairs": int(whole["cases"]["ece"]),
    }


def _by_level(figures: pd.DataFrame) -> pd.DataFrame:
    levels = figures[(figures["measure"] == "precision") & (figures["part"] != "")]
    return pd.DataFrame(
        {
            "level": levels["part"],
            "precision": percent_where_measured(levels["value"]),
            "from": percent(levels["low"]),
            "to": percent(levels["high"]),
            "labelled pairs": levels["cases"],
        }
    )


def _coverage(figures: pd.DataFrame) -> pd.DataFrame:
    covered = figures[figures["measure"] == "coverage"]
    pair = covered["company_slug"] + " -> " + covered["target_company_slug"]
    return (
        covered.assign(pair=pair, share=percent(covered["value"]))
        .pivot(index="part", columns="pair", values="share")
        .rename_axis("department")
        .reset_index()
    )
