"""Batches across calls in the recogniser: the same short calls at once, with one queue for all and with one for each.

    .venv/bin/python -m benchmarks.across_calls            # prints the table of benchmarks/tried.md

Excerpts of sample/call.mp3, whisper-base in int8, one engine per setting with two threads. The settings take turns, so
what else the machine does meets both. CPU seconds say what the work costs; wall seconds also what disturbed it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from callytics.domain import Audio, CallOptions, Pcm, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.weights import manifest as models

SAMPLE = Path(__file__).parents[1] / "sample" / "call.mp3"
EXCERPTS_S = ((0.0, 16.0), (16.0, 32.0), (32.0, 48.0), (48.0, 64.0))
THREADS = 2
OPTIONS = CallOptions(language="en")


def excerpts() -> list[Audio]:
    """Calls of 16 s with two channels."""
    whole = StandardAudioProcessor()(Recording("sample", str(SAMPLE)), CallOptions())
    return [_part(whole, start_s, end_s) for start_s, end_s in EXCERPTS_S]


def _part(whole: Audio, start_s: float, end_s: float) -> Audio:
    import numpy as np

    channels = [whole.pcm.float32(channel, start_s, end_s) for channel in range(whole.pcm.num_channels)]
    pcm = Pcm.from_array(np.stack(channels), whole.pcm.sample_rate_hz)
    return Audio(pcm, whole.media, whole.acoustics, whole.channel_indices)


def measured(engine: Any, calls: list[Audio]) -> tuple[float, float, list[Any]]:
    """Wall seconds, CPU seconds, and the transcripts."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(len(calls)) as pool:
        found = list(pool.map(lambda audio: engine(audio, OPTIONS), calls))
    return time.perf_counter() - wall_s, time.process_time() - cpu_s, found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    models.pull("whisper-base")
    calls = excerpts()
    settings = {"one for each call": False, "one for all calls": True}
    engines = {
        name: FasterWhisperRecognizer(cpu_threads=THREADS, batch_across_calls=across)
        for name, across in settings.items()
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    transcripts: list[Any] = []
    for _ in range(runs):
        for name, engine in engines.items():
            wall_s, cpu_s, found = measured(engine, calls)
            times[name].append((wall_s, cpu_s))
            transcripts.append(found)
    same = all(found == transcripts[0] for found in transcripts)
    queue = engines["one for all calls"]._recognise._read._queue
    print(f"{len(calls)} calls of 16 s at once, {runs} runs each, {THREADS} threads; the same words: {same}")
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
