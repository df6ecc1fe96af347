"""Keeps what a system said about a recording, so that an interrupted evaluation goes on where it stopped.

The key is everything the answer depends on: the bytes of the recording, the options, the versions, and for our own
pipeline the source of the package and the configuration. A change of any of them computes the answer again.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from evaluation.hypothesis import Hypothesis
from evaluation.measurements import Table

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "callytics"
FORMAT = 1
"""Of the pickles; to be raised when Hypothesis changes."""

UNRELATED = (
    "api/",
    "cli/",
    "comparison/",
    "home/",
    "store/",
    "engines/sentiment/",
    "engines/analysis/",
    "client.py",
    "metrics.py",
)
"""Scoring is always done anew, and the rest has no say in what is scored."""

RELATED = ROOT / "evaluation" / "hypothesis.py"
"""Not of the package, but it makes what is kept."""

ENGINE_PACKAGES = ("faster-whisper", "ctranslate2", "onnxruntime", "kiwipiepy", "numpy", "av")


@cache
def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def source_digest() -> str:
    """Hash of everything in the package that words, speakers and roles can depend on."""
    digest = hashlib.sha256(versions_digest().encode())
    for path in (*sorted(PACKAGE.rglob("*")), RELATED):
        name = str(path.relative_to(ROOT))
        is_unrelated = name.removeprefix(f"{PACKAGE.name}/").startswith(UNRELATED)
        if path.is_file() and path.suffix != ".pyc" and not is_unrelated:
            digest.update(f"{name} {file_digest(path)}\n".encode())
    return digest.hexdigest()


def versions_digest() -> str:
    return " ".join(f"{name}={version(name)}" for name in ENGINE_PACKAGES)


class TableCache:
    """The same for a part that comes as a finished table and does not depend on our own pipeline."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, key: str, compute: Callable[[], Table]) -> Table:
        if self._folder is None:
            return compute()
        kept = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
        if kept.is_file():
            return Table(**json.loads(kept.read_text(encoding="utf-8")))
        table = compute()
        self._folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(asdict(table)), encoding="utf-8")
        part.replace(kept)
        return table


class HypothesisCache:
    """A folder of pickled hypotheses, written by this program for itself. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, path: Path, key: str, compute: Callable[[], Hypothesis]) -> Hypothesis:
        """The kept hypothesis of a recording under a key, or a new one."""
        if self._folder is None:
            return compute()
        name = hashlib.sha256(f"{FORMAT} {file_digest(path)} {key}".encode()).hexdigest()
        kept = self._folder / f"{name}.pickle"
        if kept.is_file():
            hypothesis = pickle.loads(kept.read_bytes())
            if isinstance(hypothesis, Hypothesis):
                return hypothesis
        hypothesis = compute()
        self._folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_bytes(pickle.dumps(hypothesis))
        part.replace(kept)
        return hypothesis
