"""The language of each stretch of speech, and windows cut where it changes.

A stretch is a piece of a window: speech between two pauses. The encoder's output of the window is computed in any
case; a part of it, up to 3 s in the middle of the stretch, shows Whisper which language it is. A window whose stretches
are in one language is decoded as it is; only a window that changes its language is cut and encoded again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from callytics.engines.recognition.speech import Window

FRAMES_PER_S = 50  # of the encoder's output
MAX_HEARD_FRAMES = 150
"""On the choosing half of the kit, the middle 3 s of a stretch preferred the wrong one of Korean and English in a fifth
of the cases in which the middle 1.5 s did."""

FRAMES_STEP = 10  # stretches whose lengths differ by less are judged in one batch
NUM_MELS = (80, 128)
"""CTranslate2 takes as many frames as the spectrogram has bands for a spectrogram, and encodes them."""

MIN_HEARD_FRAMES = 40  # a shorter stretch has no more than a syllable or two between its padding

MIN_PROBABILITY = 0.01
"""What two languages have less than this of, both, tells nothing about them."""

MIN_EVIDENCE = 2.5
"""Log-odds that a run of stretches must have against the expected language: 12 : 1. Chosen on one half of the kit: no
run of a call in one language had 1.5 for the other one. On the other half, none of 469 stretches of such calls changed
its language, and 3 of 147 in telephone calls that alternate kept the wrong one."""

MIN_EVIDENCE_AGAINST_NAMED = 3.5
"""The same against a language that the caller named: 33 : 1; then 9 of those 147 keep the wrong one."""

DOUBT = 1.0  # log-odds for a language that was not chosen, from which a stretch is reported as uncertain

Probabilities = Mapping[str, float]
"""Language code -> probability of one stretch; empty for a stretch that is too short to tell."""


@dataclass(frozen=True)
class Spoken:
    """The languages that a call may be spoken in.

    Attributes:
        candidates: every language that a stretch may be in.
        by_channel: channel -> the language that is expected there.
        named: the caller named the language.
    """

    candidates: frozenset[str]
    by_channel: Mapping[int, str] = field(default_factory=dict)
    named: bool = False

    @property
    def min_evidence(self) -> float:
        return MIN_EVIDENCE_AGAINST_NAMED if self.named else MIN_EVIDENCE


def heard_frames(window: Window) -> list[tuple[int, int] | None]:
    """First and last frame of the encoder's output to judge each stretch of a window by; None for a short stretch.

    A window of short stretches only is judged by its beginning.
    """
    parts: list[tuple[int, int] | None] = []
    offset_s = 0.0
    for piece in window.pieces:
        num_frames = int(piece.duration_s * FRAMES_PER_S)
        length = min(MAX_HEARD_FRAMES, max(MIN_HEARD_FRAMES, num_frames // FRAMES_STEP * FRAMES_STEP))
        length -= FRAMES_STEP * (length in NUM_MELS)
        first = round(offset_s * FRAMES_PER_S) + (num_frames - length) // 2
        parts.append((first, first + length) if num_frames >= MIN_HEARD_FRAMES else None)
        offset_s += piece.duration_s
    return parts if any(parts) else [(0, MIN_HEARD_FRAMES), *parts[1:]]


def log_odds(probabilities: Probabilities, language: str, expected: str) -> float:
    """Of ``language`` against ``expected``; 0 if neither has any probability to speak of."""
    one, other = (probabilities.get(code, 0.0) + MIN_PROBABILITY for code in (language, expected))
    return math.log(one / other) if probabilities else 0.0


def choose(
    stretches: Sequence[Probabilities], expected: str, candidates: Iterable[str], min_evidence: float
) -> list[str]:
    """The language of each stretch of a window, in order.

    It is the expected one, except for runs of stretches whose log-odds for another language add up to
    ``min_evidence``: the best path through the languages if entering and leaving another one cost half of that each.
    """
    codes = [expected, *sorted(set(candidates) - {expected})]
    half = min_evidence / 2
    scores = {code: 0.0 if code == expected else -half for code in codes}
    came_from: list[dict[str, str]] = []
    for probabilities in stretches:
        best = {
            code: max(codes, key=lambda before: scores[before] - _step(before, code, expected, half))
            for code in codes
        }
        came_from.append(best)
        scores = {
            code: scores[best[code]]
            - _step(best[code], code, expected, half)
            + log_odds(probabilities, code, expected)
            for code in codes
        }
    last = max(codes, key=lambda code: scores[code] - (0.0 if code == expected else half))
    path: list[str] = []
    for best in reversed(came_from):
        path.append(last)
        last = best[last]
    return path[::-1]


def _step(before: str, after: str, expected: str, half: float) -> float:
    return half * ((before != expected) + (after != expected)) if before != after else 0.0


def in_languages(window: Window, stretches: Sequence[Probabilities], spoken: Spoken) -> list[Window]:
    """The window with its language; several windows if the language changes in it."""
    expected = spoken.by_channel[window.channel]
    chosen = choose(stretches, expected, spoken.candidates, spoken.min_evidence)
    runs = groupby(zip(window.pieces, chosen, stretches, strict=True), key=lambda stretch: stretch[1])
    windows = []
    for language, run in runs:
        parts = list(run)
        doubtful_s = sum(
            piece.duration_s
            for piece, _, heard in parts
            if any(log_odds(heard, code, language) > DOUBT for code in spoken.candidates)
        )
        pieces = tuple(piece for piece, _, _ in parts)
        part = replace(window, pieces=pieces, language=language)
        windows.append(replace(part, doubtful=doubtful_s / part.duration_s))
    return windows


def expected_by_channel(
    heard: Sequence[tuple[Window, Sequence[Probabilities]]],
    call: str,
    candidates: Iterable[str],
    channels: int,
) -> dict[int, str]:
    """The language of each channel: that of the call unless its own stretches are surely in another candidate."""
    found = {}
    for channel in range(channels):
        stretches = [one for window, of_window in heard if window.channel == channel for one in of_window]
        totals = {code: sum(log_odds(one, code, call) for one in stretches) for code in candidates}
        best = max(sorted(totals), key=lambda code: totals[code], default=call)
        found[channel] = best if totals.get(best, 0.0) >= MIN_EVIDENCE else call
    return found


SURE_PROBABILITY = 0.9
MIN_SURE_STRETCHES = 4


def sure_languages(heard: Sequence[tuple[Window, Sequence[Probabilities]]]) -> set[str]:
    """Languages that at least MIN_SURE_STRETCHES stretches are surely in, in two windows or more."""
    found: dict[str, list[Window]] = {}
    for window, stretches in heard:
        for probabilities in stretches:
            code = max(probabilities, key=lambda code: probabilities[code], default="")
            if code and probabilities[code] >= SURE_PROBABILITY:
                found.setdefault(code, []).append(window)
    return {
        code
        for code, windows in found.items()
        if len(windows) >= MIN_SURE_STRETCHES and len(set(windows)) > 1
    }
