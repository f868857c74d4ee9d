"""What a gate refuses, from product to substitute; the reverse is another question."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.catalogue.claims import CLAIMS
from subs_assets.substitution.gates import CLAIM_EFFECTS, GATES, Gates
from subs_assets_tests.small_shops import attributes_of

PLAIN: dict[str, Any] = {}
MEAT = {"claims": (), "product_class": "food"}
VEGAN = {"claims": ("vegan", "vegetarian"), "product_class": "food"}
VEGETARIAN = {"claims": ("vegetarian",)}
GLUTEN_FREE = {"claims": ("gluten_free",)}


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
        pytest.param({"product_class": "pet"}, {"product_class": "food"}, "class", "class", id="pet is not food"),
        pytest.param({"product_class": "pet"}, PLAIN, "", "", id="class known on one side only"),
        pytest.param({"size": (1.0, "g")}, {"size": (1.0, "ml")}, "dimension", "dimension", id="mass is not volume"),
        pytest.param({"size": (1.0, "g")}, {"size": (9.0, "g")}, "", "", id="any amount of one dimension"),
        pytest.param({"size": (1.0, "g")}, PLAIN, "", "", id="dimension known on one side only"),
        pytest.param(PLAIN, PLAIN, "", "", id="nothing known"),
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


def test_every_claim_that_can_be_found_has_an_effect() -> None:
    assert set(CLAIM_EFFECTS) == set(CLAIMS)
    assert set(CLAIM_EFFECTS.values()) == {"refuse", "lower"}


some_claims = st.frozensets(st.sampled_from(CLAIMS))


@given(some_claims, some_claims)
def test_claims_refuse_exactly_when_one_is_lost(product: frozenset[str], substitute: frozenset[str]) -> None:
    gates = Gates(attributes_of({"claims": product}, {"claims": substitute}))
    lost = product - substitute
    refusing = sorted(claim for claim in lost if CLAIM_EFFECTS[claim] == "refuse")
    assert gates.missing_claims(0, 1) == refusing
    assert (GATES[gates.refusal(np.array([0]), np.array([1]))[0]] == "claim") == bool(refusing)
    assert gates.lowered(np.array([0]), np.array([1]))[0] == len(lost) - len(refusing)


def test_a_block_is_judged_as_its_pairs_are() -> None:
    kinds = [MEAT, VEGAN, GLUTEN_FREE, {"product_class": "pet"}, {"size": (1.0, "g")}, {"size": (1.0, "ml")}]
    gates = Gates(attributes_of(*kinds))
    rows = np.arange(len(kinds))
    block = gates.refusal(rows[:, None], rows[None, :])
    for i in rows:
        for j in rows:
            assert block[i, j] == gates.refusal(np.array([i]), np.array([j]))[0]
    assert set(block.ravel().tolist()) == {0, 1, 2, 3}
