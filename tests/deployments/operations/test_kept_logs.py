"""The logs of the last runs: copied out of Ray's folder, bounded, private."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployments.operations import kept_logs


def session(temp: Path, number: int, **logs: bytes) -> Path:
    folder = temp / f"session_2026-11-28_09-00-{number:02}_000000_1" / "logs"
    folder.mkdir(parents=True)
    for name, content in logs.items():
        (folder / name).write_bytes(content)
    return folder


def test_logs_with_their_folders_and_the_start_of_ray(tmp_path: Path) -> None:
    logs = session(tmp_path / "ray", 1, raylet=b"died")
    (logs / "serve").mkdir()
    (logs / "serve" / "replica").write_bytes(b"traceback")
    (logs / "link").symlink_to("/etc/passwd")
    (tmp_path / "ray" / "session_latest").symlink_to(logs.parent)
    (tmp_path / "ray-start.log").write_bytes(b"started")
    (kept,) = kept_logs.keep(tmp_path / "ray", tmp_path / "logs", tmp_path / "ray-start.log")
    assert kept == tmp_path / "logs" / logs.parent.name
    found = {str(path.relative_to(kept)): path for path in kept.rglob("*") if path.is_file()}
    contents = {name: path.read_bytes() for name, path in found.items()}
    assert contents == {"raylet": b"died", "serve/replica": b"traceback", "ray-start.log": b"started"}
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o600}
    assert (kept / "serve").stat().st_mode & 0o777 == 0o700


def test_the_last_runs_are_kept(tmp_path: Path) -> None:
    for number in range(kept_logs.RUNS_KEPT + 2):
        session(tmp_path / f"ray{number}", number, raylet=str(number).encode())
        kept_logs.keep(tmp_path / f"ray{number}", tmp_path / "logs")
    found = [int((folder / "raylet").read_text()) for folder in kept_logs.runs(tmp_path / "logs")]
    assert found == [6, 5, 4, 3, 2]


def test_end_of_long_logs_and_newest_of_many_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_logs, "MAX_FILE_BYTES", 4)
    monkeypatch.setattr(kept_logs, "MAX_RUN_BYTES", 6)
    logs = session(tmp_path / "ray", 1, new=b"0123456789", old=b"abcdefghij")
    os.utime(logs / "old", (1, 1))
    (kept,) = kept_logs.keep(tmp_path / "ray", tmp_path / "logs")
    assert ((kept / "new").read_bytes(), (kept / "old").read_bytes()) == (b"6789", b"ij")


def test_folder_of_another_account_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session(tmp_path / "ray", 1, raylet=b"planted")
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert kept_logs.keep(tmp_path / "ray", tmp_path / "logs") == []


def test_nothing_to_keep(tmp_path: Path) -> None:
    assert kept_logs.keep(tmp_path / "ray", tmp_path / "logs") == []
    assert kept_logs.runs(tmp_path / "logs") == []
