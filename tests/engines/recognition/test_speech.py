from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callytics.domain import Pcm
from callytics.engines.recognition.speech import (
    BLOCK_FRAMES,
    FRAME_S,
    FRAME_SAMPLES,
    Span,
    SpeechDetector,
    Window,
    pack,
    pad_spans,
    speech_spans,
    split_long,
    without_doubtful,
)
from tests.support.recognizers import noise, sample_audio


def frames(*parts: tuple[float, float]) -> np.ndarray:
    """Probabilities from (value, seconds)."""
    return np.concatenate([np.full(round(seconds / FRAME_S), value, np.float32) for value, seconds in parts])


def test_spans_start_above_the_threshold_and_end_in_silence() -> None:
    probabilities = frames((0.1, 0.96), (0.9, 0.96), (0.1, 0.96))
    assert speech_spans(probabilities, 0.5, 0.1, 0.3) == [Span(pytest.approx(0.96), pytest.approx(1.92))]


def test_short_pauses_do_not_cut_and_short_bursts_do_not_count() -> None:
    probabilities = frames((0.9, 0.64), (0.1, 0.16), (0.9, 0.64), (0.1, 0.64), (0.9, 0.064), (0.1, 0.64))
    assert speech_spans(probabilities, 0.5, 0.1, 0.3) == [Span(0.0, pytest.approx(1.44))]


def test_doubtful_frames_neither_start_nor_end_speech() -> None:
    assert speech_spans(frames((0.45, 2.0)), 0.5, 0.1, 0.3) == []
    assert len(speech_spans(frames((0.9, 0.5), (0.45, 2.0), (0.9, 0.5)), 0.5, 0.1, 0.3)) == 1


@pytest.mark.parametrize("threshold", [0.01, 0.05, 0.15, 0.5, 0.99])
def test_speech_ends_in_silence_at_every_threshold(threshold: float) -> None:
    probabilities = frames((0.0, 0.96), (1.0, 0.96), (0.0, 1.92), (1.0, 0.96), (0.0, 0.32))
    spans = speech_spans(probabilities, threshold, 0.1, 1.0)
    assert spans == [
        Span(pytest.approx(0.96), pytest.approx(1.92)),
        Span(pytest.approx(3.84), pytest.approx(4.8)),
    ]


def test_speech_up_to_the_end_ends_there() -> None:
    probabilities = frames((0.1, 0.32), (0.9, 0.64))
    assert speech_spans(probabilities, 0.5, 0.1, 0.3)[0].end_s == pytest.approx(0.96)


def test_padding_meets_in_the_middle_and_stays_in_the_call() -> None:
    padded = pad_spans([Span(0.1, 1.0), Span(1.2, 2.0)], 0.4, 2.1)
    assert padded == [Span(0.0, pytest.approx(1.1)), Span(pytest.approx(1.1), 2.1)]


def test_long_spans_are_cut_at_the_least_likely_speech() -> None:
    probabilities = frames((0.9, 25.6), (0.6, 0.32), (0.9, 20.0))
    parts = split_long([Span(0.0, 45.9)], probabilities, 30.0)
    assert [part.start_s for part in parts] == [0.0, pytest.approx(25.6, abs=0.4)]


def test_lower_threshold_finds_softer_speech_and_keeps_the_pauses() -> None:
    probabilities = frames((0.9, 0.96), (0.3, 0.48), (0.4, 0.96), (0.3, 0.48), (0.9, 0.96))
    assert len(speech_spans(probabilities, 0.5, 0.1, 0.3)) == 2
    assert len(speech_spans(probabilities, 0.35, 0.1, 0.3)) == 3


def test_soft_speech_counts_near_sure_speech_only() -> None:
    soft, sure, quiet = (0.3, 0.96), (0.9, 0.96), (0.0, 1.92)
    probabilities = frames(soft, (0.0, 19.2), soft, quiet, sure, quiet, soft)
    spans = speech_spans(probabilities, 0.25, 0.1, 0.3)
    assert len(spans) == 4
    assert without_doubtful(spans, probabilities) == spans[1:]


def test_noise_in_which_speech_is_never_sure_has_no_speech() -> None:
    probabilities = frames(*[(0.45, 0.96), (0.0, 0.96)] * 20)
    spans = speech_spans(probabilities, 0.25, 0.1, 0.3)
    assert len(spans) == 20
    assert without_doubtful(spans, probabilities) == []


@given(
    st.lists(st.tuples(st.floats(0.1, 12.0), st.floats(0.1, 20.0)), min_size=1, max_size=40),
    st.floats(0.0, 1.0),
)
def test_windows_contain_all_speech_once_with_its_times(
    pauses_and_lengths: list[tuple[float, float]], where: float
) -> None:
    spans, position_s = [], 0.0
    for pause_s, length_s in pauses_and_lengths:
        spans.append(Span(position_s + pause_s, position_s + pause_s + length_s))
        position_s = spans[-1].end_s
    windows = pack(spans, 0, 30.0)
    assert [piece for window in windows for piece in window.pieces] == spans
    assert all(window.duration_s <= 30.0 + 1e-6 for window in windows)
    for window in windows:
        time_s = where * window.duration_s
        mapped = window.in_call(time_s, time_s)
        assert any(piece.start_s - 1e-6 <= mapped.start_s <= piece.end_s + 1e-6 for piece in window.pieces)


def test_window_is_its_joined_pieces() -> None:
    pcm = Pcm.from_array(np.arange(32_000, dtype=np.int16)[None], 16_000)
    window = Window(0, (Span(0.5, 0.6), Span(1.0, 1.2)))
    samples = window.samples(pcm)
    assert len(samples) == 1600 + 3200
    assert samples[1600] * 32768 == 16_000
    assert window.in_call(0.15, 0.2) == Span(pytest.approx(1.05), pytest.approx(1.1))


def test_halves_are_about_equal_and_one_piece_stays_whole() -> None:
    window = Window(0, tuple(Span(i, i + 0.5) for i in range(5)))
    left, right = window.halves()
    assert left.pieces + right.pieces == window.pieces
    assert abs(left.duration_s - right.duration_s) <= 0.5
    assert Window(0, (Span(0, 1),)).halves() == (Window(0, (Span(0, 1),)),)


def test_detector_finds_speech_not_noise_independent_of_blocks() -> None:
    detect = SpeechDetector()
    speech = np.concatenate([sample_audio().pcm.float32(0, 0.0, 5.0), noise(3.0, -60)])
    quiet_frames = BLOCK_FRAMES - 80  # the speech lies across the boundary of two blocks
    pcm = Pcm.from_array(np.concatenate([noise(quiet_frames * FRAME_S, -60), speech])[None], 16_000)
    probabilities = detect(pcm, 0)
    assert len(probabilities) == -(-pcm.num_samples // FRAME_SAMPLES)
    spans = speech_spans(probabilities, 0.5, 0.1, 0.3)
    alone = speech_spans(detect(Pcm.from_array(speech[None], 16_000), 0), 0.5, 0.1, 0.3)
    assert len(spans) == len(alone)
    for span, expected in zip(spans, alone, strict=True):
        assert span.start_s - quiet_frames * FRAME_S == pytest.approx(expected.start_s, abs=0.2)
        assert span.end_s - quiet_frames * FRAME_S == pytest.approx(expected.end_s, abs=0.2)
