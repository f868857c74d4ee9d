"""What is defined: assets, jobs, schedules, sensors; and what importing it costs."""

import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from dagster import AssetKey, AssetSelection, Definitions
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value
from dagster._utils.test.definitions import scoped_reconstruction_metadata

from subs_assets.assets.links import PAGES
from subs_assets.database.tables import MADE_BY_ASSETS, metadata
from subs_assets.resources import default_resources
from subs_assets.settings import Settings
from subs_assets_tests.shops_and_runs import rows_of, small_definitions, write_shop

REPOSITORY = Path(__file__).parents[2]

PACKAGES_OF_ASSETS = (
    "torch", "sentence_transformers", "matplotlib", "altair", "sklearn", "scipy", "alembic", "ftfy", "psycopg",
    "vl_convert", "jinja2",
)  # fmt: skip
WHAT_ASSETS_DO = (
    "archive.snapshot", "archive.verify", "catalogue.listing", "equivalence.build", "evaluation.night_figures",
    "identity.products", "report.page", "substitution.build", "substitution.kinds", "substitution.product_claims",
)  # fmt: skip


@pytest.fixture
def definitions(settings: Settings) -> Definitions:
    return small_definitions(settings)


def selected(definitions: Definitions, selection: AssetSelection) -> set[str]:
    return {key.to_user_string() for key in selection.resolve(definitions.resolve_asset_graph())}


def test_the_definitions_are_valid(definitions: Definitions) -> None:
    Definitions.validate_loadable(definitions)


def test_every_table_is_an_asset_and_publication_waits_for_all_of_them(definitions: Definitions) -> None:
    everything = selected(definitions, AssetSelection.all())
    assert everything == {
        *MADE_BY_ASSETS,
        *(f"catalogue/{slug}" for slug in ("corner", "depot", "market")),
        *("embedding_matrices", "publication", "exports", "report", "archive"),
    }
    graph = definitions.resolve_asset_graph()
    assert graph.get(AssetKey("publication")).parent_keys == {AssetKey(name) for name in MADE_BY_ASSETS}


def test_every_asset_says_what_it_is_for_and_where_its_code_is(definitions: Definitions) -> None:
    for spec in definitions.resolve_all_asset_specs():
        first = (spec.description or "").strip().split("\n\n")[0]
        assert first.endswith(".") and len(first) <= 80, (
            f"{spec.key.to_user_string()}: {first!r} is cut in the catalogue"
        )
        assert spec.owners and spec.kinds
        (reference,) = spec.metadata["dagster/code_references"].code_references
        code = Path(reference.file_path).read_text(encoding="utf-8").splitlines()
        assert code[reference.line_number - 1].lstrip().startswith(("@asset", "@multi_asset"))


def test_every_column_is_described_where_the_ui_looks(definitions: Definitions, settings: Settings) -> None:
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    for name in MADE_BY_ASSETS:
        table = metadata.tables[name]
        columns = specs[name].metadata["dagster/column_schema"].columns
        assert [column.name for column in columns] == [column.name for column in table.columns]
        assert all(column.description for column in columns), name
        keys = [column.name for column in columns if column.constraints.other == ["key"]]
        assert keys == [column.name for column in table.primary_key.columns]
        assert specs[name].tags["dagster/storage_kind"] == "sqlite"
    assert specs["exports"].metadata["dagster/uri"] == settings.exports.as_uri()
    assert specs["report"].metadata["dagster/uri"] == settings.reports.as_uri()
    assert specs["catalogue/corner"].metadata["dagster/uri"] == (settings.catalogues[0] / "corner").as_uri()


def test_assets_lead_to_the_explorer_where_it_is_said_to_be(settings: Settings) -> None:
    elsewhere = small_definitions(replace(settings, explorer_url="https://prices.example"))
    specs = {spec.key.to_user_string(): spec for spec in elsewhere.resolve_all_asset_specs()}
    assert set(PAGES) <= set(specs)
    assert specs["evaluation"].metadata["Look up rates"].url == "https://prices.example/"
    own = specs["catalogue/corner"].metadata["Look up rows set aside"]
    assert own.url == "https://prices.example/set-aside?company=corner"


def test_a_company_called_like_one_of_our_assets_keeps_its_own_source(settings: Settings) -> None:
    write_shop(settings.catalogues[0], "report", rows_of("corner"))
    specs = {spec.key.to_user_string(): spec for spec in small_definitions(settings).resolve_all_asset_specs()}
    assert specs["catalogue/report"].metadata["dagster/uri"] == (settings.catalogues[0] / "report").as_uri()


@pytest.mark.parametrize(
    "url, kind", [("sqlite:///subs.db", "sqlite"), ("postgresql+psycopg://ann@db.example/subs", "postgresql")]
)
def test_the_kind_of_database_is_named_as_dagster_knows_it(url: str, kind: str) -> None:
    assert Settings.from_environment({"SUBS_DATABASE_URL": url}).database_kind == kind


def test_dagster_warns_about_nothing(definitions: Definitions) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        definitions.get_repository_def()


def test_nothing_depends_on_the_archive_and_it_depends_on_nothing(definitions: Definitions) -> None:
    node = definitions.resolve_asset_graph().get(AssetKey("archive"))
    assert not node.parent_keys and not node.child_keys and node.group_name == "archive"


def test_no_selection_of_assets_reaches_a_reset(definitions: Definitions) -> None:
    everything = definitions.get_repository_def().get_implicit_global_asset_job_def()
    reset_ops = {
        node.name
        for name in ("reset_archive", "reset_confirm")
        for node in definitions.resolve_job_def(name).graph.node_defs
    }
    assert reset_ops == {"archive_for_reset", "confirm_and_wipe"}
    for job in (everything, definitions.resolve_job_def("nightly"), definitions.resolve_job_def("archive_tables")):
        assert not reset_ops & {node.name for node in job.graph.node_defs}


def test_no_asset_is_partitioned(definitions: Definitions) -> None:
    """``--select '*'`` without ``--partition`` would refuse."""
    graph = definitions.resolve_asset_graph()
    assert all(graph.get(key).partitions_def is None for key in graph.get_all_asset_keys())


def test_jobs(definitions: Definitions) -> None:
    jobs = {job.name for job in definitions.get_repository_def().get_all_jobs() if not job.name.startswith("__")}
    assert jobs == {"nightly", "let_night_pass", "archive_tables", "prune_archives", "reset_archive", "reset_confirm"}

    def assets_of(name: str) -> set[str]:
        return {key.to_user_string() for key in definitions.resolve_job_def(name).asset_layer.executable_asset_keys}

    assert assets_of("nightly") == selected(definitions, AssetSelection.all()) - {"archive"}
    assert assets_of("archive_tables") == {"archive"}


@pytest.mark.parametrize("zone", [None, "Australia/Sydney"])
def test_schedules(settings: Settings, zone: str | None) -> None:
    environment = {
        "SUBS_HOME": str(settings.home),
        "SUBS_CATALOGUES": str(settings.catalogues[0]),
        **({"SUBS_TIMEZONE": zone} if zone else {}),
    }
    repository = small_definitions(Settings.from_environment(environment)).get_repository_def()
    schedules = {
        one.name: (one.job_name, one.cron_schedule, one.execution_timezone) for one in repository.schedule_defs
    }
    assert schedules == {
        "archive_schedule": ("archive_tables", "30 0 * * *", zone or "UTC"),
        "prune_schedule": ("prune_archives", "0 2 * * *", zone or "UTC"),
        "nightly_schedule": ("nightly", "30 3 * * *", zone or "UTC"),
    }


def test_sensors(definitions: Definitions) -> None:
    assert {
        one.name: [target.job_name for target in one.targets] for one in definitions.get_repository_def().sensor_defs
    } == {
        "new_catalogues": ["nightly"],
        "reset_requests": ["reset_archive"],
        "failure_webhook": [],
    }


@pytest.mark.parametrize("switch, state", [("", "STOPPED"), ("off", "STOPPED"), ("on", "RUNNING")])
def test_one_switch_turns_everything_on(settings: Settings, switch: str, state: str) -> None:
    environment = {"SUBS_CATALOGUES": str(settings.catalogues[0]), "SUBS_AUTOMATION": switch}
    repository = small_definitions(Settings.from_environment(environment)).get_repository_def()
    at_first = {one.name: one.default_status.value for one in (*repository.schedule_defs, *repository.sensor_defs)}
    assert len(at_first) == 6 and set(at_first.values()) == {state}


@pytest.mark.parametrize(
    "module, never",
    [
        ("subs_assets", ("dagster", "pandas", "torch", "sqlalchemy")),
        ("subs_assets.cli", ("dagster", "pandas", "torch", "sqlalchemy")),
        # What an asset or a job does is imported when it does it: the graph is shown far more often than it is run.
        ("subs_assets.definitions", (*PACKAGES_OF_ASSETS, *(f"subs_assets.{name}" for name in WHAT_ASSETS_DO))),
    ],
)
def test_importing_stays_light(module: str, never: tuple[str, ...], tmp_path: Path) -> None:
    program = f"import sys, {module}; print([name for name in {never!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, encoding="utf-8", cwd=REPOSITORY, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "[]", done.stderr


def test_the_package_gives_out_its_definitions_and_nothing_else_that_it_has_not() -> None:
    import subs_assets

    assert "defs" in dir(subs_assets)
    assert isinstance(subs_assets.defs, Definitions)
    with pytest.raises(AttributeError, match="no attribute 'definition'"):
        subs_assets.definition  # noqa: B018


def test_a_run_has_the_companies_that_its_code_server_had_loaded(settings: Settings) -> None:
    """Dagster plans a run by these: without the folder of one, every run failed before its first step."""
    catalogues = settings.catalogues[0]
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)) as at_first:
        small_definitions(settings)
    shutil.rmtree(catalogues / "depot")
    write_shop(catalogues, "spar", rows_of("corner"))
    companies = AssetSelection.key_prefixes("catalogue")
    with scoped_reconstruction_metadata(at_first.get_pending_reconstruction_metadata()):
        assert selected(small_definitions(settings), companies) == {
            "catalogue/corner", "catalogue/depot", "catalogue/market",
        }  # fmt: skip
    assert selected(small_definitions(settings), companies) == {
        "catalogue/corner", "catalogue/market", "catalogue/spar",
    }  # fmt: skip


def test_dagster_never_gets_to_see_a_password(settings: Settings) -> None:
    """It shows the configuration of resources in its UI, and keeps it with the job of every run."""
    url = "postgresql+psycopg://subs:s3cret@host/subs?application_name=x"
    definitions = small_definitions(replace(settings, database_url=url, control_url=f"{url}&password=s3cret"))
    repository = definitions.get_repository_def()
    seen = serialize_value(RepositorySnap.from_def(repository))
    assert "postgresql+psycopg://subs:***@host/subs" in seen and "s3cret" not in seen
    for name in ("nightly", "archive_tables", "reset_archive", "reset_confirm"):
        assert "s3cret" not in serialize_value(repository.get_job(name).get_job_snapshot())
    resource = default_resources(replace(settings, database_url=url))["warehouse"]
    assert resource.database_url == url
