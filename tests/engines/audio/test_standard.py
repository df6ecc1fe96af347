from __future__ import annotations

import base64
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callytics.domain import Audio, CallOptions, Denoise, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import ConfigError, InvalidMediaError, InvalidRequestError
from callytics.store.codec import decode
from callytics.store.codec import encode as encode_output
from tests.engines.audio import recordings
from tests.engines.audio.recordings import Samples, agent, encode, excerpt, write_wav

UNTREATED: dict[str, object] = {"high_pass_hz": 0.0, "loudness_lufs": None}  # a high-pass turns phases


def run(path: str, options: CallOptions | None = None, **settings: object) -> Audio:
    engine = StandardAudioProcessor(**settings)  # type: ignore[arg-type]
    return engine(Recording("call", path), options or CallOptions())


def codes(audio: Audio) -> set[str]:
    return {flag.code for flag in audio.flags}


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


def likeness(one: Samples, other: Samples) -> float:
    """Correlation after the codec's delay (at most 0.2 s) is taken away."""
    size = min(len(one), len(other))
    spectra = np.fft.rfft([one[:size], other[:size]], 2 * size)
    by_delay = np.fft.irfft(np.conj(spectra[0]) * spectra[1])
    near = np.concatenate([by_delay[:3200], by_delay[-3200:]])
    return float(near.max() / np.sqrt((one[:size] ** 2).sum() * (other[:size] ** 2).sum()))


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


# ---------------------------------------------------------------- channels


def stereo(left: Samples, right: Samples) -> Samples:
    return np.stack([left, right]).astype(np.float32)


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


# ---------------------------------------------------------------- damage


def test_cut_wav_gives_its_existing_samples(tmp_path: Path) -> None:
    whole = Path(write_wav(tmp_path / "whole.wav", agent()))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[: 44 + 2 * 16_000])
    audio = run(str(cut))
    assert audio.pcm.duration_s == pytest.approx(1.0)
    assert codes(audio) == {"truncated"}


def test_streamed_wav_is_complete(tmp_path: Path) -> None:
    content = bytearray(Path(write_wav(tmp_path / "whole.wav", agent())).read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path = tmp_path / "streamed.wav"
    path.write_bytes(content)
    audio = run(str(path))
    assert audio.pcm.duration_s == pytest.approx(4.0)
    assert not codes(audio)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_cut_file_is_flagged(tmp_path: Path, suffix: str) -> None:
    codec = {"flac": "flac", "mp3": "libmp3lame"}[suffix]
    whole = Path(encode(tmp_path / f"whole.{suffix}", codec, agent()[np.newaxis], 16_000))
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    audio = run(str(cut))
    assert 1.0 < audio.pcm.duration_s < 3.0
    assert "truncated" in codes(audio)


def test_audio_after_a_lost_part_keeps_its_time(tmp_path: Path) -> None:
    path = Path(encode(tmp_path / "call.flac", "flac", agent()[np.newaxis], 16_000))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\x55" * 200
    path.write_bytes(content)
    audio = run(str(path), **UNTREATED)
    assert "corrupt_frames" in codes(audio)
    assert audio.pcm.duration_s == pytest.approx(4.0, abs=0.01)
    assert likeness(audio.pcm.float32(0, 3.0), agent()[48_000:]) > 0.95


def test_cut_m4a_is_undecodable(tmp_path: Path) -> None:
    whole = Path(encode(tmp_path / "whole.m4a", "aac", agent()[np.newaxis], 16_000))
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(whole.read_bytes()[:9_000])
    with pytest.raises(InvalidMediaError) as error:
        run(str(cut))
    assert error.value.code == "media_undecodable"


def test_samples_that_are_no_numbers_are_silenced(tmp_path: Path) -> None:
    samples = agent().copy()
    samples[1000:1010], samples[2000] = np.nan, np.inf
    audio = run(write_wav(tmp_path / "call.wav", samples, subtype="FLOAT"), **UNTREATED)
    assert codes(audio) == {"non_finite_samples"}
    assert likeness(audio.pcm.float32(0), agent()) > 0.9


def test_header_without_samples_has_no_audio(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", np.zeros(0, np.float32))
    for ask in (StandardAudioProcessor().probe, StandardAudioProcessor()):
        with pytest.raises(InvalidMediaError) as error:
            ask(Recording("call", path), CallOptions())
        assert error.value.code == "media_no_audio"


def test_picture_has_no_audio(tmp_path: Path) -> None:
    path = str(tmp_path / "call.mp4")
    import av

    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"  # type: ignore[attr-defined]
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))  # type: ignore[attr-defined]
        container.mux(stream.encode(None))  # type: ignore[attr-defined]
    with pytest.raises(InvalidMediaError) as error:
        run(path)
    assert error.value.code == "media_no_audio"


@pytest.mark.parametrize(
    "name", ["-rf --help;$(id).wav", "concat:a|b.wav", "http:x.wav", "통화 녹음.wav", "a%00b\n.wav"]
)
def test_file_name_has_no_effect(tmp_path: Path, name: str) -> None:
    assert run(write_wav(tmp_path / name, agent())).pcm.duration_s == pytest.approx(4.0)


def test_playlist_does_not_open_other_files(tmp_path: Path) -> None:
    write_wav(tmp_path / "secret.wav", agent())
    for name, text in {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:4,\n{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile '{tmp_path}/secret.wav'\n",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(InvalidMediaError) as error:
            run(str(tmp_path / name))
        assert error.value.code == "media_undecodable"


def test_too_long_recording_is_rejected_by_probe_and_call(tmp_path: Path) -> None:
    path = encode(tmp_path / "call.mp3", "libmp3lame", excerpt(0, 20)[:1], 16_000)
    engine = StandardAudioProcessor(max_duration_s=10.0)
    for ask in (engine.probe, engine):
        with pytest.raises(InvalidMediaError) as error:
            ask(Recording("call", path), CallOptions())
        assert error.value.code == "media_too_long"


def test_wrong_length_in_the_header_is_ignored(tmp_path: Path) -> None:
    """An MP3 whose Xing header promises 20 s of which 4 are there is not too long for a limit of 10 s."""
    path = Path(encode(tmp_path / "call.mp3", "libmp3lame", excerpt(0, 20)[:1], 16_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 5])
    engine = StandardAudioProcessor(max_duration_s=10.0)
    assert engine.probe(Recording("call", str(path)), CallOptions()).duration_s < 10.0
    assert "truncated" in codes(engine(Recording("call", str(path)), CallOptions()))


@pytest.mark.parametrize(
    ("rate_hz", "num_channels"), [(0, 1), (1, 1), (900, 1), (4_000_000_000, 1), (8_000, 0), (8_000, 200)]
)
def test_implausible_header_is_rejected_at_once(tmp_path: Path, rate_hz: int, num_channels: int) -> None:
    """One byte of sample rate must not become hours of audio."""
    data = b"\x10\x20" * 100_000
    header = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16)
    header += struct.pack("<HHIIHH", 1, num_channels, rate_hz, rate_hz, num_channels * 2, 16)
    path = tmp_path / "call.wav"
    path.write_bytes(header + struct.pack("<4sI", b"data", len(data)) + data)
    engine = StandardAudioProcessor()
    recording = Recording("call", str(path))
    for ask in (
        lambda: engine.probe(recording, CallOptions()),
        lambda: engine(recording, CallOptions()),
        lambda: engine.convert(recording.uri, "opus"),
    ):
        with pytest.raises(InvalidMediaError):
            ask()


def test_reads_any_fsspec_url(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", agent())
    assert run(f"file://{path}").pcm.duration_s == pytest.approx(4.0)


# ---------------------------------------------------------------- quality


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
