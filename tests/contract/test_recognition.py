"""What every speech-recognizer must do, whatever it is made of."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from callytics.domain import CallOptions, Transcript
from callytics.errors import InvalidRequestError
from callytics.metrics import word_errors
from tests.support.recognizers import SAMPLE, audio_of, music, noise, sample_audio, tones, whisper_base
from tests.support.whisper_checkpoint import whisper_on_transformers

ENGINES: list[Callable[[], Any]] = [whisper_base, whisper_on_transformers]
REFERENCE = json.loads((SAMPLE.parent / "reference.json").read_text(encoding="utf-8"))


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__, scope="module")
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.fixture(scope="module")
def transcript(engine: Any) -> Transcript:
    """The sample call, its language not given."""
    result: Transcript = engine(sample_audio(), CallOptions())
    return result


def utterances(channel: int) -> list[dict[str, Any]]:
    role = ("AGENT", "CUSTOMER")[channel]
    return [row for row in REFERENCE["turns"] if row["role"].upper() == role]


def test_names_its_model(engine: Any) -> None:
    assert engine.model
    assert engine.model_revision


def test_words_of_each_channel_are_those_that_were_said(transcript: Transcript) -> None:
    for channel in (0, 1):
        said = " ".join(row["text"] for row in utterances(channel))
        heard = " ".join(word.text for word in transcript.words if word.channel == channel)
        # Synthetic voices and an invoice number: 0.12 was measured.
        assert word_errors([said], heard).rate < 0.25


def test_named_language_does_not_hide_the_spoken_one(engine: Any) -> None:
    """The sample is English: named Korean, it is neither translated nor invented."""
    heard: Transcript = engine(sample_audio(), CallOptions(language="ko"))
    said = " ".join(row["text"] for row in utterances(0))
    assert heard.language == "en"
    assert {word.language for word in heard.words} == {"en"}
    assert word_errors([said], " ".join(w.text for w in heard.words if w.channel == 0)).rate < 0.25


def test_call_in_one_language_has_no_other(transcript: Transcript) -> None:
    assert {word.language for word in transcript.words} == {"en"}
    assert {window.language for window in transcript.windows} == {"en"}
    assert not {"mixed_languages", "language_uncertain"} & {flag.code for flag in transcript.flags}


def test_language_is_detected_with_scores(transcript: Transcript) -> None:
    assert transcript.language == "en"
    assert transcript.language_scores[0].code == "en"
    scores = [score.score for score in transcript.language_scores]
    assert scores == sorted(scores, reverse=True)
    assert 0.5 < sum(scores) <= 1.0 + 1e-6


def test_words_are_in_order_and_inside_the_call(transcript: Transcript) -> None:
    starts = [word.start_s for word in transcript.words]
    assert starts == sorted(starts)
    for word in transcript.words:
        assert 0.0 <= word.start_s <= word.end_s <= transcript.duration_s
        assert 0.0 <= word.confidence <= 1.0
        assert word.text == word.text.strip() != ""


def test_word_times_are_where_the_party_speaks(transcript: Transcript) -> None:
    for channel in (0, 1):
        spoken = [(row["start_s"], row["end_s"]) for row in utterances(channel)]
        words = [word for word in transcript.words if word.channel == channel]
        middles = [(word.start_s + word.end_s) / 2 for word in words]
        inside = sum(any(start - 0.1 <= middle <= end + 0.1 for start, end in spoken) for middle in middles)
        assert inside / len(middles) > 0.97


def test_the_same_call_gives_the_same_words_also_in_two_threads(engine: Any) -> None:
    pcm = sample_audio().pcm
    excerpt = audio_of(pcm.float32(0, 0.0, 12.0), pcm.float32(1, 0.0, 12.0))
    alone = engine(excerpt, CallOptions(language="en"))
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda _: engine(excerpt, CallOptions(language="en")), range(2)))
    assert together == [alone, alone]


def test_crosses_a_process_boundary(transcript: Transcript) -> None:
    assert pickle.loads(pickle.dumps(transcript, protocol=5)) == transcript


def test_mono_has_no_channels(engine: Any) -> None:
    pcm = sample_audio().pcm
    mono = engine(audio_of(pcm.float32(0, 0.0, 12.0) + pcm.float32(1, 0.0, 12.0)), CallOptions(language="en"))
    assert mono.words
    assert {word.channel for word in mono.words} == {None}
    assert mono.language_scores == ()


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0),
        np.zeros(100),
        np.zeros(16_000 * 20),
        noise(20, -30),
        noise(20, -60),
        tones(10, (350.0, 440.0)),
        tones(2, (697.0, 1209.0)),
        music(20),
    ],
    ids=["empty", "6 ms", "silence", "loud noise", "faint noise", "dial tone", "key", "hold music"],
)
@pytest.mark.parametrize("language", [None, "ko"])
def test_nothing_is_invented_where_nobody_speaks(
    engine: Any, samples: np.ndarray[Any, Any], language: str | None
) -> None:
    result = engine(audio_of(samples), CallOptions(language=language))
    assert result.words == ()
    assert "no_speech" in {flag.code for flag in result.flags}


def test_hold_music_between_speech_stays_without_words(engine: Any) -> None:
    speech = sample_audio().pcm.float32(0, 0.0, 6.0)
    result = engine(audio_of(np.concatenate([speech, music(30), speech])), CallOptions(language="en"))
    during = [word for word in result.words if 6.5 < word.start_s < 35.5]
    assert during == []
    assert [word for word in result.words if word.start_s < 6.5]
    assert [word for word in result.words if word.start_s > 35.5]


def test_an_echo_on_the_other_channel_is_not_said_twice(engine: Any) -> None:
    agent = sample_audio().pcm.float32(0, 0.0, 20.0)
    delayed = np.concatenate([np.zeros(560), agent[:-560]]) * 10 ** (-14 / 20)  # 35 ms, 14 dB down
    result = engine(audio_of(agent, delayed + noise(20, -65)), CallOptions(language="en"))
    assert {word.channel for word in result.words} == {0}
    assert {text.reason for text in result.dropped} == {"crosstalk"}


def test_an_unknown_language_is_an_error_of_the_caller(engine: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        engine(sample_audio(), CallOptions(language="klingon"))
    assert caught.value.code == "language_unknown"


def test_hotwords_are_expected(engine: Any) -> None:
    """espeak's "Riverside Broadband" is heard as "Broad and" without help."""
    pcm = sample_audio().pcm
    options = CallOptions(language="en", hotwords=("Riverside Broadband",))
    result = engine(audio_of(pcm.float32(0, 0.0, 5.5)), options)
    assert "broadband" in " ".join(word.text for word in result.words).lower()
