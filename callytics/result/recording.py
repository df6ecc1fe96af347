"""The part of the result about the recording."""

from __future__ import annotations

from callytics.domain import Audio
from callytics.result.characteristics import milliseconds
from callytics.result.schema.recording import AcousticsDetail, MediaDetail


def media_detail(audio: Audio) -> MediaDetail:
    media = audio.media
    return MediaDetail(
        sha256=media.sha256,
        format=media.format,
        codec=media.codec,
        sample_rate_hz=media.sample_rate_hz,
        channels=media.channels,
        duration_ms=milliseconds(media.duration_s),
    )


def acoustics_detail(audio: Audio) -> AcousticsDetail:
    measured = audio.acoustics
    return AcousticsDetail(
        rms_dbfs=round(measured.rms_dbfs, 2),
        loudness_lufs=round(measured.loudness_lufs, 2),
        snr_db=round(measured.snr_db, 2),
        clipping_ratio=round(measured.clipping_ratio, 6),
        silence_ratio=round(measured.silence_ratio, 4),
        dual_mono=measured.dual_mono,
        antiphase=measured.antiphase,
        silent_channels=list(measured.silent_channels),
    )
