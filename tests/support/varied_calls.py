"""Played calls that differ in all that lists and the overview tell: agents, queues, topics, moods, scores, flags."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from callytics.store import CallStore, JobStatus
from tests.store.samples import new_call, result_json

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 20
TOPICS = ("refund", "delivery", "billing", "order & <change>", None)
AGENTS = ("kim.minji", "lee", "박 서준", None)
QUEUES = ("support", "sales/한국", None)
FLAGS = ("truncated", "dual_mono", "language_uncertain")
ISSUES = (
    "The parcel has not come",
    "I was charged twice",
    "The shoes are too small",
    "배송지를 바꾸고 싶어요",
)
_BASE: dict[str, Any] = json.loads(result_json("x"))


@dataclass(frozen=True)
class Played:
    call_id: str
    result: dict[str, Any]


def result_of(number: random.Random, call_id: str = "", **changes: Any) -> dict[str, Any]:
    """A result like the one of tests/store/samples.py, with figures by chance; ``changes`` are of its parts."""
    result = copy.deepcopy(_BASE)
    start, end = round(number.uniform(-4, 3), 2), round(number.uniform(-4, 4), 2)
    for trend in result["conversation_characteristics"]["sentiment"]:
        if trend["participant_role"] == "CUSTOMER":
            direction = "SAME" if abs(end - start) < 1.5 else "BETTER" if end > start else "WORSE"
            way = (round(start + (end - start) * part / 3 + number.uniform(-1, 1), 2) for part in range(4))
            scores = [score if number.random() < 0.9 else None for score in way]
            quarters = [
                {**quarter, "score": score}
                for quarter, score in zip(trend["by_quarter"], scores, strict=True)
            ]
            mood = {
                "overall": round((start + end) / 2, 2),
                "start": start,
                "end": end,
                "direction": direction,
            }
            trend |= mood | {"by_quarter": quarters}
    result["communication_quality"]["overall"] = number.choice([None, round(number.uniform(20, 100), 1)])
    result["contact_summary"] |= {
        "topic": number.choice(TOPICS),
        "issue": f"{number.choice(ISSUES)}\n(order  {number.randrange(10_000)})",
        "resolved": number.choice([True, False, None]),
    }
    flags = number.sample(FLAGS, number.randrange(3))
    result["flags"] = [{"code": code, "message": code} for code in flags]
    result["media"]["duration_ms"] = number.randrange(5_000, 1_500_000)
    return {**result, "call_id": call_id, **changes}


def play_call(store: CallStore, result: dict[str, Any], tenant: str = "default", **metadata: Any) -> Played:
    """A finished call with this result."""
    call_id = store.create_call(new_call(deduplicate=False, tenant=tenant, metadata=metadata)).call.id
    finish_with(store, call_id, result)
    return Played(call_id, result)


def finish_with(store: CallStore, call_id: str, result: dict[str, Any]) -> None:
    """The next run of a call, which waits alone, ends with this result."""
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert lease.call.id == call_id
    status = JobStatus(result["job_status"])
    store.complete(call_id, lease.token, status, json.dumps({**result, "call_id": call_id}).encode())


def play_calls(store: CallStore, count: int, tenant: str = "default", seed: int = 1) -> Iterator[Played]:
    """Calls of DAYS days; most with a result, the others waiting, failed, or analysed again."""
    number = random.Random(seed)
    for index in range(count):
        at = FIRST_DAY + timedelta(seconds=number.randrange(DAYS * 86_400))
        metadata: dict[str, Any] = {"agent_id": number.choice(AGENTS), "queue": number.choice(QUEUES)}
        metadata["external_id"] = f"FC-{index:04}"
        metadata |= {"started_at": at.isoformat()} if index % 11 else {}
        result = result_of(number)
        if index % 13 == 5:  # no agent in the metadata, a name in the result
            del metadata["agent_id"]
            agents = [p for p in result["participants"] if p["participant_role"] == "AGENT"]
            agents[0]["name"] = "Emma"
        if index % 17 == 3:
            result |= {"communication_quality": None, "job_status": "PARTIAL"}
            result["conversation_characteristics"]["sentiment"] = None
        played = play_call(store, result, tenant, **metadata)
        if index % 19 == 7:
            fail_again(store, played.call_id)
        yield played


def fail_again(store: CallStore, call_id: str) -> None:
    """The call is analysed again, and that fails: its earlier result stays."""
    store.reprocess_call(call_id, ["llm-analyzer"])
    lease = store.lease("worker", 60.0)
    assert lease is not None
    assert lease.call.id == call_id
    store.fail(call_id, lease.token, "llm-analyzer", "x", "y")
