"""The table of claims holds together, and docs/claims.md shows it."""

from pathlib import Path

import pytest

from subs_assets.catalogue.claim_table import CLAIM_TABLE, Claim

DOCUMENT = Path(__file__).parents[3] / "docs" / "claims.md"


def test_every_row_decides_and_says_why() -> None:
    for claim in CLAIM_TABLE.values():
        assert claim.missing in {"refuse", "lower"}, claim
        assert claim.added in {"refuse", ""}, claim
        assert claim.reads, claim
        assert claim.why, claim


def test_preferences_lower_and_all_else_refuses() -> None:
    lowering = {claim.claim for claim in CLAIM_TABLE.values() if claim.missing == "lower"}
    assert lowering - {"for_grown_animals"} == {
        claim.claim for claim in CLAIM_TABLE.values() if claim.group == "preference"
    }


def test_what_a_claim_implies_is_complete() -> None:
    for claim in CLAIM_TABLE.values():
        assert {*claim.implies, *claim.serves} <= set(CLAIM_TABLE)
        for implied in claim.implies:
            assert set(CLAIM_TABLE[implied].implies) <= set(claim.implies)


def test_nobody_is_served_by_what_is_for_older_children() -> None:
    ages = [int(claim.split("_")[1]) for claim in CLAIM_TABLE if claim.startswith("from_")]
    assert ages == sorted(ages)
    for age in ages:
        served = {int(claim.split("_")[1]) for claim in CLAIM_TABLE[f"from_{age}_months"].serves}
        assert served == {other for other in ages if age < other <= max(served, default=0)}


def row_of(claim: Claim) -> str:
    effect = {"refuse": "refuses", "lower": "lowers"}[claim.missing] + (", also the reverse" if claim.added else "")
    follows = [CLAIM_TABLE[other].reads for other in (*claim.implies, *claim.serves)]
    return f"| {claim.reads} | {effect} | {', '.join(follows)} | {claim.why} |"


@pytest.mark.parametrize("claim", CLAIM_TABLE.values(), ids=list(CLAIM_TABLE))
def test_the_document_shows_the_table(claim: Claim) -> None:
    assert row_of(claim) in DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_the_document_shows_nothing_else() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("| ") for line in lines) == len(CLAIM_TABLE) + 2  # its head is two lines
