"""Equivalences of whole small shops: shared and alike listings, facets, decisions, three companies, and companies with
nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from subs_assets.database import control_tables, frames, tables
from subs_assets.equivalence.build import Equivalences, alike_paths, build_equivalences, facets_and_shelves
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import item, names_in, path, shops

TASTES = ["swiss", "toasted", "honey", "cinnamon", "almond", "coconut"]


def shelf(company: str, thing: str, *shelves: str, tastes: list[str] = TASTES, **given: object) -> list[dict]:
    return [item(company, f"{thing}-{taste}", f"{thing} {taste}", *shelves, **given) for taste in tastes]


def equivalences(
    folder: Path,
    items: list[dict],
    decisions: list[dict] | None = None,
    shuffle: int | None = None,
    certainty: float = 1.0,
) -> Equivalences:
    """``certainty``: how sure it is that the listings of Aldi stand where they do."""
    shop = shops(items if shuffle is None else pd.Series(items).sample(frac=1, random_state=shuffle).tolist())
    names = names_in(folder)
    alike = names.alike(shop.listings["core_name"].tolist())
    facets, shelves = facets_and_shelves(shop.listings, shop.listing_categories, shop.categories, alike)
    shelves["weight"] = shelves["weight"].where(shelves["company_slug"] != "aldi", certainty)
    table = frames.conform(
        pd.DataFrame(decisions or [], columns=control_tables.decisions.columns.keys()), control_tables.decisions
    )
    found = build_equivalences(
        shop.listings,
        shop.product_listings,
        shop.categories,
        frames.conform(facets, tables.category_facets),
        frames.conform(shelves, tables.listing_shelves),
        table,
        alike,
        shipped_model().same_shelf,
        names.vectors,
    )
    frames.conform(found.mappings, tables.category_equivalences)
    frames.conform(found.evidence, tables.category_evidence)
    return found


def accepted(found: Equivalences) -> set[tuple[str, str, str, str]]:
    rows = found.mappings[found.mappings["status"] == "accepted"]
    columns = ["company_slug", "path", "target_company_slug", "target_path"]
    return set(rows[columns].itertuples(index=False, name=None))


ALDI = [*shelf("aldi", "crunchy muesli", "Pantry > Muesli"), *shelf("aldi", "fruit juice", "Drinks > Juice")]
COLES = [
    *shelf("coles", "crunchy muesli", "Breakfast > Muesli"),
    *shelf("coles", "fruit juice", "Cold > Juices"),
]
MUESLI = ("aldi", path("Pantry > Muesli"), "coles", path("Breakfast > Muesli"))
JUICE = ("aldi", path("Drinks > Juice"), "coles", path("Cold > Juices"))


def reverse(key: tuple[str, str, str, str]) -> tuple[str, str, str, str]:
    return (key[2], key[3], key[0], key[1])


def test_alike_listings_map_their_categories_in_both_directions(tmp_path: Path) -> None:
    found = equivalences(tmp_path, [*ALDI, *COLES])
    assert {MUESLI, JUICE} <= accepted(found)
    assert {reverse(MUESLI), reverse(JUICE)} <= accepted(found)
    assert not any("Juice" in key[1] and "Muesli" in key[3] for key in accepted(found))


@pytest.mark.parametrize(("certainty", "is_evidence"), [(0.76, True), (0.74, False)])
def test_a_listing_whose_shelf_is_a_guess_is_no_evidence(tmp_path: Path, certainty: float, is_evidence: bool) -> None:
    assert (MUESLI in accepted(equivalences(tmp_path, [*ALDI, *COLES], certainty=certainty))) is is_evidence


def test_products_in_common_are_hard_evidence(tmp_path: Path) -> None:
    own = shelf("aldi", "crunchy muesli", "Pantry > Muesli", brand="Uncle", size=(500.0, "g"))
    others = shelf("coles", "crunchy muesli", "Breakfast > Muesli", brand="Uncle", size=(500.0, "g"))
    found = equivalences(tmp_path, [*own, *others])
    assert set(found.evidence["kind"]) == {"hard"}
    row = found.mappings.set_index(["path", "target_path"]).loc[(MUESLI[1], MUESLI[3])]
    assert (row["hard_support"], row["soft_support"]) == (6, 0)


def test_soft_evidence_alone_maps_too(tmp_path: Path) -> None:
    own = [*shelf("aldi", "crunchy muesli", "Pantry > Muesli", brand="Goldenvale", size=(500.0, "g"))]
    others = shelf("coles", "crunchy muesli", "Breakfast > Muesli", brand="Coles", size=(750.0, "g"))
    found = equivalences(tmp_path, [*own, *others])
    assert set(found.evidence["kind"]) == {"soft"}
    row = found.mappings.set_index(["path", "target_path"]).loc[(MUESLI[1], MUESLI[3])]
    assert row["hard_support"] == 0 and row["soft_support"] > 2


def test_a_facet_makes_no_mapping_but_its_listings_speak_for_their_relatives_shelf(tmp_path: Path) -> None:
    facet = shelf("coles", "crunchy muesli gluten free", "Dietary > Gluten Free", tastes=TASTES[:3])
    found = equivalences(tmp_path, [*ALDI, *COLES, *facet])
    paths = set(found.mappings["path"]) | set(found.mappings["target_path"])
    assert not any("Gluten Free" in one or "Dietary" in one for one in paths)
    assert MUESLI in accepted(found)


def test_a_universal_root_makes_no_mapping(tmp_path: Path) -> None:
    grocery = [{**row, "shelves": (f"Grocery > {row['shelves'][0]}",)} for row in COLES]
    found = equivalences(tmp_path, [*ALDI, *grocery])
    assert path("Grocery") not in set(found.mappings["path"]) | set(found.mappings["target_path"])
    assert path("Grocery > Breakfast > Muesli") in set(found.mappings["path"])


def test_mappings_are_not_transitive(tmp_path: Path) -> None:
    """Aldi resembles Coles by muesli, Coles resembles IGA by porridge on the same shelf; Aldi and IGA share nothing."""
    together = "Breakfast"
    items = [
        *shelf("aldi", "crunchy muesli", "Muesli"),
        *shelf("coles", "crunchy muesli", together),
        *shelf("coles", "quick porridge", together, tastes=["plum", "maple", "ginger", "raisin", "fig", "date"]),
        *shelf("iga", "quick porridge", "Porridge", tastes=["plum", "maple", "ginger", "raisin", "fig", "date"]),
    ]
    found = equivalences(tmp_path, items)
    pairs = {(key[0], key[2]) for key in accepted(found)}
    assert {("aldi", "coles"), ("coles", "iga")} <= pairs
    both = found.mappings[["company_slug", "target_company_slug"]].itertuples(index=False, name=None)
    assert {("aldi", "iga"), ("iga", "aldi")}.isdisjoint(both)


def decision(key: tuple[str, str, str, str], verdict: str, relation: str | None) -> dict[str, object]:
    names = ("company_slug", "subject", "target_company_slug", "target_subject")
    who = {"kind": "equivalence", "decided_by": "ann", "decided_at": "2025-01-02"}
    return {**dict(zip(names, key, strict=True)), "verdict": verdict, "relation": relation, **who}


def test_decisions_outlive_the_evidence(tmp_path: Path) -> None:
    odd = ("aldi", path("Drinks > Juice"), "coles", path("Breakfast"))
    gone = ("aldi", path("Toys"), "coles", path("Cold > Juices"))
    found = equivalences(
        tmp_path,
        [*ALDI, *COLES],
        [decision(MUESLI, "reject", None), decision(odd, "accept", "related"), decision(gone, "accept", "exact")],
    )
    assert MUESLI not in accepted(found) and odd in accepted(found)
    assert reverse(MUESLI) in accepted(found)
    assert len(found.vanished_decisions) == 1 and 'aldi has no category "Toys"' in found.vanished_decisions[0]


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_the_listings_changes_nothing(tmp_path: Path, seed: int) -> None:
    items = [*ALDI, *COLES, item("coles", "x", "crunchy muesli gluten free", "Gluten Free")]
    one, other = equivalences(tmp_path, items), equivalences(tmp_path, items, shuffle=seed)
    pd.testing.assert_frame_equal(one.mappings, other.mappings)
    pd.testing.assert_frame_equal(one.evidence, other.evidence)


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(ALDI, id="one company"),
        pytest.param([*ALDI, *shelf("coles", "crunchy muesli")], id="the other has no category"),
        pytest.param([*shelf("aldi", "crunchy muesli"), *shelf("coles", "crunchy muesli")], id="no category at all"),
        pytest.param([*ALDI, *shelf("coles", "crunchy muesli", "Half Price")], id="the other has facets only"),
        pytest.param([*ALDI, *shelf("coles", "xylophone", "Music")], id="nothing in common"),
    ],
)
def test_nothing_to_map(tmp_path: Path, items: list[dict]) -> None:
    found = equivalences(tmp_path, items)
    assert len(found.mappings) == len(found.evidence) == 0


def test_a_decision_on_what_is_a_facet_now_counts_no_more_and_is_reported(tmp_path: Path) -> None:
    facet = shelf("coles", "crunchy muesli gluten free", "Dietary > Gluten Free", tastes=TASTES[:3])
    key = ("aldi", path("Pantry > Muesli"), "coles", path("Dietary > Gluten Free"))
    found = equivalences(tmp_path, [*ALDI, *COLES, *facet], [decision(key, "accept", "exact")])
    assert key not in accepted(found) and MUESLI in accepted(found)
    (sentence,) = found.vanished_decisions
    assert "Dietary > Gluten Free" in sentence


def test_how_alike_paths_are_does_not_hang_on_the_last_digits_of_a_product() -> None:
    """Two numbers of threads gave products of 300 paths that differed by 1e-7, and tables that differed by a byte."""
    vectors = np.random.default_rng(1).normal(size=(300, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    shaken = vectors + np.float32(1e-8)
    alike = alike_paths(vectors, vectors)
    assert (alike != alike_paths(vectors, shaken)).mean() < 0.01
    assert ((vectors @ vectors.T) != (vectors @ shaken.T)).mean() > 0.1
