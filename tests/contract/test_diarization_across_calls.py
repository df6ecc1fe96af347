"""Windows and voices of several calls in one batch: every call gets the turns that it gets alone, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from callytics.domain import Audio, CallOptions, Diarization, Pcm
from callytics.engines import batch_listeners
from callytics.engines.batch_listeners import BatchDone
from callytics.engines.diarization.onnx import OnnxDiarizer
from callytics.engines.diarization.segmentation import _BATCH_WINDOWS
from callytics.weights import manifest as models
from tests.support.recognizers import audio_of, sample_audio

STEP_S = 5.0


@pytest.fixture(scope="module")
def alone() -> OnnxDiarizer:
    for name in ("segmentation-3.0", "campplus-zh-en"):
        models.pull(name)
    return OnnxDiarizer()


@pytest.fixture
def together(alone: OnnxDiarizer) -> Iterator[OnnxDiarizer]:
    engine = OnnxDiarizer(batch_across_calls=True, num_workers=1)
    yield engine
    engine.close()


@pytest.fixture
def batches() -> Iterator[list[BatchDone]]:
    told: list[BatchDone] = []
    stop = batch_listeners.listen(told.append)
    yield told
    stop()


def stereo(start_s: float, end_s: float) -> Audio:
    pcm = sample_audio().pcm
    return audio_of(pcm.float32(0, start_s, end_s), pcm.float32(1, start_s, end_s))


def mono(start_s: float, end_s: float) -> Audio:
    """Both parties in one channel: who speaks is told by the voices."""
    pcm = sample_audio().pcm
    return audio_of((pcm.float32(0, start_s, end_s) + pcm.float32(1, start_s, end_s)) / 2)


def test_turns_of_a_call_are_the_same_alone_and_in_company(
    alone: OnnxDiarizer, together: OnnxDiarizer, batches: list[BatchDone]
) -> None:
    calls = [stereo(0, 30), mono(0, 45), mono(20, 60), stereo(33, 47), mono(5, 31)]
    expected = [alone(audio, CallOptions()) for audio in calls]
    assert not batches
    with ThreadPoolExecutor(len(calls)) as pool:
        asked = [pool.submit(together, audio, CallOptions()) for audio in calls]
        found: list[Diarization] = [one.result(300) for one in asked]
    assert found == expected
    assert any(len(one.participants) == 2 for one in found[1:3])
    sizes = {name: [one.num_pieces for one in batches if one.queue == name] for name in ("windows", "voices")}
    assert all(max(of_queue) > 1 for of_queue in sizes.values()), sizes


def test_probabilities_have_the_same_bits_whatever_batch_they_are_in(
    alone: OnnxDiarizer, together: OnnxDiarizer
) -> None:
    """Speech of any length, so that the last batches have any size, and windows of other calls beside them."""
    pcms: list[Pcm] = [stereo(0, end_s).pcm for end_s in (9.0, 21.5, 44.0, 60.0)]
    with ThreadPoolExecutor(len(pcms)) as pool:
        shared = list(pool.map(lambda pcm: together._segmenter(pcm, 0, STEP_S), pcms))
    for pcm, activity in zip(pcms, shared, strict=True):
        single = alone._segmenter(pcm, 0, STEP_S)
        assert np.array_equal(activity.speech, single.speech)
        assert np.array_equal(activity.probabilities, single.probabilities)


@pytest.mark.parametrize("num_frames", [20, 98, 151, 298])
def test_voices_have_the_same_bits_in_every_batch(
    alone: OnnxDiarizer, together: OnnxDiarizer, num_frames: int
) -> None:
    generator = np.random.default_rng(num_frames)
    pieces = list(generator.normal(0, 1, (16, num_frames, 80)).astype(np.float32))
    single = [alone._embedder(piece) for piece in pieces]
    for size in (1, 2, 3, 5, 8, 16):
        vectors = together._embedder._vectors(pieces[:size])
        assert all(np.array_equal(one, other) for one, other in zip(vectors, single[:size], strict=True)), (
            size
        )
    others = [piece[: num_frames - 1] for piece in pieces[:4]]
    assert np.array_equal(together._embedder.several([pieces[0], *others])[0], single[0])


def test_call_is_never_asked_to_hold_all_of_its_windows(
    together: OnnxDiarizer, batches: list[BatchDone]
) -> None:
    """Ten minutes of silence: batches are full, and none holds more than the model takes at once."""
    silence = np.zeros(16_000 * 600, np.float32)
    activity = together._segmenter(audio_of(silence).pcm, 0, STEP_S)
    sizes = [one.num_pieces for one in batches]
    assert sum(sizes) == len(activity.first_frames) > 100
    assert max(sizes) == _BATCH_WINDOWS
