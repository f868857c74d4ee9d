"""Decisions that a person takes back one after the other: what each replaced comes back, as the audit log tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from subs_assets.database.audit_lines import audit_row
from subs_assets.database.control_tables import audit_log, decisions
from subs_assets.database.engine import writing
from subs_assets.database.kept_decisions import REPLACED, SUBJECT_COLUMNS, WITHDRAW

DECIDED = ("decision: accept", "decision: reject", f"decision: {WITHDRAW}")
TAKEN_BACK = "decision: taken back"
KEY = ("kind", *SUBJECT_COLUMNS)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class OwnDecision:
    """What a person decided on one pair, as the audit log has it: ``rows`` in the form of the table ``decisions``, but
    that the verdict may be WITHDRAW; of an equivalence both directions. ``replaced``: the STOOD_COLUMNS of what
    stood before each. ``entry``: the last of its lines in the log, by which it is told from every other: what one file
    decided has one time."""

    rows: tuple[Row, ...]
    replaced: tuple[Row | None, ...]
    entry: int

    @property
    def said(self) -> Row:
        """The row in the direction in which the person said it."""
        return self.rows[0]


class NothingToTakeBack(RuntimeError):
    """It is not this person's last decision any more, or does not stand as this person made it."""

    def __init__(self) -> None:
        super().__init__(
            "this is not your last decision any more, or somebody has decided otherwise since: nothing was taken back"
        )


def last_decision(engine: Engine, who: str, since: str) -> OwnDecision | None:
    """The last of a person's decisions since this time (ISO 8601) that stands as it was made and was not taken back."""
    with engine.connect() as connection:
        return _last(connection, who, since)


def take_back(engine: Engine, who: str, since: str, entry: int) -> OwnDecision:
    """Undo a person's last decision, in one transaction: what stood before, whoever's it was, stands again as it did.

    ``entry``: of the decision that the person saw as the last one. Raises NothingToTakeBack where it is another.
    """
    with writing(engine) as connection:
        last = _last(connection, who, since)
        if last is None or last.entry != entry:
            raise NothingToTakeBack
        for row, before in zip(last.rows, last.replaced, strict=True):
            key = {name: row[name] for name in KEY}
            connection.execute(delete(decisions).where(*(decisions.c[name] == value for name, value in key.items())))
            if before is not None:
                connection.execute(insert(decisions), [{**key, **before}])
            detail = {**row, "stands_again": before}
            connection.execute(insert(audit_log), [audit_row(who, TAKEN_BACK, detail)])
    return last


def _last(connection: Connection, who: str, since: str) -> OwnDecision | None:
    line = audit_log.c
    lines = connection.execute(
        select(line.entry, line.what, line.detail)
        .where(line.who == who, line.at >= since, line.what.in_((*DECIDED, TAKEN_BACK)))
        .order_by(line.entry.desc())
    )
    taken_back: set[tuple[Any, ...]] = set()
    last: list[tuple[int, Row, Row | None]] = []
    for entry, what, detail in lines:
        row = json.loads(detail)
        if what == TAKEN_BACK:
            taken_back.add(_made(row))
            continue
        if REPLACED not in row:
            break  # written by a program before this one: nobody noted what stood before
        before = row.pop(REPLACED)
        if last:
            if not _is_same_pair(row, last[0][1]):
                break
            last.insert(0, (entry, row, before))
        elif _made(row) not in taken_back and _stands(connection, entry, row):
            last.append((entry, row, before))
    if not last or not all(_stands(connection, entry, row) for entry, row, _ in last):
        return None
    entries, rows, replaced = zip(*last, strict=True)
    return OwnDecision(rows, replaced, entries[-1])


def _made(row: Row) -> tuple[Any, ...]:
    return (*(row[name] for name in KEY), row["decided_at"])


def _is_same_pair(one: Row, other: Row) -> bool:
    """Of an equivalence the two directions, which were kept at one moment."""
    sides = [{row[name] for name in SUBJECT_COLUMNS} for row in (one, other)]
    return (
        one["kind"] == other["kind"] == "equivalence"
        and one["decided_at"] == other["decided_at"]
        and (sides[0] == sides[1])
    )


def _stands(connection: Connection, entry: int, row: Row) -> bool:
    found = connection.execute(
        select(decisions.c.decided_by, decisions.c.decided_at).where(*(decisions.c[name] == row[name] for name in KEY))
    ).first()
    if row["verdict"] == WITHDRAW:
        return found is None and not _is_decided_after(connection, entry, row)
    return found is not None and tuple(found) == (row["decided_by"], row["decided_at"])


def _is_decided_after(connection: Connection, entry: int, row: Row) -> bool:
    """Whether anybody has decided on the pair after this line of the log and not taken that back: two people who
    withdraw leave the same nothing, and only the log tells whose it is."""
    line = audit_log.c
    later = select(line.what, line.detail).where(line.entry > entry, line.what.in_((*DECIDED, TAKEN_BACK)))
    said = [(what, _made(json.loads(detail))) for what, detail in connection.execute(later)]
    of_pair = [(what, made) for what, made in said if made[: len(KEY)] == tuple(row[name] for name in KEY)]
    taken_back = {made for what, made in of_pair if what == TAKEN_BACK}
    return any(made not in taken_back for _, made in of_pair)
