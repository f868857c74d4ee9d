from sqlalchemy import Engine

from subs_assets.database.engine import writing
from subs_assets.database.frames import insert, refresh_statistics
from subs_assets.database.search_index import bring_up_to_date
from subs_assets.database.tables import metadata
from subs_assets_tests.large_night import large_night
from subs_assets_tests.look_ups import BY_WORDS, LOOK_UPS, keys_of, plan_of

INDEXES = {index.name for table in metadata.tables.values() for index in table.indexes}


def test_each_look_up_goes_by_its_indexes_and_reads_no_table_from_end_to_end(engine: Engine) -> None:
    night = large_night(products=300, substitutions=3000)
    key = keys_of(night, 1)[0]
    with writing(engine) as connection:
        for name, frame in night.items():
            insert(connection, metadata.tables[name], frame)
            refresh_statistics(connection, metadata.tables[name])
        bring_up_to_date(connection)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # So small a table is read from end to end, whatever its indexes, unless that is forbidden.
            for way in ("seqscan", "hashjoin", "mergejoin"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        plans = {look_up.name: plan_of(connection, look_up, key) for look_up in LOOK_UPS}
        assert {name: plan for name, plan in plans.items() if plan.read_whole} == {}
        by_words = plan_of(connection, BY_WORDS, key)
        assert by_words.read_whole in ({"search_words"}, {"pk_search_words"}), "the words alone, and that is recognised"
    if engine.dialect.name == "sqlite":
        used = frozenset().union(*(plan.looked_into for plan in (*plans.values(), by_words)))
        assert used >= INDEXES, "an index that serves no question costs each publication its time"
