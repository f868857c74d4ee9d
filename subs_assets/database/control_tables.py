"""The tables of control state, which no revision migrates: one that is missing is made when control state is opened,
and ``control_drift.py`` tells what differs. What reads and writes them lies beside: by subject, a module each."""

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, Table

from subs_assets.database.tables import TEXT, WHOLE_NUMBER

control_metadata = MetaData()

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

run_history = Table(  # of the runs that published
    "run_history",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("published_at", TEXT, nullable=False),
    Column("seconds", Float),
    Column("counts", TEXT, nullable=False),  # JSON object: table -> rows
)

runs = Table(
    "runs",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("job", TEXT, nullable=False),
    Column("launched_by", TEXT),  # as far as is known
    Column("repeats", TEXT),  # the run that this one does again, or goes on with
    Column("started_at", TEXT, nullable=False),
    Column("ended_at", TEXT),
    Column("state", TEXT, nullable=False),  # running, succeeded, failed, canceled, cut off
    Column("said", TEXT),  # why it is not "succeeded"
)

# What one run did, hundreds of rows of it: without a rowid SQLite keeps the key once, and not again as an index.
run_steps = Table(
    "run_steps",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("step", TEXT, primary_key=True),
    Column("place", WHOLE_NUMBER, nullable=False),  # in the order in which they ended
    Column("state", TEXT, nullable=False),  # succeeded, failed, skipped, not ended
    Column("seconds", Float),
    sqlite_with_rowid=False,
)

run_checks = Table(
    "run_checks",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("asset", TEXT, primary_key=True),  # its key: catalogue/aldi for a company
    Column("check_name", TEXT, primary_key=True),
    Column("passed", Boolean, nullable=False),
    Column("severity", TEXT, nullable=False),  # ERROR, WARN
    Column("blocking", Boolean, nullable=False),
    Column("said", TEXT),
    sqlite_with_rowid=False,
)

run_figures = Table(
    "run_figures",
    control_metadata,
    Column("run_id", TEXT, primary_key=True),
    Column("asset", TEXT, primary_key=True),
    Column("figure", TEXT, primary_key=True),  # as Dagster's UI calls and plots it
    Column("value", Float, nullable=False),
    sqlite_with_rowid=False,
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

deliveries = Table(
    "deliveries",
    control_metadata,
    Column("company_slug", TEXT, primary_key=True),
    Column("content", TEXT, primary_key=True),  # hash of what its files hold
    Column(
        "first_seen_at", TEXT, nullable=False
    ),  # of its first content: when its files were changed, if that is older
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
