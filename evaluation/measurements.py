"""All measurements of one evaluation run, and its machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from evaluation.diarization import DiarizationScore
from evaluation.recognition import RecognitionScore
from evaluation.silence import InventedText

PACKAGES = (
    "callytics",
    "faster-whisper",
    "ctranslate2",
    "onnxruntime",
    "kiwipiepy",
    "av",
    "noisereduce",
    "jiwer",
    "pyannote.metrics",
    "vaderSentiment",
)


OURS = "callytics"
"""The pipeline, among the systems that are measured."""


@dataclass(frozen=True)
class Table:
    """A finished table of the document; cells are text."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Floor:
    """A figure that must not be worse than a limit."""

    name: str
    value: float
    limit: float
    lower_is_better: bool = True

    @property
    def met(self) -> bool:
        """NaN, which means not measured, is not met."""
        return self.value <= self.limit if self.lower_is_better else self.value >= self.limit


@dataclass
class Measurements:
    """Filled part by part. ``headline``: name -> value, the short figures of parts that are tables; ``written_calls``,
    ``written_claims``, ``written_field``: the sections of evaluation/meaning, claims and field."""

    command: str = ""
    partial: bool = False
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    machine: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    engines: Mapping[str, str] = field(default_factory=dict)
    recognition: list[RecognitionScore] = field(default_factory=list)
    diarization: list[DiarizationScore] = field(default_factory=list)
    silence: list[InventedText] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)
    headline: dict[str, float] = field(default_factory=dict)
    written_calls: str = ""
    written_claims: str = ""
    written_field: str = ""


def versions() -> dict[str, str]:
    """Installed versions of the packages that the figures depend on."""
    return {name: version(name) for name in PACKAGES}


def machine() -> str:
    """The class of machine: processor cores and memory, no name."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    return (
        f"{platform.machine()}, {cores} cores, {pages / 2**30:.0f} GB of memory, {_processor()}, no GPU used"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
