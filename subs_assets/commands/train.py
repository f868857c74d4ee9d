"""``subs train``: measure anew, on what is published, what a run takes from the trained model."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from subs_assets.commands.output import errors, fail, say
from subs_assets.commands.published import published
from subs_assets.settings import Settings


def train(
    names_of: Annotated[
        list[Path] | None,
        typer.Option(help="A further home whose names count for the n-grams, such as of another language; repeatable."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder for the model; <SUBS_HOME>/model if not given.")] = None,
) -> None:
    """Train the model on the published listings of SUBS_HOME: n-gram weights, and how often alike names share a shelf.

    Acceptance, the probability that a shopper takes a substitute, is fitted to the labelled pairs of the package: it
    learns nothing from SUBS_HOME.

    Runs use the shipped model until SUBS_MODEL names this one.
    """
    from subs_assets.database import frames, tables
    from subs_assets.embedding.fast_encoder import open_store
    from subs_assets.model import trained, training
    from subs_assets.substitution.features import FEATURES

    settings = Settings.from_environment()
    with published(settings) as connection:
        listings = frames.read(connection, tables.listings)
        shelves = frames.read(connection, tables.listing_shelves)
    further = []
    for home in names_of or ():
        with published(Settings.from_environment({"SUBS_HOME": str(home)})) as connection:
            further.append(frames.read(connection, tables.listings))
    store = open_store(settings.vectors, settings.encoder)
    try:
        with errors.status("measuring names and shelves"):
            model = training.train(
                listings, shelves, further, store, settings.encoder, datetime.now(UTC).date().isoformat()
            )
    except ValueError as problem:
        fail(f"no model was trained: {problem}")
    folder = (out or settings.home / "model").resolve()
    trained.save(model, folder)
    curve = model.same_shelf
    say(f"model {model.version} in {folder}")
    say(f"  {len(model.names.ngrams):,} n-grams; the others weigh {model.names.highest:.2f}")
    say(
        f"  P(same shelf) = logistic({curve.slope:.2f} s {curve.intercept:+.2f}), null margin {curve.null_margin:.3f}, "
        f"measured on {curve.pairs:,} nearest neighbours"
    )
    accepted = model.acceptance
    left_out = [name for name in FEATURES if name not in accepted.coefficients]
    say(
        f"  acceptance is of {len(training.acceptance_labels()):,} labelled pairs of the package, not of this home: "
        f"{len(accepted.coefficients)} features, left out: {', '.join(left_out) or 'none'}; "
        f"shown from {accepted.shown_from:.2f}"
    )
    doubt = model.doubt_of_acceptance(settings.encoder, store.encoder.fingerprint)
    if doubt:
        say(f"  {doubt}")
    if folder != trained.SHIPPED:
        say(f"Runs use it from now on with SUBS_MODEL={folder}")


def register(app: typer.Typer) -> None:
    app.command()(train)
