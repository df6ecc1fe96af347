from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.recognition.decoding import Decoded, TimedWord
from callytics.engines.recognition.evidence import ONSET_S, believed_words
from callytics.engines.recognition.hallucination import (
    badness,
    echoes,
    loop_words,
    loops,
    missing_s,
    suspicious,
)
from callytics.engines.recognition.speech import FRAME_S, Span, Window


def decoded(
    text: str, avg_logprob: float = -0.3, no_speech_prob: float = 0.1, probability: float = 0.9
) -> Decoded:
    """Three words a second, in a window as long as they need, from second 10 of the call."""
    texts = text.split()
    words = tuple(TimedWord(" " + word, i / 3, (i + 1) / 3, probability) for i, word in enumerate(texts))
    window = Window(0, (Span(10.0, 10.0 + max(1, len(texts)) / 3),))
    return Decoded(window, tuple(range(len(texts))), text, avg_logprob, no_speech_prob, words)


def speech(value: float = 0.95) -> np.ndarray:
    return np.full(round(60 / FRAME_S), value, np.float32)


@pytest.mark.parametrize(
    "text", ["5.5.5.5.5.5.5.5.", "아 아 아 아 아 아 아", "I am sorry " * 6, "네네네네네네네네"]
)
def test_loops_are_detected(text: str) -> None:
    assert loops(text)
    assert suspicious(decoded(text))


@pytest.mark.parametrize(
    "text", ["네 네 네 네", "no no no", "0102 3344 5566", "안녕하세요 무엇을 도와드릴까요"]
)
def test_natural_repetition_is_not_a_loop(text: str) -> None:
    assert not loops(text)
    assert not suspicious(decoded(text))


def test_improbable_text_is_not_read_again() -> None:
    assert not suspicious(decoded("I am calling about my card", avg_logprob=-1.4))


def test_repeated_sentence_is_suspicious() -> None:
    assert echoes("주문한 상품이 안 왔어요. 주문한 상품이 안 왔어요.")
    assert not echoes("여보세요 여보세요")


def test_attempt_without_loop_beats_a_more_probable_one() -> None:
    looping = [decoded("I am sorry " * 8, avg_logprob=-0.05)]
    plain = [decoded("I am sorry about that", avg_logprob=-0.6)]
    assert min([looping, plain], key=badness) is plain


def test_first_round_of_a_loop_is_kept() -> None:
    words, dropped = believed_words(decoded("hello there " * 7 + "my friend"), speech())
    assert [word.text for word in words] == ["hello", "there", "my", "friend"]
    assert [text.reason for text in dropped] == ["repetition"]


def test_loop_inside_one_word_is_dropped_but_a_number_is_kept() -> None:
    assert loop_words(decoded("값은 5.3.5.3.5.3.5.3.5.3. 입니다").words) == [1]
    assert loop_words(decoded("번호는 00000 입니다").words) == []


@pytest.mark.parametrize("text", ["시청해 주셔서 감사합니다.", "Thanks for watching!"])
def test_sign_offs_of_videos_are_dropped(text: str) -> None:
    words, dropped = believed_words(decoded(text), speech())
    assert words == []
    assert [(one.reason, one.text) for one in dropped] == [("set_phrase", text)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("If you want to pursue self-confidence, Please subscribe to the channel.", 6),
        ("Please subscribe to the channel. My card does not work.", 5),
        ("Don't forget to like and subscribe to my channel!", 0),
        ("Okay. Thank you so much for watching this video. Bye now.", 3),
        ("I'll see you in the next video.", 0),
        ("Subtitles by the Amara.org community", 0),
        ("Subtitles by Some Person", 0),
        ("네 알겠습니다. 오늘도 시청해 주셔서 감사합니다.", 2),
        ("구독과 좋아요 부탁드립니다", 0),
        ("구독, 좋아요, 알림 설정까지 부탁드립니다", 0),
        ("상담원입니다. MBC 뉴스 이덕영입니다. 도와드릴까요?", 2),
        ("다음 영상에서 만나요.", 0),
        ("한글자막 by 한효정", 0),
    ],
)
def test_sign_offs_of_videos_are_dropped_in_any_place(text: str, kept: int) -> None:
    words, dropped = believed_words(decoded(text), speech())
    assert len(words) == kept
    assert {one.reason for one in dropped} == {"set_phrase"}


@pytest.mark.parametrize(
    "text",
    [
        "I want to subscribe to the sports channel please",
        "Please subscribe me to the premium plan.",
        "Thank you for calling, how can I help?",
        "How do I cancel my subscription?",
        "I would like to know how to subscribe",
        "구독 해지하고 싶은데요",
        "정기 구독 상품은 자동으로 결제됩니다",
        "MBC 뉴스 보고 전화드렸습니다",
        "자막 제공이 안 되나요?",
        "기다려 주셔서 감사합니다",
        "다음 시간에 다시 전화드리겠습니다",
    ],
)
def test_what_callers_say_about_subscriptions_is_kept(text: str) -> None:
    words, dropped = believed_words(decoded(text), speech())
    assert len(words) == len(text.split())
    assert not dropped


def test_sign_off_that_was_surely_spoken_is_kept() -> None:
    text = "The video ends with please subscribe to the channel."
    said = "She said, please subscribe to the channel."
    assert len(believed_words(decoded(said, probability=0.99), speech(0.98))[0]) == len(said.split())
    assert len(believed_words(decoded(said, probability=0.9), speech(0.98))[0]) == 2
    assert len(believed_words(decoded(said, probability=0.99), speech(0.6))[0]) == 2
    assert "subscribe" not in " ".join(word.text for word in believed_words(decoded(text), speech())[0])


def test_thanks_are_kept_in_clear_speech() -> None:
    assert believed_words(decoded("감사합니다."), speech())[0]
    assert not believed_words(decoded("감사합니다.", probability=0.3), speech(0.2))[0]


def test_window_without_speech_is_dropped_by_whispers_rule() -> None:
    words, dropped = believed_words(decoded("so so", avg_logprob=-1.3, no_speech_prob=0.8), speech())
    assert words == []
    assert dropped[0].reason == "no_speech"
    assert believed_words(decoded("so so", avg_logprob=-0.4, no_speech_prob=0.8), speech())[0]


def test_words_lose_the_silence_at_their_edges() -> None:
    probabilities = speech(0.0)
    first, last = round(10.16 / FRAME_S), round(10.256 / FRAME_S)
    probabilities[first:last] = 0.9
    words, _ = believed_words(decoded("네"), probabilities)
    assert words[0].start_s == pytest.approx(first * FRAME_S - ONSET_S, abs=1e-3)
    assert words[0].end_s == pytest.approx(last * FRAME_S, abs=1e-3)


def test_last_word_ends_with_the_voice() -> None:
    probabilities = speech(0.0)
    last = round(10.88 / FRAME_S)
    probabilities[:last] = 0.9
    words, _ = believed_words(decoded("네 그래요"), probabilities)
    assert words[0].end_s == words[1].start_s
    assert words[1].end_s == pytest.approx(last * FRAME_S, abs=1e-3)


def test_punctuation_alone_is_not_a_word() -> None:
    assert believed_words(decoded("... ♪"), speech()) == ([], [])


def test_text_that_ends_long_before_the_speech_is_missing_text() -> None:
    window = Window(0, (Span(0.0, 28.0),))
    words = (TimedWord(" 이런", 0.2, 24.0, 0.4), TimedWord(" 음악은", 24.0, 24.6, 0.9))
    stretched = Decoded(window, (1, 2), "이런 음악은", -0.2, 0.1, words)
    assert missing_s(stretched) == pytest.approx(21.8 + 1.4)
    assert suspicious(stretched)
    assert (
        min([[stretched], [decoded("이런 음악은 어떠세요", avg_logprob=-0.5)]], key=badness)[0]
        is not stretched
    )
