"""Identity over hand-made listings: GTIN, name, alone; conflicts stay apart; the order of the rows changes nothing."""

import time

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.identity.products import MOST_LISTINGS_OF_A_GTIN, Identity, identify
from subs_assets_tests.unit.identity.listings import frame, listing

GTIN, OTHER_GTIN = "09300601001231", "09300601001248"


def together(identity: Identity) -> set[frozenset[str]]:
    """The products as sets of ``company:sku``."""
    references = identity.product_listings["company_slug"] + ":" + identity.product_listings["sku"]
    return {frozenset(group) for _, group in references.groupby(identity.product_listings["product_id"])}


def kinds(identity: Identity) -> list[str]:
    conflicts = identity.identity_conflicts.drop_duplicates("conflict_id")
    return sorted(conflicts["kind"])


def sets(*groups: str) -> set[frozenset[str]]:
    return {frozenset(group.split()) for group in groups}


NO_SIZE = dict.fromkeys(["quantity", "unit", "pack_count", "total", "dimension"])
WRAPS = "soft round white wheat flour wraps"
TWO_CLAIMS = [("aldi", '["vegan"]'), ("iga", "[]")]
SUPPER = f"{WRAPS} family kitchen table supper evening meal every night"
PACKS = [("aldi", 3), ("coles", 1), ("iga", 5)]
PIECES = {"quantity": 80.0, "pack_count": 5, "total": 400.0}
CANS = {"unit": "ml", "dimension": "volume"}
ONE_CAN = {**CANS, "quantity": 330.0, "total": 330.0}
SIX_CANS = {**CANS, "quantity": 330.0, "pack_count": 6, "total": 1980.0}


@pytest.mark.parametrize(
    ("rows", "products", "conflicts"),
    [
        pytest.param(
            [listing("aldi", "1", "oats", gtin=GTIN), listing("iga", "1", "rolled oats", gtin=GTIN)],
            sets("aldi:1 iga:1"),
            [],
            id="one GTIN",
        ),
        pytest.param(
            [listing("aldi", "1", "oats", gtin=GTIN), listing("aldi", "2", "oats", gtin=GTIN)],
            sets("aldi:1 aldi:2"),
            [],
            id="one GTIN twice in one company",
        ),
        pytest.param(
            [listing("aldi", "1", "smooth butter"), listing("iga", "1", "butter smooth")],
            sets("aldi:1 iga:1"),
            [],
            id="one name",
        ),
        pytest.param(
            [listing("aldi", "1", "butter"), listing("aldi", "2", "butter")],
            sets("aldi:1", "aldi:2"),
            [],
            id="one name twice in one company only",
        ),
        pytest.param(
            [listing("aldi", "1", "butter"), listing("coles", "1", "butter", gtin=GTIN), listing("iga", "1", "butter")],
            sets("aldi:1 coles:1 iga:1"),
            [],
            id="one name in three companies, one of which knows the GTIN",
        ),
        pytest.param(
            [listing("aldi", "1", "butter"), listing("iga", "1", "butter"), listing("iga", "2", "butter")],
            sets("aldi:1", "iga:1", "iga:2"),
            ["ambiguous_name"],
            id="two that fit",
        ),
        pytest.param(
            [
                *(listing(company, "1", "butter salted") for company in ("aldi", "iga")),
                *(listing("iga", sku, name) for sku, name in (("2", "butter"), ("3", "salted jam"), ("4", "jam"))),
            ],
            sets("aldi:1 iga:1", "iga:2", "iga:3", "iga:4"),
            [],
            id="of two that are alike the one that fits",
        ),
        pytest.param(
            [listing("coles", "1", f"plain {WRAPS}", **PIECES), listing("iga", "1", WRAPS, total=400.0)],
            sets("coles:1 iga:1"),
            [],
            id="alike enough with one total",
        ),
        pytest.param(
            [
                listing("coles", "1", f"plain {WRAPS}", **PIECES),
                listing("iga", "1", WRAPS, unit="each", quantity=5.0, total=5.0),
            ],
            sets("coles:1", "iga:1"),
            ["uncertain_name"],
            id="not alike enough where only the pieces agree",
        ),
        pytest.param(
            [listing("aldi", "1", "oats", claims='["gluten_free"]'), listing("iga", "1", "oats")],
            sets("aldi:1", "iga:1"),
            ["uncertain_name"],
            id="one claims what the other does not",
        ),
        pytest.param(
            [
                listing("aldi", "1", "butter", gtin=GTIN),
                listing("coles", "1", "butter", gtin=GTIN),
                listing("iga", "1", "butter"),
                listing("iga", "2", "butter", gtin=GTIN),
            ],
            sets("aldi:1 coles:1 iga:2", "iga:1"),
            [],
            id="who has a listing by GTIN gets none by name",
        ),
        pytest.param(
            [listing("aldi", "1", "butter", gtin=GTIN), listing("iga", "1", "butter", gtin=OTHER_GTIN)],
            sets("aldi:1", "iga:1"),
            ["contradicting_gtin"],
            id="one name, two GTINs",
        ),
        pytest.param(
            [
                listing("aldi", "1", "cola", **SIX_CANS),
                listing("iga", "1", "cola", quantity=1980.0, total=1980.0, **CANS),
            ],
            sets("aldi:1 iga:1"),
            [],
            id="one company writes only the total of a pack",
        ),
        pytest.param(
            [listing("aldi", "1", "gum", pack_count=3), listing("iga", "1", "gum", pack_count=5)],
            sets("aldi:1", "iga:1"),
            ["uncertain_name"],
            id="one total in two packs",
        ),
        pytest.param(
            [
                listing("aldi", "1", "bananas", brand=None, brand_key=None),
                listing("iga", "1", "bananas", brand=None, brand_key=None),
            ],
            sets("aldi:1", "iga:1"),
            [],
            id="no brand joins nobody",
        ),
        pytest.param(
            [listing("aldi", "1", "butter", **NO_SIZE), listing("iga", "1", "butter", **NO_SIZE)],
            sets("aldi:1", "iga:1"),
            [],
            id="no size joins nobody",
        ),
        pytest.param(
            [listing("aldi", "1", "cola", gtin=GTIN, **ONE_CAN), listing("iga", "1", "cola", gtin=GTIN, **SIX_CANS)],
            sets("aldi:1", "iga:1"),
            ["gtin_name_mismatch"],
            id="the GTIN of a can on a pack of six",
        ),
        pytest.param(
            [
                listing("aldi", "1", "dishwasher tablets", gtin=GTIN, brand="Logix"),
                listing("iga", "1", "full cream milk", gtin=GTIN),
            ],
            sets("aldi:1", "iga:1"),
            ["gtin_name_mismatch"],
            id="one GTIN on two things",
        ),
        pytest.param(
            [
                listing("aldi", "1", "cola", gtin=GTIN, **SIX_CANS),
                listing("coles", "1", "cola", gtin=GTIN, **ONE_CAN),
                listing("iga", "1", "cola", gtin=GTIN, **ONE_CAN),
            ],
            sets("aldi:1", "coles:1 iga:1"),
            ["gtin_name_mismatch"],
            id="the majority stays together",
        ),
        pytest.param(
            [
                listing("aldi", "1", "cola", gtin=GTIN, **ONE_CAN),
                listing("coles", "1", "cola", **ONE_CAN),
                listing("iga", "1", "cola", gtin=GTIN, **SIX_CANS),
            ],
            sets("aldi:1", "coles:1", "iga:1"),
            ["gtin_name_mismatch"],
            id="who lost the GTIN joins nobody by name",
        ),
        pytest.param(
            [listing(company, "1", "gum", pack_count=packs) for company, packs in PACKS],
            sets("aldi:1", "coles:1", "iga:1"),
            ["ambiguous_name", "uncertain_name"],
            id="two packs do not meet through a third company that tells none",
        ),
        pytest.param(
            [
                *(listing("aldi", sku, name) for sku, name in (("1", SUPPER), ("2", f"nice new {SUPPER}"))),
                *(listing("coles", sku, f"{kind} {SUPPER}") for sku, kind in (("1", "tasty fresh"), ("2", "nice new"))),
                listing("iga", "1", f"tasty fresh {SUPPER}"),
            ],
            sets("aldi:1", "aldi:2 coles:2", "coles:1 iga:1"),
            ["ambiguous_name"],
            id="what is ambiguous is not joined through a third company",
        ),
        pytest.param(
            [
                listing(company, "1", f"{kind} {WRAPS} family")
                for company, kind in (("aldi", "plain fresh"), ("coles", "plain"), ("iga", ""))
            ],
            sets("aldi:1 coles:1 iga:1"),
            [],
            id="what a third has joined is no conflict",
        ),
        pytest.param(
            [
                *(listing(company, "1", "butter") for company in ("aldi", "coles", "iga")),
                listing("iga", "2", "butter"),
            ],
            sets("aldi:1 coles:1", "iga:1", "iga:2"),
            ["ambiguous_name"],
            id="two that fit, and two that are joined",
        ),
        pytest.param(
            [
                listing("aldi", "1", SUPPER),
                listing("coles", "1", SUPPER, gtin=GTIN),
                listing("iga", "1", f"fresh {SUPPER}", gtin=OTHER_GTIN),
            ],
            sets("aldi:1 coles:1", "iga:1"),
            ["ambiguous_name", "contradicting_gtin"],
            id="of two GTINs the one that is clearly more alike",
        ),
        pytest.param(
            [
                listing("aldi", "1", "rolls", gtin=GTIN, quantity=6.0, unit="each", total=6.0, dimension="count"),
                listing("iga", "1", "rolls", gtin=GTIN),
            ],
            sets("aldi:1 iga:1"),
            [],
            id="counted here and weighed there is no contradiction",
        ),
        pytest.param(
            [
                listing("aldi", "1", "rolls", gtin=GTIN, quantity=6.0, unit="each", total=6.0, dimension="count"),
                listing("iga", "1", "rolls", gtin=GTIN, quantity=1.0, unit="each", total=1.0, dimension="count"),
            ],
            sets("aldi:1 iga:1"),
            [],
            id="a count of one is what tells no size",
        ),
        pytest.param(
            [
                listing("aldi", "1", "chicken", gtin=GTIN, total=1600.0, quantity=1600.0, approximate=True),
                listing("iga", "1", "chicken", gtin=GTIN, total=1000.0, quantity=1000.0),
            ],
            sets("aldi:1 iga:1"),
            [],
            id="an approximate weight may differ",
        ),
        pytest.param(
            [
                listing("aldi", "1", "butter", in_store_code="2918940000005"),
                listing("iga", "1", "margarine", in_store_code="2918940000005"),
            ],
            sets("aldi:1", "iga:1"),
            [],
            id="an in-store code is no identity",
        ),
    ],
)
def test_what_is_one_product(
    rows: list[dict[str, object]], products: set[frozenset[str]], conflicts: list[str]
) -> None:
    identity = identify(frame(*rows))
    assert together(identity) == products
    assert kinds(identity) == conflicts


@pytest.mark.parametrize("third", ["aldi", "dm", "spar"])
def test_a_product_with_two_names_does_not_chain_two_listings_of_one_company(third: str) -> None:
    """Before, between and after the two that share the GTIN: the company's place in the alphabet decides nothing."""
    by_gtin = [listing("coles", "1", "butter", gtin=GTIN), listing("iga", "1", "butter spread", gtin=GTIN)]
    others = [listing(third, "1", "butter"), listing(third, "2", "butter spread")]
    identity = identify(frame(*by_gtin, *others))
    assert together(identity) == sets(f"{third}:1", f"{third}:2", "coles:1 iga:1")
    assert kinds(identity) == ["ambiguous_name"]


@pytest.mark.parametrize("third", ["aldi", "dm", "spar"])
def test_what_is_as_alike_to_two_gtins_joins_neither(third: str) -> None:
    by_gtin = [listing("coles", "1", "butter", gtin=GTIN), listing("iga", "1", "butter", gtin=OTHER_GTIN)]
    identity = identify(frame(*by_gtin, listing(third, "1", "butter")))
    assert together(identity) == sets(f"{third}:1", "coles:1", "iga:1")
    assert kinds(identity) == ["ambiguous_name", "contradicting_gtin"]


def test_product_ids_and_how_they_were_found() -> None:
    identity = identify(
        frame(
            listing("aldi", "1", "butter"),
            listing("coles", "7", "butter", gtin=GTIN),
            listing("coles", "8", "oats"),
            listing("iga", "3", "oats"),
            listing("iga", "9", "honey", gtin=OTHER_GTIN),
            listing("iga", "10", "jam"),
        )
    )
    assert list(identity.product_listings.itertuples(index=False, name=None)) == [
        ("aldi", "1", GTIN, "name"),
        ("coles", "7", GTIN, "gtin"),
        ("coles", "8", "coles:8", "name"),
        ("iga", "10", "iga:10", "sku"),
        ("iga", "3", "coles:8", "name"),
        ("iga", "9", OTHER_GTIN, "gtin"),
    ]
    products = identity.products.set_index("product_id")
    assert products["gtin"].dropna().to_dict() == {GTIN: GTIN, OTHER_GTIN: OTHER_GTIN}
    assert products["listing_count"].to_dict() == {GTIN: 2, OTHER_GTIN: 1, "coles:8": 2, "iga:10": 1}
    assert products.loc[GTIN, "company_count"] == 2


@pytest.mark.parametrize(
    ("rows", "owner"),
    [
        ([("aldi", ONE_CAN), ("coles", SIX_CANS), ("iga", SIX_CANS)], "coles"),
        ([("aldi", ONE_CAN), ("coles", SIX_CANS)], None),
    ],
)
def test_a_disputed_gtin_belongs_to_the_majority_or_to_nobody(
    rows: list[tuple[str, dict[str, object]]], owner: str | None
) -> None:
    identity = identify(frame(*(listing(company, "1", "cola", gtin=GTIN, **size) for company, size in rows)))
    having = identity.products.dropna(subset=["gtin"])["product_id"]
    assert list(having) == ([GTIN] if owner else [])
    owners = identity.product_listings.query("product_id == @GTIN")["company_slug"]
    assert (owner in set(owners)) == (owner is not None)
    assert "aldi:1" in set(identity.products["product_id"])


def test_a_conflict_names_its_listings_and_where_they_landed() -> None:
    identity = identify(
        frame(listing("aldi", "1", "butter"), listing("iga", "1", "butter"), listing("iga", "2", "butter"))
    )
    conflicts = identity.identity_conflicts
    assert conflicts["conflict_id"].unique().tolist() == ["ambiguous_name: aldi:1, iga:1, iga:2"]
    assert conflicts["product_id"].tolist() == ["aldi:1", "iga:1", "iga:2"]
    assert conflicts["reason"].unique().tolist() == [
        "more than one product of iga has this brand, name and size (aldi:1, iga:1, iga:2); kept apart"
    ]


def test_a_conflict_says_what_is_joined_of_what_it_names() -> None:
    companies = ("aldi", "coles", "iga")
    identity = identify(frame(*(listing(name, "1", "butter") for name in companies), listing("iga", "2", "butter")))
    assert identity.identity_conflicts["product_id"].tolist() == ["aldi:1", "aldi:1", "iga:1", "iga:2"]
    assert identity.identity_conflicts["reason"].unique().tolist() == [
        "more than one product of iga has this brand, name and size (aldi:1 with coles:1, iga:1, iga:2); kept apart"
    ]


def test_attributes_are_those_of_the_first_listing_that_has_them() -> None:
    identity = identify(
        frame(
            listing("iga", "1", "third", gtin=GTIN, quantity=120.0, total=360.0, pack_count=3, brand="BEGA"),
            listing("aldi", "1", "first bega", gtin=GTIN, brand=None, brand_key=None, **NO_SIZE),
            listing("coles", "1", "second bega", gtin=GTIN, approximate=True),
        )
    )
    product = identity.products.iloc[0]
    assert (product["name"], product["core_name"], product["brand"]) == ("First Bega", "first bega", "Bega")
    assert (product["quantity"], product["pack_count"], product["total"]) == (375.0, 1, 375.0)
    assert product["approximate"]
    assert product["company_count"] == 3


def test_a_placeholder_gtin_joins_nobody_and_costs_no_time() -> None:
    count = MOST_LISTINGS_OF_A_GTIN + 1
    rows = [listing("aldi", str(number), f"thing {number}", gtin=GTIN) for number in range(count)]
    identity = identify(frame(*rows))
    assert len(identity.products) == count
    assert identity.products["gtin"].isna().all()
    assert kinds(identity) == ["gtin_name_mismatch"]
    assert f"stands on {count} listings" in identity.identity_conflicts["reason"][0]


def test_no_listings() -> None:
    identity = identify(frames.empty(tables.listings))
    assert [len(table) for table in (identity.products, identity.product_listings, identity.identity_conflicts)] == [
        0
    ] * 3


def many(count: int) -> pd.DataFrame:
    """Listings of three companies, a third of which share something; every kind of conflict is among them."""
    rows = [
        listing(
            ("aldi", "coles", "iga")[number % 3],
            str(number),
            f"taste {number // 4} kind {number % 11 // 5}",
            gtin=f"{number // 5:014d}" if number % 2 else None,
            pack_count=1 + (number % 7 == 0) * (number % 5),
            brand=("Bega", None)[number % 13 == 0],
            brand_key=("bega", None)[number % 13 == 0],
            total=375.0 if number % 17 else 3750.0,
        )
        for number in range(count)
    ]
    two_gtins = [
        listing(company, "unlike", "one name", gtin=gtin) for company, gtin in (("aldi", GTIN), ("iga", OTHER_GTIN))
    ]
    unsure = [listing(company, "unsure", "another name", claims=claims) for company, claims in TWO_CLAIMS]
    return frame(*rows, *two_gtins, *unsure)


def test_the_order_of_the_rows_is_without_influence() -> None:
    rows = many(600)
    expected = identify(rows)
    assert set(kinds(expected)) == {"ambiguous_name", "contradicting_gtin", "gtin_name_mismatch", "uncertain_name"}
    for seed in range(3):
        shuffled = identify(rows.sample(frac=1, random_state=seed))
        pd.testing.assert_frame_equal(shuffled.products, expected.products)
        pd.testing.assert_frame_equal(shuffled.product_listings, expected.product_listings)
        pd.testing.assert_frame_equal(shuffled.identity_conflicts, expected.identity_conflicts)


def test_without_gtins_a_product_has_at_most_one_listing_of_a_company() -> None:
    rows = many(600)
    identity = identify(rows.assign(gtin=pd.Series(None, index=rows.index, dtype="str")))
    assert identity.products["company_count"].max() == 3
    assert (identity.products["listing_count"] == identity.products["company_count"]).all()


def test_every_listing_is_in_exactly_one_product() -> None:
    rows = many(600)
    identity = identify(rows)
    assert len(identity.product_listings) == len(rows)
    assert set(identity.product_listings["product_id"]) == set(identity.products["product_id"])
    assert identity.products["listing_count"].sum() == len(rows)
    assert set(identity.identity_conflicts["product_id"]) <= set(identity.products["product_id"])


def test_a_night_of_a_whole_country_takes_seconds() -> None:
    nights = [many(5_000) for _ in range(4)]
    copies = [night.assign(company_slug=night["company_slug"] + str(number)) for number, night in enumerate(nights)]
    rows = pd.concat(copies, ignore_index=True)
    started = time.process_time()
    identify(rows)
    assert time.process_time() - started < 6  # about 1.6 s for these 20,000, which are far more alike than real ones
