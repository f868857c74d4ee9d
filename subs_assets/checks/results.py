"""What Dagster shows of a verdict."""

from dagster import AssetCheckResult, AssetCheckSeverity

from subs_assets.database.nights import NightPass
from subs_assets.finding import Gravity, Verdict


def as_result(verdict: Verdict, check_name: str | None = None) -> AssetCheckResult:
    """ERROR, which blocks where the check does, only for a finding that is one."""
    is_error = verdict.gravity is Gravity.ERROR
    return AssetCheckResult(
        check_name=check_name,
        passed=verdict.passed,
        severity=AssetCheckSeverity.ERROR if is_error else AssetCheckSeverity.WARN,
        description=verdict.sentence,
        metadata=dict(verdict.figures),
    )


def unless_let_pass(verdict: Verdict, granted: NightPass | None) -> AssetCheckResult:
    """The same of a night that a person may let pass: then nothing of it blocks."""
    result = as_result(verdict)
    if verdict.gravity is not Gravity.ERROR:
        return result
    if granted is None:
        remedy = "nothing is published. To publish it as it is: subs evaluate let-pass --reason ..., and run again"
        return result._replace(description=f"{result.description}; {remedy}")
    return result._replace(
        severity=AssetCheckSeverity.WARN,
        description=f"{result.description}; let pass by {granted.asked_by}: {granted.reason}",
    )
