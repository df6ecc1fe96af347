"""One node of a cluster on this machine: its processes, and their end."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Node:
    name: str
    address: str
    session: int
    """Session of its processes: the kernel gives its number to no other while one of them lives."""
    http_port: int

    def processes(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):  # it just ended
                    if os.getsid(int(entry.name)) == self.session and not is_zombie(entry):
                        found.append(int(entry.name))
        return found

    def kill(self) -> None:
        """SIGKILL for all of it at once, as a machine that loses its power."""
        while pids := self.processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)


def is_zombie(entry: Path) -> bool:
    return ") Z " in (entry / "stat").read_text()
