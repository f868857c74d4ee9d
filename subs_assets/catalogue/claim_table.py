"""The one table of claims, ``claims.csv``: what each means for a substitution and why; words are found in claims.py and
eaters.py."""

import csv
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Claim:
    """One row of ``claims.csv``.

    ``reads``: as a shopper reads it. ``missing``: what it means that the product states it and the substitute does not
    (``refuse`` or ``lower``). ``added``: ``refuse`` where also the reverse refuses: the substitute states a claim of
    this ``group``, the product none of those. ``implies``: claims that are true as well. ``serves``: claims that are
    another thing, but whoever asks for them is served.
    """

    claim: str
    reads: str
    group: str
    missing: str
    added: str
    implies: tuple[str, ...]
    serves: tuple[str, ...]
    why: str


def _read() -> dict[str, Claim]:
    text = files("subs_assets.catalogue").joinpath("claims.csv").read_text(encoding="utf-8")
    return {
        row["claim"]: Claim(
            row["claim"], row["reads"], row["group"], row["missing"], row["added"],
            tuple(row["implies"].split()), tuple(row["serves"].split()), row["why"],
        )
        for row in csv.DictReader(text.splitlines())
    }  # fmt: skip


CLAIM_TABLE: dict[str, Claim] = _read()

IMPLIES = {claim.claim: claim.implies for claim in CLAIM_TABLE.values() if claim.implies}


def with_implied(stated: set[str]) -> frozenset[str]:
    """``stated`` and what follows from it by meaning alone."""
    return frozenset(stated).union(*(IMPLIES.get(claim, ()) for claim in stated))
