"""Several recordings in one file, byte after byte: all of them are heard, one after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.convert import convert
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError
from tests.engines.audio.recordings import RATE_HZ, Samples, bursts, decoded, encode, onsets_s, write_wav

FIRST, SECOND = bursts(4.0, (0.5, 2.2), 120), bursts(5.0, (1.0, 3.0), 210)
STEREO = np.concatenate([bursts(6.0, (0.7, 4.0), 120), bursts(6.0, (2.0, 5.2), 210)])
CODECS = {"m4a": "aac", "ogg": "libopus"}
ENCODER_DELAY_S = 0.07  # an encoder of the tests writes AAC that begins before its first sample


def joined(folder: Path, *parts: tuple[str, Samples, int], container: dict[str, str] | None = None) -> str:
    """Parts are (suffix, samples, rate)."""
    path = folder / f"call.{parts[0][0]}"
    content = b""
    for number, (suffix, samples, rate_hz) in enumerate(parts):
        part = folder / f"part{number}.{suffix}"
        if suffix == "wav":
            write_wav(part, samples)
        elif suffix == "oga":
            at_rate = soxr.resample(samples.T, RATE_HZ, rate_hz)
            soundfile.write(part, at_rate, rate_hz, format="OGG", subtype="VORBIS")
        else:
            encode(part, CODECS[suffix], samples, rate_hz, container=container)
        content += part.read_bytes()
    path.write_bytes(content)
    return str(path)


def run(path: str) -> Audio:
    return StandardAudioProcessor(loudness_lufs=None)(Recording("call", path), CallOptions())


def codes(audio: Audio) -> set[str]:
    return {flag.code for flag in audio.flags}


@pytest.mark.parametrize(("suffix", "rate_hz"), [("wav", 16_000), ("m4a", 16_000), ("ogg", 48_000)])
def test_recordings_of_one_format_are_heard_one_after_the_other(
    tmp_path: Path, suffix: str, rate_hz: int
) -> None:
    path = joined(tmp_path, (suffix, FIRST, rate_hz), (suffix, SECOND, rate_hz), (suffix, FIRST, rate_hz))
    audio = run(path)
    assert codes(audio) == set(), audio.flags
    assert audio.media.duration_s == pytest.approx(13.0, abs=0.4)
    times_s = [0.5, 2.2, 5.0, 7.0, 9.5, 11.2]
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx(times_s, abs=5 * ENCODER_DELAY_S)
    if suffix != "ogg":  # FFmpeg's header of an Ogg tells of its last part only
        probed = StandardAudioProcessor().probe(Recording("call", path), CallOptions())
        assert probed.duration_s == pytest.approx(13.0, abs=0.4)
    _, served_hz, _, served = decoded(convert(path, "wav"))
    assert onsets_s(served[0], served_hz) == pytest.approx(times_s, abs=5 * ENCODER_DELAY_S)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("oga", 8_000), ("oga", 44_100)),
        (("ogg", 48_000), ("ogg", 48_000)),
        (("ogg", 48_000), ("oga", 44_100)),
    ],
)
def test_ogg_whose_codec_rate_or_channels_change_is_heard_to_its_end(
    tmp_path: Path, first: tuple[str, int], second: tuple[str, int]
) -> None:
    audio = run(joined(tmp_path, (first[0], FIRST, first[1]), (second[0], STEREO, second[1])))
    assert codes(audio) == {"format_changed"}
    assert audio.channel_indices == (0, 1)
    late_s = [4.0 + time_s for time_s in (0.7, 4.0)]
    assert onsets_s(audio.pcm.float32(0), RATE_HZ)[-2:] == pytest.approx(late_s, abs=0.06)
    assert onsets_s(audio.pcm.float32(1), RATE_HZ)[-2:] == pytest.approx((6.0, 9.2), abs=0.06)


def test_recording_that_is_cut_within_a_later_part_is_flagged(tmp_path: Path) -> None:
    path = Path(joined(tmp_path, ("m4a", FIRST, 16_000), ("m4a", SECOND, 16_000)))
    path.write_bytes(path.read_bytes()[:-2000])  # the second index is at its end
    audio = run(str(path))
    assert "truncated" in codes(audio)
    assert onsets_s(audio.pcm.float32(0), RATE_HZ) == pytest.approx((0.5, 2.2), abs=ENCODER_DELAY_S)


def test_limit_of_the_length_counts_all_parts(tmp_path: Path) -> None:
    path = joined(tmp_path, ("wav", FIRST, RATE_HZ), ("wav", SECOND, RATE_HZ))
    with pytest.raises(InvalidMediaError, match="at most 0 are analysed"):
        StandardAudioProcessor(max_duration_s=8.0).probe(Recording("call", path), CallOptions())


def test_fragments_that_continue_the_time_are_one_recording(tmp_path: Path) -> None:
    """Segments of a stream, each with the headers: their timestamps go on, so nothing may be put before them."""
    encode(
        tmp_path / "whole.mp4",
        "aac",
        np.concatenate([FIRST, SECOND], axis=1),
        16_000,
        container={"movflags": "frag_every_frame+empty_moov+default_base_moof"},
    )
    content = (tmp_path / "whole.mp4").read_bytes()
    header, fragments = content[: content.index(b"moof") - 4], content[content.index(b"moof") - 4 :]
    middle = fragments.index(b"moof", len(fragments) // 2) - 4
    path = tmp_path / "segments.mp4"
    path.write_bytes(header + fragments[:middle] + header + fragments[middle:])
    audio = run(str(path))
    assert audio.media.duration_s == pytest.approx(9.0, abs=0.3)


def test_header_inside_the_sound_is_no_second_recording(tmp_path: Path) -> None:
    content = Path(write_wav(tmp_path / "part.wav", FIRST)).read_bytes()
    other = Path(write_wav(tmp_path / "other.wav", SECOND)).read_bytes()
    path = tmp_path / "call.wav"
    half = 44 + (len(content) - 44) // 4 * 2
    path.write_bytes(content[:half] + other[:44] + content[half + 44 :])
    assert run(str(path)).media.duration_s == pytest.approx(4.0, abs=0.01)
