"""benchmarks/gpu in an environment that has its engines: torch, transformers and CTranslate2, on the CPU."""

from __future__ import annotations

import re

import pytest

from tests.environments.built import run_tests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def test_engines_and_command_run_with_tiny_models() -> None:
    tests = ("tests/benchmarks/test_gpu_engines.py", "tests/benchmarks/test_gpu_stages.py")
    report = run_tests("speech-recognizer-transformers", *tests, "-rA")
    assert re.search(r"^PASSED .*test_whole_command_runs_with_a_tiny_model", report, re.MULTILINE)
    assert re.search(
        r"^PASSED .*test_gpu_stages.py::test_command_runs_with_tiny_models", report, re.MULTILINE
    )
    assert "make test-slow" not in report  # the reason of a skip for want of a package
