from __future__ import annotations

from pathlib import Path

from benchmarks import language_model, record
from benchmarks.language_model import CallRun, LanguageModelRecord


def measured_run(call: str, cpu_s: float) -> CallRun:
    return CallRun(
        language=call[:2],
        call=call,
        turns=12,
        wall_s=30.0,
        cpu_s=cpu_s,
        questions=4,
        input_tokens=2000,
        output_tokens=40,
        computed_tokens=600,
        prompt_s=20.0,
        answer_s=4.0,
        is_fallback=False,
        opened_s=3.0,
        pss_mb=1990.0,
        private_mb=950.0,
    )


def test_section_shows_time_tokens_and_memory(tmp_path: Path) -> None:
    runs = (measured_run("ko-1", 40.0), measured_run("en-1", 60.0))
    measured = LanguageModelRecord(model="qwen", threads=2, runs=runs)
    record.save(language_model.NAME, measured, tmp_path)
    page = language_model.section(tmp_path)
    assert "**qwen: 50 processor seconds for a call (40 to 60), 2.0 GB of memory**" in page
    assert "| ko-1 | 12 | 4 | 2000 (600) | 40 | 30 | 40 | 30.0 | 10.0 |" in page
    assert "950 MB for itself" in page


def test_missing_measurement_is_named(tmp_path: Path) -> None:
    assert "Not measured (`python -m benchmarks.language_model`)" in language_model.section(tmp_path)
