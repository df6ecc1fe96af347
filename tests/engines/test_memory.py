"""What counts as out of memory, and the limit that torch is given. In the place of torch: a stub that keeps it."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from callytics.engines.memory import is_out_of_memory, limit_torch, release_unused


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA failed with error out of memory"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("std::bad_alloc"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"),
        MemoryError(),
    ],
    ids=str,
)
def test_out_of_memory_is_recognised(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("device-side assert triggered"), ValueError("out of memory"), KeyError("ko")],
    ids=str,
)
def test_other_errors_are_not(error: Exception) -> None:
    assert not is_out_of_memory(error)


class Cuda:
    def __init__(self, *, is_there: bool) -> None:
        self.limits: list[tuple[float, int]] = []
        self.num_emptied = 0
        self.is_there = is_there

    def is_available(self) -> bool:
        return self.is_there

    def set_per_process_memory_fraction(self, share: float, index: int) -> None:
        self.limits.append((share, index))

    def get_device_properties(self, index: int) -> Any:
        return SimpleNamespace(total_memory=24e9)

    def empty_cache(self) -> None:
        self.num_emptied += 1


def torch_with(cuda: Cuda, monkeypatch: pytest.MonkeyPatch) -> Cuda:
    def device(name: str) -> Any:
        return SimpleNamespace(index=int(name.partition(":")[2]) if ":" in name else None)

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, device=device))
    return cuda


def test_torch_is_limited_to_the_share_of_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch_with(Cuda(is_there=True), monkeypatch)
    limit_torch(0.24, "cuda:1")
    limit_torch(0.1)
    limit_torch(None, "cuda")
    limit_torch(0.24, "cpu")
    assert cuda.limits == [(0.24, 1), (0.1, 0)]
    release_unused()
    assert cuda.num_emptied == 1


def test_without_a_card_there_is_nothing_to_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch_with(Cuda(is_there=False), monkeypatch)
    limit_torch(0.24)
    release_unused()
    assert (cuda.limits, cuda.num_emptied) == ([], 0)
