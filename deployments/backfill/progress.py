"""How far a batch is: counted from the outcomes of its calls; told in its log, the store and Ray's metrics."""

from __future__ import annotations

import logging
import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from callytics.store import CallStore

logger = logging.getLogger("callytics.backfill")

REPORT_EVERY_S = 5.0


@dataclass(frozen=True)
class Outcome:
    """What came of one recording.

    Attributes:
        status: COMPLETED, PARTIAL, FAILED, or SKIPPED: it had a result already.
        audio_s: its length; 0 where it could not be decoded.
        nodes: ids of the nodes of the cluster, one per engine that worked on it.
    """

    uri: str
    call_id: str
    status: str
    audio_s: float
    message: str = ""
    nodes: Sequence[str] = ()


class Progress:
    """Calls done, hours of audio, speed against real time, time left."""

    def __init__(self, num_calls: int) -> None:
        self.num_calls = num_calls
        self.by_status: Tally[str] = Tally()
        self.by_node: Tally[str] = Tally()
        self.audio_s = 0.0
        self._started = time.monotonic()
        self._reported = self._started

    @property
    def num_done(self) -> int:
        return sum(self.by_status.values())

    @property
    def speed(self) -> float:
        """Seconds of audio a second, since the start; what was skipped does not count."""
        return self.audio_s / self.elapsed_s

    @property
    def failed(self) -> int:
        return self.by_status["FAILED"]

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def add(self, outcome: Outcome) -> None:
        self.by_status[outcome.status] += 1
        if outcome.status != "SKIPPED":
            self.audio_s += outcome.audio_s
            self.by_node.update(outcome.nodes)

    def nodes(self) -> str:
        """How many stages of calls each node of the cluster did, those of finished calls; "" where all ran on one."""
        if len(self.by_node) < 2:
            return ""
        each = ", ".join(f"{node[:12]} {number}" for node, number in sorted(self.by_node.items()))
        return f"{len(self.by_node)} nodes took part, stages done by each: {each}"

    def is_due(self) -> bool:
        """It is time to tell again."""
        if time.monotonic() - self._reported < REPORT_EVERY_S:
            return False
        self._reported = time.monotonic()
        return True

    def __str__(self) -> str:
        statuses = ", ".join(
            f"{number} {status.lower()}" for status, number in sorted(self.by_status.items())
        )
        worked = self.num_done - self.by_status["SKIPPED"]
        left = self.num_calls - self.num_done
        eta = f"{self.elapsed_s / worked * left:.0f} s left" if worked and left else f"{self.elapsed_s:.0f} s"
        return (
            f"{self.num_done} of {self.num_calls} calls ({statuses or 'none yet'}), "
            f"{self.audio_s / 3600:.3f} h of audio, {self.speed:.1f} times real time, {eta}"
        )


class StoredProgress:
    """The progress of a batch in the store, for the console and `GET /v1/batches`. A store that is away, or one from
    before batches were kept there, is logged and stops no batch."""

    def __init__(self, database_url: str, tenant: str, source: str, num_calls: int) -> None:
        self._store: CallStore | None = None
        self._id = ""
        with self._tolerantly():
            store = CallStore(database_url)
            self._id = store.begin_batch(source, num_calls, tenant)
            self._store = store

    def tell(self, progress: Progress, has_ended: bool = False, error: str = "") -> None:
        if self._store is not None:
            with self._tolerantly():
                counts = dict(progress.by_status)
                self._store.tell_batch(self._id, counts, progress.audio_s, has_ended, error)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    @contextmanager
    def _tolerantly(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of a driver or a database of any kind
            logger.warning("the progress of the batch is not stored: %s", error)


class ProgressMetrics:
    """The progress of a batch among the metrics of Ray; Prometheus scrapes them from the node of the job.

    ray_callytics_backfill_calls_total           by ``status``: COMPLETED, PARTIAL, FAILED, SKIPPED
    ray_callytics_backfill_audio_seconds_total   of the calls that were analysed
    ray_callytics_backfill_calls_left
    ray_callytics_backfill_speed                 seconds of audio a second, since the start

    Make it after ``ray.init()``.
    """

    def __init__(self) -> None:
        from ray.util.metrics import Counter, Gauge

        self._calls = Counter("callytics_backfill_calls", "Recordings that a batch is done with", ("status",))
        self._audio_s = Counter(
            "callytics_backfill_audio_seconds", "Length of the calls that a batch analysed"
        )
        self._left = Gauge("callytics_backfill_calls_left", "Recordings that the batch still has to do")
        self._speed = Gauge(
            "callytics_backfill_speed", "Seconds of audio a second, since the start of the batch"
        )

    def tell(self, outcome: Outcome, progress: Progress) -> None:
        """One more outcome, which ``progress`` has counted."""
        self._calls.inc(1, {"status": outcome.status})
        if outcome.status != "SKIPPED" and outcome.audio_s > 0:  # Ray's counters take no zero
            self._audio_s.inc(outcome.audio_s)
        self._left.set(progress.num_calls - progress.num_done)
        self._speed.set(progress.speed)
