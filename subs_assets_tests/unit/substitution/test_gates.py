"""What a gate refuses, from product to substitute; the reverse is another question."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.catalogue.claim_table import CLAIM_TABLE
from subs_assets.substitution.gates import GATES, LOWERING, REFUSING, Gates, kept_apart, served_by
from subs_assets_tests.small_shops import attributes_of

PLAIN: dict[str, Any] = {}
MEAT = {"claims": (), "product_class": "food"}
VEGAN = {"claims": ("vegan", "plant_based", "vegetarian"), "product_class": "food"}
VEGETARIAN = {"claims": ("vegetarian",)}
FROM_6 = {"claims": ("from_6_months",)}
DOG = {"claims": ("for_dogs",)}
GLUTEN_FREE = {"claims": ("gluten_free",)}
LIMES = {"kind_group": "lemons and limes"}
VODKA = {"kind_group": "vodka"}
BY_PIECE = {"size": (1.0, "each")}
BY_KILO = {"size": (1000.0, "g")}


def refusal(product: dict[str, Any], substitute: dict[str, Any]) -> str:
    gates = Gates(attributes_of(product, substitute))
    return GATES[gates.refusal(np.array([0]), np.array([1]))[0]]


@pytest.mark.parametrize(
    ("product", "substitute", "gate", "reverse"),
    [
        pytest.param(MEAT, VEGAN, "", "claim", id="vegan for meat, never the reverse"),
        pytest.param(VEGETARIAN, VEGAN, "", "claim", id="vegan for vegetarian, never the reverse"),
        pytest.param(GLUTEN_FREE, PLAIN, "claim", "", id="silence is not safe"),
        pytest.param(GLUTEN_FREE, {"claims": ("wheat_free",)}, "claim", "claim", id="wheat free is not gluten free"),
        pytest.param(GLUTEN_FREE, {"claims": ("gluten_free", "halal")}, "", "claim", id="more claims are no harm"),
        pytest.param({"claims": ("decaf",)}, PLAIN, "claim", "", id="decaf"),
        pytest.param({"claims": ("alcohol_free",)}, PLAIN, "claim", "", id="alcohol free"),
        pytest.param({"claims": ("halal",)}, {"claims": ("kosher",)}, "claim", "claim", id="halal is not kosher"),
        pytest.param({"claims": ("organic", "free_range")}, PLAIN, "", "", id="a preference does not refuse"),
        pytest.param({"claims": ("no such claim",)}, PLAIN, "", "", id="an unknown word is no claim"),
        pytest.param({"claims": ("lactose_free",)}, VEGAN, "", "claim", id="vegan food is without lactose"),
        pytest.param({"claims": ("dairy_free",)}, VEGAN, "claim", "claim", id="but no promise to the allergic"),
        pytest.param(FROM_6, {"claims": ("from_4_months",)}, "", "claim", id="the older child may, not the younger"),
        pytest.param(FROM_6, PLAIN, "claim", "", id="no age is stated"),
        pytest.param(PLAIN, {"claims": ("from_12_months",)}, "claim", "claim", id="a child of six months may be meant"),
        pytest.param({"claims": ("from_12_months",)}, {"claims": ("from_9_months",)}, "", "claim", id="toddlers may"),
        pytest.param({"claims": ("from_12_months",)}, {"claims": ("from_0_months",)}, "claim", "claim", id="too young"),
        pytest.param({"claims": ("formula_1",)}, {"claims": ("formula_2",)}, "claim", "claim", id="stages of formula"),
        pytest.param(DOG, {"claims": ("for_cats",)}, "claim", "claim", id="cat food is no dog food"),
        pytest.param(DOG, PLAIN, "claim", "claim", id="a dinner is not for the dog, nor the reverse"),
        pytest.param(DOG, {"claims": ("for_dogs", "for_cats")}, "", "claim", id="for both"),
        pytest.param(DOG, {"claims": ("for_dogs", "for_puppies")}, "claim", "claim", id="a dog is no puppy"),
        pytest.param(DOG, {"claims": ("for_dogs", "for_grown_animals")}, "", "", id="a dog is grown"),
        pytest.param({"product_class": "pet"}, {"product_class": "food"}, "class", "class", id="pet is not food"),
        pytest.param({"product_class": "pet"}, PLAIN, "", "", id="class known on one side only"),
        pytest.param({"size": (1.0, "g")}, {"size": (1.0, "ml")}, "dimension", "dimension", id="mass is not volume"),
        pytest.param({"size": (1.0, "g")}, {"size": (9.0, "g")}, "", "", id="any amount of one dimension"),
        pytest.param({"size": (1.0, "g")}, PLAIN, "", "", id="dimension known on one side only"),
        pytest.param(PLAIN, PLAIN, "", "", id="nothing known"),
        pytest.param(LIMES, VODKA, "form", "form", id="limes are no lime vodka"),
        pytest.param(LIMES, LIMES, "", "", id="one group"),
        pytest.param(LIMES, PLAIN, "", "", id="kind known on one side only"),
        pytest.param({**LIMES, **BY_PIECE}, {**LIMES, **BY_KILO}, "", "", id="by the piece or by the kilo, but limes"),
        pytest.param(BY_PIECE, BY_KILO, "", "", id="how many says nothing of how much"),
        pytest.param({**LIMES, **BY_KILO}, {"size": (1.0, "ml")}, "dimension", "dimension", id="of what is not known"),
        pytest.param({**LIMES, **BY_KILO}, {**LIMES, "size": (1.0, "ml")}, "", "", id="in g or in ml, but limes"),
        pytest.param(
            {**LIMES, **BY_PIECE}, {**VODKA, **GLUTEN_FREE, **BY_KILO}, "form", "form", id="form before claims and size"
        ),
        pytest.param(
            {"product_class": "pet", "size": (1.0, "g"), **GLUTEN_FREE},
            {"product_class": "food", "size": (1.0, "ml")},
            "class",
            "class",
            id="class comes first",
        ),
        pytest.param(
            {"size": (1.0, "g"), **GLUTEN_FREE}, {"size": (1.0, "ml")}, "claim", "dimension", id="then the claims"
        ),
    ],
)
def test_gates(product: dict[str, Any], substitute: dict[str, Any], gate: str, reverse: str) -> None:
    assert (refusal(product, substitute), refusal(substitute, product)) == (gate, reverse)


def test_the_refusing_claims_fit_into_one_number() -> None:
    assert len(REFUSING) <= 63
    everything = attributes_of({"claims": REFUSING}, {"claims": ()})
    assert Gates(everything).missing_claims(0, 1) == sorted(REFUSING)
    assert GATES[Gates(everything).refusal(np.array([0]), np.array([1]))[0]] == "claim"


some_claims = st.frozensets(st.sampled_from(list(CLAIM_TABLE)), max_size=6)


@given(some_claims, some_claims)
def test_claims_refuse_exactly_when_one_is_lost_or_for_others(
    product: frozenset[str], substitute: frozenset[str]
) -> None:
    gates = Gates(attributes_of({"claims": product}, {"claims": substitute}))
    refusing = sorted((product - served_by(substitute)) & set(REFUSING))
    added = [group & substitute for group in kept_apart() if not group & product]
    assert gates.missing_claims(0, 1) == refusing
    assert gates.added_claims(0, 1) == sorted(frozenset().union(*added))
    refused = GATES[gates.refusal(np.array([0]), np.array([1]))[0]] == "claim"
    assert refused == bool(refusing or any(added)) == bool(gates.claim_refusal(0, 1))
    assert gates.lowered_claims(0, 1) == sorted((product - substitute) & set(LOWERING))
    assert gates.lowered(np.array([0]), np.array([1]))[0] == len(gates.lowered_claims(0, 1))


@pytest.mark.parametrize(
    ("product", "substitute", "told"),
    [
        (GLUTEN_FREE, PLAIN, "not stated: gluten_free"),
        (PLAIN, DOG, "only the substitute is: for_dogs"),
        ({"claims": ("halal",)}, DOG, "not stated: halal; only the substitute is: for_dogs"),
        (GLUTEN_FREE, GLUTEN_FREE, ""),
    ],
)
def test_a_refusal_is_told(product: dict[str, Any], substitute: dict[str, Any], told: str) -> None:
    assert Gates(attributes_of(product, substitute)).claim_refusal(0, 1) == told


def test_a_block_is_judged_as_its_pairs_are() -> None:
    kinds = [
        MEAT,
        VEGAN,
        GLUTEN_FREE,
        DOG,
        FROM_6,
        {"product_class": "pet"},
        {"size": (1.0, "g")},
        {"size": (1.0, "ml")},
        {**LIMES, **BY_PIECE},
        {**LIMES, **BY_KILO},
        VODKA,
    ]
    gates = Gates(attributes_of(*kinds))
    rows = np.arange(len(kinds))
    block = gates.refusal(rows[:, None], rows[None, :])
    for i in rows:
        for j in rows:
            assert block[i, j] == gates.refusal(np.array([i]), np.array([j]))[0]
    assert set(block.ravel().tolist()) == {0, 1, 2, 3, 4}
