"""Every operation of the API document, with bodies, queries, paths and fields that no client sends by accident: the
answer is the client's fault with a reason, never 500. On both databases: PostgreSQL refuses what SQLite takes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from callytics.api import ApiSettings, Services, create_app
from callytics.api.strict import MAX_DEPTH, StrictRoute, parse_json
from callytics.store import SCOPES, AsyncStore, BlobStore, CallStore
from tests.api.conftest import TwoStages, WavOnlyAudio, wav_bytes
from tests.store.samples import finish, new_call

pytestmark = pytest.mark.anyio

HOSTILE_JSON: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "null": b"null",
    "a number": b"5",
    "a list": b"[]",
    "deep lists": b"[" * 3000 + b"]" * 3000,
    "deep objects": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "half deep": b'{"a":' * 500 + b"1" + b"}" * 500,
    "deeper than the parser": b"[" * 200_000,
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a large float": b'{"a": 1e999}',
    "a long number": b'{"a": ' + b"9" * 5000 + b"}",
    "a number of 65 bits": b'{"a": 18446744073709551616}',
    "a name twice": b'{"a": 1, "a": 2}',
    "NUL": b'{"a": "\\u0000"}',
    "NUL in a name": b'{"\\u0000": 1}',
    "half a character": b'{"a": "\\ud800"}',
    "half a character as name": b'{"\\udc00": 1}',
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "many values": b'{"a": [' + b"1," * 20_000 + b"1]}",
    "many names": json.dumps({str(n): n for n in range(9_000)}).encode(),
    "a long name": json.dumps({"a" * 500_000: 1}).encode(),
    "a prototype": b'{"__proto__": {"x": 1}, "constructor": 1}',
}
NEVER_TAKEN = {name for name, data in HOSTILE_JSON.items() if name not in ("nothing", "null")}

HOSTILE_TEXT = (
    "",
    "\0",
    "a\0b",
    "%00",
    "' OR 1=1 --",
    "../../etc/passwd",
    "\ud7ff\uffff\ufffe",
    "\u202e",
    "0.5",
    "1.0",
    "-1",
    "99999999999999999999",
    "1e5",
    "NaN",
    "Infinity",
    "１",
    "true",
    "null",
    "[]",
    "0000-00-00T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-11-22",
    "x" * 3000,
)


@pytest.fixture
def store(database_url: str) -> Iterator[CallStore]:
    store = CallStore(database_url)
    yield store
    store.close()


@pytest.fixture
def call_id(store: CallStore, tmp_path: Path) -> str:
    recording = tmp_path / "call.wav"
    recording.write_bytes(wav_bytes())
    call_id = store.create_call(new_call(uri=str(recording))).call.id
    finish(store)
    return call_id


@pytest.fixture
def app(store: CallStore, tmp_path: Path) -> FastAPI:
    settings = ApiSettings(event_poll_s=0.01, requests_per_minute=0, transcription_timeout_s=0.01)
    blobs = BlobStore(str(tmp_path / "blobs"))
    return create_app(Services(AsyncStore.local(store), blobs, WavOnlyAudio(), TwoStages(), settings))


@pytest.fixture
async def client(app: FastAPI, store: CallStore) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {store.create_api_key('hostile', sorted(SCOPES)).secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


def operations(app: FastAPI, kind: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description; ``kind``: of the body, a media type."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if not kind or kind in content:
                yield method.upper(), path, operation


def filled(path: str, call_id: str) -> str:
    return path.replace("{call_id}", call_id).replace("{", "").replace("}", "")


def check(response: httpx.Response, *what: object) -> None:
    assert response.status_code < 500, (what, response.status_code, response.text[:500])
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json", what
        assert response.json()["detail"], what


async def test_no_json_body_is_an_error_of_the_server(
    app: FastAPI, client: httpx.AsyncClient, call_id: str
) -> None:
    headers = {"Content-Type": "application/json"}
    tried = 0
    for method, path, _ in operations(app, "application/json"):
        for name, data in HOSTILE_JSON.items():
            answer = await client.request(method, filled(path, call_id), content=data, headers=headers)
            check(answer, method, path, name)
            if name in NEVER_TAKEN:
                assert answer.status_code in (400, 404, 422), (method, path, name, answer.text[:200])
            tried += 1
    assert tried >= 5 * len(HOSTILE_JSON)


async def test_nor_is_one_inside_of_what_a_body_may_hold(
    app: FastAPI, client: httpx.AsyncClient, call_id: str
) -> None:
    headers = {"Content-Type": "application/json"}
    for name, data in HOSTILE_JSON.items():
        body = b'{"metadata": {"custom": {"x": ' + (data or b"1") + b"}}}"
        answer = await client.patch(f"/v1/calls/{call_id}", content=body, headers=headers)
        check(answer, name)
        form = {
            "metadata": (None, b'{"custom": {"x": ' + (data or b"1") + b"}}"),
            "file": ("a.wav", wav_bytes()),
        }
        check(await client.post("/v1/calls", files=form), "form", name)


async def test_json_nested_3000_deep_is_refused_by_its_field(client: httpx.AsyncClient) -> None:
    deep = '{"custom": {"x": ' + "[" * 3000 + "]" * 3000 + "}}"
    form = {"metadata": (None, deep), "file": ("a.wav", wav_bytes())}
    answer = await client.post("/v1/calls", files=form)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == ["body", "metadata"]
    assert f"more than {MAX_DEPTH} deep" in answer.json()["detail"]


async def test_no_query_is_an_error_of_the_server(
    app: FastAPI, client: httpx.AsyncClient, call_id: str
) -> None:
    for method, path, operation in operations(app):
        if method != "GET":
            continue
        names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
        for name in [*names, "stauts", "\0", "[]"]:
            for text in HOSTILE_TEXT:
                url = f"{filled(path, call_id)}?{quote(name)}={quote(text, errors='replace')}"
                check(await client.get(url), path, name, text)
        check(await client.get(f"{filled(path, call_id)}?%ff=%ff&&=&==&%"), path)


async def test_no_path_is_an_error_of_the_server(
    app: FastAPI, client: httpx.AsyncClient, call_id: str
) -> None:
    for method, path, _ in operations(app):
        if "{" not in path:
            continue
        for text in HOSTILE_TEXT:
            part = quote(text, safe="", errors="replace")
            url = path.replace("{call_id}", part).replace("{webhook_id}", part)
            url = url.replace("{key_id}", part).replace("{delivery_id}", part)
            check(await client.request(method, url), method, path, text)


async def test_no_form_field_is_an_error_of_the_server(app: FastAPI, client: httpx.AsyncClient) -> None:
    for _, path, operation in operations(app, "multipart/form-data"):
        schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        names = [name for name in schema["properties"] if name not in ("file", "media_url")]
        for name in [*names, "language[]", "unknown", ""]:
            for text in HOSTILE_TEXT:
                files = [("file", ("a.wav", wav_bytes())), (name, (None, text.encode()))]
                if "transcriptions" in path and name != "model":
                    files.append(
                        ("model", (None, b"nothing that there is"))
                    )  # else it would wait for an engine
                check(await client.post(path, files=files), path, name, text)


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/audio/transcriptions"])
async def test_field_given_twice_is_named_and_wins_nothing(
    app: FastAPI, client: httpx.AsyncClient, path: str
) -> None:
    ((_, _, operation),) = [o for o in operations(app, "multipart/form-data") if o[1] == path]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    for name, field in schema["properties"].items():
        if name == "file" or field.get("type") == "array":
            continue
        value = json.dumps({}) if name == "metadata" else "1"
        twice = [(name, (None, value)), (name, (None, value))]
        answer = await client.post(path, files=[("file", ("a.wav", wav_bytes())), *twice])
        if name == "media_url":
            assert answer.status_code == 400
            continue
        problem = answer.json()
        if "audio" in path:  # as OpenAI refuses: 400, and the field in ``param``
            assert (answer.status_code, problem["error"]["param"]) == (400, name), answer.text
            continue
        assert answer.status_code == 422, (name, answer.text)
        assert ["body", name] in [e["loc"] for e in problem["errors"] if e["type"] == "repeated"]


async def test_filter_that_is_misspelt_is_refused_and_the_right_ones_are_named(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/v1/calls", params={"stauts": "FAILED"})
    assert answer.status_code == 422
    assert "status" in answer.json()["detail"]
    for url in ("/v1/models?a=1", "/v1/stages?a=1", "/v1/webhooks?limit=1"):
        assert (await client.get(url)).status_code == 422, url
    assert (await client.get("/healthz?probe=1")).status_code == 200


WRONG_QUERIES = (
    ("created_from=0.5", "created_from"),
    ("created_from=1764300000", "created_from"),
    ("created_from=2026-11-22", "created_from"),
    ("created_from=2026-11-22T00:00:00", "created_from"),
    ("created_from=10000-01-01T00:00:00Z", "created_from"),
    ("created_before=9999-12-31T23:59:59-14:00", "created_before"),
    ("created_from=2026-11-23T00:00:00Z&created_before=2026-11-22T00:00:00Z", "created_from"),
    ("limit=1.0", "limit"),
    ("limit=%2B1", "limit"),
    ("limit=1_0", "limit"),
    ("limit=%201", "limit"),
    ("limit=-1", "limit"),
    ("limit=1&limit=2", "limit"),
    ("language=xx", "language"),
)


async def test_query_is_what_it_says_or_refused(client: httpx.AsyncClient) -> None:
    for query, field in WRONG_QUERIES:
        answer = await client.get(f"/v1/calls?{query}")
        assert answer.status_code == 422, (query, answer.text)
        assert field in answer.json()["detail"], query


async def test_time_that_no_answer_could_show_is_not_kept(client: httpx.AsyncClient) -> None:
    """It was, and from then on the list of all keys was 500."""
    for expires_at in ("9999-12-31T23:59:59-14:00", 0.5, 4_000_000_000, "4000000000", "2999-01-01"):
        body = {"name": "x", "scopes": ["calls:read"], "expires_at": expires_at}
        assert (await client.post("/v1/api-keys", json=body)).status_code == 422, expires_at
    body = {"name": "x", "scopes": ["calls:read"], "expires_at": "9999-12-31T23:59:59Z"}
    assert (await client.post("/v1/api-keys", json=body)).status_code == 201
    assert (await client.get("/v1/api-keys")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/audio/transcriptions"])
async def test_unknown_language_is_refused_before_there_is_a_call(
    client: httpx.AsyncClient, store: CallStore, path: str
) -> None:
    fields = {"model": "whisper-1"} if "audio" in path else {}
    for language in ("xx", "klingon", "ko en"):
        files = {"file": ("a.wav", wav_bytes())}
        answer = await client.post(path, files=files, data={**fields, "language": language})
        assert answer.status_code == (400 if "audio" in path else 422), answer.text
        assert "it has af, am" in answer.json()["detail"]
    assert await AsyncStore.local(store)(CallStore.call_ids) == set()


async def test_every_route_of_the_version_is_strict(app: FastAPI) -> None:
    routes = [c.route if hasattr(c, "route") else c for c in iter_route_contexts(app.routes)]
    routes = [getattr(route, "original_route", route) for route in routes]
    loose = [r.path for r in routes if isinstance(r, APIRoute) and not isinstance(r, StrictRoute)]
    assert len(routes) > 20
    assert not [path for path in loose if path.startswith("/v1/")]


def test_plain_json_is_read_as_it_is() -> None:
    value = {"a": [1, -2.5, "한국어 😀", None, True, {}], "b": 2**63 - 1}
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json("\ufeff{}".encode()) == {}
    nested = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_json(nested)
    with pytest.raises(json.JSONDecodeError):
        parse_json(f"[{nested}]")


async def test_fields_are_bounded_together_for_they_stay_in_memory(client: httpx.AsyncClient) -> None:
    """200 of 64 KB each, of every upload that is under way, were 12 MB."""
    fields = {f"x{n}": "x" * 60_000 for n in range(20)}
    for path in ("/v1/calls", "/v1/audio/transcriptions", "/v1/audio/translations"):
        answer = await client.post(path, files={"file": ("a.wav", wav_bytes())}, data=fields)
        assert (answer.status_code, answer.json()["code"]) == (400, "fields_too_large")


async def test_correction_of_a_thousand_turns_is_read(client: httpx.AsyncClient, call_id: str) -> None:
    """A call of an hour, every turn of it; more of them in a second request."""
    words = {"turns": [{"turn_id": f"t{n}", "content": "환불해 주세요. " * 25} for n in range(1000)]}
    assert 500_000 < len(json.dumps(words, ensure_ascii=False).encode()) < 1 << 20
    answer = await client.patch(f"/v1/calls/{call_id}", json=words)
    assert answer.status_code in (400, 409), answer.text  # read; that turn is none of this call's
    assert answer.json()["code"] in ("turn_unknown", "call_not_finished")
