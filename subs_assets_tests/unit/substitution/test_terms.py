"""What a name states: one table of names and their terms, and the lexicon's own soundness."""

import csv
from importlib.resources import files

import pytest

from subs_assets.substitution import terms
from subs_assets.substitution.terms import FACETS, Term, find_terms, lexicon


@pytest.mark.parametrize(
    ("name", "department", "stated"),
    [
        ("lamb mince", None, "lamb | | mince"),
        ("honey soy chicken", None, "chicken | soy_sauce"),
        ("kalb&huhn", None, "chicken,veal"),
        ("tuna in olive oil", None, "tuna | olive | in_oil"),
        ("crackers with rosemary", None, "| rosemary"),
        ("lamb rump steak with honey marinade", None, "lamb | honey | rump"),
        ("peaches in mango jelly", None, "peach | mango"),
        ("strawberry & vanilla flavoured milk", None, "| milk,strawberry,vanilla"),
        ("strawberry yoghurt", "chilled", "| strawberry | | chilled"),
        ("soy yoghurt", None, "soybean"),
        ("rice crackers bbq", None, "rice | bbq"),
        ("milk chocolate block", None, "| chocolate | milk_chocolate"),
        ("green beans", "frozen", "green_bean | | green | frozen"),
        ("dried green beans", "produce", "green_bean | | green | dried"),
        ("crunchy peanut butter", None, "peanut | | crunchy"),
        ("lemon cleaner", "household", "| lemon"),
        ("erdbeerjoghurt", None, "| strawberry"),
        ("yoghurt flavoured bar", None, "| yogurt"),
        ("rindfleisch", None, "beef,meat"),
        ("himbeeren tiefgekuhlt", None, "raspberry | | | frozen"),
        ("raucherlachs", None, "salmon | | | smoked"),
        ("berries", None, "berry"),
        ("dishwasher tablets", None, "| | | | dishwasher"),
        # words that only look like a term
        ("beef tomato", None, "tomato"),
        ("butternut pumpkin", None, "pumpkin | | butternut_pumpkin"),
        ("sweet potato", None, "sweet_potato"),
        ("buttermilk", None, "buttermilk"),
        ("chicken salt", None, ""),
        ("nut free muesli", None, ""),
        ("eggs free range", None, "egg"),
        ("beef less fat", None, "beef"),
        ("no added sugar choc ice", None, "chocolate | | unsweetened"),
        ("candy cane", None, ""),
        ("fetta reduced fat", None, "feta | | low_fat"),
        ("dairy & gluten free muesli", None, ""),
        ("jasmine rice", None, "rice | | jasmine"),
        ("full cream milk", None, "milk | | full_cream"),
        ("no salt", None, "| | unsalted"),
        ("salt reduced chicken stock", None, "chicken | | unsalted"),
        ("reduced sugar craisins", None, "cranberry"),
        ("cumin seed", None, "cumin"),
        ("ohne zucker", None, ""),
        ("aus osterreich", None, ""),
        ("adventure", None, ""),
        ("", None, ""),
    ],
)
def test_find_terms(name: str, department: str | None, stated: str) -> None:
    wanted = [column.strip() for column in stated.split("|")]
    found = [",".join(found) for found in find_terms(name, department).values()]
    assert found == wanted + [""] * (len(FACETS) - len(wanted))


def test_every_row_of_the_lexicon_can_be_found() -> None:
    """Each word of a substance, variety, state or use, as a name of its own or as part of one word, states its term."""
    column_of = {**terms.FACET_OF, terms.SUBSTANCE: "ingredients"}
    flavoured = {name for facet, name in lexicon().terms if facet == terms.FLAVOURING}
    unfound = []
    for term in lexicon().terms.values():
        for word in term.words if term.facet in column_of and term.name not in flavoured else ():
            found = find_terms(word.replace("*", "zz"))
            if term.name not in (*found[column_of[term.facet]], *found["flavours"]):
                unfound.append((term.name, word))
    assert unfound == []


def test_the_lexicon_has_a_likeness_where_and_only_where_a_term_has_kinds() -> None:
    parents = {(term.facet, term.parent) for term in lexicon().terms.values() if term.parent}
    text = files("subs_assets.substitution").joinpath("terms.csv").read_text(encoding="utf-8")
    without = [row["term"] for row in csv.DictReader(text.splitlines()) if not row["likeness"]]
    assert [name for facet, name in parents if facet != "nothing" and name in without] == []


def test_a_kind_is_more_like_its_nearer_kin() -> None:
    for term in lexicon().terms.values():
        above = [kin.likeness for kin in lexicon().ancestry(term.facet, term.name)[1:]]
        assert above == sorted(above, reverse=True), term


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([Term("substance", "beef", "", 0.0, ("beef",))] * 2, "substance beef stands there twice"),
        ([Term("substance", "beef", "meat", 0.0, ("beef",))], "substance beef has the parent meat, which has no row"),
    ],
)
def test_a_wrong_lexicon_says_what_is_wrong(rows: list[Term], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        terms._lexicon(rows)
