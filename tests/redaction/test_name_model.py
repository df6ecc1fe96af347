"""Names that no rule announces, and sentences of many registers: one half was read, the other half only counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from callytics.redaction.detector import find_pii
from callytics.redaction.name_model import likely_names
from evaluation.redaction import read_marked, score

DATA = Path(__file__).parents[1] / "data"
PAGE = DATA.parents[1] / "docs" / "security.md"


@pytest.mark.parametrize("half", ["open", "held"])
@pytest.mark.parametrize(("language", "name"), [("ko", "Korean"), ("en", "English")])
def test_documented_figures_of_many_registers_are_current(half: str, language: str, name: str) -> None:
    sentences = [s for s in read_marked(DATA / f"pii_unseen_{half}.tsv") if s.language == language]
    assert len(sentences) >= 150
    result = score(sentences)
    row = next(
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"unseen {half}, {name}" in line
    )
    assert f"({result.found}/{result.marked})" in row
    assert f"({result.right}/{result.redacted})" in row


@pytest.mark.parametrize(
    ("text", "before", "hidden"),
    [
        ("석단비라는 분이 받으셨대요.", "", ["석단비"]),
        ("설치기사 갈무리입니다.", "", ["갈무리"]),
        ("보증인은 어수진으로 할게요.", "", ["어수진"]),
        ("카밀라 로하스 고객님 맞으세요?", "", ["카밀라 로하스"]),
        ("전화하고 나서 공문이 왔어요.", "", []),
        ("보호자 이름으로 찾아 주세요.", "", []),
        ("신발 벗고 오셨더라고요.", "", []),
        ("라동 이공삼호로 배달이요.", "", ["라동 이공삼호"]),
        ("passport is 561029384", "", ["561029384"]),
    ],
)
def test_name_of_any_syllables_is_hidden_and_a_word_is_not(text: str, before: str, hidden: list[str]) -> None:
    assert [text[span.start : span.end] for span in find_pii(text, before)] == hidden


def test_likely_names_do_not_overlap() -> None:
    text = "감사합니다, 새봄통신 상담사 류단비입니다."
    assert [text[span.start : span.end] for span in likely_names(text)] == ["류단비"]


def test_optional_part_is_neither_missed_nor_wrong(tmp_path: Path) -> None:
    path = tmp_path / "marked.tsv"
    path.write_text("en\tmy name is [NAME|Teague] [NAME?|T E A G U E]\n", encoding="utf-8")
    result = score(read_marked(path))
    assert (result.marked, result.found, result.right) == (1, 1, result.redacted)
