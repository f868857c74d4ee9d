"""When things run by themselves; every schedule is off until somebody turns it on in the UI."""

from dagster import ScheduleDefinition

from subs_assets.automation.jobs import archive_job, nightly, prune_archives


def default_schedules(timezone: str) -> list[ScheduleDefinition]:
    """The archive at 00:30, before the graph at 03:30 changes anything; between them what it supersedes is removed."""
    return [
        ScheduleDefinition(
            name="archive_schedule",
            job=archive_job,
            cron_schedule="30 0 * * *",
            execution_timezone=timezone,
            description="Archives every table, before the night's run changes anything.",
        ),
        ScheduleDefinition(
            name="prune_schedule",
            job=prune_archives,
            cron_schedule="0 2 * * *",
            execution_timezone=timezone,
            description="Removes archives that newer verified ones stand for.",
        ),
        ScheduleDefinition(
            name="nightly_schedule",
            job=nightly,
            cron_schedule="30 3 * * *",
            execution_timezone=timezone,
            description="Runs the whole graph: in the morning the new tables are published, or last night's still are.",
        ),
    ]
