"""A decoder whose readings are written down, for tests without weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from callytics.domain import Pcm
from callytics.engines.recognition.decoding import Decoded, Search, TimedWord
from callytics.engines.recognition.speech import Window

Say = Callable[[Window, Search], str]


class WrittenDecoder:
    """Says of every window and search what ``say`` says, with evenly spread words."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.calls: list[tuple[Window, Search]] = []
        self.batch_sizes: list[int] = []

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
        self.batch_sizes.append(len(windows))
        return [_decoded(window, self._say(window, search)) for window in windows]


def _decoded(window: Window, text: str) -> Decoded:
    parts = text.split()
    step_s = window.duration_s / max(1, len(parts))
    words = tuple(TimedWord(f" {part}", i * step_s, (i + 1) * step_s, 0.9) for i, part in enumerate(parts))
    return Decoded(window, tuple(range(len(parts))), text, -0.3, 0.0, words)
