"""Times, windows and bounds of the segmentation; the features of the embedding."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.diarization.features import FRAME_SHIFT_SAMPLES, NUM_MEL_BINS, log_mel_filter_bank
from callytics.engines.diarization.segmentation import (
    FRAMES_PER_WINDOW,
    POWERSET,
    Segmenter,
    frame_to_s,
    num_frames_of,
    runs,
)
from callytics.weights import manifest as models
from tests.engines.diarization.recordings import audio_of, noise, sample_channels, sample_reference, tones


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(models.locate("segmentation-3.0") / "segmentation-3.0.onnx", 2)


@pytest.mark.parametrize("duration_s", [0.0, 0.02, 0.1, 5.0, 9.99, 10.0, 10.02, 24.0])
def test_windows_cover_any_duration(segmenter: Segmenter, duration_s: float) -> None:
    pcm = audio_of(noise(duration_s)).pcm
    activity = segmenter(pcm, 0, 5.0)
    assert activity.num_frames == num_frames_of(pcm.num_samples) == len(activity.speech)
    assert activity.probabilities.shape == (len(activity.first_frames), FRAMES_PER_WINDOW, 3)
    assert not activity.num_frames or activity.first_frames[-1] + FRAMES_PER_WINDOW >= activity.num_frames
    assert np.isfinite(activity.speech).all()


def test_speech_has_its_start_and_end(segmenter: Segmenter) -> None:
    activity = segmenter(audio_of(sample_channels()[0]).pcm, 0, 5.0)
    first, last = runs(activity.speech > 0.5)[0]
    turn = sample_reference()[0]
    assert frame_to_s(first) == pytest.approx(turn["start_s"], abs=0.1)
    # The first pause of the turn, if the model hears one, lies within it.
    assert turn["start_s"] < frame_to_s(last) < turn["end_s"] + 0.1


def test_the_powerset_has_every_class_once() -> None:
    assert len({tuple(row) for row in POWERSET}) == len(POWERSET) == 7
    assert POWERSET.sum(axis=1).tolist() == [0, 1, 1, 1, 2, 2, 2]


def test_runs_are_half_open() -> None:
    assert runs(np.array([True, False, True, True])).tolist() == [[0, 1], [2, 4]]
    assert runs(np.zeros(0, bool)).tolist() == []


def test_tone_is_in_the_mel_bin_of_its_frequency() -> None:
    features = log_mel_filter_bank(tones(1.0, 1000.0))
    assert features.shape == (1 + (16_000 - 400) // FRAME_SHIFT_SAMPLES, NUM_MEL_BINS)
    mel = 1127.0 * np.log1p(np.array([20.0, 1000.0, 8000.0]) / 700.0)
    expected = (mel[1] - mel[0]) / (mel[2] - mel[0]) * (NUM_MEL_BINS + 1) - 1
    assert np.abs(features.argmax(axis=1) - expected).max() <= 1


def test_features_do_not_depend_on_the_block_they_are_computed_in() -> None:
    samples = noise(40.0, -20.0)
    start = 3200 * FRAME_SHIFT_SAMPLES
    np.testing.assert_allclose(
        log_mel_filter_bank(samples)[3200:3300], log_mel_filter_bank(samples[start:])[:100], atol=1e-4
    )
    assert log_mel_filter_bank(samples[:399]).shape == (0, NUM_MEL_BINS)


@pytest.mark.parametrize(
    ("overlap_s", "third_s", "heard"), [(0.0, 0.0, 1), (0.4, 0.0, 1), (3.0, 0.0, 2), (3.0, 1.0, 3)]
)
def test_people_who_talk_at_once_are_at_least_two_voices(
    overlap_s: float, third_s: float, heard: int
) -> None:
    from callytics.engines.diarization.segmentation import FRAME_SHIFT_S, Activity
    from callytics.engines.diarization.voices import voices_at_once

    window = np.zeros((589, 3), np.float16)
    window[:, 0] = 0.9
    window[: round(overlap_s / FRAME_SHIFT_S), 1] = 0.9
    window[589 - round(third_s / FRAME_SHIFT_S) :, 2] = 0.9 if third_s else 0.0
    activity = Activity(np.stack([window] * 2), np.array([0, 589]), 1178, np.full(1178, 0.9, np.float32))
    assert voices_at_once(activity) == heard
