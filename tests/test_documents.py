"""The documents name existing files, engines and environments; comments and documents are plain English."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from callytics.api import ApiSettings
from tests.support.documents import code_blocks

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = ROOT / "docs" / "operations.md"
LANGUAGE_MODELS = ROOT / "docs" / "language-models.md"
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
    text = OPERATIONS.read_text(encoding="utf-8") + LANGUAGE_MODELS.read_text(encoding="utf-8")
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
    documents = (OPERATIONS, LANGUAGE_MODELS)
    blocks = [block for each in documents for block in code_blocks(each) if block.language == "yaml"]
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


# ---------------------------------------------------------------- English (CONTRIBUTING.md, Words)

CLEAN_FOLDERS = [
    *(
        "callytics/api",
        "callytics/cli",
        "callytics/client",
        "callytics/comparison",
        "callytics/conversation",
        "callytics/engines",
    ),
    *("callytics/home", "callytics/options", "callytics/redaction", "callytics/result", "callytics/store"),
    *(
        "callytics/telemetry",
        "callytics/weights",
        "benchmarks",
        "deployments",
        "evaluation",
        "examples",
        "tools",
    ),
    *(
        "tests/benchmarks",
        "tests/cli",
        "tests/comparison",
        "tests/conversation",
        "tests/engines",
        "tests/evaluation",
    ),
    *("tests/redaction", "tests/result", "tests/store", "tests/weights"),
    *("tests/api", "tests/attacks", "tests/deployments", "tests/e2e", "tests/faults"),
    *("tests/home", "tests/support", "tests/telemetry"),
]
"""Folders whose comments and docstrings follow the rule; add a folder once it does."""
CLEAN_DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/adr/*.md",
    "docs/api.md",
    "docs/faults.md",
    "docs/console.md",
    "docs/index.md",
    "docs/language-models.md",
    "docs/monitoring.md",
    "docs/operations.md",
    "docs/python.md",
    "docs/security.md",
]
NOT_PLAIN = re.compile(
    r"\b(?:nobody|somebody|anybody|everybody|whoever)\b"
    r"|\b(?:for|within|after|every) so (?:long|often|many)\b|\bso (?:often|many) (?:a|attempts|calls|times)\b"
    r"|\bone \w+ a (?:call|channel|file|line|minute|second|stage|turn)\b|\ba \w+ a (?:core|measurement|seed|step)\b"
    r"|(?-i:(?:^|[.!?] )Of )(?!course)",
    re.IGNORECASE,
)
QUOTED = re.compile(r'"[^"\n]*"|``?[^`\n]*``?')


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each comment and docstring of a module, those of attributes included."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# ")
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value.strip()


def not_plain(text: str) -> list[str]:
    return [match.group() for match in NOT_PLAIN.finditer(QUOTED.sub('""', text))]


@pytest.mark.parametrize("folder", [*CLEAN_FOLDERS, "callytics"])
def test_comments_and_docstrings_are_plain_english(folder: str) -> None:
    modules = (ROOT / folder).glob("*.py") if folder == "callytics" else (ROOT / folder).rglob("*.py")
    found = {
        f"{path.relative_to(ROOT)}:{line}": words
        for path in sorted(modules)
        for line, text in prose(path)
        if (words := not_plain(text))
    }
    assert found == {}


@pytest.mark.parametrize("pattern", CLEAN_DOCUMENTS)
def test_documents_are_plain_english(pattern: str) -> None:
    paths = sorted(ROOT.glob(pattern))
    assert paths
    found = {str(path.relative_to(ROOT)): not_plain(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "text",
    [
        "Kept for so long, then deleted.",
        "A call that somebody worked on.",
        "One result a file.",
        "Of a file with two channels, the first.",
        "Kept. Of the others, none.",
        "A process a core.",
        "It is leased so often a call cannot end.",
    ],
)
def test_translated_english_is_found(text: str) -> None:
    assert not_plain(text)


def test_plain_english_and_quotes_are_accepted() -> None:
    assert not_plain("So many words are fine; one file per stage. The end of a call. Of course.") == []
    assert not_plain('the user, not "somebody" or `whoever`') == []


CLEAN_TESTS = (
    "api attacks benchmarks cli comparison conversation deployments e2e engines evaluation faults home "
    "redaction result store telemetry weights"
)
RIDDLE = re.compile(r"def (test_(?:an?|what|who|whose|nobody|of|where|which)_\w+)")


@pytest.mark.parametrize("folder", CLEAN_TESTS.split(" "))
def test_test_names_begin_with_their_subject(folder: str) -> None:
    """``test_unknown_part_is_rejected``, not ``test_a_part_that_there_is_not_is_refused``."""
    paths = sorted((ROOT / "tests" / folder).rglob("test_*.py"))
    assert paths
    assert [name for path in paths for name in RIDDLE.findall(path.read_text(encoding="utf-8"))] == []
