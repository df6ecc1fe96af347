"""What a client does wrong is no fault of the service: its logs say who asked for what, in one line, and no more.

Sixty ordinary client errors of every kind, then every log file of the run, Ray's own included, as far as it grew.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from callytics.config import ENGINE_STAGES
from tests.api.conftest import wav_bytes
from tests.attacks.conftest import LLM_KEY, LONG, Held
from tests.faults.graph import FaultGraph

ROUNDS = 20 if LONG else 4
KINDS = 16
ERROR = re.compile(r'"levelname": "(ERROR|CRITICAL)"|^(ERROR|CRITICAL)\b|\s[EF] \d{4}|\bERROR\b')
TRACEBACK = "Traceback (most recent call last)"
SECRET_WORD = "refundsecretword"
"""Looked for in calls, and sent where no such thing belongs."""


class Logs:
    """What was written to the log files of a run since this was made."""

    def __init__(self, graph: FaultGraph) -> None:
        self._folder = Path(graph.run.temp_dir) / "session_latest" / "logs"
        self._seen = {path: path.stat().st_size for path in self._files()}
        assert any("serve" in path.parts for path in self._seen), "these are not the logs of a graph"

    def _files(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]

    def texts(self) -> dict[str, str]:
        found = {}
        for path in self._files():
            data = path.read_bytes()[self._seen.get(path, 0) :]
            if data:
                found[str(path.relative_to(self._folder))] = data.decode(errors="replace")
        return found


def errors_of(client: httpx.Client, ids: Iterator[str], call_id: str, secrets: dict[str, str]) -> list[int]:
    """One of every kind; the status that each was answered with."""
    nothing = "0" * 26

    def ask(method: str, path: str, who: str = "writer", **more: Any) -> int:
        headers = {"X-Request-ID": next(ids), **more.pop("headers", {})}
        if who:
            headers["Authorization"] = f"Bearer {secrets[who]}"
        return client.request(method, path, headers=headers, **more).status_code

    wav, text = {"file": ("a.wav", wav_bytes())}, {"file": ("a.wav", b"this is no recording at all")}
    return [
        ask("GET", f"/v1/calls/{nothing}"),
        ask("GET", f"/v1/calls/{nothing}/result"),
        ask("DELETE", f"/v1/calls/{nothing}"),
        ask("GET", "/v1/nothing-here"),
        ask("POST", f"/v1/calls/{call_id}/cancel"),
        ask("POST", "/v1/calls", files=wav, data={"language": "en"}, headers={"Idempotency-Key": "once"}),
        ask("POST", "/v1/calls", files=text),
        ask("POST", "/v1/calls", files=wav, data={"language": "??"}),
        ask("POST", "/v1/calls", content=b"no form"),
        ask("GET", "/v1/calls", params={"q": SECRET_WORD, "limit": "0"}),
        ask("GET", "/v1/calls", who=""),
        ask("GET", "/v1/calls", who="wrong"),
        ask("GET", "/v1/api-keys"),
        ask("POST", f"/v1/calls/{call_id}/cancel", who="reader"),
        ask("PUT", "/v1/calls"),
        ask("GET", "/v1/calls", who="limited", params={"q": SECRET_WORD}),
    ]


EXPECTED = [404, 404, 404, 404, 409, 409, 415, 422, 400, 422, 401, 401, 403, 403, 405, 429]


@pytest.fixture(scope="module")
def secrets(graph: FaultGraph) -> dict[str, str]:
    make = graph.store.create_api_key
    writer = ["calls:read", "calls:write", "calls:delete"]
    return {
        "writer": make("writer", writer, tenant="alpha").secret,
        "reader": make("reader", ["calls:read"], tenant="alpha").secret,
        "limited": make("limited", writer, tenant="alpha", limits={"requests_per_minute": 1}).secret,
        "wrong": "cly_" + "w" * 43,
    }


@pytest.fixture(scope="module")
def call_id(graph: FaultGraph, secrets: dict[str, str]) -> str:
    """A call that has ended."""
    with graph.client() as client:
        headers = {"Authorization": f"Bearer {secrets['writer']}", "Idempotency-Key": "once"}
        answer = client.post("/v1/calls", files={"file": ("a.wav", wav_bytes())}, headers=headers)
        assert answer.status_code == 202, answer.text
        found: str = answer.json()["call_id"]
        client.get(f"/v1/calls/{found}/events", headers=headers)  # until it ends
        client.get("/v1/calls", headers={"Authorization": f"Bearer {secrets['limited']}"})  # its one request
    return found


def hang_up(graph: FaultGraph, secret: str, request_id: str) -> None:
    """In the middle of an upload."""
    form = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000"
    head = f"Host: x\r\nAuthorization: Bearer {secret}\r\nX-Request-ID: {request_id}\r\n{form}\r\n\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
    with socket.create_connection(("127.0.0.1", graph.run.http_port), timeout=60) as connection:
        connection.sendall(f"POST /v1/calls HTTP/1.1\r\n{head}{part}".encode())
        time.sleep(0.3)  # so that it is being received


def wait_for_line(logs: Logs, request_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (line := access_lines(logs.texts()).get(request_id)) is None:
        assert time.monotonic() < deadline, f"no line for {request_id}"
        time.sleep(0.1)
    return line


def access_lines(texts: dict[str, str]) -> dict[str, dict[str, Any]]:
    lines = [line for text in texts.values() for line in text.splitlines() if '"request_id"' in line]
    parsed = [json.loads(line) for line in lines if line.startswith("{")]
    return {line["request_id"]: line for line in parsed if "duration_ms" in line}


def test_client_errors_are_a_line_each_and_no_fault(
    graph: FaultGraph, secrets: dict[str, str], call_id: str, held: Held
) -> None:
    logs = Logs(graph)
    with graph.client() as client:
        client.headers.pop("Authorization")
        for turn in range(ROUNDS):
            ids = (f"attack-{turn}-{n}" for n in range(KINDS))
            assert errors_of(client, ids, call_id, secrets) == EXPECTED
    hang_up(graph, secrets["writer"], "attack-gone")
    gone = wait_for_line(logs, "attack-gone")
    assert (gone["status"], gone["levelname"], gone["tenant"]) == (499, "INFO", "alpha")
    texts = logs.texts()
    everything = "".join(texts.values())
    faults = {name: sum(bool(ERROR.search(x)) for x in text.splitlines()) for name, text in texts.items()}
    tracebacks = {name: text.count(TRACEBACK) for name, text in texts.items()}
    counts = f"{sum(faults.values())} ERROR lines, {sum(tracebacks.values())} tracebacks"
    where = f"{counts} for {ROUNDS * KINDS} client errors: {+Counter(faults)} {+Counter(tracebacks)}"
    assert not any((*faults.values(), *tracebacks.values())), where
    lines = access_lines(texts)
    for turn in range(ROUNDS):
        for n, status in enumerate(EXPECTED):
            line = lines[f"attack-{turn}-{n}"]
            assert (line["status"], line["levelname"]) == (status, "INFO")
            if status == 401:
                assert (line["tenant"], line["key_id"]) == (None, None)
            elif line["route"] != "(none)" and status != 405:  # what nothing answers to needs no key
                assert line["tenant"] == "alpha"
                assert line["key_id"]
    for secret in (*secrets.values(), graph.key, SECRET_WORD):
        assert secret not in everything
    held(
        "client errors in the logs",
        f"{ROUNDS * KINDS} of them: {counts}, a line each that names key and tenant",
    )


SAID = "elephantkeeper asked for a refund"
"""In the text of an exception, as a library quotes what it cannot read."""

KEPT_SECRETS = ("api-key", "ray-token", "callytics.db")
"""Files of the home that hold secrets by design; the mode of each is tested elsewhere."""


def files_written(graph: FaultGraph) -> list[Path]:
    """Below the home and Ray's session, recordings, environments and the files of secrets left out."""
    left_out = {graph.home / name for name in ("blobs", "envs", "models", "bin", "fail")}
    found: list[Path] = []
    for top in (graph.home, Path(graph.run.temp_dir)):
        for folder, names, files in os.walk(top):
            names[:] = [name for name in names if Path(folder, name) not in left_out]
            found += [Path(folder, name) for name in files]
    return [path for path in found if path.is_file() and not path.name.startswith(KEPT_SECRETS)]


def submit_call(client: httpx.Client, frequency: int) -> str:
    answer = client.post("/v1/calls", files={"file": ("a.wav", wav_bytes(seconds=frequency))})
    assert answer.status_code == 202, answer.text
    call_id: str = answer.json()["call_id"]
    client.get(f"/v1/calls/{call_id}/events")  # until it ends
    return call_id


def wait_for_lines(client: httpx.Client, call_id: str, *stages: str) -> list[dict[str, Any]]:
    """Until there are some of each."""
    deadline = time.monotonic() + 20
    while True:
        answer = client.get(f"/v1/calls/{call_id}/logs")
        assert answer.status_code == 200, answer.text
        lines: list[dict[str, Any]] = answer.json()["lines"]
        if set(stages) <= {line["stage"] for line in lines}:
            return lines
        assert time.monotonic() < deadline, f"lines of {sorted({line['stage'] for line in lines})} only"
        time.sleep(0.3)


def test_the_lines_of_a_call_are_gathered_without_its_words_and_deleted_with_it(
    graph: FaultGraph, secrets: dict[str, str], held: Held
) -> None:
    own = {"Authorization": f"Bearer {secrets['writer']}"}
    made = graph.store.create_webhook("alpha", "http://127.0.0.1:9/hook", ["call.completed"])
    with graph.client() as stranger, graph.client() as client:
        client.headers.update(own)
        well = submit_call(client, 2)
        lines = wait_for_lines(client, well, *ENGINE_STAGES, "call-pipeline", "api-gateway")
        assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
        (graph.home / "fail").write_text(SAID)
        try:
            failed = submit_call(client, 3)
            crashes = wait_for_lines(client, failed, "audio-processor", "call-pipeline")
        finally:
            (graph.home / "fail").unlink()
        assert [line["level"] for line in crashes if "speech-recognizer on call" in line["message"]]
        in_files = [json.loads(x) for x in lines_with(graph, well) if x.startswith("{")]
        of_stages = [line for line in in_files if line.get("stage") in ENGINE_STAGES]
        assert {line["stage"] for line in of_stages} == set(ENGINE_STAGES)
        for line in of_stages:
            assert (line["call_id"], line["tenant"], line["application"]) == (well, "alpha", line["stage"])
            assert line["version"]
        assert any(failed in x and "RuntimeError" in x for x in lines_with(graph, failed)), (
            "nothing of the crash"
        )
        needles = {
            "words of a call": SAID,
            "LLM key": LLM_KEY,
            "webhook secret": made.secret,
            "API key": graph.key,
        }
        needles |= {"Ray token": Path(graph.run.token_path).read_text().strip()} | secrets
        files = files_written(graph)
        for name, needle in needles.items():
            leaks = [str(path) for path in files if needle.encode() in path.read_bytes()]
            assert not leaks, f"{name} in {leaks}"
        assert stranger.get(f"/v1/calls/{well}/logs").status_code == 404
        for call_id in (well, failed):
            assert client.delete(f"/v1/calls/{call_id}").status_code == 204
            assert client.get(f"/v1/calls/{call_id}/logs").status_code == 404
        time.sleep(1.5)  # what replicas still had
        again = submit_call(client, 4)  # the recogniser is back, for the tests after this one
        assert client.get(f"/v1/calls/{again}").json()["job_status"] == "COMPLETED"
    with graph.store._engine.connect() as connection:
        kept = connection.execute(text("SELECT DISTINCT call_id FROM call_lines")).scalars().all()
    assert {well, failed}.isdisjoint(kept)
    held("words and secrets in the logs", f"none in {len(files)} files; the lines of a call go with it")


def lines_with(graph: FaultGraph, call_id: str) -> list[str]:
    """Lines of every log file of Ray's session."""
    folder = graph.run.log_folder
    texts = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    return [line for each in texts for line in each.splitlines() if call_id in line]
