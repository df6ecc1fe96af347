"""What the API stands on: given from outside, so that it runs over Serve's handles as well as in one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, model_validator

from callytics.api.patterns import TLS_OR_LOCAL, TLS_OR_LOCAL_OR_EMPTY
from callytics.domain import CallOptions, Media, Recording
from callytics.store import DEFAULT_TENANT, AlertNotice, AsyncStore, BlobStore
from callytics.telemetry import Record, ignore

if TYPE_CHECKING:  # numpy and scipy, which the gateway does without
    from callytics.comparison import Comparison


Tones = Sequence[tuple[float, float]]
"""Parts of a recording in which a tone covers the sound: start and end in seconds."""


class AudioService(Protocol):
    """The audio-processor, as far as the API needs it."""

    async def probe(self, recording: Recording, options: CallOptions, max_duration_s: float) -> Media:
        """What the file is, its ``sha256`` excepted.

        Raises:
            InvalidMediaError: it cannot be analysed.
        """

    async def convert(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        """The recording as wav, flac, mp3 or opus (in Ogg), with tones over what is hidden."""

    async def enhanced(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        """As :meth:`convert`, cleaned to be listened to."""

    async def cut(
        self,
        uri: str,
        audio_format: str,
        start_s: float,
        end_s: float,
        options: CallOptions,
        tones: Tones = (),
    ) -> bytes:
        """The part from ``start_s`` to ``end_s`` as wav, mp3 or ogg, with tones over what is hidden."""

    async def waveform(self, uri: str, options: CallOptions) -> bytes:
        """The outline of the recording, as callytics/engines/audio/waveform.py writes it."""


@dataclass(frozen=True)
class StageHealth:
    """One stage of the graph, as monitoring sees it.

    Attributes:
        status: what the platform calls it, e.g. "RUNNING", "DEPLOYING", "UNHEALTHY".
        message: why it is not healthy; where it is, what a user should know all the same, mostly nothing.
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


class AlertService(Protocol):
    """What takes the alerts that Alertmanager reports."""

    async def record_alerts(self, notices: Sequence[AlertNotice], actor: str) -> None:
        """Store them, and send on what changed."""


class ComparisonService(Protocol):
    """What compares two versions of a stage; it takes seconds of a processor."""

    async def compare(self, first: str, second: str, since_ms: int) -> Comparison:
        """On the newest calls of each (comparison/remote.py)."""


class OidcSettings(BaseModel):
    """An OpenID Connect issuer whose tokens open the API, besides API keys.

    Attributes:
        issuer: ``iss`` of its tokens, e.g. "https://login.example.org/realms/calls".
        audience: ``aud`` that they must have: they were made for this API.
        jwks_url: where its public keys are.
        scopes_claim: claim with the scopes (calls:read ...), a string of words or a list.
        tenant_claim: claim that names the tenant; None: all its users are of ``tenant``.
        algorithms: what may have signed; never symmetric ones.
        roles_claim: claim with roles (roles.py), likewise; "realm_access.roles" leads inside. None: there is none.
        client_id: what the issuer calls the console; with it, people sign in at the issuer (oidc_sign_in.py). Its
            secret, where it has one, is in the environment: OIDC_CLIENT_SECRET.
        authorization_url: where a browser signs in.
        token_url: where codes and refresh tokens become tokens.
        sign_in_scope: what is asked for; "openid offline_access calls:read", say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    audience: str
    jwks_url: str = Field(pattern=TLS_OR_LOCAL)
    scopes_claim: str = "scope"
    tenant_claim: str | None = None
    tenant: str = DEFAULT_TENANT
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"], ...] = (
        "RS256",
        "ES256",
        "EdDSA",
    )
    roles_claim: str | None = None
    client_id: str = ""
    authorization_url: str = Field(default="", pattern=TLS_OR_LOCAL_OR_EMPTY)
    token_url: str = Field(default="", pattern=TLS_OR_LOCAL_OR_EMPTY)
    sign_in_scope: str = "openid"

    @model_validator(mode="after")
    def _can_sign_in(self) -> OidcSettings:
        if self.client_id and not (self.authorization_url and self.token_url):
            raise ValueError("client_id needs authorization_url and token_url, where people sign in")
        return self


class TenantLimits(BaseModel):
    """Where the limits of one tenant differ from those of all; 0: no limit of its own.

    Attributes:
        requests_per_minute: of all its keys together.
        concurrent_requests: of all its keys at once, however many places are free; uploads and event streams apart.
        concurrent_uploads: likewise.
        concurrent_event_streams: likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute: int | None = Field(default=None, ge=0)
    concurrent_requests: int = Field(default=0, ge=0)
    concurrent_uploads: int = Field(default=0, ge=0)
    concurrent_event_streams: int = Field(default=0, ge=0)


class ApiSettings(BaseModel):
    """Limits and behaviour of the API.

    Attributes:
        max_upload_bytes: of one recording.
        max_duration_s: of one recording.
        auth_enabled: False admits every client: for a process that only its owner can reach.
        public_url: put before the paths in ``links`` and ``Location``, e.g. "https://calls.example.org".
        event_poll_s: how often the store is asked for events, for all event streams together.
        event_heartbeat_s: how often it sends a comment, so that no proxy takes it for dead.
        transcription_timeout_s: how long /v1/audio/transcriptions and translations wait for their call.
        sweep_interval_s: how often blobs that no call owns are looked for.
        redact_pii: redact every call; without it, the calls whose upload asks for it.
        written_forms: the same for numbers in written form beside the words of each turn.
        max_queued_calls: while this number waits, further ones get 503 with Retry-After; 0: no limit. Tenants
            share them fairly, as places (places.py).
        requests_per_minute: of one key that has no limit of its own; 0: no limit.
        concurrent_requests: of one key at once, uploads and event streams included; 0: only its tenant's share.
        tenant_requests_per_minute: of all keys of one tenant together; 0: no limit.
        tenant_limits: by name of the tenant, where it has limits of its own.
        max_concurrent_requests: of all tenants at once, in one replica; uploads and event streams are counted apart.
            Tenants share each of the three fairly (places.py); more are answered with 429 or 503.
        max_concurrent_uploads: likewise, of POST /v1/calls and the OpenAI-compatible routes.
        max_concurrent_event_streams: likewise, of GET /v1/calls/{id}/events.
        body_timeout_s: how long a body may take to arrive, plus what ``body_bytes_per_s`` earns it; and the longest
            pause in it. Slower ones are answered with 408.
        body_bytes_per_s: the least rate of a body: each such number of bytes earns one more second.
        usage_flush_s: how often counted requests are written to the store (GET /v1/usage).
        probes_at_once: uploads that are examined at once, at most half of them of one tenant (turns.py); others wait.
        conversions_at_once: the same for ``/audio?format=``.
        rate_limit_storage: the Redis where replicas count the requests of a minute together ("redis://host:6379/0");
            without it, and without $RATE_LIMIT_STORAGE, each counts for itself.
        cors_origins: web pages of these origins may use the API from a browser, e.g. "https://desk.example.org".
        oidc: an issuer whose tokens open the API, besides API keys.
        media_url_hosts: hosts from which a recording may be fetched (``media_url``): "recordings.example.org",
            "*.example.org", "archive.example.org:8443". Empty: none.
        webhook_hosts: hosts that webhooks may reach, in the same form; None: to every public address.
        trusted_networks: private networks that both may reach nevertheless, e.g. "10.20.0.0/16".
        webhook_poll_s: how often due webhooks are looked for; 0: never by this replica.
        ray_dashboard_url, grafana_url: where the console's operations screen links to; empty: what `callytics up`
            started beside the gateway, else no link.
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
    written_forms: bool = False
    max_queued_calls: int = Field(default=100_000, ge=0)
    requests_per_minute: int = Field(default=6000, ge=0)
    concurrent_requests: int = Field(default=64, ge=0)
    probes_at_once: int = Field(default=4, gt=0)
    conversions_at_once: int = Field(default=4, gt=0)
    tenant_requests_per_minute: int = Field(default=12_000, ge=0)
    tenant_limits: dict[str, TenantLimits] = {}
    max_concurrent_requests: int = Field(default=128, gt=0)
    max_concurrent_uploads: int = Field(default=128, gt=0)
    max_concurrent_event_streams: int = Field(default=256, gt=0)
    body_timeout_s: float = Field(default=30.0, gt=0)
    body_bytes_per_s: int = Field(default=16_000, gt=0)
    usage_flush_s: float = Field(default=5.0, gt=0)
    rate_limit_storage: str = ""
    cors_origins: tuple[str, ...] = ()
    oidc: OidcSettings | None = None
    media_url_hosts: tuple[str, ...] = ()
    webhook_hosts: tuple[str, ...] | None = None
    trusted_networks: tuple[IPvAnyNetwork, ...] = ()
    webhook_poll_s: float = Field(default=2.0, ge=0)
    ray_dashboard_url: str = Field(default="", pattern=TLS_OR_LOCAL_OR_EMPTY)
    grafana_url: str = Field(default="", pattern=TLS_OR_LOCAL_OR_EMPTY)

    @model_validator(mode="after")
    def _knows_its_address(self) -> ApiSettings:
        if self.oidc is not None and self.oidc.client_id and not self.public_url:
            raise ValueError("oidc.client_id needs public_url: the issuer sends browsers back to it")
        return self


@dataclass(frozen=True)
class Services:
    """``alerts``: None stores what Alertmanager reports directly. ``comparisons``: None compares in this process."""

    store: AsyncStore
    blobs: BlobStore
    audio: AudioService
    health: HealthService
    settings: ApiSettings = field(default_factory=ApiSettings)
    count: Record = ignore
    alerts: AlertService | None = None
    comparisons: ComparisonService | None = None


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
