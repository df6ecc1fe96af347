"""Conversations from lines of text, for the stages that read text: times are made up at four words a second."""

from __future__ import annotations

from callytics.domain import Conversation, Participant, Role, SpeechSegment, Turn, Word

WORDS_PER_SECOND = 4.0
PAUSE_S = 0.4


def talk(
    *lines: tuple[str, str],
    language: str = "ko",
    roles: dict[str, Role] | None = None,
    pause_s: float = PAUSE_S,
) -> Conversation:
    """Lines are (speaker, text), one a turn. ``roles`` by speaker; UNKNOWN where it does not say."""
    turns: list[Turn] = []
    segments: list[SpeechSegment] = []
    position_s = 0.0
    for number, (speaker, text) in enumerate(lines, start=1):
        words: list[Word] = []
        for word in text.split():
            words.append(Word(word, position_s, position_s + 1 / WORDS_PER_SECOND, 0.9))
            position_s += 1 / WORDS_PER_SECOND
        start_s, end_s = words[0].start_s, words[-1].end_s
        turns.append(Turn(f"t{number}", speaker, start_s, end_s, text, text, tuple(words), 0.9))
        segments.append(SpeechSegment(start_s, end_s, speaker))
        position_s += pause_s
    speakers = sorted({speaker for speaker, _ in lines})
    participants = tuple(Participant(s, (roles or {}).get(s, Role.UNKNOWN)) for s in speakers)
    return Conversation(language, position_s, participants, tuple(turns), tuple(segments))
