"""Known speakers by their voices: agent and customer of the sample call, by channel and by voice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callytics.domain import Audio, CallOptions, Diarization, KnownSpeaker, Pcm, Recording, VoiceSample
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.engines.diarization.parties import check_options
from callytics.errors import InvalidRequestError
from tests.engines.diarization.recordings import (
    RATE_HZ,
    Samples,
    audio_of,
    noise,
    onnx_diarizer,
    sample_channels,
    sample_reference,
)

ROLES = ("AGENT", "CUSTOMER")
READERS = Path(__file__).parents[4] / "shared" / "data" / "asr_en"


def sample_of(role: str, max_s: float = 6.0) -> Samples:
    """The longest turn of one party, which is at the end of the call: the rest of it is what has to be recognised."""
    channel = sample_channels()[ROLES.index(role)]
    turn = max(
        (turn for turn in sample_reference() if turn["role"].upper() == role),
        key=lambda turn: turn["end_s"] - turn["start_s"],
    )
    end_s = min(turn["end_s"], turn["start_s"] + max_s)
    return channel[round(turn["start_s"] * RATE_HZ) : round(end_s * RATE_HZ)]


def with_samples(audio: Audio, **samples: Samples) -> Audio:
    known = tuple(
        VoiceSample(name, Pcm.from_array(samples_of[None], RATE_HZ)) for name, samples_of in samples.items()
    )
    return replace(audio, voice_samples=known)


def named(diarization: Diarization) -> dict[str, str | None]:
    return {party.role.value: party.name for party in diarization.participants}


@pytest.fixture(scope="module")
def stereo() -> Audio:
    return audio_of(*sample_channels()[:, : 40 * RATE_HZ])


def test_participants_are_named_by_channel(stereo: Audio) -> None:
    audio = with_samples(stereo, lee=sample_of("CUSTOMER"), kim=sample_of("AGENT"))
    assert named(onnx_diarizer()(audio, CallOptions())) == {"AGENT": "kim", "CUSTOMER": "lee"}


def test_participants_are_named_by_voice(stereo: Audio) -> None:
    mono = audio_of(sample_channels()[:, : 40 * RATE_HZ].sum(axis=0))
    audio = with_samples(mono, lee=sample_of("CUSTOMER"), kim=sample_of("AGENT"))
    found = onnx_diarizer()(audio, CallOptions(num_speakers=2))
    first = min(found.segments, key=lambda segment: segment.start_s).speaker
    opener = min(sample_reference(), key=lambda turn: turn["start_s"])["role"].upper()
    names = {party.id: party.name for party in found.participants}
    assert set(names.values()) == {"kim", "lee"}
    assert names[first] == {"AGENT": "kim", "CUSTOMER": "lee"}[opener]


def test_name_is_given_only_to_the_matching_voice(stereo: Audio) -> None:
    """The other party gets no name, although it is the only one left."""
    audio = with_samples(stereo, kim=sample_of("AGENT"))
    assert named(onnx_diarizer()(audio, CallOptions())) == {"AGENT": "kim", "CUSTOMER": None}


def reader(*clips: str) -> Samples:
    processor = StandardAudioProcessor()
    recordings = (Recording(clip, str(READERS / f"{clip}.flac")) for clip in clips)
    return np.concatenate([processor(one, CallOptions()).pcm.float32(0) for one in recordings])


@pytest.mark.shared
def test_unknown_voice_gets_no_name() -> None:
    """People, not the sample call's synthetic voices, which resemble each other."""
    call = audio_of(reader("1688-142285-0003", "1688-142285-0004"))
    stranger, herself = reader("2033-164914-0000"), reader("1688-142285-0001")
    options = CallOptions(num_speakers=1)
    alone = onnx_diarizer()(with_samples(call, stranger=stranger[: 10 * RATE_HZ]), options)
    assert [party.name for party in alone.participants] == [None]
    audio = with_samples(call, stranger=stranger[: 10 * RATE_HZ], herself=herself[: 10 * RATE_HZ])
    assert [party.name for party in onnx_diarizer()(audio, options).participants] == ["herself"]


def test_no_known_speakers_gives_no_names(stereo: Audio) -> None:
    assert named(onnx_diarizer()(stereo, CallOptions())) == {"AGENT": None, "CUSTOMER": None}


def test_sample_without_speech_is_rejected(stereo: Audio) -> None:
    with pytest.raises(InvalidRequestError) as error:
        onnx_diarizer()(with_samples(stereo, kim=noise(4.0)), CallOptions())
    assert error.value.code == "known_speaker_inaudible"
    assert "kim" in error.value.message


def test_silence_has_no_names() -> None:
    audio = with_samples(audio_of(np.zeros(5 * RATE_HZ)), kim=sample_of("AGENT"))
    assert onnx_diarizer()(audio, CallOptions()).participants == ()


def test_engine_without_voice_recognition_rejects_known_speakers(stereo: Audio) -> None:
    with pytest.raises(InvalidRequestError) as error:
        check_options(stereo, CallOptions(known_speakers=(KnownSpeaker("kim", "/kim.wav"),)))
    assert error.value.code == "known_speakers_unsupported"
