"""Webhooks of a live graph: once for each call, signed, again after a failure, also where the gateway died."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.faults.graph import RECORDING, FaultGraph
from tests.support.webhook_receiver import Receiver, receiving

PATIENCE_S = 90.0
QUIET_S = 4.0
"""Longer than the gateway's poll: what would come twice has come by then."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def http(graph: FaultGraph) -> Iterator[httpx.Client]:
    with graph.client() as http:
        yield http


@pytest.fixture
def webhook(http: httpx.Client, receiver: Receiver) -> Iterator[dict[str, Any]]:
    answer = http.post("/v1/webhooks", json={"url": receiver.url, "event_types": ["call.completed"]})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    yield made
    assert http.delete(f"/v1/webhooks/{made['id']}").status_code == 204


def submit(http: httpx.Client) -> str:
    files = {"file": ("call.wav", RECORDING)}
    answer = http.post("/v1/calls", files=files, data={"deduplicate": "false"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["call_id"])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def messages(receiver: Receiver, webhook: dict[str, Any]) -> list[tuple[str, str]]:
    """Id and call of all that came, each with a signature that is right."""
    found = []
    for headers, body in receiver.got:
        signed = {name.lower(): value for name, value in headers.items()}
        message = Webhook(webhook["secret"]).verify(body, signed)
        assert message["type"] == "call.completed"
        found.append((signed["webhook-id"], message["data"]["call_id"]))
    return found


def delivery(http: httpx.Client, webhook: dict[str, Any]) -> tuple[str, int, int]:
    (found,) = http.get(f"/v1/webhooks/{webhook['id']}/deliveries").json()["deliveries"]
    return found["status"], found["attempts"], found["last_status_code"]


def test_the_end_of_a_call_arrives_once(
    http: httpx.Client, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    call_id = submit(http)
    wait_until(lambda: bool(receiver.got))
    time.sleep(QUIET_S)
    ((_, told),) = messages(receiver, webhook)
    assert told == call_id
    assert delivery(http, webhook) == ("DELIVERED", 1, 204)


def test_webhook_answered_with_500_comes_again_after_the_gateway_died(
    graph: FaultGraph, http: httpx.Client, receiver: Receiver, webhook: dict[str, Any]
) -> None:
    receiver.status = 500
    call_id = submit(http)
    wait_until(lambda: bool(receiver.got))
    wait_until(lambda: delivery(http, webhook) == ("PENDING", 1, 500))
    receiver.status = 204
    graph.kill_application("api-gateway")
    wait_until(lambda: len(receiver.got) > 1)
    time.sleep(QUIET_S)
    first, again = messages(receiver, webhook)
    assert first == again
    assert first[1] == call_id
    assert delivery(http, webhook) == ("DELIVERED", 2, 204)
