"""The graph's engines in this process, without the graph: the reference for its measurements.

Both read engines and options from the Serve configuration, like the graph.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from benchmarks.calls import warm_up_paths
from callytics.config import ENGINE_STAGES, load_stages
from callytics.domain import CallOptions, Recording, StageRun, StageStatus
from callytics.engines import load_engine
from callytics.pipeline import PURE_STEPS, InProcess, analyse

PROJECT = Path(__file__).resolve().parents[1]
CONFIG = PROJECT / "serve_config.cpu.yaml"


class StageTime(BaseModel):
    """``cpu_s``: CPU seconds of all threads of the process; 0 if the stages cannot be separated."""

    wall_s: float
    cpu_s: float


class StageAfterStage:
    """One call at a time, one stage after the other, as before the graph existed; engines are loaded."""

    def __init__(self, config: Path = CONFIG) -> None:
        self._interpreter = InProcess(load_stages(config), self._note)
        self._stages: dict[str, StageTime] = {}
        self._started = (0.0, 0.0)
        for stage in ENGINE_STAGES:
            self._interpreter.engine(stage)
        with warm_up_paths() as paths:
            for path in paths:
                self(path)

    def __call__(self, path: Path) -> tuple[float, dict[str, StageTime]]:
        """Total wall seconds, and the time of every stage."""
        self._stages = {}
        start = time.perf_counter()
        self._interpreter(Recording(path.stem, str(path)), CallOptions())
        return time.perf_counter() - start, self._stages

    def _note(self, run: StageRun) -> None:
        now = (time.perf_counter(), time.process_time())
        if run.status is StageStatus.RUNNING:
            self._started = now
        else:
            wall_s, cpu_s = (after - before for after, before in zip(now, self._started, strict=True))
            self._stages[run.name] = StageTime(wall_s=wall_s, cpu_s=cpu_s)


class CriticalPath:
    """Parallel branches as in the graph: diarizer beside recogniser. They are threads of one process, because the
    engines compute outside Python's lock most of the time."""

    def __init__(self, config: Path = CONFIG) -> None:
        self._steps: Mapping[str, Any] = {
            **PURE_STEPS,
            **{stage: load_engine(of_stage) for stage, of_stage in load_stages(config).items()},
        }
        with warm_up_paths() as paths:
            for path in paths:
                self(path)

    def __call__(self, path: Path) -> tuple[float, dict[str, float]]:
        """Total wall seconds, and those of every step."""
        steps_s: dict[str, float] = {}

        def work(step: str, inputs: tuple[Any, ...]) -> Any:
            values = [item.result() if isinstance(item, Future) else item for item in inputs]
            start = time.perf_counter()
            output = self._steps[step](*values)
            steps_s[step] = time.perf_counter() - start
            return output

        # One thread per step: a step that waits for its inputs does not block another.
        with ThreadPoolExecutor(len(self._steps)) as pool:
            start = time.perf_counter()
            report = analyse(
                lambda step, *inputs: pool.submit(work, step, inputs),
                Recording(path.stem, str(path)),
                CallOptions(),
                (),
            )
            report.result()
            return time.perf_counter() - start, steps_s
