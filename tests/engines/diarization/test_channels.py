"""Crosstalk is not speech; double talk is."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import CallOptions, SpeechSegment
from callytics.engines.diarization.channels import frame_levels, mask_to_segments, without_crosstalk
from callytics.engines.diarization.segmentation import num_frames_of
from tests.engines.diarization.recordings import Samples, audio_of, noise, onnx_diarizer, sample_channels


def leak(source: Samples, into: Samples, gain_db: float, delay_s: float = 0.035) -> Samples:
    delay = round(delay_s * 16_000)
    mixed = into.copy()
    mixed[delay:] += source[: len(source) - delay] * np.float32(10 ** (gain_db / 20))
    return mixed


def talk_s(segments: tuple[SpeechSegment, ...], channel: int) -> float:
    return sum(segment.end_s - segment.start_s for segment in segments if segment.channel == channel)


@pytest.fixture(scope="module")
def clean() -> tuple[SpeechSegment, ...]:
    return onnx_diarizer()(audio_of(*sample_channels()), CallOptions()).segments


@pytest.mark.parametrize("gain_db", [-20.0, -32.0])
def test_echo_of_the_agent_is_not_the_customer(clean: tuple[SpeechSegment, ...], gain_db: float) -> None:
    agent, customer = sample_channels()
    leaky = onnx_diarizer()(audio_of(agent, leak(agent, customer, gain_db)), CallOptions()).segments
    assert talk_s(leaky, 1) == pytest.approx(talk_s(clean, 1), rel=0.1)
    assert talk_s(leaky, 0) == pytest.approx(talk_s(clean, 0), rel=0.02)


def test_leakage_in_both_directions_is_removed(clean: tuple[SpeechSegment, ...]) -> None:
    agent, customer = sample_channels()
    audio = audio_of(leak(customer, agent, -22.0, 0.0), leak(agent, customer, -22.0, 0.0))
    leaky = onnx_diarizer()(audio, CallOptions()).segments
    for channel in (0, 1):
        assert talk_s(leaky, channel) == pytest.approx(talk_s(clean, channel), rel=0.1)


def test_channel_with_only_leakage_has_no_speech() -> None:
    agent, _ = sample_channels()
    empty = noise(len(agent) / 16_000, -70.0)
    result = onnx_diarizer()(audio_of(agent, leak(agent, empty, -25.0)), CallOptions())
    assert talk_s(result.segments, 1) < 0.02 * talk_s(result.segments, 0)


def test_double_talk_of_a_quieter_party_is_kept(clean: tuple[SpeechSegment, ...]) -> None:
    """Both talk all the time; the customer is 10 dB quieter and gets the agent's echo."""
    agent, customer = sample_channels()
    shifted = np.roll(agent, 16_000 * 5)
    quiet = customer * np.float32(10 ** (-10 / 20))
    result = onnx_diarizer()(audio_of(shifted, leak(shifted, quiet, -35.0)), CallOptions())
    assert talk_s(result.segments, 1) > 0.9 * talk_s(clean, 1)


def test_levels_decide_if_both_channels_seem_active() -> None:
    active = np.ones(300, bool)
    loud, weak = np.full(300, -25.0), np.full(300, -50.0)
    first, second = np.where(np.arange(300) < 150, loud, weak), np.where(np.arange(300) < 150, weak, loud)
    own = without_crosstalk([active, active], [first, second])
    np.testing.assert_array_equal(own[0][:140], True)
    np.testing.assert_array_equal(own[0][160:], False)
    np.testing.assert_array_equal(own[1], own[0][::-1])


def test_frame_levels_are_in_dbfs_and_the_same_in_blocks() -> None:
    samples = np.full(16_000 * 600, 0.1, np.float32)
    pcm = audio_of(samples).pcm
    levels = frame_levels(pcm, 0, num_frames_of(pcm.num_samples))
    np.testing.assert_allclose(levels, -20.0, atol=0.01)


def test_short_pauses_are_filled_and_short_speech_is_dropped() -> None:
    mask = np.zeros(1000, bool)
    for first, last in ((100, 200), (220, 300), (400, 403), (500, 600)):
        mask[first:last] = True
    segments = mask_to_segments(mask, min_speech_s=0.1, min_silence_s=0.5, duration_s=17.0)
    assert len(segments) == 2
    assert segments[0] == pytest.approx((1.71, 5.09), abs=0.02)
    assert mask_to_segments(np.ones(10, bool), 0.0, 0.5, 0.2) == [(0.0, 0.2)]
