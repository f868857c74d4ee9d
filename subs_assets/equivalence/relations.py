"""SKOS mapping relations from two conditional shares, judged by their lower bounds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WILSON_Z = 1.96

COUNTERPARTS = ("exact", "close")
"""Relations that say of both categories that each holds the other."""

INVERSE = {"exact": "exact", "close": "close", "broad": "narrow", "narrow": "broad", "related": "related"}
"""The relation of the source to the target, for each relation of the target to the source."""


@dataclass(frozen=True)
class Thresholds:
    """Lower bounds at which a relation is claimed, and when it is accepted without a person.

    ``exact`` and ``close`` of both shares, ``contained`` of one (``broad``, ``narrow``), ``related`` of the target's
    share. ``chance``: how likely as much evidence may be by chance. Accepted from ``support`` effective listings on, or
    where the paths are ``label`` alike.

    The values were set on one half of the labelled pairs of au/ and are reported on the other
    (docs/evaluate-equivalences.md).
    """

    exact: float = 0.5
    close: float = 0.3
    contained: float = 0.25
    related: float = 0.05
    chance: float = 0.01
    support: float = 3.0
    label: float = 0.75


THRESHOLDS = Thresholds()


def wilson_lower(share: ArrayLike, cases: ArrayLike, z: float = WILSON_Z) -> NDArray[np.float64]:
    """Lower end of Wilson's score interval (Wilson 1927) for shares seen in ``cases`` (may be fractional: effective)
    cases; 0 without any. Of the shape of both together."""
    share, cases = np.asarray(share, np.float64), np.asarray(cases, np.float64)
    known = np.where(cases > 0, cases, 1.0)
    centre = share + z * z / (2 * known)
    spread = z * np.sqrt(np.maximum(share * (1 - share), 0) / known + z * z / (4 * known * known))
    bound: NDArray[np.float64] = np.where(cases > 0, np.maximum(0, (centre - spread) / (1 + z * z / known)), 0.0)
    return bound


def relations(
    target_given_source: ArrayLike, source_given_target: ArrayLike, thresholds: Thresholds = THRESHOLDS
) -> NDArray[np.object_]:
    """SKOS relation of the target to the source, from the two lower bounds, elementwise; ``""``: not even related.

    ``broad`` says that the target is the broader one: nearly all of the source points into it, and it holds more.

    >>> relations([0.8, 0.8, 0.1, 0.2], [0.7, 0.1, 0.8, 0.05]).tolist()
    ['exact', 'broad', 'narrow', 'related']
    """
    forward, backward = np.asarray(target_given_source), np.asarray(source_given_target)
    both = np.minimum(forward, backward)
    found: NDArray[np.object_] = np.select(
        [
            both >= thresholds.exact,
            both >= thresholds.close,
            (forward >= thresholds.contained) & (forward > backward),
            (backward >= thresholds.contained) & (backward > forward),
            forward >= thresholds.related,
        ],
        np.array(["exact", "close", "broad", "narrow", "related"], object),
        "",
    )
    return found
