"""The served sound is compared with the control's by loudness: shifts and drifts are found."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.field.sound import envelope, played_at
from tests.support.voices import RATE_HZ, babble

SPEECH = np.concatenate([np.zeros(RATE_HZ), babble(15.0, 3), np.zeros(RATE_HZ)]).astype(np.float32)
CONTROL = envelope(SPEECH, RATE_HZ)


def served(shift_s: float = 0.0, rate: float = 1.0) -> np.ndarray:
    at = np.arange(round((len(SPEECH) / RATE_HZ + abs(shift_s)) * rate * RATE_HZ)) / RATE_HZ
    times = at / rate - shift_s
    return envelope(
        np.interp(times, np.arange(len(SPEECH)) / RATE_HZ, SPEECH, 0, 0).astype(np.float32), RATE_HZ
    )


@pytest.mark.parametrize(("shift_s", "rate"), [(0.0, 1.0), (5.0, 1.0), (0.0, 1.02), (0.06, 1.0)])
def test_sound_in_its_place_passes(shift_s: float, rate: float) -> None:
    assert (
        played_at(served(shift_s, rate), CONTROL, lambda s: rate * s + (shift_s if shift_s > 1 else 0)) == []
    )


@pytest.mark.parametrize(("shift_s", "rate", "wrong"), [(0.4, 1.0, 2), (-0.4, 1.0, 2), (0.0, 0.98, 1)])
def test_moved_sound_is_found(shift_s: float, rate: float, wrong: int) -> None:
    assert len(played_at(served(shift_s, rate), CONTROL, float)) == wrong


def test_other_or_missing_sound_is_found() -> None:
    other = envelope(babble(17.0, 8).astype(np.float32), RATE_HZ)
    assert played_at(other, CONTROL, float)
    assert len(played_at(CONTROL[:100], CONTROL, float)) >= 1
    assert played_at(CONTROL, np.zeros(100), float) == ["the control is silent"]
