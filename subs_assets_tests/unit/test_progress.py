"""Progress for a person: what is done, how fast, how long still, and not too often."""

import logging

import pytest

from subs_assets.assets.progress import in_words, log_progress


@pytest.mark.parametrize(
    "seconds, words",
    [
        (0.4, "0 s"),
        (8, "8 s"),
        (59.6, "1 min 0 s"),
        (170, "2 min 50 s"),
        (3_599, "59 min 59 s"),
        (12_000, "3 h 20 min"),
    ],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_without_what_came_before(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    report = log_progress(logging.getLogger("test"), "names encoded", clock)
    clock.now += 20  # a model is loaded
    with caplog.at_level(logging.INFO):
        report(800, 107_217)
        report(900, 107_217)
        clock.now += 20
        report(12_000, 107_217)
    assert caplog.messages == ["12,000 of 107,217 names encoded, 560/s, 2 min 50 s left"]


def test_the_longer_it_takes_the_more_seldom_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    report = log_progress(logging.getLogger("test"), "names encoded", clock)
    with caplog.at_level(logging.INFO):
        told_after = []
        for second in range(3_600):
            clock.now = 100.0 + second
            report(second * 10, 36_000)
            told_after.append(len(caplog.messages))
    assert told_after[9] == 0 and told_after[59] == 5
    assert told_after[-1] < 60
    assert caplog.messages[-1].endswith("left")
