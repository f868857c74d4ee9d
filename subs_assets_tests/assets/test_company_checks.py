"""The checks of a company's catalogue in runs of its asset alone: each is given what is published, and stops nobody."""

import pytest

from subs_assets.catalogue import category_path, last_night
from subs_assets.database import control
from subs_assets.database.kept_decisions import record_decision
from subs_assets.settings import Settings
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.shops_and_runs import checks_of, rows_of, run_selection, write_shop


def failed_checks(settings: Settings) -> dict[str, str]:
    result = run_selection(settings, 'key:"catalogue/corner"')
    assert result.success
    checks = {name.removeprefix("catalogue/corner:"): found for name, found in checks_of(result).items()}
    assert list(checks) == [
        "delivered", "is_recent", "listings_hold", "prices_hold", "set_aside_holds", "categories_hold",
    ]  # fmt: skip
    return {name: said for name, (passed, said) in checks.items() if not passed}


def test_each_check_is_given_what_is_published(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_night, "FEWEST", 10)  # the shop is smaller than what is warned of
    folder, rows = settings.catalogues[0], rows_of("corner")
    write_shop(folder, "corner", [{**row, "price": row["price"] * 100} for row in rows])
    failed = failed_checks(settings)
    assert set(failed) == {"delivered"} and "accept_prices: true" in failed["delivered"]

    write_shop(folder, "corner", [{**row, "price": -1} for row in rows[:3]] + rows[3:])
    assert set(failed_checks(settings)) == {"listings_hold", "set_aside_holds"}

    milk, other = category_path.encode(["Food", "Milk"]), category_path.encode(["Milk Shelf"])
    engine = control.open_control(settings.control_url)
    pair = {"company_slug": "corner", "subject": milk, "target_company_slug": "market", "target_subject": other}
    record_decision(engine, kind="equivalence", **pair, verdict="accept", relation="exact", decided_by="Ann")
    engine.dispose()
    write_shop(folder, "corner", [{**row, "shelf": ["Groceries", *row["shelf"][1:]]} for row in rows])
    failed = failed_checks(settings)
    assert set(failed) == {"categories_hold"}
    assert '"Food" (20 listings; 20 of them now stand in "Groceries")' in failed["categories_hold"]
    assert "corner: Food > Milk ~ market: Milk Shelf" in failed["categories_hold"]

    execute(settings.control_url, "UPDATE deliveries SET first_seen_at = '2025-01-02T00:00:00.000000+00:00'")
    write_shop(folder, "corner", rows)  # written anew, and the bytes of the first night
    failed = failed_checks(settings)
    assert set(failed) == {"is_recent"} and "first seen on 2025-01-02" in failed["is_recent"]
