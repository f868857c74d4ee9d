"""What people decided on equivalences and substitutions, kept in the control state."""

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import chain, compress

import pandas as pd
from sqlalchemy import Engine, bindparam, case, delete, insert, select, tuple_

from subs_assets.database import frames
from subs_assets.database.audit_lines import audit_row, now
from subs_assets.database.control_tables import audit_log, decisions
from subs_assets.database.engine import writing

DECISION_KINDS = ("equivalence", "substitution")
VERDICTS = ("accept", "reject")
WITHDRAW = "withdraw"
"""Said instead of a verdict to have a decision no more: the evidence alone tells again."""
RELATIONS = ("exact", "close", "broad", "narrow", "related")
"""SKOS mapping relations, as in ``category_equivalences``."""

SUBJECT_COLUMNS = ("company_slug", "subject", "target_company_slug", "target_subject")
"""What a decision is about: the key of the table ``decisions`` without its kind."""

DECIDED_COLUMNS = [*SUBJECT_COLUMNS, "verdict", "relation", "reason"]
"""What a person says of one pair; who, when and of which kind are said once for many."""

STOOD_COLUMNS = ("verdict", "relation", "reason", "decided_at", "decided_by")
"""What is kept of a pair beside its key."""
REPLACED = "replaced"
"""In the audit log's line of a decision: the STOOD_COLUMNS of the one in whose place it came, null where none was."""


class DecidedMeanwhile(RuntimeError):
    """Somebody else has decided on the same pair since the person looked, and otherwise; nothing was kept."""

    def __init__(self, decided_by: str, verdict: str, decided_at: str) -> None:
        super().__init__(
            f"{decided_by} has decided this on {decided_at[:10]} at {decided_at[11:16]} UTC ({verdict}), and that "
            "stands; look at it again before you decide otherwise"
        )


def record_decision(
    engine: Engine,
    *,
    kind: str,
    company_slug: str,
    subject: str,
    target_company_slug: str,
    target_subject: str,
    verdict: str,
    decided_by: str,
    reason: str | None = None,
    relation: str | None = None,
) -> None:
    """``record_decisions`` for one decision."""
    row = (company_slug, subject, target_company_slug, target_subject, verdict, relation, reason)
    record_decisions(engine, kind, pd.DataFrame([row], columns=DECIDED_COLUMNS), decided_by)


def record_decisions(
    engine: Engine,
    kind: str,
    decided: pd.DataFrame,
    decided_by: str,
    only_over: Collection[str] | None = None,
    same: Iterable[tuple[str, str, str, str]] = (),
) -> pd.DataFrame:
    """Keep a person's decisions on equivalences or on substitutions, all in one transaction, in place of earlier ones
    on the same, or WITHDRAW these; the audit log keeps all. What is so already (verdict, relation and reason; or no
    decision) is left as it is.

    ``decided``: DECIDED_COLUMNS, each pair once; ``subject`` and ``target_subject`` are category paths for an
    equivalence, skus for a substitution. Returns the rows that changed something, with ``earlier_by``: whose decision
    each replaces, missing where there was none. Raises ValueError, before anything is kept, for words that are not
    among DECISION_KINDS, VERDICTS, WITHDRAW and RELATIONS, for an accepted equivalence without a relation, for a pair
    that is said twice or is no pair: a mapping leads to another company, and nothing substitutes itself.

    ``only_over``: when the decisions were made that the person has seen on these pairs; others are not replaced. Raises
    DecidedMeanwhile, before anything is kept, where one stands that says otherwise. ``same``: pairs that mean the same
    as the one that is decided, whose decisions the new one would overrule though it replaces none of them.
    """
    said = decided[DECIDED_COLUMNS].astype(object)
    rows = list(said.where(said.notna(), None).itertuples(index=False, name=None))
    for *_, verdict, relation, _ in rows:
        _require_sense(kind, verdict, relation)
    _require_pairs(kind, [row[:4] for row in rows if row[4] != WITHDRAW])
    if repeated := [pair for pair, times in Counter(row[:4] for row in rows).items() if times > 1]:
        raise ValueError(f"a pair is decided once; found twice: {_said_pair(repeated[0])}")
    if not decided_by.strip():
        raise ValueError("a decision names who decided; decided_by is empty")
    key = frames.primary_key(decisions)
    decided_at = now()
    with writing(engine) as connection:
        columns = (decisions.c[name] for name in (*SUBJECT_COLUMNS, *STOOD_COLUMNS))
        kept = {
            tuple(row[:4]): tuple(row[4:])
            for row in connection.execute(select(*columns).where(decisions.c.kind == kind))
        }
        earlier = [kept.get(row[:4]) for row in rows]
        is_new = [
            before is not None if row[4] == WITHDRAW else before is None or before[:3] != row[4:]
            for row, before in zip(rows, earlier, strict=True)
        ]
        if only_over is not None:
            replaced = (before for before in compress(earlier, is_new) if before is not None)
            verdicts = {row[4] for row in compress(rows, is_new)} - {WITHDRAW}
            overruled = (kept[pair] for pair in same if pair in kept and verdicts - {kept[pair][0]})
            for verdict, *_, at, who in chain(replaced, overruled):
                if at not in only_over:
                    raise DecidedMeanwhile(who, verdict, at)
        new = [
            {
                "kind": kind,
                **dict(zip(DECIDED_COLUMNS, row, strict=True)),
                "decided_by": decided_by,
                "decided_at": decided_at,
            }
            for row in compress(rows, is_new)
        ]
        if new:
            of_key = (decisions.c[name] == bindparam(f"the_{name}") for name in key)
            connection.execute(
                delete(decisions).where(*of_key), [{f"the_{name}": row[name] for name in key} for row in new]
            )
            stay = [row for row in new if row["verdict"] != WITHDRAW]
            if stay:
                connection.execute(insert(decisions), stay)
            audit = [
                audit_row(
                    decided_by,
                    f"decision: {row['verdict']}",
                    {**row, REPLACED: before and dict(zip(STOOD_COLUMNS, before, strict=True))},
                )
                for row, before in zip(new, compress(earlier, is_new), strict=True)
            ]
            connection.execute(insert(audit_log), audit)
    earlier_by = [before[-1] if before else None for before in earlier]
    whose = decided.assign(earlier_by=pd.Series(earlier_by, decided.index, dtype=object))
    return whose.iloc[list(compress(range(len(rows)), is_new))]


def _require_sense(kind: str, verdict: str, relation: str | None) -> None:
    for what, word, allowed in (("kind", kind, DECISION_KINDS), ("verdict", verdict, (*VERDICTS, WITHDRAW))):
        if word not in allowed:
            raise ValueError(f"a decision's {what} is one of {', '.join(allowed)}; found {word!r}")
    needs_relation = kind == "equivalence" and verdict == "accept"
    if (relation not in RELATIONS) if needs_relation else (relation is not None):
        wanted = f"one of {', '.join(RELATIONS)}" if needs_relation else "left out"
        raise ValueError(f"the relation of a decision to {verdict} the {kind} must be {wanted}; found {relation!r}")


def _require_pairs(kind: str, pairs: Iterable[tuple[str, str, str, str]]) -> None:
    # One that stands from earlier can be withdrawn.
    for pair in pairs:
        if kind == "equivalence" and pair[0] == pair[2]:
            raise ValueError(f"an equivalence leads to another company; found {_said_pair(pair)}")
        if pair[:2] == pair[2:]:
            raise ValueError(f"nothing substitutes itself; found {_said_pair(pair)}")


def _said_pair(pair: tuple[str, str, str, str]) -> str:
    return f"{pair[0]} {pair[1]} ~ {pair[2]} {pair[3]}"


def read_decisions(engine: Engine, kind: str | None = None) -> pd.DataFrame:
    """The decisions of one kind, or all, in the form of the table ``decisions``."""
    with engine.connect() as connection:
        return frames.read(connection, decisions, **({} if kind is None else {"kind": kind}))


def decisions_page(engine: Engine, kind: str | None, limit: int, offset: int) -> pd.DataFrame:
    """Some of ``read_decisions``, the newest first."""
    with engine.connect() as connection:
        wanted = {} if kind is None else {"kind": kind}
        return frames.read_page(connection, decisions, wanted, limit, offset, newest_first_by="decided_at")


def decisions_on_substitutes_of(engine: Engine, listings: Collection[tuple[str, str]]) -> pd.DataFrame:
    """The decisions on what replaces any of these listings (company_slug, sku), the oldest first, in the form of the
    table ``decisions``."""
    key = tuple_(decisions.c.company_slug, decisions.c.subject)
    statement = select(decisions).where(decisions.c.kind == "substitution", key.in_(list(listings)))
    with engine.connect() as connection:
        return frames.fetch(connection, statement.order_by(decisions.c.decided_at))


def decisions_on_mapping(
    engine: Engine, company_slug: str, path: str, target_company_slug: str, target_path: str
) -> pd.DataFrame:
    """The decisions on two categories, in the form of the table ``decisions``: in the direction that is asked for, then
    in the other."""
    row, (one, other) = decisions.c, ((company_slug, path), (target_company_slug, target_path))
    key = tuple_(row.company_slug, row.subject, row.target_company_slug, row.target_subject)
    statement = select(decisions).where(row.kind == "equivalence", key.in_([(*one, *other), (*other, *one)]))
    asked_first = case((row.company_slug == company_slug, 0), else_=1)
    with engine.connect() as connection:
        return frames.fetch(connection, statement.order_by(asked_first))
