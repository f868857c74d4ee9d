"""``subs equivalences``: which categories of two companies hold the same kind of thing, what that rests on, and what a
category without counterpart is told."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from subs_assets.commands.output import console, fail, print_json, print_table, records, say
from subs_assets.commands.published import AsJson, From, To, published, require_companies
from subs_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

Row = dict[str, Any]

KEY = ("company_slug", "path", "target_company_slug")


def equivalences(
    company: From = None,
    target: To = None,
    path: Annotated[str | None, typer.Option(help='A category, as "Pantry > Cereals & Muesli".')] = None,
    why: Annotated[bool, typer.Option("--why", help="What each mapping rests on, with its strongest pairs.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Proposed and rejected ones too, and categories that are not mapped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Which categories of two companies hold the same kind of thing.

    JSON holds rows of category_equivalences (with --why each has its category_evidence), and with --all, or where a
    --path has no accepted mapping, rows of category_absences or category_facets.
    """
    if company is not None and company == target:
        fail("--from and --to are one company: equivalences are between two")
    with published(Settings.from_environment()) as connection:
        require_companies(connection, company, target)
        if path is not None:
            _answer_for_one(connection, company, target, path, why, every, as_json)
            return
        rows = _mappings(connection, why, every, company, target)
        absent = _absences(connection, company, target) if every else []
        counts = _counts(connection, company, target)
    if as_json:
        print_json([*rows, *absent])
        return
    if rows:
        _print_mappings(rows, "Category equivalences", why)
    else:
        say("Category equivalences: none")
    if every:
        print_table([_absence_cells(row) for row in absent], "Categories that are not mapped")
    for count in counts:
        say(_summary(count))
    if not every:
        say("--all shows the categories that are not mapped, and proposed mappings; --why what a mapping rests on.")


def register(app: typer.Typer) -> None:
    app.command()(equivalences)


def _answer_for_one(
    connection: "Connection", company: str | None, target: str | None, asked: str, why: bool, every: bool, as_json: bool
) -> None:
    from subs_assets.database import lookups

    found = []
    for category in _asked_categories(connection, company, asked):
        own, path = category["company_slug"], category["path"]
        facets = records(lookups.facets(connection, own, path))
        rows = _mappings(connection, why, every, own, target, path)
        found.append((category, facets, rows, [] if facets else _absences(connection, own, target, path)))
    if as_json:
        print_json([row for _, *tables in found for rows in tables for row in rows])
        return
    for category, facets, rows, absent in found:
        title = f"{_category(category)}, {category['listings']:,} listings"
        for facet in facets:
            say(
                f"{title}: a {facet['kind'].replace('_', ' ')} facet, never mapped: {facet['reason']}. Its listings "
                "count where else they stand, or where their nearest relatives do."
            )
        if rows:
            _print_mappings(rows, title, why)
        elif not facets:
            console.print(title, style="bold", markup=False, highlight=False)
        for row in absent:
            say(_absence_sentence(row))
            instead = _instead(connection, row, why)
            if instead:
                _print_mappings(instead, f"At {row['target_company_slug']}", why)


def _asked_categories(connection: "Connection", company: str | None, asked: str) -> list[Row]:
    """The rows of ``categories`` that a path names, whatever its case and spaces; ends with near names where there is
    none."""
    from subs_assets.catalogue import category_path
    from subs_assets.database import lookups

    known = records(lookups.categories(connection, company))
    named = [category_path.readable(row["path"]) for row in known]
    wanted = category_path.folded(asked)
    found = [row for row, name in zip(known, named, strict=True) if category_path.folded(name) == wanted]
    if not found:
        near = category_path.near_paths(asked, named)
        there = f"; near it: {', '.join(near)}" if near else ""
        fail(f'{company or "no company"} has {"no" if company else "a"} category "{asked}"{there}')
    return found


def _mappings(
    connection: "Connection", why: bool, every: bool, company: str | None, target: str | None, path: str | None = None
) -> list[Row]:
    """Rows of ``category_equivalences``, with ``why`` each with its ``evidence``."""
    from subs_assets.database import lookups

    found = lookups.equivalences(connection, company, target, path)
    return _with_evidence(connection, found if every else found[found["status"] == "accepted"], why)


def _with_evidence(connection: "Connection", mappings: "pd.DataFrame", why: bool) -> list[Row]:
    from subs_assets.database import lookups

    rows = records(mappings)
    if not why or not rows:
        return rows
    keys = [*KEY, "target_path"]
    one_pair = mappings[["company_slug", "target_company_slug"]].drop_duplicates()
    behind: dict[tuple, list[Row]] = {}
    for pair in one_pair.itertuples(index=False, name=None):
        for row in records(lookups.evidence(connection, *pair)):
            behind.setdefault(tuple(row[key] for key in keys), []).append(row)
    return [{**row, "evidence": behind.get(tuple(row[key] for key in keys), [])} for row in rows]


def _absences(connection: "Connection", company: str | None, target: str | None, path: str | None = None) -> list[Row]:
    from subs_assets.database import lookups

    found = lookups.absences(connection, company, target, path)
    order = {answer: number for number, answer in enumerate(reversed(lookups.ANSWERS))}
    ranked = found.assign(order=found["answer"].map(order))
    ranked = ranked.sort_values(
        ["company_slug", "target_company_slug", "order", "listings", "path"], ascending=[True, True, True, False, True]
    )
    return records(ranked.drop(columns="order"))


def _instead(connection: "Connection", absence: Row, why: bool) -> list[Row]:
    """What answers for a category that has no accepted mapping: the one above it, those below it, or what is
    proposed."""
    from subs_assets.catalogue import category_path
    from subs_assets.database import lookups

    company, target = absence["company_slug"], absence["target_company_slug"]
    all_of_pair = lookups.equivalences(connection, company, target)
    accepted = all_of_pair[all_of_pair["status"] == "accepted"]
    chosen = {
        "above": accepted[accepted["path"] == absence["through_path"]],
        "parts": accepted[[absence["path"] in category_path.ancestors(path) for path in accepted["path"]]],
        "undecided": all_of_pair[(all_of_pair["path"] == absence["path"]) & (all_of_pair["status"] == "proposed")],
        "none": all_of_pair.head(0),
    }[absence["answer"]]
    return _with_evidence(connection, chosen, why)


def _counts(connection: "Connection", company: str | None, target: str | None) -> list[Row]:
    from subs_assets.database import lookups

    return records(lookups.mapping_counts(connection, company, target))


def _summary(count: Row) -> str:
    share = count["mapped_listings"] / count["listings"] if count["listings"] else 0.0
    return (
        f"{count['company_slug']} -> {count['target_company_slug']}: {count['categories']:,} categories: "
        f"{count['mapped']:,} mapped, {count['above']:,} by the one above, {count['parts']:,} in parts, "
        f"{count['undecided']:,} undecided, {count['none']:,} none there, {count['facets']:,} facets; "
        f"{count['mapped_listings']:,} of {count['listings']:,} listings ({share:.1%}) stand in a mapped one"
    )


def _print_mappings(rows: list[Row], title: str, why: bool) -> None:
    if why:
        console.print(title, style="bold", markup=False, highlight=False)
        for row in rows:
            _print_why(row)
        return
    has_status = any(row["status"] != "accepted" for row in rows)
    shown, last = [], None
    for row in rows:
        here = _category(row)
        shown.append(
            {
                "from": here if here != last else "",
                "relation": row["relation"],
                "to": _category(row, "target_"),
                "support": row["support"],
                **({"status": row["status"]} if has_status else {}),
            }
        )
        last = here
    print_table(shown, title)


def _print_why(row: Row) -> None:
    """How much of each kind of evidence, both shares with their bounds, the reason, and the strongest pairs."""
    say(f"\n{_category(row)}  {row['relation']}  {_category(row, 'target_')}")
    for name, text in {
        row["status"]: row["reason"],
        "support": f"{row['support']:.1f} = {row['hard_support']:.1f} hard (products that both list) "
        f"+ {row['soft_support']:.1f} soft (nearly identical listings)",
        "labels": f"{row['label_similarity']:.2f} alike",
        "there": _share(row, "target_given_source", "matched_source"),
        "back": _share(row, "source_given_target", "matched_target"),
    }.items():
        say(f"  {name:<9} {text}")
    pairs = [
        {"kind": pair["kind"], "weight": pair["weight"], "here": pair["name"], "there": pair["target_name"]}
        for pair in row["evidence"]
    ]
    if pairs:
        print_table(pairs, f"  its {len(pairs)} strongest pairs of listings")


def _share(row: Row, share: str, matched: str) -> str:
    bound = row[f"{share}_bound"]
    return f"{row[share]:.0%} of the evidence of {row[matched]:.1f} matched listings, at least {bound:.0%}"


def _absence_cells(row: Row) -> Row:
    return {
        "category": _category(row),
        "listings": row["listings"],
        "at": row["target_company_slug"],
        "answer": row["answer"],
        "best refused, and why": "\n".join(filter(None, (_readable(row["candidate_path"]), row["reason"]))),
    }


def _absence_sentence(row: Row) -> str:
    """What is said of one category that has no accepted mapping."""
    there = row["target_company_slug"]
    said = {
        "none": f"{there}: none; no category there holds its kind",
        "undecided": f"{there}: undecided; a proposed mapping waits for a person",
        "parts": f"{there}: mapped only in parts, by the categories below it",
        "above": f"{there}: no mapping of its own; {_readable(row['through_path'])}, above it, speaks for it",
    }[row["answer"]]
    best = f"Best refused: {_readable(row['candidate_path'])}: " if row["candidate_path"] else ""
    return f"{said}. {best}{row['reason']}."


def _category(row: Row, side: str = "") -> str:
    return f"{row[f'{side}company_slug']}: {_readable(row[f'{side}path'])}"


def _readable(path: str | None) -> str:
    from subs_assets.catalogue import category_path

    return "" if path is None else category_path.readable(path)
