"""Batches across calls in the recogniser: the same short calls at once, with one queue for all and with one for each.

    .venv/bin/python -m benchmarks.across_calls                          # prints the table of benchmarks/tried.md
    .venv/bin/python -m benchmarks.across_calls --calls 10 --runs 1      # the calls of benchmarks.beside_plain

Excerpts of sample/call.mp3 that come all at once, or composed calls of one to three minutes. A queue for each composed
call works on two of them, one queue for all on three: the CPU configuration before it had that queue, and since.
whisper-base in int8, one engine per setting with two threads. The settings take turns, so what else the machine does
meets both. CPU seconds say what the work costs; wall seconds also what disturbed it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.calls import compose
from callytics.domain import Audio, CallOptions, Pcm, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.weights import manifest as models

SAMPLE = Path(__file__).parents[1] / "sample" / "call.mp3"
EXCERPTS_S = ((0.0, 16.0), (16.0, 32.0), (32.0, 48.0), (48.0, 64.0))
THREADS = 2
OPTIONS = CallOptions(language="en")
SETTINGS = {"one for each call": False, "one for all calls": True}
AT_WORK = {"one for each call": 2, "one for all calls": 3}
"""Composed calls at once."""


def excerpts() -> list[Audio]:
    """Calls of 16 s with two channels."""
    whole = StandardAudioProcessor()(Recording("sample", str(SAMPLE)), CallOptions())
    return [_part(whole, start_s, end_s) for start_s, end_s in EXCERPTS_S]


def _part(whole: Audio, start_s: float, end_s: float) -> Audio:
    import numpy as np

    channels = [whole.pcm.float32(channel, start_s, end_s) for channel in range(whole.pcm.num_channels)]
    pcm = Pcm.from_array(np.stack(channels), whole.pcm.sample_rate_hz)
    return Audio(pcm, whole.media, whole.acoustics, whole.channel_indices)


def composed(num_calls: int) -> list[Audio]:
    """Calls of one to three minutes, half of them with two channels."""
    process = StandardAudioProcessor()
    with TemporaryDirectory(prefix="callytics-") as folder:
        calls = compose(Path(folder), num_calls, "across calls")
        return [process(Recording(call.name, str(call.path)), CallOptions()) for call in calls]


def measured(
    engine: Any, calls: list[Audio], options: CallOptions, at_work: int
) -> tuple[float, float, list[Any]]:
    """Wall seconds, CPU seconds, and the transcripts."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(at_work) as pool:
        found = list(pool.map(lambda audio: engine(audio, options), calls))
    return time.perf_counter() - wall_s, time.process_time() - cpu_s, found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--calls", type=int, default=0, help="composed calls; 0: the excerpts")
    arguments = parser.parse_args()
    runs = arguments.runs
    models.pull("whisper-base")
    calls = composed(arguments.calls) if arguments.calls else excerpts()
    options = CallOptions() if arguments.calls else OPTIONS
    batch_size = 4 if arguments.calls else 8
    engines = {
        name: FasterWhisperRecognizer(
            cpu_threads=THREADS,
            batch_across_calls=across,
            batch_size=batch_size,
            likely_languages=("ko", "en"),
        )
        for name, across in SETTINGS.items()
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    transcripts: list[Any] = []
    for _ in range(runs):
        for name, engine in engines.items():
            at_work = AT_WORK[name] if arguments.calls else len(calls)
            wall_s, cpu_s, found = measured(engine, calls, options, at_work)
            times[name].append((wall_s, cpu_s))
            transcripts.append(found)
    _print(arguments, len(calls), engines, times, all(found == transcripts[0] for found in transcripts))


def _print(
    arguments: argparse.Namespace,
    num_calls: int,
    engines: Mapping[str, FasterWhisperRecognizer],
    times: Mapping[str, Sequence[tuple[float, float]]],
    same: bool,
) -> None:
    queue = engines["one for all calls"]._recognise._read._queue
    kind = "composed calls" if arguments.calls else "calls of 16 s at once"
    print(f"{num_calls} {kind}, {arguments.runs} runs each, {THREADS} threads; the same words: {same}")
    if queue is not None:
        print(f"windows per batch across calls: {queue.fill.pieces / queue.fill.batches:.1f}\n")
    print("| queue | wall (s) | CPU (s), median | CPU (s), each run |\n| --- | --- | --- | --- |")
    for name, of_name in times.items():
        wall_s = statistics.median(wall for wall, _ in of_name)
        cpu = [cpu_s for _, cpu_s in of_name]
        each = ", ".join(f"{cpu_s:.1f}" for cpu_s in cpu)
        print(f"| {name} | {wall_s:.1f} | {statistics.median(cpu):.1f} | {each} |")


if __name__ == "__main__":
    main()
