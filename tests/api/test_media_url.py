"""``media_url``: what is fetched becomes a call like any other; what may not be fetched leaves nothing."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from callytics.api import Services, create_app
from tests.api.conftest import blob_files, wav_bytes
from tests.support.loopback import running
from tests.support.problems import assert_problem

pytestmark = pytest.mark.anyio


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[int]:
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "call.wav").write_bytes(wav_bytes())
    (folder / "large.wav").write_bytes(wav_bytes() + bytes(1_000_000))
    (folder / "empty.wav").write_bytes(b"")
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with running(server):
        yield server.server_address[1]


async def post(services: Services, key: str, url: str, hosts: tuple[str, ...], **more: str) -> httpx.Response:
    trusted = (ipaddress.ip_network("127.0.0.1/32"),)
    update = {"media_url_hosts": hosts, "trusted_networks": trusted}
    transport = httpx.ASGITransport(
        create_app(replace(services, settings=services.settings.model_copy(update=update)))
    )
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        fields = {name: (None, value) for name, value in {"media_url": url, **more}.items()}
        return await client.post("/v1/calls", files=fields)


async def test_recording_is_fetched(services: Services, key: str, archive: int, blob_root: Path) -> None:
    host = f"127.0.0.1:{archive}"
    response = await post(services, key, f"http://{host}/call.wav?token=x", (host,), language="ko")
    assert response.status_code == 202, response.text
    call = response.json()
    assert (call["filename"], call["size_bytes"]) == ("call.wav", len(wav_bytes()))
    (blob,) = blob_files(blob_root)
    assert blob.read_bytes() == wav_bytes()


async def test_failed_or_forbidden_fetch_leaves_nothing(
    services: Services, key: str, archive: int, blob_root: Path
) -> None:
    host = f"127.0.0.1:{archive}"
    for path, hosts, status, code in (
        ("call.wav", (), 400, "url_not_allowed"),
        ("call.wav", ("example.org",), 400, "url_not_allowed"),
        ("missing.wav", (host,), 422, "media_url_failed"),
        ("empty.wav", (host,), 422, "media_empty"),
        ("large.wav", (host,), 413, "media_too_large"),
    ):
        assert_problem(await post(services, key, f"http://{host}/{path}", hosts), status, code)
    assert_problem(
        await post(services, key, "http://127.0.0.1:9/", ("127.0.0.1:9",)), 422, "media_url_failed"
    )
    assert_problem(await post(services, key, "http://10.0.0.1/", ("10.0.0.1",)), 400, "url_not_allowed")
    assert blob_files(blob_root) == []


async def test_file_or_a_url_not_both(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/calls", files={"file": ("c.wav", wav_bytes())}, data={"media_url": "http://x"}
    )
    assert_problem(response, 400, "file_repeated")
