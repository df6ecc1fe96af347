"""Which channels of a recording are parties of the call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.engines.audio.recordings import agent, encode, excerpt, write_wav
from tests.support.standard_audio import UNTREATED, codes, likeness, run, stereo


@pytest.mark.parametrize(
    ("right", "code"),
    [
        (lambda x: x, "dual_mono"),
        (lambda x: 0.4 * np.roll(x, 400), "dual_mono"),
        (lambda x: x + 0.003 * np.random.default_rng(1).standard_normal(len(x)), "dual_mono"),
        (lambda x: -x, "antiphase"),
        (lambda x: 0 * x, "silent_channel"),
        (lambda x: 0.0005 * np.random.default_rng(1).standard_normal(len(x)), "silent_channel"),
    ],
    ids=["same", "later and quieter", "with noise", "inverted", "digital silence", "line noise"],
)
def test_one_signal_on_two_channels_is_a_mono_call(tmp_path: Path, right: object, code: str) -> None:
    other = right(agent())  # type: ignore[operator]
    audio = run(write_wav(tmp_path / "call.wav", stereo(agent(), other)))
    assert codes(audio) == {code}
    assert audio.channel_indices == (0,)
    assert audio.pcm.num_channels == 1
    assert audio.acoustics.dual_mono == (code == "dual_mono")
    assert audio.acoustics.antiphase == (code == "antiphase")
    assert audio.acoustics.silent_channels == ((1,) if code == "silent_channel" else ())


def test_dual_mono_mp3_is_detected(tmp_path: Path) -> None:
    path = encode(
        tmp_path / "call.mp3", "libmp3lame", stereo(agent(), agent()), 16_000, b="24000", joint_stereo="0"
    )
    assert "dual_mono" in codes(run(path))


def test_two_parties_with_mutual_leakage_remain_two(tmp_path: Path) -> None:
    left, right = excerpt(0, 30)
    audio = run(write_wav(tmp_path / "call.wav", stereo(left + 0.2 * right, right + 0.2 * left)))
    assert audio.channel_indices == (0, 1)
    assert not codes(audio)


def test_silent_left_channel_keeps_the_right_one(tmp_path: Path) -> None:
    audio = run(write_wav(tmp_path / "call.wav", stereo(0 * agent(), agent())))
    assert audio.channel_indices == (1,)


def test_speaking_channels_of_many_are_kept(tmp_path: Path) -> None:
    six = np.zeros((6, agent().size), np.float32)
    six[4] = agent()
    audio = run(write_wav(tmp_path / "one.wav", six))
    assert audio.channel_indices == (4,)
    assert audio.media.channels == 6
    six[1] = excerpt(6.0, 10.0)[1]
    audio = run(write_wav(tmp_path / "two.wav", six))
    assert audio.channel_indices == (1, 4)
    six[0] = excerpt(12.6, 16.6)[0]
    audio = run(write_wav(tmp_path / "three.wav", six), **UNTREATED)
    assert audio.pcm.num_channels == 1
    assert "channels_mixed" in codes(audio)
    assert likeness(audio.pcm.float32(0), six.sum(axis=0)) > 0.9
