"""What every log line names: its stage, application and version, and the call that is worked on.

In a file of its own, for Serve is a second of CPU to import, and the workers of a batch do without it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from callytics.errors import CallyticsError
from callytics.telemetry.call_context import CallContext, current_call

OURS = ("callytics", "deployments")
BATCH = "backfill"
"""The application of the workers of a batch, which belong to none of Serve's."""


_of_stage: ContextVar[Mapping[str, str]] = ContextVar("callytics_stage")


@contextmanager
def in_stage(fields: Mapping[str, str]) -> Iterator[None]:
    """Lines of what runs within are of this stage: where one process has several."""
    token = _of_stage.set(fields)
    try:
        yield
    finally:
        _of_stage.reset(token)


class Fields(logging.Filter):
    """
    Args:
        of_process: fields that every line of this process has.
    """

    def __init__(self, of_process: dict[str, str]) -> None:
        super().__init__()
        self.of_process = of_process

    def filter(self, record: logging.LogRecord) -> bool:
        call = self.call()
        of_call = {"call_id": call.call_id, "tenant": call.tenant} if call else {}
        for name, value in {**self.of_process, **_of_stage.get({}), **of_call}.items():
            if not hasattr(record, name):  # the access log knows its own
                setattr(record, name, value)
        if call is not None and record.exc_info and record.exc_info[1] is not None:
            record.exc_text = without_texts(record.exc_info[1])
        return True

    def call(self) -> CallContext | None:
        """The call that is worked on here."""
        return current_call()


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


def to_worker_log(stage: str, version: str) -> None:
    """For the process of a worker of a batch: JSON on standard error, which Ray keeps in a file of the worker."""
    from ray._common.formatters import JSONFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter())
    handler.addFilter(Fields({"stage": stage, "application": BATCH, "version": version}))
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.handlers = [handler]
