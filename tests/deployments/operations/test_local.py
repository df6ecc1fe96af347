"""What `up` asks of the gateway, against one played here; the whole of `up` runs in tests/e2e/."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callytics.store import CallStore, hash_secret
from deployments.operations import local, local_command, runs
from deployments.operations.head import LocalGraphError
from deployments.operations.local import _ensure_api_key
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


def test_key_that_the_gateway_takes_is_kept_without_opening_the_store(home: Path, gateway: str) -> None:
    (home / "api-key").write_text("good\n")
    _ensure_api_key(home, gateway)
    assert (home / "api-key").read_text() == "good\n"
    assert not (home / "callytics.db").exists()


def test_key_of_another_database_is_replaced_by_one_that_counts(home: Path, gateway: str) -> None:
    (home / "api-key").write_text("of a database that was deleted")
    _ensure_api_key(home, gateway)
    issued = (home / "api-key").read_text().strip()
    assert (home / "api-key").stat().st_mode & 0o777 == 0o600
    store = CallStore(f"sqlite:///{home / 'callytics.db'}")
    assert store.authenticate(hash_secret(issued)) is not None
    store.close()


def test_gateway_that_does_not_answer_leaves_a_good_key_alone(home: Path, gateway: str) -> None:
    _ensure_api_key(home, gateway)
    issued = (home / "api-key").read_text()
    _ensure_api_key(home, f"http://127.0.0.1:{free_port()}")
    assert (home / "api-key").read_text() == issued


def run_of(home: Path, temp: Path) -> runs.Run:
    run = runs.Run("of a dead run", "config.yaml", 1, 2, str(temp), 0.0, token_path=str(home / "ray-token"))
    runs.save(home, run)
    (home / "ray-token").write_text("secret")
    return run


def test_the_logs_of_a_run_that_was_killed_are_kept_and_its_token_is_gone(tmp_path: Path) -> None:
    """Nothing of it lives: `down`, and `up` by way of it, find run.json and Ray's folder."""
    home, temp = tmp_path / "home", tmp_path / "callytics-1" / "ray"
    (temp / "session_1" / "logs").mkdir(parents=True)
    (temp / "session_1" / "logs" / "raylet.out").write_text("killed")
    home.mkdir()
    run_of(home, temp)
    assert local.down(home=home) == 0
    kept = local.kept_logs_folder(home) / "session_1" / "raylet.out"
    assert kept.read_text() == "killed"
    assert not temp.parent.exists()
    assert sorted(path.name for path in home.iterdir()) == ["logs"]


def test_logs_that_cannot_be_kept_are_not_deleted(tmp_path: Path) -> None:
    home, temp = tmp_path / "home", tmp_path / "ray"
    (temp / "session_1" / "logs").mkdir(parents=True)
    home.mkdir()
    (home / "logs").touch()  # in the place of the folder
    run_of(home, temp)
    with pytest.raises(LocalGraphError) as failed:
        local.down(home=home)
    assert failed.value.code == "logs_not_kept"
    assert (temp / "session_1" / "logs").is_dir()


def test_old_home_is_closed_and_a_run_without_a_token_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, config = tmp_path / "home", tmp_path / "config.yaml"
    (home / "blobs").mkdir(parents=True)
    for path in (home / "callytics.db", home / "blobs" / "recording"):
        path.touch()
        path.chmod(0o644)
    config.write_text("applications: []")
    old = runs.Run("old", str(config), 1, 2, "/tmp", 0.0)
    monkeypatch.setattr(runs, "running", lambda home: old)
    monkeypatch.setattr(local, "_prepare", lambda *arguments: None)
    with pytest.raises(LocalGraphError) as refused:
        local.up(config, home=home)
    assert refused.value.code == "run_outdated"
    assert home.stat().st_mode & 0o777 == 0o700
    assert [path for path in home.rglob("*") if path.stat().st_mode & 0o077] == []


def test_ray_s_own_commands_are_told_where_the_graph_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ray_current_cluster").write_text("127.0.0.1:6380")
    run = run_of(tmp_path, tmp_path)
    monkeypatch.setattr(runs, "running", lambda home: run)
    done = CliRunner().invoke(local_command.app, ["env"])
    assert done.exit_code == 0
    assert "secret" not in done.stdout
    code = 'eval "$(cat)"; echo "$RAY_ADDRESS $RAY_DASHBOARD_ADDRESS"; '
    code += 'cat "$RAY_AUTH_TOKEN_PATH"; echo ${RAY_AUTH_TOKEN-unset}'
    shell = subprocess.run(
        ["bash", "-c", code],
        input=done.stdout,
        env={"RAY_AUTH_TOKEN": "of another cluster", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == "127.0.0.1:6380 http://127.0.0.1:2\nsecretunset\n"


def test_without_a_graph_there_is_nothing_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))
    done = CliRunner().invoke(local_command.app, ["env"])
    assert done.exit_code == 1
    assert done.stdout == ""
