"""What an engine does when the memory of its device is used up, and how much of a card it may take.

Ray counts shares of a card and enforces none. torch can: it refuses what goes beyond the share, so a stage runs out of
memory itself and leaves its neighbours alone. CTranslate2 has no such limit; its memory follows from the batch.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

logger = logging.getLogger(__name__)

_SIGNS = (
    "out of memory",  # torch, CTranslate2 ("CUDA failed with error out of memory"), NVIDIA's driver
    "bad_alloc",  # C++
    "failed to allocate memory",  # ONNX Runtime
    "cublas_status_alloc_failed",
    "can't allocate memory",  # torch on a CPU
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch may succeed. torch has a class for it, the others only a text."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


def release_unused() -> None:
    """Give back what torch keeps of a card for later: neighbours may need it now."""
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def limit_torch(share: float | None, device: str = "cuda") -> None:
    """Let torch take no more than ``share`` of the memory of a card, for this process; None and CPUs have no limit.

    CUDA's own part of a process, some 0.4 GB, is not torch's and comes on top: name a share below ``num_gpus``.
    """
    if share is None or not device.startswith("cuda"):
        return
    torch: Any = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return  # the engine says so itself, or takes the CPU
    index = torch.device(device).index or 0
    torch.cuda.set_per_process_memory_fraction(share, index)
    total_gb = torch.cuda.get_device_properties(index).total_memory / 1e9
    logger.info("torch takes at most %.1f GB of %.1f GB of the card", share * total_gb, total_gb)
