"""`callytics timeline`: the drawing fits 80 columns and hides no gap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from callytics.cli.app import app
from tests.support.played_graph import served

CALL = "01kaqf3v9x6z2h8m4n7p5r1t0w"
BEGIN = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


def entry(
    kind: str, name: str, status: str, start_s: float, end_s: float | None, **known: Any
) -> dict[str, Any]:
    fields = dict.fromkeys(("application", "engine", "model", "model_revision", "error_code", "reason"), "")
    return {
        **fields,
        "kind": kind,
        "name": name,
        "status": status,
        "started_at": (BEGIN + timedelta(seconds=start_s)).isoformat(),
        "ended_at": None if end_s is None else (BEGIN + timedelta(seconds=end_s)).isoformat(),
        "duration_ms": None if end_s is None else round((end_s - start_s) * 1000),
        "run": 1,
        "attempt": 1,
        "worked_ms": None,
        **known,
    }


TIMELINE = {
    "call_id": CALL,
    "job_status": "COMPLETED",
    "accepted_at": BEGIN.isoformat(),
    "completed_at": (BEGIN + timedelta(seconds=100)).isoformat(),
    "is_complete": True,
    "entries": [
        entry("QUEUE", "queue", "ENDED", 0, 10, reason="submitted", attempt=0),
        entry("RUN", "pipeline", "LOST", 10, None),
        entry("STAGE", "speech-recognizer", "LOST", 11, None),
        entry("RUN", "pipeline", "COMPLETED", 50, 100, attempt=2),
        entry("STAGE", "speech-recognizer", "FAILED", 51, 55, error_code="stage_lost"),
        entry(
            "STAGE", "speech-recognizer", "COMPLETED", 60, 90, attempt=2, worked_ms=20_000,
            application="speech-recognizer-v2",
        ),
        entry("WEBHOOK", "call.completed", "COMPLETED", 100, 101, run=0),
    ],
}  # fmt: skip


@pytest.fixture
def url() -> Iterator[str]:
    api = FastAPI()

    @api.get(f"/v1/calls/{CALL}/timeline")
    def timeline() -> dict[str, Any]:
        return TIMELINE

    with served(api) as port:
        yield f"http://127.0.0.1:{port}"


def invoke(url: str, *arguments: str) -> str:
    environment = {"CALLYTICS_API_KEY": "k", "COLUMNS": "80", "TERM": "dumb"}
    done = CliRunner().invoke(app, ["timeline", CALL, "--url", url, *arguments], env=environment)
    assert done.exit_code == 0, done.output
    return done.output


def test_json_is_what_the_api_answers(url: str) -> None:
    assert json.loads(invoke(url, "--json")) == TIMELINE


def test_drawing_fits_and_says_what_was_lost_retried_and_waited_for(url: str) -> None:
    lines = invoke(url).splitlines()
    assert max(map(len, lines)) <= 80, "\n".join(lines)
    text = "\n".join(lines)
    lost = next(line for line in lines if "? pipeline" in line)
    assert "lost" in lost
    assert "┄" in lost
    assert "stage_lost" in text
    assert "speech-recognizer (2)" in text
    assert "of it 10.00 s wait for a place" in text
    assert "speech-recognizer-v2" in text
    assert "call.completed" in text


def test_bar_of_a_stage_begins_where_it_began(url: str) -> None:
    lines = invoke(url).splitlines()
    retried = next(line for line in lines if "speech-recognizer (2)" in line)
    bar = retried.rstrip()[-26:]
    queue = next(line for line in lines if " queue " in line)
    assert "60.00 s" in retried
    assert "░" in queue
    assert queue.index("░") < retried.index("█"), bar
