"""Revisions that a test makes up, run after those of the package."""

from pathlib import Path

import pytest
from alembic.config import Config

from subs_assets.database import migrate

TEMPLATE = '''"""{name}"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None
{declared}


def upgrade() -> None:
{body}
'''


class MadeUpRevisions:
    """A folder of revisions beside the package's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._newest = migrate.heads()[0]
        own, own_folder = migrate.alembic_config, Path(migrate.__file__).parent / "migrations" / "versions"

        def config() -> Config:
            config = own()
            config.set_main_option("version_locations", f"{own_folder}\n{folder}".replace("%", "%%"))
            return config

        folder.mkdir()
        monkeypatch.setattr(migrate, "alembic_config", config)

    def add(self, body: str, declared: str = "", before: str | None = None) -> str:
        """A revision after the newest (or ``before``), whose ``upgrade`` is ``body``; returns its number."""
        revision = f"m{len(list(self._folder.glob('*.py'))) + 1:03d}"
        text = TEMPLATE.format(
            name=f"Made up: {revision}",
            revision=revision,
            before=before or self._newest,
            declared=declared,
            body="\n".join(f"    {line}" for line in body.splitlines()),
        )
        self.write(revision, text)
        if before is None:
            self._newest = revision
        return revision

    def write(self, revision: str, text: str) -> None:
        """A revision as somebody wrote it."""
        (self._folder / f"{revision}.py").write_text(text, encoding="utf-8")
