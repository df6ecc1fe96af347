"""Measures level and pitch of the voices in a recording, frame by frame.

Pitch by autocorrelation (Boersma 1993, "Accurate short-term analysis of the fundamental frequency", IFA Proceedings
17): the autocorrelation of a windowed frame, divided by that of the window, has its highest peak at the period. The
height of the peak tells voiced frames from the others. It needs no fundamental, which a telephone line does not pass.
There the formants take the place of the fundamental, so the spectrum is flattened before (Tolonen & Karjalainen 2000,
IEEE Trans. Speech Audio Process. 8): on sentences of the kit in a telephone's band, frames more than 3 semitones above
what the whole band shows became 9 % instead of 14 %. More of it (0.5: 3 %) fails in noise on high voices.

librosa.pyin gives smoother tracks and is far too slow for every call: for those who choose it. librosa.yin does not say
which frames are voiced.
"""

from __future__ import annotations

import base64
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from callytics.domain import (
    PIPELINE_SAMPLE_RATE_HZ,
    VOICE_LEVEL_STEP_DB,
    VOICE_LOWEST_DBFS,
    VOICE_LOWEST_HZ,
    VOICE_STEPS_PER_SEMITONE,
    VoiceTrack,
)
from callytics.engines.audio.measure import blocks
from callytics.engines.audio.sound import Int16, Sound

Floats = npt.NDArray[np.float32]

FRAME_S = 0.05  # three periods of the deepest voice; frames do not overlap
SAME_PITCH = 0.5
"""Semitones. Every second frame is looked at; one between two frames that agree, both unvoiced or with nearly the same
pitch, is taken to be like them, which saves a third of the cost."""
RATE_HZ = (
    8000  # a telephone's; at 4 kHz the lags of a high voice are too coarse, and its double period is found
)
HIGHEST_HZ = 500.0
FLATTENED = 0.7  # exponent of the magnitudes: 1 leaves the spectrum, 0 would make it white
VOICED_FROM = 0.4  # height of the peak; Praat's default is 0.45 without flattening
NEARLY = (
    0.95  # the shortest period with a peak nearly as high as the highest, which may be at a multiple of it
)
MIN_DBFS = -70.0  # idle noise of G.711 has periods, too
ABOVE_NOISE_DB = 6.0  # above the quietest tenth: where noise is as loud as this, no peak reaches VOICED_FROM
BELOW_SPEECH_DB = 30.0  # below the loudest twentieth, where the noise is less than 36 dB below it
STEADY_DB = 2.0  # above the quietest tenth: the pauses of a noisy channel, at whatever level
HAS_PAUSES_DB = 14.0  # the loudest twentieth above the quietest tenth, where a channel has pauses at all

_SIZE = round(FRAME_S * PIPELINE_SAMPLE_RATE_HZ)
_LAGS = round(RATE_HZ / VOICE_LOWEST_HZ) + 2
_PERIOD = 480
"""Length of the transform at RATE_HZ, a quick one. Lags from 80 on wrap around to those above 346, at which only the
faded ends of a frame meet: against 540, .999 of the voiced frames have the same pitch."""
_FIRST_LAG = int(RATE_HZ / HIGHEST_HZ)
_AT_ONCE = 256
"""Frames whose arrays are small enough for the cache, and many enough for the cost of a call."""
_LOWEST_PEAK = 0.25
"""Height of the correlation at a lag; lower ones need no parabola: it adds an eighth of the fall to the next lag at
most, and only peaks of VOICED_FROM times NEARLY can be chosen."""


class PitchMethod(StrEnum):
    AUTOCORRELATION = "autocorrelation"
    PYIN = "pyin"


def load(pitch: PitchMethod) -> None:
    """Import what is used and compile it: with librosa seconds, which belong to the start of the stage."""
    tone = 1000 * np.sin(
        2 * np.pi * 150.0 / PIPELINE_SAMPLE_RATE_HZ * np.arange(_SIZE)
    )  # silence has no pitch
    _of_frames(tone[np.newaxis].astype(np.int16), pitch)


def tracks(pcm: Sound, pitch: PitchMethod = PitchMethod.AUTOCORRELATION) -> tuple[VoiceTrack, ...]:
    """The track of each channel of ``pcm``, shape (num_channels, num_samples), 16 kHz."""
    return tuple(_track(pcm, channel, pitch) for channel in range(pcm.shape[0]))


def _track(pcm: Sound, channel: int, pitch: PitchMethod) -> VoiceTrack:
    levels, pitches = bytearray(), bytearray()
    for block in blocks(pcm.shape[1]):
        samples = pcm[channel, block]
        frames = np.pad(samples, (0, -len(samples) % _SIZE)).reshape(-1, _SIZE)
        levels_dbfs, pitches_hz = _of_frames(frames, pitch)
        levels += _level_steps(levels_dbfs).tobytes()
        pitches += _pitch_steps(pitches_hz).tobytes()
    return VoiceTrack(FRAME_S, base64.b64encode(levels).decode(), base64.b64encode(pitches).decode())


def _of_frames(frames: Int16, pitch: PitchMethod) -> tuple[Floats, Floats]:
    """Level in dBFS and pitch in Hz (0: no voice) of frames at 16 kHz, shape (num_frames, _SIZE)."""
    levels_dbfs = _levels_dbfs(frames)
    audible = levels_dbfs > _inaudible_dbfs(levels_dbfs)
    by = _by_pyin if pitch is PitchMethod.PYIN else _by_autocorrelation
    return levels_dbfs, np.where(audible, by(frames, audible), np.float32(0.0))


def _by_autocorrelation(frames: Int16, audible: npt.NDArray[np.bool_]) -> Floats:
    pitches_hz = np.zeros(len(frames), np.float32)
    is_odd = np.arange(len(frames)) % 2 == 1
    _look(frames, np.flatnonzero(audible & ~is_odd), pitches_hz)
    _look(frames, np.flatnonzero(audible & is_odd & ~_filled(pitches_hz)), pitches_hz)
    return pitches_hz


def _by_pyin(frames: Int16, audible: npt.NDArray[np.bool_]) -> Floats:
    import librosa

    if not audible.any():
        return np.zeros(len(frames), np.float32)
    # Its frames lie around multiples of the hop, ours begin there.
    samples = frames.ravel()[_SIZE // 2 :].astype(np.float32) / 32768.0
    found, _, _ = librosa.pyin(
        samples, fmin=VOICE_LOWEST_HZ, fmax=HIGHEST_HZ, sr=PIPELINE_SAMPLE_RATE_HZ, hop_length=_SIZE
    )
    return np.asarray(np.nan_to_num(found[: len(frames)]), np.float32)


def _look(frames: Int16, chosen: npt.NDArray[np.int64], pitches_hz: Floats) -> None:
    for start in range(0, len(chosen), _AT_ONCE):
        rows = chosen[start : start + _AT_ONCE]
        pitches_hz[rows] = _pitches_hz(_correlation(frames[rows].astype(np.float32)))


def _levels_dbfs(frames: Int16) -> Floats:
    """Levels by every second sample, which have the power of all: what folds over there does not matter for a level."""
    levels_dbfs = np.empty(len(frames), np.float32)
    weights = _window(_SIZE // 2) ** 2
    weights /= weights.sum()
    for start in range(0, len(frames), _AT_ONCE):
        samples = frames[start : start + _AT_ONCE, ::2].astype(np.float32)
        mean = samples.mean(axis=1)
        weighted = samples @ weights
        samples *= samples
        powers = samples @ weights - 2 * mean * weighted + mean**2
        powers = np.maximum(powers / np.float32(32768.0**2), np.float32(1e-13))
        levels_dbfs[start : start + _AT_ONCE] = 10 * np.log10(powers)
    return levels_dbfs


def _filled(pitches_hz: Floats) -> npt.NDArray[np.bool_]:
    """Give each frame between two others that agree their mean; True for these frames."""
    before, after = pitches_hz[:-2:2], pitches_hz[2::2]
    agree = np.abs(np.log2(np.maximum(before, 1.0) / np.maximum(after, 1.0))) <= SAME_PITCH / 12
    filled = np.zeros(len(pitches_hz), bool)
    filled[1:-1:2] = agree
    pitches_hz[1:-1:2] = np.where(agree, np.sqrt(before * after), 0.0)
    return filled


def _inaudible_dbfs(levels_dbfs: Floats) -> float:
    """Quieter frames are the pauses, half of a party's channel: their pitch is not looked for, which is most of the
    cost. In a noisy channel they are as loud as its steady noise. A turn's voice is measured on its frames of 20 dB
    below the loudest (conversation/voice.py)."""
    noise, speech = np.percentile(levels_dbfs, (10, 95)) if len(levels_dbfs) else (MIN_DBFS, MIN_DBFS)
    limit = min(noise + ABOVE_NOISE_DB, speech - BELOW_SPEECH_DB)
    if speech - noise >= HAS_PAUSES_DB:
        limit = max(limit, noise + STEADY_DB)
    return max(MIN_DBFS, float(limit))


def _correlation(frames: Floats) -> Floats:
    """The autocorrelation at RATE_HZ of the flattened frames, divided by the window's; 1 at lag 0.

    It is the transform of the power; to leave out what is above half of RATE_HZ there is to resample.

    Args:
        frames: shape (num_frames, _SIZE); overwritten.
    """
    from scipy import fft  # keeps single precision at half the cost of numpy's

    factor = PIPELINE_SAMPLE_RATE_HZ // RATE_HZ
    frames -= (frames @ np.full(_SIZE, 1 / _SIZE, np.float32))[:, None]
    frames *= _window(_SIZE)
    spectrum = fft.rfft(frames, factor * _PERIOD, axis=1)[:, : _PERIOD // 2 + 1]
    power = spectrum.real**2
    power += spectrum.imag**2
    np.maximum(power, np.float32(1e-9), out=power)
    np.log(power, out=power)
    power *= np.float32(FLATTENED)
    flattened = np.exp(power, out=power)
    correlation = fft.irfft(flattened, _PERIOD, axis=1)[:, : _LAGS + 1]
    return np.asarray(correlation / np.maximum(correlation[:, :1], 1e-12) * _scale(), np.float32)


@lru_cache(maxsize=2)
def _window(size: int) -> Floats:
    return np.hanning(size + 2)[1:-1].astype(np.float32)


@lru_cache(maxsize=1)
def _scale() -> Floats:
    """The inverse of the window's own autocorrelation: to the bit what librosa.autocorrelate makes of it, which costs
    two seconds of CPU and 130 MB to import."""
    from scipy import fft

    window = _window(round(FRAME_S * RATE_HZ))
    spectrum = fft.rfft(window, 2 * len(window))
    of_window = fft.irfft(spectrum.real**2 + spectrum.imag**2, 2 * len(window))[: _LAGS + 1]
    return np.asarray(of_window[0] / of_window, np.float32)


def _pitches_hz(correlation: Floats) -> Floats:
    """From the normalised autocorrelation, shape (num_frames, num_lags); 0 for a frame without a clear peak."""
    at = correlation[:, _FIRST_LAG:_LAGS]
    before, after = (correlation[:, _FIRST_LAG + shift : _LAGS + shift] for shift in (-1, 1))
    pitches_hz = np.zeros(len(correlation), np.float32)
    rows, lags = np.nonzero((at > before) & (at >= after) & (at >= _LOWEST_PEAK))
    if not len(rows):
        return pitches_hz
    at, before, after = (values[rows, lags] for values in (at, before, after))
    shift = 0.5 * (before - after) / (before - 2 * at + after)  # of the vertex of the parabola
    height = at - 0.25 * (before - after) * shift
    highest = np.zeros(len(correlation), np.float32)
    np.maximum.at(highest, rows, height)
    nearly = np.flatnonzero(height >= NEARLY * highest[rows])
    frames, first = np.unique(rows[nearly], return_index=True)  # of each frame the shortest period
    chosen = nearly[first]
    found_hz = RATE_HZ / (_FIRST_LAG + lags[chosen] + shift[chosen])
    is_voiced = height[chosen] >= VOICED_FROM
    is_voiced &= (found_hz >= VOICE_LOWEST_HZ) & (found_hz <= HIGHEST_HZ)
    pitches_hz[frames[is_voiced]] = found_hz[is_voiced]
    return pitches_hz


def _level_steps(levels_dbfs: Floats) -> npt.NDArray[np.uint8]:
    steps = np.rint((levels_dbfs - VOICE_LOWEST_DBFS) / VOICE_LEVEL_STEP_DB)
    return np.asarray(np.clip(steps, 0, 255), np.uint8)


def _pitch_steps(pitches_hz: Floats) -> npt.NDArray[np.uint8]:
    semitones = 12 * np.log2(np.maximum(pitches_hz, VOICE_LOWEST_HZ) / VOICE_LOWEST_HZ)
    steps = 1 + np.rint(semitones * VOICE_STEPS_PER_SEMITONE)
    return np.where(pitches_hz > 0, np.clip(steps, 1, 255), 0).astype(np.uint8)
