"""What `callytics compare` prints, from a database of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from callytics.cli import compare as compare_command
from callytics.cli.app import app
from callytics.domain import StageRun, StageStatus
from callytics.errors import InvalidRequestError
from callytics.store import CallStore
from tests.store.samples import DURATION_S, LINES, fresh_database, new_call
from tests.support.conversations import stereo

RUN = StageRun(
    "speech-recognizer", StageStatus.COMPLETED, 1, 1.5, "speech-recognizer", "m:Engine", "base", "1", "1111"
)


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = fresh_database(tmp_path)
    store = CallStore(url)
    _, transcript = stereo(*LINES, duration_s=DURATION_S)
    for number in range(3):
        call_id = store.create_call(new_call(f"{number:064}")).call.id
        store.record_shadow(call_id, RUN, transcript)
        second = replace(RUN, application="speech-recognizer-v2", model="large", config_hash="2222")
        store.record_shadow(call_id, second, transcript)
    store.close()
    return url


def test_output_ends_with_recommendation_and_rule(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "160")
    done = CliRunner().invoke(app, ["compare", "speech-recognizer", "speech-recognizer-v2"])
    assert done.exit_code == 0, done.output
    assert "0.0% (0.0% to 0.0%) on 3 calls" in done.output
    assert "at least 20 calls" in done.output
    assert done.output.rstrip().splitlines()[-1].startswith("Recommendation: not enough data")


def test_unknown_version_is_reported_in_one_line(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    done = CliRunner().invoke(app, ["compare", "speech-recognizer", "speech-recognizer-v9"])
    assert done.exit_code == 1
    assert "error: speech-recognizer-v9 worked on no call" in done.output


def test_calls_before_since_do_not_count(database: str) -> None:
    console = Console(quiet=True)
    names = "speech-recognizer", "speech-recognizer-v2"
    assert compare_command.run(database, *names, None, "1h", 1.25, console).first.calls == 3
    with pytest.raises(Exception, match="worked on no call"):
        compare_command.run(database, *names, None, "2999-01-01", 1.25, console)


def test_since_is_a_date_or_a_length_of_time() -> None:
    assert compare_command.since_ms("1970-01-02T00:00+00:00") == 86_400_000
    for text, seconds in (("90m", 5400), ("12h", 43_200), ("7d", 604_800)):
        assert compare_command.since_ms(text) == pytest.approx((time.time() - seconds) * 1000, abs=5000)
    with pytest.raises(InvalidRequestError, match="--since yesterday"):
        compare_command.since_ms("yesterday")
