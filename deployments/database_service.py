"""database-service: the call store for every other application, and its upkeep."""

import asyncio
import logging
import time
import uuid
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve import Application

from callytics import settings
from callytics.errors import UnavailableError
from callytics.home.kept_logs import remove_older
from callytics.store import METHODS, BlobStore, CallBegun, CallEnded, CallStore
from callytics.store.asynchronous import marked
from callytics.store.expiry import apply_retention
from callytics.store.leases import MAX_ATTEMPTS
from callytics.store.marks import queues_call
from callytics.telemetry import store_samples
from deployments.handles import WorkSeen
from deployments.replica import metrics
from deployments.replica.answers import Refused, answered
from deployments.replica.environment import prepare_environment
from deployments.replica.logs import to_serve_log

logger = logging.getLogger(__name__)

START_PATIENCE_S = 120.0

REINDEX_PAUSE_S = 0.5
"""Between two batches of turns that an earlier version indexed: calls come first."""

QUEUEING = marked(queues_call)
"""Methods after which there may be work for a pipeline that had none."""


class DatabaseArgs(BaseModel):
    """
    Attributes:
        url: SQLAlchemy URL, sqlite or postgresql; default $DATABASE_URL, else callytics.db in $CALLYTICS_HOME. One
            with a password belongs into the environment.
        max_attempts: how many times a call is taken up before it is FAILED.
        retention_days: age at which finished calls and logs of ended runs are deleted; None keeps them.
        blobs_url: fsspec, where the recordings lie; default blobs in $CALLYTICS_HOME.
        upkeep_interval_s: how often retention is applied, and the traces of deleted calls are removed.
    """

    model_config = ConfigDict(extra="forbid")

    url: str | None = None
    max_attempts: int = Field(MAX_ATTEMPTS, gt=0)
    retention_days: float | None = Field(None, gt=0)
    blobs_url: str | None = None
    upkeep_interval_s: float = Field(3600.0, gt=0)


class WorkSignal:
    """Tells pipelines that a call may have been queued. It counts, so that a pipeline that asks again misses no call
    queued between its two requests; ``id`` distinguishes the counts of replicas."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._count = 0
        self._next = asyncio.Event()

    def announce(self) -> None:
        self._count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, within_s: float, seen: WorkSeen | None) -> WorkSeen:
        """At once where there was something since ``seen``, else at the next call, or after ``within_s``."""
        if seen is None or seen[0] != self._id or seen[1] == self._count:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), within_s)
        return self._id, self._count


@serve.deployment
class DatabaseService:
    """Migrates the schema at start. Several replicas may run, as while one replaces another: each method of the
    store is a transaction."""

    def __init__(self, args: DatabaseArgs) -> None:
        to_serve_log()
        self._args = args
        self._store = _open_patiently(args.url or settings.database_url(), args.max_attempts)
        self._work = WorkSignal()
        self._upkeep = asyncio.get_running_loop().create_task(self._keep_up())
        self._reindexing = asyncio.get_running_loop().create_task(self._reindex())

    async def call(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """One method of CallStore, in a thread."""
        if method not in METHODS:
            raise AttributeError(method)
        result = await answered(asyncio.to_thread(getattr(self._store, method), *args, **kwargs))
        if method in QUEUEING and not isinstance(result, Refused):
            self._work.announce()
        return result

    async def wait_for_work(self, within_s: float, seen: WorkSeen | None = None) -> WorkSeen:
        """Returns when a call may have been queued through this replica since ``seen``, the answer before, or after
        ``within_s``: so that a call need not wait for its pipeline's next look at the queue."""
        return await self._work.wait(within_s, seen)

    async def _keep_up(self) -> None:
        blobs = BlobStore(self._args.blobs_url or str(settings.home() / "blobs"))
        while True:
            await asyncio.sleep(self._args.upkeep_interval_s)
            try:
                await asyncio.to_thread(apply_retention, self._store, blobs, self._args.retention_days)
                await asyncio.to_thread(remove_older, settings.home(), self._args.retention_days)
                await asyncio.to_thread(self._store.trim_call_lines)
                await self._fill_findings()  # of calls that a replica of an older release worked on meanwhile
                await asyncio.to_thread(self._store.remove_traces)
            except Exception:  # the next round does it; the store itself goes on
                logger.exception("the upkeep of the store failed; it will be tried again")

    async def _reindex(self) -> None:
        """Once per start: what was said before the search learned something new is found by it, too; and what lists
        show of results is filled in for those of earlier versions."""
        await self._fill_findings()
        num_turns = 0
        while True:
            try:
                done = await asyncio.to_thread(self._store.reindex_turns)
            except UnavailableError:
                await asyncio.sleep(START_PATIENCE_S)
                continue
            if not done:
                break
            num_turns += done
            await asyncio.sleep(REINDEX_PAUSE_S)
        if num_turns:
            logger.info("indexed %d turns of earlier versions for the search", num_turns)

    async def _fill_findings(self) -> None:
        num_calls = 0
        while True:
            try:
                done = await asyncio.to_thread(self._store.fill_findings)
            except UnavailableError:
                await asyncio.sleep(START_PATIENCE_S)
                continue
            if not done:
                break
            num_calls += done
            await asyncio.sleep(REINDEX_PAUSE_S)
        if num_calls:
            logger.info("filled in the findings of %d calls of earlier versions", num_calls)

    async def check_health(self) -> None:
        """A replica without its database stays: another one would not reach it either. Calls get a 503 meanwhile."""
        if self._upkeep.done():
            raise RuntimeError(f"the upkeep stopped: {self._upkeep.exception()!r}")
        if self._reindexing.done() and self._reindexing.exception():
            raise RuntimeError(f"the search index is not renewed: {self._reindexing.exception()!r}")
        try:
            await asyncio.wait_for(asyncio.to_thread(self._store.ping), timeout=5.0)
        except (UnavailableError, TimeoutError):
            logger.error("the database does not answer")


def _count(change: CallBegun | CallEnded) -> None:
    metrics.record(store_samples.of_call(change))


def _open_patiently(url: str, max_attempts: int) -> CallStore:
    """At start the server may still be starting, too."""
    deadline = time.monotonic() + START_PATIENCE_S
    while True:
        try:
            return CallStore(url, max_attempts=max_attempts, on_change=_count)
        except UnavailableError:
            if time.monotonic() > deadline:
                raise
            logger.warning("waiting for the database")
            time.sleep(2.0)


def build(args: DatabaseArgs) -> Application:
    prepare_environment()
    return DatabaseService.bind(args)  # type: ignore[attr-defined, no-any-return]
