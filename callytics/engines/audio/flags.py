"""Flags, with stable codes, that tell the reader of a result about problems of the recording.

    truncated, corrupt_frames, gaps_filled, non_finite_samples, format_changed     the file is damaged
    clipping, low_level, low_snr, dc_offset                                        it sounds bad

Other modules add their own: silent_channel, dual_mono, antiphase, channels_mixed and noise_reduced are in standard.py,
low_sample_rate and doubtful_sample_rate in plausibility.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callytics.domain import Acoustics, Flag
from callytics.engines.audio.frames import Damage

CLIPPING_RATIO = 0.001  # one sample in a thousand: audible on loud syllables
LOW_LEVEL_LUFS = -45.0  # 22 dB below the level that EBU R 128 asks for
LOW_SNR_DB = 10.0
DC_OFFSET = 0.02


def acoustic_flags(acoustics: Acoustics, means: npt.NDArray[np.float64]) -> tuple[Flag, ...]:
    flags = []
    if acoustics.clipping_ratio > CLIPPING_RATIO:
        flags.append(Flag("clipping", f"{acoustics.clipping_ratio:.1%} of the samples are clipped."))
    if acoustics.loudness_lufs < LOW_LEVEL_LUFS:
        flags.append(
            Flag("low_level", f"The recording is very quiet ({acoustics.loudness_lufs:.0f} LUFS or less).")
        )
    elif acoustics.snr_db < LOW_SNR_DB:
        flags.append(Flag("low_snr", f"Speech is only {acoustics.snr_db:.0f} dB above the noise."))
    if np.abs(means).max() > DC_OFFSET:
        flags.append(Flag("dc_offset", f"A constant offset of {np.abs(means).max():.2f} was taken away."))
    return tuple(flags)


PAUSING_FORMATS = frozenset({"webm", "mp4", "ogg", "asf", "flv", "mpegts", "nut", "rm"})
"""Containers that may omit a pause; in any other container a gap in the timestamps means lost frames."""


def damage_flags(damage: Damage, container_format: str) -> tuple[Flag, ...]:
    flags = []
    if damage.truncated:
        flags.append(
            Flag("truncated", "The file ends before its header says: only its first part was analysed.")
        )
    lost = damage.errors + (0 if container_format in PAUSING_FORMATS else damage.gaps)
    if lost:
        flags.append(Flag("corrupt_frames", f"{lost} parts of the file could not be decoded."))
    if damage.gaps:
        message = f"{damage.gaps} holes of {damage.gap_s:.1f} s in all were filled with silence."
        flags.append(Flag("gaps_filled", message))
    if damage.non_finite_samples:
        flags.append(
            Flag("non_finite_samples", f"{damage.non_finite_samples} samples are not numbers: silenced.")
        )
    if damage.format_changed:
        flags.append(Flag("format_changed", "The sample rate or the channels change within the file."))
    return tuple(flags)
