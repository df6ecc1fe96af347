"""Flags, with stable codes, that tell the reader of a result about problems of the recording.

    truncated, corrupt_frames, gaps_filled, non_finite_samples, format_changed     the file is damaged
    clock_drift, timestamps_wrong                                                  its times are doubtful
    track_left_out, duplicate_channel                                              not all of it was heard
    mixed_channel                                                                  one channel holds both parties
    doubtful_encoding                                                              the header names the wrong law
    clipping, low_level, low_snr, dc_offset                                        it sounds bad
    noise_reduced (standard.py)                                                    it was analysed with less noise

Other modules add their own: silent_channel, dual_mono, antiphase and channels_mixed are in standard.py,
low_sample_rate and doubtful_sample_rate in plausibility.py.
"""

from __future__ import annotations

from collections.abc import Sequence

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


DRIFT_S = 0.05


def track_flags(left_out: Sequence[str]) -> tuple[Flag, ...]:
    if not left_out:
        return ()
    return (Flag("track_left_out", f"Not all audio tracks were heard: {'; '.join(left_out)}."),)


def repeat_flags(channels: Sequence[int]) -> tuple[Flag, ...]:
    if not channels:
        return ()
    names = ", ".join(map(str, channels))
    return (Flag("duplicate_channel", f"Channels {names} hold the sound of others once more: left out."),)


def mixed_flags(indices: Sequence[int], mixed: int | None) -> tuple[Flag, ...]:
    """``mixed``: the kept channel that held both parties; ``indices``: of the kept channels in the file."""
    if mixed is None:
        return ()
    both, one = indices[mixed], indices[1 - mixed]
    message = f"Channel {both} holds both parties: what channel {one} says was taken out of it."
    return (Flag("mixed_channel", message),)


def law_flags(codec: str, *, other_law: bool) -> tuple[Flag, ...]:
    if not other_law:
        return ()
    message = (
        f"The header says {codec}, but pauses are silent in the other law of G.711 only: expect wrong words."
    )
    return (Flag("doubtful_encoding", message),)


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
    if abs(damage.stretched_s) >= DRIFT_S:
        message = f"{abs(damage.stretched_s):.1f} s were {'added' if damage.stretched_s > 0 else 'taken away'} in all"
        message += " by stretching the sound: the timestamps run at another speed than it does."
        flags.append(Flag("clock_drift", message))
    if damage.jumps:
        message = (
            f"{damage.jumps} jumps of the timestamps are longer than a call, or do not last: not followed."
        )
        flags.append(Flag("timestamps_wrong", message))
    if damage.non_finite_samples:
        flags.append(
            Flag("non_finite_samples", f"{damage.non_finite_samples} samples are not numbers: silenced.")
        )
    if damage.format_changed:
        flags.append(Flag("format_changed", "The sample rate or the channels change within the file."))
    return tuple(flags)
