"""The page on performance keeps what was measured elsewhere."""

from __future__ import annotations

from pathlib import Path

from benchmarks import audio_opens, overhead, record, report
from benchmarks.overhead import OverheadRecord, OverheadRun


def test_page_of_this_project_is_kept_whole_without_a_record(tmp_path: Path) -> None:
    written = report.PAGE.read_text(encoding="utf-8")
    text, kept = report.with_earlier(report.page(tmp_path), written)
    assert text == written
    assert "Throughput" in kept


def test_new_record_replaces_its_own_section_and_its_row_only(tmp_path: Path) -> None:
    written = report.PAGE.read_text(encoding="utf-8")
    run = OverheadRun(wall_s=10.0, stages={})
    slower = OverheadRun(wall_s=10.3, stages={})
    measured = OverheadRecord(call_s=120.0, in_process=(run,), graph=(slower,), conditions="of a test")
    record.save(overhead.NAME, measured, tmp_path)
    text, kept = report.with_earlier(report.page(tmp_path), written)
    assert "the machine: of a test" in text
    assert "| the graph adds to a call of two minutes | 5% at most | +3.0% | yes |" in text
    assert "What the graph adds" not in kept
    others = [line for line in written.splitlines() if line.startswith("| the batch: share")]
    assert others
    assert set(others) <= set(text.splitlines())
    assert audio_opens.section(tmp_path) not in text
    assert record.packages(tmp_path)[0] in text
    assert written[written.index("## Versions") :].splitlines()[2] in text


def test_first_page_says_what_was_not_measured(tmp_path: Path) -> None:
    new = report.page(tmp_path)
    assert report.with_earlier(new, "") == (new, [])
