"""Small files that are much work to look into, sent by one tenant: no other tenant waits for them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from callytics.store import JobStatus
from tests.api.conftest import wav_bytes
from tests.attacks.conftest import LONG, Held
from tests.engines.audio.bombs import grown_flac, silent_flac
from tests.faults.graph import FaultGraph

BOMBS = 18 if LONG else 6
HOURS = 10.7
"""7 MB of silence; four hours of it are looked at."""

WAIT_S = 15.0
"""Wait of another tenant for its answer: a second or two, on a machine that tests run on."""


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("bomb")
    return grown_flac(folder / "bomb.flac", silent_flac(folder / "seed.flac", 0.2), HOURS).read_bytes()


def upload(client: httpx.Client, data: bytes, **form: str) -> httpx.Response:
    fields = {"deduplicate": "false", **form}
    return client.post("/v1/calls", files={"file": ("call", data)}, data=fields, timeout=180.0)


def test_silent_flacs_of_one_tenant_do_not_keep_another_waiting(
    graph: FaultGraph, bomb: bytes, held: Held
) -> None:
    secret = graph.store.create_api_key("other", ["calls:read", "calls:write"], tenant="other").secret
    answers: list[httpx.Response] = []
    with graph.client() as attacker, graph.client() as other:
        other.headers["Authorization"] = f"Bearer {secret}"
        assert (
            upload(other, wav_bytes(1.0, 7)).status_code == 202
        )  # the first child has its imports behind it
        began_s = time.monotonic()
        threads = [
            threading.Thread(target=lambda: answers.append(upload(attacker, bomb))) for _ in range(BOMBS)
        ]
        for thread in threads:
            thread.start()
        waits_s = []
        while any(thread.is_alive() for thread in threads):
            asked_s = time.monotonic()
            assert upload(other, wav_bytes(1.0, 7)).status_code == 202
            waits_s.append(time.monotonic() - asked_s)
            time.sleep(0.2)
        all_s = time.monotonic() - began_s
    codes = {answer.json()["code"] for answer in answers}
    assert codes <= {"media_too_long", "too_many_waiting"}, codes
    assert "media_too_long" in codes
    assert len(waits_s) >= 1
    assert max(waits_s) < WAIT_S
    figure = f"{BOMBS} of {len(bomb) / 1e6:.1f} MB: all answered in {all_s:.0f} s, another tenant's"
    held("silent FLACs", f"{figure} slowest of {len(waits_s)} uploads {max(waits_s):.1f} s")


def test_options_that_an_engine_would_refuse_are_refused_at_upload(graph: FaultGraph, held: Held) -> None:
    before = graph.store.statistics().calls_by_status[JobStatus.FAILED]
    wrong = ({"language": "xx"}, {"agent_channel": "2"}, {"num_speakers": "0"}, {"audio_format": "mp3"})
    deep = {"metadata": '{"custom": {"x": ' + "[" * 3000 + "]" * 3000 + "}}"}
    with graph.client() as client:
        for form in (*wrong, deep):
            answer = upload(client, wav_bytes(1.0, 7), **form)
            assert answer.status_code in (400, 422), (form, answer.text)
    assert graph.store.statistics().calls_by_status[JobStatus.FAILED] == before
    held("options that no engine takes", f"{len(wrong) + 1} refused at the door, no call failed")


def test_the_children_that_look_into_files_end_with_their_replica(graph: FaultGraph) -> None:
    children = [pid for pid in Path("/proc").iterdir() if pid.name.isdigit() and _examines(pid, graph)]
    assert 1 <= len(children) <= 3, children


def _examines(process: Path, graph: FaultGraph) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
        environment = (process / "environ").read_bytes()
    except OSError:
        return False
    return b"callytics.engines.audio.examine" in command and str(graph.home).encode() in environment
