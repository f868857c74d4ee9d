"""What the report tells of one pair of companies, and how much of it; laid out by ``page/pair.html``."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.equivalence.coverage import PAIR, mapping_coverage, pair_coverage, standing_listings
from subs_assets.report.equivalence_tree import EquivalenceTree, equivalence_trees
from subs_assets.report.flow_picture import MOST_BANDS, MOST_BOXES, FlowPicture, flow_picture
from subs_assets.report.flows import DepartmentRow, department_flows, department_rows, flows_by_pair
from subs_assets.report.night import Night
from subs_assets.report.samples import LevelSamples, samples_by_pair

SHOWN_ANSWERS = ["none", "undecided"]
"""Absences worth a line: the other ones are answered by a category above or below."""

FEWEST_BANDS = 12
"""With fewer a picture tells nothing: the page has none."""


@dataclass(frozen=True)
class Caps:
    """How much of each pair the page holds."""

    samples_per_level: int
    tree_nodes: int
    bands: int
    absences: int

    def times(self, share: float) -> "Caps":
        bands = int(self.bands * share)
        return Caps(
            max(1, int(self.samples_per_level * share)),
            int(self.tree_nodes * share),
            bands if bands >= FEWEST_BANDS else 0,
            int(self.absences * share),
        )


@dataclass(frozen=True)
class FunnelRow:
    """Stage -> products of one company on the way to the other; they add up to ``products``."""

    company_slug: str
    target_company_slug: str
    products: int
    stages: dict[str, int]


@dataclass(frozen=True)
class Absence:
    """A category without counterpart, ``name`` its path as people write it, and the best refused one; empty where
    nothing resembles it."""

    path: str
    name: str
    listings: int
    answer: str
    candidate: str
    reason: str


@dataclass(frozen=True)
class MappingDetails:
    """Who maps to whom: ``mapped`` of ``listings`` stand in a category that is mapped; ``picture`` is None, and
    ``departments`` empty, where the page has no room for them; ``absences`` are the largest of ``absent`` categories.
    """

    listings: int
    mapped: int
    picture: FlowPicture | None
    departments: tuple[DepartmentRow, ...]
    absences: tuple[Absence, ...]
    absent: int


@dataclass(frozen=True)
class PairDetails:
    """What the page shows of one company's products at another company (or at the same)."""

    company: str
    target: str
    funnel: FunnelRow | None
    levels: tuple[LevelSamples, ...]
    tree: EquivalenceTree | None
    mapping: MappingDetails | None


def caps_for(companies: int) -> Caps:
    """All that a person would read; for many pairs less, because writing it takes time."""
    pairs = max(1, companies) ** 2
    bands = min(MOST_BANDS, 16_000 // pairs)
    return Caps(6, min(600, 60_000 // pairs), bands if bands >= FEWEST_BANDS else 0, min(15, 6_000 // pairs))


def pair_details(night: Night, funnel: Sequence[FunnelRow], caps: Caps) -> list[PairDetails]:
    """What the page shows of each pair of companies, cut to ``caps``."""
    samples = samples_by_pair(night.substitutions, night.listings, night.product_listings, caps.samples_per_level)
    trees = equivalence_trees(
        night.categories,
        night.category_facets,
        night.category_equivalences,
        night.category_absences,
        caps.tree_nodes,
    )
    mappings = mappings_by_pair(night, caps)
    rows = {(row.company_slug, row.target_company_slug): row for row in funnel}
    pairs = [(company, target) for company in night.companies for target in night.companies]
    return [
        PairDetails(*pair, rows.get(pair), samples.get(pair, ()), trees.get(pair), mappings.get(pair)) for pair in pairs
    ]


def mappings_by_pair(night: Night, caps: Caps) -> dict[tuple[str, str], MappingDetails]:
    """(company, other company) -> how its listings are mapped there, for all pairs of companies that have listings."""
    equivalences = night.category_equivalences
    standing = standing_listings(night.listings, night.listing_shelves, night.category_facets)
    covered = _by_pair(pair_coverage(standing, equivalences), ["listings", "mapped"])
    absences = _largest_absences(night.category_absences)
    drawn = _drawn(night, standing, caps.bands) if caps.bands else {}
    found = {}
    for pair, [(listings, mapped)] in covered.items():
        picture, departments = drawn.get(pair, (None, ()))
        absent = absences.get(pair, [])
        largest = tuple(Absence(*row) for row in absent[: caps.absences])
        found[pair] = MappingDetails(listings, mapped, picture, departments, largest, len(absent))
    return found


def _drawn(
    night: Night, standing: pd.DataFrame, bands: int
) -> dict[tuple[str, str], tuple[FlowPicture, tuple[DepartmentRow, ...]]]:
    """The picture and its table."""
    tables = (night.category_facets, night.category_equivalences, night.category_absences)
    flows = flows_by_pair(department_flows(standing, *tables))
    coverage = mapping_coverage(standing, night.category_equivalences)
    departments = _by_pair(coverage, ["department", "listings", "mapped"])
    return {
        pair: (flow_picture(found, bands), department_rows(found, departments[pair], MOST_BOXES))
        for pair, found in flows.items()
    }


def _largest_absences(absences: pd.DataFrame) -> dict[tuple[str, str], list[tuple]]:
    shown = absences[absences["answer"].isin(SHOWN_ANSWERS)].sort_values(["listings", "path"], ascending=[False, True])
    readable = shown.assign(
        name=shown["path"].map(category_path.readable),
        candidate_path=shown["candidate_path"].map(category_path.readable, na_action="ignore").fillna(""),
    )
    return _by_pair(readable, ["path", "name", "listings", "answer", "candidate_path", "reason"])


def _by_pair(frame: pd.DataFrame, columns: list[str]) -> dict[tuple[str, str], list[tuple]]:
    """(company, other company) -> the rows' values in the columns, in the order of the rows."""
    found: dict[tuple[str, str], list[tuple]] = {}
    for company, target, *values in frame[[*PAIR, *columns]].itertuples(index=False, name=None):
        found.setdefault((company, target), []).append(tuple(values))
    return found
