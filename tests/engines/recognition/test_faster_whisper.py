from __future__ import annotations

from pathlib import Path

import pytest

from callytics.domain import LanguageScore
from callytics.engines.recognition.calls import most_likely
from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.errors import WeightsError


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([("ar", 0.31), ("en", 0.24), ("ko", 0.02)], "en"),
        ([("ja", 0.83), ("ko", 0.11)], "ja"),
        ([("ar", 0.31), ("fr", 0.24)], "ar"),
        ([("ko", 0.45), ("en", 0.40)], "ko"),
    ],
)
def test_uncertain_language_becomes_a_likely_one(scores: list[tuple[str, float]], expected: str) -> None:
    assert most_likely([LanguageScore(*score) for score in scores], {"ko", "en"}) == expected


def test_unavailable_hub_model_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="nobody/faster-whisper-none"):
        FasterWhisperRecognizer("nobody/faster-whisper-none")
