"""The seed's engines in their own environments: built from the pin file, then the engines' own tests run inside."""

from __future__ import annotations

import re

import pytest

from tests.environments.built import run_tests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    ("environment", "tests", "without", "engine"),
    [
        (
            "punctuation-restorer",
            ["tests/contract/test_punctuation.py"],
            "nothing",
            "RoutedPunctuationRestorer",
        ),
        (
            "sentiment-analyzer",
            ["tests/contract/test_sentiment.py", "tests/engines/sentiment"],
            "Embedding",
            "PrototypeSentimentAnalyzer",
        ),
        (
            "speech-recognizer-transformers",
            ["tests/contract/test_recognition.py", "tests/engines/recognition/test_alignment.py"],
            "whisper_base",
            "whisper_on_transformers",
        ),
    ],
)
def test_the_engines_tests_pass_in_their_environment(
    environment: str, tests: list[str], without: str, engine: str
) -> None:
    report = run_tests(environment, *tests, "-k", f"not {without}", "-rA")
    assert re.search(rf"^PASSED .*{engine}", report, re.MULTILINE)
    assert "make test-slow" not in report  # the reason of a skip for want of a package
