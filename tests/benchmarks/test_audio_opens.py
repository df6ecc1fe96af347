from __future__ import annotations

from pathlib import Path

from benchmarks import audio_opens, record
from benchmarks.audio_opens import AudioOpensRecord, StageRun


def measured_run(is_before: bool, user_s: float) -> StageRun:
    opens, read_bytes = (6, 2_000_000) if is_before else (1, 1_000_000)
    return StageRun(
        minutes=30.0, is_before=is_before, user_s=user_s, system_s=1.0, read_bytes=read_bytes, opens=opens
    )


def test_section_shows_opens_and_cpu_seconds_of_both(tmp_path: Path) -> None:
    runs = (
        measured_run(True, 3.0),
        measured_run(False, 1.0),
        measured_run(True, 5.0),
        measured_run(False, 2.0),
    )
    measured = AudioOpensRecord(before_commit="abc1234", file_bytes={30.0: 9_000_000}, runs=runs)
    record.save(audio_opens.NAME, measured, tmp_path)
    page = audio_opens.section(tmp_path)
    assert "now over before: 30 min 0.500" in page
    assert (
        "| 30 min, 9.0 MB | before | 2 | 6 | 2.0 | 4.00 (3.00 to 5.00) | 1.00 (1.00 to 1.00) | 5.00 (4.00 to 6.00) |"
        in page
    )
    assert (
        "| 30 min, 9.0 MB | now | 2 | 1 | 1.0 | 1.50 (1.00 to 2.00) | 1.00 (1.00 to 1.00) | 2.50 (2.00 to 3.00) |"
        in page
    )


def test_what_was_not_measured_is_named(tmp_path: Path) -> None:
    assert "Not measured (`python -m benchmarks.audio_opens 30 180`)" in audio_opens.section(tmp_path)


def test_stage_run_counts_one_open(tmp_path: Path) -> None:
    """The code of today, on a short recording; a second open would be a request more to an object store."""
    path = audio_opens._recording(tmp_path, 1.0)
    one = audio_opens._stage_run(record.PROJECT, path, 1.0, is_before=False)
    assert one.opens == 1
    assert one.cpu_s > 0
    assert one.read_bytes >= path.stat().st_size
