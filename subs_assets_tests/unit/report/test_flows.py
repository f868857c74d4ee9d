"""Where each department's listings go: nothing is lost, nothing counts twice, and the picture shows it to scale."""

import itertools
import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from subs_assets.report.flow_picture import (
    DRAWN_HEIGHT,
    LINE,
    NAME_LENGTH,
    RELATION_COLOURS,
    THINNEST,
    TOP,
    Box,
    FlowPicture,
    flow_picture,
    flow_svg,
)
from subs_assets.report.flows import NOT_MAPPED, Flow, department_flows, department_rows, flows_by_pair
from subs_assets_tests.made_up_nights import ARABIC, HEBREW, HOSTILE, LONG
from subs_assets_tests.small_shops import equivalences, path

FACETS = pd.DataFrame([("iga", path("Grocery"), "universal_root")], columns=["company_slug", "path", "kind"])


def standing(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """(company, sku, category) with the first name of the category as department."""
    named = [(company, sku, path(category), category.split(" > ")[0] or "none") for company, sku, category in rows]
    return pd.DataFrame(named, columns=["company_slug", "sku", "path", "department"])


STANDING = standing(
    ("aldi", "1", "Pantry > Muesli"),
    ("aldi", "2", "Pantry > Muesli"),
    ("aldi", "2", "Baking > Oats"),
    ("aldi", "3", "Pantry > Salt"),
    ("aldi", "4", ""),
    ("iga", "1", "Breakfast"),
)


def absences(*rows: tuple[str, str]) -> pd.DataFrame:
    """Of aldi at iga: (category, the one above it that speaks for it)."""
    told = [("aldi", path(category), "iga", "above", path(above)) for category, above in rows]
    return pd.DataFrame(told, columns=["company_slug", "path", "target_company_slug", "answer", "through_path"])


def flows_of(
    *mappings: tuple[str, ...], support: list[float] | None = None, absent: tuple[tuple[str, str], ...] = ()
) -> list[Flow]:
    table = equivalences(*mappings)  # type: ignore[arg-type]
    table = table.assign(support=support) if support else table
    return flows_by_pair(department_flows(STANDING, FACETS, table, absences(*absent)))["aldi", "iga"]


def test_listings_go_to_the_department_that_their_category_is_mapped_to() -> None:
    found = flows_of(
        ("aldi", "Pantry > Muesli", "iga", "Grocery > Breakfast > Muesli", "exact"),
        ("aldi", "Pantry > Salt", "iga", "Grocery > Spices", "broad", "proposed"),
        ("aldi", "Pantry", "iga", "Grocery > Spices", "broad"),
    )
    assert found == [
        ("Pantry", "Breakfast", "exact", 1.5),
        ("Pantry", NOT_MAPPED, NOT_MAPPED, 1.0),
        ("none", NOT_MAPPED, NOT_MAPPED, 1.0),
        ("Baking", NOT_MAPPED, NOT_MAPPED, 0.5),
    ]


@pytest.mark.parametrize("support, parts", [([3.0, 1.0], [1.125, 0.375]), ([0.0, 0.0], [0.75, 0.75])])
def test_several_mappings_share_the_listings_by_their_support(support: list[float], parts: list[float]) -> None:
    found = flows_of(
        ("aldi", "Pantry > Muesli", "iga", "Grocery > Breakfast > Muesli", "narrow"),
        ("aldi", "Pantry > Muesli", "iga", "Grocery > Snacks", "narrow"),
        support=support,
    )
    assert [flow.listings for flow in found if flow.relation == "narrow"] == parts
    assert sum(flow.listings for flow in found) == 4


def test_a_pair_without_any_mapping_goes_nowhere() -> None:
    by_pair = flows_by_pair(department_flows(STANDING, FACETS, equivalences(), absences()))
    assert by_pair["iga", "aldi"] == [("Breakfast", NOT_MAPPED, NOT_MAPPED, 1.0)]
    assert set(by_pair) == {("aldi", "iga"), ("iga", "aldi")}


def test_a_category_that_one_above_speaks_for_goes_where_that_one_goes() -> None:
    found = flows_of(
        ("aldi", "Pantry", "iga", "Grocery > Spices", "broad"),
        ("aldi", "Pantry", "iga", "Grocery > Snacks", "narrow"),
        support=[1.0, 3.0],
        absent=(("Pantry > Salt", "Pantry"),),
    )
    assert Flow("Pantry", "Spices", "above", 1.0) in found
    assert sum(flow.listings for flow in found) == 4 and not any(flow.target_department == "Snacks" for flow in found)


def test_the_table_has_the_largest_departments_and_where_they_go() -> None:
    flows = [Flow("A", "X", "exact", 5.0), Flow("A", "X", "narrow", 2.0), Flow("B", NOT_MAPPED, NOT_MAPPED, 1.0)]
    rows = department_rows(flows, [("B", 1, 0), ("A", 8, 7), ("C", 1, 0)], 2)
    assert [(row.name, row.listings, row.mapped) for row in rows] == [("A", 8, 7), ("B", 1, 0)]
    assert rows[0].targets == {"X": {"exact": 5.0, "narrow": 2.0}} and rows[1].targets == {}


def many(left: int, right: int) -> list[Flow]:
    """A flow from each of so many departments to each of so many others, and some that go nowhere."""
    relations = itertools.cycle(["exact", "close", "broad", "narrow", "related", "above"])
    return [
        *(Flow(f"L{i}", f"R{j}", next(relations), 1.0 + (i * j) % 7) for i in range(left) for j in range(right)),
        *(Flow(f"L{i}", NOT_MAPPED, NOT_MAPPED, 2.0) for i in range(left)),
    ]


def bands_at(picture: FlowPicture, side: int) -> list[tuple[float, float]]:
    """(top, bottom) of every band where it meets a side's boxes, from the top down."""
    places = []
    for band in itertools.chain.from_iterable(picture.bands.values()):
        y = float(re.findall(r"[\d.]+,([\d.]+)", band.d)[(0, -1)[side]])
        places.append((y - band.width / 2, y + band.width / 2))
    return sorted(places)


@pytest.mark.parametrize("left, right", [(1, 1), (3, 12), (12, 12), (100, 100)])
def test_the_picture_is_to_scale_and_nothing_lies_on_another(left: int, right: int) -> None:
    flows = many(left, right)
    picture = flow_picture(flows, most_bands=10_000)
    total = sum(flow.listings for flow in flows)
    for side, boxes in enumerate((picture.left, picture.right)):
        assert sum(box.listings for box in boxes) == pytest.approx(total)
        assert all(box.height == pytest.approx(max(1.0, box.listings * DRAWN_HEIGHT / total)) for box in boxes)
        assert boxes[0].y >= TOP and boxes[-1].y + boxes[-1].height <= picture.height
        assert all(lower.middle - upper.middle >= LINE for upper, lower in itertools.pairwise(boxes))
        assert all(upper.y + upper.height <= lower.y for upper, lower in itertools.pairwise(boxes))
        bands = bands_at(picture, side)
        assert all(upper[1] <= lower[0] + THINNEST + 0.1 for upper, lower in itertools.pairwise(bands))
    assert picture.bands_left_out == 0 and picture.right[-1].name == NOT_MAPPED


def test_small_departments_are_one_box_and_thin_bands_are_left_out() -> None:
    picture = flow_picture(many(100, 100), most_bands=40, most_boxes=16)
    assert [len(picture.left), len(picture.right)] == [16, 17]
    assert picture.left[-1].name == "85 smaller ones" and picture.right[-2].name == "85 smaller ones"
    assert sum(map(len, picture.bands.values())) == 40 and picture.bands_left_out > 0
    drawn = sum(band.width for bands in picture.bands.values() for band in bands) / DRAWN_HEIGHT
    total = sum(flow.listings for flow in many(100, 100))
    assert drawn * total + picture.listings_left_out == pytest.approx(total)


def test_the_right_side_stands_where_its_bands_come_from() -> None:
    straight = [Flow(f"L{i}", f"R{4 - i}", "exact", 10.0 - i) for i in range(5)]
    names = [[box.name for box in side] for side in (flow_picture(straight).left, flow_picture(straight).right)]
    assert names == [[f"L{i}" for i in range(5)], [f"R{4 - i}" for i in range(5)]]


def test_the_strongest_relation_is_drawn_last() -> None:
    assert list(flow_picture(many(4, 4)).bands) == list(RELATION_COLOURS)


def test_no_listing_at_all_is_an_empty_picture() -> None:
    assert flow_picture([]).left == () == flow_picture([]).right


@pytest.mark.parametrize("name", [HOSTILE, HEBREW, ARABIC, LONG, "Käse & Öl"])
def test_the_drawing_is_xml_whatever_the_names_are(name: str) -> None:
    svg = flow_svg(flow_picture([Flow(name, "Milk", "exact", 3.0), Flow(name, "X", "close", 1e-9)]), name, "Coles")
    root = ElementTree.fromstring(svg)
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    (shown,) = [text for text in texts if text.endswith(" 3")][:1]
    assert shown.removesuffix(" 3").strip("\u2068\u2069 ")[: NAME_LENGTH - 1] == name[: NAME_LENGTH - 1].strip()
    assert len(shown) <= NAME_LENGTH + len(" 3") + len("\u2068\u2069 ")
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any(title.endswith("Milk\u2069 (exact): 3 listings") for title in titles)
    assert root.get("role") == "img" and "Coles" in (root.get("aria-label") or "")


def test_a_box_is_where_its_words_are() -> None:
    (box,) = flow_picture([Flow("A", "B", "exact", 7.0)]).left
    assert box == Box("A", 7.0, TOP, DRAWN_HEIGHT, TOP + DRAWN_HEIGHT / 2)
