"""A batch in this process, in the order in which Ray Data would run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from callytics.config import StageConfig
from callytics.domain import CallOptions
from callytics.store import DEFAULT_TENANT
from deployments.backfill.manifest import BatchItem
from deployments.backfill.plan import StageWorker, by_stage
from deployments.backfill.progress import Outcome
from deployments.backfill.sink import Reader, Sink, item_table
from tests.deployments.conftest import TINY_ENGINES


def table_of(items: list[BatchItem]) -> pa.Table:
    return pa.table({"item": pa.array(list(item_table(items)), pa.large_binary())})


class Batch:
    """The whole batch in this process, in the order in which Ray Data would run it."""

    def __init__(self, folder: Path, stages: dict[str, StageConfig]) -> None:
        self.folder = folder
        self.stages = stages
        self.url = f"sqlite:///{folder / 'callytics.db'}"
        self.blobs = str(folder / "blobs")
        self.output = str(folder / "parquet")
        self.tenant = DEFAULT_TENANT

    def __call__(self, items: list[BatchItem]) -> list[Outcome]:
        table = Reader(self.url, self.blobs, self.tenant)(table_of(items))
        for steps in by_stage():
            table = StageWorker(steps, self.stages.get(steps[0].name))(table)
        rows = Sink(self.url, self.blobs, self.output, self.tenant)(table).to_pylist()
        return [Outcome(**row) for row in rows]

    def rows(self, name: str) -> list[dict[str, Any]]:
        folder = Path(self.output, name)
        return pyarrow.parquet.read_table(folder).to_pylist() if folder.exists() else []


def stages_of_tiny_engines() -> dict[str, StageConfig]:
    module = "tests.deployments.tiny_engines"
    return {stage: StageConfig(stage, f"{module}:{name}") for stage, name in TINY_ENGINES.items()}


def recording(folder: Path, name: str, content: bytes = b"sound") -> BatchItem:
    path = folder / name
    path.write_bytes(content)
    return BatchItem(str(path), CallOptions(language="en"), {"external_id": name})
