"""Requests of an HTTP client that go to an application by its Serve handle: no port, no proxy, no address.

For callytics/engines/analysis/endpoints.py. The application answers `request(method, path, body, within_s)` with a
status and a body: deployments/llm_server.py.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from deployments.replica.call_session import with_call

NO_LIMIT_S = 3600.0
"""Where the client gives no timeout."""

GRACE_S = 1.0
"""For the answer 408 of the application itself, which says more than a missing one."""


class HandleTransport(httpx.BaseTransport):
    """For the threads of engines: it blocks. Safe to use from several threads.

    What fails becomes httpx' own errors, which clients of OpenAI's API know.
    """

    def __init__(self, application: str) -> None:
        self._application = application

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions.get("timeout", {})
        within_s = timeout.get("read") or NO_LIMIT_S
        try:
            handle = with_call(_handle(self._application))
            answer = handle.request.remote(request.method, request.url.path, request.read(), within_s)
        except (RayError, RayServeException) as error:
            raise httpx.ConnectError(
                f"{self._application} is not deployed ({type(error).__name__})"
            ) from None
        try:
            found: Any = answer.result(timeout_s=within_s + GRACE_S)
        except TimeoutError:
            answer.cancel()  # the application ends the work on it
            raise httpx.ReadTimeout(f"{self._application} did not answer in {within_s:.0f} s") from None
        except (RayError, RayServeException) as error:
            raise httpx.ConnectError(f"{self._application} went down ({type(error).__name__})") from None
        return httpx.Response(
            found.status, headers={"Content-Type": "application/json"}, content=found.body, request=request
        )


@cache
def _handle(application: str) -> Any:
    return serve.get_app_handle(application)
