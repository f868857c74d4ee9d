"""What the report tells of one pair of companies, and how much of it; laid out by ``page/pair.html``."""

from collections.abc import Sequence
from dataclasses import dataclass

from subs_assets.report.equivalence_tree import EquivalenceTree, equivalence_trees
from subs_assets.report.night import Night
from subs_assets.report.samples import LevelSamples, samples_by_pair


@dataclass(frozen=True)
class Caps:
    """How much of each pair the page holds."""

    samples_per_level: int
    tree_nodes: int

    def times(self, share: float) -> "Caps":
        return Caps(max(1, int(self.samples_per_level * share)), int(self.tree_nodes * share))


@dataclass(frozen=True)
class FunnelRow:
    company_slug: str
    target_company_slug: str
    products: int
    stages: dict[str, int]


@dataclass(frozen=True)
class PairDetails:
    """What the page shows of one company's products at another company (or at the same)."""

    company: str
    target: str
    funnel: FunnelRow | None
    levels: tuple[LevelSamples, ...]
    tree: EquivalenceTree | None


def caps_for(companies: int) -> Caps:
    """All that a person would read; for many pairs less, because writing it takes time."""
    return Caps(6, min(600, 60_000 // max(1, companies) ** 2))


def pair_details(night: Night, funnel: Sequence[FunnelRow], caps: Caps) -> list[PairDetails]:
    samples = samples_by_pair(night.substitutions, night.listings, night.product_listings, caps.samples_per_level)
    trees = equivalence_trees(night.categories, night.category_facets, night.category_equivalences, caps.tree_nodes)
    rows = {(row.company_slug, row.target_company_slug): row for row in funnel}
    pairs = [(company, target) for company in night.companies for target in night.companies]
    return [PairDetails(*pair, rows.get(pair), samples.get(pair, ()), trees.get(pair)) for pair in pairs]
