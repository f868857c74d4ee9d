"""How two products differ in their terms: one table of pairs of names, in numbers and in words."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.substitution.attributes import StatedTerms, stated_terms
from subs_assets.substitution.differences import MEANINGS, term_differences, told_differences
from subs_assets.substitution.terms import FACETS, find_terms, product_terms


def stated(*products: tuple[str, str | None]) -> dict[str, StatedTerms]:
    found = [find_terms(name, department) for name, department in products]
    return {facet: StatedTerms.of_products(terms[facet] for terms in found) for facet in FACETS}


def differences(product: str, substitute: str, *departments: str | None) -> dict[str, float]:
    of = stated(*zip((product, substitute), departments or (None, None), strict=True))
    found = term_differences(of).of(np.array([0]), np.array([1]))
    assert list(found) == list(MEANINGS)
    return {name: round(float(value[0]), 3) for name, value in found.items() if value[0]}


@pytest.mark.parametrize(
    ("product", "substitute", "differing"),
    [
        ("beef mince", "beef mince", {}),
        ("napkin", "bread", {}),
        (
            "beef mince",
            "lamb mince",
            {"ingredients_missing": 0.75, "ingredients_added": 0.75, "substances_unlike": 0.75, "animals_unlike": 0.75},
        ),
        (
            "strawberry yoghurt",
            "raspberry yoghurt",
            {"flavours_missing": 0.3, "flavours_added": 0.3, "substances_unlike": 0.3},
        ),
        ("tomato soup", "tomato soup with basil", {"flavours_added": 1.0}),
        ("tomato soup with basil", "tomato soup", {"flavours_missing": 1.0}),
        ("vegetable soup", "beef & vegetable soup", {"ingredients_added": 0.5, "animals_unlike": 1.0}),
        ("berry jam", "strawberry jam", {"ingredients_added": 0.3}),
        ("smooth peanut butter", "crunchy peanut butter", {"varieties_contradict": 0.7}),
        ("smooth peanut butter", "peanut butter", {"varieties_missing": 1.0}),
        ("peanut butter", "smooth peanut butter", {"varieties_added": 1.0}),
        ("shiraz", "merlot", {"varieties_contradict": 0.4}),
        ("shiraz", "chardonnay", {"varieties_contradict": 0.7}),
        ("frozen peas", "canned peas", {"states_differ": 0.9}),
        ("frozen peas", "peas", {"states_differ": 0.5}),
        ("peas", "frozen peas", {"states_differ": 0.5}),
        ("fresh peas", "peas", {}),
        ("fresh peas", "chilled peas", {"states_differ": 0.2}),
        ("front loader", "top loader", {"uses_differ": 0.8}),
    ],
)
def test_differences(product: str, substitute: str, differing: dict[str, float]) -> None:
    assert differences(product, substitute) == differing


def test_the_shelf_tells_frozen_from_fresh() -> None:
    assert differences("peas", "peas", "frozen", "produce") == {"states_differ": 0.9}


def test_many_pairs_are_judged_as_each_of_them_alone() -> None:
    names = ["beef mince", "lamb & rosemary sausages", "frozen peas", "milk", "strawberry yoghurt with honey", "shiraz"]
    found = term_differences(stated(*((name, None) for name in names)))
    i, j = (side.ravel() for side in np.indices((len(names), len(names))))
    together = found.of(i, j)
    for name, values in together.items():
        alone = [found.of(i[[at]], j[[at]])[name][0] for at in range(len(i))]
        assert values.dtype == np.float32
        assert values.tolist() == alone
        assert 0 <= values.min() <= values.max() <= 1
        assert not values[i == j].any()


def test_products_that_state_nothing_do_not_differ() -> None:
    found = term_differences(stated(("thing", None))).of(np.array([0, 0]), np.array([0, 0]))
    assert not any(values.any() for values in found.values())
    assert all(
        len(values) == 0 for values in term_differences(stated()).of(np.array([], int), np.array([], int)).values()
    )


@pytest.mark.parametrize(
    ("product", "substitute", "told"),
    [
        ("beef mince", "lamb mince", ["lamb instead of beef"]),
        ("raspberry yoghurt", "strawberry yoghurt", ["strawberry instead of raspberry"]),
        ("tomato soup with basil", "tomato soup", ["without basil"]),
        ("tomato soup", "tomato soup with basil", ["with basil"]),
        ("fresh peas", "frozen peas", ["frozen instead of fresh"]),
        ("frozen peas", "peas", ["not frozen"]),
        ("fresh peas", "peas", []),
        ("smooth peanut butter", "crunchy peanut butter", ["crunchy instead of smooth"]),
        (
            "chicken & strawberry",
            "turkey & blueberry",
            ["blueberry instead of strawberry", "turkey instead of chicken"],
        ),
        ("white wine", "white wine", []),
        ("basmati rice", "basmati long grain rice", []),
        ("peas", "frozen peas", ["frozen"]),
    ],
)
def test_told_differences(product: str, substitute: str, told: list[str]) -> None:
    assert told_differences(stated((product, None), (substitute, None)), 0, 1) == told


def test_stated_terms_reads_what_product_terms_writes() -> None:
    products = pd.DataFrame(
        {"core_name": ["thing", "lamb & beef mince", "peas"], "department": ["pantry", None, "frozen"]}, index=[3, 1, 2]
    )
    columns = product_terms(products["core_name"], products["department"])
    found = stated_terms(columns)
    assert columns.index.tolist() == [3, 1, 2]
    assert [found["ingredients"].of(product) for product in range(3)] == [(), ("beef", "lamb"), ("pea",)]
    assert [found["states"].of(product) for product in range(3)] == [(), (), ("frozen",)]
    assert found["states"].code.tolist() == [0, 0, 1]
