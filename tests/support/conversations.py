"""Hand-made conversations for tests: short to write, easy to read."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from callytics.conversation.turns import attribute
from callytics.domain import (
    Conversation,
    Diarization,
    LanguageScore,
    Participant,
    Role,
    RoleSource,
    SpeechSegment,
    Transcript,
    Word,
)


def words(text: str, start_s: float, end_s: float, channel: int | None = None) -> list[Word]:
    """The words of a text, spread evenly over a stretch of time."""
    parts = text.split()
    step_s = (end_s - start_s) / len(parts)
    return [
        Word(part, start_s + n * step_s, start_s + (n + 1) * step_s, 0.9, channel)
        for n, part in enumerate(parts)
    ]


def stereo(
    *lines: tuple[int, float, float, str], duration_s: float, language: str = "ko"
) -> tuple[Diarization, Transcript]:
    """Lines are (channel, start_s, end_s, text); channel 0 is the agent."""
    participants = tuple(
        Participant(f"spk_{channel}", role, RoleSource.CHANNEL, 1.0, channel)
        for channel, role in enumerate((Role.AGENT, Role.CUSTOMER))
    )
    segments = tuple(
        sorted(
            (SpeechSegment(start, end, f"spk_{channel}", channel) for channel, start, end, _ in lines),
            key=lambda segment: segment.start_s,
        )
    )
    spoken = sorted(
        (word for channel, start, end, text in lines for word in words(text, start, end, channel)),
        key=lambda word: word.start_s,
    )
    return (
        Diarization(segments, participants, True, duration_s),
        Transcript(tuple(spoken), language, (LanguageScore(language, 1.0),), duration_s),
    )


def conversation(
    *lines: tuple[int, float, float, str], duration_s: float, language: str = "ko"
) -> Conversation:
    return attribute(*stereo(*lines, duration_s=duration_s, language=language))


lines = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.floats(0.0, 100.0),
        st.floats(0.1, 20.0),
        st.lists(st.sampled_from(["네", "환불", "okay", "order"]), min_size=1, max_size=8).map(" ".join),
    ).map(lambda line: (line[0], line[1], line[1] + line[2], line[3])),
    max_size=15,
)


def transferred(language: str = "en") -> Conversation:
    """A stereo call in which a second agent, spk_2, takes over on the agent's channel after 10 s."""
    diarization, transcript = stereo(
        (0, 0.0, 3.0, "hello this is Emma how can I help"),
        (1, 4.0, 8.0, "I would like to speak to somebody else"),
        (0, 12.0, 15.0, "hello this is Noah I take over"),
        (1, 14.0, 18.0, "good I have a question"),
        duration_s=20.0,
        language=language,
    )
    segments = tuple(
        replace(s, speaker="spk_2") if s.channel == 0 and s.start_s > 10.0 else s
        for s in diarization.segments
    )
    participants = (*diarization.participants, replace(diarization.participants[0], id="spk_2"))
    return attribute(replace(diarization, segments=segments, participants=participants), transcript)
