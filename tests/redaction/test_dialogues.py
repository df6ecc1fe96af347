"""Redaction of the written calls that no rule was made for: figures as documented, and never lower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evaluation.dialogues import read_dialogues, read_personal_data
from evaluation.redaction_of_dialogues import main, score_redaction

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


@pytest.mark.parametrize(("language", "name"), [("ko", "Korean"), ("en", "English")])
def test_documented_figures_of_calls_are_current(language: str, name: str) -> None:
    result = score_redaction(read_dialogues("report", language))
    row = next(
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"**report, {name}**" in line
    )
    assert f"({result.found}/{result.marked})" in row
    assert f"({result.right}/{result.redacted})" in row


@pytest.mark.parametrize(("language", "name"), [("ko", "Korean"), ("en", "English")])
def test_documented_figures_of_unseen_stretches_are_current(language: str, name: str) -> None:
    stretches = read_personal_data(language, "unseen")
    assert len(stretches) == 130
    result = score_redaction(stretches)
    row = next(
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"**unseen, {name}**" in line
    )
    assert f"({result.found}/{result.marked})" in row
    assert f"({result.right}/{result.redacted})" in row


def test_no_unseen_stretch_is_learned_from() -> None:
    for language in ("ko", "en"):
        learned = {_said(call) for call in read_personal_data(language, "learn")}
        learned |= {_said(call) for call in read_dialogues("fit", language)}
        assert not learned & {_said(call) for call in read_personal_data(language, "unseen")}


def _said(call: dict[str, Any]) -> str:
    return " ".join(turn["text"] for turn in call["turns"])


def test_missed_part_and_harmless_span_are_counted() -> None:
    call = {
        "id": "x",
        "pii": [
            {"turn_id": "t1", "kind": "NAME", "text": "Kayla"},
            {"turn_id": "t2", "kind": "NAME", "text": "lantern"},
        ],
        "pii_optional": [],
        "turns": [
            {"id": "t1", "speaker": "A", "text": "Summit Home, Kayla here. Call 312-555-0168."},
            {"id": "t2", "speaker": "B", "text": "i got lantern on that one"},
        ],
    }
    result = score_redaction([call])
    assert (result.marked, result.found, result.redacted, result.right) == (2, 1, 2, 1)


@pytest.mark.parametrize("name", ["report", "unseen"])
def test_errors_of_what_nothing_is_made_with_are_refused(name: str) -> None:
    with pytest.raises(SystemExit, match=name):
        main([name, "--errors"])
