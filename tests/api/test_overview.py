"""The overview equals a recomputation by pandas from the exported results, and every number leads to its calls."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pandas as pd
import pytest
from fastapi import FastAPI
from scipy import stats

from callytics.api import ApiSettings, Services, create_app, intervals
from callytics.store import AsyncStore, BlobStore, CallStore
from tests.api.conftest import TwoStages, WavOnlyAudio
from tests.store.samples import fresh_database, new_call
from tests.support.varied_calls import DAYS, FIRST_DAY, play_calls

pytestmark = pytest.mark.anyio

COUNT = 240
ZONE = "Asia/Seoul"
FIRST = FIRST_DAY.date() + timedelta(days=DAYS // 2)
LAST = FIRST_DAY.date() + timedelta(days=DAYS)
PERIOD = {"first_day": FIRST.isoformat(), "last_day": LAST.isoformat(), "time_zone": ZONE}
EDGES_S = (0, 60, 180, 300, 600, 1200, math.inf)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CallStore, FastAPI]]:
    folder = tmp_path_factory.mktemp("overview")
    store = CallStore(fresh_database(folder))
    list(play_calls(store, COUNT))
    list(play_calls(store, 20, tenant="other", seed=9))
    store.create_call(
        new_call("e" * 64, metadata={"started_at": f"{LAST}T12:00:00+09:00", "queue": "waiting"})
    )
    blobs = BlobStore(str(folder / "blobs"))
    services = Services(AsyncStore.local(store), blobs, WavOnlyAudio(), TwoStages(), ApiSettings())
    yield store, create_app(services)
    store.close()


@pytest.fixture
async def reader(house: tuple[CallStore, FastAPI]) -> AsyncIterator[httpx.AsyncClient]:
    store, app = house
    async with client_of(app, store.create_api_key("r", ["calls:read"]).secret) as client:
        yield client


def client_of(app: FastAPI, secret: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, timeout=60)


async def asked(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/v1/overview", params={**PERIOD, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def exported(client: httpx.AsyncClient, first: date, last: date) -> pd.DataFrame:
    """A row per call of these days in Seoul, from its exported result alone."""
    answer = await client.get("/v1/calls/export", params={"format": "jsonl"})
    rows = pd.DataFrame([_row(json.loads(line)) for line in answer.text.splitlines()])
    rows["day"] = pd.to_datetime(rows["at"], utc=True, format="ISO8601").dt.tz_convert(ZONE).dt.date
    return rows[(rows["day"] >= first) & (rows["day"] <= last)].reset_index(drop=True)


def _row(line: dict[str, Any]) -> dict[str, Any]:
    call, result = line["call"], line["result"] or {}
    metadata, summary = call["metadata"], result.get("contact_summary") or {}
    sentiment = (result.get("conversation_characteristics") or {}).get("sentiment") or []
    mood = next((one for one in sentiment if one["participant_role"] == "CUSTOMER"), {})
    names = [
        p["name"] for p in result.get("participants", []) if p["participant_role"] == "AGENT" and p["name"]
    ]
    return {
        "call_id": call["call_id"],
        "status": call["job_status"],
        "at": metadata["started_at"] or call["created_at"],
        "length_s": call["media"]["duration_ms"] / 1000,
        "agent": metadata["agent_id"] or ", ".join(names) or None,
        "queue": metadata["queue"],
        "has_result": bool(result),
        "topic": summary.get("topic"),
        "resolved": {True: "YES", False: "NO", None: "UNKNOWN"}[summary.get("resolved")] if result else None,
        "start": mood.get("start"),
        "end": mood.get("end"),
        "direction": mood.get("direction"),
        "quality": (result.get("communication_quality") or {}).get("overall"),
        "flags": sorted({flag["code"] for flag in result.get("flags", [])}),
    }


def close(value: float | None, expected: float) -> bool:
    return value is not None and math.isclose(value, expected, rel_tol=1e-6, abs_tol=1e-9)


def is_mean_of(figure: dict[str, Any], values: pd.Series[Any]) -> bool:
    values = pd.to_numeric(values.dropna())
    n = len(values)
    assert (figure["calls"], figure["small"]) == (n, n < 30)
    if n == 0:
        return figure["mean"] is figure["low"] is None
    if n == 1:
        return close(figure["mean"], values.mean()) and figure["low"] is None
    low, high = stats.t.interval(0.95, n - 1, values.mean(), values.std(ddof=1) / math.sqrt(n))
    ends = close(figure["low"], low) and close(figure["high"], high)
    return close(figure["mean"], values.mean()) and ends


def is_share_of(figure: dict[str, Any], count: int, n: int) -> bool:
    assert (figure["calls"], figure["small"]) == (count, n < 30)
    if n == 0:
        return figure["share"] is None
    interval = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    ends = close(figure["low"], interval.low) and close(figure["high"], interval.high)
    return close(figure["share"], count / n) and ends


async def test_volume_and_lengths_equal_a_recomputation(reader: httpx.AsyncClient) -> None:
    found, calls = await asked(reader), await exported(reader, FIRST, LAST)
    before = await exported(
        reader, FIRST - timedelta(days=(LAST - FIRST).days + 1), FIRST - timedelta(days=1)
    )
    assert len(calls) > 80
    assert len(before) > 80
    assert (found["period"]["calls"], found["before"]["calls"]) == (len(calls), len(before))
    days = {one["day"]: one["calls"] for one in found["days"]}
    assert len(days) == (LAST - FIRST).days + 1
    assert {day: n for day, n in days.items() if n} == {
        str(day): n for day, n in calls.groupby("day").size().items()
    }
    statuses = {one["status"]: one["calls"] for one in found["statuses"]}
    assert statuses == calls.groupby("status").size().to_dict()
    assert set(statuses) == {"QUEUED", "FAILED", "PARTIAL", "COMPLETED"}
    lengths = found["lengths"]
    for name, expected in (
        ("mean_s", calls["length_s"].mean()),
        ("median_s", calls["length_s"].median()),
        ("p90_s", calls["length_s"].quantile(0.9)),
        ("total_s", calls["length_s"].sum()),
    ):
        assert close(lengths[name], expected), name
    cut = pd.cut(calls["length_s"], EDGES_S, right=False).value_counts(sort=False)
    assert [one["calls"] for one in lengths["buckets"]] == cut.tolist()


async def test_moods_equal_a_recomputation(reader: httpx.AsyncClient) -> None:
    found, calls = await asked(reader), await exported(reader, FIRST, LAST)
    moods, known = found["moods"], calls.dropna(subset=["end"])
    assert is_mean_of(moods["start"], calls["start"])
    assert is_mean_of(moods["end"], calls["end"])
    bands = {"NEGATIVE": known["end"] <= -0.75, "POSITIVE": known["end"] >= 1.5}
    bands["NEUTRAL"] = ~(bands["NEGATIVE"] | bands["POSITIVE"])
    assert {one["mood"] for one in moods["ended"]} == set(bands)
    for one in moods["ended"]:
        assert is_share_of(one, int(bands[one["mood"]].sum()), len(known))
    for one in moods["directions"]:
        assert is_share_of(
            one, int((calls["direction"] == one["direction"]).sum()), calls["direction"].count()
        )


async def test_topics_and_their_change_equal_a_recomputation(reader: httpx.AsyncClient) -> None:
    found, calls = await asked(reader), await exported(reader, FIRST, LAST)
    before = await exported(
        reader, FIRST - timedelta(days=(LAST - FIRST).days + 1), FIRST - timedelta(days=1)
    )
    calls, before = calls[calls["has_result"]], before[before["has_result"]]
    assert [one["calls"] for one in found["topics"]] == sorted(
        (t["calls"] for t in found["topics"]), reverse=True
    )
    assert {one["topic"] for one in found["topics"]} >= {"refund", "delivery", "billing", None}
    assert sum(one["calls"] for one in found["topics"]) == len(calls)
    for one in found["topics"]:
        mine = calls[calls["topic"].isna() if one["topic"] is None else calls["topic"] == one["topic"]]
        earlier = before[before["topic"].isna() if one["topic"] is None else before["topic"] == one["topic"]]
        assert is_share_of(one, len(mine), len(calls))
        assert is_share_of(one["before"], len(earlier), len(before))
        assert close(one["change"], len(mine) / len(calls) - len(earlier) / len(before))
        assert one["change_low"] < one["change"] < one["change_high"]
        resolved = {each["resolved"]: each["calls"] for each in one["resolved"]}
        assert {name: n for name, n in resolved.items() if n} == mine.groupby("resolved").size().to_dict()
        latest = mine.sort_values("at", key=lambda at: pd.to_datetime(at, utc=True, format="ISO8601"))
        assert [each["call_id"] for each in one["issues"]] == latest["call_id"].tolist()[::-1][:3]


@pytest.mark.parametrize("by", ["agent", "queue"])
async def test_quality_by_agent_and_queue_equals_a_recomputation(reader: httpx.AsyncClient, by: str) -> None:
    found, calls = await asked(reader), await exported(reader, FIRST, LAST)
    groups = found[f"{by}s"]
    assert sum(one["calls"] for one in groups) == len(calls)
    assert {one["name"] for one in groups} == {None if pd.isna(name) else name for name in calls[by]}
    for one in groups:
        mine = calls[calls[by].isna() if one["name"] is None else calls[by] == one["name"]]
        assert one["calls"] == len(mine)
        assert is_mean_of(one["quality"], mine["quality"])
        ends = pd.to_numeric(mine["end"].dropna())
        assert is_share_of(one["ended_negative"], int((ends <= -0.75).sum()), len(ends))
    assert any(one["quality"]["small"] for one in groups)
    assert is_mean_of(found["quality"], calls["quality"])


async def test_flags_and_states_equal_a_recomputation(reader: httpx.AsyncClient) -> None:
    found, calls = await asked(reader), await exported(reader, FIRST, LAST)
    flags = {one["flag"]: one["calls"] for one in found["flags"]}
    assert flags == calls["flags"].explode().dropna().value_counts().to_dict()
    states = {one["state"]: one["calls"] for one in found["findings"]}
    has_result = calls["has_result"]
    of_last_run = has_result & calls["status"].isin(["COMPLETED", "PARTIAL"])
    assert states == {
        "CURRENT": of_last_run.sum(), "EARLIER": (has_result & ~of_last_run).sum(), "NONE": (~has_result).sum()
    }  # fmt: skip
    assert min(states.values()) > 0


def counts(node: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node, dict):
        if "calls_url" in node:
            yield node["calls"], node["calls_url"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from counts(part)


@pytest.mark.parametrize("own", [{}, {"queue": "sales/한국", "language": "ko"}, {"agent": "lee"}])
async def test_every_number_leads_to_as_many_calls(reader: httpx.AsyncClient, own: dict[str, str]) -> None:
    found = list(counts(await asked(reader, **own)))
    assert len(found) > 60
    for number, url in found:
        answer = await reader.get(f"{url}&total=true&limit=1")
        assert answer.status_code == 200, (url, answer.text)
        assert answer.json()["total"] == number, url


async def test_list_of_a_number_holds_exactly_its_calls(reader: httpx.AsyncClient) -> None:
    found, calls = await asked(reader), await exported(reader, FIRST, LAST)
    agent = next(one for one in found["agents"] if one["name"] == "lee")
    page = (await reader.get(f"{agent['quality']['calls_url']}&limit=200")).json()
    mine = calls[(calls["agent"] == "lee") & calls["quality"].notna()]
    assert {call["call_id"] for call in page["calls"]} == set(mine["call_id"])


async def test_other_tenant_sees_nothing_of_it(house: tuple[CallStore, FastAPI]) -> None:
    store, app = house
    secret = store.create_api_key("x", ["calls:read"], "", "empty").secret
    async with client_of(app, secret) as client:
        found = await asked(client)
        assert {number for number, _ in counts(found)} == {0}
        assert (found["topics"], found["agents"], found["quality"]["mean"]) == ([], [], None)
    secret = store.create_api_key("x", ["calls:read"], "", "other").secret
    async with client_of(app, secret) as client:
        found = await asked(client, first_day=FIRST_DAY.date().isoformat())
        assert 10 < found["period"]["calls"] <= 20


async def test_days_begin_in_the_time_zone(reader: httpx.AsyncClient) -> None:
    found = await asked(reader)
    assert found["period"]["called_from"] == f"{FIRST - timedelta(days=1)}T15:00:00Z"
    assert (await asked(reader, time_zone="UTC"))["period"]["called_from"] == f"{FIRST}T00:00:00Z"
    new_york = await asked(
        reader, time_zone="America/New_York", first_day="2026-03-08", last_day="2026-03-08"
    )
    assert (new_york["period"]["called_from"], new_york["period"]["called_before"]) == (
        "2026-03-08T05:00:00Z",
        "2026-03-09T04:00:00Z",
    ), "the day on which summer time begins has 23 hours"


async def test_default_is_four_weeks_up_to_today(reader: httpx.AsyncClient) -> None:
    found = (await reader.get("/v1/overview")).json()
    first, last = (date.fromisoformat(found["period"][name]) for name in ("first_day", "last_day"))
    assert (last - first).days == 27
    assert ZoneInfo(found["time_zone"]) == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"time_zone": "Asia/Nowhere"}, 400, "Asia/Seoul or UTC"),
        ({"time_zone": "../../etc/passwd"}, 400, "Asia/Seoul or UTC"),
        ({"time_zone": "Asia"}, 400, "Asia/Seoul or UTC"),
        ({"time_zone": ""}, 400, "Asia/Seoul or UTC"),
        ({"first_day": "2026-03-05", "last_day": "2026-03-04"}, 400, "1 to 366 days"),
        ({"first_day": "2024-03-05", "last_day": "2026-03-04"}, 400, "1 to 366 days"),
        ({"first_day": "0001-01-01", "last_day": "0001-01-02"}, 400, "1 to 366 days"),
        ({"first_day": "9999-12-30", "last_day": "9999-12-31"}, 400, "1 to 366 days"),
        ({"first_day": "yesterday"}, 422, "as 2026-11-22"),
        ({"team": "x"}, 422, "queue"),
    ],
)
async def test_refusal_says_what_is_allowed(
    reader: httpx.AsyncClient, query: dict[str, str], status: int, says: str
) -> None:
    answer = await reader.get("/v1/overview", params=query)
    assert answer.status_code == status, answer.text
    assert says in answer.text


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("mood=SAD", "NEGATIVE"),
        ("mood_direction=UP", "BETTER"),
        ("quality_from=101", "100"),
        ("quality_from=nan", "100"),
        ("quality_from=60&quality_before=60", "less than"),
        ("resolved=maybe", "UNKNOWN"),
        ("findings=OLD", "EARLIER"),
        ("without=name", "topic"),
        ("sort=issue", "-quality"),
        ("called_from=2026-03-02T00:00:00Z&called_before=2026-03-01T00:00:00Z", "earlier"),
        ("duration_from_s=-1", "0"),
        ("called_from=2026-03-02", "offset"),
    ],
)
async def test_refused_filter_of_the_list_says_what_is_allowed(
    reader: httpx.AsyncClient, query: str, says: str
) -> None:
    answer = await reader.get(f"/v1/calls?{query}")
    assert answer.status_code == 422, answer.text
    assert says in answer.text


@pytest.mark.parametrize("degrees", [1, 2, 3, 9, 29, 100, 399, 400, 401, 5000])
def test_quantiles_are_those_of_scipy(degrees: int) -> None:
    assert math.isclose(intervals.t_quantile(degrees), stats.t.ppf(0.975, degrees), rel_tol=1e-7)


@pytest.mark.parametrize(("count", "n"), [(0, 1), (1, 1), (0, 30), (3, 10), (500, 1000)])
def test_intervals_of_shares_are_those_of_scipy(count: int, n: int) -> None:
    expected = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    found = intervals.of_share(count, n)
    assert found is not None
    assert math.isclose(found.low, expected.low, abs_tol=1e-12)
    assert math.isclose(found.high, expected.high, abs_tol=1e-12)


def test_interval_of_a_difference_is_that_of_the_comparison(tmp_path: Path) -> None:
    """Newcombe's example (1998, table II): 56 of 70 against 48 of 80."""
    found = intervals.of_difference(56, 70, 48, 80)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert intervals.of_difference(1, 2, 0, 0) is None
