"""The whole command, on the smallest slice of the kit, with the real engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import run

PROJECT = Path(__file__).parents[2]
KIT = PROJECT.parent / "shared" / "data"


@pytest.mark.shared
@pytest.mark.weights
@pytest.mark.skipif(not KIT.is_dir(), reason="the evaluation kit is not there")
def test_part_of_the_kit_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = run.main(
        KIT,
        tmp_path / "quality.md",
        {"silence"},
        config=PROJECT / "serve_config.cpu.yaml",
        limit=1,
        baselines=False,
        fresh=True,
    )
    assert [row.recording for row in measured.silence] == ["digital silence"]
    assert not (tmp_path / "quality.md").exists()
    document = (tmp_path / "quality.partial.md").read_text(encoding="utf-8")
    assert "| digital silence | 0 |" in document
    assert "A partial run" in document
    assert capsys.readouterr().out.splitlines()[-1].endswith("floors 1/1")
