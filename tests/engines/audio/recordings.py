"""Recordings in many formats, and broken ones, made on the spot from the sample call."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

SAMPLE = Path(__file__).parents[3] / "sample" / "call.mp3"
RATE_HZ = 16_000
Samples = npt.NDArray[np.float32]


@cache
def call() -> Samples:
    """The sample call, shape (2, num_samples), 16 kHz; read-only."""
    samples, rate_hz = soundfile.read(SAMPLE, dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    samples.setflags(write=False)
    return np.ascontiguousarray(samples.T)


def excerpt(start_s: float = 0.0, end_s: float = 6.0) -> Samples:
    return call()[:, round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


def agent(seconds: float = 4.0) -> Samples:
    """One voice, shape (num_samples,)."""
    return excerpt(0.6, 0.6 + seconds)[0]


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ, subtype: str = "PCM_16") -> str:
    """``samples``: shape (num_channels, num_samples) or (num_samples,), at ``rate_hz``."""
    soundfile.write(path, samples.T, rate_hz, format="WAV", subtype=subtype)
    return str(path)


def encode(
    path: Path,
    codec: str,
    samples: Samples,
    rate_hz: int,
    muxer: str | None = None,
    container: dict[str, str] | None = None,
    **options: str,
) -> str:
    """Through PyAV: resampled to ``rate_hz``, encoded by ``codec``, in the container that the name's suffix says."""
    resampled = soxr.resample(samples.T, RATE_HZ, rate_hz).T if rate_hz != RATE_HZ else samples
    planes = np.ascontiguousarray(np.atleast_2d(resampled), dtype=np.float32)
    layout = "mono" if planes.shape[0] == 1 else "stereo"
    with av.open(str(path), "w", format=muxer, options=container or {}) as output:
        stream: Any = output.add_stream(codec, rate=rate_hz, layout=layout, options=options)
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate_hz)
        frame = av.AudioFrame.from_ndarray(planes, "fltp", layout)
        frame.sample_rate = rate_hz
        fifo = av.AudioFifo()
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            ready.pts = None
            fifo.write(ready)
        size = stream.codec_context.frame_size or 1024
        while (ready := fifo.read(size, partial=fifo.samples < size)) is not None:
            output.mux(stream.encode(ready))
        output.mux(stream.encode(None))
    return str(path)


def with_video(path: Path, samples: Samples) -> str:
    """An MP4 with a picture track before the sound."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio: Any = container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        for _ in range(20):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        frame.sample_rate = RATE_HZ
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return str(path)


def decoded(content: bytes) -> tuple[str, int, int, np.ndarray]:
    """Codec, sample rate, channels, and the samples of a converted recording."""
    with av.open(io.BytesIO(content)) as container:
        stream = container.streams.audio[0]
        frames = []
        for frame in container.decode(stream):
            samples = frame.to_ndarray()
            if not frame.format.is_planar:
                samples = samples.reshape(-1, stream.channels).T
            frames.append(samples.astype(np.float64) / (32768 if samples.dtype == np.int16 else 1))
        return (
            stream.codec_context.codec.canonical_name,
            stream.rate,
            stream.channels,
            np.concatenate(frames, axis=1),
        )


def bursts(length_s: float, times_s: tuple[float, ...], pitch_hz: float, rate_hz: int = RATE_HZ) -> Samples:
    """Tones of 0.5 s with overtones, as a voice has them, that begin at known times, shape (1, num_samples)."""
    samples = np.zeros((1, round(length_s * rate_hz)), np.float32)
    phase = 2 * np.pi * pitch_hz * np.arange(rate_hz // 2) / rate_hz
    tone = 0.3 * sum(np.sin(k * phase) / k for k in range(1, 8))
    for time_s in times_s:
        samples[0, round(time_s * rate_hz) : round(time_s * rate_hz) + rate_hz // 2] = tone
    return samples


def onsets_s(samples: Samples, rate_hz: int) -> list[float]:
    """Where a sound begins after at least 0.25 s of silence, in seconds."""
    window = rate_hz // 200
    whole = samples[: samples.size // window * window].reshape(-1, window)
    loud = np.flatnonzero(np.sqrt((whole**2).mean(axis=1)) > 0.05)
    begins = [frame for index, frame in enumerate(loud) if index == 0 or frame - loud[index - 1] > 50]
    return [float(frame) * window / rate_hz for frame in begins]
