"""Caches the output of a system for a recording, so an interrupted evaluation can continue.

The key contains everything that the output depends on: the bytes of the recording, the options, the versions, and for
our pipeline the source of the package and the configuration. A change of any of them computes the output again.
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
"""Version of the pickles; raise it when Hypothesis changes."""

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
"""Scoring is always repeated, and the other modules do not affect the scored output."""

RELATED = ROOT / "evaluation" / "hypothesis.py"
"""Outside the package, but it produces the cached output."""

ENGINE_PACKAGES = ("faster-whisper", "ctranslate2", "onnxruntime", "kiwipiepy", "numpy", "av")


@cache
def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def source_digest() -> str:
    """Hash of all source files that can affect words, speakers and roles."""
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
    """The same for a part that is a finished table and does not depend on our pipeline."""

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
    """A folder of pickled hypotheses, which only this program writes and reads. Without a folder nothing is cached."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, path: Path, key: str, compute: Callable[[], Hypothesis]) -> Hypothesis:
        """The cached hypothesis of a recording under a key, or a new one."""
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
