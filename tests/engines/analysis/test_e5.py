"""The second sentence encoder, as it ships."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.analysis.e5 import E5, MOST_PIECES, load_e5
from callytics.engines.analysis.unigram import Unigram


@pytest.fixture(scope="module")
def encode() -> E5:
    return load_e5()


def test_vectors_have_length_one(encode: E5) -> None:
    found = encode(["카드를 잃어버렸어요.", "", "Good morning."])
    assert found.shape == (3, 384)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("said", "near", "far"),
    [
        (
            "카드를 잃어버렸어요, 정지해 주세요.",
            "I lost my card, please block it.",
            "When will my parcel arrive?",
        ),
        ("택배가 언제 오나요?", "When will my parcel arrive?", "I lost my card, please block it."),
        ("My internet is down.", "인터넷이 안 돼요.", "대출 이자가 얼마예요?"),
    ],
)
def test_languages_share_their_meanings(encode: E5, said: str, near: str, far: str) -> None:
    of_said, of_near, of_far = encode([said, near, far])
    assert of_said @ of_near > of_said @ of_far + 0.1


def test_other_texts_change_rounding_only(encode: E5) -> None:
    alone = encode(["My oven is cold."])
    together = encode(["Hello.", "My oven is cold.", "한참 더 긴 문장이 옆에 있어도 값은 같아야 합니다."])
    assert alone[0] == pytest.approx(together[1], abs=1e-5)


def test_long_text_is_cut(encode: E5) -> None:
    long = "the oven is cold " * MOST_PIECES
    assert encode([long])[0] == pytest.approx(encode([long + "and so on"])[0], abs=1e-6)


def test_most_probable_pieces_are_chosen() -> None:
    split = Unigram(
        ["", "", "", "", "▁", "a", "b", "▁ab", "▁a"], [0, 0, 0, 0, -3, -2, -2, -4.5, -3], unknown=3
    )
    assert split("ab") == [7]
    assert split("ba  ｂ") == [4, 6, 5, 4, 6]
    assert split("a!") == [8, 3]
