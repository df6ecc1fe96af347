"""Log lines of calls, from the replica that writes them to the call store.

Ray's log files lie on each node, are rotated, and outlive the call. `callytics logs` and a call's deletion need the
lines of a call in one place: so each replica hands its own, INFO and above, to database-service, a second's together.
What does not arrive is in the replica's file only: no call waits for its lines or fails with them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any

DATABASE = "database-service"
METHOD = "append_call_lines"
PAUSE_S = 1.0
"""Between two batches of one replica."""

MAX_WAITING = 500
"""Lines that wait in a replica; beyond that the oldest are dropped."""

MAX_CHARACTERS = 2000
"""Limits of a message, and of a traceback."""

ANSWER_WITHIN_S = 10.0


class CallLines(logging.Handler):
    """Takes the records that name a call (logs.Fields), those of the access log excepted: who read what is in the
    audit, and to look at a call's lines must not make more.

    Args:
        replica_id: names the writer among the replicas of an application.
    """

    def __init__(self, replica_id: str) -> None:
        super().__init__(logging.INFO)
        self._replica_id = replica_id
        self._lines: deque[dict[str, Any]] = deque(maxlen=MAX_WAITING)
        self._is_there = threading.Event()
        self._sender: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "call_id") or hasattr(record, "skip_context_filter"):
            return
        self._lines.append(line_of(record, self._replica_id))
        self._is_there.set()
        if self._sender is None:  # logging holds this handler's lock
            self._sender = threading.Thread(target=self._send_for_ever, name="call-lines", daemon=True)
            self._sender.start()

    def _send_for_ever(self) -> None:
        """In a thread of its own, which works on no call: what goes wrong here makes no new lines of one."""
        while True:
            self._is_there.wait()
            time.sleep(PAUSE_S)
            self._is_there.clear()
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            try:
                send(lines)
            except Exception as error:
                name = type(error).__name__
                logging.getLogger(__name__).warning(
                    "%d lines of calls are in this file only: %s", len(lines), name
                )


def line_of(record: logging.LogRecord, replica_id: str) -> dict[str, Any]:
    """As the store takes it; plain values, for versions of both sides meet while one is deployed."""
    fields = vars(record)
    return {
        "call_id": fields["call_id"],
        "tenant": fields["tenant"],
        "at_ms": int(record.created * 1000),
        "level": record.levelname,
        "stage": fields["stage"],
        "application": fields["application"],
        "version": fields["version"],
        "replica": replica_id,
        "logger": record.name,
        "message": record.getMessage()[:MAX_CHARACTERS],
        "traceback": (record.exc_text or "")[-MAX_CHARACTERS:],
    }


def send(lines: list[dict[str, Any]]) -> None:
    from ray import serve

    handle: Any = serve.get_app_handle(DATABASE)
    answer = handle.call.remote(METHOD, (lines,), {}).result(timeout_s=ANSWER_WITHIN_S)
    if answer is not None:  # answers.Refused
        raise answer.error
