"""Ray runs code for every client that reaches it: none from the network, and on this machine none without the token."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import grpc
import httpx
import pytest

from callytics.home import private_files
from callytics.store import FINISHED
from deployments.operations import local
from tests.attacks.conftest import LONG, Held
from tests.attacks.listeners import Listener, listeners
from tests.e2e.conftest import PROJECT
from tests.faults.graph import FaultGraph
from tests.support.documented_files import unlike_the_table

DOCUMENT = PROJECT / "docs" / "security.md"
SAMPLE = PROJECT / "sample" / "call.mp3"
TOKEN, KEYS, METRICS = "token", "API keys", "nothing: metrics"

METHODS = (
    "/ray.rpc.JobInfoGcsService/GetAllJobInfo",
    "/ray.rpc.NodeManagerService/GetNodeStats",
    "/ray.rpc.ObjectManagerService/Pull",
    "/ray.rpc.CoreWorkerService/NumPendingTasks",
    "/ray.rpc.ReporterService/ReportOCMetrics",
    "/ray.rpc.RayletDriver/ClusterInfo",
    "/ray.serve.ASGIService/HandleRequest",
)
"""One of every gRPC service that listens; an empty message changes nothing in any of them."""

RAY_VARIABLES = re.compile(r"RAY_AUTH|RAY_ADDRESS|RAY_API_SERVER|RAY_DASHBOARD|RAY_ENABLE_WIN")


@pytest.fixture(scope="module")
def worked(graph: FaultGraph) -> FaultGraph:
    """After a call was analysed: whatever opens a port for its work has opened it."""
    with graph.client() as http:
        with SAMPLE.open("rb") as file:
            answer = http.post("/v1/calls", files={"file": ("call.mp3", file)}, data={"deduplicate": "false"})
        assert answer.status_code == 202, answer.text
        deadline = time.monotonic() + 60
        call = f"/v1/calls/{answer.json()['call_id']}"
        while http.get(call).json()["job_status"] not in FINISHED:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert http.get(f"{call}/audio").status_code == 200
    return graph


def of(graph: FaultGraph) -> list[Listener]:
    return listeners(local.processes(home=graph.home))


def port_of(graph: FaultGraph, process: str, protection: str) -> int:
    return next(
        found.port
        for found in of(graph)
        if found.process == process and protected_by(found, graph) == protection
    )


def bearer(graph: FaultGraph) -> dict[str, str]:
    return {"Authorization": f"Bearer {Path(graph.run.token_path).read_text()}"}


def grpc_status(port: int, method: str, metadata: dict[str, str]) -> grpc.StatusCode:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(method)  # bytes in, bytes out
        try:
            call(b"", timeout=30, metadata=tuple((k.lower(), v) for k, v in metadata.items()))
        except grpc.RpcError as error:
            return error.code()  # type: ignore[no-any-return]
    return grpc.StatusCode.OK


def protected_by(listener: Listener, graph: FaultGraph) -> str:
    """What a caller without any credential meets there."""
    address = f"http://127.0.0.1:{listener.port}"
    try:
        answer = httpx.get(f"{address}/metrics", timeout=30)
    except httpx.HTTPError:  # not HTTP/1
        found = {grpc_status(listener.port, method, {}) for method in METHODS}
        assert found <= {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED}, (listener, found)
        assert grpc.StatusCode.UNAUTHENTICATED in found, (listener, found)
        return TOKEN
    if answer.status_code == 200:
        assert "# TYPE" in answer.text
        other = httpx.get(f"{address}/api/jobs/", timeout=30)
        assert (
            other.text.partition("\n")[0] == answer.text.partition("\n")[0]
        )  # whatever is asked, it says that
        return METRICS
    if listener.port == graph.run.http_port:
        assert httpx.get(f"{address}/v1/calls", timeout=30).status_code == 401
        return KEYS
    assert (answer.status_code, answer.text) == (401, "Unauthorized: Missing authentication token"), listener
    return TOKEN


def test_listeners_are_on_loopback_only(worked: FaultGraph, held: Held) -> None:
    found = of(worked)
    assert {worked.run.http_port, worked.run.dashboard_port} <= {listener.port for listener in found}
    assert len({listener.pid for listener in found}) > 12  # nine replicas, and Ray itself
    assert [listener for listener in found if not listener.is_loopback] == []
    held("reaching Ray over the network", f"{len(found)} listeners, all on loopback")


def documented() -> dict[str, list[str]]:
    """Process -> what protects each of its listeners, by the table of docs/security.md."""
    found = defaultdict(list)
    table = DOCUMENT.read_text(encoding="utf-8").partition("### Listeners")[2].partition("###")[0]
    for process, protection in re.findall(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", table, re.MULTILINE):
        found[process].append(protection)
    return {process: sorted(protections) for process, protections in found.items()}


def test_the_table_of_listeners_is_what_a_live_run_listens_on(worked: FaultGraph, held: Held) -> None:
    by_pid: dict[tuple[str, int], list[str]] = defaultdict(list)
    found = of(worked)
    for listener in found:
        by_pid[listener.process, listener.pid].append(protected_by(listener, worked))
    assert {process: sorted(protections) for (process, _), protections in by_pid.items()} == documented()
    for (process, _), protections in by_pid.items():
        assert sorted(protections) == documented()[process]
    held("a listener that asks for nothing", f"{len(found)} tried: token or API key, or metrics only")


def walk(folder: Path) -> list[Path]:
    found = []
    for where, folders, files in os.walk(folder):
        if Path(where) == folder:
            folders[:] = [name for name in folders if name not in local.PUBLIC_FOLDERS]
        found += [Path(where) / name for name in (*folders, *files)]
    return [path for path in found if not path.is_symlink()]


def test_files_of_the_graph_are_closed_to_others(worked: FaultGraph, held: Held) -> None:
    temp = Path(worked.run.temp_dir)
    for folder in (worked.home, temp.parent):
        assert folder.stat().st_mode & 0o777 == private_files.FOLDER_MODE
    ours = walk(worked.home)
    assert {"callytics.db", "callytics.db-wal", "run.json", "recording"} <= {path.name for path in ours}
    assert [path for path in ours if path.lstat().st_mode & private_files.OTHERS] == []
    # Ray opens its folders to every user, so they lie in a folder of this user; their files are closed.
    rays = [path for path in walk(temp) if not path.is_dir()]
    assert [path for path in rays if path.lstat().st_mode & private_files.OTHERS] == []
    held(
        "reading files of the graph", f"{len(ours)} of the home folder, {len(rays)} of Ray, all 0600 or 0700"
    )


def test_the_table_of_files_is_what_a_live_run_writes(worked: FaultGraph, held: Held) -> None:
    assert unlike_the_table(worked.home, leave=["serve_config.yaml"]) == []
    here = {path.name for path in worked.home.iterdir()}
    assert {"ray-token", "run.json", "up.lock", "ray-start.log", "api-key", "blobs"} <= here
    held("a file that docs/security.md does not know", f"{len(here)} in the home folder, each in its table")


def test_with_the_token_grpc_lets_in(worked: FaultGraph) -> None:
    port = port_of(worked, "gcs_server", TOKEN)
    method = "/ray.rpc.JobInfoGcsService/GetAllJobInfo"
    wrong = {"Authorization": "Bearer " + "0" * 64}
    assert grpc_status(port, method, wrong) is grpc.StatusCode.UNAUTHENTICATED
    assert grpc_status(port, method, bearer(worked)) is grpc.StatusCode.OK


def test_no_job_is_taken_without_the_token(worked: FaultGraph, tmp_path: Path, held: Held) -> None:
    marker = tmp_path / "ran"
    job = {"entrypoint": f"touch {marker}"}
    agent = next(
        listener.port
        for listener in of(worked)
        if listener.process == "ray::DashboardAgent" and _is_agent(listener.port)
    )
    doors = {f"{worked.run.dashboard_url}/api/jobs/", f"http://127.0.0.1:{agent}/api/job_agent/jobs/"}
    for door in doors:
        assert httpx.post(door, json=job).status_code == 401
        assert httpx.post(door, json=job, headers={"Authorization": "Bearer " + "0" * 64}).status_code == 403
        cookie = {"Cookie": "ray-authentication-token=" + "0" * 64}
        assert httpx.post(door, json=job, headers=cookie).status_code == 403
    assert not marker.exists()
    answer = httpx.post(
        f"http://127.0.0.1:{agent}/api/job_agent/jobs/", json=job, headers=bearer(worked), timeout=60
    )
    assert answer.status_code == 200, answer.text
    deadline = time.monotonic() + 60
    while not marker.exists():
        assert time.monotonic() < deadline, "the owner's own job did not run"
        time.sleep(0.2)
    held("running code by a job", "dashboard and agent answer 401 without the token, 403 with a wrong one")


def _is_agent(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/job_agent/jobs/x", timeout=30).status_code == 401
    except httpx.HTTPError:
        return False


def stranger(folder: Path, **more: str) -> dict[str, str]:
    """The environment of another account of this machine."""
    found = {name: value for name, value in os.environ.items() if not RAY_VARIABLES.match(name)}
    return found | {"HOME": str(folder), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"} | more


def connect(address: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    code = "import ray, sys; ray.init(sys.argv[1], log_to_driver=False); print('in:', len(ray.nodes()))"
    return subprocess.run(
        [sys.executable, "-c", code, address],
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_no_client_connects_without_the_token(worked: FaultGraph, tmp_path: Path, held: Held) -> None:
    ours = worked.run.client_environment()
    wrong = tmp_path / "wrong"
    wrong.write_text("0" * 64)
    without: list[dict[str, str]] = [{}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(wrong)}]
    for variables in without if LONG else without[:1]:
        done = connect(ours["RAY_ADDRESS"], stranger(tmp_path, **variables))
        assert done.returncode != 0
        assert "in:" not in done.stdout
        assert re.search("[Aa]uthenticat", done.stderr), done.stderr
    done = connect(ours["RAY_ADDRESS"], stranger(tmp_path) | ours)
    assert done.stdout == "in: 1\n", done.stderr
    client, method = port_of(worked, "ray.util.client.server", TOKEN), "/ray.rpc.RayletDriver/ClusterInfo"
    for headers in ({}, {"Authorization": "Bearer " + "0" * 64}):
        assert grpc_status(client, method, headers) is grpc.StatusCode.UNAUTHENTICATED
    assert grpc_status(client, method, bearer(worked)) is not grpc.StatusCode.UNAUTHENTICATED
    if LONG:  # it starts a server of its own for the client
        done = connect(f"ray://127.0.0.1:{client}", stranger(tmp_path) | ours)
        assert done.stdout == "in: 1\n", done.stderr
        assert all(listener.is_loopback for listener in of(worked))
    held("running code by a driver", "GCS and Ray Client refuse without the token, or with a wrong one")


@pytest.mark.skipif(not LONG, reason="it restarts every stage once; make test-attacks")
def test_ray_s_own_commands_work_for_the_owner(worked: FaultGraph, tmp_path: Path) -> None:
    """`ray status`, `ray job submit` and `serve status` are in docs/operations.md, which is run; here is the rest."""
    config = worked.home / "serve_config.yaml"
    environment = stranger(tmp_path) | worked.run.client_environment()
    programs = Path(sys.executable).parent
    for command in (["serve", "deploy", str(config)], ["ray", "list", "nodes"]):
        done = subprocess.run(
            [str(programs / command[0]), *command[1:]],
            env=environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    deadline = time.monotonic() + 120
    while not local.status(home=worked.home).healthy:
        assert time.monotonic() < deadline, local.status(home=worked.home)
        time.sleep(0.5)
    assert all(listener.is_loopback for listener in of(worked))


AUDIO_PROCESSOR = "ray::ServeReplica:audio-processor:AudioProcessor"
EXAMINER = "callytics.engines.audio.examine"
"""Its child, which looks into uploads."""


def test_no_recording_is_decoded_in_the_gateway(worked: FaultGraph, held: Held) -> None:
    """A codec that crashes, or is taken over, has neither the database nor the keys."""
    decoding = set()
    for pid in local.processes(home=worked.home):
        with suppress(FileNotFoundError, ProcessLookupError):  # a child that has just ended
            if "libavcodec" in Path(f"/proc/{pid}/maps").read_text():
                program, *arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                decoding.add(EXAMINER if EXAMINER in arguments else program)
    assert AUDIO_PROCESSOR in decoding
    assert decoding <= {AUDIO_PROCESSOR, EXAMINER}
    held(
        "a hostile recording in the gateway", "codecs are loaded in the audio processor and its children only"
    )


def test_prometheus_finds_the_metrics_with_the_token(worked: FaultGraph) -> None:
    """Ray's file for it lies in a folder that a Prometheus under an account of its own cannot enter."""
    address = f"{worked.run.dashboard_url}/api/prometheus/sd"
    assert httpx.get(address).status_code == 401
    found = {
        target for group in httpx.get(address, headers=bearer(worked)).json() for target in group["targets"]
    }
    metrics = {f"127.0.0.1:{one.port}" for one in of(worked) if protected_by(one, worked) == METRICS}
    assert metrics <= found


def test_the_dashboard_asks_a_browser_for_the_token(worked: FaultGraph) -> None:
    with httpx.Client(base_url=worked.run.dashboard_url) as http:
        page = http.get("/")
        assert page.status_code == 200
        (script,) = re.findall(r'src="\.?(/static/js/main[^"]+)"', page.text)
        assert http.get(script).status_code == 200
        assert http.get("/api/authentication_mode").json() == {"authentication_mode": "token"}
        assert http.get("/api/version").status_code == 401
        assert http.get("/api/version", headers=bearer(worked)).status_code == 200
        assert (
            http.post("/api/authenticate", headers=bearer(worked)).status_code == 200
        )  # what the page sends
        (cookie,) = http.cookies.jar
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert http.get("/api/version").status_code == 200  # by the cookie


def test_the_token_is_in_its_file_and_nowhere_else(worked: FaultGraph, held: Held) -> None:
    path = Path(worked.run.token_path)
    token = path.read_bytes()
    assert path.stat().st_mode & 0o777 == private_files.FILE_MODE
    assert len(token) == 64
    for pid in local.processes(home=worked.home):
        for name in ("cmdline", "environ"):
            assert token not in Path(f"/proc/{pid}/{name}").read_bytes()
    folders = (worked.home, Path(worked.run.temp_dir))
    files = [file for folder in folders for file in walk(folder) if file.is_file() and file != path]
    assert len(files) > 50
    for file in files:
        assert token not in file.read_bytes(), file
    held("finding the token", f"{len(files)} files, no argument, no environment has it")
