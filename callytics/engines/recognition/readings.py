"""How windows are read: several at a time, each once, and again only where the text looks wrong.

    a batch of windows        one search
    loops or missing text     the window in halves; at last with a penalty on repetition; the best is taken

There is no sampling, unlike Whisper's fallback to higher temperatures: the same call always gives the same text. That
every window is read in several ways and the readings vote was tried and did not help: docs/adr/0010.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from callytics.domain import Pcm
from callytics.engines.recognition.decoding import Decoded, Search
from callytics.engines.recognition.hallucination import badness, suspicious
from callytics.engines.recognition.speech import Window

T = TypeVar("T")
Result = TypeVar("Result")

STRICT_REPETITION_PENALTY = 1.2
STRICT_NGRAM_SIZE = 4


class WindowDecoder(Protocol):
    """Whisper, driven window by window: decoding.py and transformers_decoding.py."""

    def encode(self, pcm: Pcm, windows: Sequence[Window]) -> Any:
        """Output of the encoder for a batch."""

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        """Language code -> probability, for each window of a batch."""

    def decode(
        self,
        pcm: Pcm,
        windows: Sequence[Window],
        language: str,
        hotwords: str | None,
        search: Search,
        encoded: Any = None,
    ) -> list[Decoded]:
        """What was said in each window of a batch; ``encoded`` is what :meth:`encode` made of it, if it is known."""


@dataclass(frozen=True)
class Speech:
    """What is known before the first word."""

    pcm: Pcm
    language: str
    hotwords: str | None


@dataclass(frozen=True)
class Batch:
    """Windows that are decoded together, and what the encoder made of them, where it was needed before."""

    windows: Sequence[Window]
    encoded: Any = None


class WindowReader:
    """Decodes the windows of a call in batches. Safe to call from several threads if the decoder is.

    Args:
        batch_size: most windows in a batch.
        num_workers: batches decoded at the same time.
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
        """Of about the same size, and as many as keep all workers busy."""
        num_batches = math.ceil(len(windows) / self._batch_size / self._num_workers) * self._num_workers
        size = max(1, math.ceil(len(windows) / max(1, num_batches)))
        return [Batch(windows[begin : begin + size]) for begin in range(0, len(windows), size)]

    def encoded(self, pcm: Pcm, windows: Sequence[Window]) -> list[Batch]:
        """Batches of the windows with the output of the encoder: 3 MB a window with Whisper base, so a few only."""
        return self._at_once(
            lambda batch: replace(batch, encoded=self._decoder.encode(pcm, batch.windows)),
            self.batches(windows),
        )

    def __call__(self, speech: Speech, batches: Iterable[Batch]) -> list[Decoded]:
        """What was said in each window, in the order of the batches; a window may come in parts."""
        read = self._at_once(lambda batch: self._read(speech, batch), list(batches))
        return [part for parts in read for part in parts]

    def _read(self, speech: Speech, batch: Batch) -> list[Decoded]:
        found: list[Decoded] = []
        for window, readings in zip(batch.windows, self._readings(speech, batch), strict=True):
            if all(map(_looks_wrong, readings)):
                readings.append(self._decode(speech, Batch([window]), self._strict))
            found += _best(readings)
        return found

    def _readings(self, speech: Speech, batch: Batch) -> list[list[list[Decoded]]]:
        """Of each window: what was heard in it, and what was heard in its halves if that looked wrong."""
        readings = [[[one]] for one in self._decode(speech, batch, self._search)]
        for window, of_window in zip(batch.windows, readings, strict=True):
            halves = window.halves()
            if len(halves) > 1 and _looks_wrong(of_window[0]):
                of_halves = self._readings(speech, Batch(halves))
                of_window.append([part for of_half in of_halves for part in _best(of_half)])
        return readings

    def _decode(self, speech: Speech, batch: Batch, search: Search) -> list[Decoded]:
        return self._decoder.decode(
            speech.pcm, batch.windows, speech.language, speech.hotwords, search, batch.encoded
        )

    def _at_once(self, function: Callable[[T], Result], items: Sequence[T]) -> list[Result]:
        """``function`` of every item, in order; threads of this call's own, so that a long call delays no other."""
        if self._num_workers == 1 or len(items) == 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(self._num_workers) as pool:
            return list(pool.map(function, items))


def _best(readings: Sequence[list[Decoded]]) -> list[Decoded]:
    return min(readings, key=badness)


def _looks_wrong(reading: Sequence[Decoded]) -> bool:
    return any(map(suspicious, reading))
