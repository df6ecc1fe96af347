"""llama.cpp with one GGUF model, behind OpenAI's API on a Unix socket that only this process can open.

xllamacpp starts llama.cpp's own server inside this process. That server always listens; its address here is a socket in
a private folder, so there is no TCP port, and requests need a random key besides. `request` is the only way in, and it
knows two paths: the other routes of llama.cpp (slots, properties, LoRA adapters) stay closed.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from callytics.errors import ConfigError, WeightsError
from callytics.weights.gguf_file import FORMAT
from callytics.weights.manifest import get_model, locate

CHAT, MODELS = "/v1/chat/completions", "/v1/models"
PATHS = {"POST": CHAT, "GET": MODELS}

MAX_REQUEST_BYTES = 4 << 20
"""Limit for one request. The context of the model is the narrower limit; this one keeps a mistake out of llama.cpp."""

ERRORS_ONLY = 1
"""llama.cpp's log level: at higher ones it writes prompts, which hold a call's words."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer without its headers. ``body`` is JSON."""

    status: int
    body: bytes


class LlamaServer:
    """Safe to use from several tasks; llama.cpp works on ``parallel`` requests at once, others wait in it. One for a
    process: llama.cpp keeps state there, and the end of one of two was seen to hang.

    Args:
        model: name of a GGUF model of ``callytics models list``, or the path of a GGUF file.
        threads: CPU threads; 0 uses all cores.
        context_tokens: room for a request and its answer, in tokens; divided among ``parallel`` requests.
        parallel: requests at once. One is right for a CPU: two take twice as long each.
        gpu_layers: layers of the model on the GPU, with a build of xllamacpp for that GPU; 999 is all of them. The
            build from PyPI computes on the CPU, whatever stands here.
        batch_tokens: tokens of a prompt that are computed together; more is faster and takes more memory.

    Raises:
        ConfigError: a wrong option.
        NotFoundError, WeightsError: the model is unknown, not there, damaged, or llama.cpp cannot open it.
    """

    environment = "cpu/llm-server"

    def __init__(
        self,
        *,
        model: str,
        threads: int = 0,
        context_tokens: int = 8192,
        parallel: int = 1,
        gpu_layers: int = 0,
        batch_tokens: int = 512,
    ) -> None:
        import xllamacpp

        if min(context_tokens, parallel, batch_tokens) < 1 or min(threads, gpu_layers) < 0:
            raise ConfigError(
                "engine_options_invalid",
                "llm-server: context_tokens, parallel and batch_tokens are at least 1, threads and gpu_layers 0.",
            )
        path, self.model, self.model_revision = _model_file(model)
        self._folder = tempfile.TemporaryDirectory(prefix="callytics-llm-")  # mode 0700
        self._socket = Path(self._folder.name) / "llm.sock"
        self._key = secrets.token_urlsafe(32)
        options: Mapping[str, Any] = {
            "hostnames": [str(self._socket)],  # a name that ends with .sock is a Unix socket to llama.cpp
            "api_keys": [self._key],
            "model_alias": [self.model],
            "n_ctx": context_tokens,
            "n_parallel": parallel,
            "n_batch": batch_tokens,
            "n_ubatch": batch_tokens,
            "n_gpu_layers": gpu_layers,
            "fit_params": False,  # llama.cpp would change what is configured to fit the machine
            "cache_ram_mib": 0,  # old prompts kept in memory, up to 8 GB by default: they hold calls
            "endpoint_slots": False,
            "endpoint_props": False,
            "ui": False,
            "verbosity": ERRORS_ONLY,
        }
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        for name, value in options.items():
            setattr(params, name, value)
        if threads:
            params.cpuparams.n_threads = threads
            params.cpuparams_batch.n_threads = threads
        try:
            self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            self._folder.cleanup()
            raise WeightsError(
                "model_does_not_open", f"llama.cpp cannot open {path.name}: {error}"
            ) from error

    async def request(self, method: str, path: str, body: bytes, within_s: float) -> Answer:
        """Ask the model. A caller that gives up, or ``within_s``, ends the work: llama.cpp sees the connection close.

        Args:
            method: "POST" or "GET".
            path: ``/v1/chat/completions`` or ``/v1/models``.
            body: JSON, as OpenAI's API takes it. Streams are refused: nothing here reads them.
        """
        refusal = _refusal(method, path, body)
        if refusal is not None:
            return refusal
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(within_s),
                httpx.AsyncClient(transport=transport, timeout=None, headers=headers) as client,
            ):
                answer = await client.request(method, f"http://llm-server{path}", content=body)
                return Answer(answer.status_code, answer.content)
        except TimeoutError:
            return _error(408, "timeout", f"The model did not answer within {within_s:.0f} s.")

    def is_alive(self) -> bool:
        return self._socket.exists()

    def close(self) -> None:
        self._server = None  # ends llama.cpp's threads and frees the model
        self._folder.cleanup()


def _model_file(model: str) -> tuple[Path, str, str]:
    """Path, name and revision of a model that the manifest knows, with every byte checked; or of a file."""
    path = Path(model)
    if path.suffix == ".gguf" and path.is_file():
        return path, path.stem, "unpinned"
    found = get_model(model)
    if found.format != FORMAT:
        raise WeightsError("model_not_gguf", f"{model} is no language model in GGUF format.")
    return locate(found.name) / found.files[0].name, found.name, found.revision


def _refusal(method: str, path: str, body: bytes) -> Answer | None:
    if PATHS.get(method) != path:
        return _error(
            404, "not_found", f"There is no {method} {path}; there are POST {CHAT} and GET {MODELS}."
        )
    if len(body) > MAX_REQUEST_BYTES:
        return _error(413, "request_too_large", f"A request has {MAX_REQUEST_BYTES} bytes at most.")
    if method == "POST":
        try:
            document = json.loads(body)
        except ValueError:
            return _error(400, "invalid_request_error", "The body is no JSON.")
        if not isinstance(document, dict) or document.get("stream"):
            return _error(400, "invalid_request_error", "The body is a JSON object, without stream.")
    return None


def _error(status: int, kind: str, message: str) -> Answer:
    """In the form of OpenAI's errors."""
    return Answer(status, json.dumps({"error": {"code": status, "type": kind, "message": message}}).encode())
