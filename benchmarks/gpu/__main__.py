"""Recognition on one card, in at most 8 minutes: `python -m benchmarks.gpu [--tiny] [--out FOLDER]`.

Needs torch and numpy; CTranslate2 too where it and transformers are installed. Neither a network nor weights. Writes
results.json and results.md after every part: what is cut off keeps what it has. For docs/performance.md put
results.json as gpu.json into $CALLYTICS_HOME/benchmark and run `python -m benchmarks.report`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.gpu import card, table
from benchmarks.gpu.contract import TINY, TURBO, Engine, NotHere, Sizes
from benchmarks.gpu.measure import MIN_S, measure_batches, measure_calls

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)
CALLS = (1, 2, 5, 10, 20, 40)
WINDOWS_PER_CALL = 8
"""A stereo call of three minutes gives as many (docs/performance.md, of the sample calls)."""
BUDGET_S = 420.0
"""Out of 480: a batch that has begun is finished, and importing torch takes time as well."""


@dataclass
class Record:
    card: str
    read_by: str
    dtype: str
    beams: int
    sizes: dict[str, Any]
    parameters: int
    torch: str
    cores: int
    measured_at: str
    batches: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    started = time.monotonic()
    try:
        torch: Any = importlib.import_module("torch")
        whisper = importlib.import_module("benchmarks.gpu.torch_whisper")
    except (ImportError, NotHere) as error:
        print(
            f"error: {error}. Run it where torch is: .callytics/envs/speech-recognizer-transformers/bin/python"
        )
        return 1
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cpu" and not options.tiny:
        print("error: no card here. On a CPU this takes hours; --tiny tries the same with a tiny model.")
        return 1
    sizes = TINY if options.tiny else TURBO
    source = card.source(device)
    record = Record(
        card=torch.cuda.get_device_name(device) if device.startswith("cuda") else "",
        read_by=source.name if source else "",
        dtype="float32" if device == "cpu" else "float16",
        beams=options.beams,
        sizes=asdict(sizes),
        parameters=whisper.parameters(sizes),
        torch=str(torch.__version__),
        cores=card.cores(),
        measured_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    run = Run(record, sizes, device, source, lambda: options.budget_s - (time.monotonic() - started), out)
    engines = _engines(whisper, sizes, device, record.dtype, options.beams)
    run.measure(engines, options.tiny)
    record.seconds = time.monotonic() - started
    run.save()
    print(table.page(asdict(record)))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument(
        "--tiny", action="store_true", help="a tiny model and few batches, also on a CPU: seconds"
    )
    parser.add_argument(
        "--device", default="", help="cuda, cuda:1 or cpu; default: a card where torch sees one"
    )
    parser.add_argument(
        "--beams", type=int, default=1, help="hypotheses per window; speech-recognizer's default is 5"
    )
    parser.add_argument(
        "--budget-s", type=float, default=BUDGET_S, help="no part begins after so many seconds"
    )
    parser.add_argument(
        "--out", default=os.environ.get("OUT", "results"), help="folder of results.json and .md"
    )
    return parser


def _engines(
    whisper: Any, sizes: Sizes, device: str, dtype: str, beams: int
) -> list[tuple[str, Callable[[], Engine]]]:
    def ctranslate2() -> Engine:
        module = importlib.import_module("benchmarks.gpu.ctranslate2_whisper")
        made: Engine = module.CTranslate2Whisper(sizes, device, dtype, beams)
        return made

    return [
        ("torch, CUDA graphs", lambda: whisper.TorchWhisper(sizes, device, dtype, beams, uses_graph=True)),
        ("torch", lambda: whisper.TorchWhisper(sizes, device, dtype, beams)),
        ("CTranslate2", ctranslate2),
    ]


@dataclass
class Run:
    record: Record
    sizes: Sizes
    device: str
    source: card.Source | None
    left_s: Callable[[], float]
    out: Path

    def measure(self, engines: list[tuple[str, Callable[[], Engine]]], tiny: bool) -> None:
        """Each engine in turn: its batches, then calls at once with the batch that was fastest. An engine has a share
        of the time that is left, so that the last is measured too."""
        for number, (name, make) in enumerate(engines):
            share_s = self.left_s() / (len(engines) - number)
            end = time.monotonic() + share_s

            def left(end: float = end) -> float:
                return end - time.monotonic()

            try:
                engine = make()
            except NotHere as error:
                self.record.left_out.append(f"{name}: {error}")
                continue
            self._measure(engine, tiny, left)
            del engine
            self.save()

    def _measure(self, engine: Engine, tiny: bool, left: Callable[[], float]) -> None:
        found = []
        batches, at_once = (BATCHES[:3], CALLS[:2]) if tiny else (BATCHES, CALLS)
        half = left() / 2
        for result in measure_batches(
            engine, self.sizes, batches, self.source, lambda: left() - half, 0.0 if tiny else MIN_S
        ):
            self._note(result, self.record.batches)
            found += [] if isinstance(result, str) else [result]
            self.save()
        if not found:
            return
        best = max(found, key=lambda result: result.audio_per_s).batch
        windows = 3 if tiny else WINDOWS_PER_CALL
        for calls in measure_calls(engine, self.sizes, at_once, windows, best, self.source, left):
            self._note(calls, self.record.calls)
            self.save()

    def _note(self, result: Any, rows: list[dict[str, Any]]) -> None:
        if isinstance(result, str):
            self.record.left_out.append(result)
        else:
            rows.append(asdict(result))
            print(f"{result.engine}: {result.audio_per_s:,.0f} s of audio a second ({result})", flush=True)

    def save(self) -> None:
        document = asdict(self.record)
        (self.out / "results.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
        (self.out / "results.md").write_text(table.page(document), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
