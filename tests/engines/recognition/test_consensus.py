from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.engines.recognition.consensus import consensus, shares_of, units


def agreed_text(texts: list[str], language: str) -> str:
    return "".join(part.text for part in consensus(texts, language)).strip()


@pytest.mark.parametrize(
    ("texts", "language", "expected"),
    [
        (["Hello, how are you?", "Hello, who are you?", "hallo, how are you"], "en", "Hello, how are you?"),
        (["안녕하세요, 고객님.", "안녕하세오 고객님", "안녕 하세요, 고객님"], "ko", "안녕하세요, 고객님."),
        (["one two", "one two three", "one two three"], "en", "one two three"),  # the majority adds a word
        (["one two three", "one two", "one two"], "en", "one two"),  # or leaves one out
        (["a b", "c d"], "en", "a b"),  # no majority: the first
        (["", "", "you"], "en", ""),
        (['그는 "네" 라고', '그는 "네" 라고'], "ko", '그는 "네" 라고'),
    ],
)
def test_the_majority_decides_place_by_place(texts: list[str], language: str, expected: str) -> None:
    assert agreed_text(texts, language) == expected


def test_korean_is_compared_by_syllable_and_keeps_its_spaces() -> None:
    assert [unit.key for unit in units("네, 고객님", "ko")] == ["네", "고", "객", "님"]
    assert "".join(unit.text for unit in units("네, 고객님", "ko")) == " 네, 고객님"


@given(
    st.lists(st.sampled_from(["yes", "no", "the", "call", "5"]), max_size=8).map(" ".join), st.integers(1, 5)
)
def test_readings_that_agree_are_taken_as_they_are(text: str, num_readings: int) -> None:
    assert agreed_text([text] * num_readings, "en") == text


@given(st.lists(st.sampled_from(["yes", "no", "the", "call"]), min_size=1, max_size=8), st.data())
def test_one_wrong_word_in_one_of_three_is_outvoted(words: list[str], data: st.DataObject) -> None:
    wrong = list(words)
    wrong[data.draw(st.integers(0, len(words) - 1))] = "wrong"
    texts = data.draw(st.permutations([" ".join(words), " ".join(words), " ".join(wrong)]))
    assert agreed_text(texts, "en") == " ".join(words)


def test_the_share_of_readings_follows_the_words_however_they_are_split() -> None:
    agreed = consensus(["call me back", "call me bag", "call me back", "fall me back"], "en")
    assert shares_of([" call", " me", " ba", "ck."], agreed) == [0.75, 1.0, 0.75, 0.75]
