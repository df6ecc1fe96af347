"""What a card does while something is measured: NVML, else nvidia-smi, else nothing, and the record says which."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Protocol

INTERVAL_S = 0.1


@dataclass(frozen=True)
class Reading:
    """Attributes:
    busy: share of the time in which a kernel ran; says nothing of how much of the card it filled.
    sm_active: share of the multiprocessors' time with work on them (NVML's GPM, Hopper and newer); None elsewhere.
    """

    busy: float
    memory_bytes: int
    sm_active: float | None = None


class Source(Protocol):
    name: str
    card: str

    def read(self) -> Reading: ...


@dataclass
class Usage:
    """Over one measurement. ``host_cpu``: cores of the host that this process kept busy."""

    busy: float | None = None
    sm_active: float | None = None
    memory_bytes: int | None = None
    host_cpu: float = 0.0
    readings: list[Reading] = field(default_factory=list, repr=False)


class Nvml:
    """By the module pynvml (package nvidia-ml-py)."""

    name = "NVML"

    def __init__(self, index: int = 0) -> None:
        pynvml: Any = importlib.import_module("pynvml")
        self._nvml = pynvml
        pynvml.nvmlInit()
        self._handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        self.card = _text(pynvml.nvmlDeviceGetName(self._handle))
        self._before: Any = None
        self.sm_problem = ""
        try:
            self._before = self._sample()
        except Exception as error:  # older cards and drivers have no GPM; each says so in its own way
            self.sm_problem = f"{type(error).__name__}: {error}"

    def read(self) -> Reading:
        rates = self._nvml.nvmlDeviceGetUtilizationRates(self._handle)
        memory = self._nvml.nvmlDeviceGetMemoryInfo(self._handle)
        return Reading(rates.gpu / 100, int(memory.used), self._sm_active())

    def _sample(self) -> Any:
        sample = self._nvml.nvmlGpmSampleAlloc()
        self._nvml.nvmlGpmSampleGet(self._handle, sample)
        return sample

    def _sm_active(self) -> float | None:
        """Between the last reading and this one."""
        if self._before is None:
            return None
        nvml = self._nvml
        try:
            now = self._sample()
            asked = nvml.c_nvmlGpmMetricsGet_t()
            asked.version = nvml.NVML_GPM_METRICS_GET_VERSION
            asked.numMetrics = 1
            asked.sample1, asked.sample2 = self._before, now
            asked.metrics[0].metricId = nvml.NVML_GPM_METRIC_SM_UTIL
            nvml.nvmlGpmMetricsGet(asked)
            nvml.nvmlGpmSampleFree(self._before)
            self._before = now
            return float(asked.metrics[0].value) / 100
        except Exception as error:
            self.sm_problem, self._before = f"{type(error).__name__}: {error}", None
            return None


class NvidiaSmi:
    """By the program, which takes some 50 ms for each reading."""

    name = "nvidia-smi"

    def __init__(self, index: int = 0) -> None:
        self._command = ["nvidia-smi", f"--id={index}", "--format=csv,noheader,nounits"]
        self.card = self._ask("name")[0]

    def _ask(self, fields: str) -> list[str]:
        command = [*self._command, f"--query-gpu={fields}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        return [part.strip() for part in done.stdout.strip().splitlines()[0].split(",")]

    def read(self) -> Reading:
        busy, memory = self._ask("utilization.gpu,memory.used")
        return Reading(float(busy) / 100, int(float(memory) * 2**20))


def source(device: str) -> Source | None:
    """None on a CPU, or where neither way leads to the card."""
    if not device.startswith("cuda"):
        return None
    for kind in (Nvml, NvidiaSmi):
        with contextlib.suppress(Exception):  # the module, the library or the driver is missing
            return kind(int(device.partition(":")[2] or 0))
    return None


@contextlib.contextmanager
def watched(source: Source | None) -> Iterator[Usage]:
    """Read the card until the block ends; the figures are in the yielded object afterwards."""
    usage, done = Usage(), threading.Event()
    start_s, start_cpu_s = time.monotonic(), _cpu_s()

    def watch(card: Source) -> None:
        while not done.wait(INTERVAL_S):
            with contextlib.suppress(Exception):  # a reading that fails is one less
                usage.readings.append(card.read())

    watcher = threading.Thread(target=watch, args=(source,), daemon=True) if source else None
    if watcher:
        watcher.start()
    try:
        yield usage
    finally:
        done.set()
        usage.host_cpu = (_cpu_s() - start_cpu_s) / max(time.monotonic() - start_s, 1e-9)
        if watcher:
            watcher.join(5)
        if usage.readings:
            usage.busy = fmean(one.busy for one in usage.readings)
            usage.memory_bytes = max(one.memory_bytes for one in usage.readings)
            known = [one.sm_active for one in usage.readings if one.sm_active is not None]
            usage.sm_active = fmean(known) if known else None


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def cores() -> int:
    return len(os.sched_getaffinity(0))
