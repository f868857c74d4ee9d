"""Control state: decisions, reset requests, the audit log and the history of runs; kept apart from the warehouse.

It lives in ``control.db`` (on PostgreSQL: schema ``subs_control``), is archived with everything else, and is never compared with an
archive and never wiped.
"""

from sqlalchemy import Column, Float, Integer, MetaData, Table, Text

control_metadata = MetaData()

decisions = Table(
    "decisions",
    control_metadata,
    Column("kind", Text, primary_key=True),  # equivalence, substitution
    Column("company_slug", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # a category path, or a sku
    Column("target_company_slug", Text, primary_key=True),
    Column("target_subject", Text, primary_key=True),
    Column("verdict", Text, nullable=False),  # accept, reject
    Column("relation", Text),  # for an accepted equivalence
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Text, nullable=False),
    Column("reason", Text),
)

reset_requests = Table(
    "reset_requests",
    control_metadata,
    Column("request_id", Text, primary_key=True),
    Column("state", Text, nullable=False),  # requested, archived, wiped, refused, expired
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Text, nullable=False),
    Column("reason", Text),
    Column("archive", Text),  # the archive's folder name, once there is one
    Column("archived_at", Text),
    Column("confirmed_by", Text),
    Column("finished_at", Text),
    Column("outcome", Text),  # why it was refused, or what was wiped
)

audit_log = Table(
    "audit_log",
    control_metadata,
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text),
)

run_history = Table(
    "run_history",
    control_metadata,
    Column("run_id", Text, primary_key=True),
    Column("published_at", Text, nullable=False),
    Column("seconds", Float),
    Column("counts", Text, nullable=False),  # JSON object: table -> rows
)
