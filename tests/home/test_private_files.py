"""Private whatever the umask says, and what was open is closed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from callytics.errors import ConfigError
from callytics.home import private_files


@pytest.fixture(autouse=True)
def permissive_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_new_files_are_private(tmp_path: Path) -> None:
    private_files.make_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    with open(tmp_path / "a" / "file", "w", opener=private_files.opener):
        assert mode(tmp_path / "a" / "file") == 0o600


def test_text_is_private_also_over_a_file_that_was_open(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    assert mode(path) == 0o666
    private_files.write_text(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_old_folder_is_closed_links_and_what_is_left_out_stay(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "blobs" / "calls").mkdir(parents=True)
    (home / "blobs" / "calls" / "recording").touch()
    (home / "envs").mkdir()
    (home / "envs" / "python").touch(0o755)
    (home / "program").touch(0o755)
    elsewhere.touch()
    (home / "link").symlink_to(elsewhere)
    assert private_files.close_to_others(home, leave=["envs"]) == 5
    assert [mode(home / name) for name in ("", "blobs", "blobs/calls")] == [0o700] * 3
    assert (mode(home / "blobs" / "calls" / "recording"), mode(home / "program")) == (0o600, 0o700)
    assert (mode(home / "envs" / "python"), mode(elsewhere)) == (0o755, 0o666)
    assert private_files.close_to_others(home, leave=["envs"]) == 0


def test_folder_that_is_named_by_a_link_is_closed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "real")
    private_files.close_to_others(tmp_path / "home")
    assert mode(tmp_path / "real") == 0o700


def test_name_in_tmp_is_taken_only_from_oneself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "callytics-1"
    private_files.claim_folder(folder)
    folder.chmod(0o777)
    private_files.claim_folder(folder)  # of an earlier run
    assert mode(folder) == 0o700
    link = tmp_path / "callytics-2"
    link.symlink_to(folder)
    with pytest.raises(ConfigError) as refused:
        private_files.claim_folder(link)
    assert refused.value.code == "folder_not_ours"
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(ConfigError):
        private_files.claim_folder(folder)
