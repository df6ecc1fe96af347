"""Which language a call is read in, as the caller wrote it and as the checkpoint has it."""

from __future__ import annotations

import pytest

from callytics.engines.recognition.calls import Languages
from callytics.errors import InvalidRequestError


def test_language_is_accepted_in_every_spelling() -> None:
    languages = Languages(known={"ko", "en", "zh"})
    assert [languages.asked(text) for text in ("ko-KR", "EN", "Korean", "auto", "", None)] == [
        *("ko", "en", "ko"),
        *(None, None, None),
    ]
    with pytest.raises(InvalidRequestError, match="no language 'fr'"):
        languages.asked("fr")


def test_cantonese_is_chinese_for_a_checkpoint_without_cantonese() -> None:
    """Only large-v3 has a token of its own for it; the API takes it for all."""
    assert Languages(known={"zh", "en"}).asked("yue") == "zh"
    assert Languages(known={"zh", "yue"}).asked("yue") == "yue"


def test_one_expected_language_needs_no_detection() -> None:
    assert Languages(known={"ko", "en"}, expected=("ko",)).asked("auto") == "ko"
    assert Languages(known=()).asked("ko") == "en"
