"""The documentation site builds without warnings, lists every page, and loads nothing from another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r"<(?:script|img|iframe)\b[^>]*\bsrc=\"?(https?:[^\"> ]+)|<link\b[^>]*\brel=\"?stylesheet\b[^>]*"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    mkdocs = Path(sys.executable).parent / "mkdocs"
    done = subprocess.run(
        [mkdocs, "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def pages_of(entry: object) -> set[str]:
    if isinstance(entry, str):
        return {entry}
    values = entry.values() if isinstance(entry, dict) else entry
    return set().union(*(pages_of(value) for value in values))  # type: ignore[attr-defined]


def test_every_document_is_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    documents = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert pages_of(nav) == {name for name in documents if not name.endswith(".partial.md")}


def test_the_reference_names_what_the_library_offers(site: Path) -> None:
    for page, name in (
        ("pipeline", "callytics.pipeline.analyse"),
        ("domain", "callytics.domain.request.CallOptions"),
        ("result", "callytics.result.schema.call.CallResult"),
        ("errors", "callytics.errors.CallyticsError"),
    ):
        assert f'id="{name}"' in (site / "reference" / page / "index.html").read_text(encoding="utf-8")


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        loaded = [match.group(0) for match in LOADED.finditer(page.read_text(encoding="utf-8"))]
        assert not [tag for tag in loaded if re.search(r"(src|href)=\"?(https?:)?//", tag)], page
