"""`callytics analyze`: from recordings to result JSONs, showing the progress of every stage."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from callytics.cli.terminal import report, stage_line
from callytics.client import CallStatus, Client
from callytics.config import ENGINE_STAGES, load_stages
from callytics.domain import CallOptions, StageRun
from callytics.errors import CallyticsError, InvalidMediaError, InvalidRequestError
from callytics.in_process import recording_at
from callytics.options.checks import checked, with_format_of
from callytics.result.schema.call import CallResult


@dataclass
class Job:
    """One file on its way to its result."""

    path: Path
    target: Path
    call_id: str = ""
    stages: dict[str, str] = field(default_factory=lambda: dict.fromkeys(ENGINE_STAGES, "PENDING"))
    error: str = ""


def plan(files: Sequence[Path], out: Path) -> list[Job]:
    """One job per file; two files must not write to the same result.

    Raises:
        InvalidRequestError: a file is missing, or two would write the same result.
    """
    jobs: dict[Path, Job] = {}
    for path in files:
        if not path.is_file():
            raise InvalidRequestError("file_missing", f"{path}: no such file.")
        target = out / f"{path.stem}.json"
        if target in jobs:
            raise InvalidRequestError(
                "same_result",
                f"{jobs[target].path} and {path} would both write {target}. Analyse them one by one.",
            )
        jobs[target] = Job(path, target)
    out.mkdir(parents=True, exist_ok=True)
    return list(jobs.values())


def run_remote(jobs: list[Job], options: CallOptions, client: Client, again: bool) -> bool:
    """Send all files to the running graph at once. True if any failed."""
    console = Console()
    with client:
        with progress(console, jobs):
            for job in jobs:
                _attempt(job, lambda job=job: _submit(job, client, options, again))
            for job in jobs:
                if not job.error:
                    _attempt(job, lambda job=job: _follow(job, client))
        results = [None if job.error else client.result(job.call_id) for job in jobs]
    return _finish(console, jobs, results)


def _submit(job: Job, client: Client, options: CallOptions, again: bool) -> None:
    job.call_id = client.submit(job.path, form_fields(options, again))


def _follow(job: Job, client: Client) -> None:
    def show(status: CallStatus) -> None:
        for stage in status["stages"]:
            job.stages[stage["name"]] = stage["status"]

    last = client.wait(job.call_id, show)
    if last["job_status"] not in ("COMPLETED", "PARTIAL"):
        failure = last.get("error") or {}
        raise CallyticsError(failure.get("code", "call_failed"), failure.get("message", last["job_status"]))


def form_fields(options: CallOptions, again: bool) -> dict[str, str]:
    """The form fields of POST /v1/calls."""
    fields = {
        "language": options.language,
        "agent_channel": options.agent_channel,
        "num_speakers": options.num_speakers,
        "audio_format": options.audio_format,
        "audio_sample_rate_hz": options.audio_sample_rate_hz,
        "audio_channels": options.audio_channels,
        "denoise": options.denoise,
        "hotwords": ",".join(options.hotwords) or None,
        "redact_pii": "true" if options.redact_pii else None,
        "written_forms": "true" if options.written_forms else None,
        "deduplicate": "false" if again else None,
    }
    return {name: str(value) for name, value in fields.items() if value is not None}


def run_local(jobs: list[Job], options: CallOptions, config: Path) -> bool:
    """Run the graph in this process, one file after the other. True if any failed."""
    from callytics.pipeline import InProcess

    console = Console()
    current = jobs[0]

    def show(run: StageRun) -> None:
        current.stages[run.name] = run.status.value

    analyse = InProcess(load_stages(config), show)
    results: list[CallResult | None] = []
    with progress(console, jobs):
        for job in jobs:
            current = job
            try:
                results.append(
                    analyse(recording_at(job.path), checked(with_format_of(options, job.path.name)))
                )
            except (InvalidMediaError, InvalidRequestError) as error:
                job.error = f"{error.message} [{error.code}]"
                results.append(None)
    return _finish(console, jobs, results)


def _attempt(job: Job, step: Any) -> None:
    """A file that fails does not stop the others."""
    try:
        step()
    except CallyticsError as error:
        if error.code in ("not_running", "no_answer"):
            raise
        job.error = f"{error.message} [{error.code}]"


def _finish(console: Console, jobs: list[Job], results: Sequence[CallResult | None]) -> bool:
    failed = False
    for job, result in zip(jobs, results, strict=True):
        if result is None:
            failed = True
            Console(stderr=True).print(
                f"error: {job.path.name}: {job.error}", style="red", markup=False, soft_wrap=True
            )
            continue
        temporary = job.target.with_suffix(".json.part")
        temporary.write_text(
            json.dumps(result.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        temporary.replace(job.target)
        console.print(report(result, job.path.name))
        console.print(f"result: {job.target}", markup=False, soft_wrap=True)
    return failed


@contextmanager
def progress(console: Console, jobs: list[Job]) -> Iterator[None]:
    """A live table at a terminal; otherwise one line per stage that starts or ends."""
    if console.is_terminal:
        with Live(_ProgressTable(jobs), console=console, refresh_per_second=8, transient=True):
            yield
        return
    ended = threading.Event()
    printer = threading.Thread(target=_print_changes, args=(jobs, ended), daemon=True)
    printer.start()
    try:
        yield
    finally:
        ended.set()
        printer.join()


def _print_changes(jobs: list[Job], ended: threading.Event) -> None:
    shown = {(job.path, stage): "PENDING" for job in jobs for stage in ENGINE_STAGES}
    while True:
        last = ended.wait(0.2)
        for job in jobs:
            for stage, status in list(job.stages.items()):
                if shown.get((job.path, stage)) != status:
                    shown[job.path, stage] = status
                    print(f"[{job.path.name}] {stage}: {status.lower()}", flush=True)
        if last:
            return


class _ProgressTable:
    """Redrawn by rich at every refresh: one line per file, one mark per stage."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._spinner = Spinner("dots")

    def __rich__(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        for job in self._jobs[-20:]:
            done = job.error or all(s in ("COMPLETED", "FAILED", "SKIPPED") for s in job.stages.values())
            table.add_row("" if done else self._spinner, job.path.name, stage_line(list(job.stages.items())))
        return table
