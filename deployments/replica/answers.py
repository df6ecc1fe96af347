"""What a replica answers, an error of the library's own tree included.

An exception that leaves a replica is a fault to Serve: it logs it with its traceback and counts it as a failed
request. A call that is not there (404) or a file that is no recording (415) is no fault. So such errors travel as a
value, and handles.py raises them again where the caller is. What is not of the tree still leaves as it was raised.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from callytics.errors import CallyticsError, UnavailableError

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Refused:
    """Instead of a result: the error that the caller gets."""

    error: CallyticsError


async def answered(work: Awaitable[Result]) -> Result | Refused:
    """The result, or the error as a value. One that is a fault of ours is logged here, where its traceback is; not what
    is only away, which the caller tries again, and says if that was in vain."""
    try:
        return await work
    except CallyticsError as error:
        if error.http_status >= 500 and not isinstance(error, UnavailableError):
            logger.exception("%s: %s", error.code, error.message)
        return Refused(error)
