"""Files without a header: what a caller can say of them, and what cannot be speech as told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from callytics.domain import Audio, CallOptions, Recording
from callytics.engines.audio.convert import convert
from callytics.engines.audio.headerless import in_other_law, suits_other_law
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError
from tests.engines.audio.recordings import RATE_HZ, Samples, call, decoded, encode

SUBTYPES = {"mulaw": "ULAW", "alaw": "ALAW", "s16le": "PCM_16", "vox": "VOX_ADPCM", "gsm": "GSM610"}
SECONDS = 24.0


def telephone(num_channels: int, start_s: float = 0.0) -> Samples:
    """The two parties of the sample call, or both in one channel, at 8 kHz."""
    sound = call()[:, round(start_s * RATE_HZ) : round((start_s + SECONDS) * RATE_HZ)]
    wanted = sound if num_channels == 2 else sound.sum(axis=0, keepdims=True) * np.float32(0.7)
    return np.asarray(soxr.resample(wanted.T, RATE_HZ, 8_000).T, np.float32)


def raw(path: Path, audio_format: str, samples: Samples) -> str:
    """Samples of shape (num_channels, num_samples) at 8 kHz without a header; channels alternate."""
    if audio_format in SUBTYPES:
        soundfile.write(path, samples.T, 8_000, format="RAW", subtype=SUBTYPES[audio_format])
        return str(path)
    return encode(path, "g722", soxr.resample(samples.T, 8_000, RATE_HZ).T, RATE_HZ, audio_format)


def run(path: str, options: CallOptions) -> Audio:
    engine = StandardAudioProcessor(loudness_lufs=None)
    recording = Recording("call", path)
    assert engine.probe(recording, options).duration_s == pytest.approx(SECONDS, abs=0.1)
    return engine(recording, options)


def refusal(path: str, options: CallOptions) -> InvalidMediaError:
    """The refusal of the engine; the probe must refuse it as well."""
    engine = StandardAudioProcessor()
    codes, errors = set(), []
    for ask in (engine.probe, engine):
        with pytest.raises(InvalidMediaError) as caught:
            ask(Recording("call", path), options)
        codes.add(caught.value.code)
        errors.append(caught.value)
    assert codes == {"media_implausible"}
    return errors[0]


def likeness(one: Samples, other: Samples) -> float:
    size = min(one.size, other.size)
    spectra = np.fft.rfft([one[:size], other[:size]], 2 * size)
    by_delay = np.fft.irfft(np.conj(spectra[0]) * spectra[1])
    near = np.concatenate([by_delay[:400], by_delay[-400:]])
    return float(near.max() / np.sqrt((one[:size] ** 2).sum() * (other[:size] ** 2).sum()))


@pytest.mark.parametrize("audio_format", ["mulaw", "alaw", "s16le", "g722", "gsm", "vox"])
def test_named_format_is_read(tmp_path: Path, audio_format: str) -> None:
    samples = telephone(1)
    audio = run(raw(tmp_path / "call.bin", audio_format, samples), CallOptions(audio_format=audio_format))
    assert audio.pcm.duration_s == pytest.approx(SECONDS, abs=0.1)
    expected = np.asarray(soxr.resample(samples[0], 8_000, RATE_HZ))
    assert likeness(audio.pcm.float32(0), expected) > 0.9


@pytest.mark.parametrize("audio_format", ["mulaw", "alaw", "s16le"])
def test_two_channels_without_a_header_are_two_parties(tmp_path: Path, audio_format: str) -> None:
    samples = telephone(2)
    path = raw(tmp_path / "call.bin", audio_format, samples)
    options = CallOptions(audio_format=audio_format, audio_channels=2)
    audio = run(path, options)
    assert (audio.channel_indices, audio.media.channels) == ((0, 1), 2)
    for channel in (0, 1):
        expected = np.asarray(soxr.resample(samples[channel], 8_000, RATE_HZ))
        assert likeness(audio.pcm.float32(channel), expected) > 0.95
    _, rate_hz, channels, converted = decoded(convert(path, "wav", options))
    assert (rate_hz, channels, converted.shape[1]) == (8_000, 2, samples.shape[1])


@pytest.mark.parametrize("start_s", [0.0, 24.0, 48.0])
@pytest.mark.parametrize("audio_format", ["mulaw", "alaw", "s16le"])
def test_two_channels_read_as_one_are_refused(tmp_path: Path, audio_format: str, start_s: float) -> None:
    path = raw(tmp_path / "call.bin", audio_format, telephone(2, start_s))
    assert "audio_channels=2" in refusal(path, CallOptions(audio_format=audio_format)).message


@pytest.mark.parametrize("audio_format", ["mulaw", "alaw", "s16le"])
def test_one_channel_read_as_two_is_refused(tmp_path: Path, audio_format: str) -> None:
    path = raw(tmp_path / "call.bin", audio_format, telephone(1))
    error = refusal(path, CallOptions(audio_format=audio_format, audio_channels=2))
    assert "audio_channels=1" in error.message


def test_the_same_sound_on_two_channels_is_no_mistake(tmp_path: Path) -> None:
    path = raw(tmp_path / "call.bin", "mulaw", np.repeat(telephone(1), 2, axis=0))
    audio = run(path, CallOptions(audio_format="mulaw", audio_channels=2))
    assert "dual_mono" in {flag.code for flag in audio.flags}


FORMATS = ("mulaw", "alaw", "s16le", "g722", "gsm", "vox")


@pytest.mark.parametrize("told", FORMATS)
@pytest.mark.parametrize("written", FORMATS)
def test_bytes_of_another_format_are_refused(tmp_path: Path, written: str, told: str) -> None:
    path = raw(tmp_path / "call.bin", written, telephone(1))
    options = CallOptions(audio_format=told)
    if written == told:
        assert run(path, options).pcm.num_channels == 1
    else:
        assert "audio_format" in refusal(path, options).message


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_law_is_decoded_as_the_standard_says(tmp_path: Path, law: str) -> None:
    path, other = tmp_path / "codes.bin", {"mulaw": "alaw", "alaw": "mulaw"}[law]
    path.write_bytes(bytes(range(256)))
    samples = {
        name: soundfile.read(
            path, channels=1, samplerate=8_000, format="RAW", subtype=SUBTYPES[name], dtype="float32"
        )[0]
        for name in (law, other)
    }
    distinct = np.array([code for code in range(256) if code not in (0x7F, 0xFF)])  # both are 0 in mu-law
    found = in_other_law(samples[law][np.newaxis, distinct], other)
    assert np.array_equal(found[0], samples[other][distinct])


def test_silence_and_line_noise_are_no_mistake(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).standard_normal((1, round(SECONDS * 8_000))).astype(np.float32)
    for index, samples in enumerate((noise * 0, noise * np.float32(0.001))):
        run(raw(tmp_path / f"{index}.bin", "mulaw", samples), CallOptions(audio_format="mulaw"))


@pytest.mark.parametrize("rate_hz", [6_000, 8_000])
def test_vox_file_has_the_rate_that_is_told(tmp_path: Path, rate_hz: int) -> None:
    path = raw(tmp_path / "call.vox", "vox", telephone(1))
    audio = StandardAudioProcessor()(
        Recording("call", path), CallOptions(audio_format="vox", audio_sample_rate_hz=rate_hz)
    )
    assert audio.media.sample_rate_hz == rate_hz
    assert audio.pcm.duration_s == pytest.approx(SECONDS * 8_000 / rate_hz, abs=0.1)


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_header_that_names_the_other_law_is_flagged(tmp_path: Path, law: str) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, telephone(2).T, 8_000, subtype=SUBTYPES[law])
    right = path.read_bytes()
    codes = {"mulaw": (7).to_bytes(2, "little"), "alaw": (6).to_bytes(2, "little")}
    other = "alaw" if law == "mulaw" else "mulaw"
    at = right.index(b"fmt ") + 8
    assert right[at : at + 2] == codes[law]
    assert run(str(path), CallOptions()).flags == ()
    path.write_bytes(right[:at] + codes[other] + right[at + 2 :])
    assert "doubtful_encoding" in {flag.code for flag in run(str(path), CallOptions()).flags}


@pytest.mark.parametrize("num_samples", [0, 1, 100])
def test_samples_shorter_than_a_frame_suit_the_law_that_is_named(num_samples: int) -> None:
    assert not suits_other_law(np.full((1, num_samples), 0.5, np.float32), "mulaw")
