"""What other thresholds would have given, on the half of the labelled pairs that thresholds are set on.

``python -m subs_assets.evaluation.equivalence_thresholds`` changes one threshold at a time, on what SUBS_HOME has
published. The other half of the labels is not looked at.
"""

from collections.abc import Iterator
from dataclasses import fields, replace

from subs_assets.equivalence.relations import THRESHOLDS, Thresholds
from subs_assets.evaluation.equivalence_evaluation import FITTED, paths_that_inherit, said_of, stated_by_ours
from subs_assets.evaluation.equivalence_labels import labelled_pairs
from subs_assets.evaluation.equivalence_scores import scores
from subs_assets.evaluation.intervals import Estimate
from subs_assets.evaluation.mapping_run import find_mappings, published_inputs

FACTORS = (0.5, 0.75, 1.25, 1.5)


def variations() -> Iterator[tuple[str, Thresholds]]:
    """The shipped thresholds, and each of them smaller and larger while the others stay."""
    yield "as shipped", THRESHOLDS
    for field in fields(Thresholds):
        value = getattr(THRESHOLDS, field.name)
        for factor in FACTORS:
            changed = round(value * factor, 4)
            yield f"{field.name} {changed:g}", replace(THRESHOLDS, **{field.name: changed})


def main() -> None:
    """Print what other thresholds give on the fitted half."""
    inputs, labels = published_inputs(), labelled_pairs()
    labels = labels[labels["half"] == FITTED]
    alike = inputs.alike()
    shelving = find_mappings(inputs, alike).shelving
    nodes = paths_that_inherit(inputs.categories, shelving.facets)
    print(f"{'':<16} mappings precision recall    f1   ({len(labels)} labelled pairs)")
    for name, thresholds in variations():
        run = find_mappings(inputs, alike, shelving, thresholds)
        found = scores(labels, said_of(stated_by_ours(run, inputs.companies), nodes))
        figures = [_figure(estimate) for estimate in (found.precision, found.recall, found.f1)]
        print(f"{name:<16} {len(run.accepted):>8} {figures[0]:>9} {figures[1]:>6} {figures[2]:>5}", flush=True)


def _figure(estimate: Estimate) -> str:
    return "no case" if estimate.value is None else f"{estimate.value:.3f}"


if __name__ == "__main__":
    main()
