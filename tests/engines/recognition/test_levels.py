from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import Pcm
from callytics.engines.recognition.levels import FLOOR_DB, levels_db, with_missed, with_soft_voices
from callytics.engines.recognition.speech import FRAME_SAMPLES, Span

RATE_HZ = 16_000
NOISE_DB, VOICE_DB, UNSURE = -45.0, -25.0, 0.3
UNSURE_FRAMES = slice(40, 60)


def frames(elsewhere: float, in_the_middle: float) -> npt.NDArray[np.float32]:
    values = np.full(100, elsewhere, np.float32)
    values[UNSURE_FRAMES] = in_the_middle
    return values


def test_levels_are_dbfs_per_frame() -> None:
    samples = np.zeros(3 * FRAME_SAMPLES, np.float32)
    samples[FRAME_SAMPLES : 2 * FRAME_SAMPLES] = 0.1
    levels = levels_db(Pcm.from_array(samples[np.newaxis], RATE_HZ), 0)
    assert levels == pytest.approx([FLOOR_DB, -20.0, FLOOR_DB], abs=0.1)


def test_unsure_frames_far_above_the_noise_are_speech() -> None:
    likely = with_soft_voices(frames(0.05, UNSURE), frames(NOISE_DB, VOICE_DB), 0.5)
    assert (likely[42:58] == 0.5).all()
    assert (likely[:38] == np.float32(0.05)).all()


@pytest.mark.parametrize("level_db", [NOISE_DB, NOISE_DB + 10.0])
def test_unsure_frames_near_the_noise_stay_unsure(level_db: float) -> None:
    likely = with_soft_voices(frames(0.05, UNSURE), frames(NOISE_DB, level_db), 0.5)
    assert likely.max() == np.float32(UNSURE)


def test_unlikely_speech_stays_unlikely_at_any_level() -> None:
    likely = with_soft_voices(frames(0.05, 0.2), frames(NOISE_DB, -10.0), 0.5)
    assert likely.max() == np.float32(0.2)


def test_sure_speech_stays_as_it_is() -> None:
    probabilities = frames(0.05, 0.9)
    assert (with_soft_voices(probabilities, frames(NOISE_DB, -10.0), 0.5) == probabilities).all()


def test_faint_sound_after_digital_silence_is_no_voice() -> None:
    likely = with_soft_voices(frames(0.05, UNSURE), frames(FLOOR_DB, -70.0), 0.5)
    assert likely.max() == np.float32(UNSURE)


def test_click_is_no_voice() -> None:
    probabilities, levels = frames(0.05, UNSURE), frames(NOISE_DB, NOISE_DB)
    levels[50] = NOISE_DB + 40.0
    assert with_soft_voices(probabilities, levels, 0.5).max() == np.float32(UNSURE)


def test_empty_recording_has_no_voices() -> None:
    nothing = np.zeros(0, np.float32)
    assert len(with_soft_voices(nothing, nothing, 0.5)) == 0


def test_span_that_gains_a_word_is_widened_and_another_stays() -> None:
    spans = [Span(1.0, 2.0), Span(5.0, 6.0), Span(6.5, 7.0)]
    wider = [Span(0.9, 2.1), Span(3.0, 4.0), Span(5.0, 7.0)]
    assert with_missed(spans, wider) == [Span(1.0, 2.0), Span(3.0, 4.0), Span(5.0, 7.0)]


def test_channel_that_gains_little_keeps_its_spans() -> None:
    spans = [Span(1.0, 26.0)]
    assert with_missed(spans, [Span(0.5, 26.0)]) == spans
    assert with_missed(spans, [Span(0.0, 26.0)]) == [Span(0.0, 26.0)]


def test_channel_without_sure_speech_has_no_soft_voices() -> None:
    assert with_missed([], []) == []
