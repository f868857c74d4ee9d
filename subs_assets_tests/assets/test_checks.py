"""Asset checks on frames with one fault each: every fault is found and named, and sound frames pass."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dagster import AssetCheckSeverity

from subs_assets.catalogue.soundness import is_not_empty, rows_add_up
from subs_assets.checks import default_checks
from subs_assets.checks.results import as_result, unless_let_pass
from subs_assets.database.engine import open_engine
from subs_assets.database.nights import NightPass
from subs_assets.database.warehouse import Warehouse
from subs_assets.embedding import matrices
from subs_assets.embedding.soundness import matrices_are_sound
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.equivalence.soundness import mappings_are_sound
from subs_assets.evaluation.beyond_chance import rates_beat_chance
from subs_assets.evaluation.traps_shown import no_trap_is_shown
from subs_assets.finding import Finding, Gravity, Verdict
from subs_assets.identity.soundness import every_listing_is_one_product
from subs_assets.settings import Settings
from subs_assets.substitution.soundness import gates_are_kept, rows_are_sound
from subs_assets_tests.hashing_encoder import HashingEncoder


@pytest.fixture
def read(settings: Settings) -> Iterator[Callable[[str], pd.DataFrame]]:
    """The published tables, as the assets get them."""
    engine = open_engine(settings.database_url)
    warehouse = Warehouse(engine, settings.staging)
    yield warehouse.read
    engine.dispose()


def test_counts_add_up(read: Callable[[str], pd.DataFrame]) -> None:
    files = read("catalogue_files")
    assert rows_add_up(files).passed
    files.loc[1, "set_aside"] += 1
    result = rows_add_up(files)
    assert not result.passed and "not what was read of depot/today.jsonl: " in result.sentence


def test_has_listings(read: Callable[[str], pd.DataFrame]) -> None:
    listings = read("listings")
    assert is_not_empty(listings).passed
    assert not is_not_empty(listings.iloc[:0]).passed


@pytest.mark.parametrize("fault", ["none", "unplaced listing", "product without listing", "listing placed twice"])
def test_every_listing_is_a_product(read: Callable[[str], pd.DataFrame], fault: str) -> None:
    placed, listings, products = read("product_listings"), read("listings"), read("products")
    if fault == "unplaced listing":
        placed = placed.iloc[1:]
    elif fault == "product without listing":
        products = pd.concat([products, products.iloc[:1].assign(product_id="nobody:1")])
    elif fault == "listing placed twice":
        placed = pd.concat([placed, placed.iloc[:1]])
    assert every_listing_is_one_product(placed, listings, products).passed is (fault == "none")


@pytest.mark.archive_case(63)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("none", " mappings are sound, "),
        ("unknown", "1 of a category that there is not"),
        ("facet", " of a facet"),
        ("one company", "1 within one company"),
        ("itself", "1 within one company"),
        ("directions", "2 whose other direction says something else"),
    ],
)
def test_equivalences_are_sound(read: Callable[[str], pd.DataFrame], fault: str, said: str) -> None:
    mappings, categories, facets = (read(name) for name in ("category_equivalences", "categories", "category_facets"))
    first = mappings.index[(mappings["status"] == "accepted") & mappings["relation"].isin(["exact", "close"])][0]
    if fault == "unknown":
        mappings.loc[first, "path"] = '["Nowhere"]'
    elif fault == "facet":
        facet = mappings.loc[[first], ["company_slug", "path"]].assign(kind="mixed", spread=None, reason="made up")
        facets = pd.concat([facets, facet])
    elif fault == "one company":
        other = mappings.loc[first, ["target_company_slug", "target_path"]].tolist()
        mappings.loc[first, ["company_slug", "path"]] = other
    elif fault == "itself":
        mappings.loc[first, ["target_company_slug", "target_path"]] = mappings.loc[
            first, ["company_slug", "path"]
        ].tolist()
    elif fault == "directions":
        mappings.loc[first, "relation"] = "broad"
    result = mappings_are_sound(mappings, categories, facets)
    assert result.passed is (fault == "none") and said in result.sentence
    decided = mappings_are_sound(mappings.assign(origin="decision"), categories, facets)
    assert decided.passed is (fault not in ("unknown", "one company", "itself")), "what a person says blocks no night"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("none", " rows are sound"),
        ("length", "1 rows not of unit length"),
        ("not a number", "1 rows not of unit length"),
        ("n-grams", "1 rows of n-grams not of unit length"),
        ("missing product", " rows of another product"),
        ("not sold", "1 places on a shelf of a company that does not sell the product"),
        ("vectors slipped", " of some names with another name's vector"),
        ("pairs slipped", " of some pairs of names not as alike as noted"),
    ],
)
def test_matrices_are_sound(read: Callable[[str], pd.DataFrame], settings: Settings, fault: str, said: str) -> None:
    found = matrices.load(matrices.published(settings.matrices))
    vectors, lexical, blocks = np.array(found.features.vectors), found.features.lexical.copy(), found.blocks.copy()
    products, alike = read("products"), found.alike_names
    if fault == "length":
        vectors[3] *= 1.1
    elif fault == "not a number":
        vectors[3] = np.nan
    elif fault == "n-grams":
        lexical.data[lexical.indptr[3]] *= 2
    elif fault == "missing product":
        products = products.iloc[1:]
    elif fault == "not sold":
        alone = read("product_listings").groupby("product_id")["company_slug"].nunique()
        row = int(np.flatnonzero(alone.reindex(products["product_id"]).to_numpy() == 1)[0])
        first = blocks.index[blocks["row"] == row][0]
        blocks.loc[first, "company_slug"] = "depot" if blocks.loc[first, "company_slug"] == "corner" else "corner"
    elif fault == "vectors slipped":
        vectors = np.roll(vectors, 1, axis=0)
    elif fault == "pairs slipped":
        alike = replace(alike, left=np.roll(alike.left, 1))
    features = replace(found.features, vectors=vectors, lexical=lexical)
    matrix = replace(found, features=features, blocks=blocks, alike_names=alike)
    store = VectorStore(settings.vectors, HashingEncoder())
    result = matrices_are_sound(matrix, products, read("product_listings"), store.vectors)
    assert result.passed is (fault == "none") and said in result.sentence
    assert store.encoder.encoded == [], "what is asked lies in the store"


@pytest.mark.parametrize(
    "fault, says",
    [
        ("none", "rows are sound"),
        ("itself", "1 replace themselves"),
        ("unknown", "of an unknown product"),
        ("not sold", "1 not sold where they are said to be"),
        ("gap", "1 with a gap in the ranks"),
        ("cap", "1 over the cap"),
        ("cap by people", "rows are sound"),
    ],
)
def test_substitutions_are_sound(
    read: Callable[[str], pd.DataFrame], monkeypatch: pytest.MonkeyPatch, fault: str, says: str
) -> None:
    pairs = read("substitutions")
    groups = pairs.groupby(["product_id", "company_slug"])
    if fault == "itself":
        own = pairs["company_slug"] + pairs["substitute_id"]
        twin = pairs[own.isin(pairs["company_slug"] + pairs["product_id"])].index[0]
        pairs.loc[twin, "product_id"] = pairs.loc[twin, "substitute_id"]
    elif fault == "unknown":
        pairs.loc[pairs["product_id"] == pairs["product_id"].iloc[0], "product_id"] = "nobody:1"
    elif fault == "not sold":
        pairs.loc[0, "sku"] = "0"
    elif fault == "gap":
        last = groups["rank"].idxmax().iloc[0]
        pairs.loc[last, "rank"] += 1
    elif fault == "cap by people":
        monkeypatch.setattr("subs_assets.substitution.rows.CAP", 0)
        pairs["reasons"] = '["accepted by Ann on 2025-01-02"]'
    elif fault == "cap":
        sizes = groups.size()
        monkeypatch.setattr("subs_assets.substitution.rows.CAP", sizes.max() - 1)
        says = f"{(sizes == sizes.max()).sum()} over the cap"
    result = rows_are_sound(pairs, read("products"), read("product_listings"))
    assert result.passed is (fault in ("none", "cap by people"))
    assert says in result.sentence


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("none", "no gate refuses any of "),
        ("claim", "by the gate of claim (not stated: vegan)"),
        ("class", "by the gate of class"),
        ("form", "by the gate of form"),
        ("dimension", "by the gate of dimension"),
    ],
)
def test_substitutions_keep_the_gates(read: Callable[[str], pd.DataFrame], fault: str, said: str) -> None:
    """What the gates judge by is changed of one product, as if candidates had passed them by."""
    pairs, products = read("substitutions"), read("products")
    claims, kinds = read("product_claims"), read("product_kinds")
    one = products["product_id"] == pairs["product_id"].iloc[0]
    if fault == "claim":
        claims.loc[one, "claims"] = '["vegan"]'
    elif fault == "class":
        claims.loc[one, "product_class"] = "tobacco"
        claims.loc[~one, "product_class"] = "food"
    elif fault == "form":
        kinds.loc[one, "kind_group"] = "nothing else"
        kinds.loc[~one, "kind_group"] = "everything else"
    elif fault == "dimension":
        kinds["kind_group"] = None
        products.loc[one, "dimension"] = "length"
    result = gates_are_kept(pairs, products, claims, kinds)
    refused = (
        (pairs["product_id"] == pairs["product_id"].iloc[0]) | (pairs["substitute_id"] == pairs["product_id"].iloc[0])
    ).sum()
    assert said in result.sentence
    assert result.passed is (fault == "none")
    if fault != "none":
        assert 0 < result.figures[f"Refused by the gate of {fault}"] <= refused
    by_people = pairs.assign(reasons='["accepted by Ann on 2025-01-02"]')
    assert gates_are_kept(by_people, products, claims, kinds).passed, "what a person says blocks no night"


@pytest.mark.parametrize("linked, null, weak", [(0.5, 0.4, False), (0.4, 0.4, True), (0.3, 0.4, True)])
def test_rates_beat_chance(read: Callable[[str], pd.DataFrame], linked: float, null: float, weak: bool) -> None:
    rates = read("substitution_rates")
    across = rates["company_slug"] != rates["target_company_slug"]
    rates.loc[across, "rate_level_5"] = rates.loc[across, "setting"].map({"linked": 1.0, "null": 0.0, "siloed": 0.0})
    pair = (rates["company_slug"] == "corner") & (rates["target_company_slug"] == "depot")
    for setting, rate in (("linked", linked), ("null", null)):
        rates.loc[pair & (rates["setting"] == setting), "rate_level_5"] = rate
    result = rates_beat_chance(rates)
    assert result.passed is not weak
    assert result.gravity is (Gravity.WARNING if weak else Gravity.NOTE)
    assert ("corner -> depot" in result.sentence) is weak


def test_rates_of_one_company_are_not_compared(read: Callable[[str], pd.DataFrame]) -> None:
    rates = read("substitution_rates")
    alone = rates[(rates["company_slug"] == "corner") & (rates["target_company_slug"] == "corner")]
    assert rates_beat_chance(alone).passed


@pytest.mark.parametrize(
    ("published", "gravity", "what_now"),
    [
        ({("corner", "c1"), ("depot", "d1")}, Gravity.ERROR, "Nothing is published: reject them"),
        ({("corner", "c1")}, Gravity.WARNING, "The night is published, and then knows their listings; reject"),
        (set(), Gravity.WARNING, "The night is published, and then knows their listings; reject them"),
    ],
)
def test_a_trap_that_is_shown_is_named_and_blocks_where_a_person_can_reject_it(
    read: Callable[[str], pd.DataFrame], published: set[tuple[str, str]], gravity: Gravity, what_now: str
) -> None:
    figures = read("evaluation")
    assert no_trap_is_shown(figures, published).passed
    trap = figures.iloc[:1].assign(
        measure="trap_shown",
        company_slug="corner",
        target_company_slug="depot",
        part="c1 -> d1",
        said="lime -> cordial",
    )
    result = no_trap_is_shown(pd.concat([figures, trap]), published)
    assert result.gravity is gravity
    said = result.sentence
    assert "corner c1 -> depot d1, lime -> cordial (row: corner,c1,depot,d1,reject,known trap)" in said
    assert (
        "under the header company_slug,sku,target_company_slug,target_sku,verdict,reason" in said and what_now in said
    )


PASS = NightPass("Ana", "2025-01-01", "the shop closed its drinks")


@pytest.mark.parametrize(
    ("gravities", "granted", "passed", "severity"),
    [
        ((), None, True, AssetCheckSeverity.WARN),
        ((Gravity.NOTE,), None, True, AssetCheckSeverity.WARN),
        ((Gravity.WARNING,), None, False, AssetCheckSeverity.WARN),
        ((Gravity.WARNING, Gravity.ERROR), None, False, AssetCheckSeverity.ERROR),
        ((Gravity.WARNING, Gravity.ERROR), PASS, False, AssetCheckSeverity.WARN),
    ],
)
def test_a_fall_blocks_unless_somebody_lets_the_night_pass(
    gravities: tuple[Gravity, ...], granted: NightPass | None, passed: bool, severity: AssetCheckSeverity
) -> None:
    findings = [Finding(gravity, f"a {gravity.name} finding") for gravity in gravities]
    result = unless_let_pass(Verdict("held against the last 7 published nights", findings, {"Nights": 7}), granted)
    assert (result.passed, result.severity) == (passed, severity)
    assert result.metadata["Nights"].value == 7
    said = str(result.description)
    assert said.startswith(f"a {max(gravities).name} finding" if gravities else "held against")
    assert ("subs evaluate let-pass" in said) is (severity is AssetCheckSeverity.ERROR)
    assert ("let pass by Ana: the shop closed its drinks" in said) is (granted is not None)


def test_figures_are_shown_and_a_warning_never_blocks() -> None:
    verdict = Verdict("all is well", [Finding(Gravity.WARNING, "a tenth is gone")], {"Listings": 20, "Share": 0.9})
    shown = as_result(verdict, "listings_hold")
    assert not shown.passed and shown.severity is AssetCheckSeverity.WARN and shown.check_name == "listings_hold"
    assert {name: value.value for name, value in shown.metadata.items()} == {"Listings": 20, "Share": 0.9}
    assert as_result(Verdict("all is well")).description == "all is well"


def test_the_checks_that_keep_bad_tables_from_readers_are_blocking() -> None:
    specs = {spec.name: spec.blocking for check in default_checks for spec in check.check_specs}
    assert specs == {
        "counts_add_up": True,
        "has_listings": True,
        "every_listing_is_a_product": True,
        "equivalences_are_sound": True,
        "matrices_are_sound": True,
        "substitutions_are_sound": True,
        "substitutions_keep_the_gates": True,
        "rates_beat_chance": False,
        "no_trap_is_shown": True,
        "precision_holds": True,
        "rates_hold": True,
        "equivalences_hold": False,
        "database_is_at_head": False,
        "archive_is_young": False,
    }
