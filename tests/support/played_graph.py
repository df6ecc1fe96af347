"""What commands see of a graph that runs, without Ray: run.json, a process with the mark of the run, the real API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from callytics.home import graphs as local_graphs
from callytics.home.graphs import RUN_MARK, LocalGraph

NOBODY = 9  # the port "discard"


@contextmanager
def played_graph(home: Path, http_port: int = NOBODY, dashboard_port: int = NOBODY) -> Iterator[LocalGraph]:
    """Runs from ``home`` until the end, and leaves its notes behind as a crash does."""
    home.mkdir(parents=True, exist_ok=True)
    run_id = uuid.uuid4().hex
    run = {"run_id": run_id, "http_port": http_port, "dashboard_port": dashboard_port}
    (home / "run.json").write_text(json.dumps(run))
    local_graphs.record(home)
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
        env=os.environ | {RUN_MARK: run_id},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()  # now it has that environment
    try:
        yield LocalGraph(home.resolve(), run_id, http_port, dashboard_port)
    finally:
        process.communicate()


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """The port on loopback that the application answers on."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
