"""The section of docs/quality.md, and the run over the situations."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from callytics.errors import NotFoundError, StageError
from evaluation.field import page
from evaluation.field.inputs import Inputs, make_inputs
from evaluation.field.recordings import Tried
from evaluation.field.situations import SITUATIONS, Situation

KIT = Path(__file__).parents[4] / "shared" / "data"
RIGHT = Situation("F01", "tracks", "all", lambda service, inputs: Tried("0.5 AGENT: hello", []))
WRONG = Situation("F02", "late | start", "all", lambda service, inputs: Tried("", ["5.0 s: heard “hello”"]))


def refuses(service: Any, inputs: Inputs) -> Tried:
    raise StageError("api-gateway", "call_refused", "415: no")


def judged(*situations: Situation) -> list[page.Judged]:
    return page.judge(cast(Any, None), cast(Any, None), situations=situations)


def test_refused_recording_is_wrong_and_the_run_goes_on() -> None:
    found = judged(Situation("F11", "raw", "heard", refuses), RIGHT)
    assert [one.is_right for one in found] == [False, True]
    assert "415: no" in page.line_of(found[0])


def test_section_says_what_is_wrong_without_what_was_heard() -> None:
    section = page.section(judged(RIGHT, WRONG), "in process")
    assert "1 of 2 right" in section
    assert "| F02 | late \\| start | all | **wrong** | 5.0 s: heard “…” |" in section
    assert "hello" not in section


def test_section_is_replaced_and_stands_before_the_method() -> None:
    first = page.SECTION.replaced(
        "# Quality\n\n## How the figures are made\n\nSo.\n", page.SECTION.block("old")
    )
    assert first.index("old") < first.index("## How")
    second = page.SECTION.replaced(first, page.SECTION.block("new"))
    assert "old" not in second
    assert second.count(page.SECTION.begin) == second.count(page.SECTION.end) == 1
    assert second.endswith("So.\n")


def test_every_situation_that_the_kit_describes_is_tried() -> None:
    numbers = {situation.id for situation in SITUATIONS}
    assert numbers >= {f"F{n:02}" for n in (*range(1, 25), 29, 30)}


def test_missing_kit_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="make_inputs"):
        make_inputs(tmp_path, tmp_path)


@pytest.mark.shared
@pytest.mark.skipif(not (KIT / "field").is_dir(), reason="the field situations are not there")
def test_missing_program_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match="ffmpeg and sox"):
        make_inputs(KIT, tmp_path)
