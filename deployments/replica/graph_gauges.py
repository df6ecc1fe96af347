"""The gauges of the whole graph: waiting calls, healthy applications, free space on the disks.

One replica sets them repeatedly: Ray drops a gauge that was not set for 20 s, so a value that is no longer known
soon disappears.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from ray import serve
from ray.serve.schema import ServeStatus

from callytics import settings
from callytics.errors import CallyticsError
from callytics.store import AsyncStore, CallStore
from callytics.telemetry import Record, Sample, series, store_samples

logger = logging.getLogger(__name__)

INTERVAL_S = 5.0
"""Half of what Ray's processes take to report: each report has a new value."""


class GraphGauges:
    """
    Args:
        store: gives up soon: a store that does not answer is a value, too.
        folders: name of each file system -> a path on it.
        record: exports the samples.
    """

    def __init__(self, store: AsyncStore, folders: Mapping[str, Path], record: Record) -> None:
        self._store = store
        self._folders = folders
        self._record = record

    async def set_for_ever(self, interval_s: float = INTERVAL_S) -> None:
        while True:
            for kind in (self._backlog, self._applications, self._disks):
                try:
                    self._record(await kind())
                except Exception:  # the controller may be restarting; the next round sets them
                    logger.exception("gauges of the graph are not set; it will be tried again")
            await asyncio.sleep(interval_s)

    async def _backlog(self) -> list[Sample]:
        try:
            backlog = await self._store(CallStore.backlog)
        except CallyticsError as error:
            logger.warning("the call store does not answer: %s", error.message)
            return store_samples.of_backlog(None, time.time())
        return store_samples.of_backlog(backlog, time.time())

    async def _applications(self) -> list[Sample]:
        return of_applications(await asyncio.to_thread(serve.status))

    async def _disks(self) -> list[Sample]:
        found = []
        for name, path in self._folders.items():
            usage = await asyncio.to_thread(shutil.disk_usage, _existing(path))
            folder = {"folder": name}
            found.append(Sample(series.DISK_FREE_BYTES, usage.free, folder))
            found.append(Sample(series.DISK_FREE_RATIO, usage.free / usage.total, folder))
        return found


def of_applications(status: ServeStatus) -> list[Sample]:
    found = []
    for name, of in status.applications.items():
        replicas = sum(
            n for d in of.deployments.values() for state, n in d.replica_states.items() if state == "RUNNING"
        )
        healthy = of.status.value == "RUNNING" and replicas > 0
        found.append(Sample(series.STAGE_HEALTHY, float(healthy), {"stage": name}))
        found.append(Sample(series.STAGE_REPLICAS, replicas, {"stage": name}))
    return found


def state_folders() -> dict[str, Path]:
    """Where this machine keeps recordings and an SQLite database. What lies on other machines watches itself."""
    folders = {"blobs": settings.home() / "blobs"}
    scheme, _, path = settings.database_url().partition("///")
    if scheme == "sqlite:":
        folders["database"] = Path(path).absolute().parent
    return folders


def _existing(path: Path) -> Path:
    """The folder, or where it will be made with the first that is stored."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
