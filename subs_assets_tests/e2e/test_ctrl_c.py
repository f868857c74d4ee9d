"""Ctrl-C in the middle of ``subs run``: a sentence, 130, a lock that is free, and last night's tables."""

import os
import signal

from subs_assets.commands.run import INTERRUPTED
from subs_assets.database.lock import run_lock
from subs_assets_tests.e2e.conftest import LIMIT_SECONDS, Installation
from subs_assets_tests.shops_and_runs import value_of

LAST_NIGHT = "SELECT group_concat(run_id) FROM run_history"


def test_a_run_that_is_stopped_publishes_nothing(installation: Installation) -> None:
    before = value_of(installation.settings.control_url, LAST_NIGHT)
    process = installation.start_run()
    assert process.stderr is not None
    told = ""
    while "catalogue__aldi " not in told:
        line = process.stderr.readline()
        assert line, f"it ended before: {told}"
        told += line
    process.send_signal(signal.CTRL_BREAK_EVENT if os.name == "nt" else signal.SIGINT)
    printed, rest = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == INTERRUPTED
    *_, last = rest.splitlines()
    assert last == "error: stopped: nothing was published, and what was published before is still there"
    assert "Traceback" not in rest and "Error" not in rest and printed == ""
    with run_lock(installation.home, installation.settings.database_url, "a test"):
        assert value_of(installation.settings.control_url, LAST_NIGHT) == before
