"""Which thresholds are tried: the figures themselves are of the real catalogues."""

from dataclasses import asdict

from subs_assets.equivalence.relations import THRESHOLDS
from subs_assets.evaluation.equivalence_thresholds import FACTORS, variations


def test_each_threshold_is_changed_while_the_others_stay() -> None:
    (_, shipped), *others = variations()
    assert shipped == THRESHOLDS
    values = asdict(THRESHOLDS)
    changed = [[name for name, value in asdict(one).items() if value != values[name]] for _, one in others]
    assert changed == [[name] for name in values for _ in FACTORS]
    assert len({name for name, _ in others}) == len(others)
