"""Which tests one process gets where pytest runs several (``pytest -n 2``), so that costly things are made once."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

TOGETHER = (
    "subs_assets_tests/assets/",
    "subs_assets_tests/e2e/",
    "subs_assets_tests/unit/commands/",
    "subs_assets_tests/unit/embedding/",
)
"""Folders whose tests share a run of the graph, or torch, which takes ten seconds to import."""


def share_of(file: str) -> str:
    """The folder or the file whose tests one process gets as a whole."""
    return next((folder for folder in TOGETHER if file.startswith(folder)), file)


class FoldersAndFiles(LoadFileScheduling):
    """A process that has little left to do gets the next share, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FoldersAndFiles:
    return FoldersAndFiles(config, log)
