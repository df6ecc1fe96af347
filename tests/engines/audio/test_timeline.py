"""Where the sound stands in time: late starts, holes, clocks that drift. Files with times of our own making."""

from __future__ import annotations

from collections.abc import Callable
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
from tests.engines.audio.recordings import RATE_HZ, bursts, decoded, onsets_s
from tests.support.standard_audio import codes

TIMES_S = (1.0, 4.0, 8.0, 12.0, 17.0)
Time = Callable[[float], float | None]
"""From the time of a packet to its timestamp; None: the packet is lost."""


def write_packets(
    path: Path,
    at: Time,
    packet_s: float = 0.02,
    length_s: float = 20.0,
    picture_s: float = 0.0,
    codec: str = "libopus",
    times_s: tuple[float, ...] = TIMES_S,
) -> str:
    """Bursts at ``times_s`` in packets whose timestamps ``at`` changes, beside a black picture."""
    rate_hz = 48_000 if codec == "libopus" else RATE_HZ
    samples = bursts(length_s, times_s, 120, rate_hz)
    with av.open(str(path), "w") as container:
        video: Any = None
        if picture_s:
            video = container.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=5)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        of_codec = {"libopus": {"frame_duration": f"{packet_s * 1000:g}"}, "wmav2": {"b": "48000"}}
        options = of_codec.get(codec, {})
        stream: Any = container.add_stream(codec, rate=rate_hz, layout="mono", options=options)
        stream.codec_context.open()
        size = stream.codec_context.frame_size or round(packet_s * rate_hz)
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate_hz)
        packets = []
        for start in range(0, samples.shape[1] // size * size, size):
            part = np.ascontiguousarray(samples[:, start : start + size])
            frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
            frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), start
            packets += [packet for ready in resampler.resample(frame) for packet in stream.encode(ready)]
        packets += stream.encode(None)
        kept = [packet for packet in packets if _moved(packet, at)]
        if video is not None:
            for _ in range(round(picture_s * 5)):
                picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
                kept += video.encode(picture)
            kept += video.encode(None)
        for packet in sorted(kept, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return str(path)


def _moved(packet: Any, at: Time) -> bool:
    time_s = at(float(packet.pts * packet.time_base))
    if time_s is None:
        return False
    packet.pts = packet.dts = round(time_s / packet.time_base)
    return True


def run(path: str, **settings: Any) -> Audio:
    return StandardAudioProcessor(loudness_lufs=None, **settings)(Recording("call", path), CallOptions())


def heard_s(audio: Audio) -> list[float]:
    return onsets_s(audio.pcm.float32(0), RATE_HZ)


def converted_s(path: str) -> list[float]:
    _, rate_hz, _, samples = decoded(convert(path, "wav"))
    return onsets_s(samples[0], rate_hz)


# ---------------------------------------------------------------- late starts


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "aac"), ("webm", "libopus"), ("mkv", "aac"), ("wmv", "wmav2")]
)
def test_sound_that_starts_after_the_picture_keeps_its_time(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_packets(tmp_path / f"call.{suffix}", lambda s: s + 5, picture_s=30.0, codec=codec)
    late_s = [time_s + 5 for time_s in TIMES_S]
    audio = run(path)
    assert heard_s(audio) == pytest.approx(late_s, abs=0.05)
    assert converted_s(path) == pytest.approx(late_s, abs=0.05)
    assert codes(audio) == set()
    assert audio.media.duration_s == pytest.approx(25.0, abs=0.1)
    _, rate_hz, _, samples = decoded(cut(path, "wav", 8.5, 10.0))
    assert onsets_s(samples[0], rate_hz) == pytest.approx([0.5], abs=0.05)


@pytest.mark.parametrize(("suffix", "codec"), [("m4a", "aac"), ("webm", "libopus")])
def test_sound_alone_that_starts_late_keeps_its_time(tmp_path: Path, suffix: str, codec: str) -> None:
    """A browser's player shows the time of its first sample as 5 s."""
    path = write_packets(tmp_path / f"call.{suffix}", lambda s: s + 5, codec=codec)
    audio = run(path)
    assert heard_s(audio) == pytest.approx([time_s + 5 for time_s in TIMES_S], abs=0.05)
    assert codes(audio) == set()


def test_timestamps_of_a_broadcast_start_anywhere(tmp_path: Path) -> None:
    path = write_packets(tmp_path / "call.ts", lambda s: s + 4000, codec="aac")
    audio = run(path)
    assert heard_s(audio) == pytest.approx(
        TIMES_S, abs=0.07
    )  # AAC begins with 64 ms of its own, and MPEG-TS keeps them
    assert codes(audio) == set()


def test_picture_longer_than_the_sound_cuts_nothing_off(tmp_path: Path) -> None:
    assert codes(run(write_packets(tmp_path / "call.webm", lambda s: s, picture_s=40.0))) == set()


# ---------------------------------------------------------------- holes


def lost(time_s: float, packet_s: float) -> float | None:
    return None if round(time_s / packet_s) % 10 == 9 else time_s


@pytest.mark.parametrize("packet_s", [0.0025, 0.005, 0.01, 0.02])
def test_lost_packets_of_any_length_do_not_add_up(tmp_path: Path, packet_s: float) -> None:
    path = write_packets(tmp_path / "call.webm", lambda s: lost(s, packet_s), packet_s)
    audio = run(path)
    assert heard_s(audio) == pytest.approx(TIMES_S, abs=0.06)
    assert converted_s(path) == pytest.approx(TIMES_S, abs=0.06)
    assert codes(audio) & {"gaps_filled", "clock_drift"}
    assert "truncated" not in codes(audio)


def test_hole_of_more_than_ten_minutes_keeps_the_time(tmp_path: Path) -> None:
    path = write_packets(tmp_path / "call.webm", lambda s: s if s < 10 else s + 1500)
    audio = run(path)
    assert heard_s(audio) == pytest.approx([1, 4, 8, 1512, 1517], abs=0.05)
    assert codes(audio) == {"gaps_filled"}
    with pytest.raises(InvalidMediaError) as error:
        run(path, max_duration_s=1200.0)
    assert error.value.code == "media_too_long"


def test_timestamps_of_another_day_are_not_followed(tmp_path: Path) -> None:
    audio = run(write_packets(tmp_path / "call.webm", lambda s: s if s < 10 else s + 86_400))
    assert heard_s(audio) == pytest.approx(TIMES_S, abs=0.05)
    assert "timestamps_wrong" in codes(audio)


def test_one_timestamp_out_of_line_moves_nothing(tmp_path: Path) -> None:
    audio = run(write_packets(tmp_path / "call.mkv", lambda s: s + 300 * (abs(s - 6) < 0.009)))
    assert heard_s(audio) == pytest.approx(TIMES_S, abs=0.05)


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize("ratio", [1.02, 1.001, 0.999, 0.99])
def test_clock_that_drifts_is_followed(tmp_path: Path, ratio: float) -> None:
    path = write_packets(tmp_path / "call.mkv", lambda s: s * ratio, length_s=60.0)
    expected_s = [time_s * ratio for time_s in TIMES_S]
    audio = run(path)
    assert heard_s(audio) == pytest.approx(expected_s, abs=0.03)
    assert converted_s(path) == pytest.approx(expected_s, abs=0.03)
    assert codes(audio) == {"clock_drift"}
    assert audio.media.duration_s == pytest.approx(60.0 * ratio, abs=0.05)


def test_clock_that_drifts_is_followed_for_an_hour(tmp_path: Path) -> None:
    times_s = (1.0, 1800.0, 3590.0)
    path = write_packets(
        tmp_path / "call.mkv", lambda s: s * 1.001, 0.1, 3600.0, codec="pcm_s16le", times_s=times_s
    )
    expected_s = [time_s * 1.001 for time_s in times_s]
    assert heard_s(run(path)) == pytest.approx(expected_s, abs=0.05)
    assert converted_s(path) == pytest.approx(expected_s, abs=0.05)


def test_late_packets_are_not_holes_for_ever(tmp_path: Path) -> None:
    """Timestamps of arrival: each tenth packet comes 30 ms late."""
    path = write_packets(tmp_path / "call.mkv", lambda s: s + 0.03 * (round(s / 0.02) % 10 == 9))
    assert heard_s(run(path)) == pytest.approx(TIMES_S, abs=0.06)
