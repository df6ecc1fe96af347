"""The table of files in docs/security.md is what is written, by what writes it, under whatever umask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics import settings
from callytics.home import graphs, private_files
from callytics.store import BlobStore, CallStore
from deployments.operations import kept_logs, local, ray_token, runs
from tests.support.documented_files import documented, mode, unlike_the_table


@pytest.fixture(autouse=True)
def permissive_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """As a run leaves it, made by what makes it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    home = settings.home()
    private_files.make_folder(home)
    with local.locked(home):
        ray_token.make(home)
        runs.save(home, runs.Run("x", "config.yaml", 1, 2, str(tmp_path / "ray"), 0.0))
    local._ensure_api_key(home, "http://127.0.0.1:1")
    with BlobStore(str(home / "blobs")).writer("c1") as writer:
        writer.write(b"what was said")
    session = tmp_path / "ray" / "session_1" / "logs"
    session.mkdir(parents=True)
    (session / "gcs.out").write_text("line")
    kept_logs.keep(tmp_path / "ray", home / "logs")
    graphs.record(home)
    store = CallStore(f"sqlite:///{home / 'callytics.db'}")
    store.create_api_key("test", ["admin"])
    yield home
    store.close()


def test_every_file_is_in_the_table_with_its_mode(home: Path) -> None:
    assert unlike_the_table(home) == []
    written = {f"{path.name}/" if path.is_dir() else path.name for path in home.iterdir()}
    by_others = {
        "ray-start.log",
        "backfill/",
        "envs",
        "models",
        "bin",  # of a live run: tests/attacks/test_ray.py
        "alertmanager-key",
        "observability/",  # tests/deployments/operations/test_observers.py
    }
    assert written == set(documented()) - by_others


def test_the_note_of_a_graph_is_private_with_its_folders(home: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "state", *(tmp_path / "state").rglob("*")]
    assert [path.suffix for path in paths if path.is_file()] == [".json"]
    assert {oct(mode(path)) for path in paths if path.is_dir()} == {"0o700"}
    assert {oct(mode(path)) for path in paths if path.is_file()} == {"0o600"}


def test_the_comparison_would_notice(home: Path) -> None:
    (home / "api-key").chmod(0o640)
    (home / "blobs" / "calls" / "c1" / "recording").chmod(0o644)
    (home / "notes.txt").touch(0o600)
    assert unlike_the_table(home) == [
        "api-key: 0640, where the table says 0600",
        "blobs/calls/c1/recording: 0644, where the table says 0700, files 0600",
        "notes.txt: in no row of the table",
    ]
