"""Prometheus, Alertmanager and Grafana beside a graph: which are started, with what, and what ends them.

The servers are Debian's where they are installed; Ray is not needed here (tests/e2e/test_observability.py has it).
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from callytics.errors import ConfigError
from callytics.home import private_files, resources
from callytics.store import CallStore, hash_secret
from deployments.operations import head, local, local_command, observers, runs
from deployments.operations.head import RUN_MARK, LocalGraphError
from tests.attacks.listeners import listeners
from tests.e2e.conftest import free_port
from tests.support.documented_files import unlike_the_table
from tests.support.observability import needs_servers

FILES = resources.project_file("observability")
GRAFANA_PLAYED = """#!{python}
import http.server, json, os, sys
with open(os.environ["GF_PATHS_DATA"] + ".json", "w") as file:
    json.dump({{"arguments": sys.argv[1:], "variables": dict(os.environ)}}, file)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 404)
        self.end_headers()
address = (os.environ["GF_SERVER_HTTP_ADDR"], int(os.environ["GF_SERVER_HTTP_PORT"]))
http.server.HTTPServer(address, Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def own_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for server in observers.SERVERS:
        monkeypatch.setenv(server.port_variable, str(free_port()))


@pytest.fixture
def observation(tmp_path: Path) -> Iterator[observers.Observation]:
    home = tmp_path / "home"
    private_files.make_folder(home)
    urls = observers.addresses({})
    found = observers.Observation(f"of {tmp_path}", home, FILES, tmp_path / "ray", "http://127.0.0.1:1", urls)
    yield found
    observers.end(found.run_id)


def nothing_installed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A path with no server on it; returns the folder on it."""
    monkeypatch.setattr(observers, "ADMIN_FOLDERS", ())
    (folder / "bin").mkdir()
    monkeypatch.setenv("PATH", str(folder / "bin"))
    return folder / "bin"


def install(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)


def quiet(what: str, state: str, detail: str) -> None:
    pass


def test_incomplete_receiver_is_refused_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALLYTICS_ALERT_EMAIL_TO", "ops@example.com")
    config = tmp_path / "config.yaml"
    config.write_text("applications: []")
    with pytest.raises(ConfigError, match="CALLYTICS_ALERT_EMAIL_FROM"):
        local.up(
            config, home=tmp_path / "home", http_port=free_port(), dashboard_port=free_port(), observe=True
        )
    assert not (tmp_path / "home").exists()


def test_each_missing_server_is_a_line_that_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nothing_installed(monkeypatch, tmp_path)
    assert [line.partition(":")[0] for line in observers.missing()] == [
        "Prometheus is not installed",
        "Alertmanager is not installed",
        "Grafana is not installed",
    ]
    assert "apt-get install prometheus-alertmanager" in observers.missing()[1]
    assert "package repository" in observers.missing()[2]


def test_without_any_server_the_files_are_written_and_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, observation: observers.Observation, tmp_path: Path
) -> None:
    nothing_installed(monkeypatch, tmp_path)
    observers.start(observation, quiet)
    assert observers.processes(observation.run_id) == []
    names = {path.name for path in observation.folder.iterdir()}
    assert names == {"prometheus.yml", "alertmanager.yml", "compose.env"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in observation.folder.iterdir())


def test_taken_port_is_refused_with_the_variable_that_moves_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(nothing_installed(monkeypatch, tmp_path), "prometheus", "")
    port = int(os.environ["CALLYTICS_PROMETHEUS_PORT"])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(LocalGraphError, match=f"Port {port} for Prometheus.*CALLYTICS_PROMETHEUS_PORT"):
            observers.addresses({})


def test_port_of_a_server_that_is_not_installed_may_be_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Grafana in a container has it, for instance."""
    nothing_installed(monkeypatch, tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(os.environ["CALLYTICS_GRAFANA_PORT"])))
        taken.listen()
        assert set(observers.addresses({})) == {"Prometheus", "Alertmanager", "Grafana"}


def test_ports_of_the_running_head_are_kept() -> None:
    before = {"Prometheus": f"http://127.0.0.1:{free_port()}"}
    assert observers.addresses(before)["Prometheus"] == before["Prometheus"]


def test_head_is_told_where_the_servers_are() -> None:
    urls = observers.addresses({})
    told = observers.ray_environment(urls)
    assert told["RAY_PROMETHEUS_HOST"] == urls["Prometheus"]
    assert told["RAY_GRAFANA_HOST"] == told["RAY_GRAFANA_IFRAME_HOST"] == urls["Grafana"]
    provisioned = yaml.safe_load((FILES / "grafana/provisioning/datasources/callytics.yaml").read_text())
    assert told["RAY_PROMETHEUS_NAME"] in [source["name"] for source in provisioned["datasources"]]


def headers(url: str, origin: str) -> Message:
    """What answers a page of the site ``origin``."""
    request = urllib.request.Request(f"{url}/api/v1/query?query=1", headers={"Origin": origin})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: Message = answer.headers
    return found


@needs_servers
def test_servers_run_with_the_files_of_the_graph_on_loopback_until_they_are_ended(
    observation: observers.Observation,
) -> None:
    observers.start(observation, quiet)
    states = observers.states(observers.installed(observation.urls))
    assert [state.name for state in states if state.ready][:2] == ["Prometheus", "Alertmanager"]
    pids = observers.processes(observation.run_id)
    assert len(pids) == len(states)
    found = listeners(pids)
    assert {listener.pid for listener in found} == set(pids)
    assert [listener for listener in found if not listener.is_loopback] == []
    assert head.processes(observation.run_id) == []  # not counted as the graph's own
    rules = json.load(urllib.request.urlopen(observation.urls["Prometheus"] + "/api/v1/status/config"))
    assert str(FILES / "alerts.yml") in rules["data"]["yaml"]
    assert "Access-Control-Allow-Origin" not in headers(
        observation.urls["Prometheus"], "http://other.example"
    )
    assert "Access-Control-Allow-Origin" in headers(
        observation.urls["Prometheus"], observation.urls["Prometheus"]
    )
    assert unlike_the_table(observation.home) == []
    assert observers.end(observation.run_id) == len(pids)
    assert observers.processes(observation.run_id) == []
    assert (observation.folder / "prometheus" / "wal").is_dir()


@needs_servers
def test_rendered_files_pass_the_checks_of_their_own_servers(observation: observers.Observation) -> None:
    observers.write_files(observation)
    for command in (
        ["promtool", "check", "config", observation.folder / "prometheus.yml"],
        ["amtool", "check-config", observation.folder / "alertmanager.yml"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_rendered_prometheus_scrapes_this_graph(observation: observers.Observation) -> None:
    source = yaml.safe_load((FILES / "prometheus.yml").read_text(encoding="utf-8"))
    rendered = yaml.safe_load(observers.render_prometheus(observation))
    jobs = {job["job_name"]: job for job in rendered["scrape_configs"]}
    assert [job["job_name"] for job in source["scrape_configs"]] == list(jobs)
    assert jobs["ray"]["file_sd_configs"][0]["files"][0].startswith(str(observation.ray_temp))
    for name in ("prometheus", "alertmanager"):
        address = observation.urls[name.title()].removeprefix("http://")
        assert jobs[name]["static_configs"] == [{"targets": [address]}]
    assert rendered["global"] == source["global"]


def test_grafana_gets_its_settings_from_the_compose_file(
    monkeypatch: pytest.MonkeyPatch, observation: observers.Observation, tmp_path: Path
) -> None:
    """A played one: Grafana is in no package index. It says what it was started with."""
    folder = nothing_installed(monkeypatch, tmp_path)
    install(folder, "grafana", GRAFANA_PLAYED.format(python=sys.executable))
    observers.start(observation, quiet)
    told = json.loads((observation.folder / "grafana.json").read_text())
    assert told["arguments"] == ["server", "--homepath=/usr/share/grafana"]
    variables = told["variables"]
    assert variables["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert variables["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert variables["CALLYTICS_PROMETHEUS_URL"] == observation.urls["Prometheus"]
    assert Path(variables["CALLYTICS_DASHBOARDS"], "overview.json").is_file()
    assert Path(variables["GF_PATHS_PROVISIONING"], "dashboards").is_dir()
    assert len(observers.processes(observation.run_id)) == 1


def test_server_that_ends_at_once_is_reported_with_its_last_line(
    monkeypatch: pytest.MonkeyPatch, observation: observers.Observation, tmp_path: Path
) -> None:
    folder = nothing_installed(monkeypatch, tmp_path)
    install(folder, "prometheus", f"#!{sys.executable}\nprint('first')\nraise SystemExit('disk is full')\n")
    with pytest.raises(LocalGraphError, match=r"Prometheus does not answer: disk is full .*prometheus\.log"):
        observers.start(observation, quiet)


def test_key_of_alertmanager_allows_alerts_alone_and_is_kept(observation: observers.Observation) -> None:
    observers.write_files(observation)
    secret = observation.key_file.read_text()
    observers.write_files(observation)
    assert observation.key_file.read_text() == secret
    assert stat.S_IMODE(observation.key_file.stat().st_mode) == 0o600
    assert secret.strip() not in (observation.folder / "alertmanager.yml").read_text()
    store = CallStore(f"sqlite:///{observation.home / 'callytics.db'}")
    key = store.authenticate(hash_secret(secret.strip()))
    store.close()
    assert key is not None
    assert list(key.scopes) == ["alerts:write"]


@pytest.fixture
def crashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[runs.Run, subprocess.Popen[bytes]]]:
    """A run whose `up` and head are gone; one of its servers goes on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run = runs.Run("dead" + tmp_path.name, "c.yaml", 1, 2, str(tmp_path / "ray"), 0.0, token_path="x")
    runs.save(tmp_path, run)
    server = sleeper(f"{run.run_id}-observers")
    yield run, server
    server.kill()
    server.wait()


def sleeper(mark: str) -> subprocess.Popen[bytes]:
    code = "import sys, time; print(flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {RUN_MARK: mark},
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_down_ends_the_servers_of_a_crashed_run_and_no_others(
    crashed: tuple[runs.Run, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    _, server = crashed
    other = sleeper("another run-observers")
    try:
        assert local.down(home=tmp_path) == 1
        assert server.wait(60) != 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_status_shows_where_the_servers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = {"Prometheus": f"http://127.0.0.1:{free_port()}"}
    run = runs.Run("r", "c.yaml", 1, 2, "/tmp", 0.0, observers=urls)
    monkeypatch.setattr(local, "status", lambda home: local.Status(run, (), observers.states(run.observers)))
    shown = CliRunner().invoke(local_command.app, ["status"]).stdout
    assert f"Prometheus {urls['Prometheus']} does not answer" in shown


def test_up_observe_prints_addresses_and_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nothing_installed(monkeypatch, tmp_path)
    asked = {}

    def up(config: Path, **options: object) -> runs.Run:
        asked.update(options)
        return runs.Run("r", "c.yaml", 1, 2, "/tmp", 0.0, observers={"Prometheus": "http://127.0.0.1:9"})

    monkeypatch.setattr(local, "up", up)
    shown = CliRunner().invoke(local_command.app, ["up", "--observe"]).stdout
    assert asked["observe"] is True
    assert "Prometheus   http://127.0.0.1:9" in shown
    assert "Grafana is not installed" in shown
    assert "not installed" not in CliRunner().invoke(local_command.app, ["up"]).stdout


def test_run_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    run = runs.Run("r", "c.yaml", 1, 2, "/tmp", 0.0)
    runs.save(tmp_path, run)
    document = json.loads((tmp_path / "run.json").read_text())
    del document["observers"]
    (tmp_path / "run.json").write_text(json.dumps(document))
    assert runs.load(tmp_path) == run
