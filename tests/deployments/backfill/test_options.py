"""The options of a batch: declared once, taken by `callytics backfill`, handed on to the job."""

from __future__ import annotations

import shlex
from dataclasses import fields
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from callytics.cli.app import app
from deployments.backfill import command, job
from deployments.backfill.options import BatchOptions, SubmittedBatch

runner = CliRunner()


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The address and the entry point of each job, in the place of a cluster."""
    told: list[tuple[str, str]] = []

    async def follow(address: str, entrypoint: str, token_path: str) -> int:
        told.append((address, entrypoint))
        return 3

    monkeypatch.setattr(command, "_follow", follow)
    return told


def test_paths_are_meant_from_where_the_command_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    batch = BatchOptions("calls", output="out", cpus=2, config=Path("c.yaml"), blobs_url="s3://bucket/calls")
    here = batch.from_here()
    assert here.input == f"{tmp_path}/calls"
    assert here.output == f"{tmp_path}/out"
    assert here.config == tmp_path / "c.yaml"
    assert here.blobs_url == "s3://bucket/calls"
    assert here.cpus == 2


ALL = BatchOptions(
    "/calls with a space",
    "s3://bucket/out",
    "gpu",
    Path("/c.yaml"),
    cpus=4,
    gpus=2,
    language="ko",
    agent_channel=0,
    redact=True,
    tenant="alpha",
    blobs_url="/blobs",
    timeout_s=12.5,
)


@pytest.mark.parametrize("batch", [ALL, BatchOptions("-calls")], ids=["all", "least"])
def test_job_reads_what_the_command_was_told(batch: BatchOptions) -> None:
    assert all(getattr(ALL, field.name) != field.default for field in fields(BatchOptions)), (
        "one is not tested"
    )
    assert job._told(batch.arguments()) == batch


def test_command_hands_its_options_and_the_exit_code_on(
    submitted: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--input", "calls", "--cpus=4", "--redact", "--dashboard", "http://head:8265"]
    done = runner.invoke(app, ["backfill", *options])
    assert done.exit_code == 3
    ((address, entrypoint),) = submitted
    assert address == "http://head:8265"
    start, arguments = shlex.split(entrypoint)[:3], shlex.split(entrypoint)[3:]
    assert start == ["python", "-m", "deployments.backfill.job"]
    assert job._told(arguments) == BatchOptions(f"{tmp_path}/calls", cpus=4, redact=True)


def test_unknown_option_is_refused_before_a_job_is_submitted(submitted: list[tuple[str, str]]) -> None:
    done = runner.invoke(
        app, ["backfill", "--input", "calls", "--cpu", "4", "--dashboard", "http://head:8265"]
    )
    assert done.exit_code == 2
    assert "--cpu" in done.stderr
    assert submitted == []


def test_help_of_both_lists_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    shown = runner.invoke(app, ["backfill", "--help"], env={"COLUMNS": "200"}).stdout
    with pytest.raises(SystemExit) as ended:
        job.main(["--help"])
    assert ended.value.code == 0
    of_job = capsys.readouterr().out
    for field in fields(SubmittedBatch):
        option = f"--{field.name.replace('_', '-')}"
        assert option in shown
        assert (option in of_job) is (option != "--dashboard")


def test_batch_says_where_graphs_run_if_none_runs_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, submitted: list[tuple[str, str]]
) -> None:
    monkeypatch.setenv("CALLYTICS_HOME", str(tmp_path))
    done = runner.invoke(app, ["backfill", "--input", "calls"])
    assert done.exit_code == 1
    assert "--dashboard" in done.stderr
    assert done.stderr.strip().endswith("[graph_not_running]")
    assert submitted == []


def test_commands_of_this_package_take_their_place_in_any_app() -> None:
    other = typer.Typer()
    command.register(other)
    assert [entry.name for entry in other.registered_commands] == ["backfill"]
