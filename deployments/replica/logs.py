"""The loggers of the library and of these shells, in the log file of the replica that they run in.

Serve writes down what its own logger is told, in the encoding that the configuration names. Other loggers it does not
know: without this their warnings come out of stderr as INFO, without a level, and what is INFO is lost.
"""

from __future__ import annotations

import logging

SERVE_LOGGER = "ray.serve"
OURS = ("callytics", "deployments")
ACCESS_LOGGER = "callytics.access"  # callytics.api.access_log, which engines' environments cannot import


class ToServeLog(logging.Handler):
    """Hands records on; not Serve's handlers themselves, which it replaces when its configuration changes."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == ACCESS_LOGGER:
            # It names route and request id itself. Serve would put the client's X-Request-ID there, whatever it holds.
            record.skip_context_filter = True
        serve_logger = logging.getLogger(SERVE_LOGGER)
        if record.levelno >= serve_logger.getEffectiveLevel():
            serve_logger.handle(record)


def to_serve_log() -> None:
    """For the process of a replica; once is enough, and twice is no harm."""
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)  # Serve's level decides, also when it changes later
        logger.propagate = False
        if not any(isinstance(handler, ToServeLog) for handler in logger.handlers):
            logger.addHandler(ToServeLog())
