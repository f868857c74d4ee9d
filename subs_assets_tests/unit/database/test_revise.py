import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Column, Engine, Float, ForeignKeyConstraint, Index, MetaData, Table, inspect, text

from subs_assets.database import revise
from subs_assets.database.declarations import declarations_of
from subs_assets.database.engine import open_engine, writing
from subs_assets.database.frames import insert
from subs_assets.database.migrate import alembic_config, heads
from subs_assets.database.revise import RevisionRefused, meant, revision_source, write_revision
from subs_assets.database.revision_source import module_source
from subs_assets.database.tables import TEXT, WHOLE_NUMBER, metadata, products
from subs_assets.settings import sqlite_url
from subs_assets_tests import plain_sql

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
NEW_NUMBER = {"products.gtin": "trade_number"}
NEWEST = heads()[0]
NEXT = f"{int(NEWEST) + 1:04}"


def models(
    renamed: Mapping[str, str] | None = None, without: Collection[str] = (), added: Sequence[tuple[str, Column]] = ()
) -> MetaData:
    """The tables as a developer left them: things under new names, without some, with more columns."""
    renamed = renamed or {}
    target = MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        if table.name in without:
            continue
        name = renamed.get(table.name, table.name)
        kept = [column for column in table.columns if f"{table.name}.{column.name}" not in without]
        names = {column.name: renamed.get(f"{table.name}.{column.name}", column.name) for column in kept}
        Table(
            name,
            target,
            *(Column(names[c.name], c.type, primary_key=c.primary_key, nullable=c.nullable) for c in kept),
            *(column for at, column in added if at == table.name),
            *(
                Index(None, *(names[column.name] for column in index.columns))
                for index in table.indexes
                if index.name not in without and {column.name for column in index.columns} <= set(names)
            ),
        )
    return target


@pytest.fixture(scope="module")
def scratch(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    file = tmp_path_factory.mktemp("scratch") / "scratch.db"
    shutil.copy(migrated_file, file)
    engine = open_engine(sqlite_url(file))
    yield engine
    engine.dispose()


@pytest.fixture
def source_of(scratch: Engine) -> Callable[..., str]:
    def source(target: MetaData, *, rename: Sequence[str] = (), drop: Sequence[str] = ()) -> str:
        found = revision_source(scratch, target, "What it does.", meant(rename, drop), NEXT, NEWEST)
        assert found is not None
        return found

    return source


def run(source: str, engine: Engine) -> None:
    namespace: dict[str, object] = {}
    exec(source, namespace)
    with writing(engine) as connection, Operations.context(MigrationContext.configure(connection)):
        namespace["upgrade"]()  # type: ignore[operator]


def differences(engine: Engine, target: MetaData) -> list[str]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [difference[0] for difference in compare_metadata(context, target)]


NOTE_A_NEW_PRODUCT = {
    "sqlite": ("CREATE TRIGGER note AFTER INSERT ON products BEGIN INSERT INTO noted VALUES (new.gtin); END",),
    # PostgreSQL keeps a function's body as text, and does not rename in it.
    "postgresql": (
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO noted VALUES (new.product_id); RETURN NULL; END $$",
        "CREATE TRIGGER note AFTER INSERT ON products FOR EACH ROW WHEN (new.gtin = 'new') EXECUTE FUNCTION note()",
    ),
}

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


@pytest.fixture
def some_products(engine: Engine, url: str, rows_of: Callable[..., pd.DataFrame]) -> list[tuple[object, ...]]:
    """Rows, and what somebody made with the column that is renamed."""
    given = [{"product_id": f"p{n}", "gtin": f"0{n}" if n % 3 else None, "name": f"Müesli {n}"} for n in range(50)]
    with writing(engine) as connection:
        insert(connection, products, rows_of(products, *given))
    plain_sql.execute(
        url,
        "CREATE INDEX my_index ON products (gtin, name)",
        "CREATE VIEW my_view AS SELECT gtin AS number, name FROM products",
        "CREATE TABLE noted (number TEXT)",
        *NOTE_A_NEW_PRODUCT[engine.dialect.name],
    )
    return plain_sql.select(url, "SELECT * FROM products ORDER BY product_id")


def test_a_renamed_column_keeps_its_values_indexes_trigger_and_view(
    engine: Engine, url: str, some_products: list[tuple[object, ...]], source_of: Callable[..., str]
) -> None:
    target = models(NEW_NUMBER)
    assert {"add_column", "remove_column"} <= set(differences(engine, target)), "what autogenerate would have written"
    source = source_of(target, rename=["products.gtin=products.trade_number"])
    assert 'RENAMES = {"products.gtin": "products.trade_number"}\nDROPS = ("ix_products_gtin",)\n' in source
    assert 'op.execute("ALTER TABLE products RENAME COLUMN gtin TO trade_number")' in source

    run(source, engine)

    assert plain_sql.select(url, "SELECT * FROM products ORDER BY product_id") == some_products
    assert plain_sql.select(url, "SELECT trade_number FROM products WHERE product_id = 'p1'") == [("01",)]
    assert plain_sql.select(url, "SELECT number FROM my_view WHERE name = 'Müesli 1'") == [("01",)]
    indexes = {index["name"]: index["column_names"] for index in inspect(engine).get_indexes("products")}
    assert indexes == {"my_index": ["trade_number", "name"], "ix_products_trade_number": ["trade_number"]}
    plain_sql.execute(
        url,
        "INSERT INTO products SELECT 'new', 'new', name, core_name, brand, brand_key, quantity, unit, pack_count, "
        "total, dimension, approximate, listing_count, company_count FROM products WHERE product_id = 'p1'",
    )
    assert plain_sql.select(url, "SELECT number FROM noted") == [("new",)]
    assert differences(engine, target) == ["remove_table", "remove_index"], "what somebody made, and nothing else"


def test_a_renamed_table_keeps_its_rows_and_its_columns_may_be_renamed_with_it(
    engine: Engine, url: str, some_products: list[tuple[object, ...]], source_of: Callable[..., str]
) -> None:
    target = models({"products": "goods", **NEW_NUMBER}, without=["products.brand"])
    Table("prices", target, Column("price", Float, primary_key=True))
    source = source_of(target, rename=["products=goods", "products.gtin=goods.trade_number"], drop=["products.brand"])
    assert 'RENAMES = {"products": "goods", "products.gtin": "goods.trade_number"}' in source
    assert 'DROPS = ("ix_products_gtin", "products.brand")' in source
    run(source, engine)
    assert [row[:2] for row in plain_sql.select(url, "SELECT * FROM goods ORDER BY product_id")] == [
        row[:2] for row in some_products
    ]
    assert plain_sql.select(url, "SELECT number FROM my_view WHERE name = 'Müesli 1'") == [("01",)]
    assert differences(engine, target) == ["remove_table", "remove_index"]


def additions() -> MetaData:
    target = models(
        added=[
            ("listings", Column("barcode", TEXT, index=True)),
            ("listings", Column("shelf_life_days", WHOLE_NUMBER, nullable=False, server_default=text("0"))),
            ("listings", Column("said", TEXT, nullable=False, server_default='it\'s "so"')),
        ]
    )
    Table(
        "a_table_with_a_long_name_for_what_it_is",
        target,
        Column("company_slug", TEXT, primary_key=True),
        Column("another_key_with_a_long_name", TEXT, primary_key=True),
        Column("yet_another_key", WHOLE_NUMBER, primary_key=True),
        Column("share", Float, nullable=False),
        Column("order", Boolean, unique=True),
        ForeignKeyConstraint(
            ["company_slug", "another_key_with_a_long_name"], ["listings.company_slug", "listings.sku"]
        ),
        Index(
            "ix_of_a_long_name_that_does_not_fit", "another_key_with_a_long_name", "company_slug", "share", unique=True
        ),
    )
    return target


def test_what_only_adds_needs_no_word(engine: Engine, source_of: Callable[..., str]) -> None:
    target = additions()
    source = source_of(target)
    assert "RENAMES" not in source and "DROPS" not in source
    assert 'op.add_column("listings", sa.Column("barcode", TEXT))' in source
    run(source, engine)
    assert differences(engine, target) == []


def drops() -> MetaData:
    return models(without=["category_inventory", "listings.url", "products.gtin", "ix_substitutions_substitute_id"])


MEANT = ["category_inventory", "listings.url", "products.gtin", "ix_substitutions_substitute_id"]


def test_what_is_said_to_be_meant_is_dropped_in_place(engine: Engine, url: str, source_of: Callable[..., str]) -> None:
    trigger = [statement.replace("gtin", "brand") for statement in NOTE_A_NEW_PRODUCT[engine.dialect.name]]
    plain_sql.execute(url, "CREATE TABLE noted (number TEXT)", *trigger)
    source = source_of(drops(), drop=MEANT)
    assert '"category_inventory",' in source and 'op.drop_column("listings", "url")' in source
    run(source, engine)
    assert differences(engine, drops()) == ["remove_table"]
    assert plain_sql.select(url, TRIGGERS[engine.dialect.name]) == [("note",)]


BY_HAND = """
import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.add_column("products", sa.Column("name_as_number", sa.Float))
    op.execute("UPDATE products SET name_as_number = CAST(substr(name, 8) AS FLOAT)")
    op.drop_index("my_index")
    op.drop_column("products", "name")
    op.execute("ALTER TABLE products RENAME COLUMN name_as_number TO name")
"""


def test_a_type_that_is_changed_by_hand_as_the_docs_say_leaves_the_trigger(
    engine: Engine, url: str, some_products: list[tuple[object, ...]]
) -> None:
    plain_sql.execute(url, "DROP VIEW my_view")
    run(BY_HAND, engine)
    assert plain_sql.select(url, "SELECT name FROM products WHERE product_id = 'p7'") == [(7.0,)]
    assert plain_sql.select(url, TRIGGERS[engine.dialect.name]) == [("note",)]


def around_the_end_of_the_line(length: int) -> str:
    """A revision whose brackets fit, fit on a line of their own, or do not, by the length of a name."""
    long, short = "a" * length, "b" * 30
    statements = [
        f"op.create_index('{long}', 't', ['{short}'], unique=False)",
        f"op.create_index('ix', 'table', ['{long}', '{short}'])",
        f"op.add_column('t', sa.Column('{long}', sa.Text(), server_default='x', nullable=True))",
    ]
    constants = {"RENAMES": {short: "b", "t.b": f"t.{long}"}, "DROPS": (long, short), "REWRITES": (long,)}
    return module_source("What it does.", NEXT, NEWEST, constants, statements)


def test_what_is_written_is_formed_as_ruff_forms_it(source_of: Callable[..., str], tmp_path: Path) -> None:
    long_names = {
        "products.name": "a_name_that_is_as_long_as_postgresql_takes_one",
        "products.brand": "another_name_that_is_as_long_as_that_one_is",
    }
    sources = [
        source_of(additions()),
        source_of(drops(), drop=MEANT),
        source_of(models(long_names), rename=[f"{old}=products.{new}" for old, new in long_names.items()]),
        source_of(models({"products.name": "order"}), rename=["products.name=products.order"]),
        source_of(
            models({"products": "goods", **NEW_NUMBER}),
            rename=["products=goods", "products.gtin=goods.trade_number"],
        ),
    ]
    sources += [around_the_end_of_the_line(length) for length in range(40, 90, 2)]
    for number, source in enumerate(sources):
        (tmp_path / f"revision_{number}.py").write_text(source, encoding="utf-8")
    for command in (["format", "--diff"], ["check"]):
        arguments = [*command, "--no-cache", "--config", str(PYPROJECT), str(tmp_path)]
        done = subprocess.run([sys.executable, "-m", "ruff", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "target, annotated, sentences",
    [
        (
            models(NEW_NUMBER),
            {},
            [
                "products.gtin would be dropped and products.trade_number added, and no value would pass over: if it "
                'is only called otherwise now, `subs db revision "What it does." --rename '
                "products.gtin=products.trade_number`; if its values are meant to go, "
                '`subs db revision "What it does." --drop products.gtin`'
            ],
        ),
        (
            models(without=["listings.url", "product_claims"], added=[("products", Column("url", TEXT))]),
            {"drop": ["product_claims"]},
            [
                "listings.url would be dropped with all its values: if that is meant, "
                '`subs db revision "What it does." --drop product_claims --drop listings.url`'
            ],
        ),
        (
            models({"product_claims": "claims", "product_kinds": "kinds"}),
            {"rename": ["product_kinds=kinds"]},
            [
                "product_claims would be dropped and claims added, and no value would pass over: if it is only called "
                'otherwise now, `subs db revision "What it does." --rename product_kinds=kinds --rename '
                "product_claims=claims`; if its values are meant to go, "
                '`subs db revision "What it does." --rename product_kinds=kinds --drop product_claims`'
            ],
        ),
        (
            models(without=["ix_listings_gtin"]),
            {},
            ["the index ix_listings_gtin would be dropped: if that is meant, `subs db revision "],
        ),
        (
            models(NEW_NUMBER),
            {"rename": ["products.gtn=products.trade_number"]},
            [
                "--rename products.gtn=products.trade_number fits nothing; "
                "dropped: products.gtin; added: products.trade_number"
            ],
        ),
        (
            models(without=["listings.url"], added=[("products", Column("url", TEXT))]),
            {"rename": ["listings.url=products.url"]},
            ["--rename listings.url=products.url fits nothing; dropped: listings.url; added: products.url"],
        ),
        (
            models(),
            {"drop": ["listings.url"]},
            ["--drop listings.url fits nothing; dropped: nothing"],
        ),
        (
            models(without=["products.gtin"], added=[("products", Column("trade_number", WHOLE_NUMBER))]),
            {"rename": ["products.gtin=products.trade_number"], "drop": ["ix_products_gtin"]},
            [
                "products.trade_number is TEXT where INTEGER is expected: SQLite cannot do that in place, so write the "
                "revision by hand"
            ],
        ),
        (
            models(without=["products.name"], added=[("products", Column("name", TEXT))]),
            {},
            ["products.name shall be NULL: SQLite cannot"],
        ),
        (
            models(without=["products.name"], added=[("products", Column("name", TEXT, primary_key=True))]),
            {},
            ["the primary key of products is (product_id) where (product_id, name) is expected: SQLite cannot"],
        ),
        (
            models(added=[("products", Column("kind", TEXT, nullable=False))]),
            {},
            ["products.kind may not be NULL, and the rows that are there have no value for it: let it be NULL"],
        ),
        (
            models(without=["products.gtin"], added=[("products", Column("number", TEXT, nullable=False))]),
            {},
            ["products.gtin would be dropped and products.number added, and no value would pass over: if it is only"],
        ),
        (
            models(without=["products.gtin"], added=[("products", Column("number", TEXT, nullable=False))]),
            {"drop": ["products.gtin"]},
            ["products.number may not be NULL, and the rows that are there have no value for it"],
        ),
        (
            models(added=[("products", Column("kind", TEXT, unique=True))]),
            {},
            ["a constraint of a table that is there changes (without a name): SQLite cannot"],
        ),
        (
            models(without=["substitutions.level"]),
            {"drop": ["substitutions.level"]},
            ["the revision would fail (error in view substitutions_symmetric after drop column: no such column"],
        ),
    ],
)
def test_what_nobody_said_or_no_statement_does_is_refused(
    source_of: Callable[..., str],
    scratch: Engine,
    target: MetaData,
    annotated: dict[str, list[str]],
    sentences: list[str],
) -> None:
    with pytest.raises(RevisionRefused) as refused:
        source_of(target, **annotated)
    lines = str(refused.value).splitlines()
    assert len(lines) == len(sentences)
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith(sentence)
    assert differences(scratch, metadata) == [], "nothing was left in the scratch database"


@pytest.mark.parametrize("renames", [["products.gtin"], ["=a"], ["a="], ["a=b", "a=c"], ["a=c", "b=c"]])
def test_a_rename_is_two_names(renames: list[str]) -> None:
    with pytest.raises(RevisionRefused, match="is not understood: write --rename table.old=table.new"):
        meant(renames, [])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations, where the next is written."""
    config = alembic_config()
    script = ScriptDirectory.from_config(config)
    shutil.copytree(script.dir, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    config.set_main_option("script_location", str(tmp_path / "migrations").replace("%", "%%"))
    monkeypatch.setattr(revise, "alembic_config", lambda: config)
    return tmp_path / "migrations" / "versions"


def test_the_next_revision_is_written_beside_the_others(folder: Path) -> None:
    file = write_revision(
        "The barcode of a product is its ``trade_number``.",
        meant(["products.gtin=products.trade_number"], []),
        models(NEW_NUMBER),
    )
    assert file == folder / f"revision_{NEXT}_the_barcode_of_a_product_is_its_trade_nu.py"
    script = ScriptDirectory(str(folder.parent))
    assert script.get_heads() == [NEXT]
    written = script.get_revision(NEXT)
    assert written.doc == "The barcode of a product is its ``trade_number``." and written.down_revision == NEWEST
    assert declarations_of([NEXT], script).renames == {"products.gtin": "products.trade_number"}


def test_where_nothing_is_to_be_done_nothing_is_written(folder: Path) -> None:
    before = sorted(folder.iterdir())
    assert write_revision("Nothing.", meant([], [])) is None
    with pytest.raises(RevisionRefused, match="products.gtin would be dropped"):
        write_revision("Lost.", meant([], []), models(NEW_NUMBER))
    assert sorted(folder.iterdir()) == before


def test_two_newest_revisions_are_for_a_person_to_sort_out(folder: Path) -> None:
    newest = next(folder.glob(f"revision_{NEWEST}_*.py"))
    other = newest.read_text(encoding="utf-8").replace(f'revision = "{NEWEST}"', f'revision = "{NEXT}"')
    (folder / f"revision_{NEXT}_other.py").write_text(other, encoding="utf-8")
    with pytest.raises(RevisionRefused, match=f"the revisions {NEWEST} and {NEXT} are both the newest: let one follow"):
        write_revision("Another.", meant([], []))


@pytest.mark.parametrize("message", ["", "…", 'say "it"', "a\nb", "C:\\", "x" * 200])
def test_a_message_is_the_first_line_of_a_module(message: str) -> None:
    with pytest.raises(RevisionRefused, match="cannot be a revision's first line"):
        write_revision(message, meant([], []))
