"""A webhook on this machine, which takes what is posted, or answers and hangs as a test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

SECRET = "T0K3N-that-nobody-may-see"


class WebhookServer(ThreadingHTTPServer):
    """``answers``: the status of one request after the other, the last one for all that follow."""

    daemon_threads = True
    block_on_close = False  # who hangs is not waited for

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[dict[str, Any]] = []
        self.answers = [200]
        self.location = ""
        self.hangs = threading.Event()
        self.is_over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/services/{SECRET}?key={SECRET}"

    @contextmanager
    def another(self) -> Iterator["WebhookServer"]:
        with serving() as server:
            yield server


class _Handler(BaseHTTPRequestHandler):
    server: WebhookServer

    def do_POST(self) -> None:
        self._take(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        """What a redirected POST becomes."""
        self._take(b"{}")

    def _take(self, body: bytes) -> None:
        self.server.received.append(json.loads(body))
        if self.server.hangs.is_set():
            self.server.is_over.wait()
            return
        answers = self.server.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[WebhookServer]:
    with WebhookServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def webhook_server() -> Iterator[WebhookServer]:
    with serving() as server:
        yield server
