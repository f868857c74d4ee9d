"""What is told of a run that failed, or succeeded without everybody: sentences and JSON from plain facts; who tells
it, and whom, is not known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Told = TypeVar("Told")

LONGEST_REASON = 500
"""Characters: an error may quote a whole file, and chat programs refuse what is too long."""
MOST_TOLD = 10

NOTHING_SEEN = "\u200b"
"""A space without width: it parts what must not be read as one."""

DELIVERED = "delivered"
"""The check of ``catalogue/<company>``."""


@dataclass(frozen=True)
class FailedCheck:
    """An asset check of severity ERROR that did not pass."""

    asset: str
    check: str
    sentence: str

    @property
    def company_slug(self) -> str | None:
        """Whose delivery failed, where it is that check."""
        group, _, slug = self.asset.partition("/")
        return slug if (group, self.check) == ("catalogue", DELIVERED) else None


@dataclass(frozen=True)
class EndedRun:
    """How a run ended; ``failed_steps``: step and reason of each. ``reason``: of the run as a whole, where no step
    failed."""

    job: str
    run_id: str
    succeeded: bool
    failed_steps: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    failed_checks: tuple[FailedCheck, ...] = ()


def message_of(run: EndedRun, ui_url: str | None) -> dict[str, Any] | None:
    """The message as JSON, whose ``text`` says all for a chat program; None where there is nothing to tell."""
    if run.succeeded and not run.failed_checks:
        return None
    undelivered = [(check.company_slug, check.sentence) for check in run.failed_checks if check.company_slug]
    others = [check for check in run.failed_checks if not check.company_slug]
    lines = [f"{run.job} {'succeeded, but not everything is well' if run.succeeded else 'failed'} (run {run.run_id})"]
    lines += [f"{step}: {_cut(reason)}" for step, reason in _first(run.failed_steps)]
    lines += [_cut(run.reason)] if run.reason else []
    lines += [f"{slug} did not deliver: {_cut(sentence)}" for slug, sentence in _first(undelivered)]
    lines += [f"{check.asset}, check {check.check}: {_cut(check.sentence)}" for check in _first(others)]
    left_out = sum(max(0, len(told) - MOST_TOLD) for told in (run.failed_steps, undelivered, others))
    lines += [f"and {left_out} more"] if left_out else []
    url = f"{ui_url}/runs/{run.run_id}" if ui_url else None
    return {
        "text": "\n".join([*map(_plain, lines), *([url] if url else [])]),
        "job": run.job,
        "run_id": run.run_id,
        "succeeded": run.succeeded,
        "failed_steps": [{"step": step, "reason": _cut(reason)} for step, reason in _first(run.failed_steps)],
        "reason": _cut(run.reason) if run.reason else None,
        "not_delivered": [{"company_slug": slug, "problem": _cut(said)} for slug, said in _first(undelivered)],
        "failed_checks": [
            {"asset": check.asset, "check": check.check, "problem": _cut(check.sentence)} for check in _first(others)
        ],
        "url": url,
    }


def _first(told: Sequence[Told]) -> Sequence[Told]:
    return told[:MOST_TOLD]


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} ..."


def _plain(text: str) -> str:
    """Reasons quote what stands in catalogue files, and chat programs call everybody for ``<!channel>`` and ``@all``,
    and fetch the picture of ``![](...)``."""
    return (
        text.replace("<", "‹").replace(">", "›")
        .replace("@", f"@{NOTHING_SEEN}").replace("](", f"]{NOTHING_SEEN}(")
    )  # fmt: skip
