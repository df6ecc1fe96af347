"""Batches of windows, of one call or of several: encoded together, judged for their language, decoded by language.

What shares a batch has the same prompt, parameters of the search and language of its call. A window may then turn out
to be in another language, which is decoded apart, or in two, for which it is cut and read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from callytics.domain import Pcm
from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue
from callytics.engines.recognition.decoding import Decoded, Search, Sound
from callytics.engines.recognition.speech import Window
from callytics.engines.recognition.spoken import Probabilities, Spoken, in_languages

ENCODING_S = 10.0
"""Encoding a window of any length takes as long as decoding this many seconds of speech (Whisper base, CPU)."""

LINGER_S = 0.01
"""Calls that have just got their words put in the halves of what looks wrong within a few milliseconds."""


class WindowDecoder(Protocol):
    """Whisper, run window by window: decoding.py and transformers_decoding.py."""

    def encode(self, sounds: Sequence[Sound]) -> Any:
        """Output of the encoder for a batch, which may hold windows of several calls."""

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        """Language code -> probability, for each window of a batch."""

    def stretch_probabilities(self, encoded: Any, windows: Sequence[Window]) -> list[list[dict[str, float]]]:
        """Language code -> probability, for each stretch of each window of a batch; empty for a short stretch."""

    def rows(self, encoded: Any, rows: Sequence[int]) -> Any:
        """The encoder output of some windows of a batch."""

    def joined(self, encoded: Sequence[Any]) -> Any:
        """The encoder outputs of several batches as that of one."""

    def decode(
        self, windows: Sequence[Window], language: str, hotwords: str | None, search: Search, encoded: Any
    ) -> list[Decoded]:
        """The text of each window of a batch; ``encoded`` is the output of :meth:`encode` for it."""


@dataclass(frozen=True)
class Heard:
    """What is known of a window before it is read: 3 MB with Whisper base, so only of a few."""

    window: Window
    encoded: Any
    stretches: Sequence[Probabilities]


@dataclass(frozen=True)
class Task:
    """One window to work on.

    Attributes:
        search: None: only hear it.
        language: to read it in, unless the window names its own.
        spoken: the languages that it may be in; None: it is in ``language``.
        batch_size: maximum number of windows in its batch.
    """

    pcm: Pcm
    window: Window
    batch_size: int
    search: Search | None = None
    language: str = ""
    hotwords: str | None = None
    spoken: Spoken | None = None
    heard: Heard | None = None


Answer = Heard | Decoded | list[Window]
"""A list: the window changes its language and was cut; these are to be read."""


class WindowBatches:
    """``prepare`` and ``compute`` of a BatchQueue."""

    def __init__(self, decoder: WindowDecoder) -> None:
        self._decoder = decoder

    def prepare(self, tasks: Sequence[Task]) -> tuple[Any, Sequence[Sequence[Probabilities]] | None]:
        """Encoder output of a batch, and what its stretches sound like where that is asked."""
        unknown = [row for row, task in enumerate(tasks) if task.heard is None]
        is_judged = tasks[0].search is None or tasks[0].spoken is not None
        encoded, judged = None, None
        if unknown:
            encoded = self._decoder.encode([(tasks[row].pcm, tasks[row].window) for row in unknown])
            if is_judged:
                windows = [tasks[row].window for row in unknown]
                judged = self._decoder.stretch_probabilities(encoded, windows)
        if len(unknown) == len(tasks):
            return encoded, judged
        found = {row: task.heard for row, task in enumerate(tasks) if task.heard is not None}
        for place, row in enumerate(unknown):
            of_row = self._decoder.rows(encoded, [place])
            found[row] = Heard(tasks[row].window, of_row, judged[place] if judged else ())
        heard = [found[row] for row in range(len(tasks))]
        return self._decoder.joined([one.encoded for one in heard]), [one.stretches for one in heard]

    def compute(
        self, tasks: Sequence[Task], prepared: tuple[Any, Sequence[Sequence[Probabilities]] | None]
    ) -> list[Answer]:
        encoded, stretches = prepared
        if tasks[0].search is None:
            return [
                Heard(task.window, self._decoder.rows(encoded, [row]), of_window)
                for row, (task, of_window) in enumerate(zip(tasks, stretches or (), strict=True))
            ]
        found: dict[int, Answer] = {}
        by_language: dict[str, dict[int, Window]] = {}
        for row, task in enumerate(tasks):
            parts = [task.window]
            if task.spoken is not None and stretches is not None:
                parts = in_languages(task.window, stretches[row], task.spoken)
            if len(parts) > 1:
                found[row] = parts
            else:
                by_language.setdefault(parts[0].language or task.language, {})[row] = parts[0]
        for language, windows in by_language.items():
            rows = list(windows)
            of_rows = encoded if len(rows) == len(tasks) else self._decoder.rows(encoded, rows)
            search = tasks[0].search.in_language(language)
            decoded = self._decoder.decode(
                list(windows.values()), language, tasks[0].hotwords, search, of_rows
            )
            found |= dict(zip(rows, decoded, strict=True))
        return [found[row] for row in range(len(tasks))]

    def queue(self, num_workers: int, *, overlap: bool) -> BatchQueue[Task, Answer]:
        return BatchQueue(
            self.compute,
            kind=kind_of,
            cost=lambda task: work_s(task.window),
            prepare=self.prepare,
            num_workers=num_workers,
            overlap=overlap,
            linger_s=LINGER_S if overlap else 0.0,
            name="windows",
        )


def kind_of(task: Task) -> Kind:
    language = "" if task.search is None else task.window.language or task.language
    prompt = (task.hotwords, task.window.before)
    key = (task.search, language, prompt, task.spoken is None)
    return Kind(key, task.batch_size)


def work_s(window: Window) -> float:
    return ENCODING_S + window.duration_s
