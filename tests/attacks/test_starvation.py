"""Clients that take places and give nothing: others are served all the while, and liveness answers.

What is asked meanwhile is asked on new connections, as a monitor or another tenant would.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from callytics.domain import Media
from callytics.store import NewCall, new_call_id
from tests.attacks.conftest import LONG, Held
from tests.attacks.crowd import FORM, crowd, idle_requests, request
from tests.faults.graph import RECORDING, FaultGraph

SOCKETS = 1000 if LONG else 300
BODY_TIMEOUT_S = 8.0  # conftest.py
LIVENESS_WITHIN_S = 1.0
BURST_WITHIN_S = 5.0


def liveness_s(graph: FaultGraph) -> float:
    start_s = time.monotonic()
    assert httpx.get(f"{graph.run.url}/healthz", timeout=30).status_code == 200
    return time.monotonic() - start_s


def slowest_liveness_s(graph: FaultGraph, alone_s: float, times: int = 10) -> float:
    """Slowest of ``times`` requests; and one before them, while the crowd arrives and takes the processor.

    Args:
        alone_s: how long it takes without the crowd: more than a tenth of a second only on a machine that is busy with
            other things, where everything may take as much longer.
    """
    slower = max(1.0, alone_s / 0.1)
    assert liveness_s(graph) < BURST_WITHIN_S * slower
    slowest_s = max(liveness_s(graph) for _ in range(times))
    assert slowest_s < LIVENESS_WITHIN_S * slower
    return slowest_s


@pytest.fixture
def alone_s(graph: FaultGraph) -> float:
    return max(liveness_s(graph) for _ in range(5))


@pytest.fixture(scope="module")
def key_of(graph: FaultGraph) -> Callable[..., str]:
    """Keys that were used before."""

    def make(tenant: str) -> str:
        scopes = ("calls:read", "calls:write", "calls:delete", "admin")
        secret = graph.store.create_api_key("attack", scopes, "", tenant).secret
        answer = httpx.get(f"{graph.run.url}/v1/calls?limit=1", headers={"X-API-Key": secret}, timeout=30)
        assert answer.status_code == 200
        return secret

    return make


def served_s(graph: FaultGraph, key: str) -> float:
    """A list and an upload of this key work; how long the two took."""
    start_s = time.monotonic()
    with httpx.Client(base_url=graph.run.url, headers={"X-API-Key": key}, timeout=30) as client:
        assert client.get("/v1/calls?limit=1").status_code == 200
        answer = client.post("/v1/calls", files={"file": RECORDING}, data={"deduplicate": "false"})
        assert answer.status_code in (202, 415), (
            answer.text
        )  # the real audio processor reads no such recording
    return time.monotonic() - start_s


def test_strangers_who_announce_a_body(
    graph: FaultGraph, alone_s: float, key_of: Callable[..., str], held: Held
) -> None:
    with crowd(graph, idle_requests(SOCKETS, [])) as strangers:
        alive_s = slowest_liveness_s(graph, alone_s)
        other_s = served_s(graph, key_of("other"))
        assert strangers.answers(within_s=30) == {"401": SOCKETS}
    figure = f"/healthz in {alive_s * 1000:.0f} ms, another's list and upload in {other_s * 1000:.0f} ms"
    held(f"{SOCKETS} strangers announce bodies", figure + "; all got 401")


def test_tenant_whose_bodies_never_come(
    graph: FaultGraph, alone_s: float, key_of: Callable[..., str], held: Held
) -> None:
    keys = [key_of("greedy") for _ in range(8)]
    with crowd(graph, idle_requests(SOCKETS, keys)) as idle:
        start_s = time.monotonic()
        alive_s = slowest_liveness_s(graph, alone_s)
        other_s = served_s(graph, key_of("other"))
        assert time.monotonic() - start_s < BODY_TIMEOUT_S, "the attack was over before it was looked at"
        answers = idle.answers(within_s=30)
    assert set(answers) <= {"408", "429", "503"}  # the last: too many keys at once are not looked up
    assert answers["408"] >= 64  # they did hold places: the share of one kind at least
    figure = f"/healthz in {alive_s * 1000:.0f} ms, another's list and upload in {other_s * 1000:.0f} ms; "
    held(f"{SOCKETS} idle bodies of one tenant", figure + f"{dict(answers)} after {BODY_TIMEOUT_S:.0f} s")


def test_half_headers(graph: FaultGraph, alone_s: float, key_of: Callable[..., str], held: Held) -> None:
    halves = [b"", b"GET /v1/calls HTT", request("POST /v1/calls", FORM)[:-2]]
    with crowd(graph, [halves[n % 3] for n in range(SOCKETS)]):
        alive_s = slowest_liveness_s(graph, alone_s)
        other_s = served_s(graph, key_of("other"))
    figure = f"/healthz in {alive_s * 1000:.0f} ms, a list and an upload in {other_s * 1000:.0f} ms"
    held(f"{SOCKETS} connections with half a header or nothing", figure)


def test_guessed_keys(graph: FaultGraph, alone_s: float, key_of: Callable[..., str], held: Held) -> None:
    key = key_of("other")
    served_s(graph, key)  # a key that was used before
    deadline = time.monotonic() + (20 if LONG else 4)

    def guess(n: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        with httpx.Client(base_url=graph.run.url, timeout=30) as client:
            while time.monotonic() < deadline:
                guessed = {"Authorization": f"Bearer cly_{n}{time.monotonic_ns()}"}
                answer = client.get("/v1/calls", headers=guessed)
                assert answer.headers["content-type"] == "application/problem+json"
                statuses[answer.status_code] += 1
        return statuses

    with ThreadPoolExecutor(32) as pool:
        guesses = [pool.submit(guess, n) for n in range(32)]
        slowest_s = max(served_s(graph, key) for _ in range(3))
        alive_s = slowest_liveness_s(graph, alone_s, times=3)
        statuses = sum((guess.result() for guess in guesses), Counter[int]())
    assert set(statuses) <= {401, 503}
    figure = f"/healthz in {alive_s * 1000:.0f} ms, a list and an upload in {slowest_s * 1000:.0f} ms at most"
    held(f"{statuses.total()} guessed keys by 32 clients", figure)


def test_event_streams_that_are_never_read(
    graph: FaultGraph, alone_s: float, key_of: Callable[..., str], held: Held
) -> None:
    """Event streams of a call that does not end; each is held, up to the tenant's share, and takes no other place. The
    clients ask the proxy to go on after they have left: it does not."""
    key, keys = key_of("streaming"), [key_of("streaming") for _ in range(8)]
    call_id = waiting_call(graph, "streaming")
    url = f"{graph.run.url}/v1/calls/{call_id}/events"
    target, disobedient = f"GET /v1/calls/{call_id}/events", "x-request-disconnect-disabled: ?1"
    streams = [request(target, f"X-API-Key: {keys[n % 8]}", disobedient) for n in range(SOCKETS)]
    # A key that was never seen is looked up, and many requests at once that wait for it are refused.
    for known in keys:
        wait_for_stream(url, known, "200 ")
    with crowd(graph, streams):
        alive_s = slowest_liveness_s(graph, alone_s)
        wait_for_stream(url, key, "429 too_many_of_tenant")  # a slow machine takes a while to admit the crowd
        other_s = served_s(graph, key)  # of the same tenant
    wait_for_stream(url, key, "200 ")  # those who left gave their places back
    graph.store.delete_call(call_id)
    figure = f"/healthz in {alive_s * 1000:.0f} ms, the tenant's list and upload in {other_s * 1000:.0f} ms"
    held(f"{SOCKETS} event streams of one tenant, never read", figure)


def waiting_call(graph: FaultGraph, tenant: str) -> str:
    """A call that waits for an hour: no worker takes it up. Those of earlier tests that still wait go back."""
    call_id = new_call_id()
    media = Media(call_id[:20].ljust(64, "0"), "wav", "pcm_s16le", 8000, 1, 1.0)
    call = graph.store.create_call(NewCall(call_id, "nowhere", 1, media, tenant=tenant)).call
    others = []
    while (lease := graph.store.lease("an attacker", 3600)) is not None and lease.call.id != call.id:
        others.append(lease)
    for other in others:
        graph.store.release(other.call.id, other.token)
    assert lease is not None, "a worker of the graph was quicker"
    return call.id


def wait_for_stream(url: str, key: str, expected: str, within_s: float = 30) -> None:
    """Asks for an event stream until the answer is the expected one; a stream that is given is left at once, for its
    body never ends."""
    deadline = time.monotonic() + within_s
    while (answer := stream_answer(url, key)) != expected:
        assert time.monotonic() < deadline, answer
        time.sleep(0.2)


def stream_answer(url: str, key: str) -> str:
    """Status and code: "200 " of a stream that is given, "429 too_many_of_tenant" of one that is not."""
    with httpx.stream("GET", url, headers={"X-API-Key": key}, timeout=30) as answer:
        code = "" if answer.status_code == 200 else answer.read() and answer.json()["code"]
        return f"{answer.status_code} {code}"


def test_no_header_commands_the_proxy(graph: FaultGraph, key_of: Callable[..., str], held: Held) -> None:
    headers = {"X-API-Key": key_of("other")}
    for name, value in (
        ("x-request-timeout-seconds", b"0.000001"),
        ("x-request-timeout-seconds", b"\xff"),
        ("x-request-id", b"\xff\xfe"),
        ("x-request-id", b"x" * 4000),
        ("serve_multiplexed_model_id", b"\xff"),
        ("x-session-id", b"\xff"),
    ):
        raw = [(name.encode(), value), *((n.encode(), v.encode()) for n, v in headers.items())]
        answer = httpx.get(f"{graph.run.url}/v1/calls?limit=1", headers=raw, timeout=30)
        assert answer.status_code == 200, (name, value, answer.text)
        assert len(answer.headers["x-request-id"]) < 200
    held("headers that command Ray's proxy", "none obeyed, none broke it")


@pytest.mark.skipif(not LONG, reason="kills the gateway: CALLYTICS_ATTACKS=all")
def test_proxy_answers_without_a_gateway(graph: FaultGraph, key_of: Callable[..., str], held: Held) -> None:
    """A request that was at work when the replica died, and those that come before there is another."""
    key = key_of("other")
    with crowd(graph, idle_requests(5, [key])) as at_work:
        time.sleep(1)
        graph.kill_application("api-gateway")
        answers = at_work.answers(within_s=20)
    assert answers == {"503": 5}
    statuses: Counter[int] = Counter()
    deadline = time.monotonic() + 60
    while statuses[200] < 3:
        answer = httpx.get(f"{graph.run.url}/v1/calls?limit=1", headers={"X-API-Key": key}, timeout=30)
        statuses[answer.status_code] += 1
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert set(statuses) <= {200, 503}
    held("the gateway is killed", f"{answers['503']} at work got 503 gateway_lost; then {dict(statuses)}")
