"""Recordings in which the number of channels or the sample rate changes: no channel is lost, no time is moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.convert import convert
from callytics.engines.audio.cut import cut
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError
from tests.engines.audio.recordings import RATE_HZ, Samples, bursts, decoded, encode, excerpt, onsets_s
from tests.support.standard_audio import codes

MONO = bursts(6.0, (1.0, 3.0), 120)
STEREO = np.concatenate([bursts(9.0, (0.7, 5.0), 120), bursts(9.0, (2.6, 7.0), 210)])


def joined(folder: Path, *parts: Samples, suffix: str = "mp3", rates_hz: tuple[int, ...] = ()) -> str:
    """Files one after the other: MP3 without Xing and ID3, or another format that may be joined."""
    codec = {"mp3": "libmp3lame", "aac": "aac", "ogg": "libopus"}[suffix]
    options = {"write_xing": "0", "id3v2_version": "0"} if suffix == "mp3" else {}
    path = folder / f"call.{suffix}"
    path.write_bytes(b"")
    for index, samples in enumerate(parts):
        rate_hz = rates_hz[index] if rates_hz else (48_000 if suffix == "ogg" else RATE_HZ)
        layout_file = folder / f"part{index}.{suffix}"
        encode(layout_file, codec, samples, rate_hz, {"aac": "adts"}.get(suffix), container=options)
        path.write_bytes(path.read_bytes() + layout_file.read_bytes())
    return str(path)


def run(path: str) -> Audio:
    return StandardAudioProcessor(loudness_lufs=None)(Recording("call", path), CallOptions())


@pytest.mark.parametrize("suffix", ["mp3", "aac"])
@pytest.mark.parametrize("repeats", [1, 20])
def test_mono_announcement_before_a_stereo_call_costs_no_party(
    tmp_path: Path, suffix: str, repeats: int
) -> None:
    """Also where nearly all of the recording is the announcement."""
    announcement = np.tile(MONO, (1, repeats))
    start_s = 6.0 * repeats
    path = joined(tmp_path, announcement, STEREO, suffix=suffix)
    audio = run(path)
    assert audio.channel_indices == (0, 1)
    assert codes(audio) == {"format_changed"}
    assert audio.media.channels == 2
    announced_s = [6.0 * repeat + time_s for repeat in range(repeats) for time_s in (1.0, 3.0)]
    (kept,) = {announced.channel for announced in audio.announcements}  # the other channel no longer has it
    for channel, times_s in ((0, (0.7, 5.0)), (1, (2.6, 7.0))):
        once_s = announced_s if channel == kept else []
        found_s = onsets_s(audio.pcm.float32(channel), RATE_HZ)
        assert found_s == pytest.approx([*once_s, *(start_s + time_s for time_s in times_s)], abs=0.25)


def test_stereo_call_that_goes_on_in_mono_keeps_its_two_parties(tmp_path: Path) -> None:
    audio = run(joined(tmp_path, STEREO, MONO))
    assert audio.channel_indices == (0, 1)
    for channel, times_s in ((0, (0.7, 5.0)), (1, (2.6, 7.0))):
        once_s = [10.0, 12.0] if channel == audio.announcements[0].channel else []
        found_s = onsets_s(audio.pcm.float32(channel), RATE_HZ)
        assert found_s == pytest.approx([*times_s, *once_s], abs=0.25)


def test_channel_that_is_silent_in_the_stereo_part_is_left_out(tmp_path: Path) -> None:
    audio = run(joined(tmp_path, MONO, STEREO * np.float32([[1], [0]])))
    assert audio.channel_indices == (0,)
    assert codes(audio) == {"format_changed", "silent_channel"}


def test_one_signal_in_the_stereo_part_is_a_mono_call(tmp_path: Path) -> None:
    audio = run(joined(tmp_path, MONO, np.repeat(excerpt(0.0, 10.0)[:1], 2, axis=0)))
    assert audio.channel_indices == (0,)
    assert "dual_mono" in codes(audio)


def test_converted_and_cut_sound_hold_both_parties(tmp_path: Path) -> None:
    path = joined(tmp_path, MONO, STEREO)
    _, rate_hz, channels, samples = decoded(convert(path, "wav"))
    assert channels == 2
    assert onsets_s(samples[0], rate_hz) == pytest.approx([1.0, 3.0, 6.7, 11.0], abs=0.25)
    assert onsets_s(samples[1], rate_hz) == pytest.approx([1.0, 3.0, 8.6, 13.0], abs=0.25)
    _, rate_hz, channels, samples = decoded(cut(path, "wav", 8.0, 10.0))
    assert channels == 2
    assert onsets_s(samples[1], rate_hz) == pytest.approx([0.6], abs=0.25)
    assert not onsets_s(samples[0], rate_hz)


def test_sample_rate_that_changes_moves_nothing(tmp_path: Path) -> None:
    path = joined(tmp_path, MONO, MONO, rates_hz=(RATE_HZ, 48_000))
    expected_s = [1.0, 3.0, 7.0, 9.0]
    assert onsets_s(run(path).pcm.float32(0), RATE_HZ) == pytest.approx(expected_s, abs=0.25)
    _, rate_hz, _, samples = decoded(convert(path, "wav"))
    assert onsets_s(samples[0], rate_hz) == pytest.approx(expected_s, abs=0.25)
    _, rate_hz, _, samples = decoded(cut(path, "wav", 6.5, 8.0))
    assert onsets_s(samples[0], rate_hz) == pytest.approx([0.5], abs=0.25)


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_joined_files_last_as_long_as_they_sound(tmp_path: Path, suffix: str) -> None:
    """The header of a chained Ogg tells the length of its first part only."""
    audio = run(joined(tmp_path, MONO, MONO, MONO, suffix=suffix))
    assert audio.media.duration_s == pytest.approx(18.0, abs=0.3)
    expected_s = [part + time_s for part in (0.0, 6.0, 12.0) for time_s in (1.0, 3.0)]
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx(expected_s, abs=0.3)
    assert "truncated" not in codes(audio)


@pytest.mark.parametrize("suffix", ["mp3", "ogg"])
def test_the_limit_counts_what_all_parts_last(tmp_path: Path, suffix: str) -> None:
    path = joined(tmp_path, MONO, MONO, MONO, suffix=suffix)
    with pytest.raises(InvalidMediaError) as error:
        StandardAudioProcessor(max_duration_s=12.0)(Recording("call", path), CallOptions())
    assert error.value.code == "media_too_long"
