"""Records of benchmarks: one JSON per measurement, in $CALLYTICS_HOME/benchmark.

benchmarks/report.py writes the page docs/performance.md from these records, so measurements that take hours can run
one by one. A record is rewritten after every run: an interrupted measurement keeps its finished runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callytics import settings
from callytics.errors import ConfigError
from evaluation.measurements import machine

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("ray", "faster-whisper", "ctranslate2", "onnxruntime", "kiwipiepy", "av", "numpy")
"""Packages that affect speed, besides the code."""

COMMIT = "commit"


def _versions() -> dict[str, str]:
    found = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=PROJECT
    )
    return found | ({COMMIT: done.stdout.strip()} if done.returncode == 0 else {})


class Record(BaseModel):
    """The common data of every measurement; a subclass adds ``runs``.

    Attributes:
        conditions: other load of the machine, described by the operator.
        cores: number of cores available to this process.
    """

    model_config = ConfigDict(extra="forbid")

    measured_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    machine: str = Field(default_factory=machine)
    versions: dict[str, str] = Field(default_factory=_versions)
    cores: int = Field(default_factory=lambda: len(os.sched_getaffinity(0)))
    conditions: str = ""


AnyRecord = TypeVar("AnyRecord", bound=Record)


def folder() -> Path:
    return settings.home() / "benchmark"


def save(name: str, record: Record, into: Path) -> Path:
    """Write <name>.json atomically.

    Args:
        into: the result of :func:`folder`, before a graph started here changes $CALLYTICS_HOME.
    """
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{name}.json"
    part = path.with_suffix(".part")
    part.write_text(record.model_dump_json(indent=1), encoding="utf-8")
    part.replace(path)
    return path


def load(name: str, kind: type[AnyRecord], source: Path) -> AnyRecord | None:
    """The record, or None if it was not measured.

    Raises:
        ConfigError: ``record_invalid``: the file is of another version of the benchmark.
    """
    path = source / f"{name}.json"
    if not path.is_file():
        return None
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ConfigError(
            "record_invalid", f"{path} is no {kind.__name__}; measure again: {error}"
        ) from error


def load_all(prefix: str, kind: type[AnyRecord], source: Path) -> list[AnyRecord]:
    names = sorted(path.stem for path in source.glob(f"{prefix}*.json"))
    return [record for name in names if (record := load(name, kind, source)) is not None]


def circumstances(record: Record, command: str, num_runs: int) -> str:
    """The line above every table: time, machine, conditions."""
    commit = record.versions.get(COMMIT, "unknown")
    conditions = record.conditions or "nobody said what else it was doing"
    return (
        f"`{command}`, {num_runs} run{'s' * (num_runs != 1)}, {record.measured_at:%Y-%m-%d %H:%M} UTC; "
        f"{record.machine}; commit {commit}; the machine: {conditions}.\n"
    )


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median (min to max); a single value as it is."""
    middle = f"{median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def packages(source: Path) -> list[str]:
    """The package versions of the records; one line if all are equal."""
    found: dict[str, list[str]] = {}
    for path in sorted(source.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(versions := document.get("versions"), dict):
            line = ", ".join(f"{name} {number}" for name, number in versions.items() if name != COMMIT)
            found.setdefault(line, []).append(path.stem)
    return [line if len(found) == 1 else f"{line}: {', '.join(names)}" for line, names in found.items()]
