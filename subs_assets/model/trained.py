"""What was learned once and stays until the next training: one folder, read as a whole or not at all; how it is learned
is in training.py, what it is used for is decided elsewhere.

``model.json`` is for people too. The n-gram weights lie beside it, because they are twenty thousand lines.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from subs_assets.embedding.name_weights import NameWeights
from subs_assets.equivalence.evidence import Calibration
from subs_assets.substitution.acceptance import AcceptanceModel

FORMAT = 2
"""Raise the number when a reader of the old form would go wrong with the new one."""

DESCRIPTION, NGRAMS = "model.json", "ngrams.tsv"

SHIPPED = Path(__file__).parent / "shipped"


class ModelUnusable(ValueError):
    """A folder holds no whole model; the message names the file and the remedy."""


@dataclass(frozen=True)
class TrainedFor:
    """The encoder whose similarities a part of the model was measured with."""

    encoder: str
    fingerprint: str


@dataclass(frozen=True)
class TrainedOn:
    """One set of catalogues: listings of each company, and what was learned from them."""

    companies: Mapping[str, int]
    learned: tuple[str, ...]


@dataclass(frozen=True)
class TrainedModel:
    """Everything that runs of one version have in common. ``trained_at`` is a day, such as 2026-11-26.

    ``trained_for`` is of ``same_shelf``, ``acceptance_for`` of ``acceptance``: the one is measured on a home, the other
    on labelled pairs whose features are kept, so a training with another encoder renews the first only.
    """

    trained_at: str
    trained_for: TrainedFor
    acceptance_for: TrainedFor
    trained_on: tuple[TrainedOn, ...]
    names: NameWeights
    same_shelf: Calibration
    acceptance: AcceptanceModel

    @cached_property
    def version(self) -> str:
        """The day and a hash of the content: equal versions give equal runs."""
        return str(describe(self)["version"])

    def doubt_of_shelves(self, encoder: str, fingerprint: str) -> str | None:
        """A sentence where ``same_shelf`` was measured with another encoder than the one at hand."""
        if fingerprint == self.trained_for.fingerprint:
            return None
        return (
            f"model {self.version} was calibrated for the encoder {self.trained_for.encoder}, not for {encoder}: how "
            "much alike names count for category equivalences is a guess until `subs train` has measured it "
            "(docs/model.md)"
        )

    def doubt_of_acceptance(self, encoder: str, fingerprint: str) -> str | None:
        """A sentence where ``acceptance`` was measured with another encoder than the one at hand."""
        if fingerprint == self.acceptance_for.fingerprint:
            return None
        return (
            f"the acceptance of model {self.version} was calibrated for the encoder {self.acceptance_for.encoder}, not "
            f"for {encoder}: the scores of substitutions, and what is shown, are a guess, also after `subs train` "
            "(docs/model.md)"
        )


@cache
def shipped_model() -> TrainedModel:
    """The model that comes with the package; read when it is first asked for."""
    return load(SHIPPED)


def save(model: TrainedModel, folder: Path) -> None:
    """Write ``model.json`` and the n-grams into ``folder``, in the place of those that are there. One model has the
    same bytes on every machine."""
    folder.mkdir(parents=True, exist_ok=True)
    written = json.dumps(describe(model), indent=2, ensure_ascii=False) + "\n"
    for name, text in ((NGRAMS, model.names.to_text()), (DESCRIPTION, written)):
        fresh = folder / f"{name}.new"
        fresh.write_bytes(text.encode())
        fresh.replace(folder / name)


def load(folder: Path) -> TrainedModel:
    """What ``save`` wrote; raises ``ModelUnusable`` when a file is missing, cannot be read, or is another."""
    if folder.is_file():
        raise ModelUnusable(f"{folder} is a file, and a model is a folder: set SUBS_MODEL to {folder.parent}")
    description, ngrams = folder / DESCRIPTION, folder / NGRAMS
    try:
        found = json.loads(description.read_text(encoding="utf-8"))
        text = ngrams.read_bytes()
    except FileNotFoundError as error:
        raise ModelUnusable(f"{error.filename} is missing; {_remedy(folder)}") from None
    except OSError as error:
        raise ModelUnusable(f"{error.filename} cannot be read ({error.strerror}); {_remedy(folder)}") from None
    except ValueError as error:
        raise ModelUnusable(f"{description} cannot be read ({error}); {_remedy(folder)}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ModelUnusable(f"{description} is not of format {FORMAT}, which this program reads; {_remedy(folder)}")
    try:
        is_theirs = hashlib.sha256(text).hexdigest() == found["names"]["sha256"]
        model = _read(found, text.decode()) if is_theirs else None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnusable(f"{description} is incomplete ({error!r}); {_remedy(folder)}") from None
    if model is None:
        raise ModelUnusable(f"{ngrams} is not the file that {description} was written with; {_remedy(folder)}")
    if model.version != found.get("version"):
        raise ModelUnusable(
            f"{description} was changed after it was written: its content is version {model.version}, and it says "
            f"{found.get('version')}; {_remedy(folder)}"
        )
    return model


def describe(model: TrainedModel) -> dict[str, Any]:
    """The content of ``model.json``."""
    content = {
        "format": FORMAT,
        "trained_at": model.trained_at,
        "trained_for": asdict(model.trained_for),
        "acceptance_for": asdict(model.acceptance_for),
        "trained_on": [asdict(one) for one in model.trained_on],
        "names": {
            "file": NGRAMS,
            "sha256": hashlib.sha256(model.names.to_text().encode()).hexdigest(),
            "ngrams": len(model.names.ngrams),
            "highest_weight": model.names.highest,
        },
        "same_shelf": asdict(model.same_shelf),
        "acceptance": asdict(model.acceptance),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {"format": FORMAT, "version": f"{model.trained_at}-{digest[:8]}", **content}


def _read(found: Mapping[str, Any], ngrams: str) -> TrainedModel:
    return TrainedModel(
        trained_at=found["trained_at"],
        trained_for=TrainedFor(**found["trained_for"]),
        acceptance_for=TrainedFor(**found["acceptance_for"]),
        trained_on=tuple(TrainedOn(one["companies"], tuple(one["learned"])) for one in found["trained_on"]),
        names=NameWeights.from_text(ngrams, found["names"]["highest_weight"]),
        same_shelf=Calibration(**found["same_shelf"]),
        acceptance=AcceptanceModel(**found["acceptance"]),
    )


def _remedy(folder: Path) -> str:
    if folder == SHIPPED:
        return "it is part of the package: install subs_assets again, or set SUBS_MODEL to a model of `subs train`"
    return f"train it again with `subs train --out {folder}`, or unset SUBS_MODEL to use the shipped model"
