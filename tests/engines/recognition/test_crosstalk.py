from __future__ import annotations

import numpy as np

from callytics.domain import Pcm, Word
from callytics.engines.recognition.crosstalk import Levels, leaked_words
from callytics.engines.recognition.speech import Span
from tests.support.recognizers import noise, sample_audio


def stereo(left: np.ndarray, right: np.ndarray) -> Levels:
    return Levels(Pcm.from_array(np.stack([left, right]), 16_000))


def words(channel: int, text: str) -> list[Word]:
    return [Word(word, 1.0 + i / 2, 1.5 + i / 2, 0.9, channel) for i, word in enumerate(text.split())]


def test_quieter_delayed_copy_is_a_leak_and_the_original_is_not() -> None:
    agent = sample_audio().pcm.float32(0, 0.6, 5.4)
    leak = np.roll(agent, 560) * 0.15 + noise(len(agent) / 16_000, -70)
    levels = stereo(agent, leak)
    assert levels.is_leak(Span(0.0, 4.8), 1)
    assert not levels.is_leak(Span(0.0, 4.8), 0)


def test_slightly_quieter_copy_in_own_noise_is_a_leak() -> None:
    """As joint stereo leaves it: the levels do not tell, for the noise fills them up, but the waves do."""
    agent = sample_audio().pcm.float32(0, 0.6, 5.4)
    level_db = 10 * np.log10((agent**2).mean())
    seconds = len(agent) / 16_000
    leak = agent * 10 ** (-8 / 20) + noise(seconds, level_db - 15, seed=1)
    levels = stereo(agent + noise(seconds, level_db - 15, seed=2), leak)
    assert 3.0 < levels.excess_db(1, 0.0, 4.8) < 6.0
    assert levels.is_leak(Span(0.0, 4.8), 1)
    assert not levels.is_leak(Span(0.0, 4.8), 0)


def test_speech_over_a_leak_is_kept() -> None:
    pcm = sample_audio().pcm
    agent, customer = pcm.float32(0, 0.6, 5.4), pcm.float32(1, 6.0, 10.8)
    assert not stereo(agent, customer + agent * 0.3).is_leak(Span(0.0, 4.8), 1)


def test_double_talk_keeps_both_people() -> None:
    pcm = sample_audio().pcm
    agent, customer = pcm.float32(0, 0.6, 5.4), pcm.float32(1, 6.0, 10.8) * 0.3
    levels = stereo(agent, customer)
    assert levels.excess_db(1, 0.0, 4.8) > 6.0
    assert not levels.is_leak(Span(0.0, 4.8), 1)


def test_the_same_words_at_the_same_time_on_the_quieter_channel_are_leaked() -> None:
    loud, quiet = noise(10, -20), noise(10, -40, seed=1)
    said = words(0, "주문하신 상품이 내일 도착합니다")
    leak = words(1, "주문하신 상품 내일 도착합니다")
    assert leaked_words(said + leak, stereo(loud, quiet)) == [leak]
    assert leaked_words(said + leak, stereo(loud, loud)) == []


def test_other_simultaneous_words_are_kept() -> None:
    loud, quiet = noise(10, -20), noise(10, -40, seed=1)
    said = words(0, "주문하신 상품이 내일 도착합니다")
    assert leaked_words(said + words(1, "아니 잠깐만요 환불해 주세요"), stereo(loud, quiet)) == []


def test_letters_that_meet_in_order_by_chance_are_no_copy() -> None:
    loud, quiet = noise(10, -20), noise(10, -40, seed=1)
    said = words(0, "you who were always accusing people of being shoppy at Hughson's")
    assert leaked_words(said + words(1, "now first in"), stereo(loud, quiet)) == []
    leak = words(1, "where always excusing people")
    assert leaked_words(said + leak, stereo(loud, quiet)) == [leak]


def test_short_word_on_both_channels_is_not_leakage() -> None:
    loud, quiet = noise(10, -20), noise(10, -40, seed=1)
    assert leaked_words(words(0, "can I help you") + words(1, "you"), stereo(loud, quiet)) == []
