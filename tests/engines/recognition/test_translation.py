"""The task of a call: a translation is English and says so, and a model that cannot translate refuses."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from callytics.domain import CallOptions, Recording, Task
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.engines.recognition.calls import CallRecognizer, Languages, can_translate
from callytics.engines.recognition.decoding import Search
from callytics.engines.recognition.options import VoiceActivity
from callytics.errors import InvalidRequestError
from tests.engines.recognition.written_decoder import WrittenDecoder
from tests.support.recognizers import audio_of, sample_audio, whisper_base

KOREAN = Path(__file__).parents[4] / "shared" / "data" / "asr_ko"
TRANSLATE = CallOptions(task=Task.TRANSLATE)


@pytest.mark.shared
@pytest.mark.parametrize("language", [None, "ko"])
def test_korean_becomes_english(language: str | None) -> None:
    recording = Recording("ko", str(KOREAN / "azure_ko_test.flac"))
    audio = StandardAudioProcessor()(recording, CallOptions())
    options = CallOptions(language=language, task=Task.TRANSLATE)
    translated = whisper_base()(audio, options)
    letters = [c for word in translated.words for c in word.text if c.isalpha()]
    assert len(letters) > 10
    latin = [letter for letter in letters if unicodedata.name(letter).startswith("LATIN")]
    assert len(latin) / len(letters) > 0.95  # the small model leaves one word as it is
    assert translated.language == "en"
    (flag,) = [flag for flag in translated.flags if flag.code == "translated"]
    assert "spoken: ko" in flag.message
    written = whisper_base()(audio, CallOptions(language=language))
    assert any(unicodedata.name(c).startswith("HANGUL") for word in written.words for c in word.text)
    assert written.language == "ko"
    assert "translated" not in {flag.code for flag in written.flags}


def test_english_is_unchanged() -> None:
    pcm = sample_audio().pcm
    excerpt = audio_of(pcm.float32(0, 0.0, 12.0), pcm.float32(1, 0.0, 12.0))
    translated = whisper_base()(excerpt, TRANSLATE)
    assert translated.words
    assert "translated" in {flag.code for flag in translated.flags}


def test_silence_has_no_translation() -> None:
    pcm = sample_audio().pcm
    translated = whisper_base()(audio_of(pcm.float32(0, 0.0, 0.01)), TRANSLATE)
    assert {flag.code for flag in translated.flags} == {"no_speech", "translated"}


@pytest.mark.parametrize(("translates", "known"), [(False, frozenset({"ko", "en"})), (True, frozenset())])
def test_model_without_translation_rejects_the_task(translates: bool, known: frozenset[str]) -> None:
    decoder = WrittenDecoder(lambda window, search: "never read")
    recogniser = CallRecognizer(
        decoder,
        Languages(known),
        VoiceActivity(),
        search=Search(beam_size=1),
        batch_size=1,
        translates=translates,
    )
    with pytest.raises(InvalidRequestError) as error:
        recogniser(sample_audio(), TRANSLATE)
    assert error.value.code == "translation_unsupported"
    assert decoder.calls == []


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("whisper-base", True),
        ("Systran/faster-whisper-large-v3", True),
        ("openai/whisper-large-v3-turbo", False),
        ("distil-whisper/distil-large-v3", False),
    ],
)
def test_translation_support_follows_the_model_name(model: str, can: bool) -> None:
    assert can_translate(model) is can


def test_every_word_has_a_window_with_its_confidence() -> None:
    pcm = sample_audio().pcm
    excerpt = audio_of(pcm.float32(0, 0.0, 12.0), pcm.float32(1, 0.0, 12.0))
    heard = whisper_base()(excerpt, CallOptions(language="en"))
    assert heard.windows
    for window in heard.windows:
        assert window.avg_logprob < 0.0
        assert 0.0 <= window.no_speech_prob <= 1.0
    for word in heard.words:
        assert any(
            window.channel == word.channel and window.start_s <= word.start_s <= window.end_s
            for window in heard.windows
        )
