"""The report of a call in a terminal."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from callytics.cli.terminal import report
from callytics.result.schema.call import read_result

EXAMPLE = Path(__file__).parents[2] / "docs" / "result.example.json"


def printed(**changes: object) -> str:
    result = read_result(EXAMPLE)
    assert result.contact_summary
    summary = result.contact_summary.model_copy(update=changes)
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(report(result.model_copy(update={"contact_summary": summary}), "call"))
    return console.export_text()


def test_report_shows_what_is_open_and_marks_doubtful_claims() -> None:
    text = printed(
        still_open="The [refund] is pending.",
        evidence={"issue": ["t2"], "outcome": ["t7"], "still_open": ["t6"], "summary": [], "topic": []},
        uncertain=["outcome", "still_open"],
    )
    assert "still open?" in text
    assert "The [refund] is pending." in text, "square brackets of a redacted text are no markup"
    assert "outcome?" in text
    assert "issue?" not in text


def test_report_of_a_settled_call_has_nothing_open() -> None:
    text = printed(still_open=None)
    assert "outcome" in text
    assert "still open" not in text


def test_report_marks_a_raised_voice() -> None:
    result = read_result(EXAMPLE)
    turns = [
        turn.model_copy(update={"flags": ["raised_voice"]} if turn.id == "t2" else {})
        for turn in result.transcript
    ]
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(report(result.model_copy(update={"transcript": turns}), "call"))
    marked = [line for line in console.export_text().splitlines() if "▲" in line]
    assert len(marked) == 1
    assert f"▲ {turns[1].content[:20]}" in marked[0]
