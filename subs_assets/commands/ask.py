"""Questions to the published tables: rates, substitutes, explain, categories."""

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from subs_assets.commands.output import console, fail, print_json, print_table, records, say
from subs_assets.commands.published import (
    AsJson,
    From,
    To,
    published,
    require_companies,
    substitution_decisions,
    substitution_inputs,
    trained_model,
)
from subs_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection


def print_rates(settings: Settings) -> None:
    """The rate matrix for people: linked, with siloed and null beside it, and levels 1-4 and 5 apart."""
    from subs_assets.database import lookups

    with published(settings) as connection:
        rates, precision = lookups.rates(connection), lookups.precision_by_pair(connection)
    if rates.empty:
        fail("no rates are published yet: start a run with `subs run`")
    wide = rates.pivot(index=["company_slug", "target_company_slug"], columns="setting")
    rows = [
        {
            "from": company,
            "to": target,
            "products": int(row[("products", "linked")]),
            "linked": _percent(row[("rate", "linked")]),
            "1-4": _percent(row[("rate_levels_1_to_4", "linked")]),
            "5": _percent(row[("rate_level_5", "linked")]),
            "siloed": _percent(row[("rate", "siloed")]),
            "null": _percent(row[("rate", "null")]),
            "precision": _percent(precision[company, target]) if (company, target) in precision else "-",
        }
        for (company, target), row in wide.iterrows()
    ]
    print_table(rows, "Substitution rates: share of a company's products with a substitute there")
    console.print(
        "1-4, 5: by these levels. siloed: level 5 inside one company's tree only. null: shelves dealt by chance. "
        "precision: how many labelled pairs that are shown a shopper accepts (`subs evaluate substitutions`); "
        "-: not measured.",
        highlight=False,
    )


def rates(
    company: From = None,
    target: To = None,
    why: Annotated[bool, typer.Option("--why", help="Where products are lost; needs --from and --to.")] = False,
    as_json: AsJson = False,
) -> None:
    """The share of each company's products that have a substitute at each company."""
    from subs_assets.database import lookups

    settings = Settings.from_environment()
    if why:
        if not company or not target:
            fail("--why needs --from and --to: `subs rates --from aldi --to coles --why`")
        with published(settings) as connection:
            losses = lookups.losses(connection, company, target)
        if losses.empty:
            fail(f"nothing is published about {company} -> {target}; `subs rates` lists the companies")
        if as_json:
            print_json([{**row, "examples": json.loads(row["examples"])} for row in records(losses)])
            return
        rows = records(losses)
        total = sum(row["products"] for row in rows)
        shown = [
            {
                "stage": row["stage"],
                "products": row["products"],
                "share": _percent(row["products"] / total),
                "nearest misses": "\n".join(_example(example) for example in json.loads(row["examples"])[:3]),
            }
            for row in rows
        ]
        print_table(shown, f"What became of {company}'s {total:,} products on the way to {target}")
        return
    if as_json or company or target:
        with published(settings) as connection:
            require_companies(connection, company, target)
            table = lookups.rates(connection)
        for column, value in (("company_slug", company), ("target_company_slug", target)):
            table = table[table[column] == value] if value else table
        print_json(records(table)) if as_json else print_table(records(table), "Substitution rates")
        return
    print_rates(settings)


def substitutes(
    words: Annotated[list[str], typer.Argument(help="Words of a name, or a sku, a barcode, a product id.")],
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(help="Substitutes shown for each company.")] = 5,
    why: Annotated[bool, typer.Option("--why", help="What raises and lowers each score; takes a moment.")] = False,
) -> None:
    """What to buy instead of a product, by company."""
    from subs_assets.database import lookups
    from subs_assets.database.engine import DatabaseNotReady

    asked = " ".join(words)
    settings = Settings.from_environment()
    with published(settings) as connection:
        try:
            searched = lookups.search(connection, asked)
        except (ValueError, DatabaseNotReady) as problem:
            fail(str(problem))
        found = searched.listings
        if found.empty:
            fail(f'no listing has the words of "{asked}" in its name, brand or size, nor that sku or barcode')
        product_id = str(found["product_id"].iloc[0])
        rows = lookups.substitutes_of(connection, product_id)
        outcomes = records(lookups.outcomes_of(connection, product_id))
        decided = substitution_decisions(connection, settings).of(product_id)
        named = lookups.names_of(connection, decided["substitute_id"].tolist())
        explained = _explained(connection, settings, product_id, rows[rows["rank"] <= limit]) if why else {}
    decisions = records(decided.assign(substitute=decided["substitute_id"].map(named)))
    shown_at = set(zip(rows["substitute_id"], rows["company_slug"], strict=True))
    rows = rows[rows["rank"] <= limit]
    lost = [outcome for outcome in outcomes if outcome["stage"] != "found"]
    chosen = records(found[found["product_id"] == product_id])
    others = records(found[found["product_id"] != product_id])
    if as_json:
        print_json(
            {
                "product_id": product_id,
                "listings": chosen,
                "substitutes": [
                    {**row, **({"why": explained[row["substitute_id"], row["company_slug"]]} if why else {})}
                    for row in records(rows)
                ],
                "lost": lost,
                "decisions": decisions,
                "also_found": others,
                "corrected": searched.corrected,
                "has_every_word": searched.has_every_word,
            }
        )
        return
    for word, nearest in searched.corrected.items():
        say(f'No listing has "{word}": looked for "{nearest}".')
    if not searched.has_every_word:
        say("No listing has all the words: these have most of them, or one of two.")
    print_table(
        chosen, f"Product {product_id}", ["company_slug", "sku", "name", "brand", "size_text", "price", "unit_price"]
    )
    for company, part in rows.groupby("company_slug", sort=True):
        told = records(part)
        columns = ["name", "brand", "size_text", "price", "unit_price", "pack_ratio", "level", "score"]
        print_table(told, f"Instead, at {company}", columns)
        for row in told:
            if why:
                say(f"{row['rank']}. {row['name']}")
                for line in explained[row["substitute_id"], company]:
                    say(f"   - {line}")
            else:
                say(f"{row['rank']}. {'; '.join(_short_reasons(row['reasons']))}")
    for decision in decisions:
        say(_decision(decision, shown_at))
    for outcome in lost:
        console.print(_loss(outcome), markup=False, highlight=False)
    if others:
        names = ", ".join(f"{row['name']} ({row['company_slug']} {row['sku']})" for row in others[:5])
        console.print(f"Also found: {names}", markup=False, highlight=False)


def _short_reasons(reasons: str) -> list[str]:
    """Without what the score owes to which topic: that is for ``--why``."""
    from subs_assets.substitution.rows import SCORE_OWES

    return [reason for reason in json.loads(reasons) if not reason.startswith(SCORE_OWES)]


def _explained(
    connection: "Connection", settings: Settings, product_id: str, rows: "pd.DataFrame"
) -> dict[tuple[str, str], list[str]]:
    """(substitute, company) -> the lines of ``subs explain``."""
    from subs_assets.substitution.build import night_judge
    from subs_assets.substitution.explain import explain_pair

    inputs, features = substitution_inputs(connection, settings)
    inputs = replace(inputs, decisions=substitution_decisions(connection, settings))
    judge = night_judge(inputs, trained_model(settings).acceptance)
    return {
        (substitute, told.company_slug): list(told.lines)
        for substitute in rows["substitute_id"].unique()
        for told in explain_pair(inputs, features, judge, product_id, substitute)
    }


def explain(
    product: Annotated[str, typer.Argument(help="Sku, barcode or product id of the product.")],
    substitute: Annotated[str, typer.Argument(help="Sku, barcode or product id of the substitute.")],
    as_json: AsJson = False,
) -> None:
    """Why is the second one a substitute for the first, or why is it not?"""
    from subs_assets.database import lookups

    settings = Settings.from_environment()
    with published(settings) as connection:
        product_id, substitute_id = (_one_product(connection, text) for text in (product, substitute))
        inputs, features = substitution_inputs(connection, settings)
        inputs = replace(inputs, decisions=substitution_decisions(connection, settings))
        shown = lookups.substitutes_of(connection, product_id)
        shown_at = set(shown.loc[shown["substitute_id"] == substitute_id, "company_slug"])
    from subs_assets.substitution.build import night_judge
    from subs_assets.substitution.explain import explain_pair

    judge = night_judge(inputs, trained_model(settings).acceptance)
    try:
        told = explain_pair(inputs, features, judge, product_id, substitute_id)
    except ValueError as problem:
        fail(str(problem))
    if as_json:
        print_json([{**asdict(one), "is_shown": one.company_slug in shown_at} for one in told])
        return
    chosen = inputs.products.set_index("product_id").loc[[product_id, substitute_id]].reset_index()
    print_table(records(chosen), "The product, and the substitute", ["product_id", "name", "brand", "total", "unit"])
    for explanation in told:
        for line in explanation.lines:
            console.print(f"- {line}", markup=False, highlight=False)
        console.print(explanation.conclusion, markup=False, highlight=False, style="bold")
        is_shown = explanation.company_slug in shown_at
        if explanation.is_decided and explanation.is_substitute != is_shown:
            say("That counts from the next run on.")
        elif explanation.is_substitute and not is_shown:
            say(f"It is not shown: {explanation.company_slug} sells enough that are better, or it was no candidate.")


def categories(
    company: Annotated[str | None, typer.Argument(help="One company's tree.")] = None, as_json: AsJson = False
) -> None:
    """What each company's category tree holds: per level, or one company's tree."""
    from subs_assets.catalogue import category_path
    from subs_assets.database import frames, lookups, tables

    with published(Settings.from_environment()) as connection:
        if company is None:
            inventory = frames.read(connection, tables.category_inventory)
            rows = records(inventory)
        else:
            tree = lookups.categories(connection, company)
            if tree.empty:
                fail(f"no category of {company} is published; `subs categories` lists the companies")
            rows = records(tree)
    if as_json:
        print_json(rows)
    elif company is None:
        shown = [
            {
                "company": row["company_slug"],
                "level": row["depth"],
                "categories": row["categories"],
                "leaves": row["leaves"],
                "listings": row["listings"],
                "products": row["products"],
                "shared names": len(json.loads(row["shared_names"])),
                "samples": _shortened([" > ".join(names) for names in json.loads(row["samples"])], 2),
            }
            for row in rows
        ]
        print_table(
            shown,
            "Categories by company and level (0: without a category; shared names: those that other companies use too)",
        )
    else:
        shown = [
            {
                "category": "  " * (row["depth"] - 1) + category_path.decode(row["path"])[-1],
                "id": row["category_id"],
                "own listings": row["own_listings"],
                "with subtree": row["listings"],
            }
            for row in rows
        ]
        print_table(shown, f"Categories of {company}")


def register(app: typer.Typer) -> None:
    for command in (rates, substitutes, explain, categories):
        app.command()(command)


def _one_product(connection: "Connection", text: str) -> str:
    from subs_assets.database import lookups

    exact = lookups.exact_products(connection, text)
    if len(exact) == 1:
        return exact[0]
    if not exact:
        fail(f'no listing has the sku, barcode or product id "{text}"; `subs substitutes <words>` shows skus')
    fail(f'"{text}" is {len(exact)} products: name one of {", ".join(exact)}')


def _loss(outcome: dict[str, Any]) -> str:
    nearest = f"; nearest: {outcome['nearest_name']}, {outcome['nearest_score']:.2f}" if outcome["nearest_name"] else ""
    detail = f" ({outcome['detail']})" if outcome["detail"] else ""
    return f"Nothing at {outcome['target_company_slug']}: {outcome['stage']}{detail}{nearest}"


def _decision(decision: dict[str, Any], shown_at: set[tuple[str, str]]) -> str:
    """What a person decided on a substitute; and, where the last run did not know of it, when it will count."""
    company, substitute_id = decision["company_slug"], decision["substitute_id"]
    if decision["verdict"] == "accept":
        counts = (substitute_id, company) in shown_at
    else:
        counts = substitute_id not in {shown for shown, _ in shown_at}
    where = f" at {company}" if company else ""
    later = "" if counts else " (counts from the next run on)"
    return f"Decided: {decision['substitute']}{where}, {decision['said']}{later}"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _example(example: dict[str, Any]) -> str:
    return " -> ".join(str(part) for part in (example.get("name"), example.get("nearest_name")) if part)


def _shortened(names: list[Any], count: int = 4) -> str:
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(str(name) for name in names[:count]) + more
