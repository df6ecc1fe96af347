"""Call after call through a live graph, and a stage that says in every result which of its versions worked."""

from __future__ import annotations

import io
import threading
import time
import wave

import numpy as np

from tests.e2e.conftest import Graph

STAGE = "llm-analyzer"
ENGINE = '''"""Written by tests/support/traffic.py."""

import importlib.metadata

from callytics.domain import ContactSummary, Conversation

REVISION = "first"


class TellingAnalyzer:
    model = "telling"

    def __init__(self, word: str = "", fail: bool = False) -> None:
        if fail:
            raise RuntimeError("told not to start")
        self.model_revision = f"{REVISION} {importlib.metadata.version('tqdm')} {word}"

    def __call__(self, conversation: Conversation) -> ContactSummary:
        return ContactSummary(None, None, None, None, None)
'''


def silent_recording(number: int) -> bytes:
    """A second of faint noise, another one for every number: a call that takes the graph next to no time."""
    noise = np.random.default_rng(number).integers(-8, 8, 8_000, dtype=np.int16)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(noise.tobytes())
    return buffer.getvalue()


class Traffic:
    """Call after call through the API, and how each ended. Every failed request and every retry is a loss."""

    def __init__(self, graph: Graph) -> None:
        self.versions: list[str] = []
        self.losses: list[str] = []
        self._graph = graph
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._end.is_set():
            try:
                self.versions.append(self._call(number))
            except Exception as error:  # whatever went wrong, a caller saw it
                self.losses.append(f"call {number}: {error!r}")
            number += 1

    def _call(self, number: int) -> str:
        files = {"file": (f"{number}.wav", silent_recording(number))}
        answer = self._graph.http.post("/v1/calls", files=files, data={"deduplicate": "false"})
        assert answer.status_code == 202, answer.text
        call_id = answer.json()["call_id"]
        status = self._graph.wait(call_id, timeout_s=60)
        assert status["job_status"] == "COMPLETED", status
        assert {stage["attempts"] for stage in status["stages"]} == {1}, status
        stages = self._graph.result(call_id)["job_details"]["stages"]
        return str(next(stage for stage in stages if stage["name"] == STAGE)["model_revision"])

    def wait_for(self, version: str, timeout_s: float = 60.0) -> None:
        """Until a call that begins after this was made by that version."""
        deadline, done = time.monotonic() + timeout_s, len(self.versions) + 1
        while version not in self.versions[done:]:
            assert time.monotonic() < deadline, f"{version} is not among {self.versions}; {self.losses}"
            time.sleep(0.1)

    def end(self) -> None:
        self._end.set()
        self._thread.join()
