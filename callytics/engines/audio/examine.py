"""Checks in a separate process, which may be killed, whether a file can be analysed.

Untrusted files reach FFmpeg's native code here first, before any other check. A few megabytes can keep a demuxer busy
for minutes, request gigabytes, or crash it, and no exception stops that. So the check runs in a child process under
limits that the kernel enforces: CPU time, address space and wall-clock time. An accepted file was opened and decoded
within these limits, and the analysis opens the same bytes.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from callytics.domain import CallOptions, Media
from callytics.engines.audio import decode as decoding
from callytics.engines.audio import frames as framing
from callytics.engines.audio import media, tracks
from callytics.engines.audio.as_told import check_as_told
from callytics.engines.audio.source import UNHASHED, Source
from callytics.errors import CallyticsError, InvalidMediaError

PROBE_S = 3.0  # seconds of audio that must decode for a file to be accepted; all of it if it is shorter


def examine(uri: str, options: CallOptions, max_duration_s: float) -> Media:
    """Opens a file and decodes its first seconds, in this process. ``sha256`` stays empty: it needs the whole file.

    Raises:
        InvalidMediaError: ``media_empty``, ``media_undecodable``, ``media_no_audio``, ``media_too_long``, or
            ``media_too_complex``: it needs more memory than is available.
        NotFoundError: there is no such file.
    """
    damage = framing.Damage()
    with (
        Source(uri, UNHASHED) as source,
        tracks.opened_source(source, options) as found,
    ):
        declared_s = found.declared_duration_s()
        decoded_s = _decoded_s(found, damage)
        if decoded_s == 0.0:
            raise decoding.nothing_decoded(damage)
        if declared_s is None or declared_s > max_duration_s:
            # No header says it, or a header that may be wrong would reject the call: look at the packets.
            declared_s = tracks.packets_duration_s(source, options, max_duration_s)
        if declared_s > max_duration_s:
            raise media.too_long(declared_s, max_duration_s)
        described = found.described(max(declared_s, min(decoded_s, PROBE_S)))
        check_as_told(source, options)
        for opens in found.following:  # what the analysis will open
            with suppress(InvalidMediaError), opens() as part:
                _decoded_s(part, framing.Damage())
        return described


def _decoded_s(found: tracks.Tracks, damage: framing.Damage) -> float:
    """Decodes the first seconds; how many there were."""
    container, stream = found.opened[0]
    decoded_s = 0.0
    for frame in framing.frames(container, stream, damage):
        decoded_s += frame.samples / frame.sample_rate
        if decoded_s >= PROBE_S:
            break
    return decoded_s


def _limit_cpu(seconds: float) -> None:
    """Limit this process from now on: the kernel then ends it (SIGXCPU), whichever code is running."""
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
    """Examine one file after another, as the parent (examiner.py) names them. The protocol is JSON: a child that a
    hostile file has taken over must not be able to send its parent a pickle."""
    import av  # noqa: F401  # before the limits: libraries are large and do not count against a file

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
