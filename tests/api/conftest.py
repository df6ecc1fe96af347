"""The API over a real store and real blobs; only the audio-processor and monitoring are stand-ins."""

from __future__ import annotations

import array
import io
import struct
import threading
import time
import wave
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from callytics.api import ApiSettings, Services, StageHealth, Tones, create_app
from callytics.domain import CallOptions, Media, Recording
from callytics.errors import InvalidMediaError
from callytics.store import AsyncStore, BlobStore, CallStore
from tests.store.samples import finish, fresh_database


def wav_bytes(seconds: float = 0.1, value: int = 0) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(value.to_bytes(2, "little") * 2 * round(seconds * 8000))
    return data.getvalue()


class WavOnlyAudio:
    """Reads WAV with the standard library; "converts" by putting the format in front."""

    def __init__(self) -> None:
        self.conversions = 0

    async def probe(self, recording: Recording, options: CallOptions, max_duration_s: float) -> Media:
        try:
            with wave.open(recording.uri) as file:
                duration_s = file.getnframes() / file.getframerate()
                return Media("", "wav", "pcm_s16le", file.getframerate(), file.getnchannels(), duration_s)
        except (wave.Error, EOFError) as error:
            raise InvalidMediaError(
                "media_undecodable", f"No decoder understands this file: {error}"
            ) from error

    async def convert(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        self.conversions += 1
        return audio_format.encode() + (f"{list(tones)}".encode() if tones else Path(uri).read_bytes())

    async def enhanced(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        return b"enhanced " + await self.convert(uri, audio_format, options, tones)

    async def cut(
        self,
        uri: str,
        audio_format: str,
        start_s: float,
        end_s: float,
        options: CallOptions,
        tones: Tones = (),
    ) -> bytes:
        return f"{audio_format} {start_s} {end_s} {list(tones)}".encode()

    async def waveform(self, uri: str, options: CallOptions) -> bytes:
        self.conversions += 1
        return outline()


def outline(num_buckets: int = 500, num_channels: int = 2) -> bytes:
    """Ten seconds at 8 kHz in buckets of 20 ms: -k and +k (up to 100) of bucket k, on each channel."""
    header = struct.pack("<iIiiIi", 2, 1, 8000, 160, num_buckets, num_channels)
    values = (value for k in range(num_buckets) for value in (-(k % 101), k % 101) * num_channels)
    return header + array.array("b", values).tobytes()


class TwoStages:
    def __init__(self) -> None:
        self.health = [
            StageHealth("audio-processor", True, "RUNNING", replicas=1),
            StageHealth("speech-recognizer", True, "RUNNING", replicas=1, model="whisper-base"),
        ]

    async def stages(self) -> Sequence[StageHealth]:
        return self.health


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CallStore]:
    """On SQLite; the tests in calls/, which write everything that can be written, run on PostgreSQL as well."""
    store = CallStore(fresh_database(tmp_path))
    yield store
    store.close()


@pytest.fixture
def blob_root(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def services(store: CallStore, blob_root: Path) -> Services:
    settings = ApiSettings(
        max_upload_bytes=1_000_000, max_duration_s=20, event_poll_s=0.02, event_heartbeat_s=0.1
    )
    return Services(AsyncStore.local(store), BlobStore(str(blob_root)), WavOnlyAudio(), TwoStages(), settings)


@pytest.fixture
def key(store: CallStore) -> str:
    return store.create_api_key("test", ["calls:read", "calls:write", "calls:delete"]).secret


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(services: Services, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to the application without a socket; a crash inside becomes the 500 that a user would see."""
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


@pytest.fixture
def worker(store: CallStore) -> Iterator[None]:
    """Completes every call, shortly after it was queued."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            if store.statistics().calls_by_status["QUEUED"]:
                finish(store)
            time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def blob_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def submit(client: httpx.AsyncClient, audio: bytes | None = None, **form: object) -> httpx.Response:
    files = {"file": ("call.wav", audio if audio is not None else wav_bytes())}
    return await client.post("/v1/calls", files=files, data=form)
