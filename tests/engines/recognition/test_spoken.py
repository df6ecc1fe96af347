"""Which language a stretch of speech is in. The probabilities are made up; with Whisper: tests/contract."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import CallOptions, Pcm, Transcript
from callytics.engines.recognition import calls
from callytics.engines.recognition.calls import CallRecognizer, Languages, VoiceActivity, is_english
from callytics.engines.recognition.crosstalk import Levels
from callytics.engines.recognition.decoding import Search
from callytics.engines.recognition.speech import Span, Window
from callytics.engines.recognition.spoken import (
    MIN_EVIDENCE,
    MIN_EVIDENCE_AGAINST_NAMED,
    NUM_MELS,
    choose,
    expected_by_channel,
    heard_frames,
    sure_languages,
)
from tests.engines.recognition.written_decoder import Hear, WrittenDecoder
from tests.support.recognizers import audio_from

RATE_HZ = 16_000
FRAMES_PER_SECOND = 31.25
KO, EN, UNSURE = {"ko": 0.95, "en": 0.01}, {"ko": 0.01, "en": 0.95}, {"haw": 0.4, "la": 0.3}
MIXED = {"ko": 0.3, "en": 0.6}  # Korean full of English names of products
JA = {"ja": 0.95, "ko": 0.02}


def test_run_of_another_language_is_found() -> None:
    assert choose([KO, EN, EN, KO], "ko", ("ko", "en"), MIN_EVIDENCE) == ["ko", "en", "en", "ko"]
    assert choose([EN, KO, EN], "ko", ("ko", "en"), MIN_EVIDENCE) == ["en", "ko", "en"]


def test_unsure_stretch_keeps_the_expected_language() -> None:
    assert choose([UNSURE, {}, MIXED, KO], "ko", ("ko", "en"), MIN_EVIDENCE) == ["ko"] * 4


def test_stretch_that_tells_nothing_goes_with_its_neighbours() -> None:
    assert choose([EN, UNSURE, {}, EN], "ko", ("ko", "en"), MIN_EVIDENCE) == ["en"] * 4


def test_weak_evidence_adds_up_over_a_run() -> None:
    assert choose([MIXED], "ko", ("ko", "en"), MIN_EVIDENCE) == ["ko"]
    assert choose([MIXED] * 5, "ko", ("ko", "en"), MIN_EVIDENCE) == ["en"] * 5


def test_named_language_needs_more_evidence_against_it() -> None:
    rather_english = {"ko": 0.03, "en": 0.8}  # log-odds 3.0
    assert choose([rather_english], "ko", ("ko", "en"), MIN_EVIDENCE) == ["en"]
    assert choose([rather_english], "ko", ("ko", "en"), MIN_EVIDENCE_AGAINST_NAMED) == ["ko"]
    assert choose([EN], "ko", ("ko", "en"), MIN_EVIDENCE_AGAINST_NAMED) == ["en"]


def test_language_that_is_no_candidate_is_never_chosen() -> None:
    assert choose([JA, JA], "ko", ("ko", "en"), MIN_EVIDENCE) == ["ko", "ko"]


def windows(*channels: int) -> list[Window]:
    return [Window(channel, (Span(60.0 * i, 60.0 * i + 5),)) for i, channel in enumerate(channels)]


def test_channel_has_the_language_of_its_own_stretches() -> None:
    first, second = windows(0, 1)
    heard = [(first, [KO, KO]), (second, [EN])]
    assert expected_by_channel(heard, "ko", ("ko", "en"), 3) == {0: "ko", 1: "en", 2: "ko"}
    assert expected_by_channel([], "ko", ("ko", "en"), 2) == {0: "ko", 1: "ko"}


def test_third_language_counts_only_if_it_is_sure_in_several_windows() -> None:
    first, second = windows(0, 0)
    assert sure_languages([(first, [JA, JA, JA]), (second, [JA])]) == {"ja"}
    assert sure_languages([(first, [JA] * 4)]) == set()
    assert sure_languages([(first, [JA]), (second, [JA, UNSURE])]) == set()


def test_stretch_is_judged_by_its_own_middle() -> None:
    for duration_s in map(float, np.arange(0.1, 6.0, 0.02)):
        middle = Span(5.0, 5.0 + duration_s)
        parts = heard_frames(Window(0, (Span(0.0, 2.0), middle, Span(20.0, 24.0))))
        assert parts[0] == (0, 100)
        assert parts[2] is not None
        assert parts[2][1] - parts[2][0] == 150
        if parts[1]:
            first, end = parts[1]
            assert 100 <= first < end <= 101 + 50 * duration_s
            assert end - first not in NUM_MELS
        else:
            assert duration_s < 0.82


def test_window_of_short_stretches_is_judged_by_its_beginning() -> None:
    assert heard_frames(Window(0, (Span(0.0, 0.5), Span(3.0, 3.5)))) == [(0, 40), None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Let me see, how can I begin?", True),
        ("체크카드 리뉴얼 VIP", False),
        ("OK", False),
        ("1 2 3 4", False),
    ],
)
def test_english_text_is_told_by_its_script(text: str, expected: bool) -> None:
    assert is_english(text) is expected


# ---------------------------------------------------------------- whole calls


def five_seconds_of_ten(pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
    """Speech at 0 to 5, 10 to 15 s and so on; on the second channel at 5 to 10 s and so on."""
    seconds = np.arange(int(pcm.duration_s * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
    return ((seconds + 5 * channel) % 10 < 5).astype(np.float32)


def recognised(
    hear: Hear, num_channels: int, language: str | None = None, text: str = "네 그렇게 해 드릴게요"
) -> tuple[Transcript, WrittenDecoder]:
    decoder = WrittenDecoder(lambda window, search: text, hear)
    recognise = CallRecognizer(
        decoder,
        Languages({"ko", "en", "ja"}),
        VoiceActivity(pad_s=0.0, mono_pad_s=0.0),
        Search(beam_size=1),
        8,
    )
    silence = Pcm.from_array(np.zeros((num_channels, 60 * RATE_HZ), np.int16), RATE_HZ)
    return recognise(audio_from(silence), CallOptions(language=language)), decoder


@pytest.fixture(autouse=True)
def speech_without_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "SpeechDetector", lambda: five_seconds_of_ten)
    monkeypatch.setattr(Levels, "is_leak", lambda self, span, channel: False)
    monkeypatch.setattr(calls, "leaked_words", lambda words, levels: [])


@pytest.mark.parametrize("language", [None, "ko", "en"])
def test_each_channel_is_read_in_its_language(language: str | None) -> None:
    transcript, decoder = recognised(lambda channel, start_s: EN if channel else KO, 2, language)
    assert {(word.channel, word.language) for word in transcript.words} == {(0, "ko"), (1, "en")}
    assert {(window.channel, window.language) for window in transcript.windows} == {(0, "ko"), (1, "en")}
    assert {code for code, _ in decoder.languages} == {"ko", "en"}
    assert "mixed_languages" in [flag.code for flag in transcript.flags]


@pytest.mark.parametrize("language", [None, "ko", "en"])
def test_mono_call_is_cut_where_the_language_changes(language: str | None) -> None:
    transcript, decoder = recognised(lambda channel, start_s: EN if 18 < start_s < 32 else KO, 1, language)
    assert transcript.language == "ko"
    assert {word.language for word in transcript.words if 19 < word.start_s < 36} == {"en"}
    assert {word.language for word in transcript.words if not 19 < word.start_s < 36} == {"ko"}
    assert {code for code, start_s in decoder.languages if 19 < start_s < 36} == {"en"}
    assert {code for code, start_s in decoder.languages if not 19 < start_s < 36} == {"ko"}


@pytest.mark.parametrize("language", [None, "ko"])
def test_call_in_one_language_is_encoded_once(language: str | None) -> None:
    transcript, decoder = recognised(
        lambda channel, start_s: MIXED if round(start_s) == 20 else KO, 2, language
    )
    assert {word.language for word in transcript.words} == {"ko"}
    assert len(decoder.encoded) == len(set(decoder.encoded)) == len(decoder.calls)
    assert not {"mixed_languages", "language_uncertain"} & {flag.code for flag in transcript.flags}


def test_windows_that_disagree_without_certainty_are_flagged() -> None:
    doubtful = {"ko": 0.05, "en": 0.2, "la": 0.3}
    transcript, _ = recognised(lambda channel, start_s: KO if round(start_s) % 20 else doubtful, 1, "ko")
    assert {word.language for word in transcript.words} == {"ko"}
    assert "language_uncertain" in [flag.code for flag in transcript.flags]


def test_english_text_of_a_korean_reading_is_english() -> None:
    transcript, _ = recognised(lambda channel, start_s: UNSURE, 1, "ko", "let me see how can I begin")
    assert transcript.language == "en"
