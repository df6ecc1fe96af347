"""The recording, and what its uploader says about the call."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from callytics.result.schema.base import ResultModel


class LanguageIdentification(ResultModel):
    """A language and its probability."""

    code: str = Field(description="ISO 639-1 code, for instance `ko`.")
    score: float = Field(description="Probability from 0 to 1, over the whole recording.")


class MediaDetail(ResultModel):
    """Properties of the received file."""

    sha256: str = Field(description="Hash of the file's bytes, in lower-case hex.")
    format: str = Field(description="ffmpeg's name of the container: `wav`, `mp3`, `ogg` and so on.")
    codec: str = Field(description="ffmpeg's name of the audio codec.")
    sample_rate_hz: int = Field(description="Sample rate of the file, in hertz; analysis runs at 16,000.")
    channels: int = Field(description="Channels of the file, 1 or more.")
    duration_ms: int = Field(description="Length of the decoded sound, in milliseconds.")


class AcousticsDetail(ResultModel):
    """Measured on the decoded recording, before any processing."""

    rms_dbfs: float = Field(description="Root mean square level, in dB relative to full scale; 0 or less.")
    loudness_lufs: float = Field(description="Integrated loudness (ITU-R BS.1770), in LUFS; 0 or less.")
    snr_db: float = Field(description="Speech level over noise level, in dB.")
    clipping_ratio: float = Field(description="Share of samples at full scale, from 0 to 1.")
    silence_ratio: float = Field(description="Share of the recording without sound, from 0 to 1.")
    dual_mono: bool = Field(description="Both channels carry the same sound; treated as mono.")
    antiphase: bool = Field(description="One channel is the other inverted; treated as mono.")
    silent_channels: list[int] = Field(description="0-based channels without sound.")


class CallMetadata(ResultModel):
    """The uploader's description of the call, unchanged."""

    external_id: str | None = Field(default=None, description="The call's id in the uploader's system.")
    agent_id: str | None = Field(default=None, description="The agent's id in the uploader's system.")
    queue: str | None = Field(default=None, description="The queue or line of the incoming call.")
    direction: str | None = Field(default=None, description="`inbound`, `outbound` or `internal`.")
    started_at: str | None = Field(default=None, description="When the call took place, ISO 8601.")
    custom: dict[str, Any] = Field(default={}, description="Anything else, as JSON.")
