"""Group ``catalogue``: one asset a company, and the tables that hold them all."""

from datetime import UTC, datetime
from functools import partial

import pandas as pd
from dagster import (
    Any,
    AssetExecutionContext,
    AssetIn,
    AssetsDefinition,
    MaterializeResult,
    MetadataValue,
    Output,
    asset,
    multi_asset,
)

from subs_assets.assets.metadata import percent, preview
from subs_assets.assets.selected import selected, table_output
from subs_assets.assets.unchanged import taken_if_unchanged
from subs_assets.catalogue.company import CompanyCatalogue, combine, keep_last_good, read_company
from subs_assets.catalogue.delivery import as_delivered, content_of, delivered, is_recent, newest_change
from subs_assets.catalogue.last_night import (
    LastNight,
    listings_against,
    prices_against,
    set_aside_against,
    why_prices_are_refused,
)
from subs_assets.catalogue.source import BrokenSource, Source
from subs_assets.checks.company import company_check_results, company_check_specs
from subs_assets.database.deliveries import newest_delivery, note_delivery
from subs_assets.finding import Finding, Gravity, Verdict
from subs_assets.made_from import key_of
from subs_assets.resources import DecisionsResource, KnownTextsResource, WarehouseResource

GROUP = "catalogue"

COUNTS = {"read": "Rows read", "accepted": "Rows accepted", "repaired": "Rows repaired", "set_aside": "Rows set aside"}
"""The columns of ``catalogue_files`` that add up, and what the UI calls them."""

COMPANY = """What {name} sells: its files, read and checked.

Every row is validated and normalised as `source.yaml` says; a bad one is set aside with its file, line and reason. If a
file cannot be read, the listings fall by 30 % or more, or the prices double or halve, the company's last good listings
stay, and the check `delivered` says what to do. The others go on.
"""


def company_asset(slug: str, source: Source | BrokenSource) -> AssetsDefinition:
    """``catalogue/<slug>``: reads one company's files. It never fails for bad input: then it shows the company's last
    good listings and fails its check ``delivered``, which stops nobody."""

    @asset(
        key=["catalogue", slug],
        group_name=GROUP,
        kinds={"python", "file"},
        io_manager_key="warehouse_io",
        dagster_type=Any,  # with checks Dagster cannot read the type off the annotation, and expects nothing
        check_specs=company_check_specs(slug),
        description=COMPANY.format(name=source.company_name if isinstance(source, Source) else slug),
        metadata={"dagster/uri": source.folder.as_uri()},
    )
    def company(  # type: ignore[no-untyped-def]  # a generator of one result
        context: AssetExecutionContext,
        warehouse: WarehouseResource,
        known_texts: KnownTextsResource,
        equivalence_decisions: DecisionsResource,
    ):
        outputs, asset = warehouse.outputs, ("catalogue", slug)
        files = delivered(source)
        key = None if files is None else key_of(asset, files)
        if isinstance(source, Source) and key is not None and outputs.unchanged(asset, key):
            context.log.debug(f"{slug}: its files have not changed since run {outputs.last_run_id}")
            reading = as_delivered(warehouse.last_reading(slug), source)
            taken = {"Files unchanged since run": MetadataValue.dagster_run(str(outputs.last_run_id))}
        else:
            reading, taken = read_company(source, known_texts.texts), {}
        last = warehouse.last_night(slug)
        shown = keep_last_good(
            reading, len(last.prices), partial(warehouse.last_good, slug), why_prices_are_refused(reading, last)
        )
        counts = shown.catalogue_files[list(COUNTS)].sum()
        context.log.info(
            f"{slug}: {counts['read']:,} rows read, {counts['accepted']:,} accepted "
            f"({counts['repaired']:,} repaired), {counts['set_aside']:,} set aside"
        )
        problem = shown.problem
        if problem:
            context.log.error(problem)
        outputs.forget(asset)
        yield MaterializeResult(
            value=shown,
            metadata={
                **{said: int(counts[name]) for name, said in COUNTS.items()},
                **taken,
                "Files": preview(shown.catalogue_files[["file", "modified_at", "status", *COUNTS]]),
                "Set aside, by field": preview(set_aside_by_field(shown.set_aside_rows)),
                "Set aside": preview(shown.set_aside_rows[["file", "line", "field", "reason", "value"]]),
            },
            check_results=company_check_results(
                delivered=_was_shown(shown),
                is_recent=_is_recent(source, reading, warehouse),
                **_against(reading, last),
                categories_hold=_categories_hold(slug, shown, warehouse, equivalence_decisions),
            ),
        )
        # Not to be taken: what is shown instead of a bad reading, and the reading of files that came while it went on.
        outputs.note(asset, key if shown is reading and delivered(source) == files else None)

    return company


def _was_shown(shown: CompanyCatalogue) -> Verdict:
    files, problem = shown.catalogue_files, shown.problem
    accepted = int(files["accepted"].sum())
    return Verdict(
        f"{accepted:,} listings from {len(files)} file(s)",
        [Finding(Gravity.ERROR, problem)] if problem else [],
        {"Files": len(files), "Files not shown": int(files["problem"].notna().sum())},
    )


def _is_recent(source: Source | BrokenSource, reading: CompanyCatalogue, warehouse: WarehouseResource) -> Verdict:
    slug, now, content = source.company_slug, datetime.now(UTC), content_of(reading)
    with warehouse.control() as engine:
        if content is None:
            since = newest_delivery(engine, slug)
        else:
            since = note_delivery(engine, slug, content, newest_change(reading), now)
    return is_recent(source, since, now)


def _against(reading: CompanyCatalogue, last: LastNight) -> dict[str, Verdict]:
    return {
        "listings_hold": listings_against(reading, last),
        "prices_hold": prices_against(reading, last),
        "set_aside_holds": set_aside_against(reading, last),
    }


def _categories_hold(
    slug: str, shown: CompanyCatalogue, warehouse: WarehouseResource, decisions: DecisionsResource
) -> Verdict:
    from subs_assets.equivalence.vanished_categories import vanished_categories

    published = partial(warehouse.warehouse.read, company_slug=slug)
    return vanished_categories(
        slug, published("categories"), published("category_facets"), shown.listing_categories,
        partial(published, "listing_categories"), decisions.read,
    )  # fmt: skip


def set_aside_by_field(set_aside_rows: pd.DataFrame) -> pd.DataFrame:
    """How many rows were set aside for which field, and the first reason as an example; line 0, which stands for a file
    as a whole, is no row and is left out."""
    rows = set_aside_rows[set_aside_rows["line"] > 0]
    grouped = rows.groupby("field", as_index=False).agg(rows=("line", "size"), example=("reason", "first"))
    return grouped.sort_values(["rows", "field"], ascending=[False, True], ignore_index=True)


def listings_asset(slugs: list[str]) -> AssetsDefinition:
    """``listings`` and its companions: all companies together."""

    @multi_asset(
        name="listings",
        can_subset=True,
        group_name=GROUP,
        # A name of our own in front: a company called "input" or "import" would be refused, and break loading for all.
        ins={f"company_{slug}": AssetIn(key=["catalogue", slug]) for slug in slugs},
        outs={
            "listings": table_output(
                "Everything on sale: the accepted listings of all companies.\n\n"
                "With size, brand, claims and unit price understood."
            ),
            "listing_categories": table_output(
                "Where each company shelves its listings.\n\n"
                "One row a path: a listing may have several, and one without a category has the path `[]`."
            ),
            "set_aside_rows": table_output("Rows that were not accepted: file, line, field, value and reason."),
            "catalogue_files": table_output("What each file held: rows read, accepted, repaired and set aside."),
        },
    )
    @taken_if_unchanged
    def listings(context: AssetExecutionContext, **companies: CompanyCatalogue):  # type: ignore[no-untyped-def]  # one parameter a company, a generator of outputs
        combined = combine(companies.values())
        by_company = combined.catalogue_files.groupby("company_slug", as_index=False)[list(COUNTS)].sum()
        counts = by_company[list(COUNTS)].sum()
        understood = (
            combined.listings.assign(understood=combined.listings["total"].notna())
            .groupby("company_slug")
            .agg(
                listings=("sku", "size"),
                size_understood=("understood", "mean"),
                with_gtin=("gtin", lambda gtin: gtin.notna().mean()),
                with_price=("price", lambda price: price.notna().mean()),
            )
            .reset_index()
        )
        shares = ["size_understood", "with_gtin", "with_price"]
        outputs = [
            Output(
                combined.listings,
                "listings",
                metadata={
                    "Share with a size that was understood": round(float(combined.listings["total"].notna().mean()), 4),
                    "Companies": preview(understood.assign(**{name: percent(understood[name]) for name in shares})),
                },
            ),
            Output(combined.listing_categories, "listing_categories"),
            Output(
                combined.set_aside_rows,
                "set_aside_rows",
                metadata={"By field": preview(set_aside_by_field(combined.set_aside_rows))},
            ),
            Output(
                combined.catalogue_files,
                "catalogue_files",
                metadata={
                    **{said: int(counts[name]) for name, said in COUNTS.items()},
                    "Companies": preview(by_company),
                },
            ),
        ]
        yield from selected(context, outputs)

    return listings
