"""At which times things run by themselves; docs/automation.md says what happens when they cannot."""

from dagster import DefaultScheduleStatus, ScheduleDefinition

from subs_assets.automation.jobs import archive_job, nightly, prune_archives


def default_schedules(timezone: str, are_on: bool = False) -> list[ScheduleDefinition]:
    """The archive at 00:30, before the graph at 03:30 changes anything; between them what it supersedes is removed.

    ``are_on``: their state until somebody turns one on or off in the UI.
    """
    at_first = DefaultScheduleStatus.RUNNING if are_on else DefaultScheduleStatus.STOPPED
    return [
        ScheduleDefinition(
            name="archive_schedule",
            job=archive_job,
            cron_schedule="30 0 * * *",
            execution_timezone=timezone,
            default_status=at_first,
            description="Archives every table, before the night's run changes anything.",
        ),
        ScheduleDefinition(
            name="prune_schedule",
            job=prune_archives,
            cron_schedule="0 2 * * *",
            execution_timezone=timezone,
            default_status=at_first,
            description="Removes archives that newer verified ones stand for.",
        ),
        ScheduleDefinition(
            name="nightly_schedule",
            job=nightly,
            cron_schedule="30 3 * * *",
            execution_timezone=timezone,
            default_status=at_first,
            description="Runs the whole graph: in the morning the new tables are published, or last night's still are.",
        ),
    ]
