"""Names that are no person's in the call: stars, firms, works, pets; and the same names where they are a person's."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.redaction.detector import find_pii
from evaluation.redaction import read_marked, score

DATA = Path(__file__).parents[1] / "data"
PAGE = DATA.parents[1] / "docs" / "security.md"


@pytest.mark.parametrize(
    ("text", "before", "hidden"),
    [
        ("손흥민 유니폼 사이즈 교환이요.", "", []),
        ("초코예요, 푸들이고요.", "강아지 이름이 뭐예요?", []),
        ("네 임영웅이라고 합니다, 가수 말고요.", "", ["임영웅"]),
        ("the ted baker jacket is torn", "", []),
        ("my name is Ted Baker", "", ["Ted Baker"]),
        ("I'm Canadian.", "", []),
        ("It's called Sunny Day.", "What's the name of the soap company?", []),
        ("write to claims at purrsure dot com", "", []),
        ("write to wilma.frost@gmail.com", "", ["wilma.frost@gmail.com"]),
    ],
)
def test_name_of_a_thing_stays_and_that_of_a_person_goes(text: str, before: str, hidden: list[str]) -> None:
    assert [text[span.start : span.end] for span in find_pii(text, before)] == hidden


@pytest.mark.parametrize("half", ["open", "held"])
@pytest.mark.parametrize(("language", "name"), [("ko", "Korean"), ("en", "English")])
def test_documented_figures_of_traps_are_current(half: str, language: str, name: str) -> None:
    sentences = [s for s in read_marked(DATA / f"pii_traps_{half}.tsv") if s.language == language]
    assert len(sentences) >= 85
    result = score(sentences)
    row = next(
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"traps {half}, {name}" in line
    )
    assert f"({result.found}/{result.marked})" in row
    assert f"({result.right}/{result.redacted})" in row
