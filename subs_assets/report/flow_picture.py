"""The picture of who maps to whom: where its boxes, bands and words stand; the counts are flows.py's, the drawing is
``page/flow.svg``'s."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subs_assets.report.charts import isolated
from subs_assets.report.flows import ABOVE, NOT_MAPPED, Flow
from subs_assets.report.template import clip, page_template

if TYPE_CHECKING:
    from markupsafe import Markup

RELATION_COLOURS = {
    NOT_MAPPED: "#c3c8ce",
    ABOVE: "#6b737c",
    "related": "#c9b037",
    "narrow": "#d5722b",
    "broad": "#8e4a8c",
    "close": "#4f9bd0",
    "exact": "#1f5f99",
}
"""From what is drawn first, and may be covered, to what is drawn last; told apart by people who see no red or no green
too."""

MOST_BOXES, MOST_BANDS = 16, 120
"""Departments of a side and bands: a person reads no more. The small departments become one box, the small bands are
left out."""

WIDTH, LABEL, BOX = 1_000, 270, 9
DRAWN_HEIGHT = 420
"""Pixels that all listings take together."""

LINE = 17
"""Pixels of a label; a smaller box gets as much room."""

GAP, THINNEST = 4, 0.6
TOP = 46
SMALL = " smaller ones"
NAME_LENGTH, TITLE_LENGTH = 30, 60
"""Characters of a department's name beside its box, and in what a band tells."""


@dataclass(frozen=True)
class Box:
    """A department: ``y`` and ``height`` of its box; ``middle``: where its words stand."""

    name: str
    listings: float
    y: float
    height: float
    middle: float


@dataclass(frozen=True)
class Band:
    """Listings from one box to another: ``d`` is the middle line (SVG path), ``width`` how wide it is drawn."""

    d: str
    width: float
    title: str


@dataclass(frozen=True)
class FlowPicture:
    """``bands`` by relation, in the order in which they are drawn; ``bands_left_out`` with ``listings_left_out``."""

    left: tuple[Box, ...]
    right: tuple[Box, ...]
    bands: Mapping[str, tuple[Band, ...]]
    height: float
    bands_left_out: int
    listings_left_out: float


def flow_picture(flows: Iterable[Flow], most_bands: int = MOST_BANDS, most_boxes: int = MOST_BOXES) -> FlowPicture:
    """The picture of one pair of companies.

    A side has its largest departments, the other ones in one box; on the right "not mapped" is the last. Boxes of the
    right stand about where their bands come from, so that few bands cross.
    """
    merged = _merged(list(flows), most_boxes)
    left_sizes, right_sizes = _sizes(merged, "department"), _sizes(merged, "target_department")
    left_order = sorted(left_sizes, key=lambda name: (_rank(name), -left_sizes[name], name))
    place = {name: number for number, name in enumerate(left_order)}
    from_where: dict[str, float] = {}
    for flow in merged:
        share = flow.listings / right_sizes[flow.target_department]
        from_where[flow.target_department] = (
            from_where.get(flow.target_department, 0.0) + place[flow.department] * share
        )
    right_order = sorted(right_sizes, key=lambda name: (_rank(name), from_where[name], name))
    total = sum(left_sizes.values())
    scale = DRAWN_HEIGHT / total if total else 0.0
    left, left_end = _boxes(left_sizes, left_order, scale)
    right, right_end = _boxes(right_sizes, right_order, scale)
    left_out = merged[most_bands:]
    return FlowPicture(
        tuple(left.values()),
        tuple(right.values()),
        _bands(merged[:most_bands], left, right, scale),
        max(left_end, right_end),
        len(left_out),
        sum(flow.listings for flow in left_out),
    )


def _merged(flows: list[Flow], most_boxes: int) -> list[Flow]:
    """With the small departments of either side as one, the largest flows first."""
    left, right = (_shown_as(_sizes(flows, side), most_boxes) for side in ("department", "target_department"))
    merged: dict[tuple[str, str, str], float] = {}
    for flow in flows:
        key = (left[flow.department], right[flow.target_department], flow.relation)
        merged[key] = merged.get(key, 0.0) + flow.listings
    return [Flow(*key, listings) for key, listings in sorted(merged.items(), key=lambda one: (-one[1], one[0]))]


def _sizes(flows: Iterable[Flow], side: str) -> dict[str, float]:
    sizes: dict[str, float] = {}
    for flow in flows:
        name = getattr(flow, side)
        sizes[name] = sizes.get(name, 0.0) + flow.listings
    return sizes


def _shown_as(sizes: Mapping[str, float], most: int) -> dict[str, str]:
    """Name of a department -> what it is shown as: itself, or one of the small ones."""
    departments = sorted((name for name in sizes if name != NOT_MAPPED), key=lambda name: (-sizes[name], name))
    small = departments[most - 1 :] if len(departments) > most else []
    return {name: name for name in sizes} | dict.fromkeys(small, f"{len(small)}{SMALL}")


def _rank(name: str) -> int:
    return 2 if name == NOT_MAPPED else int(name.endswith(SMALL))


def _boxes(sizes: Mapping[str, float], order: Iterable[str], scale: float) -> tuple[dict[str, Box], float]:
    """The boxes from the top down, and where they end."""
    boxes, y = {}, float(TOP)
    for name in order:
        height = max(1.0, sizes[name] * scale)
        room = max(height, LINE)
        boxes[name] = Box(name, sizes[name], y + (room - height) / 2, height, y + room / 2)
        y += room + GAP
    return boxes, y


def _bands(
    flows: Iterable[Flow], left: Mapping[str, Box], right: Mapping[str, Box], scale: float
) -> dict[str, tuple[Band, ...]]:
    """By relation; within a box they leave and arrive in the order of where they go to and come from."""
    rank = {relation: number for number, relation in enumerate(RELATION_COLOURS)}
    leaving = sorted(flows, key=lambda f: (left[f.department].y, right[f.target_department].y, rank[f.relation]))
    arriving = sorted(leaving, key=lambda f: (right[f.target_department].y, left[f.department].y, rank[f.relation]))
    starts = _middles(leaving, {name: box.y for name, box in left.items()}, "department", scale)
    ends = _middles(arriving, {name: box.y for name, box in right.items()}, "target_department", scale)
    found: dict[str, list[Band]] = {relation: [] for relation in RELATION_COLOURS}
    x, middle, to = LABEL + BOX, WIDTH // 2, WIDTH - LABEL - BOX
    for flow in arriving:
        y, there = starts[flow], ends[flow]
        line = f"M{x},{y:.1f}C{middle},{y:.1f} {middle},{there:.1f} {to},{there:.1f}"
        found[flow.relation].append(Band(line, max(flow.listings * scale, THINNEST), _title(flow)))
    return {relation: tuple(bands) for relation, bands in found.items() if bands}


def _middles(flows: Iterable[Flow], tops: Mapping[str, float], side: str, scale: float) -> dict[Flow, float]:
    """Where each band's middle line meets the boxes of a side, one below the other."""
    free, middles = dict(tops), {}
    for flow in flows:
        name, width = getattr(flow, side), flow.listings * scale
        middles[flow] = free[name] + width / 2
        free[name] += width
    return middles


def _title(flow: Flow) -> str:
    here, there = (isolated(clip(name, TITLE_LENGTH)) for name in (flow.department, flow.target_department))
    relation = "" if flow.relation == NOT_MAPPED else f" ({flow.relation})"
    return f"{here} → {there}{relation}: {flow.listings:,.0f} listings"


def flow_svg(picture: FlowPicture, company: str, target: str) -> "Markup":
    """The picture as SVG, by itself or within a page; ``company`` and ``target`` as people call them."""
    from markupsafe import Markup

    template = page_template("flow.svg")
    drawn = template.render(
        picture=picture, company=clip(company, NAME_LENGTH), target=clip(target, NAME_LENGTH), isolated=isolated,
        colours=RELATION_COLOURS, width=WIDTH, label=LABEL, box=BOX, name_length=NAME_LENGTH,
    )  # fmt: skip
    return Markup(drawn)  # markup: what the template wrote is escaped already
