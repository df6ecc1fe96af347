"""Sections of docs/quality.md: what a merge left of one is never kept beside the new figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callytics.errors import InvalidRequestError
from evaluation.sections import Section

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"
SECTION = Section("tone")


@pytest.mark.parametrize(
    "page",
    [
        f"old\n\n{SECTION.end}\n",
        f"{SECTION.begin}\n\nold\n",
        f"{SECTION.end}\n\nold\n\n{SECTION.begin}\n",
        SECTION.block("old") + SECTION.block("older"),
    ],
    ids=["no beginning", "no end", "wrong order", "twice"],
)
def test_page_with_broken_marks_is_refused(page: str) -> None:
    with pytest.raises(InvalidRequestError, match="its section on tone, not one of each"):
        SECTION.replaced(page, SECTION.block("new"))
    with pytest.raises(InvalidRequestError, match="its section on tone, not one of each"):
        SECTION.carried_over(page, "# New\n")


def test_page_of_the_project_has_every_heading_once_and_every_mark() -> None:
    """A section without its first mark stayed there once, with old figures, when the new one was written."""
    page = PAGE.read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert len(headings) > 10
    assert sorted(set(headings)) == sorted(headings)
    names = set(re.findall("<!-- (.+): (?:begin|end) -->", page))
    assert len(names) == 5
    for name in names:
        Section(name).check(page)
