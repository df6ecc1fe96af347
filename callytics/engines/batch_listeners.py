"""Who is told how full the batches of the queues are (batch_queue.py).

For the whole process: queues are made deep inside an engine, some of them for one call, and a process has one engine.
What is told is exported as a metric by the shell of the stage (deployments/stage.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchDone:
    """A batch was computed.

    Attributes:
        queue: the name of its queue, which says what its pieces are: ``windows``, ``turns``, ``sentences`` ...
        num_pieces: in this batch.
        batch_size: how many could have been in it.
    """

    queue: str
    num_pieces: int
    batch_size: int


Listener = Callable[[BatchDone], None]

_listeners: tuple[Listener, ...] = ()


def listen(listener: Listener) -> Callable[[], None]:
    """``listener`` gets every batch from now on, in the thread that computed it. Returns what takes that back."""
    global _listeners
    _listeners = (*_listeners, listener)

    def stop() -> None:
        global _listeners
        _listeners = tuple(one for one in _listeners if one is not listener)

    return stop


def tell(done: BatchDone) -> None:
    """Never raises: no batch fails because it could not be counted."""
    for listener in _listeners:
        try:
            listener(done)
        except Exception:
            logger.exception("a listener of batches failed")
