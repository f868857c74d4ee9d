"""Group ``catalogue``: one asset a company, and the tables that hold them all."""

import pandas as pd
from dagster import (
    Any,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetIn,
    AssetOut,
    AssetsDefinition,
    MaterializeResult,
    Output,
    asset,
    multi_asset,
)

from subs_assets.assets.metadata import preview
from subs_assets.assets.selected import selected
from subs_assets.catalogue.company import CompanyCatalogue, combine, keep_last_good, read_company
from subs_assets.catalogue.source import BrokenSource, Source
from subs_assets.resources import CATALOGUE_TABLES, WarehouseResource

GROUP = "catalogue"


def company_asset(slug: str, source: Source | BrokenSource) -> AssetsDefinition:
    """``catalogue/<slug>``: reads one company's files. It never fails for bad input: then it shows the company's last
    good listings and
    fails its check ``delivered``, which stops nobody."""

    @asset(
        key=["catalogue", slug],
        group_name=GROUP,
        kinds={"python", "file"},
        io_manager_key="warehouse_io",
        dagster_type=Any,  # with checks Dagster cannot read the type off the annotation, and expects nothing
        check_specs=[
            AssetCheckSpec(
                "delivered",
                asset=["catalogue", slug],
                description="Every file was read, and the listings did not fall by 30 % or more since the last run.",
            )
        ],
        description=f"Listings of {slug}, read, validated and normalised as its source.yaml describes them.",
    )
    def company(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult:
        shown = keep_last_good(read_company(source), warehouse.last_good(slug))
        counts = shown.catalogue_files[["read", "accepted", "repaired", "set_aside"]].sum()
        context.log.info(
            f"{slug}: {counts['read']:,} rows read, {counts['accepted']:,} accepted "
            f"({counts['repaired']:,} repaired), {counts['set_aside']:,} set aside"
        )
        problem = shown.problem
        if problem:
            context.log.error(problem)
        return MaterializeResult(
            value=shown,
            metadata={
                **{name: int(count) for name, count in counts.items()},
                "files": preview(shown.catalogue_files.drop(columns=["company_slug"])),
                "set aside by reason": preview(set_aside_by_reason(shown.set_aside_rows)),
                "set aside rows": preview(shown.set_aside_rows.drop(columns=["company_slug"])),
            },
            check_results=[
                AssetCheckResult(
                    check_name="delivered",
                    passed=problem is None,
                    severity=AssetCheckSeverity.ERROR,
                    description=problem or f"{counts['accepted']:,} listings from {len(shown.catalogue_files)} file(s)",
                )
            ],
        )

    return company


def set_aside_by_reason(set_aside_rows: pd.DataFrame) -> pd.DataFrame:
    """How many rows were set aside for which field, and the first reason as an example."""
    grouped = set_aside_rows.groupby("field", as_index=False).agg(rows=("line", "size"), example=("reason", "first"))
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
            "listings": AssetOut(
                io_manager_key="warehouse_io", is_required=False, kinds={"pandas"},
                description="Every company's accepted listings with size, brand, claims and unit price understood.",
            ),
            "listing_categories": AssetOut(
                io_manager_key="warehouse_io", is_required=False, kinds={"pandas"},
                description="Where each company shelves each listing; a listing may have several paths.",
            ),
            "set_aside_rows": AssetOut(
                io_manager_key="warehouse_io", is_required=False, kinds={"pandas"},
                description="Rows that were not accepted: company, file, line, field, value and reason.",
            ),
            "catalogue_files": AssetOut(
                io_manager_key="warehouse_io", is_required=False, kinds={"pandas"},
                description="What each file held: rows read, accepted, repaired and set aside.",
            ),
        },
    )  # fmt: skip
    def listings(context: AssetExecutionContext, **companies: CompanyCatalogue):  # type: ignore[no-untyped-def]  # one parameter a company, a generator of outputs
        combined = combine(companies.values())
        by_company = combined.catalogue_files.groupby("company_slug", as_index=False)[
            ["read", "accepted", "repaired", "set_aside"]
        ].sum()
        understood = (
            combined.listings.assign(understood=combined.listings["total"].notna())
            .groupby("company_slug")
            .agg(
                listings=("sku", "size"),
                size_understood=("understood", "mean"),
                with_gtin=("gtin", lambda gtin: gtin.notna().mean()),
                with_price=("price", lambda price: price.notna().mean()),
            )
            .round(3)
            .reset_index()
        )
        metadata = {
            "listings": {"companies": preview(understood)},
            "catalogue_files": {"by company": preview(by_company)},
            "set_aside_rows": {"by reason": preview(set_aside_by_reason(combined.set_aside_rows))},
        }
        yield from selected(
            context,
            [
                Output(getattr(combined, table), output_name=table, metadata=metadata.get(table, {}))
                for table in CATALOGUE_TABLES
            ],
        )

    return listings
