"""Reads windows: several at a time, each once, and again only if the text looks wrong.

    a batch of windows        one search
    loops or missing text     the window in halves; finally with a penalty on repetition; the best is used

The halves of all windows are batches again, so no worker waits until another has read a difficult window.

There is no sampling, unlike in Whisper's fallback to higher temperatures: the same call always gives the same text.
Reading every window in several ways and voting was tried and did not help: docs/adr/0010.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from callytics.domain import Pcm, Task
from callytics.engines.recognition.decoding import Decoded, Search
from callytics.engines.recognition.hallucination import badness, suspicious
from callytics.engines.recognition.speech import Window
from callytics.engines.recognition.spoken import Probabilities, Spoken, in_languages

T = TypeVar("T")
Result = TypeVar("Result")

STRICT_REPETITION_PENALTY = 1.2
STRICT_NGRAM_SIZE = 4

ENCODING_S = 10.0
"""Encoding a window of any length takes as long as decoding this many seconds of speech (Whisper base, CPU)."""


class WindowDecoder(Protocol):
    """Whisper, run window by window: decoding.py and transformers_decoding.py."""

    def encode(self, pcm: Pcm, windows: Sequence[Window]) -> Any:
        """Output of the encoder for a batch."""

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        """Language code -> probability, for each window of a batch."""

    def stretch_probabilities(self, encoded: Any, windows: Sequence[Window]) -> list[list[dict[str, float]]]:
        """Language code -> probability, for each stretch of each window of a batch; empty for a short stretch."""

    def rows(self, encoded: Any, rows: Sequence[int]) -> Any:
        """The encoder output of some windows of a batch."""

    def decode(
        self,
        pcm: Pcm,
        windows: Sequence[Window],
        language: str,
        hotwords: str | None,
        search: Search,
        encoded: Any = None,
    ) -> list[Decoded]:
        """The text of each window of a batch; ``encoded`` is the output of :meth:`encode` for it, if it is known."""


@dataclass(frozen=True)
class Speech:
    """The facts known before the first word."""

    pcm: Pcm
    language: str
    hotwords: str | None
    task: Task = Task.TRANSCRIBE
    spoken: Spoken | None = None  # None: everything is in ``language``


@dataclass(frozen=True)
class Batch:
    """Windows that are decoded together, and what was found out about them before."""

    windows: Sequence[Window]
    encoded: Any = None
    stretches: Sequence[Sequence[Probabilities]] | None = None


class WindowReader:
    """Decodes the windows of a call in batches. Safe to call from several threads if the decoder is.

    Args:
        batch_size: maximum number of windows per batch.
        num_workers: number of batches decoded at the same time.
    """

    def __init__(
        self, decoder: WindowDecoder, search: Search, batch_size: int = 8, num_workers: int = 1
    ) -> None:
        self._decoder = decoder
        self._search = search
        self._strict = replace(
            search, repetition_penalty=STRICT_REPETITION_PENALTY, no_repeat_ngram_size=STRICT_NGRAM_SIZE
        )
        self._batch_size = batch_size
        self._num_workers = num_workers

    def batches(self, windows: Sequence[Window]) -> list[Batch]:
        """Enough batches to keep all workers busy, with about equal work; windows of similar length share a batch."""
        num_batches = math.ceil(len(windows) / self._batch_size / self._num_workers) * self._num_workers
        share_s = sum(map(_work_s, windows)) / max(1, num_batches)
        batches: list[list[Window]] = []
        begin_s = 0.0
        for window in sorted(windows, key=lambda window: -window.duration_s):
            middle_s = begin_s + _work_s(window) / 2
            if middle_s >= len(batches) * share_s or len(batches[-1]) == self._batch_size:
                batches.append([])
            batches[-1].append(window)
            begin_s += _work_s(window)
        return [Batch(tuple(batch)) for batch in batches]

    def encoded(self, pcm: Pcm, windows: Sequence[Window]) -> list[Batch]:
        """Batches of the windows with their encoder output: 3 MB per window with Whisper base, so only for a few."""
        return self._at_once(lambda batch: self._heard(pcm, batch), self.batches(windows))

    def _heard(self, pcm: Pcm, batch: Batch) -> Batch:
        if batch.stretches is not None:
            return batch
        encoded = self._decoder.encode(pcm, batch.windows)
        stretches = self._decoder.stretch_probabilities(encoded, batch.windows)
        return replace(batch, encoded=encoded, stretches=stretches)

    def __call__(self, speech: Speech, batches: Sequence[Batch]) -> list[Decoded]:
        """The text of each window, in the order of the batches; a window may be returned in parts."""
        readings = self._readings(speech, batches)
        hopeless = [window for window, found in readings.items() if all(map(_looks_wrong, found))]
        for strict in self._decode(speech, self.batches(hopeless), self._strict):
            readings[strict.window].append([strict])
        return [part for found in readings.values() for part in _best(found)]

    def _readings(self, speech: Speech, batches: Sequence[Batch]) -> dict[Window, list[list[Decoded]]]:
        """Per window: its text, and the text of its halves if the first text looked wrong."""
        if speech.spoken:
            first = self._decode_in_languages(speech, speech.spoken, batches)
        else:
            first = self._decode(speech, batches, self._search)
        readings = {one.window: [[one]] for one in first}
        in_halves = {
            window: parts
            for window, (one,) in readings.items()
            if _looks_wrong(one) and len(parts := window.halves()) > 1
        }
        if in_halves:
            halves = [half for of_window in in_halves.values() for half in of_window]
            of_halves = self._readings(replace(speech, spoken=None), self.batches(halves))
            for window, of_window in in_halves.items():
                readings[window].append([part for half in of_window for part in _best(of_halves[half])])
        return readings

    def _decode_in_languages(self, speech: Speech, spoken: Spoken, batches: Sequence[Batch]) -> list[Decoded]:
        """The batches, each window in its language; windows that change their language are cut, encoded again and
        decoded at the end."""

        def decode(batch: Batch) -> tuple[list[Decoded], list[Window]]:
            heard = self._heard(speech.pcm, batch)
            parts = [
                in_languages(window, stretches, spoken)
                for window, stretches in zip(heard.windows, heard.stretches or (), strict=True)
            ]
            whole = {row: of_window[0] for row, of_window in enumerate(parts) if len(of_window) == 1}
            kept = heard.encoded
            if len(whole) < len(parts):
                kept = self._decoder.rows(kept, list(whole)) if whole else None
            decoded = self._decode_batch(
                speech, Batch(tuple(whole.values()), kept), replace(self._search, task=speech.task)
            )
            return decoded, [part for of_window in parts if len(of_window) > 1 for part in of_window]

        done = self._at_once(decode, batches)
        cut = [part for _, parts in done for part in parts]
        return [
            *(one for of_batch, _ in done for one in of_batch),
            *self._decode(speech, self.batches(cut), self._search),
        ]

    def _decode(self, speech: Speech, batches: Sequence[Batch], search: Search) -> list[Decoded]:
        search = replace(search, task=speech.task)
        done = self._at_once(lambda batch: self._decode_batch(speech, batch, search), batches)
        return [one for of_batch in done for one in of_batch]

    def _decode_batch(self, speech: Speech, batch: Batch, search: Search) -> list[Decoded]:
        """A batch of one language; a batch of several is decoded language by language."""
        languages = dict.fromkeys(window.language or speech.language for window in batch.windows)
        found: dict[int, Decoded] = {}
        for language in languages:
            rows = [
                row
                for row, window in enumerate(batch.windows)
                if (window.language or speech.language) == language
            ]
            encoded = batch.encoded
            if encoded is not None and len(rows) < len(batch.windows):
                encoded = self._decoder.rows(encoded, rows)
            decoded = self._decoder.decode(
                speech.pcm, [batch.windows[row] for row in rows], language, speech.hotwords, search, encoded
            )
            found |= dict(zip(rows, decoded, strict=True))
        return [found[row] for row in sorted(found)]

    def _at_once(self, function: Callable[[T], Result], items: Sequence[T]) -> list[Result]:
        """``function`` of every item, in order. Each call has its own threads, so a long call does not delay others."""
        if self._num_workers == 1 or len(items) < 2:
            return [function(item) for item in items]
        with ThreadPoolExecutor(self._num_workers) as pool:
            return list(pool.map(function, items))


def _work_s(window: Window) -> float:
    return ENCODING_S + window.duration_s


def _best(readings: Sequence[list[Decoded]]) -> list[Decoded]:
    return min(readings, key=badness)


def _looks_wrong(reading: Sequence[Decoded]) -> bool:
    return any(map(suspicious, reading))
