"""The call that a request from one application to another belongs to, for the log lines of the one that is asked.

It travels as Serve's ``session_id``, which is part of every request and which the default router does not look at. So
an application of an older version neither needs nor sees it, and a request of one comes without: calls go on while
versions change.
"""

from __future__ import annotations

import re
from typing import Any

from ray.serve import context

from callytics.telemetry.call_context import CallContext, current_call

_SESSION = re.compile(r"call:([0-9a-z]{26}):([^\s:]{1,64})")


def with_call(handle: Any) -> Any:
    """The handle whose requests name the call that is worked on, if any."""
    call = current_call()
    return handle if call is None else handle.options(session_id=f"call:{call.call_id}:{call.tenant}")


def call_of_request() -> CallContext | None:
    """Where another application asks; in a gateway the session is what an HTTP client made up."""
    found = _SESSION.fullmatch(context._get_serve_request_context().session_id)
    return CallContext(*found.groups()) if found else None
