"""Night after night in one home: what has not changed is taken from the last one, and what is published is what a run
in an empty home publishes."""

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dagster import ExecuteInProcessResult, MetadataValue

from subs_assets import made_from
from subs_assets.assets import catalogue
from subs_assets.assets.unchanged import taken_if_unchanged
from subs_assets.catalogue import category_path
from subs_assets.database import control, kept_decisions
from subs_assets.database.tables import MADE_BY_ASSETS
from subs_assets.embedding import matrices
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.equivalence import build
from subs_assets.equivalence.decisions import both_directions
from subs_assets.evaluation import night_comparison
from subs_assets.finding import Finding, Gravity
from subs_assets.model import trained
from subs_assets.resources import ComputeResource, ExportFolder, TrainedModelResource
from subs_assets.settings import Settings
from subs_assets.substitution import build as substitution_build
from subs_assets_tests.hashing_encoder import HashingEncoder
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.shops_and_runs import (
    OWN_BRANDS,
    HashingEncoderResource,
    copy_of,
    reason_of,
    rows_in,
    rows_of,
    run_graph,
    run_selection,
    settings_of,
    value_of,
    write_shop,
)

TABLES = sorted(set(MADE_BY_ASSETS) - {"category_equivalence_changes"})
"""All that are made of the catalogues and the decisions alone; that one says what differs from the night before."""

NEVER_TAKEN = {"category_equivalence_changes"}
OF_LISTINGS = {"listings", "listing_categories", "set_aside_rows", "catalogue_files"}
OF_PRICES = {"substitutions", "substitution_outcomes", "substitution_rates", "evaluation"}
OF_TREES = {"categories", "category_inventory"}
OF_PRODUCTS = {"products", "product_listings", "identity_conflicts"}
EVERYTHING = set(MADE_BY_ASSETS) | {"embedding_matrices"}


def night(settings: Settings, **overrides: Any) -> set[str]:
    """A run of everything, which must be published; the names of those assets that it did not make itself."""
    result = run_graph(settings, **overrides)
    assert result.success, reason_of(result)
    return taken_by(result)


def taken_by(result: ExecuteInProcessResult) -> set[str]:
    return {
        event.step_materialization_data.materialization.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if "Unchanged since run" in event.step_materialization_data.materialization.metadata
    }


def shown_by(result: ExecuteInProcessResult, asset: str) -> dict[str, MetadataValue]:
    (shown,) = (
        event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.step_materialization_data.materialization.asset_key.to_user_string() == asset
    )
    return dict(shown)


def published(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    return rows_in(settings.database_url, *TABLES)


def published_cold(settings: Settings, folder: Path, **overrides: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a run of the same catalogues and decisions publishes in an empty home; it writes no report of it."""
    cold = replace(settings_of(folder), catalogues=settings.catalogues)
    copied, own = (control.open_control(one.control_url) for one in (settings, cold))
    for kind in ("equivalence", "substitution"):
        decided = kept_decisions.read_decisions(copied, kind)
        if len(decided):
            kept_decisions.record_decisions(own, kind, decided[kept_decisions.DECIDED_COLUMNS], "Ann")
    copied.dispose()
    own.dispose()
    result = run_selection(cold, '+key:"publication"', **overrides)
    assert result.success, reason_of(result)
    assert taken_by(result) == set()
    return published(cold)


def prices(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "price": row["price"] + 0.5} for row in rows]


def test_a_night_without_a_change_makes_nothing_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before, history = published(settings), value_of(settings.control_url, "SELECT min(run_id) FROM run_history")
    for module, function in (
        (catalogue, "read_company"), (catalogue, "combine"), (build, "build_equivalences"),
        (matrices, "build_matrices"), (substitution_build, "build_substitutions"),
    ):  # fmt: skip
        monkeypatch.setattr(module, function, lambda *_: 1 / 0)
    first = run_graph(settings)
    assert first.success, reason_of(first)
    assert taken_by(first) == EVERYTHING - NEVER_TAKEN
    assert published(settings) == before
    second = run_graph(settings)
    assert taken_by(second) == EVERYTHING - NEVER_TAKEN
    for result in (first, second):
        shown = shown_by(result, "substitutions")
        assert shown["Unchanged since run"].value == history
        assert shown["dagster/row_count"].value == len(before["substitutions"])
        assert shown_by(result, "embedding_matrices")["Products"].value > 0
        assert shown["Candidates judged"].value > 0 and len(shown["Samples"].records) > 0


def test_a_change_of_prices_concerns_what_is_made_of_prices(settings: Settings, tmp_path: Path) -> None:
    """Nothing is encoded and nothing matched; the unit prices are new."""
    write_shop(settings.catalogues[0], "corner", prices(rows_of("corner")))
    before = dict(rows_in(settings.database_url, "listings", "substitutions"))
    encoder = HashingEncoderResource(vectors=str(settings.vectors), compute=ComputeResource())
    taken = night(settings, encoder=encoder)
    assert taken == EVERYTHING - NEVER_TAKEN - OF_LISTINGS - OF_PRICES
    assert encoder.store().encoder.encoded == []  # type: ignore[attr-defined]
    after = rows_in(settings.database_url, "listings", "substitutions")
    assert before["listings"] != after["listings"] and before["substitutions"] != after["substitutions"]
    assert published(settings) == published_cold(settings, tmp_path)


def test_a_changed_category_path(settings: Settings, tmp_path: Path) -> None:
    moved = [
        {**row, "shelf": [*row["shelf"], "Fresh"] if "Milk" in row["name"] else row["shelf"]}
        for row in rows_of("corner")
    ]
    write_shop(settings.catalogues[0], "corner", moved)
    taken = night(settings)
    assert taken == OF_PRODUCTS
    assert published(settings) == published_cold(settings, tmp_path)


def test_a_company_that_is_gone_is_nowhere(settings: Settings, tmp_path: Path) -> None:
    for file in (settings.catalogues[0] / "depot").iterdir():
        file.unlink()
    (settings.catalogues[0] / "depot").rmdir()
    assert night(settings) <= {"set_aside_rows", "identity_conflicts"}
    rows = published(settings)
    assert not any("depot" in row for found in rows.values() for row in found)
    assert rows == published_cold(settings, tmp_path)


def test_another_encoder_makes_everything_anew_that_rests_on_names(settings: Settings, tmp_path: Path) -> None:
    class Narrower(HashingEncoderResource):
        def store(self) -> VectorStore:
            self._store = self._store or VectorStore(Path(self.vectors), HashingEncoder(dimension=48))
            return self._store

    old_vectors = {file.relative_to(settings.vectors): file.read_bytes() for file in settings.vectors.rglob("*.npy")}
    taken = night(settings, encoder=Narrower(vectors=str(settings.vectors), compute=ComputeResource()))
    assert taken >= OF_LISTINGS | OF_PRODUCTS | OF_TREES
    assert not taken & ({"embedding_matrices", "category_facets", "category_equivalences"} | OF_PRICES)
    assert (
        old_vectors.items()
        <= {file.relative_to(settings.vectors): file.read_bytes() for file in settings.vectors.rglob("*.npy")}.items()
    )
    assert published(settings) == published_cold(
        settings, tmp_path, encoder=Narrower(vectors=str(tmp_path / "vectors"), compute=ComputeResource())
    )
    assert taken_by(run_graph(settings)) == taken, "and back again"


def test_another_model(settings: Settings, tmp_path: Path) -> None:
    stricter = TrainedModelResource(folder=str(model_in(tmp_path / "model", shown_from=0.995)))
    before = published(settings)
    taken = night(settings, trained_model=stricter)
    assert taken >= OF_LISTINGS | OF_PRODUCTS | OF_TREES and not taken & OF_PRICES
    assert len(published(settings)["substitutions"]) < len(before["substitutions"])
    assert published(settings) == published_cold(settings, tmp_path, trained_model=stricter)


def model_in(folder: Path, shown_from: float) -> Path:
    shipped = trained.shipped_model()
    trained.save(replace(shipped, acceptance=replace(shipped.acceptance, shown_from=shown_from)), folder)
    return folder


def test_a_decision_concerns_what_reads_decisions(settings: Settings, tmp_path: Path) -> None:
    decide(settings, "substitution", ("corner", "c001", "market", "m001", "reject", None, None))
    assert night(settings) == EVERYTHING - NEVER_TAKEN - OF_PRICES
    corner, depot = category_path.encode(["Food", "Milk"]), category_path.encode(["Everything", "Aisle", "Milk & More"])
    decide(settings, "equivalence", ("corner", corner, "depot", depot, "accept", "broad", "no drinks"))
    taken = night(settings)
    assert "category_facets" in taken and not taken & ({"category_equivalences"} | OF_PRICES)
    assert published(settings) == published_cold(settings, tmp_path)


def test_what_was_made_while_somebody_decided_is_not_taken(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decision comes in the middle of the step and is withdrawn after the night: who knows what was seen of it?"""
    row = ("corner", "c001", "market", "m001", "reject", None, None)
    write_shop(settings.catalogues[0], "corner", prices(rows_of("corner")))
    made = substitution_build.build_substitutions

    def interrupted(*given: Any) -> Any:
        decide(settings, "substitution", row)
        return made(*given)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(substitution_build, "build_substitutions", interrupted)
        night(settings)
    execute(settings.control_url, "DELETE FROM decisions")
    assert not night(settings) & {"substitutions", "substitution_outcomes"}
    assert published(settings) == published_cold(settings, tmp_path)


def decide(settings: Settings, kind: str, row: tuple[Any, ...]) -> None:
    said = pd.DataFrame([row], columns=kept_decisions.DECIDED_COLUMNS)
    engine = control.open_control(settings.control_url)
    kept_decisions.record_decisions(engine, kind, both_directions(said) if kind == "equivalence" else said, "Ann")
    engine.dispose()


def test_the_same_files_delivered_again_are_not_read_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """But they are of today: that is what catalogue_files says."""
    file = write_shop(settings.catalogues[0], "corner")
    os.utime(file, (1_900_000_000,) * 2)
    monkeypatch.setattr(catalogue, "read_company", lambda *_: 1 / 0)
    assert night(settings) == EVERYTHING - NEVER_TAKEN - OF_LISTINGS
    when = value_of(settings.database_url, "SELECT modified_at FROM catalogue_files WHERE company_slug = 'corner'")
    assert when == "2030-03-17T17:46:40+00:00"


def test_whatever_companies_deliver_otherwise_is_read(settings: Settings) -> None:
    """A row of the same length at the same time, a source.yaml, and another file: of one company each."""
    folder = settings.catalogues[0]
    file = folder / "corner" / "today.jsonl"
    status = file.stat()
    file.write_bytes(file.read_bytes().replace(b"2.1,", b"9.1,", 1))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    source = folder / "depot" / "source.yaml"
    source.write_text(source.read_text(encoding="utf-8") + "highest_price: 11\n", encoding="utf-8")
    row = {**rows_of("market")[0], "id": "new", "name": "Something else 5L"}
    (folder / "market" / "more.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    before = published(settings)["listings"]
    assert "listings" not in night(settings)
    after = published(settings)["listings"]
    for slug in OWN_BRANDS:
        assert [row for row in after if row[0] == slug] != [row for row in before if row[0] == slug], slug


def test_files_that_change_while_they_are_read_are_read_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_shop(settings.catalogues[0], "corner", prices(rows_of("corner")))
    as_hashed = file.read_bytes()
    read = catalogue.read_company

    def read_late(source: Any, known: Any) -> Any:
        write_shop(settings.catalogues[0], "corner", rows_of("corner"))
        return read(source, known)

    with monkeypatch.context() as slow:
        slow.setattr(catalogue, "read_company", read_late)
        night(settings)
    file.write_bytes(as_hashed)
    before = published(settings)["listings"]
    night(settings)
    assert published(settings)["listings"] != before


def test_a_bad_reading_is_never_kept(settings: Settings) -> None:
    file = settings.catalogues[0] / "corner" / "today.jsonl"
    good = file.read_bytes()
    file.write_bytes(b"")
    for _ in range(2):
        night(settings)
        assert (
            value_of(settings.database_url, "SELECT status FROM catalogue_files WHERE company_slug = 'corner'")
            == "kept"
        )
    file.write_bytes(good)
    night(settings)
    assert value_of(settings.database_url, "SELECT status FROM catalogue_files WHERE company_slug = 'corner'") == "read"


def test_a_fall_is_measured_against_what_is_published_now(settings: Settings) -> None:
    """The files are last night's; but somebody has brought back more listings than they hold."""
    more = "INSERT INTO listings (company_slug, sku, name, core_name, approximate, claims, file, line, repairs) "
    for number in range(20):
        execute(settings.database_url, more + f"VALUES ('corner', 'more-{number}', 'x', 'x', 0, '[]', 'f', 1, '[]')")
    night(settings)
    status, problem = (
        value_of(settings.database_url, f"SELECT {name} FROM catalogue_files WHERE company_slug = 'corner'")
        for name in ("status", "problem")
    )
    assert status == "kept" and "a fall of" in problem


def test_nothing_of_a_failed_run_is_taken(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_shop(settings.catalogues[0], "corner", prices(rows_of("corner")))
    with monkeypatch.context() as refusing:
        refusing.setattr(night_comparison, "compare", lambda *_: [Finding(Gravity.ERROR, "it fell")])
        failed = run_graph(settings)
        assert not failed.success
    result = run_graph(settings)
    assert result.success, reason_of(result)
    taken = taken_by(result)
    assert taken == EVERYTHING - NEVER_TAKEN - OF_LISTINGS - OF_PRICES, "of the night before it"
    assert failed.run_id not in {str(shown_by(result, name)["Unchanged since run"].value) for name in taken}
    assert published(settings) == published_cold(settings, tmp_path)


def test_where_an_input_is_not_of_this_run_it_is_made(settings: Settings) -> None:
    result = run_selection(settings, 'key:"substitution_rates"')
    assert result.success and taken_by(result) == set()
    assert taken_by(run_selection(settings, '+key:"products"')) == {"listings", "products"}
    assert night(settings) == EVERYTHING - NEVER_TAKEN, "and these runs have published nothing"


def test_a_changed_program_makes_everything_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_from, "program", lambda: "another")
    monkeypatch.setattr(made_from.program, "__wrapped__", lambda: "another", raising=False)
    before = published(settings)
    assert night(settings) == set()
    assert published(settings) == before
    assert night(settings) == EVERYTHING - NEVER_TAKEN


def test_a_damaged_file_is_made_again(settings: Settings) -> None:
    (products,) = settings.staging.glob("*/products.parquet")
    content = products.read_bytes()
    products.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
    before = published(settings)
    assert night(settings) == EVERYTHING - NEVER_TAKEN - OF_PRODUCTS
    assert published(settings) == before


def test_an_asset_may_not_look_at_what_nobody_can_compare() -> None:
    def exports(export_folder: ExportFolder) -> None: ...

    with pytest.raises(TypeError, match="exports takes the resource export_folder, which has no version"):
        taken_if_unchanged(exports)


KINDS: dict[str, Callable[[random.Random, list[dict[str, Any]]], None]] = {}


def edit(change: Callable[[random.Random, list[dict[str, Any]]], None]) -> Callable[..., None]:
    KINDS[change.__name__] = change
    return change


@edit
def added(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    model = chance.choice(rows)
    rows.append({**model, "id": f"n{chance.randrange(10**6)}", "name": f"{model['name']} {chance.choice(WORDS)}"})


@edit
def removed(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    rows.remove(chance.choice(rows))


@edit
def renamed(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    chance.choice(rows)["name"] += f" {chance.choice(WORDS)}"


@edit
def priced(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    chance.choice(rows)["price"] = round(chance.uniform(0.5, 20), 2)


@edit
def shelved(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    chance.choice(rows)["shelf"] = chance.choice(rows)["shelf"] + chance.choice([[], ["Fresh"], ["Gluten Free"]])


@edit
def branded(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    chance.choice(rows)["brand"] = chance.choice([*OWN_BRANDS.values(), "Harvest Lane", ""])


@edit
def moved(chance: random.Random, rows: list[dict[str, Any]]) -> None:
    chance.shuffle(rows)


WORDS = ("Organic", "Gluten Free", "Vegan", "Rye", "Milk", "Beef", "Twin Pack", "Oat", "Sparkling")


def edited_nights(seed: int) -> Iterator[dict[str, list[dict[str, Any]]]]:
    """The shops' rows on each of a few nights: some of one kind of change only, some of all; fewer rows are gone than
    would be taken for a delivery that was cut off."""
    chance = random.Random(seed)
    shops = {slug: rows_of(slug) for slug in OWN_BRANDS}
    for kinds in (["priced"], ["shelved", "moved"], sorted(KINDS), ["priced", "moved"], sorted(KINDS)):
        for _ in range(chance.randrange(1, 6)):
            KINDS[chance.choice(kinds)](chance, shops[chance.choice(sorted(shops))])
        yield shops


def test_random_edits_are_published_as_by_a_cold_run(settings: Settings, tmp_path: Path) -> None:
    """Also a decision on the way, and another model."""
    overrides: dict[str, Any] = {}
    taken: set[str] = set()
    for number, shops in enumerate(edited_nights(seed=1)):
        for slug, rows in shops.items():
            write_shop(settings.catalogues[0], slug, rows)
        if number == 2:
            decide(settings, "substitution", ("corner", "c003", "market", "m004", "accept", None, None))
        if number == 3:
            folder = model_in(tmp_path / "model", shown_from=0.6)
            overrides = {"trained_model": TrainedModelResource(folder=str(folder))}
        taken |= night(settings, **overrides)
        warm, cold = published(settings), published_cold(settings, tmp_path / f"cold-{number}", **overrides)
        assert [name for name in TABLES if warm[name] != cold[name]] == [], f"night {number}"
    assert {"products", "category_equivalences", "embedding_matrices"} <= taken, "or this test tests nothing"


def test_a_copied_home_goes_on_where_it_was(settings: Settings, tmp_path: Path) -> None:
    folder = settings.home.parent
    assert night(copy_of(folder, tmp_path / "elsewhere")) == EVERYTHING - NEVER_TAKEN
