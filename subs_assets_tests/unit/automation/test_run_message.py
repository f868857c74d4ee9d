"""What is told of a run that went wrong."""

import json

import pytest

from subs_assets.automation.run_message import LONGEST_REASON, MOST_TOLD, EndedRun, FailedCheck, message_of

UNDELIVERED = FailedCheck("catalogue/aldi", "delivered", "aldi/a.jsonl: the file holds no row; none are shown instead")
UNRESTORED = FailedCheck("archive", "restorable", "1 table differs")


def told(run: EndedRun, ui_url: str | None = None) -> tuple[str, dict[str, object]]:
    message = message_of(run, ui_url)
    assert message is not None and json.loads(json.dumps(message)) == message
    return message.pop("text"), message


def test_of_a_run_that_went_well_nothing_is_told() -> None:
    assert message_of(EndedRun("nightly", "1f3a", True), None) is None


def test_a_failed_run_names_its_steps_and_who_did_not_deliver() -> None:
    run = EndedRun("nightly", "1f3a", False, (("substitutions", "disk full"),), failed_checks=(UNDELIVERED,))
    text, message = told(run, "https://subs.example")
    assert text.splitlines() == [
        "nightly failed (run 1f3a)",
        "substitutions: disk full",
        "aldi did not deliver: aldi/a.jsonl: the file holds no row; none are shown instead",
        "https://subs.example/runs/1f3a",
    ]
    assert message == {
        "job": "nightly",
        "run_id": "1f3a",
        "succeeded": False,
        "failed_steps": [{"step": "substitutions", "reason": "disk full"}],
        "reason": None,
        "not_delivered": [{"company_slug": "aldi", "problem": UNDELIVERED.sentence}],
        "failed_checks": [],
        "url": "https://subs.example/runs/1f3a",
    }


def test_a_run_that_failed_before_its_first_step_says_why() -> None:
    text, message = told(EndedRun("nightly", "1f3a", False, reason="another run\n  holds the lock"))
    assert text.splitlines() == ["nightly failed (run 1f3a)", "another run holds the lock"]
    assert message["reason"] == "another run holds the lock" and message["url"] is None


@pytest.mark.parametrize(
    "check, line",
    [(UNDELIVERED, "aldi did not deliver: "), (UNRESTORED, "archive, check restorable: 1 table differs")],
)
def test_a_run_that_succeeded_without_everybody_is_told_of(check: FailedCheck, line: str) -> None:
    text, message = told(EndedRun("nightly", "1f3a", True, failed_checks=(check,)))
    assert text.startswith("nightly succeeded, but not everything is well (run 1f3a)\n" + line)
    assert message["succeeded"] is True


def test_a_message_stays_short() -> None:
    steps = tuple((f"step_{number}", "x" * 10_000) for number in range(MOST_TOLD + 3))
    text, message = told(EndedRun("nightly", "1f3a", False, steps))
    assert text.endswith("\nand 3 more") and len(text) < MOST_TOLD * (LONGEST_REASON + 30) + 100
    assert len(message["failed_steps"]) == MOST_TOLD  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "quoted, shown",
    [
        ("the price is <!channel>", "the price is ‹!channel›"),
        ("@all", "@\u200ball"),
        ("![x](http://evil.example/p.png)", "![x]\u200b(http://evil.example/p.png)"),
        ("[Errno 28] No space left on device", "[Errno 28] No space left on device"),
    ],
)
def test_what_stands_in_a_catalogue_calls_nobody_and_fetches_nothing(quoted: str, shown: str) -> None:
    text, _ = told(EndedRun("nightly", "1f3a", False, (("listings", quoted),)))
    assert text.splitlines()[1] == f"listings: {shown}"
