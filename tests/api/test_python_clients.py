"""`callytics.Client` and `AsyncClient` against the real API on a socket, and the examples of docs/python.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import callytics
from callytics import AsyncClient, CallStatus, Client
from callytics.api import Services, create_app
from callytics.api.schemas.calls import CallView
from callytics.client import pauses, requests
from callytics.store import CallStore
from tests.api.conftest import wav_bytes
from tests.support.documents import Block, code_blocks
from tests.support.loopback import running
from tests.support.played_graph import served

ROOT = Path(__file__).parents[2]
EXAMPLES = [block for block in code_blocks(ROOT / "docs" / "python.md") if not block.note]


@pytest.fixture
def url(services: Services) -> Iterator[str]:
    with served(create_app(services)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes())
    return path


def test_call_goes_from_file_to_result(url: str, key: str, recording: Path, worker: None) -> None:
    seen: list[CallStatus] = []
    with Client(url, key) as client:
        call_id = client.submit(recording, {"agent_id": "kim"}, language="Korean", hotwords=["환불", "신발"])
        assert client.wait(call_id, seen.append, timeout_s=30)["job_status"] == "COMPLETED"
        assert seen[0]["options"]["hotwords"] == ["환불", "신발"]
        assert seen[0]["options"]["language"] == "ko"
        assert client.result(call_id).call_id == call_id
        assert "환불" in client.transcript(call_id)
        assert [call["call_id"] for call in client.iter_calls(agent_id="kim")] == [call_id]
        assert list(client.iter_calls(agent_id="other")) == []
        client.delete_call(call_id)
        with pytest.raises(callytics.NotFoundError):
            client.status(call_id)


@pytest.mark.anyio
async def test_call_goes_from_file_to_result_in_asyncio(
    url: str, key: str, recording: Path, worker: None
) -> None:
    async with AsyncClient(url, key) as client:
        call_id = await client.submit(recording, redact_pii=True)
        assert (await client.wait(call_id, timeout_s=30))["job_status"] == "COMPLETED"
        assert (await client.result(call_id)).call_id == call_id
        assert "환불" in await client.transcript(call_id)
        assert [call["call_id"] async for call in client.iter_calls()] == [call_id]
        await client.delete_call(call_id)
        with pytest.raises(callytics.NotFoundError):
            await client.status(call_id)


def test_iter_calls_reads_every_page(
    url: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "CALLS_PER_PAGE", 2)
    with Client(url, key) as client:
        made = []
        for i in range(5):
            (tmp_path / f"{i}.wav").write_bytes(wav_bytes(value=i))
            made.append(client.submit(tmp_path / f"{i}.wav"))
        assert [call["call_id"] for call in client.iter_calls()] == made[::-1]


def test_wait_gives_up_after_its_timeout(url: str, key: str, recording: Path) -> None:
    with Client(url, key) as client:
        call_id = client.submit(recording)
        with pytest.raises(TimeoutError, match=f"{call_id} is QUEUED"):
            client.wait(call_id, timeout_s=0.1)


def test_refusals_are_errors_of_the_tree(url: str, key: str, store: CallStore, tmp_path: Path) -> None:
    text = tmp_path / "call.wav"
    text.write_text("no sound")
    reader = store.create_api_key("reader", ["calls:read"]).secret
    with Client(url, key) as client, Client(url, reader) as reading, Client(url, "wrong") as stranger:
        with pytest.raises(callytics.InvalidMediaError) as undecodable:
            client.submit(text)
        assert undecodable.value.code == "media_undecodable"
        with pytest.raises(callytics.InvalidRequestError, match="no such file"):
            client.submit(tmp_path / "missing.wav")
        with pytest.raises(callytics.InvalidRequestError):
            list(client.iter_calls(status="NO_SUCH"))
        with pytest.raises(callytics.ForbiddenError):
            reading.delete_call("x")
        with pytest.raises(callytics.UnauthorizedError):
            stranger.status("x")


def test_status_type_is_the_answer_of_the_api() -> None:
    assert set(CallStatus.__annotations__) == set(CallView.model_fields)


# ---------------------------------------------------------------- sent again


@contextmanager
def refusing(status: int, times: int, headers: dict[str, str]) -> Iterator[tuple[str, list[bytes]]]:
    """A service that refuses the first requests; its address, and the bodies that came."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            refused = len(bodies) <= times
            code, detail = ("not_now", "Later.") if refused else ("", "")
            body = json.dumps({"code": code, "detail": detail, "call_id": "c1"}).encode()
            self.send_response(status if refused else 202)
            for name, value in {**(headers if refused else {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, bodies


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses_s: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses_s.append(pause_s)

    monkeypatch.setattr("callytics.client.synchronous.time.sleep", pauses_s.append)
    monkeypatch.setattr("callytics.client.asynchronous.asyncio.sleep", sleep)
    return pauses_s


@pytest.mark.parametrize(
    ("headers", "expected"), [({"Retry-After": "7"}, [7.0, 7.0]), ({}, [0.5, 1.0])], ids=["told", "not told"]
)
@pytest.mark.parametrize("status", [429, 503])
def test_refused_upload_is_sent_again_whole(
    status: int, headers: dict[str, str], expected: list[float], recording: Path, slept: list[float]
) -> None:
    with refusing(status, 2, headers) as (url, bodies), Client(url, "key") as client:
        assert client.submit(recording) == "c1"
        assert slept == expected
        assert len(bodies) == 3
        assert all(recording.read_bytes() in body for body in bodies)


@pytest.mark.anyio
async def test_refused_upload_is_sent_again_in_asyncio(recording: Path, slept: list[float]) -> None:
    with refusing(429, 1, {"Retry-After": "3"}) as (url, bodies):
        async with AsyncClient(url, "key") as client:
            assert await client.submit(recording) == "c1"
    assert 3.0 in slept
    assert all(recording.read_bytes() in body for body in bodies)


@pytest.mark.parametrize(
    ("headers", "retries", "count"),
    [({"Retry-After": "1"}, 3, 4), ({"Retry-After": "1"}, 0, 1), ({"Retry-After": "3600"}, 3, 1)],
    ids=["used up", "off", "too long to sit out"],
)
def test_refusal_that_stays_is_raised(
    headers: dict[str, str], retries: int, count: int, recording: Path, slept: list[float]
) -> None:
    with refusing(429, 99, headers) as (url, bodies), Client(url, "key", retries=retries) as client:
        with pytest.raises(callytics.TooManyRequestsError) as refusal:
            client.submit(recording)
        assert len(bodies) == count
        assert refusal.value.retry_after_s == int(headers["Retry-After"])


def test_other_errors_are_not_sent_again(recording: Path, slept: list[float]) -> None:
    with refusing(500, 99, {}) as (url, bodies), Client(url, "key") as client:
        with pytest.raises(callytics.CallyticsError, match="Later"):
            client.submit(recording)
        assert len(bodies) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", 5.0), ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0), ("soon", None), ("-3", None), ("", None)],
)
def test_retry_after_is_seconds_or_a_date(text: str, expected: float | None) -> None:
    assert pauses.retry_after_s({"Retry-After": text}) == expected


# ---------------------------------------------------------------- documents and examples


@pytest.fixture
def run_python(url: str, key: str, recording: Path, worker: None) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=recording.parent,
            env=os.environ | {"CALLYTICS_URL": url, "CALLYTICS_API_KEY": key, "PYTHONUTF8": "1"},
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.section)
def test_example_of_the_document_runs(block: Block, run_python: Callable[..., str]) -> None:
    printed = run_python("-c", block.text)
    if "no-such-call" in block.text:
        assert printed.startswith("call_not_found ")
    elif "iter_calls(status" not in block.text:  # nothing was submitted before this block
        assert printed.strip()


def test_example_of_one_call_runs(run_python: Callable[..., str]) -> None:
    printed = run_python(str(ROOT / "examples" / "one_call.py"), "call.wav")
    assert "환불" in printed
    assert "Summary: " in printed


def test_example_of_a_batch_runs(run_python: Callable[..., str], recording: Path) -> None:
    (recording.parent / "second.WAV").write_bytes(wav_bytes(value=1))
    printed = run_python(str(ROOT / "examples" / "batch.py"), str(recording.parent))
    assert printed.count(" turns") == 2
    for name in ("call.json", "second.json"):
        assert callytics.read_result(recording.parent / name).transcript


def test_example_of_the_openai_client_runs(run_python: Callable[..., str]) -> None:
    printed = run_python(str(ROOT / "examples" / "openai_client.py"), "call.wav")
    assert printed.startswith("ko")
    assert "환불" in printed
