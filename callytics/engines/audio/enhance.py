"""Speech enhancement of 16 kHz audio, in place and block by block: high-pass, noise reduction, loudness.

evaluation/enhancement.py measures the effect on recognition; the engine's defaults follow those figures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callytics.domain import PIPELINE_SAMPLE_RATE_HZ
from callytics.engines.audio.measure import LOUDNESS_GATE_LUFS, blocks, loudness_lufs, weighted_powers
from callytics.engines.audio.sound import Sound

HIGH_PASS_ORDER = 4
MAX_GAIN_DB = 30.0  # more would lift the noise of an empty line to the level of speech
CEILING = 10 ** (-1.0 / 20)  # -1 dBFS, the peak that EBU R 128 permits
_LOOKAHEAD_SAMPLES = PIPELINE_SAMPLE_RATE_HZ // 200  # 5 ms
_NOISE_PIECE = 2048  # two windows of the spectral gate


def high_pass(pcm: Sound, cutoff_hz: float) -> None:
    """Butterworth high-pass of order 4; also removes a constant offset. ``pcm``: (num_channels, num_samples)."""
    from scipy.signal import butter, sosfilt, sosfilt_zi

    sections = butter(HIGH_PASS_ORDER, cutoff_hz, "highpass", fs=PIPELINE_SAMPLE_RATE_HZ, output="sos")
    for channel in range(pcm.shape[0]):
        # The initial state assumes that the first sample has always been there, so an offset makes no click.
        state = sosfilt_zi(sections) * float(pcm[channel, :1][0])
        for block in blocks(pcm.shape[1]):
            filtered, state = sosfilt(sections, pcm[channel, block].astype(np.float64), zi=state)
            pcm[channel, block] = np.clip(np.rint(filtered), -32768, 32767)


def remove_offset(pcm: Sound, means: npt.NDArray[np.float64]) -> bool:
    """Subtract the DC offset ``means``, shape (num_channels,), in [-1, 1]. Returns whether there was one."""
    for channel, mean in enumerate(means):
        offset = round(float(mean) * 32768)
        for block in blocks(pcm.shape[1]) if offset else ():
            shifted = pcm[channel, block].astype(np.int32) - offset
            pcm[channel, block] = np.clip(shifted, -32768, 32767)
    return any(round(float(mean) * 32768) for mean in means)


def normalise_loudness(
    pcm: Sound, target_lufs: float, powers: npt.NDArray[np.float64] | None = None
) -> tuple[float, ...]:
    """Bring each channel to the target loudness. Returns the gains in dB; 0 for a channel without a loud block.

    The parties of a call often differ by 10 dB or more, so each channel is measured alone. Peaks above -1 dBFS are
    limited.

    Args:
        powers: from measure.weighted_powers, if they are known.
    """
    gains_db = []
    powers = weighted_powers(pcm) if powers is None else powers
    for channel in range(pcm.shape[0]):
        loudness = loudness_lufs(powers[channel : channel + 1])
        gain_db = 0.0 if loudness <= LOUDNESS_GATE_LUFS else min(target_lufs - loudness, MAX_GAIN_DB)
        if gain_db:
            _amplify(pcm, channel, 10 ** (gain_db / 20))
        gains_db.append(gain_db)
    return tuple(gains_db)


def _amplify(pcm: Sound, channel: int, gain: float) -> None:
    """Gain and look-ahead limiter of one channel, in place."""
    margin = 2 * _LOOKAHEAD_SAMPLES
    before = np.zeros(
        0, np.float32
    )  # amplified, but not yet limited: the limiter looks back as well as ahead
    for block in blocks(pcm.shape[1]):
        own = pcm[channel, block].astype(np.float32)
        ahead = pcm[channel, block.stop : block.stop + margin].astype(np.float32)
        context = np.concatenate([before, own, ahead]) * np.float32(gain / 32768.0)
        limited = limit(context)[len(before) : len(before) + len(own)]
        before = own[-margin:]
        pcm[channel, block] = np.rint(limited * 32767.0).astype(np.int16)


def limit(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Limit peaks to -1 dBFS with a gain that changes within 5 ms; lower samples stay as they are. (num_samples,)."""
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    peaks = np.abs(samples)
    if peaks.max(initial=0.0) <= CEILING:
        return samples
    wanted = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    width = 2 * _LOOKAHEAD_SAMPLES + 1
    # The minimum over a window, then the mean of it: never above the gain that any sample in reach needs.
    gain = uniform_filter1d(minimum_filter1d(wanted, width, mode="nearest"), width, mode="nearest")
    limited: npt.NDArray[np.float32] = (samples * np.minimum(gain, 1.0)).astype(np.float32)
    return limited


def reduce_noise(pcm: Sound, channel: int, strength: float) -> None:
    """Spectral gating of one channel, in place (noisereduce, stationary; Sainburg 2019).

    The noise profile comes from the quietest 128 ms pieces of each minute, so it follows slow changes. Without a
    profile, noisereduce would treat the whole signal, including speech, as noise.
    ``strength``: 0..1, the share of the gated energy that is removed.
    """
    from noisereduce import reduce_noise as spectral_gate

    for block in blocks(pcm.shape[1]):
        part = pcm[channel, block].astype(np.float32) / 32768.0
        noise = _quiet_part(part)
        if noise.size == 0:
            continue
        cleaned = spectral_gate(
            y=part,
            sr=PIPELINE_SAMPLE_RATE_HZ,
            stationary=True,
            y_noise=noise,
            prop_decrease=strength,
            use_tqdm=False,
            n_jobs=1,
        )
        pcm[channel, block] = np.clip(np.rint(np.nan_to_num(cleaned) * 32768.0), -32768, 32767).astype(
            np.int16
        )


def _quiet_part(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The quietest 15 % of the pieces, without digital silence, joined; empty if they last less than two seconds."""
    pieces = samples[: samples.size // _NOISE_PIECE * _NOISE_PIECE].reshape(-1, _NOISE_PIECE)
    powers = (pieces**2).mean(axis=1)
    pieces, powers = pieces[powers > 1e-9], powers[powers > 1e-9]  # -90 dBFS
    if pieces.size < 2 * PIPELINE_SAMPLE_RATE_HZ:
        return samples[:0]
    quietest = np.argsort(powers, kind="stable")[: max(1, round(0.15 * len(pieces)))]
    joined: npt.NDArray[np.float32] = pieces[np.sort(quietest)].reshape(-1)
    return joined
