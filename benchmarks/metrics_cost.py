"""What counting costs, in processor time: the samples of one call, and one look at what waits.

    python -m benchmarks.metrics_cost                 seconds, without a graph

The result is docs/result.example.json; the store is SQLite with as many waiting calls as --waiting says.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from callytics.config import ENGINE_STAGES
from callytics.domain import JobStatus, Media, StageRun, StageStatus
from callytics.result.schema.call import CallResult, read_result
from callytics.store import CallBegun, CallEnded, CallStore, NewCall, Priority, new_call_id
from callytics.telemetry import samples, store_samples
from deployments.replica import metrics

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "result.example.json"
REPEATED = 300
app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    waiting: Annotated[int, typer.Option(help="Calls that wait in the store.")] = 1000,
) -> None:
    """Print milliseconds of processor time."""
    result = read_result(EXAMPLE)
    print(f"samples of one call, exported: {_cpu_ms(lambda: _count_a_call(result)):.2f} ms")
    with tempfile.TemporaryDirectory() as folder:
        store = CallStore(f"sqlite:///{folder}/callytics.db")
        for number in range(waiting):
            media = Media(f"{number:064}", "wav", "pcm_s16le", 8000, 2, 120.0)
            store.create_call(NewCall(new_call_id(), "unused", 1, media))
        print(f"one look at {waiting} waiting calls: {_cpu_ms(store.backlog):.2f} ms")
        store.close()


def _count_a_call(result: CallResult) -> None:
    ended = CallEnded(JobStatus.COMPLETED, "default", "ko", Priority.NORMAL, 120.0, 20.0, True)
    metrics.record(store_samples.of_call(CallBegun(Priority.NORMAL, 1.0)))
    for stage in ENGINE_STAGES:
        metrics.record(samples.of_stage(StageRun(stage, StageStatus.COMPLETED, 1, 1.0, stage), 120.0))
    metrics.record(samples.of_result(result, {stage: stage for stage in ENGINE_STAGES}))
    metrics.record(store_samples.of_call(ended))


def _cpu_ms(work: Callable[[], object]) -> float:
    work()
    start_s = time.process_time()
    for _ in range(REPEATED):
        work()
    return (time.process_time() - start_s) / REPEATED * 1000


if __name__ == "__main__":
    app()
