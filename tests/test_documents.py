"""What the documents name is there: files, classes of engines, environments."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.support.documents import code_blocks

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = ROOT / "docs" / "operations.md"
FILE = re.compile(
    r"(?<![\w/.-])((?:callytics|deployments|tests|tools|runtime_envs|docs)/[\w./-]+\.(?:py|md|txt|sh|yaml|tsv))\b"
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    named = set(FILE.findall(document.read_text(encoding="utf-8")))
    named -= {"callytics/tools/cluster_node.sh"}  # on the nodes of a cluster: in the folder of the checkout
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_engine_and_environment_of_operations_is_there() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    engines = set(re.findall(r"(?:callytics\.engines\.|`)([a-z_]+\.[a-z_]+):([A-Z]\w+)", text))
    assert len(engines) > 5
    for module, name in sorted(engines):
        source = ROOT / "callytics" / "engines" / f"{module.replace('.', '/')}.py"
        defined = ast.parse(source.read_text(encoding="utf-8")).body
        assert name in {node.name for node in defined if isinstance(node, ast.ClassDef)}, source
    environments = set(re.findall(r"callytics-python ([\w/-]+)", text))
    assert environments
    for environment in environments:
        assert (ROOT / "runtime_envs" / f"{environment}.txt").is_file(), environment


def test_every_block_of_yaml_in_operations_can_be_read() -> None:
    blocks = [block for block in code_blocks(OPERATIONS) if block.language == "yaml"]
    assert blocks
    for block in blocks:
        assert yaml.safe_load(block.text), block.section
