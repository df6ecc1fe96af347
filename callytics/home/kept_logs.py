"""How long the logs of ended runs are kept in the home folder; deployments/operations/kept_logs.py puts them there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

FOLDER = "logs"
_DAY_S = 24 * 3600


def remove_older(home: Path, days: float | None) -> int:
    """Delete the runs whose last line is older; None keeps them. Returns how many. Their lines name calls by id, which
    a term for calls ends as well."""
    if days is None:
        return 0
    limit = time.time() - days * _DAY_S
    old = [run for run in (home / FOLDER).glob("session_*") if _last_written(run) < limit]
    for run in old:
        shutil.rmtree(run, ignore_errors=True)  # `up` may be removing it
    return len(old)


def _last_written(run: Path) -> float:
    return max((path.stat().st_mtime for path in [run, *run.rglob("*")] if path.is_file()), default=0.0)
