"""`callytics lock`: the versions in a Serve file follow code and pins, and nothing else of the file changes."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from callytics.errors import ConfigError
from deployments.operations import deploy_command, local, lock_command, runs
from deployments.operations.code_revision import SourceTree
from deployments.operations.lock import Lock, make_lock
from deployments.replica.environment import VERSION
from tests.support.played_serve import PlayedServe, named

PROJECT = Path(__file__).resolve().parents[3]
VERSIONS = re.compile(r"@0[.\d]+\+[0-9a-f]{12}\.[0-9a-f]{12}")
BLOCK = """# A comment.
applications:
- name: first   # of two
  import_path: own_stage:build  # its builder
  args: {word: one}
  deployments:
  - name: Own
    ray_actor_options:
      runtime_env: {py_executable: callytics-python cpu/own}

- {name: second, import_path: own_stage:build, runtime_env: {env_vars: {}}}
"""

runner = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration of two applications with code and pins of its own."""
    (tmp_path / "runtime_envs" / "cpu").mkdir(parents=True)
    (tmp_path / "runtime_envs" / "cpu" / "own.txt").write_text("tqdm==4.67.1\n")
    (tmp_path / "own_stage.py").write_text("def build(args): ...\n")
    (tmp_path / "serve_config.yaml").write_text(BLOCK)
    return tmp_path


def locked(folder: Path, text: str | None = None) -> Lock:
    path = folder / "serve_config.yaml"
    if text is not None:
        path.write_text(text, newline="")
    lock = make_lock(path, SourceTree([folder]))
    if lock.outdated:
        lock.write()
    return lock


def applications(folder: Path) -> dict[str, Any]:
    document = yaml.safe_load((folder / "serve_config.yaml").read_text())
    return {application["name"]: application for application in document["applications"]}


@pytest.mark.parametrize("name", ["serve_config.cpu.yaml", "serve_config.yaml", "serve_config.ab.yaml"])
def test_committed_serve_files_are_locked(name: str) -> None:
    """kubernetes/rayservice.yaml is made from the second: tests/deployments/test_rayservice.py compares it."""
    lock = make_lock(PROJECT / name, SourceTree([PROJECT]))
    assert not lock.outdated, (
        "Code or pins have changed since the Serve files were locked. Run: make lock-serve"
    )


def test_lock_writes_the_version_for_serve_and_for_the_launcher(folder: Path) -> None:
    assert locked(folder).outdated == ("first", "second")
    first, second = applications(folder).values()
    version = first["runtime_env"]["env_vars"][VERSION]
    assert re.fullmatch(r"cpu/own@\d[.\d]+\+[0-9a-f]{12}\.[0-9a-f]{12}", version)
    executable = first["deployments"][0]["ray_actor_options"]["runtime_env"]["py_executable"]
    assert executable == f"callytics-python {version}"
    code = second["runtime_env"]["env_vars"][VERSION]
    assert version.startswith(f"cpu/own@{code}.")


def test_lock_keeps_comments_and_layout(folder: Path) -> None:
    locked(folder)
    text = (folder / "serve_config.yaml").read_text()
    added = [line for line in text.splitlines() if line not in BLOCK.splitlines()]
    assert len(added) == 3
    without = re.sub(r"\n  runtime_env: .*", "", VERSIONS.sub("", text), count=1)
    assert re.sub(rf"{{{VERSION}: [^}}]*}}", "{}", without) == BLOCK


def test_lock_of_a_locked_file_changes_nothing(folder: Path) -> None:
    locked(folder)
    before = (folder / "serve_config.yaml").read_bytes()
    lock = locked(folder)
    assert lock.outdated == ()
    assert lock.text.encode() == before
    lock.check()


@pytest.mark.parametrize("edited", ["code", "pins", "release"])
def test_edit_outdates_the_lock_of_the_applications_that_it_concerns(
    edited: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "other_stage.py").write_text("def build(args): ...\n")
    locked(folder, BLOCK.replace("second, import_path: own_stage", "second, import_path: other_stage"))
    before = applications(folder)
    if edited == "code":
        (folder / "own_stage.py").write_text("def build(args): pass\n")
    elif edited == "pins":
        (folder / "runtime_envs" / "cpu" / "own.txt").write_text("tqdm==4.67.0\n")
    else:
        monkeypatch.setattr("deployments.operations.preparation.RELEASE", "9.0.0")
    lock = make_lock(folder / "serve_config.yaml", SourceTree([folder]))
    assert lock.outdated == (("first", "second") if edited == "release" else ("first",))
    with pytest.raises(ConfigError, match=r"locked.*first.*Run: callytics lock .*serve_config\.yaml"):
        lock.check()
    lock.write()
    after = applications(folder)
    assert after["first"] != before["first"]
    assert (after["second"] == before["second"]) is (edited != "release")
    assert make_lock(folder / "serve_config.yaml", SourceTree([folder])).outdated == ()


def test_edited_option_leaves_the_lock_as_it_is(folder: Path) -> None:
    locked(folder)
    path = folder / "serve_config.yaml"
    path.write_text(path.read_text().replace("word: one", "word: two"))
    assert make_lock(path, SourceTree([folder])).outdated == ()


def test_another_environment_gets_its_own_version(folder: Path) -> None:
    locked(folder)
    before = applications(folder)["first"]
    (folder / "runtime_envs" / "cpu" / "other.txt").write_text("tqdm==4.67.0\n")
    path = folder / "serve_config.yaml"
    path.write_text(path.read_text().replace("callytics-python cpu/own", "callytics-python cpu/other"))
    assert locked(folder).outdated == ("first",)
    after = applications(folder)["first"]
    assert after["runtime_env"]["env_vars"][VERSION].startswith("cpu/other@")
    assert after["runtime_env"] != before["runtime_env"]


@pytest.mark.parametrize(
    "block",
    [
        "- name: a\n  import_path: own_stage:build\n",
        "- name: a\n  import_path: own_stage:build",
        "- name: a\r\n  import_path: own_stage:build\r\n  args: {}\r\n",
        "- {name: a, import_path: 'own_stage:build'}\n",
        "- name: a\n  runtime_env: {}\n  import_path: own_stage:build\n",
        "- name: a\n  import_path: own_stage:build\n  runtime_env:\n    env_vars:  # mine\n      MINE: one\n",
        "- name: a\n  import_path: own_stage:build\n  runtime_env:\n    working_dir: here\n",
        "- name: a\n  import_path: own_stage:build\n  runtime_env: {env_vars: {MINE: one}}\n",
        f"- name: a\n  import_path: own_stage:build\n  runtime_env: {{env_vars: {{{VERSION}: 'old'}}}}\n",
        "- name: 가\n  import_path: own_stage:build  # 댓글\n",
    ],
)
def test_every_way_to_write_an_application_can_be_locked(block: str, folder: Path) -> None:
    text = f"applications:\n{block}"
    before = copy.deepcopy(yaml.safe_load(text)["applications"][0])
    locked(folder, text)
    (after,) = applications(folder).values()
    assert re.fullmatch(r"\d[.\d]+\+[0-9a-f]{12}", after["runtime_env"]["env_vars"].pop(VERSION))
    before.setdefault("runtime_env", {}).setdefault("env_vars", {}).pop(VERSION, None)
    assert after == before | {"runtime_env": {"env_vars": {}} | before["runtime_env"]}
    assert ("\r\n" in (folder / "serve_config.yaml").read_bytes().decode()) is ("\r\n" in block)


def test_file_of_aliases_is_not_spoilt(folder: Path) -> None:
    """One block for two applications cannot hold the versions of both."""
    text = (
        "applications:\n"
        "- {name: a, import_path: 'own_stage:build', runtime_env: &env {env_vars: {MINE: one}}}\n"
        "- {name: b, import_path: 'other_stage:build', runtime_env: *env}\n"
    )
    (folder / "other_stage.py").write_text("def build(): ...\n")
    with pytest.raises(ConfigError, match="aliases"):
        locked(folder, text)
    assert (folder / "serve_config.yaml").read_text() == text


def test_merge_conflict_of_versions_is_solved(folder: Path) -> None:
    locked(folder)
    path = folder / "serve_config.yaml"
    good = path.read_text()
    line = next(line for line in good.splitlines(True) if VERSION in line)
    theirs = re.sub(r"\+[0-9a-f]{12}", "+0123456789ab", line)
    path.write_text(good.replace(line, f"<<<<<<< HEAD\n{line}=======\n{theirs}>>>>>>> other\n"))
    lock = make_lock(path, SourceTree([folder]))
    assert lock.text == good
    lock.write()
    other = good.replace("word: one", "word: two").replace(line, theirs)
    path.write_text(f"<<<<<<< HEAD\n{good}=======\n{other}>>>>>>> other\n")
    with pytest.raises(ConfigError) as refused:
        make_lock(path, SourceTree([folder]))
    assert refused.value.code == "config_invalid"


def test_file_that_cannot_be_written_is_one_clear_line(folder: Path) -> None:
    path = folder / f"{'a' * 250}.yaml"  # the file that is written beside it would have too long a name
    path.write_text(BLOCK)
    lock = make_lock(path, SourceTree([folder]))
    with pytest.raises(ConfigError, match="cannot be written") as refused:
        lock.write()
    assert "\n" not in refused.value.message
    assert path.read_text() == BLOCK


# ---------------------------------------------------------------- the commands


@pytest.fixture
def lock_app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("CALLYTICS_HOME", str(folder / "home"))
    app = typer.Typer()
    lock_command.register(app)
    return app


def test_lock_command_locks_the_files_of_the_folder(lock_app: typer.Typer) -> None:
    stale = runner.invoke(lock_app, ["--check"])
    assert stale.exit_code == 1
    assert stale.stderr.strip().endswith("Run: callytics lock serve_config.yaml [lock_outdated]")
    assert Path("serve_config.yaml").read_text() == BLOCK
    assert runner.invoke(lock_app, []).stdout == "Locked serve_config.yaml: first, second\n"
    assert runner.invoke(lock_app, []).stdout == "serve_config.yaml is locked\n"
    assert runner.invoke(lock_app, ["serve_config.yaml", "--check"]).exit_code == 0


def test_lock_command_does_not_ask_a_graph_of_another_folder(
    lock_app: typer.Typer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does `up`, which starts one here, however many run elsewhere."""
    asked: list[Path] = []

    def running(home: Path) -> None:
        asked.append(home)

    monkeypatch.delenv("CALLYTICS_HOME")
    monkeypatch.setattr(runs, "running", running)
    assert runner.invoke(lock_app, []).exit_code == 0
    assert asked == [folder / ".callytics"]


def test_lock_command_without_a_file_says_what_to_name(lock_app: typer.Typer) -> None:
    Path("serve_config.yaml").unlink()
    done = runner.invoke(lock_app, [])
    assert done.exit_code == 1
    assert "[config_missing]" in done.stderr


@pytest.fixture
def deploy_app() -> typer.Typer:
    app = typer.Typer()
    deploy_command.register(app)
    return app


def is_locked(path: Path) -> bool:
    return make_lock(path, SourceTree([PROJECT])).outdated == ()


def test_deploy_locks_the_file_and_says_so(
    deploy_app: typer.Typer, config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    for application in document["applications"]:
        del application["runtime_env"]
    path = config()
    assert runner.invoke(deploy_app, [str(path), "--dry-run"]).exit_code == 0
    assert not is_locked(path)
    done = runner.invoke(deploy_app, [str(path), "--yes"])
    assert done.exit_code == 0, done.output
    assert f"Locked {path}: punctuation-restorer, llm-analyzer, api-gateway\n" in done.stdout
    assert is_locked(path)
    assert (
        yaml.safe_load(path.read_text())["applications"][0]["runtime_env"]
        == (serve.running["applications"][0]["runtime_env"])
    )


def test_deploy_only_locks_that_application(
    deploy_app: typer.Typer, config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    for application in document["applications"]:
        application["runtime_env"]["env_vars"][VERSION] = "old"
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    path = config()
    assert runner.invoke(deploy_app, [str(path), "--yes", "--only", "llm-analyzer"]).exit_code == 0
    assert make_lock(path, SourceTree([PROJECT])).outdated == ("punctuation-restorer", "api-gateway")


def test_deploy_of_what_runs_locks_the_file(
    deploy_app: typer.Typer, config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    for application in document["applications"]:
        del application["runtime_env"]
    path = config()
    done = runner.invoke(deploy_app, [str(path)])
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("Nothing to change: that is what runs.\n")
    assert serve.deployed == []
    assert is_locked(path)


def test_deploy_locked_refuses_an_outdated_file(
    deploy_app: typer.Typer, config: Callable[[], Path], document: dict[str, Any], serve: PlayedServe
) -> None:
    del document["applications"][0]["runtime_env"]
    path = config()
    before = path.read_bytes()
    done = runner.invoke(deploy_app, [str(path), "--yes", "--locked"])
    assert done.exit_code == 1
    assert done.stderr.strip().endswith("[lock_outdated]")
    assert (path.read_bytes(), serve.deployed) == (before, [])


def test_deploy_goes_on_where_the_file_cannot_be_locked(
    deploy_app: typer.Typer,
    config: Callable[[], Path],
    document: dict[str, Any],
    serve: PlayedServe,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(lock: Lock) -> None:
        raise ConfigError("lock_not_written", "It is read-only.")

    monkeypatch.setattr(Lock, "write", fail)
    del document["applications"][0]["runtime_env"]
    named(document, "llm-analyzer")["args"]["concurrency"] = 2
    done = runner.invoke(deploy_app, [str(config()), "--yes"])
    assert done.exit_code == 0, done.output
    assert (
        "Not locked: It is read-only. `serve deploy` of it would restart punctuation-restorer." in done.stdout
    )
    assert serve.deployed != []


def test_up_locks_the_file_before_it_starts_anything(
    lock_app: typer.Typer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deployments.operations import local_command

    seen: list[str] = []

    def up(config: Path, **options: Any) -> runs.Run:
        seen.append(config.read_text())
        return runs.Run("run", str(config), 1, 2, "", 0.0)

    monkeypatch.setattr(local, "up", up)
    arguments = ["up", "--config", "serve_config.yaml"]
    refused = runner.invoke(local_command.app, [*arguments, "--locked"])
    assert (refused.exit_code, seen) == (1, [])
    assert "[lock_outdated]" in refused.stderr
    done = runner.invoke(local_command.app, arguments)
    assert done.exit_code == 0, done.output
    assert "Locked serve_config.yaml: first, second\n" in done.stdout
    assert VERSION in seen[0]
