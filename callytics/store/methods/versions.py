"""Runs of the versions of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callytics.domain import StageRun
from callytics.store import versions
from callytics.store.transactions import Transactions
from callytics.store.versions import ApplicationRuns, VersionRun


class VersionMethods(Transactions):
    def record_shadow(self, call_id: str, run: StageRun, output: Any | None = None) -> bool:
        """Store the shadow run of a version; False: the call was deleted meanwhile."""
        with self._write() as session:
            return versions.record_shadow(session, call_id, run, output, self._now_ms())

    def version_runs(self, applications: Sequence[str], since_ms: int = 0) -> tuple[VersionRun, ...]:
        """Every run of these applications that ended since then, serving or shadow, without outputs."""
        with self._read() as session:
            return versions.version_runs(session, applications, since_ms)

    def application_runs(self, since_ms: int) -> tuple[ApplicationRuns, ...]:
        """What every application of a stage did since then."""
        with self._read() as session:
            return versions.application_runs(session, since_ms)

    def version_output(self, call_id: str, application: str) -> Any | None:
        """The output of an application for a call, serving or shadow. Audio has no samples."""
        with self._read() as session:
            return versions.version_output(session, call_id, application)
