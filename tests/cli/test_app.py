"""The command line without a running graph; tests/e2e/ uses it with one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callytics import pipeline
from callytics.cli import analyze as analyze_command
from callytics.cli.app import app
from callytics.config import StageConfig
from callytics.domain import CallOptions, Denoise, Recording, Role
from callytics.errors import InvalidMediaError, InvalidRequestError
from tests.store.samples import fresh_database

runner = CliRunner()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for variable in ("CALLYTICS_API_KEY", "DATABASE_URL", "CALLYTICS_URL"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path


def recording(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"sound")
    return path


@pytest.fixture
def local_engines(monkeypatch: pytest.MonkeyPatch, stages: dict[str, StageConfig]) -> None:
    monkeypatch.setattr(analyze_command, "load_stages", lambda config: stages)


def test_analyze_writes_one_result_per_file(own_home: Path, local_engines: None) -> None:
    files = [recording(own_home, "first.wav"), recording(own_home, "통화 2.mp3")]
    done = runner.invoke(app, ["analyze", "--local", "--out", str(own_home / "out"), *map(str, files)])
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (own_home / "out").iterdir()) == ["first.json", "통화 2.json"]
    result = json.loads((own_home / "out" / "first.json").read_text(encoding="utf-8"))
    assert result["transcript"][0]["content"] == "안녕하세요 무엇을 도와드릴까요."
    assert "speech-recognizer: completed" in done.output


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_result_file_has_the_users_umask(own_home: Path, local_engines: None, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        file = recording(own_home, "first.wav")
        runner.invoke(app, ["analyze", "--local", "--out", str(own_home / "out"), str(file)])
    finally:
        os.umask(before)
    assert (own_home / "out" / "first.json").stat().st_mode & 0o777 == mode


def test_one_bad_file_is_one_line_and_does_not_end_the_others(
    own_home: Path, local_engines: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse = pipeline.InProcess.__call__

    def refuse_bad(self: pipeline.InProcess, call: Recording, options: CallOptions) -> object:
        if call.uri.endswith("bad.wav"):
            raise InvalidMediaError("media_undecodable", "No decoder understands this file.")
        return analyse(self, call, options)

    monkeypatch.setattr(pipeline.InProcess, "__call__", refuse_bad)
    files = [recording(own_home, "bad.wav"), recording(own_home, "good.wav")]
    done = runner.invoke(app, ["analyze", "--local", "--out", str(own_home / "out"), *map(str, files)])
    assert done.exit_code == 1
    assert done.stderr.strip() == "error: bad.wav: No decoder understands this file. [media_undecodable]"
    assert [p.name for p in (own_home / "out").iterdir()] == ["good.json"]


def test_missing_file_is_reported_in_one_line(own_home: Path) -> None:
    done = runner.invoke(app, ["analyze", str(own_home / "nowhere.wav")])
    assert done.exit_code == 1
    assert done.stderr.strip().endswith("nowhere.wav: no such file. [file_missing]")
    assert len(done.stderr.strip().splitlines()) == 1


def test_two_files_with_one_name_are_rejected(own_home: Path) -> None:
    files = [recording(own_home / "a", "call.wav"), recording(own_home / "b", "call.mp3")]
    with pytest.raises(InvalidRequestError, match="both write"):
        analyze_command.plan(files, own_home)


def test_error_without_a_graph_says_how_to_start_one(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recording(own_home, "call.wav")
    done = runner.invoke(app, ["analyze", str(path)])
    assert done.exit_code == 1
    assert "callytics up" in done.stderr
    monkeypatch.setenv("CALLYTICS_API_KEY", "cly_x")
    done = runner.invoke(app, ["analyze", "--url", "http://127.0.0.1:9", str(path)])
    assert done.exit_code == 1
    assert "Nothing answers at http://127.0.0.1:9" in done.stderr


def test_result_on_disk_is_exported(own_home: Path, local_engines: None) -> None:
    path = recording(own_home, "call.wav")
    runner.invoke(app, ["analyze", "--local", "--out", str(own_home), str(path)])
    done = runner.invoke(app, ["export", str(own_home / "call.json"), "--format", "srt"])
    assert done.exit_code == 0, done.output
    assert "00:00:00,000 -->" in done.stdout
    done = runner.invoke(app, ["export", str(own_home / "call.json"), "--format", "docx"])
    assert done.exit_code == 1
    done = runner.invoke(app, ["export", str(path)])
    assert done.exit_code == 1
    assert "[not_a_result]" in done.stderr


def test_keys_are_made_shown_once_and_revoked(own_home: Path) -> None:
    fresh_database(own_home / "home")
    made = runner.invoke(app, ["keys", "create", "reporting", "--scope", "calls:read"])
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith("cly_")
    listed = runner.invoke(app, ["keys", "list"]).stdout
    assert secret not in listed
    key = json.loads(listed)
    assert (key["name"], list(key["scopes"])) == ("reporting", ["calls:read"])
    assert runner.invoke(app, ["keys", "revoke", key["id"]]).exit_code == 0
    assert json.loads(runner.invoke(app, ["keys", "list"]).stdout)["revoked_at_ms"]


def test_models_are_listed_with_their_licences() -> None:
    done = runner.invoke(app, ["models", "list"])
    assert done.exit_code == 0
    assert "whisper-base" in done.stdout


def test_form_fields_omit_unset_options() -> None:
    assert analyze_command.form_fields(CallOptions(), again=False) == {}
    options = CallOptions(language="ko", agent_channel=0, hotwords=("환불",), roles=(("spk_0", Role.AGENT),))
    assert analyze_command.form_fields(options, again=True) == {
        "language": "ko",
        "agent_channel": "0",
        "hotwords": "환불",
        "deduplicate": "false",
    }
    headerless = CallOptions(
        audio_format="mulaw", audio_sample_rate_hz=16_000, audio_channels=2, denoise=Denoise.AUTO
    )
    assert analyze_command.form_fields(headerless, again=False) == {
        "audio_format": "mulaw",
        "audio_sample_rate_hz": "16000",
        "audio_channels": "2",
        "denoise": "auto",
    }
