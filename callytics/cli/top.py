"""`callytics top`: what the graph does now, drawn again every two seconds. All of it comes from the API."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from callytics import settings
from callytics.cli.connection import UrlOption, connect, printable
from callytics.cli.errors import one_line_errors
from callytics.cli.terminal import clock
from callytics.errors import CallyticsError, ForbiddenError

if TYPE_CHECKING:
    from callytics.client import Client

REFRESH_S = 2.0
WINDOW = timedelta(minutes=5)
"""Throughput, real-time factors and errors are of the calls that ended in it."""

RECENT_CALLS = 200
"""The newest that ended: one page of the API. Where more end within the window, the window is shorter."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class StageLine:
    """``real_time_factor``: seconds of work per second of audio; None where the stage did nothing."""

    name: str
    healthy: bool
    status: str
    replicas: int
    real_time_factor: float | None
    errors: int
    note: str


@dataclass(frozen=True)
class Frame:
    """What is drawn at one moment. Numbers about every tenant are None for keys that may not read them."""

    url: str
    at: datetime
    stages: tuple[StageLine, ...]
    queued: int | None
    in_progress: int | None
    oldest_queued_s: float | None
    ended: Mapping[str, int]
    window_s: float
    audio_s: float
    gpus: tuple[str, ...] = field(default=())

    @property
    def throughput(self) -> float:
        """Seconds of audio per second."""
        return self.audio_s / self.window_s if self.window_s else 0.0


def top(
    once: Annotated[bool, typer.Option("--once", help="Print one frame, and end.")] = False,
    url: UrlOption = None,
) -> None:
    """Live view of the graph: stages, queue, throughput, errors, and the GPU of this machine. Ctrl-C ends it."""
    console = Console()
    address = settings.graph_url(url)
    with one_line_errors(), connect(url) as client:
        first = _drawn(read_frame(client, address, datetime.now(UTC)))
        if once or not console.is_terminal:
            console.print(first)
            return
        with Live(first, console=console, auto_refresh=False, screen=True) as live:
            try:
                for frame in _frames(client, address):
                    live.update(frame, refresh=True)
            except KeyboardInterrupt:
                pass


def _frames(client: Client, address: str) -> Iterator[RenderableType]:
    """A graph that does not answer for a while is drawn as that."""
    while True:
        time.sleep(REFRESH_S)
        try:
            yield _drawn(read_frame(client, address, datetime.now(UTC)))
        except CallyticsError as error:
            yield Text(f"{address}: {error.message}", style="red")


# ---------------------------------------------------------------- what is read


def read_frame(client: Client, address: str, now: datetime) -> Frame:
    """
    Raises:
        CallyticsError: the graph does not answer, or the key may not read calls.
    """
    calls = _ended_calls(client, now)
    ages = [(now - _time(call["completed_at"])).total_seconds() for call in calls]
    window_s = max(ages) if len(calls) == RECENT_CALLS else WINDOW.total_seconds()
    numbers = _numbers(client)
    with_result = [call for call in calls if call["job_status"] in ("COMPLETED", "PARTIAL")]
    return Frame(
        url=address,
        at=now,
        stages=tuple(_stage_line(stage, calls) for stage in client.stages()["stages"]),
        queued=_whole(numbers.get("QUEUED")),
        in_progress=_whole(numbers.get("IN_PROGRESS")),
        oldest_queued_s=numbers.get("oldest"),
        ended={
            status: sum(call["job_status"] == status for call in calls)
            for status in ("COMPLETED", "PARTIAL", "FAILED")
        },
        window_s=window_s,
        audio_s=sum(call["media"]["duration_ms"] for call in with_result) / 1000,
        gpus=tuple(read_gpus()) if urlsplit(address).hostname in LOOPBACK else (),
    )


def _ended_calls(client: Client, now: datetime) -> list[Any]:
    statuses = {"status": ["COMPLETED", "PARTIAL", "FAILED"]}
    calls = client.list_calls(statuses, RECENT_CALLS)["calls"]
    return [call for call in calls if call["completed_at"] and now - _time(call["completed_at"]) <= WINDOW]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _numbers(client: Client) -> dict[str, float]:
    """Figures of `GET /metrics`: calls by status, and the age of the oldest; nothing for the key of another tenant."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        text = client.metrics()
    except ForbiddenError:
        return {}
    numbers = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "callytics_calls":
                numbers[sample.labels["status"]] = sample.value
            elif sample.name == "callytics_queue_oldest_seconds":
                numbers["oldest"] = sample.value
    return numbers


def _stage_line(stage: Mapping[str, Any], calls: Sequence[Mapping[str, Any]]) -> StageLine:
    runs = [
        (run, call["media"]["duration_ms"])
        for call in calls
        for run in call["stages"]
        if run["name"] == stage["name"]
    ]
    done = [(run["duration_ms"], audio_ms) for run, audio_ms in runs if run["status"] == "COMPLETED"]
    audio_ms = sum(audio for _, audio in done)
    return StageLine(
        name=stage["name"],
        healthy=stage["healthy"],
        status=stage["status"],
        replicas=stage["replicas"],
        real_time_factor=sum(work for work, _ in done) / audio_ms if audio_ms else None,
        errors=sum(run["status"] == "FAILED" for run, _ in runs),
        note=stage["message"] or stage["last_error"],
    )


def read_gpus() -> Iterable[str]:
    """One line per GPU of this machine, by NVIDIA's own tool; none where it is missing or fails."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return
    query = "--query-gpu=index,utilization.gpu,memory.used,memory.total"
    command = [program, query, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=REFRESH_S)
    except (OSError, subprocess.SubprocessError):
        return
    for line in done.stdout.splitlines():
        index, busy, used, total = (part.strip() for part in line.split(","))
        yield f"GPU {index} {busy} %, {used} of {total} MiB"


# ---------------------------------------------------------------- how it is drawn


def _drawn(frame: Frame) -> RenderableType:
    lines = [_head(frame), _queue(frame), _speed(frame)]
    lines += [Text(printable(gpu)) for gpu in frame.gpus]
    return Group(*lines, _table(frame))


def _head(frame: Frame) -> Text:
    unhealthy = sum(not stage.healthy for stage in frame.stages)
    state = Text(f"{unhealthy} not healthy", style="red") if unhealthy else Text("healthy", style="green")
    return Text.assemble(
        ("Callytics ", "bold"), printable(frame.url), "  ", state, f"  {frame.at:%H:%M:%S} UTC", no_wrap=True
    )


def _queue(frame: Frame) -> Text:
    if frame.queued is None:
        return Text("queue: numbers over all tenants are for keys of the operator", style="dim")
    oldest = f", the oldest for {clock(round((frame.oldest_queued_s or 0) * 1000))}" if frame.queued else ""
    return Text(f"{frame.queued} calls wait{oldest}; {frame.in_progress} at work")


def _speed(frame: Frame) -> Text:
    counts = ", ".join(f"{count} {status}" for status, count in frame.ended.items())
    return Text(f"{frame.throughput:.2f} s of audio per second; in {frame.window_s / 60:.0f} min: {counts}")


def _table(frame: Frame) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("stage", no_wrap=True, max_width=26)
    table.add_column("status", no_wrap=True)
    table.add_column("replicas", justify="right")
    table.add_column("work/audio", justify="right")
    table.add_column("errors", justify="right")
    table.add_column("note", no_wrap=True, overflow="ellipsis", ratio=1)
    for stage in frame.stages:
        factor = "-" if stage.real_time_factor is None else f"{stage.real_time_factor:.3f}"
        table.add_row(
            Text(printable(stage.name)),
            Text(printable(stage.status), style="green" if stage.healthy else "red"),
            str(stage.replicas),
            factor,
            Text(str(stage.errors), style="red" if stage.errors else ""),
            Text(printable(stage.note), style="dim"),
        )
    return table
