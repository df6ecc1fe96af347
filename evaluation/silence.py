"""Text invented without speech: recordings without speech, and long pauses between two sentences.

All sound without speech is synthesised from fixed seeds, in telephone quality (8 kHz, 16 bit). A perfect recogniser
writes nothing; every letter or digit counts. For pauses, only words whose middle is in the pause count.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.domain import CallOptions, Word
from callytics.metrics import characters
from evaluation.baselines import PlainWhisper, decode
from evaluation.datasets import Clip, clips
from evaluation.hypothesis import Hypothesis, SystemUnderTest

LINE_RATE_HZ = 8_000
SEED = 20261122
PAUSE_S = 60.0
PAUSE_EDGE_S = 0.5
"""A word within this distance of a sentence may belong to it."""

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InventedText:
    """One recording without speech (or with a pause), one system."""

    system: str
    recording: str
    duration_s: float
    characters: int
    text: str
    dropped_characters: int = 0


@dataclass(frozen=True)
class NonSpeech:
    """``speech_s``: the parts with speech; text outside them counts."""

    name: str
    path: Path
    duration_s: float
    num_channels: int
    language: str | None = None
    speech_s: tuple[tuple[float, float], ...] = ()


# ---------------------------------------------------------------- synthesis


def _time(duration_s: float) -> Samples:
    return np.arange(round(duration_s * LINE_RATE_HZ)) / LINE_RATE_HZ


def _coloured_noise(duration_s: float, level_dbfs: float, exponent: float, seed: int) -> Samples:
    """Gaussian noise with a power spectrum of 1 / f**exponent: 0 white, 1 pink, 2 brown."""
    count = round(duration_s * LINE_RATE_HZ)
    frequencies = np.fft.rfftfreq(count, 1 / LINE_RATE_HZ)
    frequencies[0] = frequencies[1]
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count)) / frequencies ** (exponent / 2)
    return _at_level(np.fft.irfft(spectrum, count), level_dbfs)


def _at_level(samples: Samples, level_dbfs: float) -> Samples:
    return np.asarray(samples * 10 ** (level_dbfs / 20) / np.sqrt(np.mean(samples**2)))


def _cadence(frequencies_hz: Sequence[float], on_s: float, off_s: float, duration_s: float) -> Samples:
    """Call-progress tones: several frequencies at once, on and off."""
    time_s = _time(duration_s)
    tone = np.sum([np.sin(2 * np.pi * f * time_s) for f in frequencies_hz], axis=0)
    return _at_level(tone * ((time_s % (on_s + off_s)) < on_s), -20)


def _dtmf(duration_s: float) -> Samples:
    """The keys 0 to 9 over and over, 0.2 s each with 0.3 s between (ITU-T Q.23)."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    keys = [(941, 1336)] + [(rows[key // 3], columns[key % 3]) for key in range(9)]
    time_s = _time(duration_s)
    samples = np.zeros_like(time_s)
    for index in range(int(duration_s / 0.5)):
        on = (time_s >= 0.5 * index) & (time_s < 0.5 * index + 0.2)
        low, high = keys[index % len(keys)]
        samples[on] = np.sin(2 * np.pi * low * time_s[on]) + np.sin(2 * np.pi * high * time_s[on])
    return _at_level(samples, -22)


def _hold_music(duration_s: float, drums: bool) -> Samples:
    """Plucked notes over a bass, 100 beats per minute, four chords; with ``drums`` also noise bursts."""
    time_s = _time(duration_s)
    samples = np.zeros_like(time_s)
    beat_s = 0.6
    chords = ((261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))
    noise = np.random.default_rng(SEED).standard_normal(len(time_s))
    for beat in range(int(duration_s / beat_s)):
        chord = chords[(beat // 4) % 4]
        note = chord[beat % 3] * (2 if beat % 4 == 2 else 1)
        local_s = time_s - beat * beat_s
        on = (local_s >= 0) & (local_s < 2 * beat_s)
        pluck = np.exp(-4 * local_s[on])
        for harmonic in range(1, 6):
            samples[on] += pluck / harmonic * np.sin(2 * np.pi * harmonic * note * local_s[on])
        samples[on] += 0.6 * np.exp(-2 * local_s[on]) * np.sin(2 * np.pi * chord[0] / 2 * local_s[on])
        if drums:
            samples[on] += 0.8 * np.exp(-40 * local_s[on]) * noise[on]
    return _at_level(samples, -20)


def _line_hum(duration_s: float) -> Samples:
    """60 Hz mains hum with harmonics, and clicks at random times."""
    time_s = _time(duration_s)
    hum = np.sum([np.sin(2 * np.pi * 60 * k * time_s) / k for k in (1, 2, 3, 5, 7)], axis=0)
    clicks = np.zeros_like(time_s)
    clicks[np.random.default_rng(SEED).integers(0, len(time_s), int(duration_s))] = 8.0
    return _at_level(hum + clicks, -35)


RECORDINGS: dict[str, Callable[[], list[Samples]]] = {
    "digital silence": lambda: [np.zeros(30 * LINE_RATE_HZ)],
    "white noise -60 dBFS": lambda: [_coloured_noise(30, -60, 0, SEED)],
    "white noise -30 dBFS": lambda: [_coloured_noise(30, -30, 0, SEED + 1)],
    "pink noise -50 dBFS": lambda: [_coloured_noise(60, -50, 1, SEED + 2)],
    "pink noise -30 dBFS": lambda: [_coloured_noise(30, -30, 1, SEED + 3)],
    "brown noise -30 dBFS": lambda: [_coloured_noise(30, -30, 2, SEED + 4)],
    "mains hum and clicks": lambda: [_line_hum(30)],
    "ringback, Korea and US": lambda: [_cadence((440, 480), 2, 4, 30)],
    "busy": lambda: [_cadence((480, 620), 0.5, 0.5, 30)],
    "DTMF": lambda: [_dtmf(20)],
    "hold music": lambda: [_hold_music(60, drums=False)],
    "hold music with drums": lambda: [_hold_music(60, drums=True)],
    "stereo: hold music and line noise": lambda: [
        _hold_music(60, drums=True),
        _coloured_noise(60, -50, 1, SEED),
    ],
    "stereo: both silent": lambda: [np.zeros(30 * LINE_RATE_HZ), np.zeros(30 * LINE_RATE_HZ)],
}


def make_recordings(folder: Path) -> list[NonSpeech]:
    """Write every recording without speech as a WAV file into the folder."""
    made = []
    for name, synthesise in RECORDINGS.items():
        channels = synthesise()
        path = folder / f"{''.join(c if c.isalnum() else '_' for c in name)}.wav"
        _write_wav(path, channels, LINE_RATE_HZ)
        made.append(NonSpeech(name, path, len(channels[0]) / LINE_RATE_HZ, len(channels)))
    return made


def make_pauses(data: Path, folder: Path, num_per_language: int = 2) -> list[NonSpeech]:
    """Two sentences of the kit with a minute of faint line noise between them."""
    made = []
    for language in ("ko", "en"):
        chosen = [clip for clip in clips(data, language) if clip.duration_s >= 4.0]
        for index in range(num_per_language):
            pair = chosen[2 * index : 2 * index + 2]
            made.append(_make_pause(pair, folder / f"pause_{language}_{index}.wav"))
    return made


def _make_pause(pair: Sequence[Clip], path: Path) -> NonSpeech:
    rate_hz = 16_000
    before, after = (np.asarray(decode(clip.path, 1)[0], dtype=np.float64) for clip in pair)
    count = round(PAUSE_S * rate_hz)
    noise = _at_level(np.random.default_rng(SEED).standard_normal(count), -60)
    _write_wav(path, [np.concatenate([before, noise, after])], rate_hz)
    start_s, end_s = len(before) / rate_hz, (len(before) + count) / rate_hz
    duration_s = end_s + len(after) / rate_hz
    name = f"{PAUSE_S:.0f} s pause ({pair[0].language}, {pair[0].id})"
    return NonSpeech(name, path, duration_s, 1, pair[0].language, ((0.0, start_s), (end_s, duration_s)))


def _write_wav(path: Path, channels: Sequence[Samples], rate_hz: int) -> None:
    samples = (np.clip(np.stack(channels, axis=1), -1, 1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())


# ---------------------------------------------------------------- scoring


def invented(recording: NonSpeech, hypothesis: Hypothesis, system: str) -> InventedText:
    """The text written without speech. Without word times (mode (i)), a pause cannot be scored: use this only for
    recordings without any speech."""
    text = hypothesis.text
    if recording.speech_s:
        text = " ".join(
            word.text for word, _ in hypothesis.words if not _near_speech(word, recording.speech_s)
        )
    return InventedText(
        system,
        recording.name,
        recording.duration_s,
        len(characters(text)),
        text,
        hypothesis.dropped_characters,
    )


def _near_speech(word: Word, speech_s: Sequence[tuple[float, float]]) -> bool:
    middle_s = (word.start_s + word.end_s) / 2
    return any(start - PAUSE_EDGE_S <= middle_s <= end + PAUSE_EDGE_S for start, end in speech_s)


def score_ours(system: SystemUnderTest, recording: NonSpeech) -> InventedText:
    hypothesis = system(recording.path, CallOptions(language=recording.language))
    return invented(recording, hypothesis, "callytics")


def score_baseline(baseline: PlainWhisper, recording: NonSpeech, mode: str) -> InventedText:
    hypothesis = baseline(recording.path, mode, recording.language, recording.num_channels)
    return invented(recording, hypothesis, mode)


def summary(rows: Sequence[InventedText]) -> dict[str, int]:
    """System -> invented characters over all its recordings."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.system] = sums.get(row.system, 0) + row.characters
    return sums
