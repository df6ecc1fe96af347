"""Language models that are found by name, inside the graph: `endpoint: llm-server` instead of an address.

An engine is made of plain options and knows no Ray. What hosts it says once, before it loads the engine, how a name is
reached: deployments/llm_analyzer.py by Serve's handles, a test or a benchmark by a model in its own process. Requests
stay HTTP in form, so that clients of OpenAI's API need nothing but another transport, and no port is opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from callytics.errors import ConfigError

if TYPE_CHECKING:
    import httpx

Transports = Callable[[str], "httpx.BaseTransport"]
"""The name of an application -> the transport of requests to it."""

_THINKING = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)

_transports: list[Transports] = []


def provide(transports: Transports) -> None:
    """Say how names are reached in this process; the last word holds."""
    _transports[:] = [transports]


def base_url(endpoint: str) -> str:
    """The address of a named endpoint: for its transport, and for messages. No name server knows it."""
    return f"http://{endpoint}/v1"


def transport_to(endpoint: str) -> httpx.BaseTransport:
    """
    Raises:
        ConfigError: ``endpoint_unreachable``: this process has no way to applications by name.
    """
    if not _transports:
        raise ConfigError(
            "endpoint_unreachable",
            f"endpoint: {endpoint} names an application of a graph, and this process is not part of one. Start the "
            "graph (callytics up --llm local), or give base_url instead of endpoint.",
        )
    return _transports[0](endpoint)


def http_client(endpoint: str) -> httpx.Client:
    """For clients of OpenAI's API that take one."""
    import httpx

    return httpx.Client(transport=transport_to(endpoint))


def without_thinking(text: str) -> str:
    """An answer without what a reasoning model says first, where its server does not take it out."""
    return _THINKING.sub("", text)
