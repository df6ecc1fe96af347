"""One measured batch: `python -m deployments.backfill.job` with an empty store and its own Ray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.calls import PROJECT, Call
from benchmarks.cpu import CpuSampler
from benchmarks.graph import models_folder, share
from benchmarks.throughput_record import ThroughputCall, ThroughputRun


def run_backfill(calls: Sequence[Call], scratch: Path, cpus: int, home: Path, label: str) -> ThroughputRun:
    """Analyse the calls in ``scratch``/calls as a batch.

    A call is finished when its row is written: the time of the file in Parquet.

    Raises:
        SystemExit: a recording failed, or the job did.
    """
    share(home, scratch / "home")
    start_at = time.time()
    with CpuSampler() as cpu, tempfile.TemporaryDirectory(prefix="ray-") as ray_folder:
        job = subprocess.Popen(
            command(scratch, cpus),
            cwd=PROJECT,
            env=environment(scratch, home, ray_folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            for line in job.stdout or ():
                print(f"{label}: {line}", end="", flush=True)
            code = job.wait()
        finally:
            job.terminate()
            job.wait()
        wall_s = time.time() - start_at
    if code != 0:
        raise SystemExit(f"the batch ended with exit code {code}: that is no measurement.")
    return ThroughputRun.of(list(_finished(calls, scratch, start_at)), wall_s, start_at, cpu.samples)


def command(scratch: Path, cpus: int) -> list[str]:
    arguments = ["--input", str(scratch / "calls"), "--output", str(scratch / "parquet"), "--cpus", str(cpus)]
    return [sys.executable, "-m", "deployments.backfill.job", *arguments]


def environment(scratch: Path, home: Path, ray_folder: str) -> dict[str, str]:
    """Environment with its own state, the existing weights, and no running cluster. ``ray_folder``: a short path,
    because Ray creates sockets below it."""
    left_out = ("RAY_ADDRESS", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {
        "CALLYTICS_HOME": str(scratch / "home"),
        "CALLYTICS_MODELS": models_folder(home),
        "RAY_TMPDIR": ray_folder,
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
    }


def _finished(calls: Sequence[Call], scratch: Path, start_at: float) -> Iterator[ThroughputCall]:
    import pyarrow.parquet

    by_name = {call.path.name: call for call in calls}
    for path in (scratch / "parquet" / "calls").rglob("*.parquet"):
        row: dict[str, Any]
        (row,) = pyarrow.parquet.read_table(path).to_pylist()
        call = by_name[Path(row["uri"]).name]
        stages = json.loads(row["result"])["job_details"]["stages"]
        yield ThroughputCall(
            name=call.name,
            audio_s=call.audio_s,
            completed_s=path.stat().st_mtime - start_at,
            stages={stage["name"]: stage["duration_ms"] / 1000 for stage in stages},
        )
