"""The logs of the runs before: out of Ray's folder for temporary files, into ``$CALLYTICS_HOME/logs``."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from callytics.home import private_files

RUNS_KEPT = 5
MAX_FILE_BYTES = 10_000_000
MAX_RUN_BYTES = 100_000_000
"""Limit per run: the newest files first, and the end of a long file, because it says what went wrong."""


def keep(temp: Path, logs: Path, *more: Path) -> list[Path]:
    """Copy the logs of every Ray session below ``temp`` to ``logs/<session>``; returns the folders that are new.

    Args:
        more: files beside them that belong to the newest session.
    """
    sessions = sorted(path for path in temp.glob("session_*") if _is_own_folder(path))
    kept = []
    for session in sessions:  # their names begin with the time of their start
        folder = logs / session.name
        files = [path for path in (session / "logs").rglob("*") if path.is_file() and not path.is_symlink()]
        sources = {folder / path.relative_to(session / "logs"): path for path in files}
        if session == sessions[-1]:
            sources |= {folder / path.name: path for path in more if path.is_file()}
        private_files.make_folder(folder)
        _copy(sources)
        kept.append(folder)
    for folder in runs(logs)[RUNS_KEPT:]:
        shutil.rmtree(folder)
    return kept


def _is_own_folder(path: Path) -> bool:
    """In /tmp, a folder that was cleared away may have been made again by another account."""
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()


def runs(logs: Path) -> list[Path]:
    """The folders of the runs that are kept, the newest first."""
    return sorted(logs.glob("session_*"), reverse=True)


def _copy(sources: dict[Path, Path]) -> None:
    room = MAX_RUN_BYTES
    for target, source in sorted(sources.items(), key=lambda pair: -pair[1].stat().st_mtime):
        size = source.stat().st_size
        take = min(size, MAX_FILE_BYTES, room)
        room -= take
        private_files.make_folder(target.parent)
        with source.open("rb") as old, open(target, "wb", opener=private_files.opener) as new:
            if take < size:
                old.seek(size - take)
            shutil.copyfileobj(old, new)
        os.utime(target, (source.stat().st_atime, source.stat().st_mtime))
