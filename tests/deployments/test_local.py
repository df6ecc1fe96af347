"""What `up` asks of the gateway, against one played here; the whole of `up` runs in tests/e2e/."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from callytics.store import CallStore, hash_secret
from deployments.local import _ensure_api_key
from tests.e2e.conftest import free_port


@pytest.fixture
def gateway() -> Iterator[str]:
    """Accepts the key "good" and no other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers["Authorization"] == "Bearer good" else 401)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def test_a_key_that_the_gateway_takes_is_kept_without_opening_the_store(home: Path, gateway: str) -> None:
    (home / "api-key").write_text("good\n")
    _ensure_api_key(home, gateway)
    assert (home / "api-key").read_text() == "good\n"
    assert not (home / "callytics.db").exists()


def test_a_key_of_another_database_is_replaced_by_one_that_counts(home: Path, gateway: str) -> None:
    (home / "api-key").write_text("of a database that was deleted")
    _ensure_api_key(home, gateway)
    issued = (home / "api-key").read_text().strip()
    assert (home / "api-key").stat().st_mode & 0o777 == 0o600
    store = CallStore(f"sqlite:///{home / 'callytics.db'}")
    assert store.authenticate(hash_secret(issued)) is not None
    store.close()


def test_a_gateway_that_does_not_answer_leaves_a_good_key_alone(home: Path, gateway: str) -> None:
    _ensure_api_key(home, gateway)
    issued = (home / "api-key").read_text()
    _ensure_api_key(home, f"http://127.0.0.1:{free_port()}")
    assert (home / "api-key").read_text() == issued
