"""Made-up nights of any number of companies for tests of the report, in the tables' form: names as long, as foreign and
as hostile as a catalogue may hold; no expectation lives here."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from subs_assets.database import control_tables, frames, kept_decisions, tables
from subs_assets.database.runs import Recorded
from subs_assets.equivalence.absences import find_absences
from subs_assets.equivalence.mapping import CANDIDATE_COLUMNS
from subs_assets.report.night import Check, Night, Run, Step
from subs_assets.substitution.outcomes import STAGES
from subs_assets_tests.small_shops import Shops, item, shops

HOSTILE = "</script><script>alert('caught')</script><img src=http://example.org/x onerror=alert(1)> & \"Söhne\""
HEBREW, ARABIC = "חלב טרי 3% של הרפת הירוקה", "حليب كامل الدسم ١ لتر"
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenmischung" * 3
GOODS = ("Vollmilch", "Käse jung, gerieben", "Rye Bread", HEBREW, "Crème brûlée", ARABIC, LONG, HOSTILE)

COMPANY_NAMES = (
    "ALDI",
    "Österreichische </script>Müllerei- und Großbäckereigenossenschaft Übelbach an der Thaya, Filiale Süd",
    "سوبرماركت الأمل",
    "רמי לוי שיווק השקמה",
    "Ж & Söhne <b>",
)
DEPARTMENTS = ("chilled", "pantry", "meat_seafood", "health_beauty", None)


def made_up_night(companies: int, goods: int = 24, per_product: int = 2, failed: bool = True, nights: int = 2) -> Night:
    """``goods`` listings a company, ``per_product`` substitutes for each product and company, of random levels, and
    ``nights`` that are recorded."""
    random = np.random.default_rng(companies)
    slugs = [f"shop_{number:02d}" for number in range(companies)]
    names = {slug: _company_name(number) for number, slug in enumerate(slugs)}
    shop = shops(_items(slugs, goods))
    outcomes = _outcomes(shop, slugs, random)
    facets = _facets(shop)
    equivalences = _between_categories(_equivalences(shop, slugs, random), facets)
    return Night(
        catalogue_files=_files(slugs, goods, failed),
        set_aside_rows=_set_aside(slugs),
        listings=shop.listings,
        products=shop.products,
        product_listings=shop.product_listings,
        product_claims=_claims(shop),
        categories=shop.categories,
        category_facets=facets,
        listing_shelves=_shelves(shop, facets),
        category_equivalences=equivalences,
        category_absences=_absences(shop, facets, equivalences),
        substitutions=_substitutions(shop, slugs, per_product, random),
        substitution_outcomes=outcomes,
        substitution_rates=_rates(outcomes),
        evaluation=_evaluation(slugs),
        company_names=names,
        run=made_up_run(failed, slugs, nights),
    )


def made_up_run(failed: bool = False, slugs: Sequence[str] = ("shop_00",), nights: int = 2) -> Run:
    """The last of some nights, ``run-2`` where they are two."""
    steps = (Step("catalogue__shop_00", 1.25), Step("substitutions", 61.5), Step("publication", 0.125))
    checks = (
        Check("catalogue/shop_00", "delivered", not failed, "shop_00/today.jsonl: the file is empty"),
        Check("substitution_rates", "rates_beat_chance", not failed, "level 5 finds no more than chance"),
    )
    return Run(f"run-{nights}", steps, checks, made_up_recorded(slugs, nights, failed))


def made_up_recorded(slugs: Sequence[str], nights: int, failed: bool = False) -> Recorded:
    """Every ninth night is missing, every seventh was killed and every fifth blocked, but not the last two."""
    random, last = np.random.default_rng(nights), datetime(2026, 11, 25, 3, 40, tzinfo=UTC)
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in ("run", "published", *DETAILS)}
    for number in range(1, nights + 1):
        is_recent = number > nights - 2
        if not is_recent and number % 9 == 0:
            continue
        run, began = f"run-{number}", last - timedelta(days=nights - number)
        state = (
            "succeeded" if is_recent else "cut off" if number % 7 == 0 else "failed" if number % 5 == 0 else "succeeded"
        )
        ended = None if state == "cut off" else began + timedelta(seconds=73)
        rows["run"].append(
            (run, "nightly", "schedule nightly_schedule", None, began.isoformat(), ended and ended.isoformat(), state,
             f"its process was killed {HOSTILE}" if state == "cut off" else None)
        )  # fmt: skip
        if state == "cut off":
            continue
        for place, (step, seconds) in enumerate((("catalogue__shop_00", 1.25), ("substitutions", 61.5))):
            rows["steps"].append((run, step, place, "succeeded", seconds * random.uniform(0.9, 1.4)))
        for slug in slugs:
            fails = failed and slug == slugs[0] and number > nights - 3
            rows["checks"].append((run, f"catalogue/{slug}", "delivered", not fails, "ERROR", False, HOSTILE))
            shown = 2_000 * (1 + slugs.index(slug)) + random.integers(0, 300)
            for figure, value in (("dagster/row_count", shown), ("Rows set aside", 7 * number % 40)):
                rows["figures"].append((run, f"catalogue/{slug}", figure, float(value)))
        rows["checks"].append(
            (run, "substitution_rates", "rates_beat_chance", number % 4 > 0, "WARN", False, "no more than chance")
        )
        rows["checks"].append((run, "evaluation", "rates_hold", state != "failed", "ERROR", True, "it fell"))
        if state == "succeeded":
            counts = json.dumps({"products": 80 + 20 * number, "substitutions": 1_000 - 50 * number})
            rows["published"].append((run, (began + timedelta(seconds=67)).isoformat(), 67.5 + number, counts))
            for slug in slugs:
                for target in slugs:
                    rate = 0.3 + 0.05 * (slugs.index(slug) % 5) + random.uniform(0, 0.05)
                    rows["rates"].append((run, "rate", slug, target, began.isoformat(), rate, 500))
    forms = {"run": control_tables.runs, "published": control_tables.run_history, **DETAILS}
    found = {name: pd.DataFrame(rows[name][::-1], columns=table.columns.keys()) for name, table in forms.items()}
    return Recorded(found["run"], found["published"], *(found[name] for name in DETAILS))


DETAILS = {
    "steps": control_tables.run_steps,
    "checks": control_tables.run_checks,
    "figures": control_tables.run_figures,
    "rates": control_tables.night_measures,
}


def _company_name(number: int) -> str:
    name = COMPANY_NAMES[number % len(COMPANY_NAMES)]
    return name if number < len(COMPANY_NAMES) else f"{name} {number}"


def _items(slugs: Sequence[str], goods: int) -> list[dict[str, object]]:
    return [
        item(
            slug,
            f"sku-{number}",
            f"{GOODS[number % len(GOODS)]} {number}",
            f"{GOODS[number % 3]} > {GOODS[number % len(GOODS)][:60]} > Untergruppe {number % 12}"
            if number % 9
            else "",
            brand=f"Marke {slug} {HOSTILE if number % 7 == 0 else ''}",
            size=(500.0, "g"),
            price=1.5 + number / 10,
            repairs=json.dumps([f'brand "{ARABIC}" is a filler; left out'] if number % 7 == 0 else []),
        )
        for slug in slugs
        for number in range(goods)
    ]


def _files(slugs: Sequence[str], goods: int, failed: bool) -> pd.DataFrame:
    kept = slugs[0] if failed else None
    rows = [
        {
            "company_slug": slug,
            "file": "today.jsonl",
            "status": "kept" if slug == kept else "read",
            "problem": f"{slug}/today.jsonl: the file is empty; the {goods} listings of the last good reading are shown"
            if slug == kept
            else None,
            "read": 0 if slug == kept else goods + 7,
            "accepted": 0 if slug == kept else goods,
            "repaired": 0 if slug == kept else 3,
            "set_aside": 0 if slug == kept else 7,
        }
        for slug in slugs
    ]
    return _table(rows, tables.catalogue_files)


def _set_aside(slugs: Sequence[str]) -> pd.DataFrame:
    rows = [
        {
            "company_slug": slug,
            "file": "today.jsonl",
            "line": line + 1,
            "field": "price" if line < 5 else "name",
            "value": f"-{line}.00" if line < 5 else HOSTILE,
            "reason": "is negative; row set aside" if line < 5 else f"stands in line {line} already; row set aside",
        }
        for slug in slugs
        for line in range(7)
    ]
    return _table(rows, tables.set_aside_rows)


def _claims(shop: Shops) -> pd.DataFrame:
    ids = shop.products["product_id"]
    departments = [DEPARTMENTS[number % len(DEPARTMENTS)] for number in range(len(ids))]
    return _table({"product_id": ids, "claims": "[]", "department": departments}, tables.product_claims)


def _facets(shop: Shops) -> pd.DataFrame:
    facets = shop.categories.drop_duplicates("company_slug")[["company_slug", "path"]]
    return _table(facets.assign(kind="promotional", reason="made up"), tables.category_facets)


def _equivalences(shop: Shops, slugs: Sequence[str], random: np.random.Generator) -> pd.DataFrame:
    paths = {slug: part["path"].tolist() for slug, part in shop.categories.groupby("company_slug")}
    numbers = tables.category_equivalences.columns.keys()[7:-1]
    rows = []
    for company in slugs:
        for target in slugs:
            for number, path in enumerate(paths[company]):
                if company != target and number % 4:
                    rows.append(
                        {
                            "company_slug": company,
                            "path": path,
                            "target_company_slug": target,
                            "target_path": paths[target][int(random.integers(len(paths[target])))],
                            "relation": kept_decisions.RELATIONS[number % 5],
                            "status": ("accepted", "proposed", "rejected")[number % 3],
                            "origin": "evidence",
                            **dict.fromkeys(numbers, 2.5),
                            "reason": "made up",
                        }
                    )
    return _table(rows, tables.category_equivalences)


def _between_categories(equivalences: pd.DataFrame, facets: pd.DataFrame) -> pd.DataFrame:
    """A facet makes no mapping."""
    is_facet = set(zip(facets["company_slug"], facets["path"], strict=True))
    sides = [
        zip(equivalences[f"{side}company_slug"], equivalences[f"{side}path"], strict=True) for side in ("", "target_")
    ]
    is_between = np.array([not is_facet & {*pair} for pair in zip(*sides, strict=True)], bool)
    return equivalences[is_between].reset_index(drop=True)


def _shelves(shop: Shops, facets: pd.DataFrame) -> pd.DataFrame:
    is_facet = set(zip(facets["company_slug"], facets["path"], strict=True)) | {
        (slug, "[]") for slug in shop.listings["company_slug"]
    }
    standing = shop.listing_categories
    keys = zip(standing["company_slug"], standing["path"], strict=True)
    own = standing[[key not in is_facet for key in keys]]
    return _table(own[["company_slug", "sku", "path"]].assign(origin="own", weight=1.0), tables.listing_shelves)


def _absences(shop: Shops, facets: pd.DataFrame, equivalences: pd.DataFrame) -> pd.DataFrame:
    refused = pd.DataFrame(columns=CANDIDATE_COLUMNS)
    return _table(
        find_absences(shop.categories, facets, equivalences, refused, sorted(shop.listings["company_slug"].unique())),
        tables.category_absences,
    )


def _substitutions(shop: Shops, slugs: Sequence[str], per_product: int, random: np.random.Generator) -> pd.DataFrame:
    sold = shop.product_listings.sort_values(["company_slug", "sku"])
    rows = []
    for target in slugs:
        offers = sold[sold["company_slug"] == target]
        for number, product in enumerate(shop.products["product_id"]):
            for rank in range(1, per_product + 1):
                offer = offers.iloc[(number * 7 + rank) % len(offers)]
                if offer["product_id"] != product:
                    rows.append(
                        {
                            "product_id": product,
                            "company_slug": target,
                            "substitute_id": offer["product_id"],
                            "sku": offer["sku"],
                            "level": int(random.integers(1, 6)),
                            "score": float(random.uniform(0.68, 1)),
                            "rank": rank,
                            "cosine": 0.9,
                            "lexical": 0.8,
                            "unit_price_ratio": float(random.uniform(0.5, 4)),
                            "reasons": json.dumps(["level 3: other brand", f"level 5: both in {HOSTILE}"]),
                        }
                    )
    keys = ["product_id", "company_slug", "substitute_id"]
    return _table(pd.DataFrame(rows).drop_duplicates(keys), tables.substitutions)


def _outcomes(shop: Shops, slugs: Sequence[str], random: np.random.Generator) -> pd.DataFrame:
    sold = shop.product_listings[["company_slug", "product_id"]].drop_duplicates()
    frame = sold.merge(pd.DataFrame({"target_company_slug": slugs}), how="cross")
    lost = len(STAGES) - 1
    stage = random.choice(np.array(STAGES, object), len(frame), p=[0.7 / lost] * lost + [0.3])
    level_5 = (stage == "found") & (random.random(len(frame)) < 0.5)
    return _table(
        frame.assign(stage=stage, levels_1_to_4=(stage == "found") & ~level_5, level_5=level_5, level_5_own_tree=False),
        tables.substitution_outcomes,
    )


def _rates(outcomes: pd.DataFrame) -> pd.DataFrame:
    from subs_assets.substitution.rates import build_rates

    return _table(build_rates(outcomes, outcomes.assign(level_5=False)), tables.substitution_rates)


def _evaluation(slugs: Sequence[str]) -> pd.DataFrame:
    """Measured overall, on the odd levels and for every other pair; one trap is shown, and its words are hostile."""
    pairs = [(company, target) for company in slugs for target in slugs]
    rows: list[dict[str, object]] = []

    def add(
        measure: str, pair: tuple[str, str], part: str, value: float | None, cases: int = 60, **more: object
    ) -> None:
        said = "not measured: 6 labelled pairs are in these catalogues, and 40 are needed" if value is None else None
        rows.append(
            {"measure": measure, "company_slug": pair[0], "target_company_slug": pair[1], "part": part, "value": value,
             "low": None if value is None else value - 0.05, "high": value, "cases": cases, "said": said, **more}
        )  # fmt: skip

    for measure in ("precision", "precision_without_reservation"):
        add(measure, ("", ""), "", 0.94)
        for level in range(1, 6):
            add(measure, ("", ""), f"level {level}", 0.9 if level % 2 else None)
        for number, pair in enumerate(pairs):
            add(measure, pair, "", None if number % 2 else 0.91)
    add("ece", ("", ""), "", 0.03)
    add("traps_shown", ("", ""), "", 1.0, 700)
    add("trap_shown", pairs[-1], "1 -> 2", 0.9, 1, said=f"{HEBREW} -> {HOSTILE} (form)")
    for number in range(10):
        for measure in ("score_promised", "score_accepted"):
            add(measure, ("", ""), f"{number / 10:.1f} to {(number + 1) / 10:.1f}", number / 10 + 0.05)
    for pair in (("", ""), *(pair for pair in pairs if pair[0] != pair[1])):
        for number in range(5):
            add("precision_at_rate", pair, f"{0.1 + number / 10:.4f}", 1 - number / 50)
    for pair in pairs:
        add("unit_price_ratio", pair, "", 1.2)
        add("unit_price_far", pair, "", 0.04)
    return _table(rows, tables.evaluation)


def _table(rows: list[dict[str, object]] | Mapping[str, object] | pd.DataFrame, table: tables.Table) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    missing = {name: None for name in list(table.columns.keys()) if name not in frame}
    return frames.conform(frame.assign(**missing)[table.columns.keys()], table)
