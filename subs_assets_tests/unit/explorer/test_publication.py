"""Requests while nights are published: each gets the old answer or the new one, whole, and never an error."""

import threading
from dataclasses import replace

import pytest

from subs_assets.explorer.night import Explored
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.made_up_nights import made_up_night
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.published_nights import publish, published_home
from subs_assets_tests.unit.explorer.conftest import client_of

PUBLICATIONS = 4


def with_prices(night: Night, price: float) -> Night:
    """The same night with this price everywhere, and as many rates: what one request reads can be held together."""
    rates = night.substitution_rates.assign(rate=price / 10)
    return replace(night, listings=night.listings.assign(price=price), substitution_rates=rates)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    url = ""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.new_database())
    return published_home(tmp_path_factory.mktemp(request.param), with_prices(made_up_night(2, goods=8), 1.0), url)


def test_a_request_reads_one_night(home: Settings) -> None:
    nights = [with_prices(made_up_night(2, goods=8), price) for price in (2.0, 1.0)]
    client = client_of(home)
    product_id = nights[0].products["product_id"].iloc[0]
    is_over = threading.Event()
    failed: list[BaseException] = []

    def publish_nights() -> None:
        try:
            for number in range(PUBLICATIONS):
                publish(home, nights[number % 2], f"run-{number}")
        except BaseException as problem:
            failed.append(problem)
        finally:
            is_over.set()

    publisher = threading.Thread(target=publish_nights)
    publisher.start()
    seen: dict[str, set[float]] = {}
    while not is_over.is_set():
        for asked in (f"products/{product_id}", "products?q=vollmilch", f"substitutes?product_id={product_id}"):
            answer = client.get(f"/api/v1/{asked}")
            assert answer.status_code == 200, answer.text
            told = answer.json()
            prices = {item["price"] for item in told.get("items", told.get("listings"))}
            assert len(prices) == 1 and told["published"] in answer.headers["etag"]
            seen.setdefault(told["published"], set()).update(prices)
        assert client.get(f"/products/{product_id}").status_code == client.get("/").status_code == 200
    publisher.join()
    assert failed == []
    assert len(seen) == 2 and all(len(prices) == 1 for prices in seen.values())


def test_what_was_begun_before_a_publication_ends_with_the_old_night(home: Settings) -> None:
    from subs_assets.database import lookups

    explored = Explored(home)
    with explored.night() as before:
        publish(home, with_prices(made_up_night(2, goods=8), 3.0), "later")
        assert set(lookups.search(before.connection, "vollmilch").listings["price"]) == {1.0}
        assert set(lookups.rates(before.connection)["rate"]) == {0.1}
        with explored.night() as after:
            assert set(lookups.search(after.connection, "vollmilch").listings["price"]) == {3.0}
            assert before.mark != after.mark
