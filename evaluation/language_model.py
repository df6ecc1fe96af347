"""A language model of one's own for an evaluation: llama.cpp in its environment, in a process of its own, by pipes.

    with local_model("local", threads=1):
        engine = ChoosingAnalyzer(model="local", endpoint="llm-server")

The process is the engine of llm-server (callytics/language_model/llama.py). Requests go to its input and answers come
from its output, a JSON line each, so no port is opened. Answers are kept by request in a folder: an evaluation that was
interrupted asks only what it had not asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from callytics import settings
from callytics.engines.analysis import endpoints
from callytics.errors import WeightsError
from callytics.weights import manifest as models
from callytics.weights.model import Model
from deployments.operations.environments import build_environment

PROJECT = Path(__file__).parents[1]
ENVIRONMENT = "cpu/llm-server"
SERVER = """\
import asyncio, json, sys
from callytics.language_model.llama import LlamaServer

answers = sys.stdout
sys.stdout = sys.stderr
server = LlamaServer(model=sys.argv[1], threads=int(sys.argv[2]))
print("ready", file=answers, flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    answer = asyncio.run(server.request(asked["method"], asked["path"], asked["body"].encode(), asked["within_s"]))
    print(json.dumps({"status": answer.status, "body": answer.body.decode()}), file=answers, flush=True)
server.close()
"""


class PipeTransport(httpx.BaseTransport):
    """One request at a time to the process; what was answered before comes from the folder."""

    def __init__(self, process: subprocess.Popen[str], model: str, kept: Path) -> None:
        self._process, self._model, self._kept = process, model, kept
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read().decode()
        key = hashlib.sha256(f"{self._model} {request.url.path} {body}".encode()).hexdigest()
        kept = self._kept / f"{key}.json"
        if kept.is_file():
            return httpx.Response(200, content=kept.read_bytes(), request=request)
        within_s = request.extensions["timeout"]["read"]
        asked = {"method": request.method, "path": request.url.path, "body": body, "within_s": within_s}
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            try:
                print(json.dumps(asked), file=self._process.stdin, flush=True)
                line = self._process.stdout.readline()
            except OSError:
                line = ""
        if not line:
            raise httpx.ReadError("the model's process ended")
        answer = json.loads(line)
        if answer["status"] == 200:
            self._kept.mkdir(parents=True, exist_ok=True)
            partial = kept.with_suffix(".partial")
            partial.write_text(answer["body"], encoding="utf-8")
            partial.rename(kept)
        return httpx.Response(answer["status"], content=answer["body"].encode(), request=request)


@contextmanager
def local_model(name: str, threads: int = 1) -> Iterator[Model]:
    """While it is open, engines with ``endpoint:`` reach this model by any name.

    Args:
        name: a language model of ``callytics models list``; it must be there (``callytics models pull``).

    Raises:
        NotFoundError, WeightsError: there is no such model, or it does not open.
    """
    model = models.get_model(name)
    models.locate(model.name)
    home = settings.home().absolute()
    folder = build_environment(ENVIRONMENT, PROJECT / "runtime_envs", home)
    command = [str(folder / "bin" / "python"), "-c", SERVER, model.name, str(threads)]
    surroundings = os.environ | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=surroundings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise WeightsError("model_does_not_open", f"The process with {model.name} ended at its start.")
        revision = f"{model.name} {model.revision}"
        transport = PipeTransport(process, revision, home / "evaluation" / "language-model")
        endpoints.provide(lambda endpoint: transport)
        yield model
        assert process.stdin is not None
        process.stdin.close()
