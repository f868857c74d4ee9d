"""A night measures itself before it is published, and is not published where that would harm."""

import pandas as pd
import pytest

from subs_assets.assets.evaluation import by_pair
from subs_assets.database import control, nights
from subs_assets.database.engine import open_engine
from subs_assets.database.warehouse import Warehouse
from subs_assets.evaluation import night_comparison
from subs_assets.review.sheet import read_sheet
from subs_assets.settings import Settings
from subs_assets.substitution.review_file import NEEDED, read_review
from subs_assets_tests.shops_and_runs import checks_of, run_graph, run_selection, small_definitions, value_of

MEASURED_AND_PUBLISHED = "key:evaluation or key:publication"


def runs(settings: Settings) -> int:
    return int(value_of(settings.control_url, "SELECT count(*) FROM run_history"))


def test_it_stands_between_the_rates_and_the_publication(settings: Settings) -> None:
    graph = small_definitions(settings).get_repository_def().asset_graph
    (key,) = (key for key in graph.get_all_asset_keys() if key.to_user_string() == "evaluation")
    parents, children = (
        {found.to_user_string() for found in found_keys}
        for found_keys in (graph.get(key).parent_keys, graph.get(key).child_keys)
    )
    assert {"substitutions", "substitution_outcomes", "substitution_rates"} <= parents
    assert children == {"publication", "report"}


def test_a_trap_that_is_shown_keeps_the_night_from_readers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(settings.database_url)
    warehouse = Warehouse(engine, settings.staging)
    row = warehouse.read("substitutions").iloc[0]
    listed = warehouse.read("product_listings").drop_duplicates("product_id").set_index("product_id")
    names = warehouse.read("listings").set_index(["company_slug", "sku"])["core_name"]
    engine.dispose()
    own = listed.loc[row["product_id"]]
    trap = {
        "company_slug": own["company_slug"], "sku": own["sku"], "target_company_slug": row["company_slug"],
        "target_sku": row["sku"], "words": names[own["company_slug"], own["sku"]],
        "target_words": names[row["company_slug"], row["sku"]], "trap": "form",
    }  # fmt: skip
    monkeypatch.setattr("subs_assets.evaluation.substitution_labels.traps", lambda: pd.DataFrame([trap]))
    before = runs(settings)
    result = run_selection(settings, MEASURED_AND_PUBLISHED)
    assert not result.success and runs(settings) == before
    passed, said = checks_of(result)["evaluation:no_trap_is_shown"]
    assert not passed and f"{trap['words']} -> {trap['target_words']} (form)" in said
    row = f"{trap['company_slug']},{trap['sku']},{trap['target_company_slug']},{trap['target_sku']},reject,known trap"
    sheet = read_sheet(f"{','.join(NEEDED)}\n{row}\n".encode(), {"substitution": NEEDED})
    assert f"(row: {row})" in said and read_review(sheet, listed.reset_index()).decided["verdict"].tolist() == [
        "reject"
    ]


def test_a_rate_that_falls_far_is_published_once_somebody_lets_it_pass(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night_comparison, "FEWEST_CASES", 10)
    engine = control.open_control(settings.control_url)
    earlier = pd.DataFrame([("rate", "corner", "depot", 9.0, 20)], columns=nights.MEASURED_COLUMNS)
    nights.record_night(engine, "earlier", earlier)
    before = runs(settings)
    blocked = run_selection(settings, MEASURED_AND_PUBLISHED)
    assert not blocked.success and runs(settings) == before
    said = checks_of(blocked)["evaluation:rates_hold"][1]
    assert said.startswith("rate corner -> depot is ") and "; nothing is published" in said

    nights.let_pass(engine, "Ana", "half of the drinks are gone")
    passed = run_selection(settings, MEASURED_AND_PUBLISHED)
    assert passed.success and runs(settings) == before + 1
    assert "let pass by Ana: half of the drinks are gone" in checks_of(passed)["evaluation:rates_hold"][1]
    assert nights.open_pass(engine) is None
    measure = nights.earlier_nights(engine, night_comparison.NIGHTS)
    engine.dispose()
    assert set(measure["run_id"]) == {passed.run_id}, "from then on this night is what others are held against"
    assert len(measure) == 9


def test_a_night_is_let_pass_from_the_ui(settings: Settings) -> None:
    config = {"ops": {"allow_next_night": {"config": {"reason": "half of the drinks are gone", "asked_by": "Ana"}}}}
    assert run_graph(settings, "let_night_pass", config).success
    engine = control.open_control(settings.control_url)
    granted = nights.open_pass(engine)
    engine.dispose()
    assert granted and (granted.asked_by, granted.reason) == ("Ana", "half of the drinks are gone")


def test_the_ui_says_what_is_not_measured(settings: Settings) -> None:
    engine = open_engine(settings.database_url)
    shown = by_pair(Warehouse(engine, settings.staging).read("evaluation"))
    engine.dispose()
    assert len(shown) == 9 and set(shown["precision"]) == {"not measured"}
    assert shown["rate"].str.endswith("%").all() and shown["by chance"].str.endswith("%").all()
