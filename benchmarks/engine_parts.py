"""Where the engines' CPU seconds go: each stage, and its parts, on the calls of `benchmarks.beside_plain`.

    python -m benchmarks.engine_parts                 two to three minutes on a quiet machine

In process, without Ray: one call after the other, one stage after the other, engines with one thread. So CPU seconds
of the process are those of the part at work, whichever thread computes it. A part counts what it does itself, not what
another part does within it.
"""

from __future__ import annotations

import functools
import importlib
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from benchmarks import record
from benchmarks.calls import compose
from benchmarks.command import Conditions, run
from benchmarks.in_process import StageAfterStage
from benchmarks.record import Record, circumstances
from callytics import settings
from callytics.config import ENGINE_STAGES

NAME = "engine-parts"
RECOGNITION = "callytics.engines.recognition"
DIARIZATION = "callytics.engines.diarization"
PARTS = {
    ("speech-recognizer", "voice activity"): (f"{RECOGNITION}.speech:SpeechDetector.__call__",),
    ("speech-recognizer", "spectrogram"): ("faster_whisper.feature_extractor:FeatureExtractor.__call__",),
    ("speech-recognizer", "encoder"): ("faster_whisper:WhisperModel.encode",),
    ("speech-recognizer", "language"): (
        f"{RECOGNITION}.decoding:Decoder.stretch_probabilities",
        f"{RECOGNITION}.decoding:Decoder.language_probabilities",
    ),
    ("speech-recognizer", "decoder"): (f"{RECOGNITION}.decoding:Decoder.decode",),
    ("speech-recognizer", "word times"): (f"{RECOGNITION}.decoding:Decoder._alignments",),
    ("speaker-diarizer", "segmentation"): (f"{DIARIZATION}.segmentation:Segmenter.__call__",),
    ("speaker-diarizer", "features of voices"): (f"{DIARIZATION}.pieces:log_mel_filter_bank",),
    ("speaker-diarizer", "voices"): (f"{DIARIZATION}.embedding:Embedder.several",),
    ("speaker-diarizer", "changes of voice"): (f"{DIARIZATION}.onnx:candidate_changes",),
}
"""Stage and part: the functions that do it."""
AGAIN = "read again (halves, strict)"
"""All parts of the recogniser, for windows whose first text looked wrong."""
AGAIN_IN = (f"{RECOGNITION}.readings:WindowReader._halves", f"{RECOGNITION}.readings:WindowReader._strictly")
REST = "rest"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class PartTime(BaseModel):
    stage: str
    part: str
    cpu_s: float
    times: int


class EnginePartsRecord(Record):
    audio_s: float
    num_calls: int
    stages: dict[str, float]
    parts: tuple[PartTime, ...]

    @property
    def figure(self) -> str:
        total_s = sum(self.stages.values())
        told = ", ".join(f"{stage} {cpu_s:.1f}" for stage, cpu_s in self.stages.items())
        return f"{total_s:.1f} CPU seconds of the engines for {self.audio_s:.0f} s of audio: {told}"


class Stopwatch:
    """CPU seconds of the process, each to the part that was entered last and has not ended."""

    def __init__(self) -> None:
        self.cpu_s: defaultdict[tuple[str, str], float] = defaultdict(float)
        self.times: Counter[tuple[str, str]] = Counter()
        self._at_work: list[tuple[str, str]] = []
        self._again = 0
        self._last_s = time.process_time()

    def timed(self, function: Callable[..., Any], part: tuple[str, str]) -> Callable[..., Any]:
        @functools.wraps(function)
        def measured(*arguments: Any, **options: Any) -> Any:
            with self._within(part):
                return function(*arguments, **options)

        return measured

    def read_again(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def measured(*arguments: Any, **options: Any) -> Any:
            self._again += 1
            try:
                return function(*arguments, **options)
            finally:
                self._again -= 1

        return measured

    @contextmanager
    def _within(self, part: tuple[str, str]) -> Iterator[None]:
        if self._again and part[0] == "speech-recognizer":
            part = (part[0], AGAIN)
        self._note()
        self._at_work.append(part)
        self.times[part] += 1
        try:
            yield
        finally:
            self._note()
            self._at_work.pop()

    def _note(self) -> None:
        now_s = time.process_time()
        if self._at_work:
            self.cpu_s[self._at_work[-1]] += now_s - self._last_s
        self._last_s = now_s


@app.command(help=__doc__)
def main(
    conditions: Conditions = "",
    num_calls: Annotated[int, typer.Option("--calls", min=1)] = 10,
) -> None:
    os.environ[settings.CPU_THREADS] = "1"
    into = record.folder()
    analyse_call = StageAfterStage()
    stopwatch = Stopwatch()
    stages: defaultdict[str, float] = defaultdict(float)
    with tempfile.TemporaryDirectory(prefix="callytics-") as folder, patched(stopwatch):
        calls = compose(Path(folder), num_calls, "parts")
        for call in calls:
            _, of_call = analyse_call(call.path)
            for stage, one in of_call.items():
                stages[stage] += one.cpu_s
    measured = EnginePartsRecord(
        conditions=conditions,
        audio_s=sum(call.audio_s for call in calls),
        num_calls=num_calls,
        stages={stage: stages[stage] for stage in ENGINE_STAGES if stage in stages},
        parts=tuple(
            PartTime(stage=stage, part=part, cpu_s=cpu_s, times=stopwatch.times[stage, part])
            for (stage, part), cpu_s in sorted(stopwatch.cpu_s.items(), key=lambda item: -item[1])
        ),
    )
    record.save(NAME, measured, into)
    print(table(measured))
    print(measured.figure)


@contextmanager
def patched(stopwatch: Stopwatch) -> Iterator[None]:
    """The functions of PARTS with a stopwatch around them, while this lasts."""
    before = []
    try:
        for part, names in PARTS.items():
            for name in names:
                before.append(_replaced(name, functools.partial(stopwatch.timed, part=part)))
        for name in AGAIN_IN:
            before.append(_replaced(name, stopwatch.read_again))
        yield
    finally:
        for owner, attribute, function in reversed(before):
            setattr(owner, attribute, function)


def _replaced(name: str, wrap: Callable[[Any], Any]) -> tuple[Any, str, Any]:
    module, _, path = name.partition(":")
    *owners, attribute = path.split(".")
    owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
    function = getattr(owner, attribute)
    setattr(owner, attribute, wrap(function))
    return owner, attribute, function


def table(measured: EnginePartsRecord) -> str:
    lines = ["| stage | part | CPU seconds | times |", "| --- | --- | --- | --- |"]
    for stage, cpu_s in sorted(measured.stages.items(), key=lambda item: -item[1]):
        parts = [part for part in measured.parts if part.stage == stage]
        lines.append(f"| **{stage}** | | **{cpu_s:.1f}** | |")
        lines += [f"| | {part.part} | {part.cpu_s:.1f} | {part.times} |" for part in parts]
        if parts:
            lines.append(f"| | {REST} | {cpu_s - sum(part.cpu_s for part in parts):.1f} | |")
    return "\n".join(lines) + "\n"


def section(source: Path) -> str:
    """The section of docs/performance.md."""
    title = "## Where the engines' time goes\n\n"
    measured = record.load(NAME, EnginePartsRecord, source)
    if measured is None:
        return f"{title}Not measured (`python -m benchmarks.engine_parts`).\n"
    return (
        f"{title}{circumstances(measured, 'python -m benchmarks.engine_parts', 1)}\n"
        f"**{measured.figure}**\n\n"
        f"{measured.num_calls} calls of {measured.audio_s:.0f} s together, those of the comparison with plain "
        "faster-whisper; in process, one after the other, engines with one thread. A part counts what it does itself; "
        "parts below a tenth of a second are told as well.\n\n"
        f"{table(measured)}"
    )


if __name__ == "__main__":
    run(app)
