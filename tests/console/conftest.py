"""A browser, Debian's Chromium driven by Playwright, before the gateway's application on a socket of loopback.

Analysis is played: calls are in the store with their results. tests/e2e/test_console.py has a browser before a live
graph."""

from __future__ import annotations

import asyncio
import copy
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from callytics.api import ApiSettings, Services, Tones, create_app
from callytics.domain import CallOptions
from callytics.engines.audio.waveform import waveform
from callytics.store import AsyncStore, BlobStore, CallStore, JobStatus
from tests.api.conftest import TwoStages, WavOnlyAudio
from tests.store.samples import fresh_database, new_call
from tests.support.browser import chromium

__all__ = ["chromium"]

ROOT = Path(__file__).parents[2]
RECORDING = (ROOT / "sample" / "call.mp3").read_bytes()
RESULT: dict[str, Any] = json.loads((ROOT / "docs" / "result.example.json").read_text(encoding="utf-8"))
"""The result of the recording."""

READ, WRITE, DELETE = "calls:read", "calls:write", "calls:delete"
SCREENS = {"operations": "Operations", "keys": "API keys", "webhooks": "Webhooks", "audit": "Audit"}
"""Those of operators: part of the address, and the heading."""


def result_with(**changes: Any) -> dict[str, Any]:
    """A copy that may be changed."""
    return {**copy.deepcopy(RESULT), **changes}


class SampleAudio(WavOnlyAudio):
    """Every recording is the sample."""

    async def convert(self, uri: str, audio_format: str, options: CallOptions, tones: Tones = ()) -> bytes:
        return RECORDING

    async def waveform(self, uri: str, options: CallOptions) -> bytes:
        return await asyncio.to_thread(waveform, str(ROOT / "sample" / "call.mp3"))


@dataclass
class Gateway:
    store: CallStore
    blobs: BlobStore
    url: str
    away: Callable[[], AbstractContextManager[None]]
    """The server is dead as long as this context lasts, with every connection; then there is one again."""
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, *scopes: str, tenant: str = "default") -> str:
        name = f"{tenant}:{','.join(scopes)}"
        if name not in self.keys:
            self.keys[name] = self.store.create_api_key(name, scopes, "", tenant).secret
        return self.keys[name]

    def add_call(self, result: dict[str, Any] = RESULT, tenant: str = "default", **fields: Any) -> str:
        """A finished call, by its id."""
        call = self.store.create_call(new_call(deduplicate=False, tenant=tenant, **fields)).call
        with self.blobs.writer(call.id) as writer:
            writer.write(RECORDING)
        finish(self, call.id, result)
        return call.id


def finish(gateway: Gateway, call_id: str, result: dict[str, Any] = RESULT) -> None:
    """A worker's job on the only call that waits: one that is new, or that was corrected."""
    lease = gateway.store.lease("worker", 60.0)
    assert lease is not None
    assert lease.call.id == call_id
    body = json.dumps({**result, "call_id": call_id}).encode()
    gateway.store.complete(call_id, lease.token, JobStatus.COMPLETED, body)


@contextmanager
def served(
    folder: Path, settings_of: Callable[[str], ApiSettings] = lambda url: ApiSettings(webhook_poll_s=0)
) -> Iterator[Gateway]:
    """The application on a free port of loopback, with its state in ``folder`` and settings for its address."""
    store, blobs = CallStore(fresh_database(folder)), BlobStore(str(folder / "blobs"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = settings_of(f"http://127.0.0.1:{port}")
    services = Services(AsyncStore.local(store), blobs, SampleAudio(), TwoStages(), settings)

    @contextmanager
    def running() -> Iterator[uvicorn.Server]:
        server = uvicorn.Server(uvicorn.Config(create_app(services), port=port, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                time.sleep(0.02)
            yield server
        finally:
            server.should_exit = True
            thread.join()

    with ExitStack() as now:
        server = now.enter_context(running())

        @contextmanager
        def away() -> Iterator[None]:
            server.force_exit = True  # as if killed: it waits for no connection
            now.close()
            try:
                yield
            finally:
                now.enter_context(running())

        try:
            yield Gateway(store, blobs, f"http://127.0.0.1:{port}", away)
        finally:
            now.close()
            store.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with served(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@dataclass
class Visit:
    """A page, and what its browser asked for and complained about."""

    page: Page
    gateway: Gateway
    requests: list[str]
    complaints: list[str]

    def sign_in(self, *scopes: str, tenant: str = "default") -> None:
        self.page.goto(self.gateway.url)
        self.page.locator("#key").fill(self.gateway.key(*scopes, tenant=tenant))
        self.page.keyboard.press("Enter")
        self.page.locator("header.bar").wait_for()

    def open_call(self, call_id: str, query: str = "") -> None:
        self.page.goto(f"{self.gateway.url}/#/calls/{call_id}{query}")
        self.page.locator(".turn [data-at]").first.wait_for()
        self.page.wait_for_function("() => document.querySelector('audio').readyState >= 1")

    def current_time_s(self) -> float:
        return float(self.page.evaluate("document.querySelector('audio').currentTime"))


@pytest.fixture(params=["en-GB"])
def visit(request: pytest.FixtureRequest, chromium: Browser, gateway: Gateway) -> Iterator[Visit]:
    context = chromium.new_context(locale=request.param, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    visit = Visit(page, gateway, [], [])
    page.on("request", lambda sent: visit.requests.append(sent.url))
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and visit.complaints.append(said.text))
    yield visit
    context.close()
    assert [url for url in visit.requests if not url.startswith((gateway.url, "data:", "blob:"))] == []
    # Chromium reports refused requests as errors; those are asked for by the tests.
    assert [text for text in visit.complaints if "Failed to load resource" not in text] == []
