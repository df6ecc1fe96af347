from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from callytics.domain import Pcm
from callytics.engines.recognition.decoding import Decoder, TimedWord, joined
from callytics.engines.recognition.speech import Span, Window


def test_a_hyphenated_word_is_one_word() -> None:
    parts = [
        TimedWord(" thirty", 1.0, 1.3, 0.9),
        TimedWord("-nine", 1.3, 1.6, 0.7),
        TimedWord(" dollars", 1.7, 2.0, 0.8),
    ]
    whole = joined(parts)
    assert [word.text for word in whole] == [" thirty-nine", " dollars"]
    assert (whole[0].start_s, whole[0].end_s, round(whole[0].probability, 3)) == (1.0, 1.6, 0.8)


def test_a_window_is_filled_up_with_silence_as_whisper_was_trained() -> None:
    """The spectrogram of half a minute whose end is digital silence: its quietest value, and not 0."""
    from faster_whisper.feature_extractor import FeatureExtractor

    seen: list[Any] = []
    model = SimpleNamespace(feature_extractor=FeatureExtractor(), encode=seen.append)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)
    pcm = Pcm.from_array(tone[np.newaxis].astype(np.float32), 16_000)
    Decoder(model).encode(pcm, [Window(0, (Span(0.0, 1.5),)), Window(0, (Span(0.5, 2.0),))])
    (features,) = seen
    assert features.shape == (2, 80, 3000)
    assert features.min() < 0
    np.testing.assert_allclose(features[:, :, 160:], features.min(), atol=1e-6)
