"""Which nodes are facets, by name, by place and by their listings; where the listings of a facet count instead."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.catalogue import category_path
from subs_assets.database import frames, tables
from subs_assets.equivalence.build import facets_and_shelves, with_rows
from subs_assets.equivalence.facets import effective_shelves, facet_by_name, find_facets
from subs_assets_tests.small_shops import Shops, alike_as, alike_spelled, item, path, shops


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Gluten Free", "dietary"),
        ("Vegan & Vegetarian", "dietary"),
        ("Sugar Free", "dietary"),
        ("Organic", "dietary"),
        ("Kosher Food", "dietary"),
        ("Glutenfrei", "dietary"),
        ("Dietary & World Foods", "dietary"),
        ("Free From", "dietary"),
        ("Special Diets", "dietary"),
        ("Free Range Chicken", None),
        ("Organic Fruit", None),
        ("Free Range Eggs", None),
        ("Skim & Low Fat Milk", None),
        ("Half Price", "promotional"),
        ("Limited Time Only", "promotional"),
        ("Front Of Store", "promotional"),
        ("Aktionen", "promotional"),
        ("Christmas Bakery", "seasonal"),
        ("Best of Spring", "seasonal"),
        ("Ostern", "seasonal"),
        ("Lifestyle", "dietary"),
        ("Organic & Lifestyle Foods", "dietary"),
        ("Home & Lifestyle", None),
        ("Sports & Lifestyle", None),
        ("Vitamins & Dietary Supplements", None),
        ("Exclusive", "promotional"),
        ("Exclusive Offers", "promotional"),
        ("Exclusive To Us", "promotional"),
        ("Exclusive Wines", None),
        ("Members", None),
        ("Seasonal", "seasonal"),
        ("Seasonal Chocolates", "seasonal"),
        ("Seasonal Fruit", None),
        ("Saison", "seasonal"),
        ("Saison Ales", None),
        ("Chocolates", None),
        ("Breakfast Muesli", None),
        ("Springform Pans", None),
        ("Nuts", None),
    ],
)
def test_a_name_tells_a_facet(name: str, kind: str | None) -> None:
    found = facet_by_name(name)
    assert (found and found[0]) == kind


TASTES = ["swiss", "toasted", "honey", "cinnamon", "almond"]


def shelf(company: str, shelf_path: str, thing: str, prefix: str = "") -> list[dict[str, object]]:
    """Five listings with alike names on one shelf."""
    sku = prefix or shelf_path
    return [item(company, f"{sku}-{taste}", f"{thing} {taste}", shelf_path) for taste in TASTES]


def facets_of(shop: Shops) -> tuple[dict[str, str], pd.DataFrame]:
    """(path -> kind of the facets of "aldi", listing_shelves)."""
    alike = alike_spelled(shop.listings["core_name"])
    facets, shelves = facets_and_shelves(shop.listings, shop.listing_categories, shop.categories, alike)
    shelves = frames.conform(shelves, tables.listing_shelves)
    facets = frames.conform(facets, tables.category_facets)
    own = facets[facets["company_slug"] == "aldi"]
    return dict(zip(own["path"], own["kind"], strict=True)), shelves


PLAIN = [
    *shelf("aldi", "Pantry > Muesli", "crunchy muesli"),
    *shelf("aldi", "Pantry > Spreads", "peanut spread"),
    *shelf("aldi", "Drinks > Juice", "fruit juice"),
]


def test_a_plain_tree_has_no_facets() -> None:
    facets, shelves = facets_of(shops(PLAIN))
    assert facets == {}
    assert set(shelves["origin"]) == {"own"} and len(shelves) == len(PLAIN)


def test_what_stands_under_a_facet_is_one_too() -> None:
    facets, _ = facets_of(shops([*PLAIN, *shelf("aldi", "Gluten Free > Bread", "gluten free bread")]))
    assert facets == {path("Gluten Free"): "dietary", path("Gluten Free > Bread"): "dietary"}


def test_a_node_mostly_of_facets_is_a_facet_and_one_with_few_is_not() -> None:
    health = [
        *shelf("aldi", "Health > Gluten Free", "gluten free wafer"),
        *shelf("aldi", "Health > Vegan", "vegan patty"),
        *shelf("aldi", "Health > Vitamins", "vitamin tablet")[:3],
        item("aldi", "sale", "peach juice", "Drinks > Half Price"),
    ]
    facets, _ = facets_of(shops([*PLAIN, *health]))
    assert facets[path("Health")] == "dietary"
    assert facets[path("Health > Vitamins")] == "dietary"
    assert path("Drinks") not in facets


def test_facets_are_raised_as_far_as_they_reach() -> None:
    body = [
        *shelf("aldi", "Body > Health > Special > Gluten Free", "gluten free wafer"),
        *shelf("aldi", "Body > Health > Special > Clearance", "crispy wafer"),
        *shelf("aldi", "Body > Soap", "hand soap"),
        *shelf("aldi", "Body > Shampoo", "hair shampoo"),
    ]
    facets, _ = facets_of(shops([*PLAIN, *body]))
    raised = {node: facets.get(path(node)) for node in ("Body > Health > Special", "Body > Health", "Body")}
    assert raised == {"Body > Health > Special": "mixed", "Body > Health": "mixed", "Body": None}


def test_a_tree_of_twice_the_nodes_is_read_twice_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each node once for every facet was 2.9 s for 4,000 nodes with 1,020 facets."""
    decode = category_path.decode

    def decoded(nodes: int) -> int:
        items = [
            item("aldi", f"{number}-{place}", f"wafer {number}", f"Shop {number} > {place}")
            for number in range(nodes)
            for place in ("Gluten Free", "Wafers")
        ]
        shop = shops(items)
        shelved, alike = with_rows(shop.listing_categories, shop.listings), alike_spelled(shop.listings["core_name"])
        asked: list[str] = []
        with monkeypatch.context() as patched:
            patched.setattr(category_path, "decode", lambda path: asked.append(path) or decode(path))
            assert len(find_facets(shop.categories, shelved, alike)) == nodes
        return len(asked)

    assert decoded(80) <= 2.2 * decoded(40)


def test_a_root_over_everything_is_ignored_but_not_what_stands_under_it() -> None:
    grocery = [{**row, "shelves": (f"Grocery > {row['shelves'][0]}",)} for row in PLAIN]  # type: ignore[index]
    facets, shelves = facets_of(shops(grocery))
    assert facets == {path("Grocery"): "universal_root"}
    assert path("Grocery > Pantry > Muesli") in set(shelves["path"])


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([*PLAIN[:10]], "Pantry holds all, and has branches"),
        ([*PLAIN, *[item("aldi", f"m{n}", f"muesli {n}", "Pantry > Muesli") for n in range(20)]], "Pantry holds 30/35"),
        ([item("aldi", str(n), f"muesli {n}", "Pantry") for n in range(5)], "Pantry has no branches"),
    ],
)
def test_when_a_root_is_universal(items: list[dict[str, object]], reason: str) -> None:
    facets, _ = facets_of(shops(items))
    assert (path("Pantry") in facets) == (reason == "Pantry holds all, and has branches")


THINGS = ["muesli", "peanut spread", "orange juice", "dog biscuit", "toilet paper", "frozen pizza", "sparkling wine"]


def scattered(count: int) -> list[dict[str, object]]:
    """A department for each thing, and a root "Bazaar" that holds one of each."""
    departments = [
        item("aldi", f"{thing}-{taste}", f"{taste} {thing}", f"The {thing}") for thing in THINGS for taste in TASTES
    ]
    return departments + [item("aldi", f"b-{thing}", f"{thing}", "Bazaar") for thing in THINGS[:count]]


@pytest.mark.parametrize(("count", "mixed"), [(7, True), (3, False)])
def test_a_root_whose_listings_resemble_everything_else_is_mixed(count: int, mixed: bool) -> None:
    """With three listings nothing can be told."""
    facets, _ = facets_of(shops(scattered(count)))
    assert facets == ({path("Bazaar"): "mixed"} if mixed else {})


PANTRY = [
    item("aldi", f"p-{taste}-{grain}", f"{grain} porridge {taste}", "Pantry > Porridge")
    for taste in TASTES
    for grain in ("oat", "rye", "spelt", "rice")
]


def collected(node: str, also_at_home: bool = False) -> list[dict[str, object]]:
    """The departments of ``scattered``, a pantry, and a node that holds one of each thing."""
    return [
        *scattered(0),
        *PANTRY,
        *[
            item("aldi", f"z-{thing}", f"{thing} fresh", node, *([f"The {thing}"] if also_at_home else []))
            for thing in THINGS
        ],
    ]


@pytest.mark.parametrize("also_at_home", [False, True])
@pytest.mark.parametrize("node", ["Zap Zone", "Pantry > Zap Zone", "Pantry > Corner > Zap Zone"])
def test_goods_from_all_over_are_found_at_any_depth_whatever_the_name(node: str, also_at_home: bool) -> None:
    facets, shelves = facets_of(shops(collected(node, also_at_home)))
    assert facets[path(node)] == "mixed"
    assert set(facets) <= {path(node), path("Pantry > Corner")}  # which holds nothing else
    moved = shelves[shelves["sku"].str.startswith("z-")].set_index("sku")
    assert set(moved["origin"]) == ({"own"} if also_at_home else {"relatives"})
    assert moved["path"].to_dict() == {f"z-{thing}": path(f"The {thing}") for thing in THINGS}


def test_what_says_why_a_node_is_mixed() -> None:
    shop = shops(collected("Pantry > Zap Zone"))
    shelved = shop.listing_categories.assign(row=range(len(shop.listings)))
    found = find_facets(shop.categories, shelved, alike_spelled(shop.listings["core_name"]))
    assert found["reason"].tolist() == ["100% of its listings are at home elsewhere, spread over 7.0 shelves"]
    assert found["spread"].tolist() == pytest.approx([7.0])


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(
            [item("aldi", f"s{n}", f"muesli {taste}", "Pantry > Small") for n, taste in enumerate(TASTES * 2)],
            id="at home on the shelf beside it",
        ),
        pytest.param(
            [item("aldi", f"q{n}", f"{word} {word}", "Pantry > Odds")
             for n, word in enumerate(["quartz", "xylophone", "velvet", "gondola", "bishop", "walrus", "tunic"])],
            id="at home nowhere",
        ),
        pytest.param(
            [item("aldi", f"f-{thing}-{n}", f"{thing} frozen {n}", "Pantry > Frozen")
             for thing in THINGS for n in range(6)],
            id="at home here, of every kind",
        ),
        pytest.param(
            [item("aldi", f"z-{thing}", f"{thing} fresh", "Pantry > Zap Zone") for thing in THINGS[:5]],
            id="too few to tell",
        ),
    ],
)  # fmt: skip
def test_categories_that_hold_what_is_elsewhere_too_are_none(items: list[dict[str, object]]) -> None:
    facets, _ = facets_of(shops([*scattered(0), *PANTRY, *items]))
    assert facets == {}


@pytest.mark.parametrize(
    ("relatives", "shelf", "weight"),
    [
        (["A", "A", "A", "B"], "A", 2.4 / 3.5),
        (["A"], "A", 0.8 / 1.1),
        (["A", "B"], None, None),
        (["A", "A", "B", "B"], None, None),
        (["A", "A", "B", "C"], None, None),
    ],
)
def test_relatives_give_a_shelf_that_is_likely_right(
    relatives: list[str], shelf: str | None, weight: float | None
) -> None:
    """All are alike by .8, and a listing is the less trusted the fewer relatives it has."""
    alike = np.full((len(relatives) + 1,) * 2, 0.8) + 0.2 * np.eye(len(relatives) + 1)
    standing = pd.DataFrame({"path": [path("Half Price"), *map(path, relatives)]})
    standing = standing.assign(company_slug="aldi", sku=standing.index.astype(str), row=standing.index)
    facets = pd.DataFrame({"company_slug": ["aldi"], "path": [path("Half Price")]})
    shelves = effective_shelves(standing, facets, alike_as(alike)).set_index("sku")
    assert len(shelves) == len(relatives) + (shelf is not None)
    if shelf is not None:
        assert (shelves.loc["0", "path"], shelves.loc["0", "origin"]) == (path(shelf), "relatives")
        assert shelves.loc["0", "weight"] == pytest.approx(weight, rel=1e-6)


@pytest.mark.parametrize("sense", [True, False])
def test_shelves_that_do_not_follow_names_take_no_listing_of_a_facet(sense: bool) -> None:
    """Twenty pairs of listings that are alike; one shelf for each pair, or each listing on another's."""
    kind = np.repeat(np.arange(20), 2)
    alike = np.where(kind[:, None] == kind[None, :], 0.8, 0.0) + 0.2 * np.eye(40)
    numbers = kind if sense else np.arange(40) % 20
    standing = pd.DataFrame({"path": [path(f"Shelf {number}") for number in numbers]})
    standing.loc[[0, 10, 20, 30], "path"] = path("Half Price")
    standing = standing.assign(company_slug="aldi", sku=standing.index.astype(str), row=standing.index)
    facets = pd.DataFrame({"company_slug": ["aldi"], "path": [path("Half Price")]})
    found = effective_shelves(standing, facets, alike_as(alike))
    assert len(found[found["origin"] == "relatives"]) == (4 if sense else 0)


def test_a_listing_under_facets_only_counts_where_its_relatives_stand() -> None:
    shop = shops(
        [
            *PLAIN,
            item("aldi", "lost", "crunchy muesli swiss gluten free", "Gluten Free"),
            item("aldi", "both", "apple juice gluten free", "Gluten Free", "Drinks > Juice"),
            item("aldi", "alien", "xylophone", "Half Price"),
            item("aldi", "nowhere", "crunchy muesli honey almond"),
            # The nearest of all, but in another company.
            item("coles", "1", "crunchy muesli swiss gluten free", "Cereal > Muesli"),
        ]
    )
    _, shelves = facets_of(shop)
    aldi = shelves[shelves["company_slug"] == "aldi"].set_index("sku")
    assert (aldi.loc["lost", "path"], aldi.loc["lost", "origin"]) == (path("Pantry > Muesli"), "relatives")
    assert 0.5 < aldi.loc["lost", "weight"] <= 1
    assert (aldi.loc["both", "path"], aldi.loc["both", "origin"]) == (path("Drinks > Juice"), "own")
    assert "alien" not in aldi.index and "nowhere" not in aldi.index


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_listings_changes_nothing(seed: int) -> None:
    items = [*scattered(7), item("aldi", "lost", "dog biscuit large", "Half Price", "Gluten Free")]
    items += [item("aldi", f"d{n}", f"dog biscuit {n}", "The dog biscuit", "All For Pets") for n in range(4)]
    mixed = pd.Series(items).sample(frac=1, random_state=seed).tolist()
    facets, shelves = facets_of(shops(items))
    other_facets, other_shelves = facets_of(shops(mixed))
    assert other_facets == facets
    pd.testing.assert_frame_equal(other_shelves, shelves)


def test_the_order_of_the_frames_changes_nothing() -> None:
    """With listings on several shelves, of which only one counts as a relative's."""
    items = [
        *scattered(7),
        *[item("aldi", f"d{n}", f"dog biscuit {n}", "The dog biscuit", "All For Pets") for n in range(6)],
        *[item("aldi", f"m{n}", f"muesli box {n}", "Bazaar", "The muesli") for n in range(3)],
        item("aldi", "lost", "dog biscuit 7", "Half Price"),
    ]
    shop = shops(items)
    alike = alike_spelled(shop.listings["core_name"])
    shelved = with_rows(shop.listing_categories, shop.listings)
    one = find_facets(shop.categories, shelved, alike)
    other = find_facets(shop.categories.iloc[::-1], shelved.iloc[::-1], alike)
    pd.testing.assert_frame_equal(one, other)
    assert set(one["path"]) == {path("Bazaar"), path("Half Price")}
    pd.testing.assert_frame_equal(
        effective_shelves(shelved, one, alike), effective_shelves(shelved.iloc[::-1], one, alike)
    )


def test_a_corner_below_a_branch_does_not_make_the_branch_a_mixture() -> None:
    odd = ["quartz", "xylophone", "velvet", "gondola", "bishop", "walrus", "tunic", "hammock"]
    own = [item("aldi", word, word, "Odds") for word in odd]
    corner = [item("aldi", f"z-{thing}", f"{thing} fresh", "Odds > Zap Zone") for thing in THINGS]
    facets, _ = facets_of(shops([*scattered(0), *own, *corner]))
    assert facets == {path("Odds > Zap Zone"): "mixed"}


@pytest.mark.parametrize(
    ("items", "shelved"),
    [
        pytest.param([item("aldi", "1", "muesli")], 0, id="no category at all"),
        pytest.param([item("aldi", "1", "muesli"), item("coles", "1", "muesli", "Cereal")], 1, id="one without"),
        pytest.param([item("aldi", "1", "muesli", "Half Price")], 0, id="facets only"),
        pytest.param([item("aldi", "1", "muesli", "Pantry")], 1, id="one listing"),
    ],
)
def test_little_or_nothing_to_go_by(items: list[dict[str, object]], shelved: int) -> None:
    _, shelves = facets_of(shops(items))
    assert len(shelves) == shelved
