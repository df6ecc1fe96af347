"""The recogniser with its real weights, loaded once for all tests, and audio for it made on the spot."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.domain import Acoustics, Audio, CallOptions, Media, Pcm, Recording
from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.weights import manifest as models

RATE_HZ = 16_000
SAMPLE = Path(__file__).parents[2] / "sample" / "call.mp3"


@cache
def whisper_base() -> FasterWhisperRecognizer:
    models.pull("whisper-base")
    return FasterWhisperRecognizer()


@cache
def sample_audio() -> Audio:
    from callytics.engines.audio.standard import StandardAudioProcessor

    audio: Audio = StandardAudioProcessor()(Recording("sample", str(SAMPLE)), CallOptions())
    return audio


def audio_of(*channels: npt.NDArray[np.floating]) -> Audio:
    """Float samples in [-1, 1] at 16 kHz, one array per channel."""
    return audio_from(Pcm.from_array(np.stack(channels), RATE_HZ))


def audio_from(pcm: Pcm) -> Audio:
    media = Media("0" * 64, "wav", "pcm_s16le", pcm.sample_rate_hz, pcm.num_channels, pcm.duration_s)
    return Audio(pcm, media, Acoustics(-30.0, -30.0, 30.0, 0.0, 0.5), tuple(range(pcm.num_channels)))


def noise(seconds: float, level_dbfs: float, seed: int = 0) -> npt.NDArray[np.float64]:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return samples * 10 ** (level_dbfs / 20)


def tones(
    seconds: float, frequencies_hz: tuple[float, ...], amplitude: float = 0.1
) -> npt.NDArray[np.float64]:
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return amplitude * np.sum([np.sin(2 * np.pi * hz * times) for hz in frequencies_hz], axis=0)


def music(seconds: float) -> npt.NDArray[np.float64]:
    """Hold music: four chords of plucked tones, one a second."""
    chords = ((262, 330, 392), (294, 370, 440), (247, 311, 370), (262, 330, 392, 523))
    bars = [
        tones(1.0, tuple(map(float, chords[i % 4])), 0.08) * np.exp(-2.0 * np.arange(RATE_HZ) / RATE_HZ)
        for i in range(round(seconds))
    ]
    return np.concatenate(bars)
