"""``subs serve``: what it refuses before it listens; that it serves is e2e/test_explorer.py's."""

import socket

import pytest

from subs_assets.settings import Settings
from subs_assets_tests.unit.commands.conftest import Subs


def test_beyond_this_machine_it_needs_a_token(
    subs: Subs, empty_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUBS_TOKEN", raising=False)
    refused = subs(empty_home, "serve", "--host", "0.0.0.0")
    assert refused.exit_code == 1 and "0.0.0.0 can be reached from other machines, and SUBS_TOKEN" in refused.stderr
    monkeypatch.setenv("SUBS_TOKEN", "short")
    refused = subs(empty_home, "serve")
    assert refused.exit_code == 1 and "SUBS_TOKEN must have 16" in refused.stderr


def test_a_port_that_is_taken_is_named(subs: Subs, empty_home: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subs(empty_home, "serve", "--port", str(port))
    assert refused.exit_code == 1 and f"127.0.0.1:{port} cannot be listened at" in refused.stderr
