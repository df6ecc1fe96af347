"""What `callytics up --observe` costs the graph: its CPU at rest and a two-minute call, with its servers and without.

    python -m benchmarks.observability                about seven minutes on two cores, with a graph of its own

One graph runs all along; Prometheus and Alertmanager are started and ended beside it, turn about, so that a machine
that gets slower meanwhile does not pass for their cost. Their own CPU is listed apart. The last line is the figure.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.calls import join
from benchmarks.command import Conditions, Runs, run
from benchmarks.graph import Graph, analyse_together, running_graph
from benchmarks.record import Record, circumstances, spread
from callytics.client import Client
from callytics.home import resources

NAME = "observability"
MAX_GROWTH = 0.03
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Turn(BaseModel):
    """One stretch at rest and one call.

    Attributes:
        rest_cores: CPU seconds of all processes of the graph a second, with no call in it.
        call_cpu_s: CPU seconds of the graph from the upload to the result.
        servers_cores: server -> CPU seconds of its process a second at rest.
    """

    rest_cores: float
    call_s: float
    call_cpu_s: float
    servers_cores: dict[str, float] = {}


class ObservabilityRecord(Record):
    rest_s: float
    call_s: float
    without: tuple[Turn, ...] = ()
    observed: tuple[Turn, ...] = ()

    def growth(self, name: str) -> float:
        """Growth of a field of the turns, median against median."""
        before, after = (
            median(float(getattr(turn, name)) for turn in turns) for turns in (self.without, self.observed)
        )
        return after / before - 1

    @property
    def figure(self) -> str:
        return (
            f"with Prometheus and Alertmanager beside it the graph at rest takes {self.growth('rest_cores'):+.1%} CPU, "
            f"a call of {self.call_s:.0f} s {self.growth('call_s'):+.1%} time and {self.growth('call_cpu_s'):+.1%} CPU "
            f"(target {MAX_GROWTH:.0%} at most)"
        )


@app.command(help=__doc__)
def main(
    runs: Runs = 3,
    conditions: Conditions = "",
    rest_s: Annotated[float, typer.Option(min=1.0, help="How long each rest is measured.")] = 60.0,
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of the call.")] = 2.0,
) -> None:
    from deployments.operations import observers

    for server in (observers.PROMETHEUS, observers.ALERTMANAGER):
        if observers.program(server) is None:
            raise SystemExit(f"{server.name} is not installed: {server.how_to_install}")
    into = record.folder()
    without, observed = [], []
    with running_graph() as graph, graph.client() as client:
        for _ in range(runs):
            without.append(_turn(graph, client, rest_s, minutes, {}))
            with _servers(graph) as pids:
                observed.append(_turn(graph, client, rest_s, minutes, pids))
    measured = ObservabilityRecord(
        conditions=conditions,
        rest_s=rest_s,
        call_s=60.0 * minutes,
        without=tuple(without),
        observed=tuple(observed),
    )
    record.save(NAME, measured, into)
    print(measured.figure)


@contextmanager
def _servers(graph: Graph) -> Iterator[dict[str, int]]:
    """Prometheus and Alertmanager beside the graph; server -> pid."""
    from deployments.operations import observers, runs

    running = runs.running(graph.home)
    if running is None:
        raise SystemExit("The graph has ended.")
    urls = {server.name: f"http://127.0.0.1:{_free_port()}" for server in observers.SERVERS}
    files = resources.project_file(resources.OBSERVABILITY)
    observers.start(
        observers.Observation(running.run_id, graph.home, files, Path(running.temp_dir), running.url, urls),
        lambda what, state, detail: None,
    )
    try:
        yield {_program(pid): pid for pid in observers.processes(running.run_id)}
    finally:
        observers.end(running.run_id)


def _turn(graph: Graph, client: Client, rest_s: float, minutes: float, servers: dict[str, int]) -> Turn:
    pids = graph.processes()
    before, servers_before, start = (
        cpu_s(pids),
        {name: cpu_s([pid]) for name, pid in servers.items()},
        time.monotonic(),
    )
    time.sleep(rest_s)
    took_s = time.monotonic() - start
    rest_cores = used_s(before, cpu_s(pids)) / took_s
    servers_cores = {
        name: used_s(servers_before[name], cpu_s([pid])) / took_s for name, pid in servers.items()
    }
    with tempfile.TemporaryDirectory() as scratch:
        call = join(Path(scratch), minutes, uuid.uuid4().hex)
        before = cpu_s(pids)
        (finished,) = analyse_together(client, [call], 1, lambda count: None)
    turn = Turn(
        rest_cores=rest_cores,
        call_s=finished.wall_s,
        call_cpu_s=used_s(before, cpu_s(pids)),
        servers_cores=servers_cores,
    )
    print(f"{'with' if servers else 'without'} the servers: {turn}")
    return turn


def cpu_s(pids: list[int], with_ended: bool = False) -> dict[int, float]:
    """Pid -> CPU seconds so far, of those that live.

    Args:
        with_ended: and of their children that have ended.
    """
    ticks = os.sysconf("SC_CLK_TCK")
    found = {}
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it just ended
        found[pid] = sum(map(int, fields[11 : 15 if with_ended else 13])) / ticks
    return found


def used_s(before: dict[int, float], after: dict[int, float]) -> float:
    return sum(after[pid] - before[pid] for pid in after.keys() & before.keys())


def _program(pid: int) -> str:
    return Path(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()).name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## What monitoring costs\n\n"
    measured = record.load(NAME, ObservabilityRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.observability`).\n"
    rows = "".join(
        f"| {what} | {_spread(measured.without, name)} | {_spread(measured.observed, name)} |\n"
        for what, name in (
            (f"graph at rest over {measured.rest_s:.0f} s, cores", "rest_cores"),
            (f"call of {measured.call_s:.0f} s, seconds", "call_s"),
            (f"call of {measured.call_s:.0f} s, CPU seconds of the graph", "call_cpu_s"),
        )
    )
    servers = "".join(
        f"| {name} at rest, cores | | {median(turn.servers_cores[name] for turn in measured.observed):.3f} |\n"
        for name in measured.observed[0].servers_cores
    )
    command = "python -m benchmarks.observability"
    return (
        f"{title}{circumstances(measured, command, len(measured.observed))}\n**{measured.figure}**\n\n"
        "One graph; Prometheus and Alertmanager are started and ended beside it, turn about. "
        "Median (least to most).\n\n"
        f"| | without | with `--observe` |\n| --- | --- | --- |\n{rows}{servers}"
    )


def _spread(turns: tuple[Turn, ...], name: str) -> str:
    return spread([getattr(turn, name) for turn in turns])


if __name__ == "__main__":
    run(app)
