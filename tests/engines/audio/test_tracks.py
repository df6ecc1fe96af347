"""Recordings that hold each party in a track of its own, and what else lies beside the call."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.convert import convert
from callytics.engines.audio.cut import cut
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError
from tests.engines.audio.recordings import RATE_HZ, Samples, bursts, decoded, excerpt, onsets_s
from tests.support.standard_audio import codes

AGENT_S, CUSTOMER_S = (0.7, 3.0, 7.1), (1.9, 5.2)
AGENT, CUSTOMER = bursts(9.0, AGENT_S, 120), bursts(9.0, CUSTOMER_S, 210)


def write_tracks(
    path: Path, *tracks: Samples, late_s: tuple[float, ...] = (), marks: dict[int, str] | None = None
) -> str:
    """AAC tracks of shape (num_channels, num_samples), in the container that the name's suffix says."""
    with av.open(str(path), "w") as container:
        outputs = []
        for index, samples in enumerate(tracks):
            layout = {1: "mono", 2: "stereo"}[samples.shape[0]]
            stream: Any = container.add_stream("aac", rate=RATE_HZ, layout=layout)
            stream.bit_rate = 64_000
            if marks and index in marks:
                stream.disposition = getattr(av.stream.Disposition, marks[index])
            outputs.append((stream, layout, samples, round((late_s[index] if late_s else 0.0) * RATE_HZ)))
        packets = []
        for stream, layout, samples, offset in outputs:
            for start in range(0, samples.shape[1] // 1024 * 1024, 1024):
                part = np.ascontiguousarray(samples[:, start : start + 1024], np.float32)
                frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
                frame.sample_rate, frame.time_base, frame.pts = RATE_HZ, Fraction(1, RATE_HZ), start + offset
                packets += stream.encode(frame)
            packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return str(path)


def run(path: str) -> Audio:
    return StandardAudioProcessor(loudness_lufs=None)(Recording("call", path), CallOptions())


@pytest.mark.parametrize("suffix", ["m4a", "mkv", "mov"])
def test_two_mono_tracks_are_two_parties(tmp_path: Path, suffix: str) -> None:
    path = write_tracks(tmp_path / f"call.{suffix}", AGENT, CUSTOMER)
    audio = run(path)
    assert (audio.channel_indices, audio.media.channels, codes(audio)) == ((0, 1), 2, set())
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx(AGENT_S, abs=0.05)
    assert onsets_s(audio.pcm.float32(1), RATE_HZ) == pytest.approx(CUSTOMER_S, abs=0.05)
    assert StandardAudioProcessor().probe(Recording("call", path), CallOptions()).channels == 2


@pytest.mark.parametrize("format", ["wav", "mp3"])
def test_converted_recording_holds_all_tracks(tmp_path: Path, format: str) -> None:
    path = write_tracks(tmp_path / "call.m4a", AGENT, CUSTOMER)
    _, rate_hz, channels, samples = decoded(convert(path, format))
    assert channels == 2
    assert onsets_s(samples[0], rate_hz) == pytest.approx(AGENT_S, abs=0.1)
    assert onsets_s(samples[1], rate_hz) == pytest.approx(CUSTOMER_S, abs=0.1)


def test_turn_is_cut_out_of_all_tracks(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "call.m4a", AGENT, CUSTOMER)
    _, rate_hz, channels, samples = decoded(cut(path, "wav", 5.0, 6.0))
    assert channels == 2
    assert onsets_s(samples[1], rate_hz) == pytest.approx([0.2], abs=0.05)
    assert np.abs(samples[0]).max() < 0.05


@pytest.mark.parametrize("suffix", ["m4a", "mkv"])
def test_track_that_begins_later_keeps_its_time(tmp_path: Path, suffix: str) -> None:
    customer = bursts(6.0, (0.9, 2.2), 210)
    audio = run(write_tracks(tmp_path / f"call.{suffix}", AGENT, customer, late_s=(0.0, 2.5)))
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx(AGENT_S, abs=0.05)
    assert onsets_s(audio.pcm.float32(1), RATE_HZ) == pytest.approx((3.4, 4.7), abs=0.05)


def test_tracks_of_different_rates_keep_their_times(tmp_path: Path) -> None:
    path = tmp_path / "call.mka"
    with av.open(str(path), "w") as container:
        parts = []
        for rate_hz, times_s, pitch_hz in ((8_000, AGENT_S, 120), (48_000, CUSTOMER_S, 210)):
            stream: Any = container.add_stream("pcm_s16le", rate=rate_hz, layout="mono")
            samples = bursts(9.0, times_s, pitch_hz, rate_hz)
            frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16), "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
            parts.append((stream, frame))
        for stream, frame in parts:
            container.mux(stream.encode(frame))
    audio = run(str(path))
    assert audio.media.sample_rate_hz == 48_000
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx(AGENT_S, abs=0.05)
    assert onsets_s(audio.pcm.float32(1), RATE_HZ) == pytest.approx(CUSTOMER_S, abs=0.05)


def test_commentary_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "call.mkv", AGENT, CUSTOMER, bursts(9.0, (0.2, 8.0), 160), marks={2: "comment"}
    )
    audio = run(path)
    assert (audio.channel_indices, codes(audio)) == ((0, 1), {"track_left_out"})
    assert "track 2 is marked as comment" in next(flag.message for flag in audio.flags)


def test_lonely_commentary_is_heard(tmp_path: Path) -> None:
    audio = run(write_tracks(tmp_path / "call.mkv", AGENT, marks={0: "comment"}))
    assert codes(audio) == set()


def test_parties_on_both_channels_of_their_tracks_are_two(tmp_path: Path) -> None:
    """A softphone writes each voice as stereo; the same sound on both channels is one party."""
    path = write_tracks(tmp_path / "call.mkv", np.repeat(AGENT, 2, 0), np.repeat(CUSTOMER, 2, 0))
    audio = run(path)
    assert audio.channel_indices == (0, 2)
    assert codes(audio) == {"duplicate_channel"}


def test_the_mixture_beside_its_parts_is_left_out_and_told(tmp_path: Path) -> None:
    """What OBS writes: a first track with everything, then the microphone and the other side."""
    left, right = excerpt(0.0, 20.0)
    mixture, parts = (
        np.repeat((left + right)[np.newaxis], 2, 0) * np.float32(0.7),
        (left[np.newaxis], right[np.newaxis]),
    )
    audio = run(write_tracks(tmp_path / "call.mkv", mixture, *parts))
    assert audio.channel_indices == (2, 3)
    assert codes(audio) == {"duplicate_channel"}


@pytest.mark.parametrize(("gains", "late_s"), [((0.2, 0.9), 0.0), ((0.9, 0.2), 0.0), ((0.7, 0.7), 0.03)])
def test_mixture_is_left_out_also_where_a_party_prevails_or_it_is_late(
    tmp_path: Path, gains: tuple[float, float], late_s: float
) -> None:
    """A mixture in which one party is soft is like the other's own track; that one must not be given up for it."""
    left, right = excerpt(0.0, 20.0)
    mixture = np.roll(gains[0] * left + gains[1] * right, round(late_s * RATE_HZ)).astype(np.float32)
    path = write_tracks(tmp_path / "call.mkv", *(track[np.newaxis] for track in (mixture, left, right)))
    audio = run(path)
    assert audio.channel_indices == (1, 2)
    assert codes(audio) == {"duplicate_channel"}


def test_leaking_parties_and_a_third_are_no_mixture(tmp_path: Path) -> None:
    left, right = excerpt(0.0, 20.0)
    third = np.roll(right, 7 * RATE_HZ)
    tracks = (left + 0.2 * right, right + 0.2 * left, third)
    audio = run(write_tracks(tmp_path / "call.mkv", *(track[np.newaxis] for track in tracks)))
    assert codes(audio) == {"channels_mixed"}


def test_the_same_track_twice_is_one_party(tmp_path: Path) -> None:
    left, right = excerpt(0.0, 12.0)[:, np.newaxis]
    audio = run(write_tracks(tmp_path / "call.mkv", left, right, left))
    assert audio.channel_indices == (0, 1)
    assert codes(audio) == {"duplicate_channel"}
    assert "dual_mono" in codes(run(write_tracks(tmp_path / "twice.m4a", left, left)))


def test_three_parties_are_heard(tmp_path: Path) -> None:
    audio = run(write_tracks(tmp_path / "call.mkv", AGENT, CUSTOMER, bursts(9.0, (4.1, 8.2), 160)))
    assert codes(audio) == {"channels_mixed"}
    assert audio.media.channels == 3
    times_s = sorted((*AGENT_S, *CUSTOMER_S, 4.1, 8.2))
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx(times_s, abs=0.05)


def test_more_channels_in_tracks_than_a_call_has_are_refused(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "call.mka", *[np.repeat(AGENT[:, :4096], 2, 0)] * 17)
    with pytest.raises(InvalidMediaError, match="34 channels in 17 tracks"):
        run(path)
