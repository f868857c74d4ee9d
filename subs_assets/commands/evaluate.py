"""``subs evaluate``: how good what is published is, measured; each measure is in evaluation/."""

from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.commands.evaluated_substitutions import show_substitutions
from subs_assets.commands.output import at_work, errors, fail, print_json, print_table, say
from subs_assets.commands.published import AsJson, published, substitution_inputs, trained_model
from subs_assets.commands.whoever import whoever_is_logged_in
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from subs_assets.evaluation.equivalence_evaluation import Evaluation
    from subs_assets.evaluation.intervals import Estimate

evaluate = typer.Typer(no_args_is_help=True, help="How good it is, measured on labels and without.")


@evaluate.callback()
def group() -> None:
    """Measures of what is published, and the word that lets a night pass that measures less."""


@evaluate.command()
def equivalences(
    as_json: AsJson = False,
    seeds: Annotated[int, typer.Option(min=1, help="Shuffles and removals of the trials without labels.")] = 3,
) -> None:
    """Category equivalences: several methods on labelled pairs of categories, and trials that need no label.

    The labels are of the companies aldi, coles and iga. Equivalences are made anew, without decisions of people.
    """
    from subs_assets.database import frames, tables
    from subs_assets.embedding.fast_encoder import open_store
    from subs_assets.evaluation.equivalence_evaluation import evaluate_equivalences
    from subs_assets.evaluation.equivalence_labels import labelled_pairs
    from subs_assets.evaluation.mapping_run import MappingInputs

    settings = Settings.from_environment()
    with published(settings) as connection:
        read = {
            table.name: frames.read(connection, table)
            for table in (tables.listings, tables.listing_categories, tables.product_listings, tables.categories)
        }
    store = open_store(settings.vectors, settings.encoder)
    inputs = MappingInputs(**read, store=store, model=trained_model(settings))
    try:
        with at_work() as tell:
            found = evaluate_equivalences(inputs, labelled_pairs(), seeds, tell)
    except ValueError as problem:
        fail(str(problem))
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)


@evaluate.command()
def substitutions(as_json: AsJson = False) -> None:
    """Substitutions: precision on labelled pairs, beside other methods, by pair of companies and level; traps, prices.

    The labels are of the companies aldi, coles and iga; of others, what needs no label is measured. Decisions of people
    are left out of what labels and traps measure. Mappings are found anew once, with the products hidden that companies
    share.
    """
    from subs_assets.database import frames, tables
    from subs_assets.embedding.fast_encoder import open_store
    from subs_assets.evaluation.mapping_run import MappingInputs
    from subs_assets.evaluation.shown import ShownTables
    from subs_assets.evaluation.substitution_evaluation import evaluate_substitutions

    settings = Settings.from_environment()
    with published(settings) as connection:
        inputs, features = substitution_inputs(connection, settings)
        standing, trees, *shown = (
            frames.read(connection, table)
            for table in (
                tables.listing_categories, tables.categories,
                tables.substitutions, tables.substitution_outcomes, tables.substitution_rates,
            )
        )  # fmt: skip
    if inputs.products.empty:
        fail("nothing is published yet: start a run with `subs run`")
    store = open_store(settings.vectors, settings.encoder)
    trained = trained_model(settings)
    doubt = trained.doubt_of_acceptance(settings.encoder, store.encoder.fingerprint)
    if doubt:
        say(doubt, errors)
    night = MappingInputs(inputs.listings, standing, inputs.product_listings, trees, store, trained)
    with at_work() as tell:
        found = evaluate_substitutions(inputs, features, night, ShownTables(*shown), trained.acceptance, tell)
    print_json(found.to_json()) if as_json else show_substitutions(found)


@evaluate.command("let-pass")
def let_pass(
    reason: Annotated[str | None, typer.Option(help="Why the figures fell, and why they may.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who says so; else the one who is logged in.")] = None,
    take_back: Annotated[bool, typer.Option("--take-back", help="Withdraw it, while no night has used it up.")] = False,
) -> None:
    """The next night is published though its rates or its precision fell. Once; traps never pass."""
    from subs_assets.database import control, nights

    who = (whoever_is_logged_in() if by is None else by).strip()
    if not who:
        fail("say who lets it pass: --by NAME")
    engine = control.open_control(Settings.from_environment().control_url)
    if take_back:
        say("taken back" if nights.take_back_pass(engine, who) else "there is nothing to take back")
        return
    if not (reason or "").strip():
        fail('say why: subs evaluate let-pass --reason "the shop closed its drinks section"')
    try:
        nights.let_pass(engine, who, str(reason))
    except ValueError as problem:
        fail(str(problem))
    say("the next night is published whatever its precision and its rates are held against; start it with `subs run`")


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
