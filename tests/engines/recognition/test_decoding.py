from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from callytics.domain import Pcm
from callytics.engines.recognition.decoding import Decoder, Search, TimedWord, joined
from callytics.engines.recognition.speech import Span, Window


def test_hyphenated_word_is_one_word() -> None:
    parts = [
        TimedWord(" thirty", 1.0, 1.3, 0.9),
        TimedWord("-nine", 1.3, 1.6, 0.7),
        TimedWord(" dollars", 1.7, 2.0, 0.8),
    ]
    whole = joined(parts)
    assert [word.text for word in whole] == [" thirty-nine", " dollars"]
    assert (whole[0].start_s, whole[0].end_s, round(whole[0].probability, 3)) == (1.0, 1.6, 0.8)


def test_window_is_padded_with_silence() -> None:
    """The spectrogram of half a minute whose end is digital silence: its quietest value, and not 0."""
    from faster_whisper.feature_extractor import FeatureExtractor

    seen: list[Any] = []
    gpu = SimpleNamespace(device="cuda")
    model = SimpleNamespace(feature_extractor=FeatureExtractor(), encode=seen.append, model=gpu)
    Decoder(model).encode(
        [(tone_of(2.0), Window(0, (Span(0.0, 1.5),))), (tone_of(2.0), Window(0, (Span(0.5, 2.0),)))]
    )
    (features,) = seen
    assert features.shape == (2, 80, 3000)
    assert features.min() < 0
    np.testing.assert_allclose(features[:, :, 160:], features.min(), atol=1e-6)


def test_cpu_encodes_one_window_at_a_time() -> None:
    """Together, the attention of eight windows would take eight times the memory."""
    from ctranslate2 import StorageView
    from faster_whisper.feature_extractor import FeatureExtractor

    def encode(features: Any) -> Any:
        assert features.shape == (80, 3000)
        return StorageView.from_array(np.ascontiguousarray(features[np.newaxis, :, :200], dtype=np.float32))

    extract = FeatureExtractor()
    model = SimpleNamespace(feature_extractor=extract, encode=encode, model=SimpleNamespace(device="cpu"))
    windows = [Window(0, (Span(0.0, 1.5),)), Window(0, (Span(0.5, 2.0),)), Window(0, (Span(1.0, 1.2),))]
    encoded = np.asarray(Decoder(model).encode([(tone_of(2.0), window) for window in windows]))
    assert encoded.shape == (3, 80, 200)
    for of_window, window in zip(encoded, windows, strict=True):
        alone = np.asarray(Decoder(model).encode([(tone_of(2.0), window)]))
        np.testing.assert_array_equal(of_window, alone[0])
    assert not np.array_equal(encoded[0], encoded[2])


def tone_of(duration_s: float) -> Pcm:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(duration_s * 16_000)) / 16_000)
    return Pcm.from_array(tone[np.newaxis].astype(np.float32), 16_000)


def test_hotwords_and_text_before_share_half_of_the_context() -> None:
    """faster-whisper's own prompt takes each of them up to that length: 449 tokens of 448 for both."""
    tokenizer = SimpleNamespace(encode=lambda text: [7] * len(text.split()))
    seen: list[Any] = []

    def get_prompt(tokenizer: Any, **given: Any) -> list[int]:
        seen.append(given["previous_tokens"])
        return []

    decoder = Decoder.__new__(Decoder)
    decoder._model = SimpleNamespace(max_length=448, get_prompt=get_prompt)
    before = list(range(300))
    for hotwords in (None, "Riverside Broadband", " ".join(["word"] * 223), " ".join(["word"] * 400)):
        decoder._prompt(tokenizer, hotwords, before, Search())
    assert seen == [before[-223:], before[-221:], [], []]
    decoder._prompt(tokenizer, None, (), Search())
    assert seen[-1] == []
