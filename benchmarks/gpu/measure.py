"""Batches of 1 to 128 windows, and one to forty calls at once through one queue of windows."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.gpu.card import Source, Usage, watched
from benchmarks.gpu.contract import FRAMES, WINDOW_S, Engine, OutOfMemory, Sizes

MIN_S = 2.0
"""A batch is repeated until so much time was measured: a card and its clocks need some."""
MIN_RUNS = 3


@dataclass(frozen=True)
class BatchResult:
    """Attributes:
    audio_per_s: seconds of audio per second.
    """

    engine: str
    batch: int
    runs: int
    batch_s: float
    audio_per_s: float
    busy: float | None
    sm_active: float | None
    memory_gb: float | None
    host_cpu: float


@dataclass(frozen=True)
class CallsResult:
    """Attributes:
    at_once: calls that are always under way.
    call_s: median time from the call's start to its last window.
    mean_batch: windows per forward pass.
    """

    engine: str
    at_once: int
    calls: int
    windows_per_call: int
    max_batch: int
    mean_batch: float
    wall_s: float
    audio_per_s: float
    call_s: float
    busy: float | None
    sm_active: float | None
    memory_gb: float | None
    host_cpu: float


def features(sizes: Sizes, num_windows: int) -> Any:
    """Noise in the form of log-mel."""
    generator = np.random.default_rng(num_windows)
    return generator.standard_normal((num_windows, sizes.mels, FRAMES), dtype=np.float32)


def measure_batches(
    engine: Engine,
    sizes: Sizes,
    batches: Sequence[int],
    source: Source | None,
    deadline: Callable[[], float],
    min_s: float = MIN_S,
) -> Iterator[BatchResult | str]:
    """A result for each batch; a line in its place where it did not fit, or no time was left."""
    for batch in batches:
        if deadline() <= 0:
            yield f"{engine.name}: batches from {batch} on left out, the time was over"
            return
        sound = features(sizes, batch)
        try:
            _checked(
                engine.run(sound), batch, sizes
            )  # kernels are chosen, memory is taken, graphs are captured
            times: list[float] = []
            with watched(source) as usage:
                while len(times) < MIN_RUNS or sum(times) < min_s:
                    start = time.perf_counter()
                    engine.run(sound)
                    times.append(time.perf_counter() - start)
                    if deadline() <= 0:
                        break
        except OutOfMemory as error:
            yield f"{engine.name}: batch {batch} does not fit ({error})"
            return
        middle_s = median(times)
        yield BatchResult(
            engine.name, batch, len(times), middle_s, batch * WINDOW_S / middle_s, *_figures(usage)
        )


def _checked(tokens: list[list[int]], batch: int, sizes: Sizes) -> None:
    """An engine that stops early would look fast."""
    lengths = {len(row) for row in tokens}
    if len(tokens) != batch or lengths != {sizes.tokens}:
        raise RuntimeError(f"{len(tokens)} rows of {lengths} tokens, not {batch} of {sizes.tokens}")


def _figures(usage: Usage) -> tuple[float | None, float | None, float | None, float]:
    memory_gb = usage.memory_bytes / 1e9 if usage.memory_bytes is not None else None
    return usage.busy, usage.sm_active, memory_gb, usage.host_cpu


class WindowQueue:
    """Windows of all calls, first come first served; one thread fills batches and runs them."""

    def __init__(self, engine: Engine, max_batch: int) -> None:
        self._engine, self._max_batch = engine, max_batch
        self._waiting: queue.Queue[tuple[Any, threading.Semaphore] | None] = queue.Queue()
        self.batches: list[int] = []
        self.error: Exception | None = None
        self._worker = threading.Thread(target=self._work, daemon=True)
        self._worker.start()

    def recognise(self, windows: Any) -> None:
        """All windows of a call; returns when the last is done."""
        done = threading.Semaphore(0)
        for window in windows:
            self._waiting.put((window, done))
        for _ in windows:
            done.acquire()

    def close(self) -> None:
        self._waiting.put(None)
        self._worker.join()
        if self.error is not None:
            raise self.error

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while len(batch) < self._max_batch and not self._waiting.empty():
                if (more := self._waiting.get()) is None:
                    self._waiting.put(None)
                    break
                batch.append(more)
            try:
                if self.error is None:
                    self._engine.run(np.stack([window for window, _ in batch]))
                    self.batches.append(len(batch))
            except Exception as error:  # told by close(); those who wait must not wait for ever
                self.error = error
            for _, done in batch:
                done.release()


def measure_calls(
    engine: Engine,
    sizes: Sizes,
    at_once: Sequence[int],
    windows_per_call: int,
    max_batch: int,
    source: Source | None,
    deadline: Callable[[], float],
) -> Iterator[CallsResult | str]:
    """For each number of calls at once; the first is the measure of the others."""
    windows = features(sizes, windows_per_call)
    for number in at_once:
        if deadline() <= 0:
            yield f"{engine.name}: {number} calls at once and more left out, the time was over"
            return
        num_calls = max(4, 2 * number if number <= 10 else number)
        through = WindowQueue(engine, max_batch)

        def one_call(_: int, through: WindowQueue = through) -> float:
            start = time.perf_counter()
            through.recognise(windows)
            return time.perf_counter() - start

        try:
            engine.run(windows[: min(max_batch, windows_per_call)])
            start = time.perf_counter()
            with watched(source) as usage, ThreadPoolExecutor(number) as callers:
                call_s = list(callers.map(one_call, range(num_calls)))
            wall_s = time.perf_counter() - start
            through.close()
        except OutOfMemory as error:
            yield f"{engine.name}: {number} calls at once do not fit ({error})"
            return
        audio_s = num_calls * windows_per_call * WINDOW_S
        yield CallsResult(
            engine=engine.name,
            at_once=number,
            calls=num_calls,
            windows_per_call=windows_per_call,
            max_batch=max_batch,
            mean_batch=sum(through.batches) / len(through.batches),
            wall_s=wall_s,
            audio_per_s=audio_s / wall_s,
            call_s=median(call_s),
            **dict(zip(("busy", "sm_active", "memory_gb", "host_cpu"), _figures(usage), strict=True)),  # type: ignore[arg-type]
        )
