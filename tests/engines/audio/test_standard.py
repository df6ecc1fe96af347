"""The standard audio processor: levels, noise, voice tracks, and its options."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from callytics.domain import CallOptions, Denoise
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import ConfigError
from callytics.store.codec import decode
from callytics.store.codec import encode as encode_output
from tests.engines.audio.recordings import agent, excerpt, write_wav
from tests.support.standard_audio import codes, run, stereo


def test_dc_offset_is_removed_and_flagged(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", agent() * 0.5 + 0.5)
    for high_pass_hz in (80.0, 0.0):
        audio = run(path, high_pass_hz=high_pass_hz)
        assert codes(audio) == {"dc_offset"}
        assert abs(audio.pcm.float32(0).mean()) < 0.001
    assert audio.acoustics.rms_dbfs == pytest.approx(
        run(write_wav(path_of(path), agent() * 0.5)).acoustics.rms_dbfs, abs=0.1
    )


def path_of(path: str) -> Path:
    return Path(path).with_name("other.wav")


def test_clipping_is_measured(tmp_path: Path) -> None:
    audio = run(write_wav(tmp_path / "call.wav", np.clip(agent() * 8, -1, 1)))
    assert "clipping" in codes(audio)
    assert 0.01 < audio.acoustics.clipping_ratio < 0.5
    assert run(write_wav(tmp_path / "fine.wav", agent())).acoustics.clipping_ratio == 0.0


def test_noise_and_low_level_are_flagged(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).standard_normal(agent().size).astype(np.float32)
    noisy = agent() + noise * np.sqrt(np.mean(agent() ** 2))
    assert "low_snr" in codes(run(write_wav(tmp_path / "noisy.wav", noisy * 0.5)))
    assert "low_level" in codes(run(write_wav(tmp_path / "quiet.wav", agent() * 0.005)))


def test_each_channel_gets_the_same_loudness(tmp_path: Path) -> None:
    left, right = excerpt(0, 12)
    audio = run(write_wav(tmp_path / "call.wav", stereo(left, right * 0.1)))
    from callytics.engines.audio.measure import loudness_lufs, weighted_powers

    for channel in (0, 1):
        powers = weighted_powers(audio.pcm.int16()[channel : channel + 1])
        assert loudness_lufs(powers) == pytest.approx(-23.0, abs=0.5)


def test_noise_is_reduced_on_hissing_channels_only(tmp_path: Path) -> None:
    left, right = excerpt(0, 12)
    hiss = 0.02 * np.random.default_rng(1).standard_normal(left.size).astype(np.float32)
    call = write_wav(tmp_path / "call.wav", stereo(left, right + hiss))
    audio = run(call, denoise="auto")
    (flag,) = [flag for flag in audio.flags if flag.code == "noise_reduced"]
    assert "channel 1 (SNR" in flag.message
    never = run(call, denoise="never")
    assert "noise_reduced" not in codes(never)
    assert np.array_equal(audio.pcm.int16()[0], never.pcm.int16()[0])
    assert audio.pcm.num_samples == never.pcm.num_samples
    assert audio.acoustics == never.acoustics  # as received


def test_option_of_the_call_overrules_the_configuration(tmp_path: Path) -> None:
    call = write_wav(tmp_path / "call.wav", agent())
    assert "noise_reduced" not in codes(run(call, denoise="auto"))
    assert "noise_reduced" in codes(run(call, denoise="always"))
    for configured, asked in (("never", Denoise.ALWAYS), ("always", Denoise.NEVER)):
        audio = run(call, CallOptions(denoise=asked), denoise=configured)
        assert ("noise_reduced" in codes(audio)) == (asked is Denoise.ALWAYS)


@pytest.mark.parametrize("by", ["wiener", "noisereduce"])
def test_reduced_noise_does_not_move_the_speech(tmp_path: Path, by: str) -> None:
    call = write_wav(tmp_path / "call.wav", agent())
    plain, reduced = (
        run(call, denoise=mode, denoise_filter=by).pcm.float32(0) for mode in ("never", "always")
    )
    assert not np.array_equal(plain, reduced)
    spectrum = np.fft.rfft(reduced) * np.conj(np.fft.rfft(plain))
    assert int(np.argmax(np.fft.irfft(spectrum, plain.size))) == 0


def test_filter_of_the_noise_is_selected_in_the_configuration(tmp_path: Path) -> None:
    call = write_wav(tmp_path / "call.wav", agent())
    default, wiener, gate = (
        run(call, denoise="always", **settings).pcm.int16()
        for settings in ({}, {"denoise_filter": "wiener"}, {"denoise_filter": "noisereduce"})
    )
    assert np.array_equal(default, wiener)
    assert not np.array_equal(default, gate)


def test_package_is_imported_only_for_the_option_that_needs_it() -> None:
    program = """
import sys
from callytics.engines.audio.standard import StandardAudioProcessor
for options in ({"measure_voices": False}, {}, {"pitch": "pyin"}, {"denoise_filter": "noisereduce"}):
    StandardAudioProcessor(**options)
    print(*(package for package in ("numba", "noisereduce") if package in sys.modules), sep=",")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "", "numba", "numba,noisereduce"]


def test_each_kept_channel_has_a_voice_track_of_the_sound_as_received(tmp_path: Path) -> None:
    left, right = excerpt(0, 12)
    call = write_wav(tmp_path / "call.wav", stereo(left, right))
    audio = run(call)
    assert len(audio.voice_tracks) == 2
    assert audio.voice_tracks == run(call, denoise="always", loudness_lufs=None).voice_tracks
    frames = base64.b64decode(audio.voice_tracks[0].pitches)
    assert len(frames) == round(12 / audio.voice_tracks[0].frame_s)
    assert any(frames)
    assert len(run(write_wav(tmp_path / "mono.wav", agent())).voice_tracks) == 1
    assert run(call, measure_voices=False).voice_tracks == ()


def test_voice_tracks_are_kept_with_the_measurements(tmp_path: Path) -> None:
    """The checkpoint of the stage, from which a call is analysed again after a correction."""
    audio = run(write_wav(tmp_path / "mono.wav", agent()))
    assert decode(encode_output(audio)).voice_tracks == audio.voice_tracks


@pytest.mark.parametrize(
    "settings", [{"denoise": "sometimes"}, {"denoise_filter": "median"}, {"pitch": "ear"}]
)
def test_unknown_option_is_a_configuration_error(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="one of: "):
        StandardAudioProcessor(**settings)  # type: ignore[arg-type]
