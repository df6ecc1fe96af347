"""How often a window is read: once, and again only where that looks wrong; or, voting, in several ways at once.

With voting, what one reading hears wrong the others outvote:

    the window as it is      without and with Whisper's time tokens        one encoding, two searches
    the window in halves     the same                                      other joints, other context
    a window in one piece    without time tokens, slower and faster        in place of halves
    loops or missing text in all of these: the halves in halves; at last a penalty on repetition

Readings with loops or missing text have no vote while there are others. There is no sampling, unlike Whisper's
fallback to higher temperatures: the same call always gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple, TypeVar

from callytics.domain import Pcm
from callytics.engines.recognition.calls import WINDOW_S
from callytics.engines.recognition.consensus import Agreed, consensus, shares_of
from callytics.engines.recognition.decoding import Decoded, Decoder, Search, TimedWord
from callytics.engines.recognition.hallucination import badness, suspicious
from callytics.engines.recognition.speech import Window

T = TypeVar("T")
Reading = tuple[Decoded, ...]
"""What was decoded of one window: of the whole, or of its parts in order."""

MIN_VOTERS = 3  # two readings that differ have no majority
SPEEDS = (0.9, 1.1)
"""Of Ko et al. 2015, "Audio augmentation for speech recognition" (Interspeech), there for training."""

STRICT_REPETITION_PENALTY = 1.2
STRICT_NGRAM_SIZE = 4


class Speech(NamedTuple):
    """What is known before the first word."""

    pcm: Pcm
    language: str
    hotwords: str | None


class WindowReader:
    """Decodes the windows of a call in batches. Safe to call from several threads.

    Args:
        batch_size: windows decoded together.
        voting: every window is read in all ways and the readings vote; else it is read once, and again only where
            that looks wrong, and the best reading is taken.
    """

    def __init__(self, decoder: Decoder, search: Search, batch_size: int, voting: bool) -> None:
        self._decoder = decoder
        self._searches = [search, replace(search, timestamps=True)] if voting else [search]
        self._strict = replace(
            search, repetition_penalty=STRICT_REPETITION_PENALTY, no_repeat_ngram_size=STRICT_NGRAM_SIZE
        )
        self._batch_size = batch_size
        self._voting = voting

    def __call__(self, speech: Speech, windows: Sequence[Window]) -> Iterator[Decoded]:
        """What was said in each window, in order; a window may come in parts."""
        for batch in batches(windows, self._batch_size):
            encoded = self._decoder.encode(speech.pcm, batch)
            readings = self._readings(speech, batch, encoded, self._voting)
            for window, of_window in zip(batch, readings, strict=True):
                if all(map(_looks_wrong, of_window)):
                    of_window.append(tuple(self._decode(speech, [window], self._strict)))
            best = [min(of_window, key=badness) for of_window in readings]
            if self._voting:
                best = self._elected(speech, batch, encoded, readings, best)
            for reading in best:
                yield from reading

    def _readings(
        self, speech: Speech, windows: Sequence[Window], encoded: object, halve_all: bool
    ) -> list[list[Reading]]:
        """One reading of each window for each search, then as many of its halves where it was halved."""
        found = [self._decode(speech, windows, search, encoded) for search in self._searches]
        readings: list[list[Reading]] = [[(one,) for one in ways] for ways in zip(*found, strict=True)]
        halved = [
            i
            for i, window in enumerate(windows)
            if len(window.pieces) > 1 and (halve_all or all(map(_looks_wrong, readings[i])))
        ]
        halves = [half for i in halved for half in windows[i].halves()]
        of_halves: list[list[Reading]] = []
        for batch in batches(halves, self._batch_size):
            of_halves += self._readings(speech, batch, self._decoder.encode(speech.pcm, batch), False)
        if halve_all:
            self._read_at_other_speeds(speech, windows, readings)
        for i, left, right in zip(halved, of_halves[::2], of_halves[1::2], strict=True):
            readings[i] += [_usable(left, way) + _usable(right, way) for way in range(len(self._searches))]
        return readings

    def _read_at_other_speeds(
        self, speech: Speech, windows: Sequence[Window], readings: Sequence[list[Reading]]
    ) -> None:
        """For windows of one piece, which cannot be halved; instead of the reading with time tokens."""
        whole = [i for i, window in enumerate(windows) if len(window.pieces) == 1]
        for i in whole:
            del readings[i][1:]
        for speed in SPEEDS:
            fitting = [i for i in whole if windows[i].duration_s / speed <= WINDOW_S]
            played = [replace(windows[i], speed=speed) for i in fitting]
            for i, one in zip(fitting, self._decode(speech, played, self._searches[0]), strict=True):
                readings[i].append((one,))

    def _decode(
        self, speech: Speech, windows: Sequence[Window], search: Search, encoded: object = None
    ) -> list[Decoded]:
        if not windows:
            return []
        return self._decoder.decode(speech.pcm, windows, speech.language, speech.hotwords, search, encoded)

    def _elected(
        self,
        speech: Speech,
        windows: Sequence[Window],
        encoded: object,
        readings: Sequence[Sequence[Reading]],
        best: Sequence[Reading],
    ) -> list[Reading]:
        """The text that most readings agree on; the best reading where there are too few to vote."""
        agreed: list[list[Agreed]] = []
        for of_window, best_reading in zip(readings, best, strict=True):
            voters = [one for one in of_window if badness(one)[:2] == badness(best_reading)[:2]]
            voters = voters if len(voters) >= MIN_VOTERS else [best_reading]
            agreed.append(consensus([_text(voter) for voter in voters], speech.language))
        texts = ["".join(part.text for part in parts).strip() for parts in agreed]
        aligned = self._decoder.align(encoded, windows, texts, speech.language)
        elected: list[Reading] = []
        for one, parts, of_window, best_reading in zip(aligned, agreed, readings, best, strict=True):
            words = _confident(one.words, parts)
            one = replace(one, words=words, no_speech_prob=of_window[0][0].no_speech_prob)
            unsure = one.text == _text(best_reading) or badness([one])[:2] > badness(best_reading)[:2]
            elected.append(best_reading if unsure else (one,))
        return elected


def _confident(words: Sequence[TimedWord], agreed: Sequence[Agreed]) -> tuple[TimedWord, ...]:
    """The confidence of a word: the mean of its probability and of the share of readings that have it (Fiscus 1997,
    with equal weights). The probability alone belongs to none of the readings: what stands before a word may be
    another's."""
    shares = shares_of([word.text for word in words], agreed)
    return tuple(
        replace(word, probability=(word.probability + share) / 2)
        for word, share in zip(words, shares, strict=True)
    )


def _usable(readings: Sequence[Reading], way: int) -> Reading:
    """The reading of half a window in one way; the best of all where it looks wrong."""
    return min(readings, key=badness) if _looks_wrong(readings[way]) else readings[way]


def _text(reading: Reading) -> str:
    return " ".join(one.text for one in reading)


def _looks_wrong(reading: Sequence[Decoded]) -> bool:
    return any(map(suspicious, reading))


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
