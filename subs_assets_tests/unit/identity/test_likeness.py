"""How alike two listings are: which sizes and brands agree at all, and which words weigh how much."""

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.identity import likeness as likeness_module
from subs_assets.identity.likeness import LEADS_SHARE, likenesses
from subs_assets_tests.unit.identity.listings import frame, listing, sized

NO_BRAND = {"brand": None, "brand_key": None}


def likeness(left: dict[str, object], right: dict[str, object], *others: dict[str, object]) -> float | None:
    """Of the first two listings; None where they are no pair."""
    rows = frame(left, right, *others)
    keys = list(zip(rows["company_slug"], rows["sku"], strict=True))
    wanted = tuple(keys.index((side["company_slug"], side["sku"])) for side in (left, right))
    pairs = likenesses(rows).set_index(["left", "right"])["likeness"]
    return pairs.get(wanted)


@pytest.mark.parametrize(
    ("left", "right", "agree", "same_total"),
    [
        (sized(375, "g"), sized(375, "g"), True, True),
        (sized(453.6, "g"), sized(454, "g"), True, True),
        (sized(1980, "ml", 6), sized(1980, "ml"), True, True),
        (sized(12, "each"), sized(12, "each"), True, True),
        # What says little: pieces against pieces of so many grams, and one of each.
        (sized(12, "each"), sized(180, "g", 12), True, False),
        (sized(180, "g", 12), sized(12, "each"), True, False),
        (sized(1, "each"), sized(1, "each"), True, False),
        (sized(375, "g"), sized(380, "g"), False, False),
        (sized(375, "g"), sized(375, "ml"), False, False),
        (sized(12, "each"), sized(180, "g", 6), False, False),
        (sized(180, "g", 12), sized(200, "g", 12), False, False),
        (sized(1, "each"), sized(375, "g"), False, False),
        (sized(None, None, None), sized(None, None, None), False, False),
        (sized(None, None, None), sized(375, "g"), False, False),
    ],
)
def test_sizes_that_agree(left: dict[str, object], right: dict[str, object], agree: bool, same_total: bool) -> None:
    pairs = likenesses(frame(listing("aldi", "1", "butter", **left), listing("iga", "1", "butter", **right)))
    assert pairs["same_total"].tolist() == ([same_total] if agree else [])


def test_totals_around_the_border_of_a_step_are_found() -> None:
    for thousandth in range(40):
        total = 100 * 1.001**thousandth
        left, right = (listing(company, "1", "butter", **sized(size, "g")) for company, size in
                       (("aldi", total), ("iga", total * 1.0095)))  # fmt: skip
        assert likeness(left, right) == 1


@pytest.mark.parametrize(
    ("left", "right", "pair"),
    [
        (("Bega", "butter"), ("Bega", "butter"), True),
        (("Up & Go", "banana"), ("Up&Go", "banana"), True),
        (("Tip Top", "crumbs"), ("Tip Top Cafe", "crumbs"), True),
        (("Fibre One 90 Calorie", "bars"), ("Fibre One", "bars"), True),
        # The brand of one stands in the name of the other.
        (("Red Tractor", "oats"), ("RT", "red tractor oats"), True),
        ((None, "bega butter"), ("Bega", "butter"), True),
        (("Bega", "butter"), ("Kraft", "butter"), False),
        (("Fresh Salad Co", "rocket"), ("Community Co", "rocket salad"), False),
        ((None, "butter"), ("Bega", "butter"), False),
        ((None, "bananas"), (None, "bananas"), False),
    ],
)
def test_brands_that_agree(left: tuple[str | None, str], right: tuple[str | None, str], pair: bool) -> None:
    sides = [listing(company, "1", name, brand=brand) for company, (brand, name) in (("aldi", left), ("iga", right))]
    branded = [listing("aldi", "9", "other", brand="Other"), listing("iga", "9", "other things", brand="Things")]
    assert (likeness(*sides, *branded) is not None) == pair


def test_only_listings_of_two_companies_are_pairs() -> None:
    rows = [listing(company, sku, "butter") for company, sku in (("aldi", "1"), ("aldi", "2"), ("iga", "1"))]
    assert likenesses(frame(*rows))[["left", "right"]].to_numpy().tolist() == [[0, 2], [1, 2]]


def test_words_are_a_bag_and_packing_is_none() -> None:
    assert likeness(listing("aldi", "1", "crunchy peanut butter"), listing("iga", "1", "peanut butter crunchy")) == 1
    assert (
        likeness(listing("aldi", "1", "musk", brand="Life"), listing("iga", "1", "single roll musk bag", brand="Life"))
        == 1
    )


ASSORTMENT = [
    listing("aldi", "21", "smooth honey", **sized(500, "g")),
    listing("aldi", "22", "light smooth honey", **sized(500, "g")),
    listing("aldi", "23", "smooth jam spread", **sized(900, "g")),
]
"""In it "light" names a variety, and "spread" does not."""


def test_a_word_that_names_varieties_elsewhere_weighs_more_where_one_side_lacks_it() -> None:
    plain = listing("aldi", "1", "peanut butter")
    assortment = [listing("coles", "1", "milk"), *ASSORTMENT]
    generic = likeness(plain, listing("iga", "1", "peanut butter spread"), *assortment)
    variety = likeness(plain, listing("iga", "1", "light peanut butter"), *assortment)
    assert generic is not None
    assert variety is not None
    assert variety < generic < 1


def test_words_exchanged_weigh_more_than_words_added() -> None:
    stock = listing("aldi", "1", "stock liquid real")
    added = likeness(stock, listing("iga", "1", "stock liquid real chicken beef"))
    exchanged = likeness(
        listing("aldi", "1", "stock liquid real beef"), listing("iga", "1", "stock liquid real chicken")
    )
    assert added is not None
    assert exchanged is not None
    assert exchanged < added < 1


def test_a_word_that_goes_with_the_others_weighs_less() -> None:
    cereals = [
        listing("coles", str(number), f"{kind} cereal", brand="Kellogg's") for number, kind in enumerate("abcdef")
    ]
    others = [listing("coles", f"9{number}", f"{kind} gold", brand="Other") for number, kind in enumerate("abcdef")]
    flakes = listing("aldi", "1", "corn flakes", brand="Kellogg's")
    expected = likeness(flakes, listing("iga", "1", "corn flakes cereal", brand="Kellogg's"), *cereals, *others)
    unexpected = likeness(flakes, listing("iga", "1", "corn flakes gold", brand="Kellogg's"), *cereals, *others)
    assert expected is not None
    assert unexpected is not None
    assert unexpected < expected < 1


def brandless(company: str, *names: str) -> list[dict[str, object]]:
    return [listing(company, str(number), name, **NO_BRAND) for number, name in enumerate(names)]


def test_where_no_company_names_brands_a_word_that_leads_names_is_one() -> None:
    others = brandless("spar", *(f"milka {kind}" for kind in ("noisette", "oreo", "alpenmilch", "daim")))
    others += brandless("mpreis", *(f"{kind} trauben" for kind in ("rote", "kernlose", "helle", "dunkle", "bio")))
    rows = frame(
        *brandless("billa", "milka erdbeer", "trauben"), *brandless("hofer", "milka erdbeer", "trauben"), *others
    )
    pairs = likenesses(rows)
    assert set(rows["core_name"].iloc[pairs["left"]]) == {"milka erdbeer"}
    assert not pairs["brand_given"].any()
    assert LEADS_SHARE > 2 / 7  # "trauben" leads two of the seven names that hold it


def test_a_word_that_leads_few_names_is_no_brand() -> None:
    assert likenesses(frame(*brandless("billa", "kohlrabi"), *brandless("hofer", "kohlrabi"))).empty


@pytest.mark.parametrize("rows", [frames.empty(tables.listings), frame(listing("aldi", "1", "butter"))])
def test_nothing_to_compare(rows: pd.DataFrame) -> None:
    assert likenesses(rows).empty


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_pairs_laid_side_by_side_in_parts_are_the_same(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["Oat Drink Barista", "Oat Drink", "Barista Oat", "Oat Drink Vanilla"]
    rows = frame(*(listing(company, str(n), name) for company in ("a", "b") for n, name in enumerate(names)))
    whole = likenesses(rows)
    monkeypatch.setattr(likeness_module, "PAIRS_AT_ONCE", at_once)
    assert len(whole) > 3
    pd.testing.assert_frame_equal(likenesses(rows), whole)
