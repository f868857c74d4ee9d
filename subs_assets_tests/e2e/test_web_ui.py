"""Dagster's web UI as a user sees it: what ``dev.py web`` starts, on a copy of the sample's home, driven by a real
Chromium; and what a page of another site gets of it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from subs_assets.definitions import build_defs
from subs_assets_tests.e2e.conftest import REPOSITORY, FirstRun, Installation, copy_of, wait_until
from subs_assets_tests.shops_and_runs import rows_in

PATIENCE_MILLISECONDS = 60_000
"""For one thing to appear; a busy machine takes seconds to load the page's scripts and to start a run."""


@dataclass(frozen=True)
class WebUI:
    """A web UI that answers, its process, and the browser that looks at it."""

    installation: Installation
    address: str
    log: Path
    browser: Any
    process: subprocess.Popen[str]

    @contextmanager
    def page(self, path: str) -> Iterator[Any]:
        """A Playwright ``Page``; what fails while it is open says where its screenshot is."""
        page = self.browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        try:
            page.goto(self.address + path)
            yield page
        except BaseException as error:
            screenshot = self.log.with_name(f"{time.monotonic_ns()}.png")
            page.screenshot(path=screenshot)
            error.add_note(f"the page at that moment: {screenshot}; what Dagster said: {self.log}")
            raise
        finally:
            page.close()

    def ask(self, query: str) -> Any:
        """The answer to a GraphQL query."""
        request = urllib.request.Request(
            f"{self.address}/graphql",
            json.dumps({"query": query}).encode("utf-8"),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/server_info", timeout=5):
                return True
        except OSError:
            return False


@pytest.fixture(scope="module")
def web(first_run: FirstRun, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebUI]:
    folder = tmp_path_factory.mktemp("web")
    installation = copy_of(first_run, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log_file = folder / "dagster.log"
    arguments = ["-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    with log_file.open("w", encoding="utf-8") as log, deaf_to_ctrl_c():
        process = subprocess.Popen(
            [sys.executable, "-m", "subs_assets.webserver", "dev", *arguments],
            cwd=REPOSITORY, env=installation.environment, text=True, encoding="utf-8", stdout=log, stderr=log,
            start_new_session=os.name != "nt",
        )  # fmt: skip
    ui = WebUI(installation, f"http://127.0.0.1:{port}", log_file, browser, process)
    try:
        wait_until(ui.answers, f"it answered (see {ui.log})", process)
        yield ui
    finally:
        stop(process)


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """A shell starts background programs deaf to Ctrl-C, into which Dagster turns a request to end, and that is
    inherited: what is started within must hear it all the same."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def stop(process: subprocess.Popen[str]) -> None:
    """End it with all that it started: code server, web server, daemon, runs; fails where any of them stays."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/pid", str(process.pid), "/t", "/f"], capture_output=True, check=True)
        process.wait(60)
        return
    process.terminate()
    try:
        process.wait(60)
        wait_until_gone(process.pid, seconds=30)
    finally:
        if is_running(process.pid):
            os.killpg(process.pid, signal.SIGKILL)


def wait_until_gone(group: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while is_running(group):
        assert time.monotonic() < deadline, f"dagster dev ended, and processes of its group {group} did not"
        time.sleep(0.1)


def is_running(group: int) -> bool:
    """Whether any process of the group is."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_graph_shows_every_group_and_the_assets_in_it(web: WebUI) -> None:
    groups: dict[str, set[str]] = {}
    for spec in build_defs(web.installation.settings).resolve_all_asset_specs():
        groups.setdefault(spec.group_name or "", set()).add(spec.key.path[-1])
    with web.page("/asset-groups") as page:
        graph = page.locator("svg")
        for group in groups:
            graph.get_by_text(group, exact=True).wait_for()
        graph.get_by_text("identity", exact=True).click()
        for asset in groups["identity"]:
            graph.get_by_text(asset, exact=True).wait_for()


def test_one_asset_is_materialised_by_its_button(web: WebUI) -> None:
    published = rows_in(web.installation.settings.database_url)
    with web.page("/assets/category_inventory") as page:
        page.get_by_role("button").filter(has_text=re.compile("^Materialize$")).click()
        page.get_by_text("Launched run").wait_for()
        page.get_by_role("link", name="View", exact=True).click()
        page.wait_for_url("**/runs/*")
        run_id = page.url.rsplit("/", 1)[-1]
        page.get_by_text("Success", exact=True).wait_for()
    asked = web.ask(f'{{ runOrError(runId: "{run_id}") {{ ... on Run {{ status assetSelection {{ path }} }} }} }}')
    assert asked["runOrError"] == {"status": "SUCCESS", "assetSelection": [{"path": ["category_inventory"]}]}
    staged = web.installation.settings.staging / run_id
    assert [file.name for file in staged.glob("*.parquet")] == ["category_inventory.parquet"]
    assert rows_in(web.installation.settings.database_url) == published


def test_the_rates_show_a_heatmap_that_the_browser_can_draw(web: WebUI) -> None:
    with web.page("/assets/substitution_rates") as page:
        page.get_by_text("The share of each company's products").wait_for()
        page.get_by_text("Share with a substitute on level 5").wait_for()  # a column's description
        page.get_by_role("row", name="Heatmap").get_by_text("[Show Markdown]").click()
        heatmap = page.get_by_role("img", name="substitution rates")
        assert heatmap.get_attribute("src").startswith("data:image/png;base64,")
        width, height = heatmap.evaluate(
            "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
        )
        assert width > 400 and height > 200
    with web.page("/assets/category_equivalences") as page:
        page.get_by_role("row", name="Who maps to whom").get_by_text("[Show Markdown]").click()
        picture = page.get_by_role("img", name="aldi to coles")
        assert picture.get_attribute("src").startswith("data:image/svg+xml;base64,")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1000


def test_the_job_s_page_tells_of_what_subs_run_did(web: WebUI, first_run: FirstRun) -> None:
    with web.page("/locations/subs_assets/jobs/nightly/runs") as page:
        ((run_id, *_),) = rows_in(first_run.installation.settings.control_url, "run_history")["run_history"]
        page.get_by_role("link", name=run_id[:8]).wait_for()
        page.get_by_text("Success", exact=True).wait_for()


def test_nobody_but_this_machine_can_connect(web: WebUI) -> None:
    processes = [psutil.Process(web.process.pid), *psutil.Process(web.process.pid).children(recursive=True)]
    assert any("subs_assets.webserver" in process.cmdline() and "--port" in process.cmdline() for process in processes)
    listening = {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
    }
    assert listening == {"127.0.0.1"}  # among them the port that answers, or nothing was looked at


def test_a_page_of_another_site_launches_nothing(web: WebUI, tmp_path: Path) -> None:
    """All that a browser sends to another site without asking it, from a page of such a site."""
    launch = (
        'mutation { launchRun(executionParams: {selector: {repositoryName: "__repository__", '
        'repositoryLocationName: "subs_assets", jobName: "prune_archives"}}) { __typename } }'
    )
    target = f"{web.address}/graphql"
    page_of_another_site = tmp_path / "page.html"
    page_of_another_site.write_text(
        f"""<script>
        const [target, query] = {json.dumps([target, launch])};
        const address = target + "?query=" + encodeURIComponent(query);
        const send = (where, type, body) =>
            fetch(where, {{method: "POST", mode: "no-cors", headers: {{"Content-Type": type}}, body}});
        const image = new Promise(done => {{ const i = new Image(); i.onload = i.onerror = done; i.src = address; }});
        const listened = new Promise(done => {{
            const socket = new WebSocket(target.replace("http", "ws"), "graphql-ws");
            socket.onopen = () => done("listened"); socket.onerror = () => done("refused");
        }});
        const typed = "text/plain; as=application/json";
        const asked = [image, send(address, "text/plain"), send(target, typed, JSON.stringify({{query}})), listened];
        Promise.all(asked).then(answers => document.title = answers[3]);
        </script>""",
        encoding="utf-8",
    )
    page = web.browser.new_page()
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if answer.url.startswith(target) else None)
    try:
        page.goto(page_of_another_site.as_uri())
        page.wait_for_function("document.title", timeout=PATIENCE_MILLISECONDS)
        assert (page.title(), statuses) == ("refused", [403, 403, 403])
    finally:
        page.close()
    runs = web.ask('{ runsOrError(filter: {pipelineName: "prune_archives"}) { ... on Runs { results { id } } } }')
    assert runs["runsOrError"]["results"] == []


def test_nothing_is_wrong_and_nothing_is_warned_about(web: WebUI) -> None:
    with web.page("/locations") as page:
        page.get_by_text("Loaded", exact=True).wait_for()
    lines = web.log.read_text(encoding="utf-8").splitlines()
    # `dagster dev` itself says that `dg dev` is its newer name.
    bad = [line for line in lines if re.search("error|warning|traceback", line, re.IGNORECASE)]
    assert [line for line in bad if "SupersessionWarning" not in line] == []
