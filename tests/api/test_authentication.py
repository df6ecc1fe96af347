"""Who asks is known from the headers: no byte of a body is read for a stranger, and no stranger delays a caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from starlette.types import Message

from callytics.api import ApiSettings, Services, create_app
from callytics.api.key_lookups import AT_ONCE, KNOWN_IN_ALL, WAITING_OF_TENANT, WAITING_STRANGERS, KeyLookups
from callytics.errors import UnavailableError
from callytics.store import ApiKeyRecord, AsyncStore, CallStore, hash_secret
from tests.api.conftest import blob_files
from tests.api.raw import FORM, JSON, ask, bearer, hang
from tests.support.routes import OPEN, ROUTES

pytestmark = pytest.mark.anyio

PROTECTED = [route for route, access in ROUTES.items() if access.scope != OPEN]


@pytest.mark.parametrize(("method", "path"), [*PROTECTED, ("POST", "/nothing"), ("PUT", "/v1/calls")])
@pytest.mark.parametrize(
    "headers", [JSON, FORM, {"Transfer-Encoding": "chunked"}], ids=["json", "form", "chunked"]
)
async def test_stranger_is_answered_before_a_byte_of_the_body(
    services: Services, method: str, path: str, headers: dict[str, str]
) -> None:
    app = create_app(services)
    for key in ({}, bearer("cly_" + "x" * 43)):
        answer, client = await ask(app, method, path, {**headers, **key})
        assert answer.status == 401
        assert answer.code() in ("api_key_missing", "api_key_invalid")
        assert answer.headers["connection"] == "close"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.asked == 0


async def test_without_a_body_the_connection_stays(services: Services) -> None:
    answer, _ = await ask(create_app(services), "GET", "/v1/calls", {})
    assert answer.status == 401
    assert "connection" not in answer.headers


async def test_key_is_taken_as_deepgram_s_and_assemblyai_s_clients_send_it(
    services: Services, store: CallStore, key: str
) -> None:
    app = create_app(services)
    for sent in (f"Bearer {key}", f"bearer  {key} ", f"Token {key}", f"token {key}", key):
        answer, _ = await ask(app, "GET", "/v1/calls", {"Authorization": sent})
        assert answer.status == 200, sent.replace(key, "KEY")
    for sent in ("Token x", "x", f"Basic {key}", f"{key} {key}", f"{key}x", "Token", "Token ", ""):
        answer, _ = await ask(app, "GET", "/v1/calls", {"Authorization": sent})
        assert answer.status == 401, sent.replace(key, "KEY")


async def test_key_that_may_not_upload_does_not(services: Services, store: CallStore) -> None:
    secret = store.create_api_key("reader", ["calls:read"]).secret
    for path in ("/v1/calls", "/v1/audio/transcriptions"):
        answer, client = await ask(create_app(services), "POST", path, {**FORM, **bearer(secret)})
        assert (answer.status, answer.code(), client.asked) == (403, "scope_missing", 0)
        assert answer.headers["connection"] == "close"


async def test_liveness_waits_for_nothing(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """No store, no thread, no body, no place."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(services.store, "_invoke", never)
    monkeypatch.setattr(asyncio, "to_thread", never)
    settings = ApiSettings(max_concurrent_requests=1, auth_enabled=False)
    app = create_app(replace(services, settings=settings))
    waiting = asyncio.create_task(ask(app, "GET", "/v1/calls", {}))
    await asyncio.sleep(0)
    answer, client = await ask(app, "GET", "/healthz", JSON)
    assert (answer.status, client.asked) == (200, 0)
    assert not waiting.done()
    waiting.cancel()


class SlowStore:
    """Knows two keys; answers about all but one of them when told to."""

    def __init__(self, valid: str) -> None:
        self.valid = valid
        self.crowd = hash_secret("of a crowd")
        self.go = asyncio.Event()
        self.at_once = self.most_at_once = 0

    async def invoke(self, method: str, args: tuple[str, ...], kwargs: object) -> ApiKeyRecord | None:
        assert method == "authenticate"
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if args[0] == self.valid:
                return ApiKeyRecord("k", "k", "cly_k", ("calls:read",), 0, None, None)
            await self.go.wait()
        finally:
            self.at_once -= 1
        if args[0] != self.crowd:
            return None
        return ApiKeyRecord("c", "c", "cly_c", ("calls:read",), 0, None, None, tenant="crowd")


async def test_guesses_do_not_delay_a_key_that_was_valid_before() -> None:
    store = SlowStore(hash_secret("mine"))
    lookups = KeyLookups(AsyncStore(store.invoke), CallStore.authenticate)
    assert await lookups.find(store.valid) is not None
    guesses = [asyncio.create_task(lookups.find(hash_secret(str(n)))) for n in range(300)]
    await asyncio.sleep(0.05)
    assert store.most_at_once == AT_ONCE
    refused = [task for task in guesses if task.done()]
    assert len(refused) == 300 - AT_ONCE - WAITING_STRANGERS
    for task in refused:
        with pytest.raises(UnavailableError) as raised:
            await task
        assert raised.value.code == "authentication_busy"
    async with asyncio.timeout(0.5):
        assert await lookups.find(store.valid) is not None
    store.go.set()
    assert await asyncio.gather(*(task for task in guesses if task not in refused)) == [None] * 72


async def test_the_requests_of_one_tenant_do_not_delay_anothers() -> None:
    store = SlowStore(hash_secret("mine"))
    lookups = KeyLookups(AsyncStore(store.invoke), CallStore.authenticate)
    store.go.set()
    await asyncio.gather(lookups.find(store.valid), lookups.find(store.crowd))
    store.go.clear()
    crowd = [asyncio.create_task(lookups.find(store.crowd)) for _ in range(1000)]
    await asyncio.sleep(0.05)
    assert store.at_once == AT_ONCE
    assert sum(not task.done() for task in crowd) == AT_ONCE + WAITING_OF_TENANT < KNOWN_IN_ALL
    async with asyncio.timeout(0.5):
        assert await lookups.find(store.valid) is not None
    store.go.set()
    answers = await asyncio.gather(*crowd, return_exceptions=True)
    assert (
        sum(isinstance(answer, UnavailableError) for answer in answers) == 1000 - AT_ONCE - WAITING_OF_TENANT
    )


async def test_waiting_look_up_gets_retry_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callytics.api.lookup_turns.WAIT_S", 0.05)
    store = SlowStore("")
    lookups = KeyLookups(AsyncStore(store.invoke), CallStore.authenticate)
    guesses = [asyncio.create_task(lookups.find(str(n))) for n in range(AT_ONCE + 1)]
    with pytest.raises(UnavailableError):
        await guesses[-1]
    store.go.set()
    assert await asyncio.gather(*guesses[:-1]) == [None] * AT_ONCE
    assert await lookups.find("again") is None  # and no place is lost


async def test_known_key_is_looked_up_every_time(services: Services, store: CallStore) -> None:
    app = create_app(services)
    issued = store.create_api_key("short", ["calls:read"])
    assert (await ask(app, "GET", "/v1/calls", bearer(issued.secret)))[0].status == 200
    store.revoke_api_key(issued.key.id)
    assert (await ask(app, "GET", "/v1/calls", bearer(issued.secret)))[0].status == 401


async def slowly(part: bytes, pause_s: float, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield part
        await asyncio.sleep(pause_s)


FORM_START = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


async def start(then: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield FORM_START
    async for part in then:
        yield part


@pytest.fixture
def strict(services: Services) -> Services:
    settings = services.settings.model_copy(update={"body_timeout_s": 0.2, "body_bytes_per_s": 1000})
    return replace(services, settings=settings)


@pytest.mark.parametrize(
    ("path", "headers", "parts"),
    [
        ("/v1/calls", FORM, lambda: start(hang(b"RIFF"))),
        ("/v1/calls", FORM, lambda: start(hang(bytes(500_000)))),  # fast, then a pause
        ("/v1/calls", FORM, lambda: start(slowly(bytes(10), 0.05, 100))),  # a trickle: 200 B/s
        ("/v1/calls/x/reprocess", JSON, lambda: hang(b'{"from"')),
        ("/v1/calls/x/reprocess", JSON, lambda: slowly(b" ", 0.05, 100)),
    ],
    ids=["upload pauses", "upload pauses late", "upload trickles", "json pauses", "json trickles"],
)  # fmt: skip
async def test_body_that_does_not_come_is_not_waited_for(
    strict: Services, key: str, path: str, headers: dict[str, str], parts: object, blob_root: object
) -> None:
    answer, _ = await ask(create_app(strict), "POST", path, {**headers, **bearer(key)}, parts())  # type: ignore[operator]
    assert (answer.status, answer.code()) == (408, "request_timeout")
    assert answer.headers["connection"] == "close"
    assert blob_files(blob_root) == []  # type: ignore[arg-type]


async def test_slow_but_steady_upload_is_taken(strict: Services, key: str) -> None:
    """2 kB/s where 1 kB/s is asked for, over three times the time limit."""
    from tests.api.conftest import wav_bytes

    wav = wav_bytes(0.04)
    chunks = [wav[n : n + 100] for n in range(0, len(wav), 100)]

    async def parts() -> AsyncIterator[bytes]:
        yield FORM_START
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(0.05)
        yield b"\r\n--x--\r\n"

    assert len(chunks) * 0.05 > 3 * 0.2
    answer, _ = await ask(create_app(strict), "POST", "/v1/calls", {**FORM, **bearer(key)}, parts())
    assert answer.status == 202, answer.body


async def test_pause_of_the_server_is_not_the_clients_fault(
    strict: Services, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk takes longer than the whole body may."""
    from callytics.api import submission
    from tests.api.conftest import wav_bytes

    receive = submission.receive

    async def later(*args: object) -> object:
        await asyncio.sleep(0.3)
        return await receive(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(submission, "receive", later)

    async def parts() -> AsyncIterator[bytes]:
        yield FORM_START + wav_bytes() + b"\r\n--x--\r\n"

    answer, _ = await ask(create_app(strict), "POST", "/v1/calls", {**FORM, **bearer(key)}, parts())
    assert answer.status == 202, answer.body


async def test_body_that_says_it_is_too_large_is_not_begun(services: Services, key: str) -> None:
    app = create_app(services)
    for path, headers, code in (
        ("/v1/calls", {**FORM, "Content-Length": "100000000"}, "media_too_large"),
        ("/v1/calls/x/reprocess", {**JSON, "Content-Length": "1048577"}, "request_too_large"),
    ):
        answer, client = await ask(app, "POST", path, {**headers, **bearer(key)})
        assert (answer.status, answer.code()) == (413, code)
        assert (answer.headers["connection"], client.asked) == ("close", 0)


async def test_websocket_is_closed_at_once(services: Services) -> None:
    """There is none in this API, and so nothing of it waits for a key."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/v1/calls", "headers": [], "query_string": b"", "root_path": ""}
    async with asyncio.timeout(2):
        await create_app(services)({**scope, "subprotocols": []}, asyncio.Event().wait, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]
