"""The loggers of the library and of these shells, in the log file of the replica that they run in.

Serve writes down what its own logger is told, in the encoding that the configuration names. Other loggers it does not
know: without this their warnings come out of stderr as INFO, without a level, and what is INFO is lost.

Every line names its stage, application and version, and the call that is worked on, if any: call_id and tenant. Those
of a call hold no text of exceptions, which may quote what was said.
"""

from __future__ import annotations

import logging
import traceback
from importlib.metadata import version as package_version
from pathlib import Path

from ray import serve
from ray._common.formatters import JSONFormatter
from ray.serve.exceptions import RayServeException

from callytics.errors import CallyticsError
from callytics.telemetry.call_context import CallContext, current_call
from deployments.replica.call_lines import CallLines
from deployments.replica.call_session import call_of_request

SERVE_LOGGER = "ray.serve"
OURS = ("callytics", "deployments")
ACCESS_LOGGER = "callytics.access"  # callytics.api.access_log, which engines' environments cannot import
GATEWAY = "api-gateway"
BATCH = "backfill"
"""The application of the workers of a batch, which belong to none of Serve's."""


class Fields(logging.Filter):
    """On Serve's logger, so that Serve's own lines and what a library prints have them as well.

    Args:
        of_process: fields that every line of this process has.
    """

    def __init__(self, of_process: dict[str, str]) -> None:
        super().__init__()
        self._of_process = of_process

    def filter(self, record: logging.LogRecord) -> bool:
        call = self.call()
        of_call = {"call_id": call.call_id, "tenant": call.tenant} if call else {}
        for name, value in {**self._of_process, **of_call}.items():
            if not hasattr(record, name):  # the access log knows its own
                setattr(record, name, value)
        if call is not None and record.exc_info and record.exc_info[1] is not None:
            record.exc_text = without_texts(record.exc_info[1])
        return True

    def call(self) -> CallContext | None:
        call = current_call()
        # What a client sends to the gateway as its session is no word of ours.
        return call_of_request() if call is None and self._of_process["stage"] != GATEWAY else call


def without_texts(error: BaseException) -> str:
    """The traceback: files, lines and types of the exceptions, and the codes of our own; not what they say."""
    parts = []
    for each in _chain(error):
        name = f"{type(each).__module__}.{type(each).__qualname__}"
        code = f": {each.code}" if isinstance(each, CallyticsError) else ""
        frames = traceback.extract_tb(each.__traceback__)
        parts.append("".join(f"{_short(f.filename)}:{f.lineno} in {f.name}\n" for f in frames) + name + code)
    return "\nThe cause of:\n".join(reversed(parts))


def _short(path: str) -> str:
    """A reader of the call's lines need not know where things lie on this machine."""
    return "/".join(Path(path).parts[-3:])


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return found


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
    if not any(isinstance(each, Fields) for each in serve_logger.filters):
        serve_logger.addFilter(Fields(fields))
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)  # Serve's level decides, also when it changes later
        logger.propagate = False
        if not any(isinstance(handler, ToServeLog) for handler in logger.handlers):
            logger.addHandler(ToServeLog())
            if replica_id:  # after it: it takes the fields from the record
                logger.addHandler(lines)


def to_worker_log(stage: str, version: str) -> None:
    """For the process of a worker of a batch: JSON on standard error, which Ray keeps in a file of the worker."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    handler.addFilter(Fields({"stage": stage, "application": BATCH, "version": version}))
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.handlers = [handler]


def _replica() -> tuple[str, str]:
    """Application and id; "" outside of Serve."""
    try:
        context = serve.get_replica_context()
    except RayServeException:
        return "", ""
    return context.app_name, context.replica_id.unique_id
