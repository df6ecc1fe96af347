"""Fairness: calls of one minute beside one long call, against the same number of them alone.

    python -m benchmarks.fairness                     a call of 60 minutes, twenty of one minute; a graph of its own
    python -m benchmarks.fairness --minutes 180       three hours of stereo

Twenty calls of one minute are submitted together and timed; then the long call, and as soon as it is in the recogniser
twenty others of the same kind. A recogniser that takes all windows of one call first would let the short ones wait for
the whole of the long one. The long call is deleted when the short ones have ended, unless it is to be waited for.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.calls import Call, join
from benchmarks.command import Conditions, run
from benchmarks.graph import FinishedCall, Graph, analyse_together, running_graph
from benchmarks.record import Record, circumstances, spread
from callytics.client import FINISHED, Client

NAME = "fairness"
MAX_RATIO = 3.0
SHORT_MINUTES = 1.0
STAGE = "speech-recognizer"
app = typer.Typer(add_completion=False, rich_markup_mode=None)


class FairnessRun(BaseModel):
    """Seconds from the submission of the first short call to the end of each, in the order in which they ended.

    Attributes:
        long_s: from the submission of the long call to its end; None where it was not waited for.
        beside: whether the long call was at work until the last of the short ones had ended.
    """

    alone_s: tuple[float, ...]
    together_s: tuple[float, ...]
    beside: bool
    long_s: float | None = None

    @property
    def ratio(self) -> float:
        """Together over alone, for the last calls: all short ones are done."""
        return self.together_s[-1] / self.alone_s[-1]

    @property
    def worst(self) -> float:
        """The largest ratio of the n-th call that ended beside the long one to the n-th that ended without it."""
        return max(beside / alone for beside, alone in zip(self.together_s, self.alone_s, strict=True))


class FairnessRecord(Record):
    long_minutes: float
    num_short: int
    runs: tuple[FairnessRun, ...] = ()

    @property
    def figure(self) -> str:
        return (
            f"{self.num_short} calls of {SHORT_MINUTES:g} minute beside one of {self.long_minutes:g} minutes end "
            f"within {median(one.ratio for one in self.runs):.2f} times what they take alone together "
            f"(bound {MAX_RATIO:g}; the worst place in the row: {max(one.worst for one in self.runs):.2f})"
        )


@app.command(help=__doc__)
def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of the long call.")] = 60.0,
    short: Annotated[int, typer.Option(min=1, help="Number of calls of one minute.")] = 20,
    runs: Annotated[int, typer.Option("--runs", min=1)] = 1,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end of the long call too.")] = False,
    conditions: Conditions = "",
    url: Annotated[str, typer.Option(help="A running graph; default: start one.")] = "",
) -> None:
    into = record.folder()
    done = FairnessRecord(conditions=conditions, long_minutes=minutes, num_short=short)
    with running_graph(url) as graph:
        for _ in range(runs):
            done = done.model_copy(update={"runs": (*done.runs, measure(graph, minutes, short, wait))})
            record.save(NAME, done, into)
            print(table(done))
    print(done.figure)


def measure(graph: Graph, minutes: float, num_short: int, wait: bool) -> FairnessRun:
    with graph.client() as client, tempfile.TemporaryDirectory(prefix="callytics-") as scratch:
        folder = Path(scratch)
        alone = analyse_together(client, _short(folder, num_short, 0), num_short, lambda done: None)
        long = join(folder, minutes, uuid.uuid4().hex)
        begun = time.time()
        long_id = client.submit(long.path, {"deduplicate": "false"})
        _wait_for_stage(client, long_id)
        together = analyse_together(
            client, _short(folder, num_short, num_short), num_short, lambda done: None
        )
        beside = client.status(long_id)["job_status"] not in FINISHED
        if wait:
            client.wait(long_id)
            long_s: float | None = time.time() - begun
        else:
            client.delete_call(long_id)
            long_s = None
    return FairnessRun(alone_s=_ends_s(alone), together_s=_ends_s(together), beside=beside, long_s=long_s)


def _short(folder: Path, number: int, first: int) -> list[Call]:
    return [
        join(folder, SHORT_MINUTES, uuid.uuid4().hex, (first + i) * SHORT_MINUTES * 60) for i in range(number)
    ]


def _wait_for_stage(client: Client, call_id: str) -> None:
    while True:
        status = client.status(call_id)
        if status["job_status"] in FINISHED:
            raise SystemExit(f"The long call ended as {status['job_status']} before the others came.")
        if any(stage["name"] == STAGE and stage["status"] != "PENDING" for stage in status["stages"]):
            return
        time.sleep(0.5)


def _ends_s(finished: list[FinishedCall]) -> tuple[float, ...]:
    begun = min(one.submitted_at for one in finished)
    return tuple(sorted(one.completed_at - begun for one in finished))


def table(measured: FairnessRecord) -> str:
    names = {"first": 0, "half": measured.num_short // 2, "last": measured.num_short - 1}
    lines = [
        "| call that ended | alone (s) | beside the long call (s) | ratio |",
        "| --- | --- | --- | --- |",
    ]
    for name, place in names.items():
        alone = [one.alone_s[place] for one in measured.runs]
        together = [one.together_s[place] for one in measured.runs]
        ratio = [beside / without for beside, without in zip(together, alone, strict=True)]
        lines.append(f"| {name} | {spread(alone, 1)} | {spread(together, 1)} | {spread(ratio)} |")
    return "\n".join(lines) + "\n"


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## Short calls beside a long one\n\n"
    measured = record.load(NAME, FairnessRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.fairness`).\n"
    beside = sum(one.beside for one in measured.runs)
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.fairness', len(measured.runs))}\n"
        f"**{measured.figure}**\n\n"
        f"{measured.num_short} calls submitted together, then the long call and, as soon as the recogniser had it, "
        f"{measured.num_short} others. Seconds from the first submission of a short call to the end of the first, "
        f"the middle and the last of them. The long call was still at work when the last had ended in {beside} of "
        f"{len(measured.runs)} runs.\n\n{table(measured)}"
    )


if __name__ == "__main__":
    run(app)
