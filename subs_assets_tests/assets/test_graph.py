"""The whole graph in this process, on real files and a real database: what is published, kept and refused."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd
import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterResourceFunctionError,
    ExecuteInProcessResult,
    MetadataValue,
    ReexecutionOptions,
    execute_job,
)
from sqlalchemy import create_engine

from subs_assets.catalogue import category_path
from subs_assets.database import control, kept_decisions, migrate
from subs_assets.database.check import check
from subs_assets.database.engine import sqlite_file
from subs_assets.database.runs import read_recorded
from subs_assets.database.tables import MADE_BY_ASSETS
from subs_assets.embedding import matrices
from subs_assets.equivalence.decisions import both_directions, other_direction
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.questions import PublishedEquivalences
from subs_assets.equivalence.review import Queue, review_queue
from subs_assets.evaluation import night_comparison
from subs_assets.finding import Finding, Gravity
from subs_assets.history.nights import nights_of
from subs_assets.history.since import failing_now
from subs_assets.model.trained import shipped_model
from subs_assets.settings import Settings
from subs_assets.substitution import build
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.shops_and_runs import (
    COMMON_SKU,
    OWN_BRANDS,
    SOURCE,
    checks_of,
    made_anew,
    nightly_of_the_environment,
    reason_of,
    rows_in,
    rows_of,
    run_graph,
    run_selection,
    settings_of,
    value_of,
    write_shop,
)

COMPANIES = sorted(OWN_BRANDS)
ROWS = len(rows_of("corner"))
MAY_BE_EMPTY = {"set_aside_rows", "identity_conflicts", "category_absences", "category_equivalence_changes"}


def catalogues(settings: Settings) -> Path:
    return settings.catalogues[0]


def prices_of(settings: Settings, slug: str) -> set[float]:
    frame = table(settings, "listings")
    return set(frame.loc[frame["company_slug"] == slug, "price"])


def table(settings: Settings, name: str) -> pd.DataFrame:
    engine = create_engine(settings.database_url)
    try:
        return pd.read_sql_table(name, engine)
    finally:
        engine.dispose()


def with_price(slug: str, price: float) -> list[dict]:
    return [{**row, "price": price} for row in rows_of(slug)]


def test_a_run_publishes_every_table(settings: Settings) -> None:
    rows = {name: len(found) for name, found in rows_in(settings.database_url, *MADE_BY_ASSETS).items()}
    assert {name for name, count in rows.items() if not count} <= MAY_BE_EMPTY
    assert rows["listings"] == rows["product_listings"] == len(COMPANIES) * ROWS
    with sqlite3.connect(sqlite_file(settings.control_url) or "") as connection:
        ((counts,),) = connection.execute("SELECT counts FROM run_history").fetchall()
    connection.close()
    assert json.loads(counts) == rows
    recorded = rows_in(settings.control_url, "runs", "run_steps", "run_checks", "run_figures")
    ((_, job, _, _, _, ended_at, state, _),) = recorded["runs"]
    assert (job, state) == ("nightly", "succeeded") and ended_at
    steps = {step: seconds for _, step, _, _, seconds in recorded["run_steps"]}
    assert {"catalogue__corner", "substitutions", "publication", "report"} <= steps.keys()
    assert all(seconds > 0 for seconds in steps.values())
    checked = {(asset, name): passed for _, asset, name, passed, *_ in recorded["run_checks"]}
    assert checked["catalogue/corner", "delivered"] and checked["evaluation", "rates_hold"]
    figures = {(asset, name): value for _, asset, name, value in recorded["run_figures"]}
    assert figures["catalogue/corner", "Rows read"] == figures["catalogue/corner", "dagster/row_count"] == ROWS
    assert value_of(settings.control_url, "SELECT count(*) FROM night_measures WHERE measure = 'rate'") == 9


def test_what_was_read_adds_up(settings: Settings) -> None:
    files = table(settings, "catalogue_files")
    assert (files["accepted"] + files["set_aside"]).tolist() == files["read"].tolist() == [ROWS] * len(COMPANIES)
    assert Counter(table(settings, "listings")["company_slug"]) == dict.fromkeys(COMPANIES, ROWS)


def test_every_product_has_one_outcome_at_each_company_and_the_rates_are_their_share(settings: Settings) -> None:
    outcomes, listed = table(settings, "substitution_outcomes"), table(settings, "product_listings")
    expected = {
        (company, target, product)
        for company, product in set(zip(listed["company_slug"], listed["product_id"], strict=True))
        for target in COMPANIES
    }
    keys = ["company_slug", "target_company_slug", "product_id"]
    assert Counter(outcomes[keys].itertuples(index=False, name=None)) == dict.fromkeys(expected, 1)

    rates = table(settings, "substitution_rates").query("setting == 'linked'").set_index(keys[:2])
    by_pair = outcomes.groupby(keys[:2])
    assert rates["products"].to_dict() == by_pair.size().to_dict()
    found = by_pair["stage"].apply(lambda stages: int((stages == "found").sum()))
    assert rates["with_any"].to_dict() == found.to_dict()
    assert rates["rate"].to_dict() == pytest.approx((found / by_pair.size()).to_dict())


def test_an_outcome_is_found_exactly_where_a_substitution_is_published(settings: Settings) -> None:
    outcomes, pairs = table(settings, "substitution_outcomes"), table(settings, "substitutions")
    found = outcomes[outcomes["stage"] == "found"]
    assert set(zip(found["product_id"], found["target_company_slug"], strict=True)) == set(
        zip(pairs["product_id"], pairs["company_slug"], strict=True)
    )
    assert len(pairs) > 0


def test_exports_hold_what_is_published(settings: Settings) -> None:
    for name in ("substitutions", "category_equivalences"):
        published = len(table(settings, name))
        assert len(pd.read_parquet(settings.exports / f"{name}.parquet")) == published
        assert len(pd.read_csv(settings.exports / f"{name}.csv", encoding="utf-8-sig")) == published
    assert sorted(path.suffix for path in settings.exports.iterdir()) == [".csv", ".csv", ".parquet", ".parquet"]


def test_no_cell_of_an_export_starts_a_formula(settings: Settings) -> None:
    renamed = [{**row, "name": f"=SUM(1) {row['name']}"} for row in rows_of("corner")]
    write_shop(catalogues(settings), "corner", renamed)
    assert run_graph(settings).success
    names = pd.read_csv(settings.exports / "substitutions.csv", encoding="utf-8-sig")["product"]
    assert names.str.startswith("'=SUM(1) ").sum() > 0 and not names.str.startswith("=").any()
    assert pd.read_parquet(settings.exports / "substitutions.parquet")["product"].str.startswith("=SUM(1) ").any()


def test_a_second_run_publishes_the_same_rows_and_cleans_up_after_the_first(settings: Settings) -> None:
    before = rows_in(settings.database_url)
    (first_staging,), first_matrices = settings.staging.iterdir(), matrices.published(settings.matrices)
    execute(settings.control_url, "UPDATE run_history SET published_at = '2025-01-02T00:00:00.000000+00:00'")
    result = run_graph(settings)
    assert result.success
    checks = checks_of(result)
    assert checks["publication:database_is_at_head"] == (True, "the databases are at head")
    assert not checks["publication:archive_is_young"][0], "none was ever made"
    assert "the first night was published" in checks["publication:archive_is_young"][1]
    assert "0 of " in checks["category_equivalence_changes:equivalences_hold"][1]
    assert rows_in(settings.database_url) == before
    assert [folder.name for folder in settings.staging.iterdir()] == [result.run_id] != [first_staging.name]
    assert matrices.published(settings.matrices).name == result.run_id
    assert not first_matrices.exists()
    assert value_of(settings.control_url, "SELECT count(*) FROM run_history") == 2


@pytest.mark.parametrize("check", ["listings: has_listings", "evaluation: precision_holds"])
def test_a_run_whose_blocking_check_fails_publishes_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    before, exported = rows_in(settings.database_url), _bytes_in(settings.exports)
    write_shop(catalogues(settings), "corner", with_price("corner", 9.99))
    with monkeypatch.context() as changed:
        if check == "listings: has_listings":
            write_shop(tmp_path / "nobody", "unheard_of", rows=[], source="company: [")
            result = run_graph(replace(settings, catalogues=(tmp_path / "nobody",)))
        else:  # every step before the check succeeds, and would be published
            changed.setattr(night_comparison, "compare", lambda *_: [Finding(Gravity.ERROR, "it fell")])
            result = run_graph(settings)
    assert not result.success
    assert check in reason_of(result) and "blocking asset check failed" in reason_of(result)
    assert "publication" not in {event.step_key for event in result.all_events}
    assert rows_in(settings.database_url) == before
    assert _bytes_in(settings.exports) == exported
    assert value_of(settings.control_url, "SELECT count(*) FROM run_history") == 1
    with control.opened(settings.control_url) as engine:
        recorded = read_recorded(engine, 10)
    night = nights_of(recorded).iloc[0]
    assert night["outcome"] == "blocked" and check.replace(":", "") in night["failed"]
    assert failing_now(nights_of(recorded), recorded.checks)[0].sentence.endswith("for the first time")
    assert run_graph(settings).success  # the failed run has left nothing in the way
    assert prices_of(settings, "corner") == {9.99}


def test_companies_with_broken_files_keep_their_last_good_listings(settings: Settings) -> None:
    """One is delivered empty and on the next night not at all, one cut off; each is mended a night later."""
    good = rows_in(settings.database_url, "listings", "listing_categories")
    depot, market = (catalogues(settings) / slug / "today.jsonl" for slug in ("depot", "market"))

    def assert_kept(result: ExecuteInProcessResult, slug: str, reason: str, where: str) -> None:
        assert result.success, reason_of(result)
        passed, says = checks_of(result)[f"catalogue/{slug}:delivered"]
        assert not passed and reason in says and where in says
        assert f"the {ROWS} listings of the last good reading are shown" in says
        shown = rows_in(settings.database_url, *good)
        assert all(_of(slug, shown[name]) == _of(slug, good[name]) != [] for name in good)

    depot.write_bytes(b"")
    market.write_bytes(b'{"id": "m001", "name": "cut o')
    write_shop(catalogues(settings), "corner", with_price("corner", 9.99))
    result = run_graph(settings)
    assert_kept(result, "depot", "the file is empty", "depot/today.jsonl")
    assert_kept(result, "market", "none of its rows can be used", "market/today.jsonl")
    assert checks_of(result)["catalogue/corner:delivered"][0]
    assert prices_of(settings, "corner") == {9.99}
    assert statuses(settings) == {"corner": "read", "depot": "kept", "market": "kept"}

    depot.unlink()
    write_shop(catalogues(settings), "market", with_price("market", 7.77))
    assert_kept(run_graph(settings), "depot", "no file has this name", "depot/*.jsonl")
    assert prices_of(settings, "market") == {7.77}
    assert statuses(settings) == {"corner": "read", "depot": "kept", "market": "read"}

    write_shop(catalogues(settings), "depot", with_price("depot", 7.77))
    assert run_graph(settings).success
    assert prices_of(settings, "depot") == {7.77}


def statuses(settings: Settings) -> dict[str, str]:
    return dict(table(settings, "catalogue_files")[["company_slug", "status"]].itertuples(index=False, name=None))


def test_a_fall_of_thirty_per_cent_is_not_believed(settings: Settings) -> None:
    delivered = {"market": ROWS * 7 // 10, "depot": ROWS * 7 // 10 + 1}
    for slug, count in delivered.items():
        write_shop(catalogues(settings), slug, rows_of(slug)[:count])
    result = run_graph(settings)
    assert result.success
    for slug, kept in (("market", True), ("depot", False)):
        passed, says = checks_of(result)[f"catalogue/{slug}:delivered"]
        assert passed is not kept
        assert ("accept_fall" in says) is kept
        shown = len(_of(slug, rows_in(settings.database_url, "listings")["listings"]))
        assert shown == (ROWS if kept else delivered[slug])


def test_a_broken_source_yaml_is_an_asset_that_says_so(settings: Settings) -> None:
    (catalogues(settings) / "market" / "source.yaml").write_text("company: [", encoding="utf-8")
    broken = "company: {name: New}\nfiles: ['*.jsonl']\nformat: telepathy\n"
    write_shop(catalogues(settings), "new_one", rows_of("corner"), source=broken)
    result = run_graph(settings)
    assert result.success
    checks = checks_of(result)
    assert (
        not checks["catalogue/market:delivered"][0] and "market/source.yaml" in checks["catalogue/market:delivered"][1]
    )
    assert not checks["catalogue/new_one:delivered"][0] and "format" in checks["catalogue/new_one:delivered"][1]
    assert checks["catalogue/corner:delivered"][0]
    shown = Counter(table(settings, "listings")["company_slug"])
    assert shown == dict.fromkeys(COMPANIES, ROWS)


def test_companies_may_have_names_that_dagster_or_python_keeps_for_itself(tmp_path: Path) -> None:
    slugs = ("input", "context", "import", "7eleven")
    for slug in slugs:
        write_shop(tmp_path / "catalogues", slug, rows_of("corner"))
    result = run_selection(settings_of(tmp_path), "+listings")
    assert result.success, reason_of(result)
    assert all(checks_of(result)[f"catalogue/{slug}:delivered"][0] for slug in slugs)


@pytest.mark.parametrize("selection", ["+categories", "+substitution_rates", "+products"])
def test_one_asset_with_its_upstream_is_staged_and_nothing_is_published(settings: Settings, selection: str) -> None:
    before = rows_in(settings.database_url)
    write_shop(catalogues(settings), "corner", with_price("corner", 9.99))
    result = run_selection(settings, selection)
    assert result.success, reason_of(result)
    staged = {file.stem for file in (settings.staging / result.run_id).glob("*.parquet")}
    assert selection[1:] in staged
    assert rows_in(settings.database_url) == before


def test_an_asset_alone_reads_what_is_published(settings: Settings) -> None:
    (catalogues(settings) / "corner" / "today.jsonl").unlink()  # not read: only categories is asked for
    result = run_selection(settings, "categories")
    assert result.success, reason_of(result)
    (staged,) = (settings.staging / result.run_id).glob("*.parquet")
    assert len(pd.read_parquet(staged)) == len(table(settings, "categories"))


def test_a_single_company(tmp_path: Path) -> None:
    write_shop(tmp_path / "catalogues", "corner")
    settings = settings_of(tmp_path)
    result = run_graph(settings)
    assert result.success, reason_of(result)
    assert len(table(settings, "listings")) == ROWS
    assert len(table(settings, "category_equivalences")) == 0
    assert set(table(settings, "substitution_outcomes")["target_company_slug"]) == {"corner"}


def test_a_company_that_never_delivered_costs_the_others_nothing(tmp_path: Path) -> None:
    write_shop(tmp_path / "catalogues", "corner")
    write_shop(tmp_path / "catalogues", "depot")
    write_shop(tmp_path / "catalogues", "market", [])
    settings = settings_of(tmp_path)
    result = run_graph(settings)
    assert result.success, reason_of(result)
    passed, says = checks_of(result)["catalogue/market:delivered"]
    assert not passed and "market/today.jsonl" in says and "no earlier reading" in says
    assert set(table(settings, "listings")["company_slug"]) == {"corner", "depot"}
    assert set(table(settings, "catalogue_files")["company_slug"]) == {"corner", "depot", "market"}


def shelved(rows: list[dict], name: str) -> list[dict]:
    """The corner shop's rows in another order, the milk on a shelf of that name, with ids that are new each time."""
    renamed = [{**row, "shelf": ["Food", name] if row["shelf"] == ["Food", "Milk"] else row["shelf"]} for row in rows]
    return [{**row, "ids": [f"{name} {part}" for part in row["shelf"]]} for row in reversed(renamed)]


def test_a_decision_by_a_person_wins_outlives_runs_and_waits_for_its_category(settings: Settings) -> None:
    """The evidence says that milk is milk; Ann says that the corner shop's is narrower, that its milk is no substitute
    for the depot's, and dog food one. Then its shelf is renamed, and is called Milk again."""
    corner, depot = category_path.encode(["Food", "Milk"]), category_path.encode(["Everything", "Aisle", "Milk & More"])
    pair = ("corner", corner, "depot", depot)
    said = pd.DataFrame([(*pair, "accept", "broad", "no drinks")], columns=kept_decisions.DECIDED_COLUMNS)
    engine = control.open_control(settings.control_url)
    kept_decisions.record_decisions(engine, "equivalence", both_directions(said), "Ann")
    milk = offered_for(settings, "corner:c001", "depot")[0]
    swaps = [
        ("corner", "c001", "depot", milk, "reject", None, None),
        ("corner", "c001", "market", COMMON_SKU, "accept", None, None),
        ("corner", "gone", "depot", milk, "reject", None, None),
    ]
    kept_decisions.record_decisions(
        engine, "substitution", pd.DataFrame(swaps, columns=kept_decisions.DECIDED_COLUMNS), "Ann"
    )

    def night(name: str) -> tuple[dict[tuple[str, ...], list[str]], str, Queue]:
        """How the pair stands in each direction, the metadata about lost decisions, and the queue."""
        source = SOURCE.format(name="Corner") + "      ids: ids\n"
        write_shop(catalogues(settings), "corner", shelved(rows_of("corner"), name), source)
        result = run_graph(settings)
        assert result.success, reason_of(result)
        rows = table(settings, "category_equivalences").set_index(KEY_COLUMNS)[["status", "relation", "origin"]]
        stands = {key: rows.loc[key].tolist() for key in (pair, other_direction(pair)) if key in rows.index}
        published = {field.name: table(settings, field.name) for field in fields(PublishedEquivalences)}
        queue = review_queue(PublishedEquivalences(**published), kept_decisions.read_decisions(engine, "equivalence"))
        assert told_by(result, "category_equivalence_changes")["Gone"].value == len(last - set(rows.index))
        assert milk not in offered_for(settings, "corner:c001", "depot")
        assert COMMON_SKU in offered_for(settings, "corner:c001", "market")
        idle = told_by(result, "substitutions")["Decisions that count for nothing now"].value
        assert (
            idle.startswith(f"corner gone -> depot {milk}, rejected by Ann")
            and 'corner sells no listing "gone"' in idle
        )
        last.clear()
        last.update(rows.index)
        told = told_by(result, "category_equivalences")
        assert told["Model"].value == shipped_model().version
        for asset in ("category_equivalences", "substitutions"):
            calibrated = str(told_by(result, asset)["Calibrated for"].value)
            assert "calibrated for the encoder all-MiniLM-L6-v2, not for hashing" in calibrated
        return stands, told["Decisions whose category is gone"].value, queue

    last = set(table(settings, "category_equivalences").set_index(KEY_COLUMNS).index)
    decided = {pair: ["accepted", "broad", "decision"], other_direction(pair): ["accepted", "narrow", "decision"]}
    stands, lost, queue = night("Milk")
    assert stands == decided and lost == "none"
    assert corner not in set(queue.rows["path"]) | set(queue.rows["target_path"])

    stands, lost, queue = night("Dairy")
    assert stands == {}
    assert lost.startswith("corner: Food > Milk ~ depot: Everything > Aisle > Milk & More, accepted by Ann on ")
    assert 'corner has no category "Food > Milk" any more; the decision is kept and waits for it' in lost
    assert queue.rows["why"].iloc[0] == f"vanished: {lost}" and queue.asked["vanished"] == 1

    stands, lost, _ = night("Milk")
    assert stands == decided and lost == "none"
    engine.dispose()


def offered_for(settings: Settings, product_id: str, company: str) -> list[str]:
    """The skus that are published as substitutes of a product at a company."""
    rows = table(settings, "substitutions")
    return rows.loc[(rows["product_id"] == product_id) & (rows["company_slug"] == company), "sku"].tolist()


def told_by(result: ExecuteInProcessResult, asset: str) -> Mapping[str, MetadataValue]:
    (told,) = (
        event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == AssetKey(asset)
    )
    return told


@pytest.mark.parametrize(
    "spoil, says",
    [
        ("behind", ("0001", "subs db upgrade")),
        ("drifted", ("listings", "price")),
    ],
)
def test_a_database_that_does_not_fit_stops_the_run_before_it_writes(
    tmp_path: Path, spoil: str, says: tuple[str, ...]
) -> None:
    write_shop(tmp_path / "catalogues", "corner")
    settings = settings_of(tmp_path)
    migrate.upgrade(settings.database_url, "0001" if spoil == "behind" else "head")
    with sqlite3.connect(sqlite_file(settings.database_url) or "") as connection:
        if spoil == "drifted":
            connection.execute("ALTER TABLE listings DROP COLUMN price")
    connection.close()
    before = rows_in(settings.database_url)
    result = run_graph(settings)
    assert not result.success
    reason = reason_of(result)
    assert all(word in reason for word in says), reason
    assert check(settings.database_url)[0] in reason
    assert rows_in(settings.database_url) == before
    assert not settings.staging.exists() and not settings.matrices.exists()


def _of(slug: str, rows: list[tuple]) -> list[tuple]:
    return [row for row in rows if row[0] == slug]


def _bytes_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_failed_run_is_continued_with_what_it_staged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first attempt read is published, and nothing older; after a later run it can no longer be continued."""
    monkeypatch.setenv("SUBS_HOME", str(settings.home))
    monkeypatch.setenv("SUBS_CATALOGUES", str(catalogues(settings)))
    write_shop(catalogues(settings), "corner", with_price("corner", 7.77))
    job = made_anew(nightly_of_the_environment)
    with DagsterInstance.ephemeral() as instance:
        with monkeypatch.context() as broken:
            broken.setattr(build, "build_substitutions", lambda *_: 1 / 0)
            with execute_job(job, instance=instance, raise_on_error=False) as failed:
                assert not failed.success
        write_shop(catalogues(settings), "corner", with_price("corner", 8.88))
        again = ReexecutionOptions.from_failure(failed.run_id, instance)
        with execute_job(job, instance=instance, reexecution_options=again, raise_on_error=False) as continued:
            assert continued.success
        assert prices_of(settings, "corner") == {7.77}
        assert matrices.published(settings.matrices).name == failed.run_id

        assert run_graph(settings).success  # sweeps what the others staged
        with pytest.raises(DagsterResourceFunctionError) as too_late:
            execute_job(job, instance=instance, reexecution_options=again, raise_on_error=False).__enter__()
        assert "cannot be continued: what it staged was swept" in str(too_late.value.__cause__)
        assert prices_of(settings, "corner") == {8.88}


def test_tables_that_would_contradict_each_other_are_not_published(settings: Settings) -> None:
    before = rows_in(settings.database_url)
    write_shop(catalogues(settings), "corner", [{**row, "id": f"new-{row['id']}"} for row in rows_of("corner")])
    result = run_selection(settings, '+key:"products" or key:"publication"')
    assert not result.success
    assert "but not what is made from them: " in reason_of(result) and "substitutions" in reason_of(result)
    assert rows_in(settings.database_url) == before


def test_a_failed_run_leaves_the_published_matrices(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    published = matrices.published(settings.matrices)
    monkeypatch.setattr(night_comparison, "compare", lambda *_: [Finding(Gravity.ERROR, "it fell")])
    assert not run_graph(settings).success
    assert matrices.published(settings.matrices) == published
    assert len(matrices.load(published).product_ids)


def test_a_home_refuses_another_data_set(settings: Settings, tmp_path: Path) -> None:
    before = rows_in(settings.database_url)
    write_shop(tmp_path / "others", "corner", with_price("corner", 1.23))
    others = replace(settings, catalogues=(tmp_path / "others",), data_set="others")
    result = run_graph(others)
    assert not result.success
    assert "holds the data set ../catalogues, not others: set SUBS_HOME" in reason_of(result)
    assert rows_in(settings.database_url) == before
    execute(settings.database_url, "DELETE FROM listings")  # as after a reset: nothing is there to be mixed up
    assert run_graph(others).success


def test_a_folder_of_catalogues_that_is_not_there_is_no_empty_one(settings: Settings, tmp_path: Path) -> None:
    before = rows_in(settings.database_url)
    catalogues(settings).rename(tmp_path / "not mounted")
    result = run_graph(settings)
    assert not result.success
    assert f"there is no folder of catalogues at {catalogues(settings)}: " in reason_of(result)
    assert rows_in(settings.database_url) == before
