"""What the documents name is there: files, classes of engines, environments."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from callytics.api import ApiSettings
from tests.support.documents import code_blocks

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = ROOT / "docs" / "operations.md"
SECURITY = ROOT / "docs" / "security.md"
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


def test_operations_names_every_setting_of_the_gateway() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    section = text.partition("Settings of the gateway (")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z_]+)`", section))
    assert sorted(set(ApiSettings.model_fields) ^ named) == []


def test_every_test_file_that_the_security_page_names_is_there() -> None:
    """Also those that it names without their folder."""
    named = set(re.findall(r"`(?:tests/)?((?:[\w-]+/)*test_\w+\.py)`", SECURITY.read_text(encoding="utf-8")))
    assert len(named) > 40
    there = [str(path.relative_to(ROOT / "tests")) for path in (ROOT / "tests").rglob("test_*.py")]
    assert [
        name for name in sorted(named) if not any(f"/{path}".endswith(f"/{name}") for path in there)
    ] == []


def test_every_promise_of_the_security_page_names_its_test() -> None:
    table = (
        SECURITY.read_text(encoding="utf-8").partition("## Promises and their tests")[2].partition("\n## ")[0]
    )
    rows = [
        row for row in re.findall(r"^\| .+ \|$", table, re.MULTILINE) if not row.startswith("| promise |")
    ]
    assert len(rows) > 20
    assert [row for row in rows if not re.search(r"tests/|test_\w+\.py", row.rsplit(" | ", 1)[1])] == []
