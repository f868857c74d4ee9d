"""The packaged model, exported once for all tests of this folder."""

from pathlib import Path

import pytest

from subs_assets.embedding.fast_encoder import FastEncoder
from subs_assets.embedding.packaged_model import NAME


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's folder with the packaged model exported into it."""
    folder = tmp_path_factory.mktemp("vectors")
    FastEncoder(NAME, folder).encode(["milk"])
    return folder
