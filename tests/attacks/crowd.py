"""Many connections that sent something and wait."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from tests.faults.graph import FaultGraph

FORM = "Content-Type: multipart/form-data; boundary=x"
JSON = "Content-Type: application/json"
TARGETS = (
    ("POST /v1/calls", FORM),
    ("POST /v1/audio/transcriptions", FORM),
    ("PATCH /v1/calls/x", JSON),
    ("POST /v1/api-keys", JSON),
    ("POST /v1/webhooks", JSON),
)


def request(target: str, *headers: str) -> bytes:
    return "\r\n".join([f"{target} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]).encode()


def idle_requests(count: int, keys: list[str]) -> list[bytes]:
    """Each announces a body that never comes."""
    requests = []
    for n in range(count):
        target, content_type = TARGETS[n % len(TARGETS)]
        key = [f"Authorization: Bearer {keys[n % len(keys)]}"] if keys else []
        requests.append(request(target, content_type, "Content-Length: 1000", *key))
    return requests


class Crowd:
    """Sockets that sent this much and wait."""

    def __init__(self, graph: FaultGraph, sent: list[bytes], held: ExitStack) -> None:
        address = urlsplit(graph.run.url)
        assert address.hostname == "127.0.0.1"
        self._sockets = []
        for data in sent:
            connection = held.enter_context(
                socket.create_connection((address.hostname, address.port), timeout=30)
            )
            connection.sendall(data)
            self._sockets.append(connection)

    def answers(self, within_s: float) -> Counter[str]:
        """The status of each; "closed" and "none" where there is none. Connections are read to their end."""
        deadline = time.monotonic() + within_s
        return Counter(self._answer(connection, deadline) for connection in self._sockets)

    @staticmethod
    def _answer(connection: socket.socket, deadline: float) -> str:
        data = b""
        try:
            while time.monotonic() < deadline:
                connection.settimeout(max(0.01, deadline - time.monotonic()))
                part = connection.recv(65536)
                if not part:
                    return data.split(b" ", 2)[1].decode() if data else "closed"
                data += part
        except TimeoutError:
            pass
        except ConnectionResetError:
            return "reset"
        return "open after " + data.split(b" ", 2)[1].decode() if data else "none"


@contextmanager
def crowd(graph: FaultGraph, sent: list[bytes]) -> Iterator[Crowd]:
    with ExitStack() as held:
        yield Crowd(graph, sent, held)
