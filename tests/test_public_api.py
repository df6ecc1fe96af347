"""What `import callytics` offers: all of it is there, typed and documented, and nothing is loaded before it is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import callytics
from callytics.home import resources
from callytics.in_process import analyze
from tests.support.documents import code_blocks

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "python.md"
MEASURE = """
import sys, time
start = time.process_time()
import callytics
print(time.process_time() - start)
print(sorted({"numpy", "pydantic", "httpx"} & set(sys.modules)))
callytics.Client, callytics.CallResult, callytics.InvalidMediaError
print("numpy" in sys.modules)
"""


@pytest.mark.parametrize("name", callytics.__all__)
def test_name_is_there_and_documented(name: str) -> None:
    assert getattr(callytics, name).__name__ == name
    assert re.search(rf"\b{name}\b", DOCUMENT.read_text(encoding="utf-8"))


def test_names_for_type_checkers_are_those_of_the_module() -> None:
    tree = ast.parse(Path(callytics.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    named = [alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(named) == sorted(callytics.__all__)
    assert set(callytics.__all__) <= set(dir(callytics))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'anything'"):
        callytics.anything  # noqa: B018


@pytest.mark.alone
def test_import_is_quick_and_loads_no_numpy() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    seconds, loaded, numpy_loaded = done.stdout.splitlines()
    assert float(seconds) < 0.3
    assert loaded == "[]"
    assert numpy_loaded == "False"


def test_analyze_refuses_a_missing_file_and_a_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(callytics.InvalidRequestError, match="no such file"):
        analyze(tmp_path / "missing.wav")
    with pytest.raises(callytics.InvalidRequestError, match="num_speakers"):
        analyze(resources.project_file(resources.SAMPLE), num_speakers=0)


@pytest.mark.weights
def test_example_of_analyze_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = [block for block in code_blocks(DOCUMENT) if block.note == "weights"]
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(example.text, names)
    result = names["result"]
    assert isinstance(result, callytics.CallResult)
    assert result.transcript
