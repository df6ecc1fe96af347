"""What Serve's REST API says, in the words of a reader."""

from __future__ import annotations

import inspect
import io
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

import pytest

from deployments.operations.head import LocalGraphError
from deployments.operations.serve_api import ServeApi, _state, last_line
from deployments.replica.environment import VERSION

TRACEBACK = """The deployment failed to start 3 times in a row. Error:
\x1b[36mray::ServeReplica:a:A.initialize_and_get_metadata()\x1b[39m (pid=1, ip=192.0.2.2)
  File "replica.py", line 1, in initialize
RuntimeError: Traceback (most recent call last):
  File "stage.py", line 62, in __init__
callytics.errors.WeightsError: The weights of whisper-base are not there. Run `callytics models pull`.
"""


def test_traceback_comes_down_to_its_last_error() -> None:
    expected = "callytics.errors.WeightsError: The weights of whisper-base are not there. Run `callytics models pull`."
    assert last_line(TRACEBACK) == expected
    assert last_line("two\nlines") == "lines"
    assert last_line("") == ""


def test_failed_application_says_why() -> None:
    deployment = {"status": "UNHEALTHY", "message": TRACEBACK, "replicas": [{"state": "STARTING"}]}
    state = _state("a", {"status": "DEPLOY_FAILED", "message": "", "deployments": {"A": deployment}})
    assert state.failed
    assert not state.healthy
    assert "weights of whisper-base" in state.message
    assert (state.replicas, state.healthy_replicas) == (1, 0)


def test_application_tells_its_version() -> None:
    variables = {VERSION: "cpu/a@0.2.0+c1b7090605df.3f0c1d2e4b5a"}
    running = {"status": "RUNNING", "deployed_app_config": {"runtime_env": {"env_vars": variables}}}
    assert _state("a", running).version == "0.2.0+c1b7090605df.3f0c1d2e4b5a"
    assert _state("a", {"status": "RUNNING", "deployed_app_config": None}).version == ""


def test_ray_takes_a_path_that_does_not_exist_for_an_import_path() -> None:
    """Why `serve deploy` of a wrong path ends every application: docs/adr/0016. When Ray refuses such a path, or asks
    for confirmation, this fails, and docs/operations.md can say so."""
    from ray.serve._private.utils import call_function_from_import_path
    from ray.serve.scripts import _generate_config_from_file_or_import_path

    for path in ("missing.yaml", "configs/missing.yaml"):
        config = _generate_config_from_file_or_import_path(path, name=None, arguments={}, runtime_env={})
        assert [application.import_path for application in config.applications] == [path]
    with pytest.raises(ValueError, match="import_path"):
        _generate_config_from_file_or_import_path("missing", name=None, arguments={}, runtime_env={})
    # What RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH is called by: without a controller or a configuration.
    assert list(inspect.signature(call_function_from_import_path).parameters) == ["import_path"]


def test_free_port_does_not_answer() -> None:
    assert not ServeApi("http://127.0.0.1:9").answers()


def test_run_of_ours_gets_its_own_token_and_not_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of another cluster")
    (tmp_path / "ray-token").write_text("the run's")
    sent: list[str | None] = []

    def urlopen(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        sent.append(request.get_header("Authorization"))
        return io.BytesIO(b'{"applications": {}}')

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    ServeApi("http://127.0.0.1:1", str(tmp_path / "ray-token")).applications()
    assert sent == ["Bearer the run's"]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_token_is_said(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def urlopen(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        raise urllib.error.HTTPError(request.full_url, status, "Unauthorized", Message(), None)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    api = ServeApi("http://127.0.0.1:1")
    for ask in (api.applications, lambda: api.deploy({})):
        with pytest.raises(LocalGraphError) as refused:
            ask()
        assert refused.value.code == "ray_token_refused"


@pytest.mark.parametrize(
    ("mode", "token", "in_file", "header"),
    [
        (None, None, None, None),
        (None, None, "left by ray.init", "Bearer left by ray.init"),
        ("token", "given", "left by ray.init", "Bearer given"),
        ("disabled", "given", "left by ray.init", None),
    ],
)
def test_token_is_sent_where_ray_would_ask_for_one(
    mode: str | None,
    token: str | None,
    in_file: str | None,
    header: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    for name, value in (("RAY_AUTH_MODE", mode), ("RAY_AUTH_TOKEN", token)):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    if in_file is not None:
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text(in_file + "\n")
    sent: list[str | None] = []

    def urlopen(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        sent.append(request.get_header("Authorization"))
        return io.BytesIO(b'{"applications": {}}')

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    ServeApi("http://127.0.0.1:1").applications()
    assert sent == [header]
