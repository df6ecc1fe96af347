"""What the API stands on: given from outside, so that it runs over Serve's handles as well as in one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from callytics.domain import CallOptions, Media, Recording
from callytics.store import AsyncStore, BlobStore


class AudioService(Protocol):
    """The audio-processor, as far as the API needs it."""

    async def probe(self, recording: Recording, options: CallOptions) -> Media:
        """What the file is.

        Raises:
            InvalidMediaError: it cannot be analysed.
        """

    async def convert(
        self,
        uri: str,
        audio_format: str,
        options: CallOptions,
        tones: Sequence[tuple[float, float]] = (),
    ) -> bytes:
        """The recording as wav, flac, mp3 or opus (in Ogg), with a tone over the parts (start, end), in seconds."""


@dataclass(frozen=True)
class StageHealth:
    """One stage of the graph, as monitoring sees it.

    Attributes:
        status: what the platform calls it, e.g. "RUNNING", "DEPLOYING", "UNHEALTHY".
        message: why it is not healthy; empty where it is.
        last_error: of the last call that it failed on.
    """

    name: str
    healthy: bool
    status: str
    message: str = ""
    replicas: int = 0
    version: str = ""
    engine: str = ""
    model: str = ""
    model_revision: str = ""
    last_error: str = ""


class HealthService(Protocol):
    """Monitoring, as far as the API needs it."""

    async def stages(self) -> Sequence[StageHealth]:
        """Every stage of the graph, now."""


class ApiSettings(BaseModel):
    """Limits and habits of the API.

    Attributes:
        max_upload_bytes: of one recording.
        max_duration_s: of one recording.
        auth_enabled: False lets everybody in: for a process that only its owner can reach.
        public_url: put before the paths in ``links`` and ``Location``, e.g. "https://calls.example.org".
        event_poll_s: how often an event stream asks the store.
        event_heartbeat_s: how often it sends a comment, so that no proxy takes it for dead.
        transcription_timeout_s: how long POST /v1/audio/transcriptions waits for its call.
        sweep_interval_s: how often blobs that no call owns are looked for.
        redact_pii: of every call; without it, of the calls whose upload asks for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_upload_bytes: int = Field(default=2 << 30, gt=0)
    max_duration_s: float = Field(default=4 * 3600.0, gt=0)
    auth_enabled: bool = True
    public_url: str = ""
    event_poll_s: float = Field(default=0.5, gt=0)
    event_heartbeat_s: float = Field(default=15.0, gt=0)
    transcription_timeout_s: float = Field(default=3600.0, gt=0)
    sweep_interval_s: float = Field(default=3600.0, gt=0)
    redact_pii: bool = False


@dataclass(frozen=True)
class Services:
    store: AsyncStore
    blobs: BlobStore
    audio: AudioService
    health: HealthService
    settings: ApiSettings = field(default_factory=ApiSettings)


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
