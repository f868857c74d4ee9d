"""``subs doctor`` on installations that are really broken, one way each; what it makes of facts alone is in doctor/."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

import subs_assets
from subs_assets.archive import snapshot
from subs_assets.database import control, drills
from subs_assets.doctor.examination import looks
from subs_assets.doctor.finding import Finding, findings_of
from subs_assets.embedding import exported_model, packaged_model
from subs_assets.embedding.encoder import SentenceTransformerEncoder
from subs_assets.embedding.fast_encoder import FOLDER
from subs_assets.model import trained
from subs_assets.settings import Settings
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.unit.commands.conftest import Subs, on_both

REPOSITORY = Path(__file__).parents[3]
SECRET = "s3cret"
NOWHERE = f"postgresql+psycopg://me:{SECRET}%40word@127.0.0.1:1/name?application_name=x&password=other-{SECRET}"


@dataclass
class Case:
    """A published home of the test's own, and its environment."""

    settings: Settings
    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def findings(self, subject: str) -> list[Finding]:
        return findings_of(dict(looks())[subject])

    def archive(self) -> Path:
        control.open_control(self.settings.control_url).dispose()
        return snapshot.create(self.settings.databases, Path(self.settings.archives))

    def dagster(self) -> DagsterInstance:
        self.write_dagster_yaml(Path(subs_assets.__file__).with_name("dagster.yaml").read_text(encoding="utf-8"))
        return DagsterInstance.from_config(str(self.settings.dagster_home))

    def write_dagster_yaml(self, text: str) -> None:
        self.settings.dagster_home.mkdir(parents=True, exist_ok=True)
        (self.settings.dagster_home / "dagster.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def case(home: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Case:
    for name in [*os.environ]:
        if name.startswith(("SUBS_", "DAGSTER_")) or name == "OMP_NUM_THREADS":
            monkeypatch.delenv(name)
    case = Case(home, monkeypatch, tmp_path)
    case.set(SUBS_HOME=str(home.home), SUBS_CATALOGUES=str(home.catalogues[0]), SUBS_DATABASE_URL=home.database_url)
    return case


@dataclass(frozen=True)
class Broken:
    """How an installation is broken, and what is then said of which subject."""

    subject: str
    state: str
    break_it: Callable[[Case], object]
    found: str
    remedy: str


def flip_a_byte(case: Case) -> None:
    file = next(path for path in (case.archive() / "data").iterdir() if path.stat().st_size > 100)
    content = bytearray(file.read_bytes())
    content[50] ^= 1
    file.write_bytes(content)


def cut_the_manifest(case: Case) -> None:
    manifest = case.archive() / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-10])


def fail_a_drill(case: Case) -> None:
    engine = control.open_control(case.settings.control_url)
    drills.record_drill(engine, "a", passed=False, tables=1, rows=2, seconds=1, problems="table x has 2 rows, not 3")
    engine.dispose()


def change_the_encoder(case: Case) -> None:
    folder = shutil.copytree(packaged_model.packaged_folder(), case.folder / "model", copy_function=os.link)
    changed = folder / "config.json"
    changed.unlink()
    changed.write_text("{}", encoding="utf-8")
    case.monkeypatch.setattr(packaged_model, "packaged_folder", lambda: folder)


def damage_the_export(case: Case) -> None:
    folder = case.settings.vectors / SentenceTransformerEncoder().fingerprint / FOLDER
    folder.mkdir(parents=True)
    (folder / exported_model.MODEL).write_bytes(b"cut off")
    exported_model._write_record(folder, refused=None, sha256={exported_model.MODEL: "0" * 64}, dimension=384)


def change_the_trained_model(case: Case) -> None:
    folder = shutil.copytree(trained.SHIPPED, case.folder / "trained")
    with (folder / trained.NGRAMS).open("a", encoding="utf-8") as file:
        file.write("zzz\t1.0\n")
    case.set(SUBS_MODEL=str(folder))


def fail_a_run(case: Case) -> None:
    with case.dagster() as instance:
        create_run_for_test(instance, job_name="nightly", status=DagsterRunStatus.FAILURE)


def turn_on_without_daemon(case: Case) -> None:
    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="subs_assets"), "subs_assets")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "nightly_schedule")
    on = InstigatorState(
        origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, ScheduleInstigatorData("30 3 * * *", time.time())
    )
    with case.dagster() as instance:
        instance.add_instigator_state(on)


def put_text_in_place_of_the_database(case: Case) -> None:
    (case.settings.home / "subs.db").write_text("this is no database, but lies in its place" * 100, encoding="utf-8")
    for more in ("subs.db-wal", "subs.db-shm"):
        (case.settings.home / more).unlink(missing_ok=True)


def put_a_file_in_place_of(name: str) -> Callable[[Case], None]:
    def put(case: Case) -> None:
        shutil.rmtree(case.settings.home / name, ignore_errors=True)
        (case.settings.home / name).write_text("", encoding="utf-8")

    return put


def run_sql(statement: str, of: str = "warehouse") -> Callable[[Case], None]:
    return lambda case: execute(case.settings.databases[of], statement)


def shop(case: Case) -> Path:
    return case.settings.catalogues[0] / "corner"


IN_DATABASES = {
    "a dropped column": Broken(
        "database", "error", run_sql("ALTER TABLE listings DROP COLUMN brand"), "brand", "ALTER TABLE listings ADD"
    ),
    "another revision": Broken(
        "database", "error", run_sql("UPDATE alembic_version SET version_num = '0001'"), "says revision 0001",
        "UPDATE alembic_version",
    ),
    "control state of another version": Broken(
        "control state", "error", run_sql("ALTER TABLE run_history DROP COLUMN seconds", "control"), "lacks seconds",
        "ADD COLUMN seconds",
    ),
}  # fmt: skip
BROKEN = IN_DATABASES | {
    "a time zone that is none": Broken(
        "settings", "error", lambda case: case.set(SUBS_TIMEZONE="Sydney/Australia"), "no time zone", "subs doctor"
    ),
    "a database URL that is none": Broken(
        "settings", "error", lambda case: case.set(SUBS_DATABASE_URL=f"postgresql://x:{SECRET}@y:port/"),
        "cannot be read", "set it right",
    ),
    "a database that is none": Broken("database", "error", put_text_in_place_of_the_database, "cannot be", "SUBS_HOME"),
    "a server that is down": Broken(
        "database", "error", lambda case: case.set(SUBS_DATABASE_URL=NOWHERE), "127.0.0.1:1", "SUBS_DATABASE_URL"
    ),
    "and its control state": Broken(
        "control state", "error", lambda case: case.set(SUBS_DATABASE_URL=NOWHERE), "127.0.0.1:1", "SUBS_CONTROL_URL"
    ),
    "a source.yaml that is none": Broken(
        "catalogues", "error", lambda case: (shop(case) / "source.yaml").write_text("company: [", encoding="utf-8"),
        "is no YAML", "docs/add-a-company.md",
    ),
    "a file that did not come": Broken(
        "catalogues", "error", lambda case: (shop(case) / "today.jsonl").unlink(), "holds no file *.jsonl", "deliver it"
    ),
    "catalogues that are not mounted": Broken(
        "catalogues", "error", lambda case: shutil.rmtree(case.settings.catalogues[0]), "no folder of catalogues",
        "SUBS_CATALOGUES",
    ),
    "a damaged archive": Broken("archives", "error", flip_a_byte, "is damaged", "subs archive create"),
    "an archive that was cut off": Broken("archives", "warning", cut_the_manifest, "cannot be read", "look at it"),
    "a file in place of the archives": Broken(
        "archives", "error", put_a_file_in_place_of("archives"), "cannot be listed", "SUBS_ARCHIVES"
    ),
    "a store that nobody knows": Broken(
        "archives", "error", lambda case: case.set(SUBS_ARCHIVES="nowhere://bucket/x"), "fsspec knows no",
        "SUBS_ARCHIVES",
    ),
    "a drill that failed": Broken("drills", "error", fail_a_drill, "has 2 rows, not 3", "subs archive drill"),
    "a folder that is a file": Broken("folders", "error", put_a_file_in_place_of("staging"), "staging", "write there"),
    "another file in the encoder": Broken("encoder", "error", change_the_encoder, "instead of", "--force-reinstall"),
    "a damaged export": Broken(
        "encoder", "warning", damage_the_export, "is not as it was written", "exports the model"
    ),
    "a changed trained model": Broken(
        "trained model", "error", change_the_trained_model, "is not the file", "SUBS_MODEL"
    ),
    "a scheduler that is away": Broken(
        "compute", "error", lambda case: case.set(SUBS_COMPUTE="dask://127.0.0.1:1"), "nobody listens", "dask scheduler"
    ),
    "a dagster.yaml that is none": Broken(
        "dagster settings", "error", lambda case: case.write_dagster_yaml("telemetry: ["), "cannot be read", "mend it"
    ),
    "a dagster.yaml without our settings": Broken(
        "dagster settings", "warning", lambda case: case.write_dagster_yaml("telemetry: {enabled: true}"),
        "run_monitoring.enabled: true", "copy them",
    ),
    "a night that failed": Broken("runs", "error", fail_a_run, "nightly, run", "`subs run`"),
    "a schedule without a daemon": Broken(
        "daemon", "error", turn_on_without_daemon, "nightly_schedule", "subs_assets.webserver dev -m"
    ),
}  # fmt: skip


def require_found(case: Case, broken: Broken) -> None:
    def is_told() -> bool:
        return any(
            (one.state, broken.found in one.found, broken.remedy in one.remedy) == (broken.state, True, True)
            for one in found
        )

    found = case.findings(broken.subject)
    assert not is_told(), found
    broken.break_it(case)
    found = case.findings(broken.subject)
    assert is_told(), found
    assert SECRET not in repr(found)


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found_with_what_to_do(case: Case, what: str) -> None:
    require_found(case, BROKEN[what])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("what", IN_DATABASES)
def test_so_it_is_on_postgresql(case: Case, what: str) -> None:
    require_found(case, IN_DATABASES[what])


@on_both
def test_a_good_installation_has_no_error_and_nothing_of_it_is_changed(subs: Subs, case: Case) -> None:
    case.dagster().dispose()
    case.archive()
    before = files_in(case.folder)
    result = subs(case.settings, "doctor", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert {row["subject"] for row in told["findings"]} == {subject for subject, _ in looks()}
    not_ok = {row["subject"] for row in told["findings"] if row["state"] != "ok"}
    assert told["errors"] == 0 and "drills" in not_ok <= {"drills", "published"}, told
    assert files_in(case.folder) == before


def files_in(folder: Path) -> dict[str, str]:
    """Every file's hash. SQLite's two beside a database are there while somebody has it open."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
        if not path.name.endswith(("-wal", "-shm"))
    }


def test_before_any_run_there_is_no_error_and_nothing_is_made(subs: Subs, case: Case) -> None:
    shutil.rmtree(case.settings.home)
    result = subs(case.settings, "doctor")
    assert result.exit_code == 0
    assert "warning published: nothing is published yet\n        -> subs run\n" in result.stdout
    assert not case.settings.home.exists()


def test_it_comes_without_the_heavy_packages(case: Case) -> None:
    """``None`` in ``sys.modules`` is what an import fails on, as for a package that is not there."""
    program = (
        "import sys\n"
        "for name in ('dagster', 'numpy', 'pandas', 'sqlalchemy', 'torch', 'yaml'): sys.modules[name] = None\n"
        "import subs_assets.cli as cli\n"
        "sys.argv = ['subs', 'doctor', '--json']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    told = json.loads(done.stdout)["findings"]
    assert {row["subject"] for row in told} == {subject for subject, _ in looks()}
    found = {row["subject"]: row for row in told if row["state"] == "error"}
    for subject in ("database", "control state", "catalogues", "runs"):
        assert "ModuleNotFoundError" in found[subject]["found"]
        assert "docs/set-up.md" in found[subject]["remedy"]
