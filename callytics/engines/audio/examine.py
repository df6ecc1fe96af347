"""Whether a file can be analysed, found out in a process of its own that may be killed.

What comes from outside meets FFmpeg's native code here first, before anything was refused. A few megabytes can keep a
demuxer at work for minutes, ask for gigabytes, or crash it; no exception ends that. So it happens in a child process
under limits that the kernel enforces: CPU time, address space, and an end by the clock. What was let through was
opened and decoded within these limits, and the analysis opens the same bytes.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from multiprocessing.connection import Connection
from typing import Any

from callytics.domain import CallOptions, Media
from callytics.engines.audio import decode as decoding
from callytics.engines.audio import frames as framing
from callytics.engines.audio import media, tracks
from callytics.engines.audio.source import UNHASHED, Source
from callytics.errors import CallyticsError

PROBE_S = 3.0  # of audio that a file must give up, or all it has, to be accepted


def examine(uri: str, options: CallOptions, max_duration_s: float) -> Media:
    """Opens a file and decodes its first seconds; in this process. ``sha256`` is left empty: that takes the whole file.

    Raises:
        InvalidMediaError: ``media_empty``, ``media_undecodable``, ``media_no_audio``, ``media_too_long``, or
            ``media_too_complex``: it takes more memory than there is.
        NotFoundError: there is no such file.
    """
    damage = framing.Damage()
    decoded_s = 0.0
    with (
        Source(uri, UNHASHED) as source,
        tracks.opened_source(source, options) as found,
    ):
        declared_s = found.declared_duration_s()
        container, stream = found.opened[0]
        for frame in framing.frames(container, stream, damage):
            decoded_s += frame.samples / frame.sample_rate
            if decoded_s >= PROBE_S:
                break
        if decoded_s == 0.0:
            raise decoding.nothing_decoded(damage)
        if declared_s is None or declared_s > max_duration_s:
            # No header says it, or a header that may be wrong would reject the call: look at the packets.
            declared_s = tracks.packets_duration_s(source, options, max_duration_s)
        if declared_s > max_duration_s:
            raise media.too_long(declared_s, max_duration_s)
        described = found.described(max(declared_s, min(decoded_s, PROBE_S)))
        tracks.check_as_told(source, options)
        return described


def _limit_cpu(seconds: float) -> None:
    """Of this process, from now on: then the kernel ends it (SIGXCPU), whatever code is at work."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), hard))


def _limit_memory(more_bytes: int) -> None:
    with open("/proc/self/statm") as file:
        size_bytes = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size_bytes + more_bytes, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    options = CallOptions(**request["options"])
    try:
        found = examine(request["uri"], options, request["max_duration_s"])
    except CallyticsError as error:
        return {"error": type(error).__name__, "code": error.code, "message": error.message}
    except Exception as error:  # told to the parent, which raises it
        return {"error": "", "message": f"{type(error).__name__}: {error}"[:500]}
    return {"media": vars(found)}


def main(descriptor: int, memory_bytes: int) -> None:
    """One file after another, as the parent names them (examiner.py); JSON, for a child that was taken over by a
    hostile file must not be able to hand its parent a pickle."""
    import av  # noqa: F401  # before the limits: libraries are large, and no part of what a file may take

    _limit_memory(memory_bytes)
    with Connection(descriptor) as pipe:
        pipe.send_bytes(b"ready")
        while True:
            try:
                request = json.loads(pipe.recv_bytes())
            except EOFError:  # the parent is gone
                return
            _limit_cpu(request["cpu_s"])
            pipe.send_bytes(json.dumps(_answer(request)).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
