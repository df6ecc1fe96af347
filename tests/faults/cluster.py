"""A Ray cluster of several nodes on this machine, in the sizes of kubernetes/rayservice.yaml, to hurt.

Each node is a `ray start` of its own: own raylet, ports, resources, proxy, session of processes. All of them listen on
loopback and ask for a token, as deployments/operations/head.py has it. PostgreSQL holds the calls, an S3 server the
recordings. A node is killed by its session of processes: what `ray start` began, and all that it began.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from ray.job_submission import JobSubmissionClient

from callytics.store import FINISHED, SCOPES, CallStore, JobStatus
from deployments.operations import head, ray_token
from deployments.operations.head import LocalGraphError
from deployments.operations.serve_api import ServeApi
from tests.e2e.conftest import PROJECT, free_port
from tests.faults.nodes import Node, is_zombie
from tests.support.redis import RedisServer

PATIENCE_S = 240.0
"""For the graph to be whole. CI is a busy machine of two cores."""

FIRST_ADDRESS = 2
"""127.0.0.2, 127.0.0.3 ...: all of 127.0.0.0/8 is this machine's loopback under Linux, and each node has its own."""

BLOCK_BYTES = 100_000_000


@dataclass(frozen=True)
class Replica:
    application: str
    replica_id: str
    node_id: str
    state: str


@dataclass
class Cluster:
    """
    Args:
        temp: a short path; Ray puts sockets below.
        database_url: of PostgreSQL, where more than one node uses it.
        redis: where the GCS keeps its tables; None: in its memory.
    """

    home: Path
    temp: Path
    database_url: str
    redis: RedisServer | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    keeper: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self._addresses = count(FIRST_ADDRESS + 1)  # none twice: Ray may remember the node that died
        self.gcs_port, self.dashboard_port = free_port(), free_port()
        self.api = ServeApi(f"http://127.0.0.1:{self.dashboard_port}", str(ray_token.make(self.home)))
        self.store = CallStore(self.database_url)
        self.key = self.store.create_api_key("test", sorted(SCOPES), "test").secret

    def environment(self) -> dict[str, str]:
        named = head._environment("cluster", self.home, PROJECT)
        return named | {
            "DATABASE_URL": self.database_url,
            # A raylet ends itself when the GCS is away for longer. KubeRay gives workers 600 s.
            "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
            # Loopback, but not 127.0.0.1: that is where head.py forbids Ray a second node (ray_token.LOOPBACK_ONLY),
            # and without this Ray takes 127.0.0.1 for the machine's address in the network.
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
        }

    def start_head(self, resources: Mapping[str, int]) -> None:
        variables = {}
        options = {
            "--head": None,
            "--port": self.gcs_port,
            "--ray-client-server-port": free_port(),
            "--include-dashboard": "true",
            "--dashboard-host": "127.0.0.1",
            "--dashboard-port": self.dashboard_port,
            "--no-monitor": None,
            "--temp-dir": self.temp,
        }
        if self.redis:
            variables = {
                "RAY_REDIS_ADDRESS": self.redis.address,
                "RAY_external_storage_namespace": "callytics",
            }
            options["--redis-password"] = self.redis.password
        self._start("head", options, resources, variables)

    def restart_head(self, resources: Mapping[str, int]) -> None:
        """All of the head is gone; it starts again with the same address, as KubeRay's head behind its Service."""
        self._end_keeper()
        self.nodes.pop("head").kill()
        self._kill_gcs()
        # A new machine has no such note. `ray start` compares it with what raylets here, the workers, are told.
        (self.temp / "ray_current_cluster").unlink()
        self.start_head(resources)
        self.start_keeper()

    def join(self, name: str, resources: Mapping[str, int]) -> None:
        self._start(name, {"--address": f"{self.nodes['head'].address}:{self.gcs_port}"}, resources, {})

    def _start(
        self, name: str, options: dict[str, Any], resources: Mapping[str, int], variables: Mapping[str, str]
    ) -> None:
        http_port = free_port()
        address = f"127.0.0.{FIRST_ADDRESS}" if name == "head" else f"127.0.0.{next(self._addresses)}"
        options |= {
            "--node-ip-address": address,
            "--node-name": name,
            "--dashboard-agent-listen-port": free_port(),
            "--dashboard-agent-grpc-port": free_port(),
            "--metrics-export-port": free_port(),
            "--num-cpus": resources.get("CPU", 0),
            "--num-gpus": resources.get("GPU", 0),
            "--object-store-memory": BLOCK_BYTES,
            "--include-log-monitor": "false",
            "--disable-usage-stats": None,
        }
        words = [option if value is None else f"{option}={value}" for option, value in options.items()]
        log = self.home / f"ray-start-{name}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=PROJECT,
                env=self.environment()
                | {
                    "RAY_SERVE_WORKER_PROXY_HTTP_PORT": str(http_port),
                    "DASHBOARD_METRIC_PORT": str(free_port()),
                }
                | dict(variables),
                start_new_session=True,
            )
        self.nodes[name] = Node(name, address, started.pid, http_port)
        assert started.wait(timeout=180) == 0, log.read_text()

    def start_keeper(self) -> None:
        session = next(a for a in self._gcs_command() if a.startswith("--session-dir=")).partition("=")[2]
        with (self.home / "keeper.log").open("ab") as log:
            self.keeper = subprocess.Popen(
                [sys.executable, "-m", "deployments.operations.gcs_keeper", session],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def gcs_pid(self) -> int | None:
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
                is_ours = f"--gcs_server_port={self.gcs_port}".encode() in words
                if is_ours and words[0].endswith(b"/gcs_server") and not is_zombie(entry):
                    return int(entry.name)
        return None

    def _gcs_command(self) -> list[str]:
        return Path(f"/proc/{self.gcs_pid()}/cmdline").read_text().split("\0")

    def deploy(self, document: dict[str, Any]) -> None:
        self.http_port = document["http_options"]["port"]
        self.api.deploy(document)

    def details(self) -> dict[str, Any]:
        return self.api._details()

    def replicas(self) -> list[Replica]:
        return [
            Replica(name, replica["replica_id"], replica.get("node_id") or "", replica["state"])
            for name, application in self.details()["applications"].items()
            for deployment in application["deployments"].values()
            for replica in deployment["replicas"]
        ]

    def running(self) -> dict[str, Replica]:
        """By their ids; none while the dashboard is away."""
        with suppress(LocalGraphError):
            return {replica.replica_id: replica for replica in self.replicas() if replica.state == "RUNNING"}
        return {}

    def node_ids(self) -> dict[str, str]:
        """Name -> id of the head and of the nodes with a replica."""
        details = self.details()
        deployments = [d for a in details["applications"].values() for d in a["deployments"].values()]
        actors = [details["controller_info"], *(replica for d in deployments for replica in d["replicas"])]
        ids = {actor["node_ip"]: actor["node_id"] for actor in actors if actor.get("node_id")}
        return {node.name: ids[node.address] for node in self.nodes.values() if node.address in ids}

    def listed_nodes(self) -> dict[str, str]:
        """Name -> id of those that the dashboard shows as alive: not always those that are (docs/adr/0026)."""
        url = f"http://127.0.0.1:{self.dashboard_port}/nodes?view=summary"
        request = urllib.request.Request(
            url, headers=ray_token.headers(str(self.home / ray_token.TOKEN_FILE))
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            nodes = [node["raylet"] for node in json.load(response)["data"]["summary"]]
        return {node["nodeName"]: node["nodeId"] for node in nodes if node.get("state") == "ALIVE"}

    def submit(self, *command: str) -> tuple[JobSubmissionClient, str]:
        """As `ray job submit`: the client, and the id of the job."""
        headers = ray_token.headers(str(self.home / ray_token.TOKEN_FILE))
        client = JobSubmissionClient(f"http://127.0.0.1:{self.dashboard_port}", headers=headers)
        return client, client.submit_job(entrypoint=shlex.join(command))

    def is_whole(self) -> bool:
        """Every application runs with as many replicas as it should have, and every node of these has a proxy."""
        with suppress(Exception):  # the dashboard or the controller may be the part that is away
            details = self.details()
            deployments = [d for a in details["applications"].values() for d in a["deployments"].values()]
            proxies = {name for name, proxy in details["proxies"].items() if proxy["status"] == "HEALTHY"}
            return (
                bool(deployments)
                and all(a["status"] == "RUNNING" for a in details["applications"].values())
                and all(
                    sum(r["state"] == "RUNNING" for r in d["replicas"]) == d["target_num_replicas"]
                    for d in deployments
                )
                and proxies == self._nodes_with_proxies(deployments)
            )
        return False

    def _nodes_with_proxies(self, deployments: list[dict[str, Any]]) -> set[str]:
        """Serve's `EveryNode` is the head and every node that has a replica."""
        return {self.node_ids()["head"], *(r["node_id"] for d in deployments for r in d["replicas"])}

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> float:
        """Returns how long that took."""
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > timeout_s:
                raise AssertionError(f"{what}: not after {timeout_s:.0f} s; {self.state()}")
            time.sleep(0.3)
        return time.monotonic() - begun

    def end_of(self, call_id: str) -> JobStatus:
        self.wait_until(lambda: self.store.get_call(call_id).status in FINISHED, f"the end of {call_id}")
        return self.store.get_call(call_id).status

    def state(self) -> str:
        try:
            details = self.details()
        except Exception as error:
            return repr(error)
        applications = {
            name: (
                a["status"],
                a["message"][-200:],
                [r["state"] for d in a["deployments"].values() for r in d["replicas"]],
            )
            for name, a in details["applications"].items()
        }
        return json.dumps([applications, {i: p["status"] for i, p in details["proxies"].items()}])

    def through(self, name: str) -> Entrance:
        return Entrance(self, name)

    def client(self, name: str = "head") -> httpx.Client:
        """Enters through the proxy of that node."""
        port = self.http_port if name == "head" else self.nodes[name].http_port
        url = f"http://127.0.0.1:{port}"
        return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60.0)

    def _end_keeper(self) -> None:
        if self.keeper:
            self.keeper.terminate()
            self.keeper.wait()
            self.keeper = None

    def _kill_gcs(self) -> None:
        """That of the keeper has a session of its own."""
        while (pid := self.gcs_pid()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)

    def close(self) -> None:
        self._end_keeper()
        for node in self.nodes.values():
            node.kill()
        self._kill_gcs()
        self.store.close()


@dataclass(frozen=True)
class Entrance:
    """The cluster as traffic sees it that enters through the proxy of one node."""

    cluster: Cluster
    node: str

    @property
    def store(self) -> CallStore:
        return self.cluster.store

    def client(self) -> httpx.Client:
        return self.cluster.client(self.node)
