"""Reading with a decoder whose readings are written down; with Whisper itself: tests/contract/test_recognition.py."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from callytics.domain import Pcm
from callytics.engines.batch_order import FairOrder, Piece
from callytics.engines.recognition.decoding import Search
from callytics.engines.recognition.readings import (
    MAX_BEFORE,
    MAX_IN_TURN,
    Speech,
    WindowReader,
    _text_after,
)
from callytics.engines.recognition.speech import Span, Window
from callytics.engines.recognition.window_batches import Task, kind_of, work_s
from callytics.engines.tickets import Ticket
from tests.engines.recognition.written_decoder import Say, WrittenDecoder

SILENCE = Pcm.from_array(np.zeros((1, 16_000 * 40), np.int16), 16_000)
IN_TWO = Window(0, (Span(0.0, 2.0), Span(3.0, 5.0)))


def read(say: Say, *windows: Window, batch_size: int = 8, num_workers: int = 1) -> tuple[str, WrittenDecoder]:
    decoder = WrittenDecoder(say)
    reader = WindowReader(decoder, Search(), num_workers)
    decoded = reader(Speech(SILENCE, "en", None), windows, batch_size)
    return " ".join(one.text for one in decoded), decoder


def test_normal_window_is_read_once() -> None:
    text, decoder = read(lambda window, search: "all is well today", IN_TWO)
    assert (text, len(decoder.calls)) == ("all is well today", 1)


def test_window_with_a_loop_is_read_in_halves() -> None:
    def say(window: Window, search: Search) -> str:
        if window == IN_TWO:
            return "no no no no no no no no no no"
        return "so it" if window.pieces[0].start_s == 0.0 else "is nine"

    text, decoder = read(say, IN_TWO)
    assert (text, len(decoder.calls)) == ("so it is nine", 3)


def test_beam_is_that_of_the_language_of_the_window_in_every_reading() -> None:
    def say(window: Window, search: Search) -> str:
        return "yes yes yes yes yes yes yes"

    english, korean, japanese = (
        replace(IN_TWO, channel=i, language=code) for i, code in enumerate(("en", "ko", "ja"))
    )
    decoder = WrittenDecoder(say)
    reader = WindowReader(decoder, Search(beam_size=5, beam_sizes=(("en", 4), ("ko", 8))))
    reader(Speech(SILENCE, "en", None), [english, korean, japanese, replace(IN_TWO, channel=3)], 8)
    widths = {channel: set[int]() for channel in range(4)}
    for window, search in decoder.calls:
        widths[window.channel].add(search.beam_size)
    assert len(decoder.calls) == 4 * 4  # whole, two halves, and whole with a penalty on repetition
    assert widths == {0: {4}, 1: {8}, 2: {5}, 3: {4}}


def test_time_tokens_are_written_in_their_languages_only_in_every_reading() -> None:
    english, korean = (replace(IN_TWO, channel=i, language=code) for i, code in enumerate(("en", "ko")))
    decoder = WrittenDecoder(lambda window, search: "yes yes yes yes yes yes yes")
    reader = WindowReader(decoder, Search(timestamp_languages=("en",)))
    reader(Speech(SILENCE, "ko", None), [english, korean, replace(IN_TWO, channel=2)], 8)
    assert len(decoder.calls) == 3 * 4  # whole, two halves, and whole with a penalty on repetition
    assert {(window.channel, search.timestamps) for window, search in decoder.calls} == {
        (0, True),
        (1, False),
        (2, False),
    }


def test_no_time_tokens_are_written_where_the_pauses_are_missing() -> None:
    decoder = WrittenDecoder(lambda window, search: "yes yes yes yes yes yes yes")
    reader = WindowReader(decoder, Search(timestamp_languages=("en",)))
    reader(Speech(SILENCE, "en", None, one_channel=False), [IN_TWO], 8)
    assert {search.timestamps for _, search in decoder.calls} == {False}


def say_three(window: Window, search: Search) -> str:
    return "one two three"


def read_in_turn(
    say: Say, num_windows: int, language: str = "en", *, one_channel: bool = True, num_workers: int = 1
) -> dict[float, tuple[int, ...]]:
    """Start of a window -> what it got as the text before it. The tokens of a text of n words are 0 to n - 1."""
    windows = [
        Window(0, (Span(3.0 * i, 3.0 * i + 1.0), Span(3.0 * i + 1.5, 3.0 * i + 2.5)))
        for i in range(num_windows)
    ]
    decoder = WrittenDecoder(say)
    reader = WindowReader(decoder, Search(before_languages=("en",)), num_workers)
    reader(Speech(SILENCE, language, None, one_channel=one_channel), windows[::-1], 8)
    return {window.pieces[0].start_s: window.before for window, _ in decoder.calls if len(window.pieces) == 2}


def test_window_gets_the_text_before_it() -> None:
    assert read_in_turn(say_three, 3) == {0.0: (), 3.0: (0, 1, 2), 6.0: (0, 1, 2, 0, 1, 2)}


def test_another_language_and_stereo_get_no_text_before() -> None:
    assert set(read_in_turn(say_three, 3, "ko").values()) == {()}
    assert set(read_in_turn(say_three, 3, one_channel=False).values()) == {()}


def test_text_before_is_at_most_half_of_the_context() -> None:
    before = tuple(range(MAX_BEFORE))
    (one,) = WrittenDecoder(say_three).decode([IN_TWO], "en", None, Search(), [IN_TWO])
    assert _text_after(before, [one], "en") == (*before[3:], 0, 1, 2)


@pytest.mark.parametrize("wrong", ["no no no no no no no no no no", "Thanks for watching."])
def test_nothing_is_before_a_window_after_a_text_that_looks_wrong(wrong: str) -> None:
    def say(window: Window, search: Search) -> str:
        return wrong if window.pieces[0].start_s in (3.0, 4.5) else "one two three"

    assert read_in_turn(say, 3) == {0.0: (), 3.0: (0, 1, 2), 6.0: ()}


def test_nothing_is_before_a_window_after_an_improbable_text() -> None:
    (one,) = WrittenDecoder(say_three).decode([IN_TWO], "en", None, Search(), [IN_TWO])
    assert _text_after((7,), [one], "en") == (7, 0, 1, 2)
    assert _text_after((7,), [one, replace(one, avg_logprob=-1.1)], "en") == ()


def test_halves_get_the_text_before_the_whole() -> None:
    def say(window: Window, search: Search) -> str:
        return (
            "no no no no no no no no no no" if len(window.pieces) == 2 and window.before else "one two three"
        )

    decoder = WrittenDecoder(say)
    first, second = (Window(0, (Span(i, i + 1.0), Span(i + 1.5, i + 2.5))) for i in (0.0, 3.0))
    reader = WindowReader(decoder, Search(before_languages=("en",)))
    reader(Speech(SILENCE, "en", None), [first, second], 8)
    assert [window.before for window, _ in decoder.calls if len(window.pieces) == 1] == [(0, 1, 2)] * 2


def test_text_in_another_language_is_before_nothing() -> None:
    decoder = WrittenDecoder(say_three)
    korean = replace(IN_TWO, language="ko")
    after = Window(0, (Span(6.0, 8.0),))
    WindowReader(decoder, Search(before_languages=("en",)))(Speech(SILENCE, "en", None), [korean, after], 8)
    assert [window.before for window, _ in decoder.calls] == [(), ()]


def test_long_call_is_read_in_runs_whatever_the_number_of_workers() -> None:
    alone = read_in_turn(say_three, 2 * MAX_IN_TURN + 1)
    assert [start_s for start_s, before in sorted(alone.items()) if not before] == [
        0.0,
        3.0 * MAX_IN_TURN,
        6.0 * MAX_IN_TURN,
    ]
    assert read_in_turn(say_three, 2 * MAX_IN_TURN + 1, num_workers=3) == alone


def test_windows_with_different_text_before_share_no_batch() -> None:
    tasks = [Task(SILENCE, replace(IN_TWO, before=before), 8, Search(), "en") for before in ((), (1,), (1,))]
    first, second, third = map(kind_of, tasks)
    assert first != second
    assert second == third


def test_repetition_is_penalised_if_all_readings_loop() -> None:
    def say(window: Window, search: Search) -> str:
        return "thank you all" if search.no_repeat_ngram_size else "yes yes yes yes yes yes yes"

    assert read(say, IN_TWO)[0] == "thank you all"


def batches_of(windows: Sequence[Window], num_workers: int, batch_size: int = 8) -> list[list[float]]:
    """Durations in each batch, if the workers take theirs in turn and each ends before it takes the next."""
    order = FairOrder(num_workers)
    call = Ticket()
    tasks = [Task(SILENCE, window, batch_size, Search(), "en") for window in windows]
    order.put([Piece(call, task, kind_of(task), work_s(task.window)) for task in tasks])
    batches: list[list[float]] = []
    while len(order):
        num_free = num_workers - len(batches) if len(batches) < num_workers else 1
        batches.append([piece.item.window.duration_s for piece in order.take(num_free)])
    return batches


def test_batches_are_even_and_keep_all_workers_busy() -> None:
    windows = [Window(0, (Span(float(i), i + 1.0),)) for i in range(17)]

    def sizes(num_windows: int, num_workers: int) -> list[int]:
        return [len(batch) for batch in batches_of(windows[:num_windows], num_workers)]

    assert sizes(0, 2) == []
    assert sizes(1, 2) == [1]
    assert sizes(6, 2) == [3, 3]
    assert sizes(6, 1) == [6]
    assert sizes(17, 1) == [8, 8, 1]
    assert sizes(17, 2) == [4, 8, 5]  # who has taken 4 takes the 5 left: 9 and 8


def test_batches_have_similar_windows_and_equal_work() -> None:
    lengths_s = [20.0, 18.0, 9.0, 7.0, 2.0, 1.0]
    windows = [Window(0, (Span(30.0 * i, 30.0 * i + length_s),)) for i, length_s in enumerate(lengths_s)]
    assert batches_of(windows, num_workers=2) == [[20.0, 18.0], [9.0, 7.0, 2.0, 1.0]]


def test_the_halves_of_one_window_are_read_by_all_workers() -> None:
    both = threading.Barrier(2)

    def say(window: Window, search: Search) -> str:
        if window == IN_TWO:
            return "no no no no no no no no no no"
        if window.pieces[0] in IN_TWO.pieces:
            both.wait(timeout=60)  # passes only when both halves are read at once
        return f"second {window.pieces[0].start_s:.0f}"

    other = Window(0, (Span(8.0, 9.0),))
    assert read(say, IN_TWO, other, num_workers=2)[0] == "second 0 second 3 second 8"


def test_workers_decode_in_parallel_and_keep_the_order() -> None:
    both = threading.Barrier(2)

    def say(window: Window, search: Search) -> str:
        both.wait(timeout=60)  # passes only when two batches are decoded at once
        return f"second {window.pieces[0].start_s:.0f}"

    windows = [Window(0, (Span(float(i), i + 1.0),)) for i in range(4)]
    text, _ = read(say, *windows, batch_size=1, num_workers=2)
    assert text == "second 0 second 1 second 2 second 3"


def test_window_that_was_heard_shares_a_batch_with_others_and_is_not_encoded_again() -> None:
    heard_first, other = IN_TWO, Window(0, (Span(10.0, 14.0),))
    decoder = WrittenDecoder(lambda window, search: f"from {window.pieces[0].start_s:.0f} s")
    reader = WindowReader(decoder, Search())
    heard = reader.heard(SILENCE, [heard_first], 8)
    decoded = reader(Speech(SILENCE, "en", None), [other, heard_first], 8, heard)
    assert {one.text for one in decoded} == {"from 0 s", "from 10 s"}
    assert (decoder.batch_sizes, decoder.encoded) == ([2], [heard_first, other])
