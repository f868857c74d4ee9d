"""What the judge sees of every labelled pair, kept beside the labels, so that training and checking need no catalogue.

``python -m subs_assets.evaluation.label_features`` writes the file anew from what SUBS_HOME has published; the labels
stay as they are.
"""

from importlib.resources import files
from pathlib import Path

import pandas as pd

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.evaluation.judged_labels import judged_labels
from subs_assets.evaluation.substitution_labels import LABEL_KEYS, SHEETS, labelled_pairs
from subs_assets.substitution.build import SubstitutionInputs
from subs_assets.substitution.features import FEATURES
from subs_assets.substitution.gates import GATES
from subs_assets.substitution.judge import Judge

FILE = "au_substitution_features.csv"

COLUMNS = [*LABEL_KEYS, "gate", "level", *FEATURES]


def label_features(inputs: SubstitutionInputs, features: NameFeatures, judge: Judge) -> pd.DataFrame:
    """``COLUMNS`` of every labelled pair of both halves that is in these catalogues; ``gate`` is its name, empty where
    none refuses."""
    labels = pd.concat([labelled_pairs(half) for half in SHEETS], ignore_index=True).drop_duplicates(LABEL_KEYS)
    judged = judged_labels(labels, inputs, features, judge)
    seen = judge.features.of(judged).round(4)
    gates = judged[LABEL_KEYS].assign(gate=[GATES[gate] for gate in judged["gate"]], level=judged["level"])
    return pd.concat([gates, seen], axis=1)[COLUMNS].sort_values(LABEL_KEYS, ignore_index=True)


def labels_with_features(half: str) -> pd.DataFrame:
    """``labelled_pairs(half)`` with the kept gate, level and features."""
    kept = pd.read_csv(
        str(files("subs_assets.evaluation") / "gold" / FILE),
        encoding="utf-8",
        dtype={"sku": str, "target_sku": str, "gate": str},
        keep_default_na=False,
    )
    return labelled_pairs(half).merge(kept, on=LABEL_KEYS, validate="many_to_one")


def main() -> None:
    """Write the file of the package that is run, from the published tables of this installation."""
    from subs_assets.commands.published import substitution_inputs
    from subs_assets.database.engine import open_engine
    from subs_assets.model.trained import SHIPPED, load
    from subs_assets.settings import Settings
    from subs_assets.substitution.build import night_judge

    settings = Settings.from_environment()
    engine = open_engine(settings.database_url)
    with engine.connect() as connection:
        inputs, features = substitution_inputs(connection, settings)
    engine.dispose()
    kept = label_features(inputs, features, night_judge(inputs, load(settings.model or SHIPPED).acceptance))
    file = Path(__file__).parent / "gold" / FILE
    kept.to_csv(file, index=False, encoding="utf-8", lineterminator="\n")
    print(f"{len(kept)} pairs in {file}")


if __name__ == "__main__":
    main()
