"""The parent of examine.py: child processes are reused, and killed when they exceed a limit."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from callytics import errors
from callytics.domain import CallOptions, Media
from callytics.engines.audio import media
from callytics.errors import CallyticsError

MODULE = "callytics.engines.audio.examine"
START_S = 60.0  # imports, on a machine that is busy with other things
MAX_ANSWER_BYTES = 64 * 1024
MAX_IDLE = 2
"""Idle processes that wait for the next file, 50 MB each; a burst starts more, which end after it."""


@dataclass(frozen=True)
class _Child:
    process: subprocess.Popen[bytes]
    pipe: Connection

    def end(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.wait()


class Examiner:
    """Examines files of unknown origin. Safe to call from several threads: each uses its own child process.

    Args:
        cpu_s: maximum CPU time per file; four hours of 20 ms packets without a length in the header take 7 s.
        wall_s: maximum wall-clock time per file, including reads from a slow store.
        memory_bytes: maximum memory, on top of the 50 MB of an idle child.
    """

    def __init__(self, cpu_s: float = 20.0, wall_s: float = 45.0, memory_bytes: int = 512 << 20) -> None:
        self._cpu_s = cpu_s
        self._wall_s = wall_s
        self._memory_bytes = memory_bytes
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _end_all, self._idle)

    def __call__(self, uri: str, options: CallOptions, max_duration_s: float) -> Media:
        """Like examine.examine, within the limits.

        Raises:
            InvalidMediaError: also ``media_too_complex``: a limit was reached.
        """
        request = {
            "uri": uri,
            "options": {
                "audio_format": options.audio_format,
                "audio_sample_rate_hz": options.audio_sample_rate_hz,
                "audio_channels": options.audio_channels,
            },
            "max_duration_s": max_duration_s,
            "cpu_s": self._cpu_s,
        }
        child = self._take()
        try:
            child.pipe.send_bytes(json.dumps(request).encode())
            if not child.pipe.poll(self._wall_s):
                raise media.too_complex(f"{self._wall_s:.0f} s")
            answer = json.loads(child.pipe.recv_bytes(MAX_ANSWER_BYTES))
        except (EOFError, ConnectionError) as error:
            raise self._ended(child) from error
        except BaseException:
            child.end()
            raise
        self._give_back(child)
        return _result(answer)

    def _ended(self, child: _Child) -> CallyticsError:
        child.pipe.close()
        code = child.process.wait()
        if code == -signal.SIGXCPU:
            return media.too_complex(f"{self._cpu_s:.0f} s of computing")
        return media.undecodable(f"a decoder broke down over it, with {code}")

    def _take(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.process.poll() is None:
                    return child
                child.end()
        return _started(self._memory_bytes)

    def _give_back(self, child: _Child) -> None:
        with self._lock:
            if len(self._idle) < MAX_IDLE:
                self._idle.append(child)
                return
        child.end()


def _started(memory_bytes: int) -> _Child:
    ours, theirs = multiprocessing.Pipe()
    with theirs:
        command = [sys.executable, "-P", "-m", MODULE, str(theirs.fileno()), str(memory_bytes)]
        # The modules of this process (Ray adds to a worker's path), and none that lie in the current folder (-P).
        path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
        environment = {**os.environ, "PYTHONPATH": path}
        process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=environment
        )
    child = _Child(process, ours)
    with suppress(EOFError):
        if ours.poll(START_S) and ours.recv_bytes(MAX_ANSWER_BYTES) == b"ready":
            return child
    child.end()
    raise RuntimeError(f"{MODULE} does not start; its output says why")


def _result(answer: dict[str, Any]) -> Media:
    if "media" in answer:
        return Media(**answer["media"])
    kind = getattr(errors, answer["error"]) if answer["error"] else None
    if kind is None:
        raise RuntimeError(f"a file could not be examined: {answer['message']}")
    raise kind(answer["code"], answer["message"])


def _end_all(children: list[_Child]) -> None:
    for child in children:
        child.end()
