"""An announcement is in the transcript once, by neither party, and no figure counts it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.conversation import characteristics as traits
from callytics.conversation.announcements import ANNOUNCEMENT, ANNOUNCEMENT_ID, parties_only
from callytics.conversation.roles import assign_roles
from callytics.conversation.turns import attribute
from callytics.domain import Announcement, CallOptions, Conversation, Role, Transcript
from callytics.engines.diarization.parties import by_channel
from callytics.engines.recognition.calls import without_party
from tests.support.conversations import stereo, words
from tests.support.recognizers import audio_of, noise


def announced() -> Conversation:
    """Five seconds of announcement, over the end of which the customer speaks."""
    diarization, transcript = stereo(
        (1, 4.0, 6.0, "여보세요 거기 누구 계세요"), (0, 6.5, 8.0, "네 말씀하세요"), duration_s=10.0
    )
    menu = words("지금은 모든 상담원이 통화 중입니다", 0.5, 5.0)
    spoken = sorted([*menu, *transcript.words], key=lambda word: word.start_s)
    return attribute(diarization, Transcript(tuple(spoken), "ko", (), 10.0))


def test_words_without_a_channel_are_a_turn_of_neither_party() -> None:
    talk = announced()
    assert [(turn.participant_id, turn.flags) for turn in talk.turns] == [
        (ANNOUNCEMENT_ID, (ANNOUNCEMENT,)),
        ("spk_1", ()),
        ("spk_0", ()),
    ]
    assert assign_roles(talk).role_of(ANNOUNCEMENT_ID) is Role.OTHER
    assert assign_roles(talk).role_of("spk_0") is Role.AGENT


def test_speaking_over_an_announcement_is_neither_overlap_nor_interruption() -> None:
    assert not any(turn.overlap or turn.interruption for turn in announced().turns)


def test_announcement_is_neither_talk_time_nor_silence() -> None:
    talk = announced()
    assert sum(traits.talk_time_s(parties_only(talk)).values()) == pytest.approx(3.5)
    assert [gap.start_s for gap in traits.silences(talk)] == pytest.approx([0.0, 6.0, 8.0])


def test_parties_keep_their_turns_and_their_ids() -> None:
    left = parties_only(announced())
    assert [turn.id for turn in left.turns] == ["t2", "t3"]
    assert [participant.id for participant in left.participants] == ["spk_0", "spk_1"]


def test_only_words_of_the_kept_channel_are_of_the_announcement() -> None:
    menu = (Announcement(0.0, 5.0, 1),)
    inside, after = words("상담원 연결", 4.0, 6.0, channel=1)
    assert [without_party(word, menu).channel for word in (inside, after)] == [None, 1]
    assert without_party(words("네", 2.0, 2.3, channel=0)[0], menu).channel == 0


def test_diarized_speech_of_an_announcement_is_taken_from_its_channel() -> None:
    audio = audio_of(noise(10, -60), noise(10, -60, seed=1))
    audio = replace(audio, announcements=(Announcement(2.0, 5.0, 1),))
    found = by_channel(audio, CallOptions(), [[(1.0, 4.0)], [(1.9, 5.1), (4.0, 8.0)]], 0)
    assert [(s.speaker, s.start_s, s.end_s) for s in found.segments] == [
        ("spk_0", 1.0, 4.0),
        ("spk_1", 5.0, 8.0),
    ]
