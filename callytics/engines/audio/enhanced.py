"""A copy of a recording to listen to: rumble and noise reduced, each channel at the same loudness.

The recording is never in memory as a whole. It is cleaned stretch by stretch, neighbours cross-faded, into a temporary
FLAC file, which also yields the loudness; a second pass over that file sets the level. The noise profile of a stretch
comes from its own quietest parts (enhance.py), so the same recording always gives the same copy.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from callytics.domain import CallOptions
from callytics.engines.audio import enhance, tracks
from callytics.engines.audio.convert import LAYOUTS, TARGETS, known_format, toned, write
from callytics.engines.audio.frames import Samples
from callytics.engines.audio.measure import LOUDNESS_GATE_LUFS, k_weighting, loudness_lufs
from callytics.engines.audio.source import UNHASHED, Source
from callytics.engines.audio.timeline import Block
from callytics.engines.audio.tones import Interval, with_tones

HIGH_PASS_HZ = 80.0
LOUDNESS_LUFS = -23.0  # EBU R 128
MOST_DB = 15.0  # more is heard as a noise that comes and goes with the speech
STRETCH_SAMPLES = 480_000
"""30 s at 16 kHz, 60 s at 8 kHz: spectra of one channel of a stretch take about 100 MB, at any sample rate."""

FADE_S = 1.0
IDLE_BELOW_LU = 25.0
"""A channel so much quieter than the loudest holds line noise, which is not raised to the level of speech."""


def enhanced(
    uri: str,
    format: str,
    options: CallOptions | None,
    max_duration_s: float,
    tones: Sequence[Interval] = (),
) -> bytes:
    """The cleaned recording as wav, flac, mp3 or opus, with the rate, channels and length of convert.convert.

    The parts under ``tones`` are silenced first, so no processing can smear them, and get their tone at the end.

    Raises:
        InvalidRequestError: ``format`` is not wav, flac, mp3 or opus.
        InvalidMediaError: the recording cannot be decoded, or is longer than ``max_duration_s``.
    """
    target = known_format(format)

    sink = io.BytesIO()
    with tempfile.TemporaryFile() as file, Source(uri, UNHASHED) as source:

        def clean(found: tracks.Tracks) -> LoudnessMeter:
            file.seek(0)  # of an attempt that met more channels
            file.truncate()
            meter = LoudnessMeter(found.sample_rate_hz)
            silenced = (samples for samples, _ in toned(found, tones, max_duration_s, amplitude=0.0))
            blocks = meter.metered(cleaned(silenced, found.sample_rate_hz))
            write(((samples, found.sample_rate_hz) for samples in blocks), TARGETS["flac"], file)
            return meter

        meter = tracks.read(source, options or CallOptions(), clean)
        file.seek(0)
        levelled = amplified(_decoded(file), meter.gains_db(LOUDNESS_LUFS))
        write(_with_tones(levelled, meter.rate_hz, tones), target, sink)
    return sink.getvalue()


def cleaned(blocks: Iterable[Samples], rate_hz: int, most_db: float = MOST_DB) -> Iterator[Samples]:
    """High-pass and noise reduction of blocks of shape (num_channels, num_samples), in other blocks of equal length."""

    def reduced(samples: Samples) -> Samples:
        return np.stack([enhance.without_noise(channel, rate_hz, most_db) for channel in samples])

    return _by_stretches(_high_passed(blocks, rate_hz), round(FADE_S * rate_hz), reduced)


def amplified(blocks: Iterable[Samples], gains_db: Sequence[float]) -> Iterator[Samples]:
    """Blocks with a gain per channel, and peaks limited to -1 dBFS."""
    factors = 10 ** (np.asarray(gains_db, np.float32)[:, np.newaxis] / 20)

    def limited(samples: Samples) -> Samples:
        return np.stack([enhance.limit(channel) for channel in samples * factors])

    return _by_stretches(blocks, 2 * enhance.LIMITER_SAMPLES, limited)


def _high_passed(blocks: Iterable[Samples], rate_hz: int) -> Iterator[Samples]:
    from scipy.signal import butter, sosfilt, sosfilt_zi

    sections = butter(enhance.HIGH_PASS_ORDER, HIGH_PASS_HZ, "highpass", fs=rate_hz, output="sos")
    state: Any = None
    for block in blocks:
        samples = block[: len(LAYOUTS)].astype(np.float64)
        if state is None:  # as if the first sample had always been there: an offset makes no click
            state = sosfilt_zi(sections)[:, np.newaxis, :] * samples[np.newaxis, :, :1]
        filtered, state = sosfilt(sections, samples, axis=1, zi=state)
        yield filtered.astype(np.float32)


def _by_stretches(
    blocks: Iterable[Samples], fade_samples: int, treat: Callable[[Samples], Samples]
) -> Iterator[Samples]:
    """``treat`` on stretches that overlap; the outcomes are cross-faded, so no border is heard."""
    held: Samples | None = None
    fade = np.linspace(0.0, 1.0, fade_samples, dtype=np.float32)
    for stretch, is_last in _stretches(blocks, STRETCH_SAMPLES, fade_samples):
        treated = treat(stretch)
        if held is not None:
            treated[:, :fade_samples] = held * (1 - fade) + treated[:, :fade_samples] * fade
        if not is_last:
            held = treated[:, -fade_samples:].copy()
            treated = treated[:, :-fade_samples]
        yield treated


def _stretches(blocks: Iterable[Samples], size: int, overlap: int) -> Iterator[tuple[Samples, bool]]:
    """Stretches of ``size`` samples that overlap, each with whether it is the last, which has up to twice the size."""
    parts: list[Samples] = []
    length = 0
    for block in blocks:
        parts.append(block)
        length += block.shape[1]
        while length >= 2 * size:
            joined = np.concatenate(parts, axis=1)
            yield joined[:, :size], False
            parts = [joined[:, size - overlap :].copy()]
            length = parts[0].shape[1]
    if parts:
        yield np.concatenate(parts, axis=1), True


class LoudnessMeter:
    """Loudness of each channel (ITU-R BS.1770-5) of blocks that pass through."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._powers: list[npt.NDArray[np.float64]] = []

    def metered(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        from scipy.signal import sosfilt

        sections = k_weighting(self.rate_hz)
        step = self.rate_hz // 10
        state: Any = None
        rest: npt.NDArray[np.float64] | None = None
        for block in blocks:
            if state is None or rest is None:
                state = np.zeros((len(sections), len(block), 2))
                rest = np.zeros((len(block), 0))
            weighted, state = sosfilt(sections, block.astype(np.float64), axis=1, zi=state)
            weighted = np.concatenate([rest, weighted], axis=1)
            whole = weighted.shape[1] // step * step
            self._powers.append((weighted[:, :whole].reshape(len(block), -1, step) ** 2).mean(axis=2))
            rest = weighted[:, whole:]
            yield block

    def gains_db(self, target_lufs: float) -> tuple[float, ...]:
        """Gain of each channel; a silent one gets none, an idle one that of the loudest."""
        powers = np.concatenate(self._powers, axis=1)
        channels = [loudness_lufs(powers[row : row + 1]) for row in range(len(powers))]
        loudest = max(channels)
        if loudest <= LOUDNESS_GATE_LUFS:
            return (0.0,) * len(channels)
        heard = [loudest if loudness < loudest - IDLE_BELOW_LU else loudness for loudness in channels]
        return tuple(min(target_lufs - loudness, enhance.MAX_GAIN_DB) for loudness in heard)


def _decoded(file: BinaryIO) -> Iterator[Samples]:
    """The blocks of the temporary file, whose samples are interleaved 16-bit integers."""
    import av

    with av.open(file, "r") as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T
            yield samples.astype(np.float32) / np.float32(32768.0)


def _with_tones(blocks: Iterable[Samples], rate_hz: int, tones: Sequence[Interval]) -> Iterator[Block]:
    start = 0
    for block in blocks:
        yield with_tones(block, start / rate_hz, rate_hz, tones), rate_hz
        start += block.shape[1]
