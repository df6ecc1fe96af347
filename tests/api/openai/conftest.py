"""The API on a real socket, for the official clients."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import openai
import pytest
import uvicorn

from callytics.api import Services, create_app


@pytest.fixture
def base_url(services: Services) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    # A test that fails may leave a stream open: the server does not wait for it.
    config = uvicorn.Config(create_app(services), log_level="warning", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def api(base_url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0)
