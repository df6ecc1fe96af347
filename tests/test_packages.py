"""The packages that the product is built on are really used: code that ships imports each of them, and it is pinned."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

USED = {
    "deepmultilingualpunctuation": (
        "deepmultilingualpunctuation",
        "callytics/engines/punctuation/deep_multilingual.py",
    ),
    "faster-whisper": ("faster_whisper", "callytics/engines/recognition/faster_whisper.py"),
    "langchain": ("langchain", "callytics/engines/analysis/llm_client.py"),
    "librosa": ("librosa", "callytics/engines/audio/voice.py"),
    "nemo_toolkit": ("nemo", "callytics/engines/diarization/nemo_models.py"),
    "noisereduce": ("noisereduce", "callytics/engines/audio/enhance.py"),
    "openai": ("openai", "callytics/engines/analysis/llm_client.py"),
    "prometheus-client": ("prometheus_client", "callytics/api/monitoring.py"),
    "pyannote.audio": ("pyannote.audio", "callytics/engines/diarization/pyannote.py"),
    "pydub": ("pydub", "callytics/engines/audio/cut.py"),
    "ray": ("ray", "deployments/stage.py"),
    "sentence-transformers": ("sentence_transformers", "callytics/engines/sentiment/prototype.py"),
    "sqlmodel": ("sqlmodel", "callytics/store/transactions.py"),
    "transformers": ("transformers", "callytics/engines/recognition/transformers_whisper.py"),
}
"""Package: its import name, and where it is imported first of all."""

REQUIREMENT = re.compile(r'^\s*"?(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?\s*[=><~]=', re.MULTILINE)


def imported(path: Path) -> Iterator[str]:
    """Modules that run-time code of a file imports: not those that only a type checker sees."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test).endswith("TYPE_CHECKING")
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "require":  # of torch_runtime.py
            yield from (str(part.value) for part in node.args[:1] if isinstance(part, ast.Constant))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", USED)
def test_package_is_imported_by_code_that_ships(package: str) -> None:
    name, path = USED[package]
    modules = set(imported(ROOT / path))
    assert any(f"{module}.".startswith(f"{name}.") for module in modules), f"{path} imports {sorted(modules)}"


@pytest.mark.parametrize("package", USED)
def test_package_is_pinned_for_the_code_that_imports_it(package: str) -> None:
    pins = [ROOT / "pyproject.toml", *sorted((ROOT / "runtime_envs").rglob("*.in"))]
    required = {
        normal(match["name"])
        for path in pins
        for match in REQUIREMENT.finditer(path.read_text(encoding="utf-8"))
    }
    assert normal(package) in required


def test_import_for_a_type_checker_is_no_use(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import librosa\n"
        "def work():\n    from pydub import effects\n    require('nemo.utils', 'environment')\n",
        encoding="utf-8",
    )
    assert set(imported(path)) == {"typing", "pydub", "nemo.utils"}
