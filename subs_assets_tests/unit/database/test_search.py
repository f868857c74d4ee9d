import doctest
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from subs_assets.archive import snapshot
from subs_assets.archive.restore import restore
from subs_assets.archive.verify import verify
from subs_assets.catalogue.text import fold
from subs_assets.database import lookups
from subs_assets.database.engine import DatabaseNotReady, open_engine, writing
from subs_assets.database.search_index import LONGEST_WORD, bring_up_to_date, folded_with_sizes, words_of
from subs_assets.database.tables import listings, product_listings, published_tables, search_words
from subs_assets.database.warehouse import Warehouse
from subs_assets.settings import sqlite_url
from subs_assets_tests.unit.database.conftest import on_sqlite

LISTINGS = [
    ("aldi", "1001", "aldi:1001", "Just Organic Müsli", "Just Organic", None, 4.5),
    ("coles", "77", "09300601234567", "Coles Bircher MÜSLI 750g", "Coles", "09300601234567", 5.0),
    ("iga", "77", "iga:77", "Fruit 100% Bar", None, None, None),
    ("iga", "78", "09300601234567", "Bircher Muesli", "Coles_x", "09300601234567", 5.5),
    ("iga", "79", "iga:79", "1001 Nights Tea", "Aldi?", None, 2.0),
    ("billa", "1", "billa:1", "Bergbauern-Vollmilch 1 l", "Ja! Natürlich", None, 1.9),
    ("billa", "2", "billa:2", "Milch", None, None, 1.2),
    ("billa", "3", "billa:3", "Frische Milch", None, None, 1.3),
    ("billa", "4", "billa:4", "Milchreis", None, None, 1.4),
    ("billa", "5", "billa:5", "Dessert Milchreis", None, None, 1.4),
    ("billa", "6", "billa:6", "Weißer Käse", "Milchhof", None, 3.0),
    ("coles", "80", "coles:80", "Cheddar Cheese Block", "Coles", None, 6.0),
    ("coles", "81", "coles:81", "Shredded Cheddar", "Bega", None, 6.0),
    ("coles", "82", "coles:82", "Cadbury Dairy Chocolate", "Cadbury", None, 6.0),
    ("kosher", "1", "kosher:1", "שוקולד חלב", "עלית", None, 2.0),
    ("kosher", "2", "kosher:2", "明治牛奶巧克力", "明治", None, 2.0),
    ("kosher", "3", "kosher:3", "حليب طازج", None, None, 2.0),
    ("kosher", "4", "kosher:4", "M&M's Peanut", "Mars", None, 2.0),
    ("drinks", "1", "drinks:1", "Full Cream Drink", "Coles", None, 3.0, "2L"),
    ("drinks", "2", "drinks:2", "Full Cream Drink 2 Litre", None, None, 3.0, "2 Litre"),
    ("drinks", "3", "drinks:3", "Full Cream Drink Pods", None, None, 3.0, "12 L"),
    ("drinks", "4", "drinks:4", "7 Up", None, None, 3.0, "1.25 l"),
    ("drinks", "5", "drinks:5", "Golden Syrup 475g", None, None, 3.0),
    ("oils", "1", "oils:1", "Bio-Sonnenblumenöl", None, None, 3.0, "1,50 Liter"),
    ("oils", "2", "oils:2", "Öl mit Chili", None, None, 3.0, "1.5l"),
    ("oils", "3", "oils:3", "Tirol Tee", "Rapsoel", None, 3.0, "1 x 5 l"),
]


@pytest.fixture
def engine_with_listings(engine: Engine, fill: Callable[..., None]) -> Engine:
    keys = ("company_slug", "sku", "product_id", "name", "brand", "gtin", "price", "size_text")
    shelf = [dict(zip(keys, (*row, None)[:8], strict=True)) for row in LISTINGS]
    fill(listings, *({k: v for k, v in row.items() if k != "product_id"} for row in shelf))
    fill(product_listings, *({k: row[k] for k in ("company_slug", "sku", "product_id")} for row in shelf))
    return engine


@pytest.fixture
def connection(engine_with_listings: Engine) -> Iterator[Connection]:
    with writing(engine_with_listings) as connection:
        bring_up_to_date(connection)
    with engine_with_listings.connect() as connection:
        yield connection


def keys(found: pd.DataFrame) -> list[str]:
    return (found["company_slug"] + " " + found["sku"]).tolist()


SEARCHES = {
    "müsli": ["aldi 1001", "coles 77"],
    "MÜSLI coles": ["coles 77"],
    "organic JUST": ["aldi 1001"],
    "  coles  ": ["coles 77", "iga 78", "drinks 1", "coles 80"],
    "coles_": ["coles 77", "iga 78", "drinks 1", "coles 80"],
    "100%": ["iga 77"],
    "%": ["iga 77"],
    "1001": ["aldi 1001", "iga 79"],
    "77": ["iga 77", "coles 77"],
    "iga:79": ["iga 79"],
    "coles:77": ["coles 77"],
    "\u200f iga:79\u200e": ["iga 79"],
    "9300601234567": ["iga 78", "coles 77"],
    "09300601234567": ["iga 78", "coles 77"],
    "'; DROP TABLE listings; --": [],
    # begins with it, has it as a word, as a beginning, within another word or in the brand
    "milch": ["billa 2", "billa 3", "billa 4", "billa 5", "billa 6", "billa 1"],
    "vollmilch": ["billa 1"],
    "kase": ["billa 6"],
    "KÄSE": ["billa 6"],
    "kaese": ["billa 6"],
    "muesli": ["iga 78", "aldi 1001", "coles 77"],
    "weisser": ["billa 6"],
    "choc": ["coles 82"],
    "שוקולד": ["kosher 1"],
    "牛奶": ["kosher 2"],
    "حليب": ["kosher 3"],
    "m&ms": ["kosher 4"],
    # sizes, however they are spelled; short words as beginnings alone
    "full cream drink 2L": ["drinks 1", "drinks 2"],
    "drink 2 l": ["drinks 1", "drinks 2"],
    "drink 2 litres": ["drinks 1", "drinks 2"],
    "drink 12l": ["drinks 3"],
    "7 up": ["drinks 4"],
    "up 1,25 L": ["drinks 4"],
    "syr 475 g": ["drinks 5"],
    "1.5 L": ["oils 2", "oils 1"],
    "1,5l": ["oils 2", "oils 1"],
    "5l": ["oils 3"],
    "1.25": ["drinks 4"],
    # what compounds end in
    "öl": ["oils 2", "oils 1"],
    "sonnenblumen ÖL": ["oils 1"],
    "oel": ["oils 3"],
    '"milch reis': ["billa 4", "billa 5"],
    "-": [],
    "*": [],
    " ".join(f"word{number}" for number in range(5000)): [],
    "müsli " * 5000: ["aldi 1001", "coles 77"],
    "ü" * 5000: [],
}


def test_search(connection: Connection) -> None:
    found = {asked: keys(lookups.search(connection, asked).listings) for asked in SEARCHES}
    assert found == SEARCHES


MISSPELT = {
    "chedar": (["coles 80", "coles 81"], {"chedar": "cheddar"}, True),
    "coles shreded chedar": (["coles 81", "coles 80"], {"shreded": "shredded", "chedar": "cheddar"}, False),
    "käze": (["billa 6"], {"kaze": "kase"}, True),
    "bega cheddar xyzzyq": (["coles 81"], {}, False),
    "bega xyzzyq": (["coles 81"], {}, False),
    "bircher bega": (["iga 78", "coles 81", "coles 77"], {}, False),
    "xyzzyq": ([], {}, True),
    "teq": ([], {}, True),
    # two words written as one, where they stand beside each other
    "fullcream": (["drinks 1", "drinks 3", "drinks 2"], {"fullcream": "full cream"}, True),
    "7up": (["drinks 4"], {"7up": "7 up"}, True),
    "justorganic MÜSLI": (["aldi 1001"], {"justorganic": "just organic"}, True),
    "fulldrink": ([], {}, True),
    # two letters off: from eight letters on, and not the first
    "cedbery": ([], {}, True),
    "chokolete": (["coles 82"], {"chokolete": "chocolate"}, True),
    "shokolate": ([], {}, True),
    "100l": ([], {}, True),
}


def test_a_word_that_occurs_nowhere_is_replaced_and_else_most_words_do(connection: Connection) -> None:
    found = {asked: lookups.search(connection, asked) for asked in MISSPELT}
    assert {asked: (keys(one.listings), one.corrected, one.has_every_word) for asked, one in found.items()} == MISSPELT


def test_pages_are_one_list(connection: Connection) -> None:
    whole = lookups.search(connection, "milch")
    pages = [lookups.search(connection, "milch", limit=4, offset=start) for start in (0, 4, 8)]
    assert [len(page.listings) for page in pages] == [4, 2, 0]
    assert {page.total for page in (whole, *pages)} == {6}
    assert [key for page in pages for key in keys(page.listings)] == keys(whole.listings)
    assert {tuple(page.listings.dtypes) for page in pages} == {tuple(whole.listings.dtypes)}


def test_the_examples() -> None:
    found = doctest.testmod(sys.modules[lookups.search.__module__])
    assert found.attempted > 0 and found.failed == 0


def test_of_one_company(connection: Connection) -> None:
    found = lookups.search(connection, "müsli", company_slug="aldi")
    assert (keys(found.listings), found.total) == (["aldi 1001"], 1)
    assert lookups.search(connection, "müsli", company_slug="iga").total == 0


def test_find_products_says_what_a_shopper_needs(connection: Connection) -> None:
    found = lookups.find_products(connection, "bircher", limit=1)
    assert found.drop(columns=["size_text", "total", "unit", "currency", "unit_price"]).to_dict("records") == [
        {
            "product_id": "09300601234567",
            "company_slug": "iga",
            "sku": "78",
            "name": "Bircher Muesli",
            "brand": "Coles_x",
            "price": 5.5,
        }
    ]
    assert found["unit_price"].dtype == "float64"


def test_a_search_asks_for_something(connection: Connection) -> None:
    for asked in ("", "  "):
        with pytest.raises(ValueError, match="say what to look for"):
            lookups.search(connection, asked)


TEXTS = {(row[0], row[1]): f"{row[3]} {row[4] or ''} {row[7] if len(row) > 7 else ''}" for row in LISTINGS}
DECIMAL = re.compile(r"\d+[.,]\d+ ?[a-zA-Z]*")
FOLDED = {key: f"{fold(DECIMAL.sub(' ', text))} {folded_with_sizes(text)}" for key, text in TEXTS.items()}
NAMES = " ".join(TEXTS.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    asked=st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(sorted({*NAMES.split(), *'-*"()%_', "AND", "OR NOT", "NEAR"})), max_size=5).map(
            " ".join
        ),
        st.integers(0, len(NAMES)).flatmap(
            lambda start: st.integers(start, start + 12).map(lambda end: NAMES[start:end])
        ),
    )
)
@example('NEAR(milch, 3) AND "käse')
@example("\ud800 \0 milch\0")
def test_whatever_is_asked_is_answered_and_whatever_has_all_the_words_is_found(
    connection: Connection, asked: str
) -> None:
    words = folded_with_sizes(asked).split()
    if not words:
        return
    have_all = {
        f"{company} {sku}"
        for (company, sku), text in FOLDED.items()
        if all(f" {word}" in f" {text}" or (len(word) > 2 and word in text) for word in words)
    }
    found = lookups.search(connection, asked, limit=100)
    assert have_all <= set(keys(found.listings))
    assert found.total == len(found.listings) == len(set(keys(found.listings)))


def test_what_is_longer_than_a_database_s_key_is_found_in_every_part(
    connection: Connection, fill: Callable[..., None]
) -> None:
    long = "".join(chr(0x4E00 + number) for number in range(3 * LONGEST_WORD))
    named = pd.DataFrame({"company_slug": ["x"], "sku": ["1"], "name": [long], "brand": [None], "size_text": [None]})
    _, words = words_of(named)
    fill(search_words, *words.to_dict("records"))
    parts = [long[start : start + 100] for start in (0, 250, 350, 399, 1100)]
    assert all(any(part in word for word in words["word"]) for part in parts)


def test_until_the_words_are_there_a_search_says_what_brings_them(engine_with_listings: Engine) -> None:
    with engine_with_listings.connect() as connection, pytest.raises(DatabaseNotReady, match="subs db upgrade"):
        lookups.search(connection, "milch")
    with writing(engine_with_listings) as connection:
        connection.execute(listings.delete())
    with engine_with_listings.connect() as connection:
        assert lookups.search(connection, "milch").total == 0


def test_words_are_made_anew_only_for_other_listings(connection: Connection, engine: Engine) -> None:
    def again() -> bool:
        with writing(engine) as writer:
            return bring_up_to_date(writer)

    connection.rollback()
    assert not again()
    with writing(engine) as writer:
        writer.execute(published_tables.insert().values(table_name="listings", digest="another", rows=len(LISTINGS)))
    assert again() and not again()
    with writing(engine) as writer:
        words_without_sizes = published_tables.c.table_name == "search_listings"
        writer.execute(published_tables.update().where(words_without_sizes).values(digest="another"))
    assert again() and not again()
    with writing(engine) as writer:
        writer.execute(listings.delete().where(listings.c.name == "Milch"))
    assert again() and not again()
    assert keys(lookups.search(connection, "milch").listings)[0] == "billa 3"


def test_who_reads_finds_by_the_words_of_the_listings_that_are_there(
    engine: Engine, tmp_path: Path, rows_of: Callable[..., pd.DataFrame]
) -> None:
    warehouse = Warehouse(engine, tmp_path)
    key = {"company_slug": "aldi", "sku": "1"}

    def publish(name: str) -> None:
        warehouse.stage(name, "listings", rows_of(listings, {**key, "name": name}))
        warehouse.stage(name, "product_listings", rows_of(product_listings, key))
        warehouse.publish(name)

    publish("butter")
    with engine.connect() as reader:
        assert lookups.search(reader, "butter").total == 1
        publish("milk")
        assert lookups.search(reader, "butter").total == 1 and lookups.search(reader, "milk").total == 0
    with engine.connect() as reader:
        assert lookups.search(reader, "butter").total == 0 and lookups.search(reader, "milk").total == 1


@on_sqlite
def test_an_archive_brings_the_words_back(connection: Connection, url: str, tmp_path: Path) -> None:
    connection.rollback()
    archive = snapshot.create({"warehouse": url}, tmp_path / "archives")
    assert verify(archive).problems == ()
    restored = sqlite_url(tmp_path / "restored.db")
    restore(archive, {"warehouse": restored})
    with open_engine(restored).connect() as there:
        assert keys(lookups.search(there, "milch").listings) == SEARCHES["milch"]
