"""TCP proxies before PostgreSQL: one that hands on a COMMIT and loses the answer, one that is cut off anywhere."""

import socket
import threading
from contextlib import suppress
from types import TracebackType


class LossyProxy:
    """Listens on ``port``. The first COMMIT of a connection that said ``after`` goes through, its answer does not;
    afterwards all is well again, or nothing (``stays_dead``).
    """

    def __init__(self, server_port: int, stays_dead: bool = False, after: bytes = b"") -> None:
        self._server_port = server_port
        self._stays_dead = stays_dead
        self._after = after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lost = 0

    def __enter__(self) -> "LossyProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.lost and self._stays_dead:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._server_port))
            cut = threading.Event()
            threading.Thread(target=self._pass_on, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=self._pass_back, args=(server, client, cut), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        is_meant = False
        while block := _received(client):
            is_meant = is_meant or self._after in block
            if is_meant and b"COMMIT\0" in block and not self.lost:
                self.lost += 1
                cut.set()
            server.sendall(block)
        _shut(server)

    def _pass_back(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        while block := _received(server):
            if cut.is_set():
                break
            client.sendall(block)
        # Not close() alone: the other thread still waits on this socket, and that keeps the connection.
        client.shutdown(socket.SHUT_RDWR)
        client.close()


class CutProxy:
    """Listens on ``port``. Every connection is cut when so many bytes went through, both directions and all
    connections together; afterwards all is well again, or nothing (``stays_dead``).
    """

    def __init__(self, server_port: int, after: float, stays_dead: bool = False) -> None:
        self._server_port = server_port
        self._after = after
        self._stays_dead = stays_dead
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self.passed = 0

    def __enter__(self) -> "CutProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def is_cut(self) -> bool:
        return self.passed >= self._after

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut and self._stays_dead:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._server_port))
            self._ends += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        while block := _received(source):
            with self._lock:
                cut_here = not self.is_cut and self.passed + len(block) >= self._after
                self.passed += len(block)
            try:
                sink.sendall(block[: len(block) // 2] if cut_here else block)
            except OSError:
                break
            if cut_here:
                for end in self._ends:
                    _shut(end)
                break
        _shut(source)
        _shut(sink)


def _shut(end: socket.socket) -> None:
    # Not close() alone: the other thread still waits on this socket, and that keeps the connection.
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(2**16)
    except OSError:
        return b""
