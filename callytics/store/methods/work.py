"""What workers do: leases, runs of stages, results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callytics.domain import JobStatus, StageRun
from callytics.store import jobs, leases
from callytics.store.marks import queues_call
from callytics.store.records.work import Lease
from callytics.store.transactions import Transactions


class WorkMethods(Transactions):
    def lease(self, worker: str, seconds: float, at_work: Sequence[str] = ()) -> Lease | None:
        """Lease the next call for ``seconds``; renew the lease before it expires. None: nothing to do.

        Args:
            at_work: calls that this worker already holds; they are not leased to it again.
        """
        with self._write() as session:
            return leases.lease(session, worker, seconds, self._now_ms(), self._max_attempts, at_work)

    def renew(self, call_id: str, token: str, seconds: float) -> bool:
        """False: the lease is lost, stop working on the call."""
        with self._write() as session:
            return leases.renew(session, call_id, token, seconds, self._now_ms())

    @queues_call
    def release(self, call_id: str, token: str, delay_s: float = 0.0) -> None:
        """Give a call back unfinished, e.g. at shutdown."""
        with self._write() as session:
            leases.release(session, call_id, token, delay_s, self._now_ms())

    def record_stage(
        self, call_id: str, token: str, run: StageRun, key: str = "", output: Any | None = None
    ) -> None:
        """Record the state of a stage; if COMPLETED, its output under a key of its inputs, engine and options.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.record_stage(session, call_id, token, run, key, output, self._now_ms())

    def load_stage_output(self, call_id: str, key: str) -> Any | None:
        """The output from record_stage under a key; None if the stage must run. Audio has no samples."""
        with self._read() as session:
            return jobs.load_stage_output(session, call_id, key)

    def complete(self, call_id: str, token: str, status: JobStatus, report_json: bytes) -> None:
        """Store the result (JSON of result.md) and end the job, all or nothing.

        Raises:
            ConflictError: ``lease_lost``.
        """
        with self._write() as session:
            jobs.complete(session, call_id, token, JobStatus(status), report_json, self._now_ms())

    def fail(
        self, call_id: str, token: str, stage: str, code: str, message: str, transient: bool = False
    ) -> JobStatus:
        """End the job without a new result; or, if the fault is ``transient`` and attempts remain, try again
        later.

        Returns:
            FAILED, or QUEUED for another attempt.

        Raises:
            ConflictError: ``lease_lost``.
        """
        error = (stage, code, message)
        with self._write() as session:
            return jobs.fail(session, call_id, token, error, transient, self._now_ms(), self._max_attempts)
