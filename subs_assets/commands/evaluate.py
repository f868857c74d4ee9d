"""``subs evaluate``: how good what is published is, measured; each measure is in evaluation/."""

from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.commands.output import errors, fail, print_json, print_table, say
from subs_assets.commands.published import AsJson, published
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.evaluation.equivalence_evaluation import Evaluation
    from subs_assets.evaluation.intervals import Estimate

evaluate = typer.Typer(no_args_is_help=True, help="How good it is, measured on labels and without.")


@evaluate.callback()
def group() -> None:
    """Kept a group while it has one command."""


@evaluate.command()
def equivalences(
    as_json: AsJson = False,
    seeds: Annotated[int, typer.Option(min=1, help="Shuffles and removals of the trials without labels.")] = 3,
) -> None:
    """Category equivalences: several methods on labelled pairs of categories, and trials that need no label.

    The labels are of the companies aldi, coles and iga. Equivalences are made anew, without decisions of people.
    """
    from subs_assets.database import frames, tables
    from subs_assets.embedding.encoder import SentenceTransformerEncoder
    from subs_assets.embedding.vector_store import VectorStore
    from subs_assets.evaluation.equivalence_evaluation import evaluate_equivalences
    from subs_assets.evaluation.equivalence_labels import labelled_pairs
    from subs_assets.evaluation.mapping_run import MappingInputs
    from subs_assets.model.trained import SHIPPED, load

    settings = Settings.from_environment()
    with published(settings) as connection:
        read = {
            table.name: frames.read(connection, table)
            for table in (tables.listings, tables.listing_categories, tables.product_listings, tables.categories)
        }
    store = VectorStore(settings.vectors, SentenceTransformerEncoder(settings.encoder))
    try:
        inputs = MappingInputs(**read, store=store, model=load(settings.model or SHIPPED))
        with errors.status("") as status:
            found = evaluate_equivalences(inputs, labelled_pairs(), seeds, status.update)
    except ValueError as problem:
        fail(str(problem))
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)


def _show(found: "Evaluation") -> None:
    from subs_assets.evaluation.equivalence_trials import readable

    rows = [
        {
            "method": name,
            "stated": result.stated,
            **{key: _figure(getattr(result.scores, key)) for key in ("precision", "recall", "f1")},
            "coverage": _figure(result.coverage),
        }
        for name, result in found.methods.items()
    ]
    labels = ", ".join(f"{count} {half}" for half, count in found.labels.items())
    print_table(rows, f"Methods on the labelled pairs that nothing was fitted to ({labels}), 95 % intervals")
    fitted = {key: _figure(getattr(found.fitted, key)) for key in ("precision", "recall", "f1")}
    print_table([fitted], "Ours on the half that thresholds were set on")
    relations = [
        {"stated": name, "one holds the other (related: they overlap)": _figure(holds), "that relation": _figure(same)}
        for name, (holds, same) in found.relations.items()
    ]
    print_table(relations, "Ours by the relation that it states itself")
    if found.unknown:
        say(f"{found.unknown} labelled pairs are of categories that are not in these catalogues")
    say(readable(found.trials))


def _figure(estimate: "Estimate") -> str:
    if estimate.value is None:
        return "no case"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f}; {estimate.cases:,})"


def register(app: typer.Typer) -> None:
    app.add_typer(evaluate, name="evaluate")
