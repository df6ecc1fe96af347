from __future__ import annotations

import unicodedata

import pytest

from callytics.engines.analysis.claims.quotes import is_verbatim

SAID = "I've refunded the 412 in full.  환불은 오늘 처리해 드렸습니다."


@pytest.mark.parametrize(
    "quote",
    [
        "I've refunded the 412 in full.",
        "refunded  the\n412",
        "환불은 오늘",
        "환불",
        unicodedata.normalize("NFD", "오늘 처리해 드렸습니다"),
    ],
)
def test_words_of_the_turn_are_verbatim(quote: str) -> None:
    assert is_verbatim(quote, SAID)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        " ... ",
        "I have refunded the 412",
        "i've refunded",
        "refund",
        "funded the 412",
        "the 41",
        "refunded 412",
        "불은 오늘",
        "환불을 오늘",
        "환불은 내일",
    ],
)
def test_other_words_are_not_verbatim(quote: str) -> None:
    assert not is_verbatim(quote, SAID)
