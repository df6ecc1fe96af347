"""The official npm client (package ``openai``) against the API: one script, whose findings are looked at here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import wav_bytes
from tests.store.samples import LINES

PROJECT = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where ``npm ci`` installed the client that package-lock.json names."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm on the PATH")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copy(PROJECT / name, folder / name)
    command = [npm, "ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0 and "network" in done.stderr:
        pytest.skip("needs an npm registry")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def seen(folder: Path, base_url: str, key: str, tmp_path: Path) -> dict[str, Any]:
    recording = tmp_path / "call.wav"
    recording.write_bytes(wav_bytes())
    command = ["node", str(folder / "client.mjs"), f"{base_url}/v1", key, str(recording)]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    findings: dict[str, Any] = json.loads(done.stdout)
    return findings


@pytest.mark.usefixtures("worker")
def test_the_npm_client(seen: dict[str, Any]) -> None:
    text = seen["json"]["text"]
    assert text.startswith("안녕하세요 고객센터입니다")
    assert seen["text"] == f"{text}\n"
    assert seen["from_bytes"]["text"] == text
    assert seen["verbose"]["language"] == "korean"
    assert len(seen["verbose"]["segments"][0]) == 10
    assert seen["verbose"]["words"][0]["word"] == "안녕하세요"
    assert [s["speaker"] for s in seen["diarized"]["segments"]] == ["agent", "customer"] * 2

    assert [event["type"] for event in seen["events"]] == [
        *["transcript.text.delta"] * len(LINES),
        "transcript.text.done",
    ]
    assert "".join(event.get("delta", "") for event in seen["events"]) == text

    assert seen["models"] == ["callytics", "whisper-base"]
    assert seen["model"] == {"id": "whisper-base", "object": "model", "created": 0, "owned_by": "callytics"}

    def failure(name: str) -> tuple[Any, ...]:
        return tuple(seen[name][field] for field in ("kind", "status", "code", "param"))

    assert failure("unknown_model") == ("NotFoundError", 404, "model_not_found", "model")
    assert "gpt-9" in seen["unknown_model"]["message"]
    assert seen["unknown_model"]["type"] == "invalid_request_error"
    assert failure("words_as_json") == (
        "BadRequestError",
        400,
        "verbose_json_needed",
        "timestamp_granularities",
    )
    assert failure("short_reference")[:3] == ("BadRequestError", 400, "known_speakers_invalid")
    assert failure("wrong_key") == ("AuthenticationError", 401, "api_key_invalid", None)
    assert failure("no_such_page") == ("NotFoundError", 404, "not_found", None)
