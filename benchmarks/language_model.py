"""Seconds, processor seconds, tokens and memory that a language model in the graph takes for a call.

    python -m benchmarks.language_model              some minutes on two cores; needs `callytics models pull local`

The model runs as llm-server has it (its engine, its environment), in a process of its own, and llm-analyzer's engine
asks it about written calls (evaluation/dialogues, split `choose`): the first of each language. Wall time is that of the
machine as it was; processor seconds do not depend on what else it did.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.command import Conditions, run
from benchmarks.record import PROJECT, Record, circumstances
from callytics import settings
from callytics.weights import manifest as models
from deployments.operations.environments import build_environment

NAME = "language-model"
ENVIRONMENT = "cpu/llm-server"
app = typer.Typer(add_completion=False, rich_markup_mode=None)

CHILD = """\
import asyncio, json, sys, time

import httpx

from callytics.engines.analysis import endpoints
from callytics.engines.analysis.choosing import QUESTIONS, ChoosingAnalyzer
from callytics.language_model.llama import LlamaServer
from evaluation.dialogues import read_dialogues
from evaluation.meaning.reading import conversation_of

model, threads, calls, call_timeout_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])


def memory_mb(name):
    lines = open("/proc/self/smaps_rollup").read().splitlines()[1:]
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


without_mb = memory_mb("Pss")
start = time.monotonic()
server = LlamaServer(model=model, threads=threads)
opened_s = time.monotonic() - start
timings = []


class InProcess(httpx.BaseTransport):
    def handle_request(self, request):
        within_s = request.extensions["timeout"]["read"]
        answer = asyncio.run(server.request(request.method, request.url.path, request.read(), within_s))
        timings.append(json.loads(answer.body).get("timings", {}))
        return httpx.Response(answer.status, content=answer.body, request=request)


endpoints.provide(lambda name: InProcess())
engine = ChoosingAnalyzer(
    model=model, endpoint="llm-server", questions=QUESTIONS, only_in_doubt=False, call_timeout_s=call_timeout_s
)
for language in ("ko", "en"):
    for call in read_dialogues("choose", language)[:calls]:
        timings.clear()
        conversation = conversation_of(call, roles=True)
        before = time.monotonic(), time.process_time()
        summary = engine(conversation)
        wall_s, cpu_s = time.monotonic() - before[0], time.process_time() - before[1]
        print(json.dumps(dict(
            language=language, call=call["id"], turns=len(call["turns"]), wall_s=wall_s, cpu_s=cpu_s,
            questions=summary.usage.requests, input_tokens=summary.usage.input_tokens,
            output_tokens=summary.usage.output_tokens,
            computed_tokens=sum(t.get("prompt_n", 0) for t in timings),
            prompt_s=sum(t.get("prompt_ms", 0) for t in timings) / 1000,
            answer_s=sum(t.get("predicted_ms", 0) for t in timings) / 1000,
            is_fallback=any(flag.code == "analysis_fallback" for flag in summary.flags),
            opened_s=opened_s, pss_mb=memory_mb("Pss") - without_mb, private_mb=memory_mb("Private_Dirty"),
        )), flush=True)
"""


class CallRun(BaseModel):
    """``computed_tokens``: of the prompts, those that were not in llama.cpp's cache. ``prompt_s``, ``answer_s``: of
    llama.cpp's own clock. ``pss_mb``: with the file of the model, which is mapped; ``private_mb``: without it."""

    language: str
    call: str
    turns: int
    wall_s: float
    cpu_s: float
    questions: int
    input_tokens: int
    output_tokens: int
    computed_tokens: int
    prompt_s: float
    answer_s: float
    is_fallback: bool
    opened_s: float
    pss_mb: float
    private_mb: float


class LanguageModelRecord(Record):
    model: str
    threads: int
    runs: tuple[CallRun, ...] = ()

    @property
    def figure(self) -> str:
        cpu_s = [one.cpu_s for one in self.runs]
        return (
            f"{self.model}: {median(cpu_s):.0f} processor seconds for a call ({min(cpu_s):.0f} to {max(cpu_s):.0f}), "
            f"{max(one.pss_mb for one in self.runs) / 1000:.1f} GB of memory"
        )


@app.command(help=__doc__)
def main(
    model: Annotated[str, typer.Option(help="A language model of `callytics models list`.")] = "local",
    threads: Annotated[int, typer.Option(min=0, help="0: all cores.")] = 0,
    calls: Annotated[int, typer.Option(min=1, help="Per language.")] = 1,
    call_timeout: Annotated[float, typer.Option(min=1, help="Seconds for the questions of a call.")] = 900.0,
    conditions: Conditions = "",
) -> None:
    into = record.folder()
    name = models.get_model(model).name
    models.locate(name)
    measured = LanguageModelRecord(model=name, threads=threads or os.cpu_count() or 1, conditions=conditions)
    python = (
        build_environment(ENVIRONMENT, PROJECT / "runtime_envs", settings.home().absolute())
        / "bin"
        / "python"
    )
    arguments = [name, str(threads), str(calls), str(call_timeout)]
    with subprocess.Popen(
        [str(python), "-c", CHILD, *arguments],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            one = CallRun(**json.loads(line))
            measured = measured.model_copy(update={"runs": (*measured.runs, one)})
            record.save(NAME, measured, into)
            print(f"{one.call}: {one.wall_s:.0f} s, {one.cpu_s:.0f} processor seconds, {one.pss_mb:.0f} MB")
    if child.returncode:
        raise SystemExit(f"the model's process ended with {child.returncode}")
    print(section(into))
    print(measured.figure)


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## A language model in the graph\n\n"
    measured = record.load(NAME, LanguageModelRecord, source)
    if measured is None or not measured.runs:
        return f"{title}Not measured (`python -m benchmarks.language_model`).\n"
    first = measured.runs[0]
    rows = "".join(_row(one) for one in measured.runs)
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.language_model', len(measured.runs))}\n"
        f"**{measured.figure}**\n\n"
        f"`callytics up --llm local`: {measured.model} on {measured.threads} thread"
        f"{'s' * (measured.threads != 1)}, ready {first.opened_s:.0f} s after its start. It takes "
        f"{max(one.private_mb for one in measured.runs):.0f} MB for itself, and the file of the model, which the "
        "kernel may drop and read again. A written call each, all four questions asked; the transcript is computed "
        "once for all of them. Rates are of llama.cpp's own clock on the machine as it was.\n\n"
        "| call | turns | questions | tokens in (computed) | tokens out | wall s | processor s | prompt tokens/s "
        "| answer tokens/s |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        f"{rows}"
    )


def _row(one: CallRun) -> str:
    return (
        f"| {one.call} | {one.turns} | {one.questions} | {one.input_tokens} ({one.computed_tokens}) | "
        f"{one.output_tokens} | "
        f"{one.wall_s:.0f} | {one.cpu_s:.0f} | {one.computed_tokens / max(one.prompt_s, 1e-9):.1f} | "
        f"{one.output_tokens / max(one.answer_s, 1e-9):.1f} |\n"
    )


if __name__ == "__main__":
    run(app)
