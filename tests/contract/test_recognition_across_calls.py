"""Windows of several calls in one batch: every call gets the words that it gets alone, bit for bit on the CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from callytics.domain import Audio, CallOptions, Transcript
from callytics.engines.recognition.faster_whisper import FasterWhisperRecognizer
from callytics.engines.tickets import Ticket, working_for
from callytics.weights import manifest as models
from tests.support.recognizers import audio_of, sample_audio, whisper_base
from tests.support.waiting import wait_until


class Held:
    """The queue of an engine, whose threads begin only when all calls wait: so the batches hold several calls."""

    def __init__(self, engine: FasterWhisperRecognizer) -> None:
        self.queue: Any = engine._recognise._read._queue
        self.calls_in_batch: list[int] = []
        self._compute = self.queue._compute
        self.queue._compute = self.compute
        self.queue._is_started = True

    def compute(self, tasks: Sequence[Any], prepared: Any) -> Any:
        self.calls_in_batch.append(len({id(task.pcm) for task in tasks}))
        return self._compute(tasks, prepared)

    def begin(self, num_calls: int) -> None:
        wait_until(lambda: len(self.queue._order._waiting) == num_calls, "all calls wait")
        for thread in self.queue._threads:
            thread.start()


@pytest.fixture
def across_calls() -> Iterator[FasterWhisperRecognizer]:
    models.pull("whisper-base")
    engine = FasterWhisperRecognizer(cpu_threads=1, batch_across_calls=True)
    yield engine
    engine.close()


def excerpt(start_s: float, end_s: float) -> Audio:
    pcm = sample_audio().pcm
    return audio_of(pcm.float32(0, start_s, end_s), pcm.float32(1, start_s, end_s))


def at_once(
    engine: FasterWhisperRecognizer, calls: Sequence[tuple[Audio, CallOptions]]
) -> tuple[list[Transcript], list[int]]:
    """Results, and the number of calls in each batch."""
    held = Held(engine)
    with ThreadPoolExecutor(len(calls)) as pool:
        asked = [pool.submit(engine, *call) for call in calls]
        held.begin(len(calls))
        return [one.result(120) for one in asked], held.calls_in_batch


def test_words_of_a_call_are_the_same_alone_and_in_company(across_calls: FasterWhisperRecognizer) -> None:
    calls = [
        (excerpt(0.0, 12.0), CallOptions(language="en")),
        (excerpt(12.0, 30.0), CallOptions(language="en")),
        (excerpt(30.0, 40.0), CallOptions(language="en")),
        (excerpt(5.0, 9.0), CallOptions(language="en")),
    ]
    alone = [whisper_base()(*call) for call in calls]
    together, calls_in_batch = at_once(across_calls, calls)
    assert together == alone
    assert max(calls_in_batch) == len(calls)
    assert all(one.words for one in alone)


def test_languages_are_judged_the_same_in_company(across_calls: FasterWhisperRecognizer) -> None:
    """Not given: its windows are heard first, and their scores are of the same bits."""
    calls = [(excerpt(0.0, 12.0), CallOptions()), (excerpt(20.0, 33.0), CallOptions())]
    alone = [whisper_base()(*call) for call in calls]
    together, calls_in_batch = at_once(across_calls, calls)
    assert together == alone
    assert calls_in_batch[0] == len(calls)
    assert all(one.language_scores for one in alone)


def test_hotwords_of_one_call_are_not_heard_in_another(across_calls: FasterWhisperRecognizer) -> None:
    helped = CallOptions(language="en", hotwords=("Riverside Broadband",))
    pcm = sample_audio().pcm
    greeting = audio_of(pcm.float32(0, 0.0, 5.5))
    calls = [(greeting, helped), (greeting, CallOptions(language="en")), (greeting, helped)]
    alone = [whisper_base()(*call) for call in calls]
    together, calls_in_batch = at_once(across_calls, calls)
    assert together == alone
    assert together[0] == together[2] != together[1]
    assert len(calls_in_batch) >= 2  # those with hotwords, that without


def test_text_before_a_window_is_that_of_its_own_call() -> None:
    """Two calls on one channel, two windows each: the first ones share a batch, the others have different prompts."""
    both = sample_audio().pcm
    calls = [
        (
            audio_of((both.float32(0, start_s, end_s) + both.float32(1, start_s, end_s)) / 2),
            CallOptions(language="en"),
        )
        for start_s, end_s in ((0.0, 40.0), (5.0, 45.0))
    ]
    models.pull("whisper-base")
    options = {"mono_timestamp_languages": ["en"], "mono_before_languages": ["en"]}
    one_by_one = FasterWhisperRecognizer(cpu_threads=2, **options)  # type: ignore[arg-type]
    alone = [one_by_one(*call) for call in calls]
    engine = FasterWhisperRecognizer(cpu_threads=1, batch_across_calls=True, **options)  # type: ignore[arg-type]
    try:
        together, calls_in_batch = at_once(engine, calls)
    finally:
        engine.close()
    assert together == alone
    assert all(one.words for one in alone)
    assert (calls_in_batch[0], calls_in_batch[-1]) == (2, 1)


def test_silent_call_asks_nothing_of_the_queue(across_calls: FasterWhisperRecognizer) -> None:
    assert across_calls(audio_of(np.zeros(16_000)), CallOptions()).words == ()
    assert across_calls._recognise._read._queue.fill.batches == 0  # type: ignore[union-attr]


def test_cancelled_call_ends_and_others_go_on(across_calls: FasterWhisperRecognizer) -> None:
    held = Held(across_calls)
    unwanted = Ticket()

    def work() -> Transcript:
        with working_for(unwanted):
            return across_calls(excerpt(12.0, 20.0), CallOptions(language="en"))

    with ThreadPoolExecutor(2) as pool:
        kept = pool.submit(across_calls, excerpt(0.0, 8.0), CallOptions(language="en"))
        cancelled = pool.submit(work)
        wait_until(lambda: len(held.queue._order._waiting) == 2, "both wait")
        unwanted.cancel()
        with pytest.raises(CancelledError):
            cancelled.result(60)
        held.begin(1)
        assert kept.result(60).words
    assert set(held.calls_in_batch) == {1}
