from __future__ import annotations

import pytest

from callytics.domain import LanguageScore
from callytics.engines.recognition.faster_whisper import most_likely


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([("ar", 0.31), ("en", 0.24), ("ko", 0.02)], "en"),
        ([("ja", 0.83), ("ko", 0.11)], "ja"),
        ([("ar", 0.31), ("fr", 0.24)], "ar"),
        ([("ko", 0.45), ("en", 0.40)], "ko"),
    ],
)
def test_a_guess_goes_to_a_likely_language(scores: list[tuple[str, float]], expected: str) -> None:
    assert most_likely([LanguageScore(*score) for score in scores], {"ko", "en"}) == expected
