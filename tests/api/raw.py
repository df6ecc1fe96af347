"""Requests to the application as a server hands them over, with a client that sends what and when a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

JSON = {"Content-Type": "application/json", "Content-Length": "64"}
FORM = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "1000000"}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json", self.body
        code: str = json.loads(self.body)["code"]
        return code


async def nothing() -> AsyncIterator[bytes]:
    """A body that never comes."""
    await asyncio.Event().wait()
    yield b""


async def hang(first: bytes) -> AsyncIterator[bytes]:
    yield first
    await asyncio.Event().wait()


class Client:
    """``parts``: of the body; the last of them ends it. ``asked``: how often the application asked for some."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self._parts = parts
        self.asked = 0
        self.answer = Answer()

    async def receive(self) -> Message:
        self.asked += 1
        try:
            part = await anext(self._parts)
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": part, "more_body": True}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.answer.body += message.get("body", b"")


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Mapping[str, str],
    parts: AsyncIterator[bytes] | None = None,
) -> tuple[Answer, Client]:
    """An answer that takes more than 5 s is none."""
    client = Client(parts or nothing())
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    async with asyncio.timeout(5):
        await app(scope, client.receive, client.send)
    return client.answer, client
