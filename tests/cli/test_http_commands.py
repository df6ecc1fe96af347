"""`callytics calls`, `webhooks` and `keys` against the real API over a real store, from a folder beside the graph's."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from typer.testing import CliRunner

from callytics.api import Services, create_app
from callytics.cli.app import app
from callytics.store import AlertNotice, AlertStatus, CallStore, hash_secret
from tests.api.conftest import blob_root, services  # noqa: F401 (fixtures)
from tests.store.samples import finish, fresh_database, new_call
from tests.support.played_graph import played_graph, served
from tests.support.webhook_receiver import receiving

STEERS_A_TERMINAL = "\x1b]0;owned\x07\x1b[2Jcall.wav"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "300")
    for variable in ("CALLYTICS_HOME", "CALLYTICS_API_KEY", "CALLYTICS_URL", "DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    for name in ("graph", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "graph"


@pytest.fixture
def store(home: Path) -> Iterator[CallStore]:
    store = CallStore(fresh_database(home))
    yield store
    store.close()


@pytest.fixture
def graph(home: Path, store: CallStore, services: Services) -> Iterator[str]:  # noqa: F811
    """The address of a graph that runs from ``home``."""
    (home / "api-key").write_text(store.create_api_key("this machine", ["admin"]).secret)
    trusted = [ipaddress.ip_network("127.0.0.1/32")]
    settings = services.settings.model_copy(update={"trusted_networks": trusted})
    api = create_app(replace(services, settings=settings))
    add_webhook_test(api)
    with served(api) as port, played_graph(home, port) as graph:
        yield graph.url


def add_webhook_test(api: FastAPI) -> None:
    """Stands in for POST /v1/webhooks/{id}/test where the API has none yet."""
    path = "/v1/webhooks/{webhook_id}/test"
    if path in api.openapi()["paths"]:
        return

    def send(webhook_id: str) -> dict[str, object]:
        return {"delivery_id": "d1", "status": "DELIVERED", "status_code": 204, "error": "", "duration_ms": 3}

    api.post(path)(send)


def callytics(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=answer)


def printed(*arguments: str) -> str:
    done = callytics(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*arguments: str) -> str:
    """The one line on stderr."""
    done = callytics(*arguments)
    assert done.exit_code == 1, done.output
    assert done.stderr.count("\n") == 1
    return done.stderr


def add_call(store: CallStore, number: int = 0, **metadata: str) -> str:
    call = new_call(f"{number:064}", filename=f"call{number}.wav", metadata=metadata)
    return store.create_call(call).call.id


# ---------------------------------------------------------------- keys


def test_no_graph_creates_no_key_and_no_database(home: Path, tmp_path: Path) -> None:
    for arguments in (
        ["keys", "create", "x"],
        ["keys", "list"],
        ["keys", "revoke", "x"],
        ["retention", "apply"],
    ):
        line = refused(*arguments)
        assert "There is no database at" in line
        assert "`callytics up` starts one. [database_missing]" in line
    assert "[database_missing]" in refused("compare", "a", "b")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path / "state").exists()


def test_error_names_the_home_of_the_running_graph(
    graph: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere" / ".callytics").mkdir()
    assert f"A graph of yours runs from {home} ({graph})" in refused("keys", "create", "x")
    assert list((tmp_path / "elsewhere" / ".callytics").iterdir()) == []
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'nowhere.db'}")
    assert "[database_missing]" in refused("keys", "create", "x")
    assert not (tmp_path / "nowhere.db").exists()


def test_key_is_created_in_the_database_of_the_running_graph(
    graph: str, home: Path, store: CallStore
) -> None:
    done = callytics("keys", "create", "reports", "--scope", "calls:read")
    assert done.exit_code == 0, done.output
    record = store.authenticate(hash_secret(done.stdout.removesuffix("\n")))
    assert record is not None
    assert done.stderr == (
        f"key {record.id} of tenant default, in sqlite:///{home / 'callytics.db'}, of the graph of {home} ({graph})\n"
    )


def test_key_that_the_graph_rejects_is_not_printed(
    graph: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DATABASE_URL is not what it was when the graph was started."""
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("DATABASE_URL", fresh_database(tmp_path / "other"))
    done = callytics("keys", "create", "x")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "[key_not_accepted]" in done.stderr
    (key,) = map(json.loads, printed("keys", "list").splitlines())
    assert key["revoked_at_ms"]


def test_database_password_is_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://callytics:hush@127.0.0.1:9/callytics")
    assert "hush" not in refused("keys", "create", "x")


# ---------------------------------------------------------------- calls


def test_calls_are_listed_filtered_and_searched(graph: str, store: CallStore) -> None:
    first, second = add_call(store, 1, agent_id="kim.minji", queue="billing"), add_call(store, 2)
    finish(store)
    text = printed("calls", "list")
    assert text.index(second) < text.index(first)
    assert "kim.minji" in text
    for arguments, found in (
        (["--agent", "kim.minji"], [first]),
        (["--queue", "billing"], [first]),
        (["--status", "completed"], [first]),
        (["--status", "QUEUED"], [second]),
        (["--query", "환불"], [first]),
        (["--limit", "1"], [second]),
    ):
        page = json.loads(printed("calls", "list", *arguments, "--json"))
        assert [call["call_id"] for call in page["calls"]] == found, arguments
    assert "customer: 어제 산 신발 환불을 받고 싶어요" in printed("calls", "list", "--query", "환불")
    assert "There are more than 1" in callytics("calls", "list", "--limit", "1").stderr
    assert "[validation_failed]" in refused("calls", "list", "--status", "ASLEEP")


def test_listing_reads_several_pages(graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callytics.client.requests.CALLS_PER_PAGE", 2)
    made = [add_call(store, number) for number in range(5)]
    page = json.loads(printed("calls", "list", "--limit", "4", "--json"))
    assert [call["call_id"] for call in page["calls"]] == made[:0:-1]
    assert len(json.loads(printed("calls", "list", "--json"))["calls"]) == 5


def test_show_prints_stages_and_report(graph: str, store: CallStore) -> None:
    call_id = add_call(store, 1, agent_id="kim.minji")
    assert "no result" in printed("calls", "show", call_id)
    finish(store)
    text = printed("calls", "show", call_id)
    for word in (call_id, "call1.wav", "kim.minji", "speech-recognizer", "환불을 받고 싶어요"):
        assert word in text
    assert json.loads(printed("calls", "show", call_id, "--json"))["job_status"] == "COMPLETED"
    for identifier in ("unknown", "../webhooks", "", "a/../../stages"):
        assert "error: " in refused("calls", "show", identifier)


def test_control_characters_in_a_name_are_escaped(graph: str, store: CallStore) -> None:
    call_id = store.create_call(new_call(filename=STEERS_A_TERMINAL, metadata={"queue": "[red]q"})).call.id
    for text in (printed("calls", "list"), printed("calls", "show", call_id)):
        assert "\x1b" not in text
        assert "call.wav" in text
        assert "[red]q" in text


def test_deletion_lists_its_scope_and_asks(
    graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id, other = add_call(store, 1), add_call(store, 2)
    assert "[not_confirmed]" in callytics("calls", "delete", call_id).stderr
    with monkeypatch.context() as patch:
        patch.setattr("callytics.cli.connection.is_attended", lambda: True)
        done = callytics("calls", "delete", call_id, answer="n\n")
        assert "call1.wav" in done.stdout
        assert "recording, transcript, result" in done.stdout
        assert "Nothing was deleted." in done.stdout
        assert store.get_call(call_id).id == call_id
        assert callytics("calls", "delete", call_id, answer="y\n").exit_code == 0
    assert "[call_not_found]" in refused("calls", "show", call_id)
    assert json.loads(printed("calls", "delete", other, "--yes", "--json")) == {
        "call_id": other,
        "deleted": True,
    }
    assert json.loads(printed("calls", "list", "--json"))["calls"] == []


def test_key_without_delete_scope_cannot_delete(
    graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = add_call(store)
    monkeypatch.setenv("CALLYTICS_API_KEY", store.create_api_key("reader", ["calls:read"]).secret)
    assert callytics("calls", "delete", call_id, "--yes").exit_code == 1
    assert store.get_call(call_id).id == call_id


def test_call_of_the_running_graph_is_exported(graph: str, store: CallStore) -> None:
    call_id = add_call(store)
    finish(store)
    assert "환불을 받고 싶어요" in printed("export", call_id)


# ---------------------------------------------------------------- where nothing answers


def test_error_names_the_home_of_another_graph(graph: str, home: Path) -> None:
    for arguments in (["calls", "list"], ["webhooks", "list"], ["export", "x"]):
        line = refused(*arguments, "--url", "http://127.0.0.1:9")
        assert line.startswith("error: Nothing answers at http://127.0.0.1:9. ")
        assert f"{home} ({graph})" in line


def test_invalid_address_and_other_program_are_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLYTICS_API_KEY", "cly_x")
    assert "[url_invalid]" in refused("calls", "list", "--url", "http://127.0.0.1:port")
    other = FastAPI(default_response_class=PlainTextResponse)
    other.get("/v1/calls")(lambda: "hello")
    with served(other) as port:
        assert "[not_callytics]" in refused("calls", "list", "--url", f"http://127.0.0.1:{port}")


def test_graph_that_does_not_answer_yet_is_reported(home: Path) -> None:
    (home / "api-key").write_text("cly_x")
    with played_graph(home, 9):
        assert "see `callytics status`. [not_running]" in refused("calls", "list")


# ---------------------------------------------------------------- alerts


def test_alerts_are_listed_and_filtered(graph: str, store: CallStore) -> None:
    for number, (status, severity) in enumerate((("firing", "page"), ("resolved", "ticket"))):
        ended_at_ms = 1_800_000_060_000 if status == "resolved" else None
        labels = {"alertname": f"Callytics{severity}", "severity": severity}
        annotations = {"summary": f"{severity}\x1b[2J summary"}
        notice = AlertNotice(
            f"f{number}", AlertStatus(status), 1_800_000_000_000, ended_at_ms, labels, annotations
        )
        store.record_alerts([notice])
    listed = printed("alerts")
    assert "Callyticspage" in listed
    assert "2027-01-15 08:01:00" in listed
    assert "\x1b[2J" not in listed
    assert "Callyticspage" not in printed("alerts", "--status", "resolved")
    (alert,) = json.loads(printed("alerts", "--severity", "ticket", "--json"))["alerts"]
    assert alert["status"] == "resolved"
    assert "[validation_failed]" in refused("alerts", "--status", "burning")


# ---------------------------------------------------------------- webhooks


def test_webhook_commands_cover_its_life_cycle(graph: str, store: CallStore) -> None:
    with receiving() as receiver:
        made = callytics("webhooks", "create", receiver.url, "--event", "call.failed", "--description", "crm")
        assert made.exit_code == 0, made.output
        assert "shown only once" in made.stderr
        (name, hook_id), (label, secret) = (line.split() for line in made.stdout.splitlines())
        assert (name, label, secret[:6]) == ("webhook", "secret", "whsec_")
        listed = printed("webhooks", "list")
        for word in (hook_id, receiver.url, "call.failed", "crm"):
            assert word in listed
        (hook,) = json.loads(printed("webhooks", "list", "--json"))["webhooks"]
        assert hook["event_types"] == ["call.failed"]
        assert secret not in listed + json.dumps(hook)
        assert json.loads(printed("webhooks", "deliveries", hook_id, "--json")) == {"deliveries": []}
        other = json.loads(printed("webhooks", "create", receiver.url, "--event", "call.cancelled", "--json"))
        store.cancel_call(add_call(store, 2))
        assert "call.cancelled" in printed("webhooks", "deliveries", other["id"])
        assert "[not_confirmed]" in refused("webhooks", "delete", hook_id)
        printed("webhooks", "delete", hook_id, "--yes")
        assert json.loads(printed("webhooks", "delete", other["id"], "--yes", "--json"))["deleted"] is True
        assert json.loads(printed("webhooks", "list", "--json")) == {"webhooks": []}
        assert "[webhook_not_found]" in refused("webhooks", "deliveries", hook_id)


def test_webhook_test_is_sent(graph: str) -> None:
    with receiving() as receiver:
        hook_id = json.loads(printed("webhooks", "create", receiver.url, "--json"))["id"]
        assert "DELIVERED" in printed("webhooks", "test", hook_id)
        assert json.loads(printed("webhooks", "test", hook_id, "--json"))["status"] == "DELIVERED"


def test_failed_webhook_test_exits_with_1(graph: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = {"delivery_id": "d1", "status": "FAILED", "status_code": None, "error": "nobody there"}
    monkeypatch.setattr("callytics.client.Client.test_webhook", lambda client, webhook_id: outcome)
    done = callytics("webhooks", "test", "h1")
    assert done.exit_code == 1
    assert "nobody there" in done.stdout


def test_api_error_is_reported_in_one_line(graph: str) -> None:
    assert "error: " in refused("webhooks", "create", "http://169.254.169.254/")
    assert "error: " in refused("webhooks", "create", "https://example.org/", "--event", "call.unknown")


# ---------------------------------------------------------------- all


def test_version_is_printed() -> None:
    from importlib.metadata import version

    assert printed("--version") == f"callytics {version('callytics')}\n"


def test_every_option_and_argument_is_described() -> None:
    import typer

    def walk(command: object, path: str) -> Iterator[str]:
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, f"{path} {name}")
        for parameter in command.params:  # type: ignore[attr-defined]
            if not getattr(parameter, "help", None):
                yield f"{path} {parameter.name}"

    assert list(walk(typer.main.get_command(app), "callytics")) == []


def test_logs_prints_the_lines_of_a_call_in_80_columns(
    graph: str, store: CallStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    call_id = store.create_call(new_call()).call.id
    finish(store)
    fields = {
        "call_id": call_id,
        "tenant": "default",
        "application": "x",
        "version": "1",
        "replica": "r",
        "logger": "l",
    }
    recognizer = {
        **fields,
        "at_ms": 2000,
        "stage": "speech-recognizer",
        "level": "WARNING",
        "message": "slow " * 30,
    }
    recognizer |= {"traceback": "stage.py:1 in call\nbuiltins.ValueError"}
    pipeline = {
        **fields,
        "at_ms": 1000,
        "stage": "call-pipeline",
        "level": "INFO",
        "message": STEERS_A_TERMINAL,
    }
    store.append_call_lines([recognizer, pipeline])
    text = printed("logs", call_id)
    assert max(map(len, text.splitlines())) <= 80
    assert text.index("call-pipeline") < text.index("WARNING: slow") < text.index("builtins.ValueError")
    assert "\x1b" not in text
    only = printed("logs", call_id, "--stage", "call-pipeline", "--json").splitlines()
    assert [json.loads(line)["stage"] for line in only] == ["call-pipeline"]
    monkeypatch.setattr("callytics.cli.logs.FOLLOW_PAUSE_S", 0.01)
    assert printed("logs", call_id, "--follow") == text  # it has ended
    unknown = callytics("logs", "0" * 26)
    assert (unknown.exit_code, "call_not_found" in unknown.output) == (1, True)
