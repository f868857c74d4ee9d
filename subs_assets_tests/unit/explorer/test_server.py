"""How the server ends; that it serves is e2e/test_explorer.py's."""

import socket
import threading
import time

import pytest

from subs_assets.explorer import server
from subs_assets.settings import Settings
from subs_assets_tests.unit.explorer.conftest import ACCESS

ASKED = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_whoever_reads_no_further_does_not_keep_it_from_ending(
    empty_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_SECONDS_TO_END", 1)
    serving = server.server_of(empty_home, ACCESS)
    with server.bound("127.0.0.1", 0) as listening, socket.socket() as dawdling:
        thread = threading.Thread(target=serving.run, args=([listening],), daemon=True)
        thread.start()
        dawdling.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        dawdling.connect(listening.getsockname())
        dawdling.sendall(ASKED * 300)
        while not any(connection.flow.write_paused for connection in serving.server_state.connections):
            time.sleep(0.02)
        serving.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def test_a_proxy_lets_a_connection_go_before_the_server_does(empty_home: Settings) -> None:
    seconds_of_caddy = 120
    assert server.server_of(empty_home, ACCESS).config.timeout_keep_alive > seconds_of_caddy
