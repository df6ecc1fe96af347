"""The vote with a decoder whose readings are written down; with Whisper itself: tests/contract/test_recognition.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from callytics.domain import Pcm
from callytics.engines.recognition.decoding import Decoded, Decoder, Search, TimedWord
from callytics.engines.recognition.readings import Speech, WindowReader
from callytics.engines.recognition.speech import Span, Window

SILENCE = Pcm.from_array(np.zeros((1, 16_000 * 40), np.int16), 16_000)
IN_TWO = Window(0, (Span(0.0, 2.0), Span(3.0, 5.0)))
IN_ONE = Window(0, (Span(0.0, 4.0),))

Say = Callable[[Window, Search], str]


class WrittenDecoder:
    """Says of every window and search what ``say`` says, with evenly spread words."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.calls: list[tuple[Window, Search]] = []

    def encode(self, pcm: Pcm, windows: Sequence[Window]) -> Any:
        return list(windows)

    def decode(
        self,
        pcm: Pcm,
        windows: Sequence[Window],
        language: str,
        hotwords: str | None,
        search: Search,
        encoded: Any = None,
    ) -> list[Decoded]:
        self.calls += [(window, search) for window in windows]
        return [_decoded(window, self._say(window, search)) for window in windows]

    def align(
        self, encoded: Any, windows: Sequence[Window], texts: Sequence[str], language: str
    ) -> list[Decoded]:
        return [_decoded(window, text) for window, text in zip(windows, texts, strict=True)]


def _decoded(window: Window, text: str) -> Decoded:
    parts = text.split()
    step_s = window.duration_s / max(1, len(parts))
    words = tuple(TimedWord(f" {part}", i * step_s, (i + 1) * step_s, 0.9) for i, part in enumerate(parts))
    return Decoded(window, tuple(range(len(parts))), text, -0.3, 0.0, words)


def read(say: Say, window: Window, voting: bool = True) -> tuple[str, WrittenDecoder]:
    decoder = WrittenDecoder(say)
    reader = WindowReader(cast(Decoder, decoder), Search(), 8, voting)
    decoded = reader(Speech(SILENCE, "en", None), [window])
    return " ".join(one.text for one in decoded), decoder


def test_what_one_reading_hears_wrong_is_outvoted() -> None:
    def say(window: Window, search: Search) -> str:
        if window == IN_TWO:
            return "my name is anne smith" if search.timestamps else "my name is ann smith"
        first = window.pieces[0].start_s == 0.0
        return "my name" if first else ("is ann smyth" if search.timestamps else "is ann smith")

    text, decoder = read(say, IN_TWO)
    assert text == "my name is ann smith"
    assert len(decoder.calls) == 2 + 4


def test_a_reading_in_a_loop_has_no_vote() -> None:
    def say(window: Window, search: Search) -> str:
        if window == IN_TWO:
            return "no no no no no no no no no no" if search.timestamps else "so it is five"
        return "so it" if window.pieces[0].start_s == 0.0 else "is nine"

    assert read(say, IN_TWO)[0] == "so it is nine"  # two of the three that may vote


def test_a_window_in_one_piece_is_read_at_other_speeds() -> None:
    heard = {1.0: "i will pay tuesday", 0.9: "i will pay thursday", 1.1: "i will pay thursday"}
    text, decoder = read(lambda window, search: heard[window.speed], IN_ONE)
    assert text == "i will pay thursday"
    assert {window.speed for window, _ in decoder.calls} == set(heard)


def test_without_voting_a_plain_window_is_read_once() -> None:
    text, decoder = read(lambda window, search: "all is well today", IN_TWO, voting=False)
    assert (text, len(decoder.calls)) == ("all is well today", 1)


def test_where_all_readings_loop_repetition_is_punished() -> None:
    def say(window: Window, search: Search) -> str:
        return "thank you all" if search.no_repeat_ngram_size else "yes yes yes yes yes yes yes"

    for voting in (True, False):
        assert read(say, IN_TWO, voting)[0] == "thank you all"
