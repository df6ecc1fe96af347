"""Pitch and loudness of turns against the speaker's own."""

from __future__ import annotations

import base64
import math
from dataclasses import replace

import pytest

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.conversation.voice import RAISED_VOICE, with_voice
from callytics.domain import (
    VOICE_LOWEST_HZ,
    Acoustics,
    Audio,
    Conversation,
    Media,
    Pcm,
    PiiKind,
    Redaction,
    SpeechSegment,
    Turn,
    VoiceTrack,
)
from tests.support.conversations import conversation

DURATION_S = 20.0
FRAMES = round(DURATION_S / 0.05)
Part = tuple[float, float, float, float]  # start_s, end_s, pitch_hz (0: no voice), dBFS


def track(*parts: Part) -> VoiceTrack:
    levels, pitches = bytearray(FRAMES), bytearray(FRAMES)
    for start_s, end_s, pitch_hz, level_dbfs in parts:
        for frame in range(round(start_s / 0.05), round(end_s / 0.05)):
            levels[frame] = round((level_dbfs + 127.5) * 2)
            pitches[frame] = 1 + round(72 * math.log2(pitch_hz / VOICE_LOWEST_HZ)) if pitch_hz else 0
    return VoiceTrack(0.05, base64.b64encode(levels).decode(), base64.b64encode(pitches).decode())


def audio(*tracks: VoiceTrack, indices: tuple[int, ...] | None = None) -> Audio:
    return Audio(
        Pcm(b"", len(tracks), round(DURATION_S * 16_000), 16_000),
        Media("", "wav", "pcm_s16le", 8000, 2, DURATION_S),
        Acoustics(-20, -20, 30, 0, 0.2),
        tuple(range(len(tracks))) if indices is None else indices,
        voice_tracks=tracks,
    )


def turns_of_one(*seconds: tuple[float, float]) -> Conversation:
    """Turns of channel 0, with words without a pause."""
    lines = [(0, start_s, end_s, "a b c d") for start_s, end_s in seconds]
    return conversation(*lines, duration_s=DURATION_S)


FOUR = ((0.0, 2.0), (6.0, 8.0), (12.0, 14.0), (17.5, 19.5))


def voices(*changes: tuple[float, float]) -> Conversation:
    """Four turns at 200 Hz and -30 dBFS, changed by (semitones, dB)."""
    parts = [
        (start_s, end_s, 200 * 2 ** (semitones / 12), -30 + change_db)
        for (start_s, end_s), (semitones, change_db) in zip(FOUR, changes, strict=True)
    ]
    return with_voice(turns_of_one(*FOUR), audio(track(*parts), track()))


def raised(told: Conversation) -> list[str]:
    return [turn.id for turn in told.turns if RAISED_VOICE in turn.flags]


def test_turn_that_is_louder_and_higher_than_the_speaker_usually_is_is_raised() -> None:
    told = voices((0, 0), (0, 0), (5, 12), (0, 0))
    assert raised(told) == ["t3"]
    voice = told.turns[2].voice
    assert voice
    assert voice.pitch_hz == pytest.approx(267, abs=2)
    assert voice.pitch_change_semitones == pytest.approx(5, abs=0.1)
    assert voice.loudness_change_db == pytest.approx(12, abs=0.1)


@pytest.mark.parametrize(
    "change", [(0, 15), (6, 0), (-4, 15), (6, -12)], ids=["level control", "question", "deep", "quiet"]
)
def test_turn_that_is_only_louder_or_only_higher_is_not_raised(change: tuple[float, float]) -> None:
    assert raised(voices((0, 0), (0, 0), change, (0, 0))) == []


def test_each_speaker_is_compared_with_the_own_turns() -> None:
    lines = [
        (channel, 5.0 * n + 2.5 * channel, 5.0 * n + 2.5 * channel + 2, "a b")
        for n in range(4)
        for channel in (0, 1)
    ]
    low = track(*[(start, end, 100.0, -40.0) for channel, start, end, _ in lines if channel == 0])
    high = track(*[(start, end, 300.0, -15.0) for channel, start, end, _ in lines if channel == 1])
    told = with_voice(conversation(*lines, duration_s=DURATION_S), audio(low, high))
    assert raised(told) == []
    assert {round(turn.voice.pitch_hz, -1) for turn in told.turns if turn.voice} == {100, 300}


def test_changes_are_unknown_with_fewer_than_three_turns() -> None:
    told = with_voice(turns_of_one(*FOUR[:2]), audio(track((0, 2, 200, -30), (6, 8, 300, -10)), track()))
    assert [turn.voice and turn.voice.loudness_change_db for turn in told.turns] == [None, None]
    assert told.turns[0].voice
    assert raised(told) == []


def test_short_and_unvoiced_turns_have_no_voice() -> None:
    told = with_voice(
        turns_of_one(*FOUR), audio(track((0, 0.4, 200, -30), (6, 8, 0, -30), (12, 14, 200, -30)), track())
    )
    assert [turn.voice is not None for turn in told.turns] == [False, False, True, False]


def test_line_noise_far_below_the_voice_is_not_measured() -> None:
    told = with_voice(turns_of_one(*FOUR), audio(track((0, 1, 200, -30), (1, 2, 100, -60)), track()))
    assert told.turns[0].voice
    assert told.turns[0].voice.pitch_hz == pytest.approx(200, abs=2)


def test_speech_of_another_party_on_the_same_channel_is_not_measured() -> None:
    alone = turns_of_one(*FOUR)
    other = SpeechSegment(1.0, 2.0, "spk_1")
    told = with_voice(
        replace(alone, speech=(*alone.speech, other)), audio(track((0, 1, 200, -30), (1, 2, 100, -20)))
    )
    assert told.turns[0].voice
    assert told.turns[0].voice.pitch_hz == pytest.approx(200, abs=2)
    covered = SpeechSegment(0.0, 2.0, "spk_1")
    told = with_voice(replace(alone, speech=(*alone.speech, covered)), audio(track((0, 2, 200, -30))))
    assert told.turns[0].voice is None


def test_redacted_stretch_is_not_measured() -> None:
    told = turns_of_one(*FOUR)
    first = replace(told.turns[0], redactions=(Redaction(PiiKind.PHONE, 1.0, 2.0),))
    told = with_voice(
        replace(told, turns=(first, *told.turns[1:])),
        audio(track((0, 1, 200, -30), (1, 2, 100, -20)), track()),
    )
    assert told.turns[0].voice
    assert told.turns[0].voice.pitch_hz == pytest.approx(200, abs=2)


def test_turns_that_were_split_are_measured_anew() -> None:
    parts = track((0, 1, 200, -30), (1, 2, 100, -30))
    whole = with_voice(turns_of_one((0.0, 2.0)), audio(parts, track()))
    halves = with_voice(replace(whole, turns=_halves(whole)), audio(parts, track()))
    assert [round(turn.voice.pitch_hz, -1) for turn in halves.turns if turn.voice] == [200, 100]


def _halves(told: Conversation) -> tuple[Turn, ...]:
    (turn,) = told.turns
    return (
        replace(turn, id="t1", end_s=1.0, words=turn.words[:2]),
        replace(turn, id="t2", start_s=1.0, words=turn.words[2:]),
    )


def test_announcement_has_no_voice() -> None:
    told = turns_of_one(*FOUR)
    first = replace(told.turns[0], flags=(ANNOUNCEMENT,))
    told = with_voice(replace(told, turns=(first, *told.turns[1:])), audio(track((0, 2, 200, -30)), track()))
    assert told.turns[0].voice is None


def test_channel_of_the_file_is_found_when_others_were_left_out() -> None:
    told = turns_of_one(*FOUR)
    participants = tuple(replace(p, channel_index=3 if p.channel_index else 2) for p in told.participants)
    told = with_voice(
        replace(told, participants=participants), audio(track((0, 2, 200, -30)), track(), indices=(2, 3))
    )
    assert told.turns[0].voice


def test_recording_without_tracks_has_no_voices() -> None:
    told = turns_of_one(*FOUR)
    assert with_voice(told, audio()) is told
