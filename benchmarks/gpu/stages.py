"""Four GPU stages on one card: each alone, then together in their shares. `python -m benchmarks.gpu.stages [--tiny]`

A process per stage, as in the graph, with the share of the card that serve_config.yaml gives its replica (torch
enforces it), does the calls of three minutes of stand_ins.py. Alone: how long a call takes. Together: all four at work
for the same time; the slowest tells how many calls the card gets through. What a stage does less than alone is what
its neighbours take. Random weights. On a CPU only with --tiny: no figure, a test that it runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu import card
from benchmarks.gpu.card import Source, watched

PROJECT = Path(__file__).resolve().parents[2]
SHARES = {
    "speaker-diarizer": 0.23,
    "speech-recognizer": 0.24,
    "punctuation-restorer": 0.11,
    "sentiment-analyzer": 0.08,
}
"""``memory_share`` of serve_config.yaml (a test compares); of the recogniser, whose CTranslate2 has no such limit, what
num_gpus leaves."""
CARD_GB = 24.0
"""The shares are of a card of this size (serve_config.yaml); on a larger one they are so many gigabytes as well."""
CALL_S = 180.0
SECONDS = 20.0


@dataclass(frozen=True)
class StageResult:
    """Attributes:
    together: with the three others at work, or alone.
    problem: why it has no figures: it did not fit, or could not be started.
    """

    stage: str
    together: bool
    calls: int
    seconds: float
    memory_gb: float | None
    busy: float | None
    problem: str = ""

    @property
    def audio_per_s(self) -> float:
        return self.calls * CALL_S / self.seconds if self.seconds else 0.0


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    if options.worker:
        return _work(options)
    torch: Any = importlib.import_module("torch")
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cpu" and not options.tiny:
        print("error: no card here. --tiny tries the same with tiny models on a CPU.")
        return 1
    source = card.source(device)
    found: list[StageResult] = []
    for stages in (*((stage,) for stage in SHARES), tuple(SHARES)):
        found += measured(stages, device, options.seconds, options.tiny, source)
    text = table(found, card_name=torch.cuda.get_device_name(device) if device.startswith("cuda") else "")
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "stages.json").write_text(json.dumps([asdict(one) for one in found], indent=1), encoding="utf-8")
    (out / "stages.md").write_text(text, encoding="utf-8")
    print(text)
    return 1 if any(one.problem for one in found) else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.stages", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="tiny models, also on a CPU: seconds")
    parser.add_argument(
        "--device", default="", help="cuda, cuda:1 or cpu; default: a card where torch sees one"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each of the five measurements")
    parser.add_argument(
        "--out", default=os.environ.get("OUT", "results"), help="folder of stages.json and .md"
    )
    parser.add_argument("--worker", default="", help=argparse.SUPPRESS)
    return parser


def measured(
    stages: Sequence[str], device: str, seconds: float, tiny: bool, source: Source | None
) -> list[StageResult]:
    """These stages at the same time, each in its process: all begin when the last is ready."""
    workers = {stage: _started(stage, device, seconds, tiny) for stage in stages}
    problems = dict.fromkeys(stages, "")
    for stage, worker in workers.items():
        line = _line(worker)
        if line != "ready":
            problems[stage] = line or f"ended with exit code {worker.wait()}"
    with watched(source) as usage:
        for stage, worker in workers.items():
            if not problems[stage]:
                _tell(worker, "go")
        answers = {stage: "" if problems[stage] else _line(worker) for stage, worker in workers.items()}
    results = []
    for stage, worker in workers.items():
        worker.wait()
        told: Mapping[str, Any] = json.loads(answers[stage]) if answers[stage].startswith("{") else {}
        results.append(
            StageResult(
                stage=stage,
                together=len(stages) > 1,
                calls=told.get("calls", 0),
                seconds=told.get("seconds", 0.0),
                memory_gb=told.get("memory_gb"),
                busy=usage.busy,
                problem=problems[stage] or told.get("problem", "" if told else answers[stage] or "no answer"),
            )
        )
    return results


def _started(stage: str, device: str, seconds: float, tiny: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.gpu.stages", "--worker", stage, "--device", device]
    command += ["--seconds", str(seconds), *(["--tiny"] if tiny else [])]
    return subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None, text=True
    )


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


def _tell(worker: subprocess.Popen[str], text: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(text + "\n")
    worker.stdin.flush()


def _work(options: argparse.Namespace) -> int:
    """One stage: gets ready, waits for the word, works, tells. Nothing else goes to standard output."""
    import time

    torch: Any = importlib.import_module("torch")
    stand_ins: Any = importlib.import_module("benchmarks.gpu.stand_ins")
    on_card = options.device.startswith("cuda")
    try:
        if on_card:
            total = torch.cuda.get_device_properties(options.device).total_memory
            share = min(1.0, SHARES[options.worker] * CARD_GB * 1e9 / total)
            torch.cuda.set_per_process_memory_fraction(share, torch.device(options.device))
        else:
            torch.set_num_threads(1)
        run = stand_ins.job(options.worker, options.device, "float16" if on_card else "float32", options.tiny)
        run()  # kernels are chosen, memory is taken
    except RuntimeError as error:  # torch.OutOfMemoryError and OutOfMemory are among them
        print(f"does not fit: {str(error).splitlines()[0]}", flush=True)
        return 1
    print("ready", flush=True)
    sys.stdin.readline()
    calls, start = 0, time.perf_counter()
    while calls == 0 or time.perf_counter() - start < options.seconds:
        run()
        calls += 1
    seconds = time.perf_counter() - start
    memory_gb = torch.cuda.max_memory_reserved(options.device) / 1e9 if on_card else None
    print(json.dumps({"calls": calls, "seconds": seconds, "memory_gb": memory_gb}), flush=True)
    return 0


def table(found: Sequence[StageResult], card_name: str) -> str:
    alone = {one.stage: one for one in found if not one.together}
    together = {one.stage: one for one in found if one.together}
    lines = [
        f"Four stages in their shares of {card_name or 'no card: the CPU, which is no figure'}; random weights, calls "
        f"of {CALL_S:.0f} s (benchmarks/gpu/stand_ins.py).\n",
        "| stage | alone: s of audio a second | busy | together | of alone | memory (GB) | of its share (GB) |",
        f"|{' --- |' * 7}",
    ]
    for stage, share in SHARES.items():
        one, four = alone[stage], together[stage]
        if one.problem or four.problem:
            lines.append(f"| {stage} | {one.problem or four.problem} | | | | | |")
            continue
        lines.append(
            f"| {stage} | {one.audio_per_s:,.0f} | {_share(one.busy)} | {four.audio_per_s:,.0f} | "
            f"{_share(four.audio_per_s / one.audio_per_s)} | {_gb(four.memory_gb)} | {share * CARD_GB:.1f} |"
        )
    whole = [four for four in together.values() if not four.problem]
    if len(whole) == len(SHARES):
        slowest = min(whole, key=lambda four: four.audio_per_s)
        lines.append(
            f"\nTogether the card was busy {_share(slowest.busy)}; {slowest.stage} is the slowest: "
            f"{slowest.audio_per_s:,.0f} s of audio a second for all four."
        )
    return "\n".join(lines) + "\n"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _gb(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(main())
