"""What every engine of this benchmark does, and the sizes of its model.

The weights are random. What a forward pass costs depends on the shapes and types of its tensors, not on their values;
how many tokens a real model writes does depend on them, so the number of tokens is fixed and reported. Measured is the
encoder, the decoder's loop and the copies to and from the card: neither log-mel nor voice activity nor word times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

WINDOW_S = 30.0
"""Seconds of audio in a window of Whisper: 3,000 frames of log-mel."""
FRAMES = 3000


@dataclass(frozen=True)
class Sizes:
    """``tokens``: written per window. A minute of Korean speech is some 300 tokens of Whisper's vocabulary."""

    name: str
    mels: int
    width: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    tokens: int
    positions: int = 1500
    text_positions: int = 448


TURBO = Sizes("large-v3-turbo", 128, 1280, 20, 32, 4, 51_866, tokens=120)
TINY = Sizes("tiny for a test", 80, 32, 2, 1, 1, 200, tokens=4)


class Engine(Protocol):
    """``name`` is what the tables call it."""

    name: str

    def run(self, features: Any) -> list[list[int]]:
        """Encode and decode a batch.

        Args:
            features: log-mel in main memory, float32, shape (num_windows, mels, 3000).

        Returns:
            The tokens of each window, ``sizes.tokens`` each, in main memory: the card has finished.
        """


class NotHere(Exception):
    """An engine cannot be had on this machine; the message says why, and stands in the record."""


class OutOfMemory(Exception):
    """A batch does not fit on the card."""


@dataclass(frozen=True)
class Variant:
    """``make(sizes, device, dtype)`` loads it."""

    name: str
    make: Callable[[Sizes, str, str], Engine]
