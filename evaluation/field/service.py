"""What the situations are tried on: a running graph (``--url``), or the API in this process over a database of its own.

In process, the same application answers as behind Serve; a thread does the work of call-pipeline. Results are cached
like the outputs of the other parts (cache.py); the audio stage always runs.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from callytics.api import Services, StageHealth, Tones, create_app
from callytics.domain import Audio, CallOptions, Media, Recording, StageRun, StageStatus
from callytics.errors import CallyticsError, StageError
from callytics.pipeline import PURE_STEPS, InProcess, analyse
from callytics.result.build import complete
from callytics.store import AsyncStore, BlobStore, CallStore, JobStatus, Lease
from evaluation.cache import file_digest, source_digest

WAIT_S = 900.0
SCOPES = ("calls:read", "calls:write", "calls:delete")
ENDED = ("COMPLETED", "PARTIAL", "FAILED", "CANCELLED")


class Service:
    """Sends requests and waits for calls. ``calls`` counts those that were analysed."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._loop = asyncio.new_event_loop()

    @classmethod
    def at(cls, url: str, key: str) -> Service:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return cls(httpx.AsyncClient(base_url=url, headers=headers, timeout=WAIT_S))

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self._loop.run_until_complete(self._client.request(method, path, **arguments))

    def upload(self, path: Path, name: str = "", **fields: Any) -> httpx.Response:
        """Queue a recording; ``deduplicate`` is false unless a field says otherwise."""
        data = {"deduplicate": "false"} | {field: str(value) for field, value in fields.items()}
        files = {"file": (name or path.name, path.read_bytes())}
        return self.request("POST", "/v1/calls", data=data, files=files)

    def ended(self, call_id: str) -> Mapping[str, Any]:
        """The call's record, once its job is over.

        Raises:
            StageError: it takes longer than WAIT_S.
        """
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            record: dict[str, Any] = self.request("GET", f"/v1/calls/{call_id}").json()
            if record["job_status"] in ENDED:
                return record
            time.sleep(0.05)
        raise StageError(
            "call-pipeline", "call_not_finished", f"Call {call_id} did not end in {WAIT_S:.0f} s."
        )

    def result(self, call_id: str) -> dict[str, Any]:
        answer = self.request("GET", f"/v1/calls/{call_id}/result")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def analysed(self, path: Path, name: str = "", **fields: Any) -> tuple[str, dict[str, Any]]:
        """The id and the result of a recording that must be accepted and completed.

        Raises:
            StageError: it was refused, or its job failed: ``message`` says why.
        """
        try:
            answer = self.upload(path, name, **fields)
        except httpx.TransportError:
            # Refused before the whole recording was sent, and the answer lost: a small request is told why.
            answer = self.request("GET", "/v1/calls", params={"limit": 1})
            if answer.is_success:
                raise
        if answer.status_code != 202:
            raise StageError("api-gateway", "call_refused", f"{answer.status_code}: {answer.text[:200]}")
        call_id = answer.json()["call_id"]
        record = self.ended(call_id)
        if record["job_status"] != "COMPLETED":
            raise StageError("call-pipeline", "call_failed", f"{record['job_status']}: {record['error']}")
        return call_id, self.result(call_id)

    def close(self) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.close()


class _Audio:
    """The audio-processor of this process, as the API wants it."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    async def probe(self, recording: Recording, options: CallOptions, max_duration_s: float) -> Media:
        media: Media = await asyncio.to_thread(self._engine.probe, recording, options, max_duration_s)
        return media

    async def convert(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        return bytes(await asyncio.to_thread(self._engine.convert, uri, audio_format, options, tones))

    async def enhanced(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        return bytes(await asyncio.to_thread(self._engine.enhanced, uri, audio_format, options, tones))

    async def waveform(self, uri: str, options: CallOptions) -> bytes:
        return bytes(await asyncio.to_thread(self._engine.waveform, uri, options))

    async def cut(
        self,
        uri: str,
        audio_format: str,
        start_s: float,
        end_s: float,
        options: CallOptions,
        tones: Tones = (),
    ) -> bytes:
        return bytes(
            await asyncio.to_thread(self._engine.cut, uri, audio_format, start_s, end_s, options, tones)
        )


class _NoHealth:
    async def stages(self) -> Sequence[StageHealth]:
        return ()


class InProcessService(Service):
    """The API, the store and the pipeline in this process. Close it: it holds a folder and a thread.

    Args:
        cache: folder of results; None analyses everything again.
    """

    def __init__(self, pipeline: InProcess, cache: Path | None) -> None:
        self._resources = ExitStack()
        folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="callytics-field-")))
        self._store = CallStore(f"sqlite:///{folder / 'callytics.db'}")
        self._pipeline, self._cache = pipeline, cache
        audio = _Audio(pipeline.engine("audio-processor"))
        services = Services(
            AsyncStore.local(self._store), BlobStore(str(folder / "blobs")), audio, _NoHealth()
        )
        key = self._store.create_api_key("field", SCOPES).secret
        super().__init__(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(services)),
                base_url="http://field",
                headers={"Authorization": f"Bearer {key}"},
                timeout=WAIT_S,
            )
        )
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def close(self) -> None:
        self._stopping.set()
        self._worker.join()
        super().close()
        self._store.close()
        self._resources.close()

    def _work(self) -> None:
        while not self._stopping.is_set():
            lease = self._store.lease("field", WAIT_S)
            if lease is None:
                self._stopping.wait(0.02)
                continue
            try:
                self._run(lease)
            except CallyticsError as error:
                self._store.fail(
                    lease.call.id, lease.token, "audio-processor", error.code, error.message, False
                )
            except Exception as error:  # what call-pipeline does with a stage that crashes
                message = f"{type(error).__name__}: {error}"
                self._store.fail(lease.call.id, lease.token, "call-pipeline", "stage_crashed", message, False)

    def _run(self, lease: Lease) -> None:
        call = lease.call
        audio: Audio = self._pipeline.engine("audio-processor")(call.recording, call.options)
        done = StageRun("audio-processor", StageStatus.COMPLETED, attempts=1)
        self._store.record_stage(call.id, lease.token, done, "audio", audio)
        kept = self._kept(lease, audio)
        if kept is not None and kept.is_file():
            report = json.loads(kept.read_text(encoding="utf-8")) | {"call_id": call.id}
        else:
            report = self._analysed(lease, audio)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                part = kept.with_suffix(".part")
                part.write_text(json.dumps(report), encoding="utf-8")
                part.replace(kept)
        content = json.dumps(report, ensure_ascii=False).encode()
        self._store.complete(call.id, lease.token, JobStatus(report["job_status"]), content)

    def _analysed(self, lease: Lease, audio: Audio) -> dict[str, Any]:
        def run(step: str, *inputs: Any) -> Any:
            if step == "audio-processor":
                return audio
            return (PURE_STEPS[step] if step in PURE_STEPS else self._pipeline.engine(step))(*inputs)

        report = analyse(run, lease.call.recording, lease.call.options, lease.corrections)
        finished: dict[str, Any] = json.loads(complete(report, ()).model_dump_json())
        return finished

    def _kept(self, lease: Lease, audio: Audio) -> Path | None:
        if self._cache is None:
            return None
        digest = file_digest(Path(lease.call.recording.uri))
        options = lease.call.options
        return self._cache / "field" / f"{digest[:24]}-{_short(f'{source_digest()} {options}')}.json"


def _short(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:24]
