"""The diarizers' environments: built from the pin files, then the engines' own tests run inside."""

from __future__ import annotations

import re

import pytest

from tests.environments.built import run_tests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def check(report: str, *names: str) -> None:
    for name in names:
        assert re.search(rf"^PASSED .*{name}", report, re.MULTILINE), name
    assert "make test-slow" not in report  # the reason of a skip for want of a package


def test_pyannote_in_its_environment() -> None:
    """Hub, local folder and errors on a tiny pipeline; the whole contract on real weights."""
    tests = ["tests/engines/diarization/test_pyannote.py", "tests/contract/test_diarization.py"]
    report = run_tests("speaker-diarizer", *tests, "-k", "not onnx", "-rA")
    check(report, "test_a_pipeline_of_the_hub", r"test_voices_are_told_apart.*\[pyannote_diarizer\]")


def test_nemo_in_its_environment() -> None:
    report = run_tests("speaker-diarizer-nemo", "tests/engines/diarization/test_nemo.py", "-rA")
    check(report, r"test_voices\[sortformer\]", r"test_voices\[clustering\]")
