"""What every speaker-diarizer must do, whatever it is made of."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from callytics.domain import CallOptions, Diarization, Role, RoleSource
from callytics.errors import InvalidRequestError
from tests.engines.diarization.recordings import (
    RATE_HZ,
    audio_of,
    noise,
    onnx_diarizer,
    pyannote_diarizer,
    sample_channels,
    sample_reference,
    tones,
)
from tests.support.diarizations import check_form

ENGINES: list[Callable[[], Any]] = [onnx_diarizer, pyannote_diarizer]
GRID_S = 0.01


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__, scope="module")
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.fixture(scope="module")
def by_channel(engine: Any) -> Diarization:
    result: Diarization = engine(audio_of(*sample_channels()), CallOptions())
    return result


@pytest.fixture(scope="module")
def by_voice(engine: Any) -> Diarization:
    """The same call as one channel."""
    result: Diarization = engine(audio_of(sample_channels().sum(axis=0)), CallOptions())
    return result


def activity(spans: list[tuple[float, float]], duration_s: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros(round(duration_s / GRID_S), bool)
    for start_s, end_s in spans:
        mask[round(start_s / GRID_S) : round(end_s / GRID_S)] = True
    return mask


def spoken(role: str, duration_s: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return activity([(t["start_s"], t["end_s"]) for t in sample_reference() if t["role"] == role], duration_s)


def heard(result: Diarization, participant_id: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    spans = [(s.start_s, s.end_s) for s in result.segments if s.speaker == participant_id]
    return activity(spans, result.duration_s)


def test_names_its_model(engine: Any) -> None:
    assert engine.model
    assert engine.model_revision


def test_the_form_of_the_result(by_channel: Diarization, by_voice: Diarization) -> None:
    check_form(by_channel)
    check_form(by_voice)
    assert pickle.loads(pickle.dumps(by_voice)) == by_voice


def test_channels_carry_roles_and_speech(by_channel: Diarization) -> None:
    assert by_channel.by_channel
    assert [p.role for p in by_channel.participants] == [Role.AGENT, Role.CUSTOMER]
    assert all(p.role_source is RoleSource.CHANNEL for p in by_channel.participants)
    for participant in by_channel.participants:
        said, found = spoken(participant.role, by_channel.duration_s), heard(by_channel, participant.id)
        # Turns of the reference hold pauses, which are not speech.
        assert (said & found).sum() / said.sum() > 0.85
        assert (found & ~said).sum() / said.sum() < 0.05


def test_the_request_names_the_agent_by_the_channel_of_the_file(engine: Any) -> None:
    short = sample_channels()[:, : 15 * 16_000]
    result = engine(audio_of(*short, indices=(1, 3), file_channels=4), CallOptions(agent_channel=3))
    assert [(p.role, p.channel_index) for p in result.participants] == [(Role.CUSTOMER, 1), (Role.AGENT, 3)]
    assert {segment.channel for segment in result.segments} == {0, 1}
    with pytest.raises(InvalidRequestError, match="agent_channel is 4"):
        engine(audio_of(*short, indices=(1, 3), file_channels=4), CallOptions(agent_channel=4))
    # A channel that is there but silent cannot be known before: no reason to fail.
    result = engine(audio_of(*short, indices=(1, 3), file_channels=4), CallOptions(agent_channel=0))
    assert [(p.channel_index, p.role) for p in result.participants] == [(1, Role.UNKNOWN), (3, Role.UNKNOWN)]
    assert [flag.code for flag in result.flags] == ["agent_channel_ignored"]


def test_voices_are_told_apart_without_roles(by_voice: Diarization) -> None:
    assert not by_voice.by_channel
    assert len(by_voice.participants) == 2
    assert all(p.role is Role.UNKNOWN and p.role_source is None for p in by_voice.participants)
    roles = ("AGENT", "CUSTOMER")
    said = [spoken(role, by_voice.duration_s) for role in roles]
    found = [heard(by_voice, p.id) for p in by_voice.participants]
    agreement = max(
        sum(int((a & b).sum()) for a, b in zip(said, order, strict=True)) for order in (found, found[::-1])
    )
    assert agreement / sum(int(mask.sum()) for mask in said) > 0.8


def test_a_known_number_of_speakers_is_kept(engine: Any) -> None:
    one = engine(audio_of(sample_channels().sum(axis=0)[: 16 * RATE_HZ]), CallOptions(num_speakers=1))
    assert [p.id for p in one.participants] == ["spk_0"]
    with pytest.raises(InvalidRequestError):
        engine(audio_of(noise(1.0)), CallOptions(num_speakers=0))


def test_one_voice_stays_one_speaker(engine: Any) -> None:
    """A voicemail: only the customer of the sample call."""
    result = engine(audio_of(sample_channels()[1]), CallOptions())
    assert [p.id for p in result.participants] == ["spk_0"]
    assert result.segments


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(16_000 * 3, np.float32),
        np.zeros(0, np.float32),
        np.zeros(160, np.float32),
        tones(0.1, 440.0),
        np.concatenate([tones(4.0, 440.0, 554.4), tones(4.0, 392.0, 523.3), tones(4.0, 493.9, 659.3)]),
        np.concatenate([np.append(tones(0.2, 770.0, 1336.0), noise(0.3)) for _ in range(20)]),
        noise(8.0),
    ],
    ids=["silence", "empty", "10 ms", "100 ms", "hold music", "dtmf", "noise"],
)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_no_speech_is_no_segment(engine: Any, samples: np.ndarray[Any, Any], num_channels: int) -> None:
    result = engine(audio_of(*[samples] * num_channels), CallOptions())
    check_form(result)
    assert result.segments == ()
    assert len(result.participants) == (2 if num_channels == 2 else 0)


def test_it_is_deterministic_in_two_threads(engine: Any) -> None:
    audio = audio_of(sample_channels().sum(axis=0)[: 20 * RATE_HZ])
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: engine(audio, CallOptions()), range(2))
    assert first == second == engine(audio, CallOptions())
