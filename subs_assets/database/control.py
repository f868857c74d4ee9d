"""Control state: decisions, reset requests, the audit log, the history of runs, drills and upgrades, and whose data it
is; kept apart from the warehouse. What nights measured is read and written in nights.py.

It lives in ``control.db`` (on PostgreSQL: schema ``subs_control``), is archived with everything else, and is never
compared with an archive and never wiped.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import compress
from typing import Any

import pandas as pd
from sqlalchemy import (
    URL,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.schema import CreateSchema

from subs_assets.database import frames
from subs_assets.database.engine import DatabaseNotReady, describe, open_answering, reason_of, writing
from subs_assets.database.tables import TEXT, WHOLE_NUMBER

control_metadata = MetaData()

CONTROL_SETTINGS = "SUBS_CONTROL_URL, SUBS_DATABASE_URL or SUBS_HOME"
"""What says where control state is, each where the one before it does not."""

DECISION_KINDS = ("equivalence", "substitution")
VERDICTS = ("accept", "reject")
WITHDRAW = "withdraw"
"""Said instead of a verdict to have a decision no more: the evidence alone tells again."""
RELATIONS = ("exact", "close", "broad", "narrow", "related")
"""SKOS mapping relations, as in ``category_equivalences``."""

decisions = Table(
    "decisions",
    control_metadata,
    Column("kind", TEXT, primary_key=True),  # equivalence, substitution
    Column("company_slug", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),  # a category path, or a sku
    Column("target_company_slug", TEXT, primary_key=True),
    Column("target_subject", TEXT, primary_key=True),
    Column("verdict", TEXT, nullable=False),  # accept, reject
    Column("relation", TEXT),  # for an accepted equivalence
    Column("decided_by", TEXT, nullable=False),
    Column("decided_at", TEXT, nullable=False),
    Column("reason", TEXT),
)

DECIDED_COLUMNS = [
    "company_slug", "subject", "target_company_slug", "target_subject", "verdict", "relation", "reason",
]  # fmt: skip
"""What a person says of one pair; who, when and of which kind are said once for many."""

reset_requests = Table(
    "reset_requests",
    control_metadata,
    Column("request_id", TEXT, primary_key=True),
    Column("state", TEXT, nullable=False),  # requested, archived, wiped, refused, expired
    Column("requested_by", TEXT, nullable=False),
    Column("requested_at", TEXT, nullable=False),
    Column("reason", TEXT),
    Column("archive", TEXT),  # the archive's folder name, once there is one
    Column("archived_at", TEXT),
    Column("confirmed_by", TEXT),
    Column("finished_at", TEXT),
    Column("outcome", TEXT),  # why it was refused, or what was wiped
)

audit_log = Table(
    "audit_log",
    control_metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("at", TEXT, nullable=False),
    Column("who", TEXT, nullable=False),
    Column("what", TEXT, nullable=False),
    Column("detail", TEXT),
)

run_history = Table(
    "run_history",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("published_at", TEXT, nullable=False),
    Column("seconds", Float),
    Column("counts", TEXT, nullable=False),  # JSON object: table -> rows
)

archive_drills = Table(
    "archive_drills",
    control_metadata,
    Column("archive", TEXT, primary_key=True),  # its folder's name
    Column("drilled_at", TEXT, primary_key=True),
    Column("passed", Boolean, nullable=False),
    Column("tables", WHOLE_NUMBER, nullable=False),
    Column("rows", WHOLE_NUMBER, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("problems", TEXT),
)

night_measures = Table(
    "night_measures",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("measure", TEXT, primary_key=True),  # as in the table evaluation
    Column("company_slug", TEXT, primary_key=True),  # empty: all
    Column("target_company_slug", TEXT, primary_key=True),
    Column("published_at", TEXT, nullable=False),
    Column("value", Float, nullable=False),
    Column("cases", WHOLE_NUMBER, nullable=False),
)

night_passes = Table(
    "night_passes",
    control_metadata,
    Column("asked_at", TEXT, primary_key=True),
    Column("asked_by", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("used_at", TEXT),  # when the night that it let pass was published
    Column("used_by_run", TEXT),
)

schema_upgrades = Table(
    "schema_upgrades",
    control_metadata,
    Column("archive", TEXT, primary_key=True),  # its folder's name: what stood for the data
    Column("state", TEXT, nullable=False),  # running, done, refused, unknown
    Column("asked_by", TEXT, nullable=False),
    Column("started_at", TEXT, nullable=False),
    Column("from_revisions", TEXT, nullable=False),
    Column("to_revisions", TEXT, nullable=False),
    Column("finished_at", TEXT),
    Column("outcome", TEXT),
)

data_set = Table(
    "data_set",
    control_metadata,
    Column("name", TEXT, primary_key=True),  # one row: whose data the warehouse holds
)


def open_control(url: str | URL) -> Engine:
    """Open the control database; tables that it lacks are made, on PostgreSQL also the schema that the URL's
    ``search_path`` names. Raises what ``open_answering`` raises, and DatabaseNotReady where this role may make none."""
    engine = open_answering(url, CONTROL_SETTINGS)
    try:
        with writing(engine) as connection:
            if engine.dialect.name == "postgresql":
                _make_schema(connection)
            control_metadata.create_all(connection)
    except ProgrammingError as error:
        engine.dispose()
        raise DatabaseNotReady(
            f"{describe(url)} has control state that this role does not see, or lacks tables that it may not make "
            f"({reason_of(error)}): let who owns them run `subs db upgrade`, and grant this role its rights "
            "(docs/deploy.md)"
        ) from None
    return engine


def _make_schema(connection: Connection) -> None:
    # Asked first: PostgreSQL refuses CREATE SCHEMA to whoever may make none, IF NOT EXISTS or not, even if it is there.
    if connection.scalar(select(func.current_schema())) is not None:
        return
    # The server folds and unquotes the name as it does for the path itself.
    (wanted,) = connection.scalar(select(func.parse_ident(func.current_setting("search_path")))) or [""]
    # Whoever waited for another writer may still have been told of no schema: the path is worked out before the wait.
    if connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": wanted}) is None:
        connection.execute(CreateSchema(wanted))


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


def record_decisions(engine: Engine, kind: str, decided: pd.DataFrame, decided_by: str) -> pd.DataFrame:
    """Keep a person's decisions on equivalences or on substitutions, all in one transaction, in place of earlier ones
    on the same, or WITHDRAW these; the audit log keeps all. What is so already (verdict, relation and reason; or no
    decision) is left as it is.

    ``decided``: DECIDED_COLUMNS, each pair once; ``subject`` and ``target_subject`` are category paths for an
    equivalence, skus for a substitution. Returns the rows that changed something, with ``earlier_by``: whose decision
    each replaces, missing where there was none. Raises ValueError, before anything is kept, for words that are not
    among DECISION_KINDS, VERDICTS, WITHDRAW and RELATIONS, for an accepted equivalence without a relation, for a pair
    that is said twice or is no pair: a mapping leads to another company, and nothing substitutes itself.
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
        columns = (decisions.c[name] for name in (*DECIDED_COLUMNS, "decided_by"))
        kept = {
            tuple(row[:4]): tuple(row[4:])
            for row in connection.execute(select(*columns).where(decisions.c.kind == kind))
        }
        earlier = [kept.get(row[:4]) for row in rows]
        is_new = [
            before is not None if row[4] == WITHDRAW else before is None or before[:3] != row[4:]
            for row, before in zip(rows, earlier, strict=True)
        ]
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
            audit = [audit_row(decided_by, f"decision: {row['verdict']}", row) for row in new]
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


def write_audit(engine: Engine, who: str, what: str, detail: Mapping[str, Any] | str | None = None) -> None:
    """Add a line to the audit log; a mapping is kept as JSON."""
    with writing(engine) as connection:
        connection.execute(insert(audit_log).values(audit_row(who, what, detail)))


def read_audit(engine: Engine, last: int = 100) -> pd.DataFrame:
    """The last lines of the audit log, newest first, in the form of the table ``audit_log``."""
    with engine.connect() as connection:
        return frames.fetch(connection, select(audit_log).order_by(audit_log.c.entry.desc()).limit(last))


def claim_data_set(engine: Engine, name: str, may_replace: bool) -> str:
    """The data set that the warehouse is for: this one, if nobody has said so before, or if ``may_replace``."""
    with writing(engine) as connection:
        noted = connection.scalar(select(data_set.c.name))
        if noted is not None and not may_replace:
            return str(noted)
        connection.execute(delete(data_set))
        connection.execute(insert(data_set).values(name=name))
    return name


def record_run(
    engine: Engine,
    run_id: str,
    counts: Mapping[str, int],
    seconds: float | None = None,
    published_at: str | None = None,
) -> None:
    """Keep what a run published: rows per table; a run that is recorded again replaces its record.

    ``published_at``: ISO 8601 in UTC, now by default. ``seconds``: how long the run took.
    """
    row = {
        "run_id": run_id,
        "published_at": published_at or now(),
        "seconds": seconds,
        "counts": json.dumps(dict(counts), sort_keys=True),
    }
    with writing(engine) as connection:
        connection.execute(delete(run_history).where(run_history.c.run_id == run_id))
        connection.execute(insert(run_history).values(row))


def read_runs(engine: Engine, last: int = 10) -> pd.DataFrame:
    """The last runs, newest first, in the form of the table ``run_history``; ``counts`` is a JSON object."""
    order = (run_history.c.published_at.desc(), run_history.c.run_id)
    with engine.connect() as connection:
        return frames.fetch(connection, select(run_history).order_by(*order).limit(last))


def record_drill(
    engine: Engine,
    archive: str,
    *,
    passed: bool,
    tables: int,
    rows: int,
    seconds: float,
    problems: str | None = None,
    drilled_at: str | None = None,
) -> None:
    """Keep how the drill of an archive (its folder's name) went; ``drilled_at``: ISO 8601 in UTC, now by default."""
    row = {
        "archive": archive,
        "drilled_at": drilled_at or now(),
        "passed": passed,
        "tables": tables,
        "rows": rows,
        "seconds": seconds,
        "problems": problems,
    }
    with writing(engine) as connection:
        connection.execute(insert(archive_drills).values(row))


def read_drills(engine: Engine, last: int = 10) -> pd.DataFrame:
    """The last drills, newest first, in the form of the table ``archive_drills``."""
    order = (archive_drills.c.drilled_at.desc(), archive_drills.c.archive)
    with engine.connect() as connection:
        return frames.fetch(connection, select(archive_drills).order_by(*order).limit(last))


def audit_row(who: str, what: str, detail: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """A line of the audit log, for whoever writes it in a transaction of their own."""
    text = json.dumps(detail, ensure_ascii=False) if isinstance(detail, Mapping) else detail
    return {"at": now(), "who": who, "what": what, "detail": text}


def now() -> str:
    """ISO 8601 in UTC, with microseconds always, so that times sort as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
