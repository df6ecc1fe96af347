"""A decoder whose readings are written down, for tests without weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callytics.engines.recognition.decoding import Decoded, Search, Sound, TimedWord
from callytics.engines.recognition.speech import Window

Say = Callable[[Window, Search], str]
Hear = Callable[[int, float], dict[str, float]]


class WrittenDecoder:
    """Says of every window and search what ``say`` says, with evenly spread words.

    Args:
        hear: probabilities of the languages of a stretch, by its start in the call and its channel.
    """

    def __init__(self, say: Say, hear: Hear | None = None) -> None:
        self._say = say
        self._hear = hear or (lambda channel, start_s: {})
        self.encoded: list[Window] = []
        self.languages: list[tuple[str, float]] = []
        self.calls: list[tuple[Window, Search]] = []
        self.batch_sizes: list[int] = []

    def encode(self, sounds: Sequence[Sound]) -> Any:
        windows = [window for _, window in sounds]
        self.encoded += windows
        return windows

    def stretch_probabilities(self, encoded: Any, windows: Sequence[Window]) -> list[list[dict[str, float]]]:
        return [[self._hear(window.channel, piece.start_s) for piece in window.pieces] for window in windows]

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        return [self._hear(window.channel, window.pieces[0].start_s) for window in encoded]

    def rows(self, encoded: Any, rows: Sequence[int]) -> Any:
        return [encoded[row] for row in rows]

    def joined(self, encoded: Sequence[Any]) -> Any:
        return [window for of_batch in encoded for window in of_batch]

    def decode(
        self, windows: Sequence[Window], language: str, hotwords: str | None, search: Search, encoded: Any
    ) -> list[Decoded]:
        assert len(encoded) == len(windows)
        self.languages += [(language, window.pieces[0].start_s) for window in windows]
        self.calls += [(window, search) for window in windows]
        self.batch_sizes.append(len(windows))
        return [_decoded(window, self._say(window, search)) for window in windows]


def _decoded(window: Window, text: str) -> Decoded:
    parts = text.split()
    step_s = window.duration_s / max(1, len(parts))
    words = tuple(TimedWord(f" {part}", i * step_s, (i + 1) * step_s, 0.9) for i, part in enumerate(parts))
    return Decoded(window, tuple(range(len(parts))), text, -0.3, 0.0, words)
