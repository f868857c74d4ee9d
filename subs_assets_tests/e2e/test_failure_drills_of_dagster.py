"""Dagster's processes killed while a run goes on, each a service of its own as in docs/deploy.md: what its UI says is
asked for as the UI does, by GraphQL."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from subs_assets.database import tables
from subs_assets_tests.e2e.conftest import REPOSITORY
from subs_assets_tests.e2e.drills import IN_THE_COMMIT, WHILE_IT_READS, WHILE_IT_STAGES, Drill, State
from subs_assets_tests.halting import HaltFolder, Point, wait_until
from subs_assets_tests.small_program import HALT_FOLDER
from subs_assets_tests.unit.archive.kills import SIGKILL

HASTY_QUEUE = "user_code_failure_retry_delay: 1\n    dequeue_interval_seconds: 1"
"""Dagster's own looks every five seconds."""

LAUNCH = """mutation {{ launchRun(executionParams: {{
  selector: {{ repositoryLocationName: "shops", repositoryName: "__repository__", jobName: "nightly" }}
  runConfigData: {{}}
}}) {{ __typename ... on LaunchRunSuccess {{ run {{ runId }} }} ... on PythonError {{ message }} }} }}"""

CONTINUE = """mutation {{ launchRunReexecution(reexecutionParams: {{ parentRunId: "{run_id}", strategy: FROM_FAILURE }})
  {{ __typename ... on LaunchRunSuccess {{ run {{ runId }} }} ... on PythonError {{ message }} }} }}"""

STATUS = '{{ runOrError(runId: "{run_id}") {{ ... on Run {{ status }} }} }}'

RUNS = "{{ runsOrError {{ ... on Runs {{ results {{ runId }} }} }} }}"

EVENTS = """{{ logsForRun(runId: "{run_id}") {{ ... on EventConnection {{ events {{
  __typename ... on MessageEvent {{ message level }} }} }} }} }}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Services:
    """Code server, web server and daemon of one home; each can be killed and started anew."""

    def __init__(self, drill: Drill, folder: Path) -> None:
        self.drill, self.folder = drill, folder
        self.halt = HaltFolder(folder / "halt-launched")
        self.code_port, self.web_port = free_port(), free_port()
        self.workspace = folder / "workspace.yaml"
        self.workspace.write_text(
            f"load_from:\n- grpc_server: {{host: localhost, port: {self.code_port}, location_name: shops}}\n",
            encoding="utf-8",
        )
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def commands(self) -> dict[str, Sequence[str]]:
        return {
            "code server": ("dagster", "api", "grpc", "-m", "subs_assets_tests.small_program", "-h", "127.0.0.1",
                            "-p", str(self.code_port)),
            "web server": ("dagster_webserver", "-w", str(self.workspace), "-h", "127.0.0.1", "-p", str(self.web_port)),
            "daemon": ("dagster._daemon", "run", "-w", str(self.workspace)),
        }  # fmt: skip

    def start(self, *names: str) -> None:
        environment = {**self.drill.installation.environment, HALT_FOLDER: str(self.halt.folder)}
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", *self.commands()[name]],
                    cwd=REPOSITORY, env=environment, stdout=log, stderr=log,
                )  # fmt: skip

    def kill(self, *names: str) -> None:
        for name in names:
            process = self.running.pop(name)
            process.kill()
            process.wait()

    def ask(self, query: str, **given: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web_port}/graphql",
            json.dumps({"query": query.format(**given)}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    def launch(self, query: str = LAUNCH, **given: str) -> str:
        """The new run's id, when the web server and the code server are there to launch it."""
        found: dict[str, Any] = {}

        def is_launched() -> bool:
            try:
                (answer,) = self.ask(query, **given).values()
            except OSError:
                return False
            found.update(answer)
            return answer["__typename"] == "LaunchRunSuccess"

        wait_until(is_launched, f"a run was launched: {found}")
        return str(found["run"]["runId"])

    def status(self, run_id: str) -> str:
        try:
            return str(self.ask(STATUS, run_id=run_id)["runOrError"]["status"])
        except OSError:
            return "the web server does not answer"

    def wait_until_said(self, run_id: str, part: str) -> None:
        """Of an event of the run."""
        wait_until(lambda: any(part in line for line in self.said(run_id)), f"run {run_id} said {part}")

    def said(self, run_id: str) -> list[str]:
        return [one.get("message", "") for one in self.ask(EVENTS, run_id=run_id)["logsForRun"]["events"]]

    def wait_for(self, run_id: str, *statuses: str) -> None:
        wait_until(lambda: self.status(run_id) in statuses, f"run {run_id} was {statuses}: {self.status(run_id)}")


@pytest.fixture
def services(drill: Drill, tmp_path: Path) -> Iterator[Services]:
    settings = (REPOSITORY / "dagster.yaml.example").read_text(encoding="utf-8")
    hasty = settings.replace("poll_interval_seconds: 20", "poll_interval_seconds: 1")
    hasty = hasty.replace("user_code_failure_retry_delay: 30", HASTY_QUEUE)
    drill.installation.settings.dagster_home.joinpath("dagster.yaml").write_text(hasty, encoding="utf-8")
    started = Services(drill, tmp_path)
    try:
        yield started
    finally:
        started.kill(*started.running)
        if process := started.halt.halted():  # of a test that failed: the run would wait for minutes
            with suppress(ProcessLookupError):
                os.kill(process, SIGKILL)


def halted_run(services: Services, point: Point) -> tuple[str, int]:
    """A run that Dagster launched, and the number of its process, which stands still."""
    services.halt.halt_at(point)
    run_id = services.launch()
    wait_until(lambda: services.halt.halted() or services.status(run_id) == "FAILURE", f"run {run_id} stood still")
    process = services.halt.halted()
    assert process, services.said(run_id)
    return run_id, process


def test_runs_outlive_dagster_and_dagster_tells_of_those_that_died(drill: Drill, services: Services) -> None:
    services.start("code server", "web server", "daemon")
    old = drill.state()
    drill.deliver(2)

    # Two at once: that of the UI waits for `subs run`, and goes on when that is killed.
    drill.run.start(WHILE_IT_READS).wait_until_halted()
    services.halt.halt_at(IN_THE_COMMIT)
    survivor = services.launch()
    from_terminal = services.ask(RUNS)["runsOrError"]["results"][1]["runId"]
    process = drill.run.process.pid
    services.wait_until_said(survivor, f"waiting for run {from_terminal} (process {process} on ")
    drill.run.kill()
    services.wait_until_said(from_terminal, f"its process {process} on ")
    services.wait_for(from_terminal, "FAILURE")

    # Nothing but the run itself lives: it goes on, and whoever comes back tells of it.
    wait_until(lambda: services.halt.halted() or services.status(survivor) == "FAILURE", "it stood still")
    assert services.status(survivor) == "STARTED", services.said(survivor)
    services.kill("web server", "daemon")
    services.start("web server", "daemon")
    assert drill.state() == old
    services.halt.go_on()
    services.wait_for(survivor, "SUCCESS", "FAILURE")
    assert services.status(survivor) == "SUCCESS", services.said(survivor)
    new = drill.state()
    assert new != old

    # A run's process is killed.
    drill.deliver(3)
    killed, process = halted_run(services, WHILE_IT_READS)
    os.kill(process, SIGKILL)
    services.wait_for(killed, "FAILURE")
    assert drill.lock_is_free()
    assert any(
        "Run execution process for" in line or f"its process {process} on" in line for line in services.said(killed)
    )

    # All are killed, as in a power cut: nobody is left who has seen it die.
    lost, process = halted_run(services, WHILE_IT_STAGES)
    services.kill("code server", "daemon")
    os.kill(process, SIGKILL)
    services.start("code server", "daemon")
    services.wait_until_said(lost, f"its process {process} on ")
    services.wait_for(lost, "FAILURE")
    assert drill.state() == new and drill.lock_is_free()

    # It is re-executed from failure: what it had read stays, though other files have come.
    drill.deliver(4)
    services.halt.halt_at(None)
    continued = services.launch(CONTINUE, run_id=lost)
    services.wait_for(continued, "SUCCESS", "FAILURE")
    assert services.status(continued) == "SUCCESS", "\n".join(services.said(continued)[-14:])
    assert highest_price(drill.state()) == pytest.approx(highest_price(old) * 3)


def highest_price(state: State) -> float:
    column = list(tables.listings.columns.keys()).index("price")
    return max(row[column] for row in state["listings"])
