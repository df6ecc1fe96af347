"""api-gateway: the only application with an HTTP route; callytics.api over the handles of the others."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve import Application

from callytics import settings as local
from callytics.api import ApiSettings, Services, StageHealth, Tones, create_app
from callytics.domain import CallOptions, Media, Recording
from callytics.errors import UnavailableError
from callytics.store import AlertNotice, AsyncStore, BlobStore, CallStore
from callytics.telemetry import tracing
from deployments.handles import LOST, application_handle, patiently, store_client, unwrapped
from deployments.replica import metrics
from deployments.replica.environment import prepare_environment
from deployments.replica.logs import to_serve_log

if TYPE_CHECKING:
    from callytics.comparison import Comparison

PATIENCE_S = 15.0
"""A caller waits; a stage whose replica was killed is back in about 10 s."""


AUDIO_PROCESSOR = "audio-processor"


class GatewayArgs(BaseModel):
    """``settings``: see callytics.api.services.ApiSettings. ``blobs_url``: fsspec; default blobs in
    $CALLYTICS_HOME. ``audio_processor``: the application that probes and converts recordings, or the address of the
    stage where it is placed in one."""

    model_config = ConfigDict(extra="forbid")

    settings: ApiSettings = ApiSettings()
    blobs_url: str | None = None
    audio_processor: str = AUDIO_PROCESSOR


PROBE_WITHIN_S = 60.0
"""Longer than the audio-processor gives itself (callytics/engines/audio/examiner.py): its refusal is the answer."""

CONVERT_WITHIN_S = 600.0
"""A recording of three hours takes a minute or two on one core."""


COMPARE_WITHIN_S = 180.0
"""Outputs of 400 calls are read, and intervals drawn."""


async def _ask(application: str, method: str, *args: Any, within_s: float = PATIENCE_S) -> Any:
    async def call() -> Any:
        handle = await application_handle(application)
        return await unwrapped(getattr(handle, method).remote(*args))

    try:
        return await patiently(call, PATIENCE_S, within_s)
    except LOST as error:
        raise UnavailableError(
            "stage_unavailable", f"{application} does not answer; try again later."
        ) from error


class HandleAudio:
    """callytics.api's AudioService.

    Args:
        address: of the audio-processor.
    """

    def __init__(self, address: str = AUDIO_PROCESSOR) -> None:
        self._address = address

    async def probe(self, recording: Recording, options: CallOptions, max_duration_s: float) -> Media:
        arguments = ("probe", recording, options, max_duration_s)
        media: Media = await _ask(self._address, "call", *arguments, within_s=PROBE_WITHIN_S)
        return media

    async def convert(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        return await self._made("convert", uri, audio_format, options, tones)

    async def enhanced(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        return await self._made("enhanced", uri, audio_format, options, tones)

    async def cut(
        self,
        uri: str,
        audio_format: str,
        start_s: float,
        end_s: float,
        options: CallOptions,
        tones: Tones = (),
    ) -> bytes:
        return await self._made("cut", uri, audio_format, start_s, end_s, options, tones)

    async def waveform(self, uri: str, options: CallOptions) -> bytes:
        return await self._made("waveform", uri, options)

    async def _made(self, method: str, *arguments: Any) -> bytes:
        data: bytes = await _ask(self._address, "call", method, *arguments, within_s=CONVERT_WITHIN_S)
        return data


class HandleHealth:
    """callytics.api's HealthService."""

    async def stages(self) -> Sequence[StageHealth]:
        stages: Sequence[StageHealth] = await _ask("monitoring", "stages")
        return stages


class HandleAlerts:
    """callytics.api's AlertService: monitoring, or the store itself where monitoring does not answer. The alert may
    be that monitoring is down."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    async def record_alerts(self, notices: Sequence[AlertNotice], actor: str) -> None:
        try:
            await _ask("monitoring", "record_alerts", notices, actor)
        except UnavailableError:
            await self._store(CallStore.record_alerts, notices, actor)


class HandleComparisons:
    """callytics.api's ComparisonService."""

    async def compare(self, first: str, second: str, since_ms: int) -> "Comparison":
        found: Comparison = await _ask(
            "monitoring", "compare", first, second, since_ms, within_s=COMPARE_WITHIN_S
        )
        return found


@serve.deployment
@serve.ingress()
class ApiGateway:
    def __init__(self, settings: dict[str, Any], blobs: str, audio_processor: str = AUDIO_PROCESSOR) -> None:
        to_serve_log()
        tracing.start("api-gateway")
        store = store_client(PATIENCE_S)
        self._services = Services(
            store=store,
            blobs=BlobStore(blobs),
            audio=HandleAudio(audio_processor),
            health=HandleHealth(),
            settings=ApiSettings(**settings),
            count=metrics.record,
            alerts=HandleAlerts(store),
            comparisons=HandleComparisons(),
        )

    async def __del__(self) -> None:
        """Serve awaits this at a graceful stop."""
        await asyncio.to_thread(tracing.flush)

    def __serve_build_asgi_app__(self) -> Any:
        return create_app(self._services, answer_request_id=False)  # Ray's proxy does


def build(args: GatewayArgs) -> Application:
    prepare_environment()
    blobs = args.blobs_url or str(local.home() / "blobs")
    bound = ApiGateway.bind(args.settings.model_dump(), blobs, args.audio_processor)  # type: ignore[attr-defined]
    return bound  # type: ignore[no-any-return]
