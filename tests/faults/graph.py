"""A live graph to hurt, the calls that stream into it meanwhile, and what became of them.

Engines without models; everything else is the real thing: gateway, store, pipeline, Serve, Ray. Only processes of
this graph are killed, by their ids.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import httpx

from callytics.config import ENGINE_STAGES
from callytics.store import FINISHED, CallStore, JobStatus
from deployments.operations import local
from tests.deployments.tiny_graph import TinyGraph, application, service
from tests.support.otlp_collector import Collector

CONTROLLER, PROXY = "ray::ServeController", "ray::ProxyActor"
UPLOAD_PAUSE_S = 0.4
RECORDING = b"RIFF, as far as engines without models care"


def configuration(home: Path) -> dict[str, Any]:
    """Its recogniser crashes while ``fail`` is in the home folder, its analyser hangs while ``hang`` is, and its
    sentiment analyser does not start while ``broken`` is."""
    options: dict[str, dict[str, Any]] = {
        "speech-recognizer": {"fail_file": str(home / "fail"), "delay_s": 0.2},
        "llm-analyzer": {"hang_file": str(home / "hang")},
        "sentiment-analyzer": {"broken_file": str(home / "broken")},
    }
    pipeline = {"max_concurrent_calls": 4, "lease_s": 10.0, "timeouts_s": {"llm-analyzer": 4.0}}
    settings = {"trusted_networks": ["127.0.0.1/32"]}  # where webhooks are received
    gateway = service(
        "api-gateway", {"settings": settings}, max_ongoing_requests=1500, max_queued_requests=500
    )
    gateway["route_prefix"] = "/"
    gateway["deployments"][0]["backpressure_config"] = {"retry_after_s": 2}
    return {
        "proxy_location": "HeadOnly",
        "http_options": {"host": "127.0.0.1"},
        "logging_config": {"encoding": "JSON", "log_level": "INFO", "enable_access_log": False},
        "applications": [
            *(application(stage, stage, **options.get(stage, {})) for stage in ENGINE_STAGES),
            service("database-service", {}),
            service("call-pipeline", pipeline),
            service("monitoring", {}),
            gateway,
        ],
    }


class FaultGraph(TinyGraph):
    """``collector``: receives its spans, where traces are on."""

    collector: Collector

    def __init__(self, home: Path, config: dict[str, Any] | None = None) -> None:
        super().__init__(home, config or configuration(home))
        self.key = (home / "api-key").read_text().strip()
        self.store = CallStore(f"sqlite:///{home / 'callytics.db'}")

    def close(self) -> None:
        self.store.close()

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}"}
        limits = httpx.Limits(max_connections=100)
        return httpx.Client(base_url=self.run.url, headers=headers, timeout=60.0, limits=limits)

    def pids(self, title: str) -> list[int]:
        found = []
        for pid in local.processes(home=self.home):
            with suppress(FileNotFoundError, ProcessLookupError):  # it just ended
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(title.encode()):
                    found.append(pid)
        return found

    def kill(self, *titles: str) -> None:
        """SIGKILL every process of the graph with such a title."""
        pids = [pid for title in titles for pid in self.pids(title)]
        assert pids, f"no process is named {titles}"
        _kill(pids)

    def kill_application(self, name: str) -> None:
        self.kill(f"ray::ServeReplica:{name}:")

    def kill_all(self) -> None:
        """The head and everything on it, as a power cut does."""
        while pids := local.processes(home=self.home):
            _kill(pids)
            time.sleep(0.2)

    def restart(self) -> None:
        session = self.run.log_folder.resolve().parent.name
        self.kill_all()
        self.run = self.up(configuration(self.home))
        kept = local.kept_logs_folder(self.home) / session
        assert (kept / "raylet.out").is_file(), "the logs of the run that died are gone"

    def memory_bytes(self, application_name: str) -> int:
        """Resident memory of its replicas."""
        pages = 0
        for pid in self.pids(f"ray::ServeReplica:{application_name}:"):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Outcome:
    """Outcome of one fault. ``outage_s``: the longest time, while calls streamed in, in which none was accepted; and in
    which none was completed."""

    fault: str
    accepted: int
    completed: int
    partial: int
    lost: int
    duplicated: int
    upload_outage_s: float
    analysis_outage_s: float

    HEAD = "| fault | accepted | completed | partial | lost | duplicated | no upload for | no result for |"

    def row(self) -> str:
        counts = f"{self.accepted} | {self.completed} | {self.partial} | {self.lost} | {self.duplicated}"
        return f"| {self.fault} | {counts} | {self.upload_outage_s:.1f} s | {self.analysis_outage_s:.1f} s |"


class Uploads(Protocol):
    """What traffic needs of a graph."""

    store: CallStore

    def client(self) -> httpx.Client: ...


class Traffic:
    """One upload after another, whatever happens; what was answered 202 is remembered, and must not be lost."""

    def __init__(self, graph: Uploads) -> None:
        self._graph = graph
        self.accepted: list[str] = []
        self._accepted_at: list[float] = [time.time()]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with self._graph.client() as http:
            while not self._end.wait(UPLOAD_PAUSE_S):
                files = {"file": ("call.wav", RECORDING)}
                with suppress(httpx.HTTPError):  # not accepted: the caller knows
                    answer = http.post("/v1/calls", files=files, data={"deduplicate": "false"}, timeout=20)
                    if answer.status_code == 202:
                        self.accepted.append(answer.json()["call_id"])
                        self._accepted_at.append(time.time())

    def wait_for(self, more: int, timeout_s: float) -> None:
        """Wait until ``more`` calls were accepted from now on."""
        deadline, goal = time.monotonic() + timeout_s, len(self.accepted) + more
        while len(self.accepted) < goal:
            assert time.monotonic() < deadline, "no calls are accepted any more"
            time.sleep(0.1)

    def end(self) -> None:
        self._end.set()
        self._thread.join()

    def outcome(self, fault: str, timeout_s: float) -> Outcome:
        """After all that was accepted has ended, or the time is over."""
        self.end()
        store, ended_at = self._graph.store, time.time()
        deadline = time.monotonic() + timeout_s
        records = [store.get_call(call_id) for call_id in self.accepted]
        while not all(record.status in FINISHED for record in records) and time.monotonic() < deadline:
            time.sleep(0.3)
            records = [store.get_call(call_id) for call_id in self.accepted]
        statuses = [record.status for record in records]
        completed, partial = (statuses.count(status) for status in (JobStatus.COMPLETED, JobStatus.PARTIAL))
        done_at = sorted((record.completed_at_ms or 0) / 1000 for record in records)
        done_at = [self._accepted_at[0], *(at for at in done_at if at), ended_at]
        return Outcome(
            fault,
            len(records),
            completed,
            partial,
            len(records) - completed - partial,
            sum(_results(store, call_id) > 1 for call_id in self.accepted),
            _longest_gap([*self._accepted_at, ended_at]),
            _longest_gap(sorted(done_at)),
        )


def _results(store: CallStore, call_id: str) -> int:
    """How many times it was said that the call has a result."""
    events = store.events_after(call_id, limit=1000)
    return sum(event.type in ("call.completed", "call.partial") for event in events)


def _longest_gap(times: list[float]) -> float:
    return max(after - before for before, after in pairwise(times))


def while_file(path: Path, seconds: float) -> Callable[[FaultGraph], None]:
    """A fault that lasts as long as a file is there."""

    def fault(graph: FaultGraph) -> None:
        path.touch()
        try:
            time.sleep(seconds)
        finally:
            path.unlink()

    return fault
