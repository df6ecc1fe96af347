"""A deploy step by step, against a Serve that is played: what is asked of it, in which order, and when not at all."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callytics.errors import CallyticsError, ConfigError
from deployments.operations import deploy as deploys
from deployments.operations import runs
from deployments.operations.config_changes import Effect
from deployments.operations.head import LocalGraphError
from deployments.replica.environment import VERSION
from tests.support.played_serve import RUN, PlayedServe, named

PROJECT = Path(__file__).resolve().parents[3]


def progress(what: str, state: str, detail: str) -> None: ...


def deploy(path: Path, only: str | None = None) -> deploys.Plan:
    plan = deploys.make_plan(path, only=only)
    if plan.changes:
        deploys.apply_plan(plan, progress=progress, timeout_s=1.0)
    return plan


def refusal(path: Path, serve: PlayedServe, only: str | None = None) -> CallyticsError:
    with pytest.raises(CallyticsError) as raised:
        deploy(path, only)
    assert serve.deployed == []
    return raised.value


def test_running_configuration_is_no_change(config: Callable[[], Path], serve: PlayedServe) -> None:
    assert deploy(config()).changes == ()
    assert serve.deployed == []


def test_one_changed_option_is_one_change(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe, built: list[list[str]]
) -> None:
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    plan = deploy(config())
    assert [(change.application, change.effect) for change in plan.changes] == [
        ("llm-analyzer", Effect.RESTARTS)
    ]
    assert serve.application("llm-analyzer")["args"]["concurrency"] == 2
    assert built == [["cpu/base", "cpu/llm-analyzer"]]
    assert serve.running["http_options"]["port"] == RUN.http_port  # not what the file says


def test_only_takes_one_application_from_the_file(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    named(document, "punctuation-restorer")["args"]["concurrency"] = 3
    del document["applications"][-1]
    assert [change.application for change in deploy(config(), "llm-analyzer").changes] == ["llm-analyzer"]
    assert "concurrency" not in serve.application("punctuation-restorer")["args"]
    assert serve.application("api-gateway")


def test_removed_application_goes_when_the_rest_is_healthy(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    second = copy.deepcopy(named(document, "llm-analyzer")) | {"name": "llm-analyzer-v2"}
    document["applications"] = [second, *document["applications"]]
    document["applications"].remove(named(document, "llm-analyzer"))
    plan = deploy(config())
    assert plan.removed == ["llm-analyzer"]
    others = ["llm-analyzer-v2", "punctuation-restorer", "api-gateway"]
    assert serve.deployed == [[*others, "llm-analyzer"], others]


def test_address_passes_from_the_old_to_the_new_at_once(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    """Serve refuses two applications at one address."""
    named(document, "api-gateway")["name"] = "new-gateway"
    deploy(config())
    assert all("api-gateway" not in names for names in serve.deployed)


def test_stage_that_does_not_start_is_rolled_back(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    before = serve.document()
    engine = "callytics.engines.punctuation.kiwi:KiwiPunctuationRestorer"
    named(document, "llm-analyzer")["args"]["engine"] = engine
    document["applications"].remove(named(document, "punctuation-restorer"))
    serve.failing["llm-analyzer"] = engine
    with pytest.raises(LocalGraphError, match=r"told to What ran before runs again\.") as raised:
        deploy(config())
    assert raised.value.code == "rolled_back"
    assert serve.running == before
    assert all("punctuation-restorer" in names for names in serve.deployed)


def test_rollback_that_fails_says_so(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    path = config()
    plan = deploys.make_plan(path)
    put = serve.deploy

    def deploy_and_break(after: dict[str, Any]) -> None:
        put(after)
        serve.failing["llm-analyzer"] = ""

    monkeypatch.setattr(serve, "deploy", deploy_and_break)
    with pytest.raises(LocalGraphError) as raised:
        deploys.apply_plan(plan, progress=progress, timeout_s=1.0)
    assert raised.value.code == "rollback_failed"


def test_environment_that_cannot_be_built_changes_nothing(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(names: list[str], pins_folder: Path, home: Path) -> None:
        raise ConfigError("environment_failed", "no such version")

    monkeypatch.setattr(deploys, "build_environments", fail)
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    assert refusal(config(), serve).code == "environment_failed"


def test_plan_that_is_out_of_date_is_not_applied(
    config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    plan = deploys.make_plan(config())
    serve.application("llm-analyzer")["args"]["concurrency"] = 7
    with pytest.raises(LocalGraphError, match="Someone else"):
        deploys.apply_plan(plan, progress=progress)
    assert serve.deployed == []


def test_missing_file_is_refused(tmp_path: Path, serve: PlayedServe) -> None:
    assert refusal(tmp_path / "missing.yaml", serve).code == "config_missing"


def test_file_that_is_no_configuration_is_refused(tmp_path: Path, serve: PlayedServe) -> None:
    for text in ("applications: [", "applications: {}", "just text", "applications: [{name: a}]"):
        path = tmp_path / "wrong.yaml"
        path.write_text(text)
        assert refusal(path, serve).code == "config_invalid"


def test_name_that_the_file_does_not_have_is_refused(config: Callable[[], Path], serve: PlayedServe) -> None:
    error = refusal(config(), serve, "speech-recogniser")
    assert error.message.endswith("it has punctuation-restorer, llm-analyzer, api-gateway.")


def test_nothing_runs(
    config: Callable[[], Path], serve: PlayedServe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "running", lambda home: None)
    assert refusal(config(), serve).code == "not_running"


@pytest.mark.parametrize(
    ("place", "value", "code", "message"),
    [
        (
            ("deployments", 0, "num_replicas"),
            -1,
            "config_invalid",
            "applications.0.deployments.0.num_replicas",
        ),
        (
            ("deployments", 0, "name"),
            "Punctuation",
            "config_invalid",
            "there is no Punctuation in the module",
        ),
        (("import_path",), "deployments.punctuation:build", "config_invalid", "deployments.punctuation"),
        (("args", "engine"), "callytics.engines.punctuation.kiwi:Kivi", "engine_unknown", "no Kivi"),
        (("args", "concurency"), 2, "config_invalid", "punctuation-restorer: args are wrong: concurency"),
        (
            ("deployments", 0, "ray_actor_options", "runtime_env", "py_executable"),
            "callytics-python cpu/nowhere",
            "environment_missing",
            "nowhere.txt",
        ),
    ],
)
def test_configuration_that_cannot_run_is_refused(
    place: tuple[Any, ...],
    value: Any,
    code: str,
    message: str,
    config: Callable[[], Path],
    document: dict[str, Any],
    serve: PlayedServe,
) -> None:
    block: Any = named(document, "punctuation-restorer")
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = value
    error = refusal(config(), serve)
    assert error.code == code
    assert message in error.message
    assert "\n" not in error.message


def test_unpinned_environment_is_refused(
    config: Callable[[], Path], serve: PlayedServe, tmp_path: Path
) -> None:
    for pins in (tmp_path / "pins/cpu/punctuation-restorer.txt", tmp_path / "pins/cpu/llm-analyzer.txt"):
        pins.parent.mkdir(parents=True, exist_ok=True)
        pins.write_text("kiwipiepy>=0.24\n")
    with pytest.raises(ConfigError, match=r"kiwipiepy>=0\.24"):
        deploys.make_plan(config(), pins_folder=tmp_path / "pins")


def test_replicas_can_tell_their_code(config: Callable[[], Path], serve: PlayedServe) -> None:
    revisions = [app["runtime_env"]["env_vars"][VERSION] for app in serve.running["applications"]]
    assert len(set(revisions)) == len(revisions) == 3
