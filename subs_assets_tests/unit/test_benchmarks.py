"""The benchmarks' front end on made-up listings, so that it is found out when it no longer works; nothing is timed."""

import importlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import arrivals, every, first_system, inputs, page, scale, serving
from benchmarks.first_paint import SMALLEST
from benchmarks.rows import Row, Size, cells
from benchmarks.whole_graph import several
from subs_assets.database import migrate
from subs_assets.settings import Settings
from subs_assets.substitution.build import build_substitutions
from subs_assets_tests.large_night import large_night
from subs_assets_tests.look_ups import keys_of
from subs_assets_tests.small_shops import MODEL, equivalences, inputs_of, item, shops, spelled

ROOT = Path(__file__).parents[2]
ON_MADE_UP = ("first_system", "soft_evidence", "level_five")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What `python -m benchmarks --tiny` writes where there are no real catalogues."""
    folder = tmp_path_factory.mktemp("results")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SUBS_")}
    command = [sys.executable, "-m", "benchmarks", "--tiny", *ON_MADE_UP, "--results", str(folder)]
    ended = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "min on two quiet cores" in ended.stdout and "made-up names" in ended.stdout
    (file,) = folder.iterdir()
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\d-\w+(-dirty)?-tiny-{'-'.join(ON_MADE_UP)}\.json", file.name)
    return json.loads(file.read_text(encoding="utf-8"))


def test_a_run_tells_the_machine_and_every_row(results: dict) -> None:
    assert results["problems"] == {} and set(results["seconds"]) == set(ON_MADE_UP)
    assert {"python", "numpy", "cores", "sgemm GFLOP/s"} <= results["machine"].keys()
    measured = {(row["what"], row["beside"]) for row in results["rows"]}
    assert measured == {
        ("search in categories", "matrix products alone"),
        ("search in categories", "the first system"),
        ("search and store", "the first system"),
        ("soft evidence", "cosines of all pairs of two companies"),
        ("level 5 over all blocks", "bare products, vectors and n-grams"),
        ("level 5 over all blocks", "bare products of the vectors alone"),
    }


def test_its_rows_go_into_the_page(results: dict, tmp_path: Path) -> None:
    file = tmp_path / page.PAGE
    file.write_text(f"before\n{page.BEGIN}\nold rows\n{page.END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        page.write_docs(results, tmp_path)
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"before\n{page.BEGIN}\n") and text.endswith(f"\n{page.END}\nafter\n")
        assert "old rows" not in text and text.count("| search and store |") == 1
    assert "search in categories" in (tmp_path / page.PICTURE).read_text(encoding="utf-8")
    file.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="has not the marks"):
        page.write_docs(results, tmp_path)


def test_the_real_page_has_its_marks() -> None:
    text = (page.DOCS / page.PAGE).read_text(encoding="utf-8")
    assert text.index(page.BEGIN) < text.index(page.END)


@pytest.mark.parametrize("benchmark", [benchmark.name for benchmark in every.BENCHMARKS])
def test_every_benchmark_can_be_called(benchmark: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{benchmark}").rows)


def test_what_cannot_be_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = every.in_a_process("no_such_benchmark", Size.TINY)
    assert outcome.rows == [] and "no_such_benchmark" in (outcome.problem or "")

    def without_postgresql(_: Size) -> list[Row]:
        pytest.skip("the program postgres is missing")

    monkeypatch.setattr(first_system, "rows", without_postgresql)
    assert every.measured("first_system", Size.TINY).problem == "the program postgres is missing"


@pytest.mark.parametrize(
    ("row", "shown", "met"),
    [
        (Row("a", 25_000, 0.1, beside="b", other=50, at_most=1 / 400), ("0.1 s", "b 50 s", "1/500", "1/400"), True),
        (Row("a", None, 0.2, beside="b", other=50, at_most=1 / 400), ("0.2 s", "b 50 s", "1/250", "1/400"), False),
        (Row("a", None, 1.2, beside="b", other=1, at_most=1.35), ("1.2 s", "b 1 s", "1.20", "1.35"), True),
        (Row("a", None, 12.5, at_most=12, bounds="ours"), ("12.5 s", "", "", "12 s"), False),
        (Row("a", None, 0, unit="", at_most=0, bounds="ours"), ("0", "", "", "0"), True),
        (Row("a", None, 150, unit="MiB"), ("150 MiB", "", "", ""), None),
    ],
)
def test_a_row_is_held_against_its_budget(row: Row, shown: tuple[str, ...], met: bool | None) -> None:
    assert cells(row)[2:6] == shown
    assert row.met is met


def test_a_budget_of_a_ratio_needs_something_to_divide_by() -> None:
    with pytest.raises(ValueError, match="nothing to divide by"):
        Row("a", None, 1.0, at_most=1.35)


def test_categories_come_again_when_all_are_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    listings = pd.DataFrame(
        {"company_slug": ["one", "one", "two", "two"], "core_name": ["a", "b", "c", "d"], "path": ["x", "x", "x", None]}
    )
    monkeypatch.setattr(inputs, "listings", lambda: listings)
    names, places = inputs.categories(7)
    assert len(names) == 7 and [place.stop for place in places[:-1]] == [place.start for place in places[1:]]
    assert {tuple(names[place]) for place in places} == {("a", "b"), ("c",), ("a",)}
    assert "d" not in names


def test_other_pairs_than_those_of_the_first_system_are_an_error() -> None:
    ours = pd.DataFrame({"product_id": [0, 1], "substitute_id": [1, 2], "similarity": [0.9, 0.8]})
    first_system.require_the_same([[(0, 1, 0.9)], [], [(1, 2, 0.8)]], ours)
    for theirs in ([(0, 1, 0.9)], [(0, 1, 0.9), (1, 2, 0.85)], [(0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.76)]):
        with pytest.raises(AssertionError):
            first_system.require_the_same([theirs], ours)


def test_a_night_three_times_over_has_three_times_the_substitutions() -> None:
    tastes = ("apple", "cherry", "lemon")
    items = [item("aldi", f"a{taste}", f"crunchy muesli {taste}", "Muesli", brand="a") for taste in tastes]
    items += [item("coles", f"c{taste}", f"muesli crunchy clusters {taste}", "Pantry > Muesli") for taste in tastes]
    shop = shops([*items, item("coles", "loose", "crunchy muesli plum")])
    inputs = inputs_of(shop, equivalences(("aldi", "Muesli", "coles", "Pantry > Muesli", "exact")))
    features = spelled(shop.products["core_name"])
    once, thrice = (build_substitutions(*several(inputs, features, copies), MODEL) for copies in (1, 3))
    assert len(once.substitutions) > 10 and (once.substitutions["level"] == 5).any()
    assert thrice.candidates == 3 * once.candidates
    assert len(thrice.substitutions) == 3 * len(once.substitutions)


def test_a_planned_graph_has_each_pair_of_shelves_once() -> None:
    shape = scale.Shape(listings=400, companies=4, shelves=1, mapped=1.0, others=1.0)
    took = scale.Took(1.0, 1.0)
    tiles = {"one worker": scale.Took(1.5, 1.5)}
    measured = scale.Measured(
        names=100, tiles=tiles, opening=scale.Took(0.5, 0.5), encoding={"one worker": took}, task_seconds=0.004,
        scheduler_seconds=0.001, cells=100, candidates_a_place=2.0, lexical_bytes=400.0, gate_bytes=100.0,
    )  # fmt: skip
    planned = dict(scale.task_graph(shape, measured))
    assert planned["shelves; pairs of them that may be compared"] == "4; 16"  # each with itself and three others
    assert planned["tiles"] == "4"
    # A shelf of 100 with itself and, in the same tile, with those of the companies after it.
    assert planned["cells of the blocks, each pair of shelves once"] == f"{100 * 100 * (4 + 3 + 2 + 1):.2g}"
    assert planned["work of one core"] == "0.3 h"  # 100 cells a second
    assert planned["candidates; results, workers to run"].startswith("3.2e+03;")


class OneAtATime(BaseHTTPRequestHandler):
    """Answers after SECONDS, in one thread."""

    SECONDS = 0.05
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        time.sleep(self.SECONDS)
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


class Patient(HTTPServer):
    """Lets all of a test wait: beyond the usual five, connections are dropped, and come again after a second."""

    request_queue_size = 128


def test_a_request_that_waits_for_others_has_waited() -> None:
    with Patient(("127.0.0.1", 0), OneAtATime) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        asked = arrivals.Asked(address, {"here": ["/"], "nowhere": ["/gone"]}, rate=2 / OneAtATime.SECONDS)
        answers = arrivals.answers_of(asked, 10 * OneAtATime.SECONDS)
        server.shutdown()
    assert {(one.kind, one.problem) for one in answers} == {("here", None), ("nowhere", "404 ")}
    # Twice as many arrive as are answered: the last waits for half of the others.
    assert answers[-1].milliseconds > 1000 * OneAtATime.SECONDS * len(answers) / 4
    times = serving.times_of(answers)
    assert (
        times.errors == {"404 ": sum(one.kind == "nowhere" for one in answers)} and times.p50 <= times.p95 <= times.max
    )


def test_where_the_asking_process_ends_at_once_it_is_said() -> None:
    with pytest.raises(RuntimeError, match=r"http://127\.0\.0\.1:9 for product page \(0\) ended before"):
        arrivals.answers_of(arrivals.Asked("http://127.0.0.1:9", {"product page": []}, rate=1), 0)


def test_what_the_served_explorer_is_asked_has_answers(tmp_path: Path) -> None:
    night = large_night(200, 1_000)
    places = {"SUBS_HOME": str(tmp_path), "SUBS_CATALOGUES": str(tmp_path)}
    home = Settings.from_environment(places)
    migrate.upgrade(home.database_url)
    for run_id, staged in ((serving.BEFORE, night), (serving.AFTER, serving.next_night(night))):
        serving.stage(home.staging, run_id, staged)
    serving.publish(home.database_url, home.staging, serving.BEFORE)
    keys = keys_of(night, 5)
    alone = serving.looked_up_alone(home, keys)
    with serving.serving(home) as (address, _):
        first_page, first_review = serving.first_visit(address)
        with arrivals.arriving(arrivals.Asked(address, serving.paths_of(keys), rate=50)) as answers:
            serving.publish(home.database_url, home.staging, serving.AFTER)
    assert {one.kind for one in answers} == set(serving.paths_of(keys))
    assert {one.problem for one in answers} == {None}
    assert 0 < first_page <= first_review
    times = serving.times_of(answers)
    kinds = dict.fromkeys(serving.paths_of(keys), times)
    served = serving.Served(
        kinds, alone, {serving.PRODUCT: times}, times, 1.0, first_page, first_review,
        {"overview": 2_000.0, SMALLEST: 100.0}, 200.0, None,
    )  # fmt: skip
    rows = {row.what: row for row in serving.rows_of("SQLite", 1_000, served)}
    assert rows["first paint of overview, SQLite"].met is False
    assert rows["answers that were errors, SQLite"].met is True
    assert rows["product page, p95 at 20 requests/s, SQLite"].other == alone[serving.PRODUCT].p95
