"""The README's commands, run as they stand there: only ports and the state folder are this graph's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import PROJECT, Graph
from tests.support.documents import code_blocks, run, run_shell

README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = code_blocks(PROJECT / "README.md")


def code(graph: Graph, text: str) -> str:
    return text.replace("http://127.0.0.1:8000", graph.run.url).replace(".callytics/", f"{graph.home}/")


def environment(graph: Graph) -> dict[str, str]:
    return {"CALLYTICS_HOME": str(graph.home), "CALLYTICS_URL": graph.run.url}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the examples expect around them: the project's files, and recordings of the user's own."""
    for name in ("sample", "serve_config.cpu.yaml"):
        (tmp_path / name).symlink_to(PROJECT / name)
    for name in ("call1.mp3", "call2.wav", "call.wav"):
        (tmp_path / name).write_bytes((PROJECT / "sample" / "call.mp3").read_bytes())
    return tmp_path


def test_make_knows_every_target_that_the_readme_names() -> None:
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert targets
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=PROJECT, check=True, capture_output=True)


def test_the_shell_commands(graph: Graph, sample_call: str, folder: Path) -> None:
    scripts = [b.text for b in BLOCKS if b.language == "sh" and "make run" not in b.text]
    assert len(scripts) == 2
    for script in scripts:
        output = run_shell(code(graph, script), folder, environment(graph))
        assert output
    assert {path.name for path in (folder / "results").iterdir()} == {"call1.json", "call2.json"}
    assert '"call_id"' in output


def test_the_python_example(graph: Graph, folder: Path) -> None:
    (script,) = [block.text for block in BLOCKS if block.language == "python"]
    output = run([sys.executable, "-c", code(graph, script)], folder, environment(graph))
    assert "invoice" in output
