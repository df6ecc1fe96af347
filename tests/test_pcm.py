from __future__ import annotations

import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import Pcm
from callytics.pcm import BLOCK_SAMPLES, PackedPcm, pack, unpack

NUM_SAMPLES = 2 * BLOCK_SAMPLES + 1_000
SAMPLES = np.random.default_rng(1).integers(-32_768, 32_768, (2, NUM_SAMPLES)).astype(np.int16)


def packed(samples: npt.NDArray[np.int16]) -> PackedPcm:
    blocks = tuple(
        tuple(pack(row[start : start + BLOCK_SAMPLES]) for start in range(0, len(row), BLOCK_SAMPLES))
        for row in samples
    )
    return PackedPcm(blocks, len(samples), samples.shape[1], 16_000)


def test_every_sample_comes_back() -> None:
    extremes = np.array([-32_768, 32_767, 0, -1, 1] * 1_000, np.int16)
    assert np.array_equal(unpack(pack(extremes)), extremes)
    assert np.array_equal(packed(SAMPLES).int16(), SAMPLES)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 10),
        (BLOCK_SAMPLES - 5, BLOCK_SAMPLES + 5),
        (7, NUM_SAMPLES),
        (BLOCK_SAMPLES, 2 * BLOCK_SAMPLES),
        (NUM_SAMPLES - 3, NUM_SAMPLES + 50),
        (NUM_SAMPLES + 1, NUM_SAMPLES + 9),
        (5, 5),
    ],
)
def test_a_part_is_that_of_plain_samples(start: int, end: int) -> None:
    plain, pcm = Pcm.from_array(SAMPLES, 16_000), packed(SAMPLES)
    for channel in (0, 1):
        part = pcm.samples(channel, start, end)
        assert part.dtype == np.int16
        assert np.array_equal(part, plain.samples(channel, start, end))
        seconds = start / 16_000, end / 16_000
        assert np.array_equal(pcm.float32(channel, *seconds), plain.float32(channel, *seconds))
    assert np.array_equal(pcm.float32(1), plain.float32(1))
    assert pcm.duration_s == plain.duration_s


def test_its_blocks_pickle_out_of_band() -> None:
    buffers: list[pickle.PickleBuffer] = []
    pcm = packed(SAMPLES)
    data = pickle.dumps(pcm, protocol=5, buffer_callback=buffers.append)
    assert len(data) < 1_000
    assert [bytes(buffer) for buffer in buffers] == [
        bytes(block) for blocks in pcm.buffer for block in blocks
    ]
    copy = pickle.loads(data, buffers=[memoryview(bytes(buffer)) for buffer in buffers])
    assert np.array_equal(copy.int16(), SAMPLES)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_it_pickles_whole(protocol: int) -> None:
    assert np.array_equal(pickle.loads(pickle.dumps(packed(SAMPLES), protocol)).int16(), SAMPLES)


def test_several_threads_read_it() -> None:
    pcm = packed(SAMPLES)
    starts = list(range(0, NUM_SAMPLES, 30_000)) * 3
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda start: pcm.samples(start % 2, start, start + 40_000), starts))
    for start, part in zip(starts, parts, strict=True):
        assert np.array_equal(part, SAMPLES[start % 2, start : start + 40_000])


def test_nothing_keeps_it_when_nobody_needs_it() -> None:
    pcm = packed(SAMPLES[:, :1_000])
    pcm.samples(0, 0, 10)
    gone = weakref.ref(pcm)
    gc.disable()
    try:
        del pcm
        assert gone() is None
    finally:
        gc.enable()


def test_a_telephone_call_takes_less_than_half() -> None:
    """8 kHz at 16 kHz, as mu-law leaves it: half of the spectrum is empty."""
    import soxr

    speech = np.random.default_rng(2).standard_normal(80_000).cumsum() * 20
    quantised = np.rint(speech / 64) * 64
    narrow = soxr.resample(np.clip(quantised, -30_000, 30_000).astype(np.int16), 8_000, 16_000)
    assert len(pack(narrow)) < narrow.nbytes / 2
