"""What is remembered of files that were verified: hashes of gigabytes are computed once, not in each process."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from callytics.weights.model import Model, models_folder


def fingerprint(model: Model) -> list[list[Any]]:
    """Size, time and expected hash of every file; [] if one is missing."""
    try:
        stats = [(model.folder / file.name).stat() for file in model.files]
    except OSError:
        return []
    return [
        [file.name, file.sha256, stat.st_size, stat.st_mtime_ns]
        for file, stat in zip(model.files, stats, strict=True)
    ]


def _stamp_path(model: Model) -> Path:
    return models_folder() / ".verified" / f"{model.name}.json"


def remembered(model: Model) -> Any:
    """The fingerprint of the files when they were last verified; None if they never were, or elsewhere."""
    try:
        stamp = json.loads(_stamp_path(model).read_text(encoding="utf-8"))
        return stamp["files"] if stamp["folder"] == str(model.folder.resolve()) else None
    except (OSError, ValueError, KeyError):
        return None


def remember(model: Model, found: list[list[Any]]) -> None:
    """Write the cache. If it cannot be written (read-only weights), the next process verifies again."""
    path = _stamp_path(model)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(
            json.dumps({"folder": str(model.folder.resolve()), "files": found}), encoding="utf-8"
        )
        temporary.replace(path)
    except OSError:
        return
