import os
import subprocess
import sys
import time

import pytest
from dagster import DagsterRun
from dagster._core.storage.tags import GRPC_INFO_TAG

from subs_assets.automation.run_launcher import CLOCK_SECONDS, HOST_TAG, is_alive, is_here


def test_a_process_is_alive_until_it_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_alive(process.pid, time.time())
        process.kill()
        while is_alive(process.pid, time.time()):  # then a zombie, as long as nobody waits for it
            time.sleep(0.01)
        assert process.returncode is None
    assert not is_alive(process.pid, time.time())


def test_another_process_of_the_same_number_is_none() -> None:
    assert is_alive(os.getpid(), time.time())
    assert not is_alive(os.getpid(), time.time() - 24 * 3600 - CLOCK_SECONDS)


@pytest.mark.parametrize(
    "tags, expected",
    [
        ({}, False),
        ({HOST_TAG: "elsewhere"}, False),
        ({GRPC_INFO_TAG: '{"host": "localhost", "socket": "/tmp/a"}'}, True),
        ({GRPC_INFO_TAG: '{"host": "localhost", "port": 4000}'}, True),
        ({GRPC_INFO_TAG: '{"host": "code.example.org", "port": 4000}'}, False),
    ],
)
def test_only_a_process_of_this_machine_is_looked_for(tags: dict[str, str], expected: bool) -> None:
    assert is_here(DagsterRun(job_name="nightly", tags=tags)) is expected
