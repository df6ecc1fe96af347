"""The commands of docs/operations.md and docs/language-models.md, run as they stand there; what cannot run here is
listed with its reason.

A graph with engines that need no models stands for serve_config.cpu.yaml; deploys, backups and restores are real.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from alembic import command
from sqlalchemy import create_engine

from callytics.cli.app import app
from callytics.store import CallStore
from callytics.weights import manifest as models
from deployments.operations import local, runs
from deployments.replica.environment import VERSION
from tests.deployments.tiny_graph import state_folder
from tests.e2e.conftest import PROJECT
from tests.store.samples import finish, new_call
from tests.support.documents import Block, code_blocks, run_shell
from tests.support.migrations import run_alembic
from tests.support.operating import RECORDING, Operator
from tests.support.postgres import PostgresServer, find_binaries

DOCUMENT = PROJECT / "docs" / "operations.md"
LANGUAGE_MODELS = PROJECT / "docs" / "language-models.md"
BLOCKS = [
    block
    for document in (DOCUMENT, LANGUAGE_MODELS)
    for block in code_blocks(document)
    if block.language in ("sh", "sql")
]
USED: list[Block] = []


def block(start: str, note: str = "") -> Block:
    """The one that starts so."""
    (found,) = [b for b in BLOCKS if b.text.startswith(start) and b.note == note]
    USED.append(found)
    return found


DEPLOY = block("callytics deploy serve_config.cpu.yaml --dry-run")
RAY = block('eval "$(callytics env)"     #')
LOCK = block('eval "$(callytics env)"\ncallytics lock')
DOCTOR = block("callytics doctor --json")
COMPARE = block("callytics compare")
ADD_MODEL = block("callytics models add")
MANIFEST = block("python tools/make_rayservice.py")
CALLS = block("callytics calls list")
AGAIN = block("call=http")
RETENTION = block("callytics retention")
TENANT_TERM = block("UPDATE tenants")
KEYS = block("callytics keys")
RECEIVE = block('curl -fsS -H "Authorization: Bearer $CALLYTICS_API_KEY" --json \'{"url"')
TEST_WEBHOOK = block("id=$(python")
ALERTS = block("callytics alerts")
BACKUP = block("mkdir -p backup\npython")
BACKUP_POSTGRESQL = block("mkdir -p backup\npg_dump", "postgresql")
RESTORE = block("callytics down\nmkdir")
RESTORE_POSTGRESQL = block("createdb", "postgresql")
UPGRADE = block("callytics deploy serve_config.cpu.yaml --yes")


@pytest.mark.parametrize("it", BLOCKS, ids=lambda it: f"{it.section}: {it.text.splitlines()[0][:40]}")
def test_every_block_is_run_or_says_why_not(it: Block) -> None:
    if it.not_run:
        for path in re.findall(r"tests/\S+\.py", it.not_run):
            assert (PROJECT / path).is_file(), path
        pytest.skip(it.not_run)
    assert it in USED


def test_every_command_that_the_text_names_is_there() -> None:
    text = DOCUMENT.read_text(encoding="utf-8") + LANGUAGE_MODELS.read_text(encoding="utf-8")
    commands = {
        command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands
    }
    commands |= {str(group.name) for group in app.registered_groups}
    named = set(re.findall(r"\bcallytics ([a-z]+)\b(?=[^`\n]*`)", text))
    assert "deploy" in named
    assert named <= commands
    targets = set(re.findall(r"\bmake ([a-z-]+)`", text))
    assert "test-faults" in targets
    subprocess.run(["make", "-n", *targets], cwd=PROJECT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("operations")
    (folder / ".callytics").mkdir()
    with state_folder(folder / ".callytics", CALLYTICS_MODELS=str(models.models_folder().absolute())):
        operator = Operator(folder, folder / "hang")
        with operator.http:
            yield operator


@pytest.fixture(scope="module")
def call_id(operator: Operator) -> str:
    call_id = operator.submit()
    assert operator.wait(call_id)["job_status"] == "COMPLETED"
    return call_id


def test_deploying_changes(operator: Operator) -> None:
    analyzer, recognizer = (
        next(app for app in operator.config["applications"] if app["name"] == name)
        for name in ("llm-analyzer", "speech-recognizer")
    )
    analyzer["args"]["options"] = {"delay_s": 0.01}
    operator.write_config()
    output = operator.follow(DEPLOY)
    assert "options.delay_s" in output
    assert output.index("Nothing was changed") < output.index("Deployed (")
    assert output.endswith("Nothing to change: that is what runs.\n")
    assert recognizer["args"]["options"] == {}


def test_deploying_by_ray_s_own_command(operator: Operator) -> None:
    output = operator.follow(LOCK)
    assert output.startswith("serve_config.cpu.yaml is locked\n")  # by `callytics deploy`, just before
    assert "Sent deploy request successfully" in output
    assert "status: RUNNING" in output
    assert re.search(rf"{VERSION}: \d[.\d]+\+[0-9a-f]{{12}}\n", output)


def test_examining_the_machine(operator: Operator) -> None:
    operator.follow(DOCTOR)
    found = {
        one["check"]: one for one in json.loads((operator.folder / "doctor.json").read_text())["findings"]
    }
    assert found["cards"]["verdict"] == "ok"
    assert "held by your own graph" in found["ports"]["what"]
    assert "all 0 models" in found["weights"]["what"]


def test_ray_s_own_commands(operator: Operator, call_id: str) -> None:
    output = operator.follow(RAY)
    assert "call-pipeline" in output
    assert "as the owner of the graph" in output
    run = runs.running(operator.home)
    assert run is not None
    assert "api-gateway" in " ".join(path.name for path in (run.log_folder / "serve").iterdir())


def test_comparing_two_versions(operator: Operator, call_id: str) -> None:
    references = operator.folder / "references"
    references.mkdir()
    (references / "call.txt").write_text("Hello. Hi.")
    deadline = time.monotonic() + 60
    while not (output := operator.database().execute("SELECT count(*) FROM shadow_results").fetchone()[0]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    output = operator.follow(COMPARE)
    assert output.count("Recommendation: not enough data") == 2
    assert "against references" in output


@pytest.mark.weights
def test_adding_a_model(operator: Operator, tmp_path: Path) -> None:
    models.pull("whisper-base")
    script = ADD_MODEL.text.replace("DIR", str(models.locate("whisper-base").absolute()))
    output = run_shell(script, operator.folder, operator.environment | {"CALLYTICS_MODELS": str(tmp_path)})
    assert f"mine: {tmp_path / 'mine'} is as it should be" in output
    assert output.endswith("mine is removed\n")
    assert not (tmp_path / "mine").exists()


def test_making_the_kubernetes_manifest(operator: Operator) -> None:
    for name in ("tools/make_rayservice.py", "serve_config.yaml", "cluster.yaml", "requirements.lock"):
        target = operator.folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, target)
    made = operator.folder / "kubernetes" / "rayservice.yaml"
    made.parent.mkdir()
    operator.follow(MANIFEST)
    assert made.read_text() == (PROJECT / "kubernetes" / "rayservice.yaml").read_text()


def test_looking_at_calls_and_deleting_one(operator: Operator, call_id: str) -> None:
    gone = operator.submit()
    assert operator.wait(gone)["job_status"] == "COMPLETED"
    output = operator.follow(CALLS, CALL_ID=gone)
    assert output.index(gone) < output.index(call_id)
    assert f"{gone} is deleted" in output
    assert operator.http.get(f"/v1/calls/{gone}").status_code == 404
    assert operator.http.get(f"/v1/calls/{call_id}").status_code == 200


def test_running_a_call_again(operator: Operator, call_id: str) -> None:
    operator.hang.touch()
    try:
        operator.follow(AGAIN, CALL_ID=call_id)
        before = operator.http.get(f"/v1/calls/{call_id}/result")  # of the first run, until there is another
        assert (before.status_code, before.json()["job_status"]) in {(200, "QUEUED"), (200, "IN_PROGRESS")}
    finally:
        operator.hang.unlink()
    call = operator.wait(call_id)
    assert call["job_status"] == "COMPLETED"
    events = operator.database().execute("SELECT type FROM events WHERE call_id = ?", [call_id]).fetchall()
    assert [kind for (kind,) in events].count("call.cancelled") == 1


def test_retention(operator: Operator, call_id: str) -> None:
    old, short = operator.submit(), operator.submit()
    for each in (old, short):
        operator.wait(each)
    with operator.database() as database:
        statement = (
            "UPDATE calls SET completed_at_ms = completed_at_ms - ? * 86400000, tenant_id = ? WHERE id = ?"
        )
        database.execute(
            "INSERT INTO tenants (id, created_at_ms, last_served_at_ms, settings) VALUES ('acme', 0, 0, '{}')"
        )
        database.execute(statement, [91, "default", old])
        database.execute(statement, [31, "acme", short])
    output = operator.follow(RETENTION)
    assert output.splitlines() == ["1 calls would be deleted", "1 calls deleted"]
    with operator.database() as database:
        database.execute(TENANT_TERM.text)
    assert operator.follow(RETENTION).splitlines() == ["1 calls would be deleted", "1 calls deleted"]
    assert operator.http.get(f"/v1/calls/{old}").status_code == 404
    assert operator.http.get(f"/v1/calls/{call_id}").status_code == 200


def test_keys(operator: Operator) -> None:
    store = CallStore(f"sqlite:///{operator.home / 'callytics.db'}")
    old = store.create_api_key("old", ["calls:read"])
    with httpx.Client(base_url=operator.graph.run.url) as http:
        headers = {"Authorization": f"Bearer {old.secret}"}
        assert http.get("/v1/calls", headers=headers).status_code == 200
        output = operator.follow(KEYS, KEY_ID=old.key.id)
        assert http.get("/v1/calls", headers=headers).status_code == 401
        headers = {"Authorization": f"Bearer {output.splitlines()[0]}"}
        assert http.get("/v1/calls", headers=headers).status_code == 200
    assert old.secret not in output
    store.close()


def test_receiving_webhooks_on_loopback(operator: Operator) -> None:
    example = "examples/receive_webhooks.py"
    (operator.folder / example).parent.mkdir()
    shutil.copy(PROJECT / example, operator.folder / example)
    with ThreadPoolExecutor(1) as terminal:
        received = terminal.submit(operator.follow, RECEIVE)
        deadline = time.monotonic() + 60
        while not (operator.folder / "webhook.json").is_file():
            assert time.monotonic() < deadline
            assert not received.done()
            time.sleep(0.1)
        while (answer := json.loads(operator.follow(TEST_WEBHOOK)))["status"] != "DELIVERED":
            assert time.monotonic() < deadline, answer
            assert not received.done(), answer
        lines = received.result(timeout=30).splitlines()
    assert answer["status_code"] == 204
    assert lines[1].startswith("webhook.test {")
    with operator.database() as database:  # later tests send no webhook
        database.execute("DELETE FROM webhook_endpoints")


def test_alerts(operator: Operator) -> None:
    """As Alertmanager reports them; the application monitoring takes them."""
    alert = {
        "status": "firing",
        "fingerprint": "1d8a0c4f6a2b3e57",
        "labels": {"alertname": "CallyticsDiskLow", "severity": "page"},
        "annotations": {"summary": "The disk is nearly full"},
        "startsAt": "2026-11-28T12:00:00Z",
    }
    answer = operator.http.post("/v1/alerts", json={"version": "4", "alerts": [alert]})
    assert answer.status_code == 204, answer.text
    output = operator.follow(ALERTS)
    assert "CallyticsDiskLow" in output
    assert "speech-recognizer" in output


def test_backup_restore_and_upgrade(operator: Operator, call_id: str) -> None:
    """What was there at the backup is there again, also where a newer version restores it."""
    before = operator.http.get(f"/v1/calls/{call_id}/result").json()
    operator.follow(BACKUP)
    assert operator.http.delete(f"/v1/calls/{call_id}").status_code == 204
    engine = create_engine(f"sqlite:///{operator.folder / 'backup' / 'callytics.db'}")
    run_alembic(engine, command.downgrade, "-1")
    engine.dispose()
    operator.follow(RESTORE)
    (kept,) = local.kept_logs_folder(operator.home).iterdir()
    assert (kept / "serve").is_dir()
    assert operator.http.get(f"/v1/calls/{call_id}/result").json() == before
    assert operator.http.get(f"/v1/calls/{call_id}/audio").status_code == 200
    assert operator.wait(operator.submit())["job_status"] == "COMPLETED"
    assert re.search(r"Nothing to change|Deployed \(", operator.follow(UPGRADE))
    assert operator.http.get(f"/v1/calls/{call_id}/result").json() == before


def test_backup_and_restore_of_postgresql(postgres: PostgresServer, tmp_path: Path) -> None:
    store = CallStore(postgres.create_database("callytics"))
    call_id = store.create_call(new_call()).call.id
    finish(store)
    report = store.get_report(call_id)
    (tmp_path / ".callytics" / "blobs").mkdir(parents=True)
    (tmp_path / ".callytics" / "blobs" / "recording").write_bytes(RECORDING)
    binaries = find_binaries()
    assert binaries is not None
    environment = {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    address = f"127.0.0.1:{postgres.port}"
    run_shell(BACKUP_POSTGRESQL.text.replace("db.internal", address), tmp_path, environment)
    store.delete_call(call_id)
    run_shell(RESTORE_POSTGRESQL.text.replace("db.internal", address), tmp_path, environment)
    store.close()
    restored = CallStore(f"postgresql://callytics@{address}/callytics_restored")
    assert restored.get_report(call_id) == report
    assert restored.lease("worker", 60.0) is None
    restored.close()
    assert (tmp_path / "backup" / "blobs" / "recording").read_bytes() == RECORDING
    for name in ("callytics", "callytics_restored"):
        postgres.drop_database(name)
