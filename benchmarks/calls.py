"""The measured calls: cut and joined from the composed calls of the kit, else from the sample call.

Deterministic, except for the last eight milliseconds: a pattern of the run, with an amplitude of one 16-bit step. It
makes every file a different recording, because a known recording is not computed again.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

PROJECT = Path(__file__).resolve().parents[1]
KIT = PROJECT.parent / "shared/data/calls/composed"
SAMPLE = PROJECT / "sample/call.mp3"
KOREAN = tuple(f"ko_call{number}" for number in ("1", "2", "3", "4", "5_emotion"))
MIXED = (
    "ko_call1",
    "en_call1",
    "ko_call2",
    "en_call2",
    "ko_call3",
    "en_call3",
    "ko_call4",
    "ko_call5_emotion",
)
"""Korean and English, alternating."""

LENGTHS_S = (60, 180, 75, 60, 75)
"""One to three minutes, ninety seconds on average: twenty calls are half an hour."""

PAUSE_S = 0.7
"""Between joined calls: the length of an ordinary pause between two utterances."""

MARK_SAMPLES = 64
Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Call:
    """A recording to measure. ``name`` is the same in every run."""

    name: str
    path: Path
    audio_s: float


def source_paths(names: tuple[str, ...]) -> list[Path]:
    """The stereo files of these calls; the sample without the kit."""
    found = [path for name in names for path in KIT.glob(f"{name}.stereo.*")]
    return found or [SAMPLE]


def compose(folder: Path, num_calls: int, run: str) -> list[Call]:
    """Calls of one to three minutes, Korean and English, alternately with two channels and one, as 16-bit WAV."""
    sources = source_paths(MIXED)
    calls = []
    for i in range(num_calls):
        turn = i // len(sources)
        channels = 2 if (i + turn) % 2 == 0 else 1
        length_s = LENGTHS_S[i % len(LENGTHS_S)]
        samples, rate_hz = _read(sources[i % len(sources)])
        start = (turn // 2) * len(samples) // 2
        source = sources[i % len(sources)].name.partition(".")[0]
        name = f"{i:02d}-{source}-{'stereo' if channels == 2 else 'mono'}-{length_s}s"
        path = folder / f"{name}.wav"
        parts = _loop(samples, start, length_s * rate_hz)
        calls.append(Call(name, path, write(path, parts, rate_hz, channels, f"{run} {name}")))
    return calls


def join(folder: Path, minutes: float, run: str, offset_s: float = 0.0, channels: int = 2) -> Call:
    """One call made of consecutive Korean calls with pauses, repeated as needed; mu-law at 8 kHz if the sources have
    that rate. At most one source is in memory.

    Args:
        offset_s: start in the material.
    """
    sources = source_paths(KOREAN)
    rate_hz = _read(sources[0])[1]
    name = f"{minutes:g}-minutes-{'stereo' if channels == 2 else 'mono'}"
    path = folder / f"{name}-{run}.wav"
    parts = _cut(_endless(sources, rate_hz), round(offset_s * rate_hz), round(minutes * 60 * rate_hz))
    return Call(name, path, write(path, parts, rate_hz, channels, run, subtype="ULAW"))


@contextmanager
def warm_up_paths() -> Iterator[list[Path]]:
    """Unmeasured first calls, in English and Korean, because some engines load data of a language at its first
    call."""
    with tempfile.TemporaryDirectory(prefix="callytics-") as scratch:
        yield [SAMPLE, join(Path(scratch), 0.5, "warm-up").path]


def material_s() -> float:
    """Length of the joined calls before they repeat."""
    lengths = [(len(samples), rate_hz) for samples, rate_hz in map(_read, source_paths(KOREAN))]
    return sum(count / rate_hz + PAUSE_S for count, rate_hz in lengths)


def write(
    path: Path, parts: Iterator[Samples], rate_hz: int, channels: int, mark: str, subtype: str = "PCM_16"
) -> float:
    """Write stereo parts one by one, mixed for one channel, and return the length in seconds.

    ``mark`` decides the last samples.
    """
    import soundfile

    draws = random.Random(mark)
    # 132 and -132 are the mu-law steps around zero; in 16 bits one step is enough.
    loud = 132 if subtype == "ULAW" else 1
    last = np.array([[draws.choice((-loud, loud))] * channels for _ in range(MARK_SAMPLES)], np.int16)
    count = 0
    with soundfile.SoundFile(path, "w", rate_hz, channels, subtype) as file:
        for part in parts:
            count += len(part)
            file.write(part if channels == 2 else _mixed(part))
        file.write(last)
    return (count + MARK_SAMPLES) / rate_hz


def _read(path: Path) -> tuple[Samples, int]:
    """Stereo samples, shape (num_samples, 2), and their rate."""
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    if samples.shape[1] != 2:
        raise ValueError(f"{path} has {samples.shape[1]} channel(s); calls are made of stereo files")
    return samples, int(rate_hz)


def _mixed(samples: Samples) -> Samples:
    mixed: Samples = np.clip(samples.sum(axis=1, keepdims=True, dtype=np.int32), -32768, 32767).astype(
        np.int16
    )
    return mixed


def _loop(samples: Samples, start: int, count: int) -> Iterator[Samples]:
    """``count`` samples from ``start``; the first sample follows the last."""
    while count > 0:
        part = samples[start : start + count]
        yield part
        count -= len(part)
        start = 0


def _endless(sources: list[Path], rate_hz: int) -> Iterator[Samples]:
    while True:
        for source in sources:
            yield _read(source)[0]
            yield np.zeros((round(PAUSE_S * rate_hz), 2), np.int16)


def _cut(parts: Iterator[Samples], start: int, count: int) -> Iterator[Samples]:
    for part in parts:
        skipped = min(start, len(part))
        start -= skipped
        kept = part[skipped : skipped + count]
        count -= len(kept)
        if len(kept):
            yield kept
        if count <= 0:
            return
