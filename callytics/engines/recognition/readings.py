"""Reads windows: several at a time, each once, and again only if the text looks wrong.

    a batch of windows        one search
    loops or missing text     the window in halves; finally with a penalty on repetition; the best is used

    one channel for all       in some languages: each window with the text before it as its prompt (docs/adr/0040)

The windows go through a queue of batches (callytics/engines/batch_queue.py), which may be that of all calls. The halves
of all windows of a call are put in together, so no worker waits until another has read a difficult window.

There is no sampling, unlike in Whisper's fallback to higher temperatures: the same call always gives the same text.
Reading every window in several ways and voting was tried and did not help: docs/adr/0010.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from callytics.domain import Pcm, Task
from callytics.engines.batch_queue import BatchQueue
from callytics.engines.recognition import window_batches
from callytics.engines.recognition.decoding import Decoded, Search
from callytics.engines.recognition.hallucination import (
    MIN_AVG_LOGPROB,
    badness,
    suspicious,
    video_words,
)
from callytics.engines.recognition.speech import Window
from callytics.engines.recognition.spoken import Spoken
from callytics.engines.recognition.window_batches import Answer, Heard, WindowBatches, WindowDecoder

STRICT_REPETITION_PENALTY = 1.2
STRICT_NGRAM_SIZE = 4

MAX_BEFORE = 223
"""Tokens of the text before a window: half of Whisper's context less the token that begins it (openai/whisper)."""

MAX_IN_TURN = 8
"""Windows that wait for each other, four minutes of sound. The next run is read at the same time, so a long call keeps
several workers busy; their number changes no word."""


@dataclass(frozen=True)
class Speech:
    """The facts known before the first word."""

    pcm: Pcm
    language: str
    hotwords: str | None
    task: Task = Task.TRANSCRIBE
    spoken: Spoken | None = None  # None: everything is in ``language``
    one_channel: bool = True  # of all parties, with its pauses: without, no time tokens and no text before


class WindowReader:
    """Decodes windows in batches. Safe to call from several threads if the decoder is.

    Args:
        num_workers: number of batches decoded at the same time.
        across_calls: one queue for all calls; else each call has its own, with its own workers.
        overlap: encode the next batch while one is decoded.
    """

    def __init__(
        self,
        decoder: WindowDecoder,
        search: Search,
        num_workers: int = 1,
        *,
        across_calls: bool = False,
        overlap: bool = False,
    ) -> None:
        self._batches = WindowBatches(decoder)
        self._search = search
        self._strict = replace(
            search, repetition_penalty=STRICT_REPETITION_PENALTY, no_repeat_ngram_size=STRICT_NGRAM_SIZE
        )
        self._num_workers = num_workers
        self._overlap = overlap
        self._queue = self._own_queue() if across_calls else None

    def _own_queue(self) -> BatchQueue[window_batches.Task, Answer]:
        return self._batches.queue(self._num_workers, overlap=self._overlap)

    def close(self) -> None:
        if self._queue is not None:
            self._queue.close()

    def heard(self, pcm: Pcm, windows: Sequence[Window], batch_size: int) -> list[Heard]:
        """The windows with their encoder output and what their stretches sound like."""
        tasks = [window_batches.Task(pcm, window, batch_size) for window in _longest_first(windows)]
        return [answer for answer in self._answers(tasks) if isinstance(answer, Heard)]

    def __call__(
        self, speech: Speech, windows: Sequence[Window], batch_size: int, heard: Sequence[Heard] = ()
    ) -> list[Decoded]:
        """The text of each window: of ``heard`` first, then the longest first. A window may be returned in parts.

        Args:
            batch_size: maximum number of windows per batch.
            heard: what is known of some of the windows.
        """
        known = {one.window: one for one in heard}
        ordered = _known_first(windows, known)
        if speech.one_channel and speech.language in self._search.before_languages:
            return self._in_turn(speech, ordered, batch_size, known)
        return self._best_of(speech, ordered, batch_size, known)

    def _in_turn(
        self, speech: Speech, windows: Sequence[Window], batch_size: int, known: Mapping[Window, Heard]
    ) -> list[Decoded]:
        """Runs of windows in time, each window with the text before it in its run, since the last that looked wrong."""
        found: list[Decoded] = []
        in_time = sorted(windows, key=_start_s)
        runs = [in_time[i : i + MAX_IN_TURN] for i in range(0, len(in_time), MAX_IN_TURN)]
        before: list[tuple[int, ...]] = [() for _ in runs]
        for turn in range(len(runs[0]) if runs else 0):
            now = {
                run[turn]: replace(run[turn], before=before[i]) for i, run in enumerate(runs) if run[turn:]
            }
            heard = {now[window]: known[window] for window in now if window in known}
            parts = self._best_of(speech, _known_first(now.values(), heard), batch_size, heard)
            for i, window in enumerate(now.values()):
                of_window = [part for part in parts if _is_in(part.window, window)]
                before[i] = _text_after(window.before, of_window, speech.language)
            found += parts
        return found

    def _best_of(
        self, speech: Speech, windows: Sequence[Window], batch_size: int, known: Mapping[Window, Heard]
    ) -> list[Decoded]:
        """The best reading of each window."""
        readings = self._readings(speech, windows, batch_size, known)
        hopeless = [window for window, found in readings.items() if all(map(_looks_wrong, found))]
        for strict in self._strictly(speech, hopeless, batch_size):
            readings[strict.window].append([strict])
        return [part for found in readings.values() for part in _best(found)]

    def _strictly(self, speech: Speech, windows: Sequence[Window], batch_size: int) -> list[Decoded]:
        """The text of windows with a penalty on repetition."""
        return self._decode(speech, _longest_first(windows), batch_size, self._strict)

    def _readings(
        self, speech: Speech, windows: Sequence[Window], batch_size: int, known: Mapping[Window, Heard]
    ) -> dict[Window, list[list[Decoded]]]:
        """Per window: its text, and the text of its halves if the first text looked wrong."""
        readings = {
            one.window: [[one]] for one in self._decode(speech, windows, batch_size, self._search, known)
        }
        in_halves = {
            window: parts
            for window, (one,) in readings.items()
            if _looks_wrong(one) and len(parts := window.halves()) > 1
        }
        if in_halves:
            of_halves = self._halves(speech, in_halves, batch_size)
            for window, of_window in in_halves.items():
                readings[window].append([part for half in of_window for part in _best(of_halves[half])])
        return readings

    def _halves(
        self, speech: Speech, in_halves: Mapping[Window, Sequence[Window]], batch_size: int
    ) -> dict[Window, list[list[Decoded]]]:
        """The readings of all halves, in batches for all windows."""
        halves = _longest_first([half for of_window in in_halves.values() for half in of_window])
        return self._readings(replace(speech, spoken=None), halves, batch_size, {})

    def _decode(
        self,
        speech: Speech,
        windows: Sequence[Window],
        batch_size: int,
        search: Search,
        known: Mapping[Window, Heard] | None = None,
    ) -> list[Decoded]:
        """Each window in its language; windows that change their language are cut, encoded again and decoded last."""
        of_speech = replace(
            search,
            task=speech.task,
            timestamp_languages=search.timestamp_languages if speech.one_channel else (),
        )
        tasks = [
            window_batches.Task(
                speech.pcm,
                window,
                batch_size,
                of_speech,
                speech.language,
                speech.hotwords,
                speech.spoken if search is self._search else None,
                known.get(window) if known else None,
            )
            for window in windows
        ]
        answers = self._answers(tasks)
        cut = [part for answer in answers if isinstance(answer, list) for part in answer]
        decoded = [answer for answer in answers if isinstance(answer, Decoded)]
        if cut:
            decoded += self._decode(replace(speech, spoken=None), _longest_first(cut), batch_size, search)
        return decoded

    def _answers(self, tasks: Sequence[window_batches.Task]) -> list[Answer]:
        if self._queue is not None:
            return self._queue(tasks)
        with self._own_queue() as own:  # its own threads, so a long call does not delay others
            return own(tasks)


def _known_first(windows: Collection[Window], known: Mapping[Window, Heard]) -> list[Window]:
    return [*known, *_longest_first([window for window in windows if window not in known])]


def _start_s(window: Window) -> float:
    return window.pieces[0].start_s


def _is_in(part: Window, window: Window) -> bool:
    return _start_s(window) <= _start_s(part) < window.pieces[-1].end_s


def _text_after(before: tuple[int, ...], parts: Sequence[Decoded], language: str) -> tuple[int, ...]:
    """What the next window gets: nothing after a text that may be invented or is in another language, for Whisper would
    go on with it."""
    if any(_may_mislead(part, language) for part in parts):
        return ()
    in_time = sorted(parts, key=lambda part: _start_s(part.window))
    return (*before, *(token for part in in_time for token in part.tokens))[-MAX_BEFORE:]


def _may_mislead(part: Decoded, language: str) -> bool:
    return (
        suspicious(part)
        or part.avg_logprob < MIN_AVG_LOGPROB
        or part.window.language not in ("", language)
        or bool(video_words(part.words))
    )


def _longest_first(windows: Sequence[Window]) -> list[Window]:
    return sorted(windows, key=lambda window: -window.duration_s)


def _best(readings: Sequence[list[Decoded]]) -> list[Decoded]:
    return min(readings, key=badness)


def _looks_wrong(reading: Sequence[Decoded]) -> bool:
    return any(map(suspicious, reading))
