"""The loggers of the library and of these shells, in the log file of the replica that they run in.

Serve writes down what its own logger is told, in the encoding that the configuration names. Other loggers it does not
know: without this their warnings come out of stderr as INFO, without a level, and what is INFO is lost.

Every line names its stage, application and version, and the call that is worked on, if any: call_id and tenant. Those
of a call hold no text of exceptions, which may quote what was said.
"""

from __future__ import annotations

import logging
from importlib.metadata import version as package_version

from ray import serve
from ray.serve.exceptions import RayServeException

from callytics.telemetry.call_context import CallContext
from deployments.replica.call_lines import CallLines
from deployments.replica.call_session import call_of_request
from deployments.replica.log_fields import OURS, Fields

SERVE_LOGGER = "ray.serve"
ACCESS_LOGGER = "callytics.access"  # callytics.api.access_log, which engines' environments cannot import
GATEWAY = "api-gateway"


class ReplicaFields(Fields):
    """On Serve's logger, so that Serve's own lines and what a library prints have them as well."""

    def call(self) -> CallContext | None:
        # What a client sends to the gateway as its session is no word of ours.
        return super().call() or (call_of_request() if self.of_process["stage"] != GATEWAY else None)


class ToServeLog(logging.Handler):
    """Hands records on; not Serve's handlers themselves, which it replaces when its configuration changes."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == ACCESS_LOGGER:
            # It names route and request id itself. Serve would put the client's X-Request-ID there, whatever it holds.
            record.skip_context_filter = True
        serve_logger = logging.getLogger(SERVE_LOGGER)
        if record.levelno >= serve_logger.getEffectiveLevel():
            serve_logger.handle(record)


def to_serve_log(stage: str = "", version: str = "") -> None:
    """For the process of a replica; once is enough, and twice is no harm.

    Args:
        stage: of the pipeline; "" for what is none: the name of the application.
        version: the config hash of a stage; "" for that of the package.
    """
    serve_logger = logging.getLogger(SERVE_LOGGER)
    application, replica_id = _replica()
    lines = CallLines(replica_id)
    fields = {"stage": stage or application, "application": application}
    fields["version"] = version or package_version("callytics")
    if not any(isinstance(each, ReplicaFields) for each in serve_logger.filters):
        serve_logger.addFilter(ReplicaFields(fields))
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)  # Serve's level decides, also when it changes later
        logger.propagate = False
        if not any(isinstance(handler, ToServeLog) for handler in logger.handlers):
            logger.addHandler(ToServeLog())
            if replica_id:  # after it: it takes the fields from the record
                logger.addHandler(lines)


def _replica() -> tuple[str, str]:
    """Application and id; "" outside of Serve."""
    try:
        context = serve.get_replica_context()
    except RayServeException:
        return "", ""
    return context.app_name, context.replica_id.unique_id
