"""The diarizer, loaded once for all tests, and audio for it: the sample call and signals made on the spot."""

from __future__ import annotations

import atexit
import importlib.util
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import Acoustics, Audio, CallOptions, Media, Pcm, Recording
from callytics.engines.diarization.onnx import OnnxDiarizer

RATE_HZ = 16_000
SAMPLE = Path(__file__).parents[3] / "sample"
Samples = npt.NDArray[np.float32]


@cache
def onnx_diarizer() -> OnnxDiarizer:
    return OnnxDiarizer()


@cache
def pyannote_diarizer() -> Any:
    """With segmentation-3.0 and CAM++; only in its environment (tests/environments/test_speaker_diarizer.py)."""
    if importlib.util.find_spec("torchaudio") is None:
        pytest.skip("needs runtime_envs/speaker-diarizer.txt; `make test-slow` builds it and runs this in it")
    from callytics.engines.diarization.pyannote import PyannoteDiarizer
    from tests.engines.diarization.pyannote_folder import carried_pipeline

    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return PyannoteDiarizer(pipeline=str(carried_pipeline(folder / "pipeline")))


@cache
def sample_channels() -> Samples:
    """The sample call, agent and customer, shape (2, num_samples)."""
    from callytics.engines.audio.standard import StandardAudioProcessor

    audio = StandardAudioProcessor()(Recording("sample", str(SAMPLE / "call.mp3")), CallOptions())
    return np.stack([audio.pcm.float32(0), audio.pcm.float32(1)])


def sample_reference() -> list[dict[str, Any]]:
    """Turns with role, start_s and end_s."""
    turns: list[dict[str, Any]] = json.loads((SAMPLE / "reference.json").read_text(encoding="utf-8"))["turns"]
    return turns


def audio_of(
    *channels: npt.NDArray[Any], indices: tuple[int, ...] | None = None, file_channels: int = 0
) -> Audio:
    """Float samples in [-1, 1] at 16 kHz, one array per channel."""
    pcm = Pcm.from_array(np.stack(channels), RATE_HZ)
    media = Media("0" * 64, "wav", "pcm_s16le", RATE_HZ, file_channels or len(channels), pcm.duration_s)
    acoustics = Acoustics(-30.0, -30.0, 30.0, 0.0, 0.5)
    return Audio(pcm, media, acoustics, indices or tuple(range(len(channels))))


def tones(duration_s: float, *frequencies_hz: float) -> Samples:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return np.asarray(0.1 * sum(np.sin(2 * np.pi * f * time_s) for f in frequencies_hz), np.float32)


def noise(duration_s: float, level_dbfs: float = -50.0) -> Samples:
    samples = np.random.default_rng(0).standard_normal(round(duration_s * RATE_HZ))
    return np.asarray(samples * 10 ** (level_dbfs / 20), np.float32)
