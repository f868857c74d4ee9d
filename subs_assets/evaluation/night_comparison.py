"""Does a night hold what the nights before it measured? A figure against the median of its own last published runs, and
how far it may fall; where the figures come from is decided elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from subs_assets.finding import Finding, Gravity, Verdict

NIGHTS = 7
"""Published runs that a figure is compared with."""

FEWEST_CASES = 50
"""Labelled pairs, or products, below which a figure is compared with nothing: one more pair that is refused would look
like a fall."""


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may lie below the median: falls of ``warns`` and more are said, falls of ``blocks`` and more
    keep the night from being published. ``of_median``: falls are shares of the median, and not differences from it."""

    warns: float
    blocks: float
    of_median: bool = False


TOLERANCES: dict[tuple[str, str], Tolerance] = {
    ("precision", "overall"): Tolerance(warns=0.02, blocks=0.05),
    ("precision", "pair"): Tolerance(warns=0.04, blocks=0.10),
    ("rate", "pair"): Tolerance(warns=0.10, blocks=1 / 3, of_median=True),
}
"""(measure of the table ``evaluation``, of all companies or of a pair) -> how far it may fall: judgements, to be tuned
here (docs/evaluate-substitutions.md). The interval of the precision of some 400 pairs is 0.05 wide to both sides, but
night after night it is of the same pairs, and moves only with what is shown. A rate follows the assortment: a tenth is
a change that somebody should know of, a third is what a lost mapping or a broken catalogue does."""

COMPARED = sorted({measure for measure, _ in TOLERANCES})


def compared_figures(evaluation: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table ``evaluation`` that nights are compared by: those of ``COMPARED`` as a whole."""
    return evaluation[evaluation["measure"].isin(COMPARED) & (evaluation["part"] == "")]


def measured_figures(evaluation: pd.DataFrame) -> pd.DataFrame:
    """Of these, what is kept of the night: all that have a value."""
    figures = compared_figures(evaluation)
    return figures[figures["value"].notna()]


def held_against(evaluation: pd.DataFrame, earlier: pd.DataFrame, measure: str) -> Verdict:
    """Whether a measure of tonight holds what earlier nights measured; ``earlier`` as in ``compare``."""
    count = earlier["run_id"].nunique()
    against = f"the last {count} published nights" if count else "no night yet: none was published since it is measured"
    figures = _drawn(compared_figures(evaluation), measure)
    return Verdict(f"held against {against}", compare(evaluation, earlier, measure), {**figures, "Nights": count})


def _drawn(tonight: pd.DataFrame, measure: str) -> dict[str, float]:
    found = tonight[tonight["measure"] == measure].dropna(subset="value")
    is_pair = found["company_slug"] != ""
    overall, pairs = found.loc[~is_pair, "value"], found.loc[is_pair, "value"]
    name = measure.capitalize()
    return {
        **({name: round(float(overall.iloc[0]), 4)} if len(overall) else {}),
        **({f"{name}, lowest of a pair": round(float(pairs.min()), 4)} if len(pairs) else {}),
        **({f"{name}, median of the pairs": round(float(pairs.median()), 4)} if len(pairs) else {}),
    }


def compare(evaluation: pd.DataFrame, earlier: pd.DataFrame, measure: str) -> list[Finding]:
    """A finding for every figure of ``measure`` that fell, is gone, or is not measured.

    ``earlier``: rows of ``night_measures`` of earlier nights; those of under FEWEST_CASES are held against nothing.
    """
    earlier = earlier[earlier["cases"] >= FEWEST_CASES]
    keys = ["company_slug", "target_company_slug"]
    tonight = compared_figures(evaluation)
    tonight = tonight[tonight["measure"] == measure].set_index(keys)
    grouped = earlier[earlier["measure"] == measure].groupby(keys)["value"]
    before = pd.DataFrame({"median": grouped.median(), "nights": grouped.size()})
    return [
        *_not_measured(tonight["cases"], before.index, measure),
        *_gone(tonight, before, measure),
        *_fallen(tonight[tonight["cases"] >= FEWEST_CASES].dropna(subset="value").join(before, how="inner"), measure),
    ]


def _not_measured(cases: pd.Series, measured_before: pd.Index, measure: str) -> Iterator[Finding]:
    """Where none of the labelled companies is there, and none was, no night can be better: nobody is warned of that."""
    if measure != "precision":  # a small company's rate is a small company's, and nobody can label more of it
        return
    from subs_assets.evaluation.night_figures import EVERY, why_not_measured

    few = cases[cases < FEWEST_CASES]
    pairs = few.drop(EVERY, errors="ignore")
    if EVERY in few.index:
        is_warned = few[EVERY] > 0 or EVERY in measured_before
        sentence = f"{measure}: {why_not_measured(int(few[EVERY]), FEWEST_CASES)}"
        yield Finding(Gravity.WARNING if is_warned else Gravity.NOTE, sentence)
    elif len(pairs):
        those = f"{measure} of {len(pairs)} of the pairs of companies"
        yield Finding(Gravity.NOTE, f"{those}: not measured, each has under {FEWEST_CASES} labelled pairs")


def _gone(tonight: pd.DataFrame, before: pd.DataFrame, measure: str) -> Iterator[Finding]:
    for pair in before.index.difference(tonight.index):
        yield Finding(Gravity.WARNING, f"{_named(measure, pair)}: there was one before, and is none tonight")


def _fallen(both: pd.DataFrame, measure: str) -> Iterator[Finding]:
    for pair, row in both.iterrows():
        tolerance = TOLERANCES.get((measure, "pair" if any(pair) else "overall"))
        if tolerance is None:
            continue
        fall = round(row["median"] - row["value"], 9)
        limit = row["median"] if tolerance.of_median else 1.0
        gravity = _gravity(fall, tolerance.warns * limit, tolerance.blocks * limit)
        if gravity is not Gravity.NOTE:
            yield Finding(
                gravity,
                f"{_named(measure, pair)} is {row['value']:.1%}; the median of the last {row['nights']:.0f} published "
                f"nights is {row['median']:.1%}",
            )


def _gravity(fall: float, warns: float, blocks: float) -> Gravity:
    if fall <= 0 or fall < round(warns, 9):
        return Gravity.NOTE
    return Gravity.ERROR if fall >= round(blocks, 9) else Gravity.WARNING


def _named(measure: str, pair: Any) -> str:
    company, target = pair
    return f"{measure} {company} -> {target}" if company else measure
