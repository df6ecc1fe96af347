"""Formats that the standard audio processor decodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from callytics.domain import CallOptions
from callytics.errors import InvalidMediaError, InvalidRequestError
from tests.engines.audio import recordings
from tests.engines.audio.recordings import agent, encode, excerpt, write_wav
from tests.support.standard_audio import UNTREATED, codes, likeness, run

ENCODED = [
    ("pcm.wav", "pcm_s16le", 48_000, None),
    ("mulaw.wav", "pcm_mulaw", 8_000, None),
    ("alaw.wav", "pcm_alaw", 8_000, None),
    ("ima.wav", "adpcm_ima_wav", 8_000, None),
    ("ms.wav", "adpcm_ms", 11_025, None),
    ("float.wav", "pcm_f32le", 22_050, None),
    ("24bit.wav", "pcm_s24le", 44_100, None),
    ("call.mp3", "libmp3lame", 44_100, None),
    ("call.m4a", "aac", 16_000, None),
    ("call.ogg", "libopus", 48_000, None),
    ("vorbis.ogg", "vorbis", 32_000, None),
    ("call.flac", "flac", 16_000, None),
    ("call.wma", "wmav2", 16_000, "asf"),
    ("call.webm", "libopus", 48_000, None),
    ("call.mka", "ac3", 48_000, None),
    ("call.au", "pcm_mulaw", 8_000, None),
    ("call.aiff", "pcm_s16be", 12_000, None),
]


@pytest.mark.parametrize(("name", "codec", "rate_hz", "muxer"), ENCODED, ids=[row[0] for row in ENCODED])
def test_usual_call_centre_formats_are_decoded(
    tmp_path: Path, name: str, codec: str, rate_hz: int, muxer: str | None
) -> None:
    options = {"vorbis": {"strict": "experimental"}, "wmav2": {"b": "48000"}}.get(codec, {})
    path = encode(tmp_path / name, codec, excerpt(4.0, 10.0), rate_hz, muxer, **options)
    audio = run(path, **UNTREATED)
    assert audio.channel_indices == (0, 1)
    assert audio.media.sample_rate_hz == rate_hz
    assert audio.pcm.duration_s == pytest.approx(6.0, abs=0.15)
    assert likeness(audio.pcm.float32(1), excerpt(4.0, 10.0)[1]) > 0.9
    assert not codes(audio)


def test_amr_and_gsm_are_decoded(tmp_path: Path) -> None:
    amr = encode(tmp_path / "call.amr", "libopencore_amrnb", agent()[np.newaxis], 8_000)
    assert likeness(run(amr, **UNTREATED).pcm.float32(0), agent()) > 0.7
    gsm = write_wav(tmp_path / "call.wav", agent()[::2], 8_000, "GSM610")
    audio = run(gsm)
    assert (audio.media.codec, audio.pcm.num_channels) == ("gsm_ms", 1)
    assert audio.pcm.duration_s == pytest.approx(4.0, abs=0.05)


def test_pauses_of_amr_are_no_damage(tmp_path: Path) -> None:
    """A mobile recorder writes hardly anything in pauses (DTX)."""
    speech = np.concatenate([agent(2.0), np.zeros(3 * 16_000, np.float32), agent(2.0)])
    paused = encode(tmp_path / "call.amr", "libopencore_amrnb", speech, 8_000, dtx="1")
    whole = encode(tmp_path / "whole.amr", "libopencore_amrnb", speech, 8_000)
    assert Path(paused).stat().st_size < 0.8 * Path(whole).stat().st_size
    audio = run(paused)
    assert not {"corrupt_frames", "gaps_filled", "truncated"} & {flag.code for flag in audio.flags}
    assert audio.media.duration_s == pytest.approx(7.0, abs=0.05)


def test_sound_of_a_video_is_decoded(tmp_path: Path) -> None:
    audio = run(recordings.with_video(tmp_path / "call.mp4", excerpt()))
    assert audio.media.format == "mp4"
    assert audio.pcm.duration_s == pytest.approx(6.0, abs=0.15)


@pytest.mark.parametrize(("format", "subtype"), [("mulaw", "ULAW"), ("alaw", "ALAW"), ("s16le", "PCM_16")])
def test_headerless_files_need_their_format(tmp_path: Path, format: str, subtype: str) -> None:
    path = str(tmp_path / "call.raw")
    soundfile.write(path, agent()[::2], 8_000, format="RAW", subtype=subtype)
    with pytest.raises(InvalidMediaError, match="audio_format") as error:
        run(path)
    assert error.value.code == "media_undecodable"
    audio = run(path, CallOptions(audio_format=format, audio_sample_rate_hz=8_000))
    assert audio.pcm.duration_s == pytest.approx(4.0)
    assert audio.acoustics.snr_db > 10
    with pytest.raises(InvalidRequestError):
        run(path, CallOptions(audio_format="g729"))


def test_named_format_does_not_override_a_header(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", agent())
    audio = run(path, CallOptions(audio_format="mulaw"))
    assert audio.media.codec == "pcm_s16le"


def test_reads_any_fsspec_url(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", agent())
    assert run(f"file://{path}").pcm.duration_s == pytest.approx(4.0)
