"""Which mappings a person is asked about, and which not."""

import pandas as pd
import pytest

from subs_assets.catalogue import category_path
from subs_assets.equivalence.questions import RELATED_SHOWN, find_questions
from subs_assets_tests.small_shops import path
from subs_assets_tests.unit.equivalence.review_night import changes, decisions, mappings, night

MUESLI_CEREAL = ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereal")
CEREAL_MUESLI = ("coles", "Breakfast > Cereal", "aldi", "Pantry > Muesli")
HONEY_SPREADS = ("aldi", "Pantry > Honey", "coles", "Breakfast > Spreads")
SPREADS_HONEY = ("coles", "Breakfast > Spreads", "aldi", "Pantry > Honey")


def asked(published, decided: pd.DataFrame | None = None) -> dict[tuple[str, ...], dict[str, str]]:  # type: ignore[no-untyped-def]
    found = find_questions(published, decisions() if decided is None else decided)
    return {
        (key[0], category_path.readable(key[1]), key[2], category_path.readable(key[3])): dict(why)
        for key, why in found.whys.items()
    }


@pytest.mark.parametrize(
    ("rows", "questions"),
    [
        pytest.param([(*MUESLI_CEREAL, "close")], {}, id="accepted: nothing to ask"),
        pytest.param(
            [(*MUESLI_CEREAL, "close", "proposed")],
            {MUESLI_CEREAL: {"proposed": "nothing accepted at coles for the category of aldi"}},
            id="proposed",
        ),
        pytest.param(
            [(*HONEY_SPREADS, "related"), (*HONEY_SPREADS[:3], "Breakfast > Cereal", "narrow", "proposed")],
            {(*HONEY_SPREADS[:3], "Breakfast > Cereal"): {"proposed": "1 accepted at coles for the category of aldi"}},
            id="proposed beside an accepted one",
        ),
        pytest.param(
            [(*HONEY_SPREADS, "related"), (*HONEY_SPREADS[:3], "Breakfast > Cereal", "related", "proposed")],
            {},
            id="only related, beside an accepted one",
        ),
        pytest.param(
            [
                ("aldi", "Pantry", "iga", "Spreads", "broad"),
                ("aldi", "Pantry > Honey", "iga", "Cereal", "related", "proposed"),
            ],
            {
                ("aldi", "Pantry > Honey", "iga", "Cereal"): {
                    "proposed": "nothing accepted at iga for the category of aldi"
                }
            },
            id="only related, and the department above it does not speak",
        ),
        pytest.param(
            [("aldi", "Pantry > Honey", "coles", "Breakfast", "related", "proposed")], {}, id="a whole department"
        ),
        pytest.param(
            [("aldi", "Pantry", "coles", "Breakfast > Cereal", "narrow", "proposed")], {}, id="no listing on it itself"
        ),
        pytest.param(
            [(*MUESLI_CEREAL, "broad"), (*CEREAL_MUESLI, "narrow")], {}, id="each other's inverse contradict nothing"
        ),
        pytest.param(
            [(*MUESLI_CEREAL, "broad"), (*CEREAL_MUESLI, "related")],
            {
                MUESLI_CEREAL: {"contradicting": "accepted broad here, accepted related back"},
                CEREAL_MUESLI: {"contradicting": "accepted related here, accepted broad back"},
            },
            id="contradicting relations",
        ),
        pytest.param(
            [(*MUESLI_CEREAL, "close"), (*CEREAL_MUESLI, "close", "rejected")],
            {
                MUESLI_CEREAL: {"contradicting": "accepted close here, rejected close back"},
                CEREAL_MUESLI: {"contradicting": "rejected close here, accepted close back"},
            },
            id="rejected in one direction only",
        ),
        pytest.param(
            [(*MUESLI_CEREAL, "broad"), (*CEREAL_MUESLI, "related", "proposed")],
            {CEREAL_MUESLI: {"proposed": "nothing accepted at aldi for the category of coles"}},
            id="a weak proposal contradicts nothing",
        ),
    ],
)
def test_of_what_is_published(rows: list[tuple[str, ...]], questions: dict[tuple[str, ...], dict[str, str]]) -> None:
    assert asked(night(mappings(*rows))) == questions


def test_of_related_proposals_the_strongest() -> None:
    targets = ["Breakfast > Cereal", "Breakfast > Spreads", "Breakfast > Spreads > Honey"]
    rows = [(*HONEY_SPREADS[:3], target, "related", "proposed") for target in [*targets, "Soap"]]
    published = mappings(*rows).assign(support=[1.0, 4.0, 3.0, 2.0])
    found = find_questions(night(published), decisions())
    assert len(found.whys) == RELATED_SHOWN == 3
    assert [key[3] for key in found.no_use] == [path("Breakfast > Cereal")]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("new", None, None, "accepted", "close"), "new, accepted close"),
        (("gone", "accepted", "close", None, None), "gone, was accepted close"),
        (("status", "proposed", "related", "accepted", "close"), "was proposed related, is accepted close"),
        (("relation", "accepted", "broad", "accepted", "close"), "was accepted broad, is accepted close"),
        (("new", None, None, "proposed", "related"), None),
        (("gone", "proposed", "close", None, None), None),
    ],
)
def test_of_what_changed_what_was_or_is_used(row: tuple[str | None, ...], why: str | None) -> None:
    assert asked(night(mappings(), changes((*MUESLI_CEREAL, *row)))) == (
        {MUESLI_CEREAL: {"changed": why}} if why else {}
    )


def test_a_mapping_that_went_with_its_category_is_no_question() -> None:
    gone = changes(("aldi", "Pantry > Tea", "coles", "Breakfast > Cereal", "gone", "accepted", "close", None, None))
    assert asked(night(mappings(), gone)) == {}


@pytest.mark.parametrize("decided", [(*MUESLI_CEREAL, "accept", "close"), (*CEREAL_MUESLI, "reject")])
def test_a_decided_pair_is_not_asked_about_again_before_or_after_the_next_run(decided: tuple[str, ...]) -> None:
    """In either direction: whoever decides by `subs review` decides both."""
    before = mappings((*MUESLI_CEREAL, "close", "proposed"))
    changed = changes((*MUESLI_CEREAL, "status", "accepted", "close", "proposed", "close"))
    assert asked(night(before, changed), decisions(decided)) == {}


def test_decisions_that_contradict_each_other_are_asked_about() -> None:
    both = decisions((*MUESLI_CEREAL, "accept", "close"), (*CEREAL_MUESLI, "reject"))
    assert asked(night(mappings()), both)[MUESLI_CEREAL] == {
        "contradicting": "accepted close here, rejected related back"
    }


@pytest.mark.parametrize(
    ("decided", "gone"),
    [
        (("aldi", "Pantry > Tea", "coles", "Breakfast > Cereal", "accept", "broad"), "aldi has no category"),
        (("aldi", "Gluten Free", "coles", "Breakfast > Cereal", "reject"), "aldi has no category"),
    ],
    ids=["gone", "a facet now"],
)
def test_a_decision_whose_category_vanished_is_a_question(decided: tuple[str, ...], gone: str) -> None:
    why = asked(night(mappings()), decisions(decided))[decided[:4]]
    assert list(why) == ["vanished"] and gone in why["vanished"]


@pytest.mark.parametrize(
    ("rows", "source", "reached"),
    [
        pytest.param([], ("aldi", "Pantry > Muesli", "related"), 3, id="the listings on it"),
        pytest.param([], ("aldi", "Pantry", "broad"), 5, id="and below, where it speaks for its parts"),
        pytest.param([], ("aldi", "Pantry", "narrow"), 0, id="not below, where it is only a part"),
        pytest.param([(*HONEY_SPREADS, "related")], ("aldi", "Pantry", "broad"), 3, id="less those mapped nearer"),
        pytest.param(
            [("coles", "Breakfast > Spreads", "iga", "Spreads", "exact")], ("coles", "Breakfast", "close"), 2,
            id="less those for which a nearer one speaks",
        ),
        pytest.param(
            [("coles", "Breakfast", "iga", "Spreads", "exact")], ("coles", "Breakfast > Spreads", "close"), 2,
            id="whatever is accepted above it",
        ),
    ],
)  # fmt: skip
def test_how_many_listings_a_mapping_reaches(
    rows: list[tuple[str, ...]], source: tuple[str, ...], reached: int
) -> None:
    company, category, relation = source
    target = ("coles", "Soap") if company == "aldi" else ("iga", "Soap")
    found = find_questions(night(mappings((company, category, *target, relation, "proposed"), *rows)), decisions())
    assert found.reached[company, path(category), target[0], path(target[1])] == reached
