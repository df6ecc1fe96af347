"""The processes of a local Ray head: start them, find them, end them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from callytics.errors import CallyticsError
from callytics.home import private_files
from callytics.home.graphs import RUN_MARK
from deployments.operations import edge, ray_token

OBJECT_STORE_BYTES = 1_500_000_000
"""An upper bound, used only as far as recordings fill it; three hours of 16 kHz stereo are 0.7 GB."""

LOGICAL_CPUS = 16
"""What Ray's scheduler may hand out: twice the sum of serve_config.cpu.yaml, so that every stage can surge."""


class LocalGraphError(CallyticsError):
    """The local graph could not be started; the message says why, and what to do."""


WORKER_SETUP = Path(__file__).resolve().parent / "worker_setup"


def temp_dir(home: Path) -> Path:
    """Ray's folder for temporary files: a short path of its own per user and home, because Ray puts sockets below,
    whose paths may have 107 characters. Ray opens it to every user (0777), so it lies in a folder of this user alone.
    """
    digest = hashlib.sha256(f"{os.getuid()}:{home}".encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir())
    if len(str(folder)) > 20:
        folder = Path("/tmp")
    return folder / f"callytics-{digest}" / "ray"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def start(
    run_id: str,
    python: Path,
    home: Path,
    temp: Path,
    dashboard_port: int,
    project: Path | None,
    num_gpus: int | None = 0,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Start a head that takes no other's ports or folders, listens on loopback, and asks for the token in ``home``.

    Args:
        temp: from `temp_dir`; its parent is a folder of this user alone.
        project: a checkout, which comes first on their path; None where the deployments are installed.
        python: runs Ray's own processes and every replica without an environment of its own.
        num_gpus: logical ones; None takes those that Ray finds in the machine.
        variables: more of its environment.

    Raises:
        LocalGraphError: with the last lines of what Ray said.
    """
    gcs, client, agent, agent_grpc, metrics, dashboard_metrics = _free_ports(6)
    options = {
        "--node-ip-address": "127.0.0.1",
        "--port": gcs,
        "--ray-client-server-port": client,
        "--dashboard-agent-listen-port": agent,
        "--dashboard-agent-grpc-port": agent_grpc,
        "--metrics-export-port": metrics,
        "--include-dashboard": "true",
        "--dashboard-host": "127.0.0.1",
        "--dashboard-port": dashboard_port,
        "--num-cpus": LOGICAL_CPUS,
        "--object-store-memory": OBJECT_STORE_BYTES,
        "--temp-dir": temp,
        "--include-log-monitor": "false",  # it only copies worker output to drivers, and there is none
    }
    if num_gpus is not None:
        options["--num-gpus"] = num_gpus
    # No monitor: it is the autoscaler, and this cluster is one machine.
    command = [str(python), "-m", "ray.scripts.scripts", "start", "--head", "--disable-usage-stats"]
    command += ["--no-monitor"]
    command += [f"{name}={value}" for name, value in options.items()]
    log_path = home / "ray-start.log"
    with open(log_path, "w", opener=private_files.opener) as log:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(run_id, home, project)
            | {"DASHBOARD_METRIC_PORT": str(dashboard_metrics)}
            | dict(variables or {}),
            cwd=project or home,
            start_new_session=True,
            umask=private_files.OTHERS,
            check=False,
        )
    if done.returncode != 0:
        last = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        raise LocalGraphError(
            "head_failed", f"Ray did not start: {' '.join(last)} (whole output in {log_path})"
        )


def _environment(run_id: str, home: Path, project: Path | None) -> dict[str, str]:
    """Environment of Ray's processes, and so of every replica."""
    binaries = os.pathsep.join([str(home / "bin"), str(Path(sys.executable).parent)])
    python_path = os.pathsep.join(
        filter(None, [str(project or ""), str(WORKER_SETUP), os.environ.get("PYTHONPATH", "")])
    )
    # A start is thirty Python processes that import the same few packages. uv installs them without bytecode:
    # where the variable forbids to keep it, as in many containers, each process compiles 1,800 files anew.
    left_out = {"PYTHONDONTWRITEBYTECODE", *ray_token.CLIENT_VARIABLES}
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    # Serve's controller looks at every replica ten times a second, all day long: 0.05 of a core; twice takes 0.02.
    # Its replicas, handles and proxy write their metrics ten times a second; who reads them comes every 10 s.
    # malloc keeps a heap for every thread of each process, and what lies free in one helps no other: 0.4 GB in all.
    # A worker that waits for tasks waits for ever, for all work here is in actors: 42 MB.
    # Ray rotates a log file at 512 MB and keeps five: 3 GB of each replica. Here 20 MB and two.
    # Serve's proxy answers problem+json, and obeys no header of a client (edge.py).
    return (
        {
            "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
            "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "2000",
            "MALLOC_ARENA_MAX": "1",
            "RAY_num_workers_soft_limit": "0",
            "RAY_ROTATION_MAX_BYTES": "20000000",
            "RAY_ROTATION_BACKUP_COUNT": "2",
            edge.IMPORT_PATH_VARIABLE: edge.IMPORT_PATH,
        }
        | inherited
        | ray_token.LOOPBACK_ONLY
        | {
            RUN_MARK: run_id,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(home / ray_token.TOKEN_FILE),
            # Where Ray's own runtime_env puts a worker_process_setup_hook; here for all workers of this head.
            "__RAY_WORKER_PROCESS_SETUP_HOOK_ENV_VAR": "callytics_worker_setup.bind_to_loopback",
            "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": python_path,  # the deployments, also where the project was not installed with them
            "CALLYTICS_HOME": str(home),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
    )


def remove_temp(temp: Path) -> None:
    """What a run left for temporary files, after its logs were kept."""
    shutil.rmtree(temp, ignore_errors=True)
    with contextlib.suppress(OSError):  # not empty, or of a version that had no folder around Ray's
        if temp.name == "ray":
            temp.parent.rmdir()


def processes(run_id: str) -> list[int]:
    """The pids of the processes of a run: those that carry its mark, and all of their sessions."""
    return [process.pid for process in _processes(run_id)]


def _processes(run_id: str) -> list[psutil.Process]:
    """As `processes` says.

    Some processes of Ray lose the mark: naming themselves ("ray::...") overwrites their environment. But they
    stay in the session that ``start`` opened, whose number the kernel gives to no other while it lives.
    """
    session_of: dict[psutil.Process, int] = {}
    marked: set[psutil.Process] = set()
    for process in psutil.process_iter():
        # Another user's, or just ended.
        with contextlib.suppress(psutil.Error, PermissionError, ProcessLookupError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            session_of[process] = os.getsid(process.pid)
            if process.environ().get(RUN_MARK) == run_id:
                marked.add(process)
    sessions = {session_of[process] for process in marked} - {os.getsid(0)}
    return [process for process, session in session_of.items() if process in marked or session in sessions]


def end_processes(run_id: str, grace_s: float = 3.0) -> int:
    """Ask, wait, then kill; returns how many processes there were."""
    found = _processes(run_id)
    left = found
    _send(found, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := _processes(run_id)) and time.monotonic() < deadline:
        time.sleep(0.1)
    while left:  # a dying supervisor may have started another in the meantime
        _send(left, signal.SIGKILL)
        time.sleep(0.1)
        left = _processes(run_id)
    return len(found)


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(
            psutil.NoSuchProcess
        ):  # it ended, and perhaps another process has its pid now
            process.send_signal(number)
