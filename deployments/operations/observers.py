"""Prometheus, Alertmanager and Grafana beside a local graph: `callytics up --observe`.

observability/compose.yaml says with which arguments and variables each runs: in a container for those who have
Docker, and here without one. All listen on loopback; their data is in ``$CALLYTICS_HOME/observability``.

Each carries the mark of its run (callytics/home/graphs.py) with a suffix. `down` ends them by that mark: no pid is
kept that could be another program's by then. Those who measure the graph by its own mark do not count them.
"""

from __future__ import annotations

import os
import shutil
import string
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from callytics.home import private_files
from callytics.home.graphs import RUN_MARK
from deployments.operations import head
from deployments.operations.alertmanager import render_alertmanager
from deployments.operations.head import LocalGraphError

READY_TIMEOUT_S = 30.0
KEY_FILE = "alertmanager-key"
KEY_SCOPE = "alerts:write"
ADMIN_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian keeps servers; not on the path of a plain account."""


@dataclass(frozen=True)
class Server:
    """One of the three: its service in compose.yaml, and how to find it on this machine."""

    name: str
    programs: tuple[str, ...]
    port: int
    port_variable: str
    ready_path: str
    how_to_install: str

    @property
    def service(self) -> str:
        return self.name.lower()


PROMETHEUS = Server(
    "Prometheus", ("prometheus",), 9090, "CALLYTICS_PROMETHEUS_PORT", "/-/ready", "apt-get install prometheus"
)
ALERTMANAGER = Server(
    "Alertmanager",
    ("prometheus-alertmanager", "alertmanager"),
    9093,
    "CALLYTICS_ALERTMANAGER_PORT",
    "/-/ready",
    "apt-get install prometheus-alertmanager",
)
GRAFANA = Server(
    "Grafana",
    ("grafana", "grafana-server"),
    3000,
    "CALLYTICS_GRAFANA_PORT",
    "/api/health",
    "add its package repository, for Debian has none: "
    "https://grafana.com/docs/grafana/latest/setup-grafana/installation/debian/",
)
SERVERS = (PROMETHEUS, ALERTMANAGER, GRAFANA)


@dataclass(frozen=True)
class ObserverState:
    """One server of a run: where it listens, and whether it answers."""

    name: str
    url: str
    ready: bool


def program(server: Server) -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *ADMIN_FOLDERS])
    return next((found for name in server.programs if (found := shutil.which(name, path=path))), None)


def missing() -> list[str]:
    """A line for each server that this machine does not have: how to install it."""
    return [
        f"{server.name} is not installed: {server.how_to_install}"
        for server in SERVERS
        if not program(server)
    ]


def installed(urls: Mapping[str, str]) -> dict[str, str]:
    return {server.name: urls[server.name] for server in SERVERS if program(server)}


def addresses(before: Mapping[str, str]) -> dict[str, str]:
    """Name -> URL of each server. The port is free, where the server is installed here.

    Args:
        before: where they listened earlier in the same run: Ray's head was told so when it started.

    Raises:
        LocalGraphError: ``port_taken``.
    """
    chosen = {}
    for server in SERVERS:
        port = int(os.environ.get(server.port_variable) or server.port)
        if server.name in before:
            port = int(before[server.name].rpartition(":")[2])
        if program(server) and not head.is_free(port):
            raise LocalGraphError(
                "port_taken",
                f"Port {port} for {server.name} is taken by another program. Choose another with "
                f"{server.port_variable}, or end that program: Debian's packages start a service of their own "
                f"(systemctl disable --now {server.programs[0]}).",
            )
        chosen[server.name] = f"http://127.0.0.1:{port}"
    return chosen


def check_receivers(files: Path) -> None:
    """That the receivers of alerts, which the environment names, can be written: before anything is started.

    Raises:
        ConfigError: one of them is not complete, or not known.
    """
    render_alertmanager(os.environ, "http://127.0.0.1", Path(KEY_FILE), files / "alertmanager.yml")


def ray_environment(urls: Mapping[str, str]) -> dict[str, str]:
    """With which the Ray dashboard finds them: Grafana draws its metrics, from Prometheus."""
    return {
        "RAY_PROMETHEUS_HOST": urls[PROMETHEUS.name],
        "RAY_PROMETHEUS_NAME": "Prometheus",  # the data source in observability/grafana/provisioning
        "RAY_GRAFANA_HOST": urls[GRAFANA.name],
        "RAY_GRAFANA_IFRAME_HOST": urls[GRAFANA.name],
    }


def states(urls: Mapping[str, str]) -> tuple[ObserverState, ...]:
    servers = {server.name: server for server in SERVERS}
    return tuple(ObserverState(name, url, _is_ready(servers[name], url)) for name, url in urls.items())


def _is_ready(server: Server, url: str) -> bool:
    try:
        with urllib.request.urlopen(url + server.ready_path, timeout=2):
            return True
    except OSError:  # URLError and HTTPError are; so is a time-out
        return False


def processes(run_id: str) -> list[int]:
    return head.processes(_mark(run_id))


def end(run_id: str) -> int:
    """End those of this run; returns how many processes there were."""
    return head.end_processes(_mark(run_id))


def _mark(run_id: str) -> str:
    return f"{run_id}-observers"


# ---------------------------------------------------------------- start


@dataclass(frozen=True)
class Observation:
    """What the servers of one run are started with."""

    run_id: str
    home: Path
    files: Path
    """The folder observability/: beside the Serve config, or the one that comes with Callytics."""
    ray_temp: Path
    gateway_url: str
    urls: Mapping[str, str]

    @property
    def folder(self) -> Path:
        return self.home / "observability"

    @property
    def key_file(self) -> Path:
        return self.home / KEY_FILE

    def variables(self) -> dict[str, str]:
        """Those of compose.yaml."""
        found = {
            "CALLYTICS_UID": str(os.getuid()),
            "CALLYTICS_OBSERVABILITY_DATA": str(self.folder),
            "CALLYTICS_OBSERVABILITY_FILES": str(self.files),
            "CALLYTICS_ALERTMANAGER_KEY": str(self.key_file),
            "RAY_TEMP": str(self.ray_temp),
        }
        for server in SERVERS:
            url, name = self.urls[server.name], f"CALLYTICS_{server.service.upper()}"
            found |= {f"{name}_URL": url, f"{name}_ADDRESS": url.removeprefix("http://")}
            found[f"{name}_PORT"] = url.rpartition(":")[2]
        return found


def start(observation: Observation, report: Callable[[str, str, str], None]) -> None:
    """Write the files for this graph and start what is installed, with the files as they are now. Returns when all
    answer.

    Raises:
        LocalGraphError: ``observer_failed``, with the last line that the server wrote.
    """
    write_files(observation)
    services = yaml.safe_load((observation.files / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for server in SERVERS:
        found = program(server)
        if found is None:
            continue
        url = observation.urls[server.name]
        report(server.name, "starting", url)
        _start(observation, server, found, services[server.service])
        report(server.name, "ready", url)


def write_files(observation: Observation) -> None:
    """prometheus.yml, alertmanager.yml and compose.env for this graph, and the key of Alertmanager."""
    private_files.make_folder(observation.folder)
    _ensure_key(observation.key_file)
    rendered = {
        "prometheus.yml": render_prometheus(observation),
        "alertmanager.yml": render_alertmanager(
            os.environ,
            observation.gateway_url,
            observation.key_file,
            observation.files / "alertmanager.yml",
        ),
        "compose.env": "".join(f"{name}='{value}'\n" for name, value in observation.variables().items()),
    }
    for name, text in rendered.items():
        private_files.write_text(observation.folder / name, text)


def render_prometheus(observation: Observation) -> str:
    """observability/prometheus.yml for this graph: its discovery file, ports and rules. All else stays as it is."""
    source = (observation.files / "prometheus.yml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(source)
    document["rule_files"] = [str(observation.files / name) for name in document["rule_files"]]
    addresses = {
        server.service: observation.urls[server.name].removeprefix("http://")
        for server in (PROMETHEUS, ALERTMANAGER)
    }
    for job in document["scrape_configs"]:
        if job["job_name"] == "ray":
            discovery = observation.ray_temp / "session_latest" / "prom_metrics_service_discovery.json"
            job["file_sd_configs"] = [{"files": [str(discovery)], "refresh_interval": "30s"}]
        elif job["job_name"] in addresses:
            job["static_configs"] = [{"targets": [addresses[job["job_name"]]]}]
    alertmanagers = [{"static_configs": [{"targets": [addresses[ALERTMANAGER.service]]}]}]
    document["alerting"] = {"alertmanagers": alertmanagers}
    return yaml.safe_dump(document, sort_keys=False)


def _start(observation: Observation, server: Server, found: str, service: Mapping[str, Any]) -> None:
    values = observation.variables()
    arguments = [string.Template(argument).substitute(values) for argument in service["command"]]
    variables = {
        name: string.Template(str(value)).substitute(values)
        for name, value in service.get("environment", {}).items()
    }
    if server is GRAFANA:
        arguments = [
            *(["server"] if Path(found).name == "grafana" else []),
            f"--homepath={_grafana_home(found)}",
        ]
    log_path = observation.folder / f"{server.service}.log"
    with open(log_path, "w", opener=private_files.opener) as log:
        process = subprocess.Popen(
            [found, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables, RUN_MARK: _mark(observation.run_id)},
            cwd=observation.folder,
            start_new_session=True,
            umask=private_files.OTHERS,
        )
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not _is_ready(server, observation.urls[server.name]):
        if process.poll() is not None or time.monotonic() > deadline:
            last = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise LocalGraphError(
                "observer_failed",
                f"{server.name} does not answer: {' '.join(last)} (whole output in {log_path}). "
                "The graph itself runs.",
            )
        time.sleep(0.1)


def _grafana_home(found: str) -> Path:
    """Its web pages and defaults: beside the program that was unpacked, else where its package puts them."""
    beside = Path(found).resolve().parents[1]
    return beside if (beside / "conf" / "defaults.ini").is_file() else Path("/usr/share/grafana")


def _ensure_key(path: Path) -> None:
    """The key with which Alertmanager hands alerts to the gateway: it allows that alone, in a private file."""
    from callytics.store import CallStore, hash_secret  # two seconds that only --observe needs

    store = CallStore(os.environ.get("DATABASE_URL") or f"sqlite:///{path.parent / 'callytics.db'}")
    try:
        if path.is_file() and store.authenticate(hash_secret(path.read_text(encoding="utf-8").strip())):
            return
        issued = store.create_api_key("Alertmanager of this machine", [KEY_SCOPE], "callytics up")
    finally:
        store.close()
    private_files.write_text(path, issued.secret + "\n")
