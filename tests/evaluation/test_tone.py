"""The table of the third question counts what was told; the section is carried over."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evaluation.meaning import tone

CALL: dict[str, Any] = {
    "id": "en_1",
    "language": "en",
    "roles": {"A": "AGENT", "C": "CUSTOMER"},
    "turns": [
        {"id": "t1", "speaker": "C", "text": "It broke again.", "sentiment": "NEGATIVE"},
        {
            "id": "t2",
            "speaker": "A",
            "text": "Not my problem.",
            "sentiment": "NEGATIVE",
            "sentiment_ok": ["NEUTRAL"],
        },
        {"id": "t3", "speaker": "C", "text": "Just great.", "sentiment": "NEGATIVE"},
        {"id": "t4", "speaker": "A", "text": "Bye.", "sentiment": "NEUTRAL"},
    ],
    "quality": {"lapse_turn_ids": ["t2"]},
}
TURNS = {
    "t1": {"mood": "NEGATIVE", "irony": False, "empathy": False, "rude": True},
    "t3": {"mood": "POSITIVE", "irony": True, "empathy": False, "rude": False},
    "t4": {"mood": "NEUTRAL", "irony": False, "empathy": False, "rude": True},
}


class Embedded:
    def __init__(self, config: Path) -> None:
        pass

    def __call__(self, call: Any) -> Any:
        return SimpleNamespace(
            labels={turn["id"]: "NEGATIVE" for turn in call["turns"]}, lapses=frozenset({"t2"})
        )


def test_both_are_scored_on_the_same_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tone, "Reader", Embedded)
    told = [tone.Told(CALL, TURNS, "", 3.0, "scripted")]
    model, embedded = tone.table(told, Path("unused")).rows
    # t1 right, t2 neutral as accepted, t3 wrong, t4 right; NEGATIVE: 2 * 1 / (2 + 1), NEUTRAL 1
    assert model == ["en, model", "1, 4", "0.75", "0.83", "0, 1, 1", "1", "0"]
    assert embedded == ["en, embedded", "1, 4", "0.75", "0.43", "1, 1, 0", "–", "–"]


def test_answers_to_another_prompt_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    call = tone.chosen("ko")[0]
    file = tmp_path / "told.jsonl"
    monkeypatch.setattr(tone, "FILE", file)
    assert tone.kept() == []
    rest = '"turns": {}, "dropped": "", "seconds": 1, "model": "m"}\n'
    file.write_text(f'{{"call": "{call["id"]}", "asked": "of another prompt", {rest}', encoding="utf-8")
    assert tone.kept() == []
    file.write_text(f'{{"call": "{call["id"]}", "asked": "{tone._asked(call)[1]}", {rest}', encoding="utf-8")
    assert [told.call["id"] for told in tone.kept()] == [call["id"]]


def test_section_is_carried_over() -> None:
    before = f"# Old\n\n{tone.SECTION.begin}\n\nrows\n\n{tone.SECTION.end}\n"
    assert (
        tone.SECTION.carried_over(before, "# New\n")
        == f"# New\n\n{tone.SECTION.begin}\n\nrows\n\n{tone.SECTION.end}\n"
    )
    assert tone.SECTION.carried_over("# Old\n", "# New\n") == "# New\n"
