"""The checks. Each takes an answer of the service and returns what is wrong with it; nothing is wrong with a right one.

A result is the JSON object of ``GET /v1/calls/{id}/result``. Times are seconds of the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from callytics.metrics import characters, normalise

Result = Mapping[str, Any]
Problems = list[str]

REACH_S = 0.5
"""A word may stand this far outside its sentence: a sentence in the recording has silence around it."""
MIN_LIKENESS = 0.6
"""Share of matching characters from which a sentence was heard; an invented one has a third."""
MAX_SHIFT_S = 0.2
"""Two recognitions of one sound differ by less in the times of their words, nine out of ten."""
MIN_MATCHED = 0.6
"""Share of the control's words that has to be found again before times are compared."""
ANYONE = ""


@dataclass(frozen=True)
class Said:
    """One sentence of the recording.

    Attributes:
        party: role that must be given to it; ANYONE for any.
        language: that its turn must have; "" for any.
    """

    start_s: float
    end_s: float
    party: str
    text: str
    language: str = ""


@dataclass(frozen=True)
class HeardWord:
    begin_s: float
    end_s: float
    text: str
    party: str
    participant: str
    channel: int | None
    language: str

    @property
    def middle_s(self) -> float:
        return (self.begin_s + self.end_s) / 2

    def within(self, start_s: float, end_s: float) -> bool:
        return start_s - REACH_S <= self.middle_s <= end_s + REACH_S


def words_of(result: Result) -> list[HeardWord]:
    channels = {p["participant_id"]: p.get("channel_index") for p in result["participants"]}
    return [
        HeardWord(
            item["begin_offset_ms"] / 1000,
            item["end_offset_ms"] / 1000,
            item["content"],
            turn["participant_role"],
            turn["participant_id"],
            channels.get(turn["participant_id"]),
            turn.get("language_code") or "",
        )
        for turn in result["transcript"]
        for item in turn["items"]
    ]


def heard(result: Result) -> str:
    """What was heard at what second, for the reader."""
    return " · ".join(
        f"{turn['begin_offset_ms'] / 1000:.1f} {turn['participant_role']}: {turn['content']}"
        for turn in result["transcript"]
    )


def likeness(reference: str, text: str) -> float:
    """1 for the same letters and digits, 0 for none in common."""
    return SequenceMatcher(None, characters(reference), characters(text), autojunk=False).ratio()


def all_said(result: Result, said: Iterable[Said]) -> Problems:
    """Every sentence was heard in its time, of its party, in its language."""
    words, problems = words_of(result), []
    for sentence in said:
        of_party = [
            word
            for word in words
            if word.within(sentence.start_s, sentence.end_s) and sentence.party in (ANYONE, word.party)
        ]
        text = " ".join(word.text for word in of_party)
        place = f"{sentence.start_s:.1f} s {sentence.party or 'anyone'}"
        if likeness(sentence.text, text) < MIN_LIKENESS:
            problems.append(f"{place}: heard “{text}”")
            continue
        languages = {word.language for word in of_party}
        if sentence.language and languages != {sentence.language}:
            problems.append(
                f"{place}: language {', '.join(sorted(languages))} instead of {sentence.language}"
            )
    return problems


def nothing_else(result: Result, said: Sequence[Said]) -> Problems:
    """No party says what it did not say: nothing in a pause, nothing of the other party's."""
    problems: Problems = []
    for word in words_of(result):
        if not any(
            word.within(sentence.start_s, sentence.end_s) and sentence.party in (ANYONE, word.party)
            for sentence in said
        ):
            problems.append(f"{word.begin_s:.1f} s {word.party}: “{word.text}” was not said")
    return problems


def said_once(result: Result, sentence: Said) -> Problems:
    """One participant at most says it: an announcement on both channels is written once."""
    by_participant: dict[str, list[str]] = {}
    for word in words_of(result):
        if word.within(sentence.start_s, sentence.end_s - 2 * REACH_S):
            by_participant.setdefault(word.participant, []).append(word.text)
    sayers = [
        name for name, texts in by_participant.items() if likeness(sentence.text, " ".join(texts)) > 0.4
    ]
    return [f"{sentence.start_s:.1f} s: said by {', '.join(sorted(sayers))}"] if len(sayers) > 1 else []


def not_a_party(result: Result, sentence: Said) -> Problems:
    """What neither party says is neither party's."""
    parties = {
        word.party
        for word in words_of(result)
        if word.within(sentence.start_s, sentence.end_s - 2 * REACH_S) and word.party in ("AGENT", "CUSTOMER")
    }
    return (
        [f"{sentence.start_s:.1f} s: the announcement is {' and '.join(sorted(parties))}"] if parties else []
    )


def same_times(result: Result, control: Result, moved: Callable[[float], float] = float) -> Problems:
    """The words stand where those of the control stand, after ``moved``."""
    here, there = words_of(result), words_of(control)
    matcher = SequenceMatcher(
        None, [normalise(w.text) for w in there], [normalise(w.text) for w in here], autojunk=False
    )
    pairs = [
        (there[block.a + n], here[block.b + n])
        for block in matcher.get_matching_blocks()
        for n in range(block.size)
    ]
    if len(pairs) < MIN_MATCHED * len(there) or not pairs:
        return [f"{len(pairs)} of the control's {len(there)} words were heard"]
    shifts = sorted(
        ((own.begin_s - moved(other.begin_s), own) for other, own in pairs), key=lambda pair: abs(pair[0])
    )
    shift_s, word = shifts[int(0.9 * (len(shifts) - 1))]
    if abs(shift_s) > MAX_SHIFT_S:
        return [f"“{word.text}” at {word.begin_s:.2f} s is {shift_s:+.2f} s off"]
    return []


def flags(result: Result, *, none_of: Iterable[str] = (), all_of: Iterable[str] = ()) -> Problems:
    codes = {flag["code"] for flag in result["flags"]}
    wrong = [f"flag {code}, which it is not" for code in none_of if code in codes]
    return wrong + [f"no flag {code}" for code in all_of if code not in codes]


def one_voice(result: Result) -> Problems:
    """One person in the recording is one participant."""
    sayers = sorted({word.participant for word in words_of(result)})
    return [f"one person became {', '.join(sayers)}"] if len(sayers) > 1 else []


def handed_over(result: Result, party: str, until_s: float, from_s: float) -> Problems:
    """Two people of one party, the second after the first."""
    first = {w.participant for w in words_of(result) if w.party == party and w.middle_s < until_s}
    second = {w.participant for w in words_of(result) if w.party == party and w.middle_s > from_s}
    if len(first) == 1 and len(second) == 1 and first != second:
        return []
    return [
        f"{party} before is {', '.join(sorted(first)) or 'missing'}, after {', '.join(sorted(second)) or 'missing'}"
    ]


def lengths(expected_s: float, **measured_ms: float) -> Problems:
    """All places tell the same length."""
    return [
        f"{place.replace('_', ' ')}: {ms / 1000:.2f} s instead of {expected_s:.2f}"
        for place, ms in measured_ms.items()
        if abs(ms / 1000 - expected_s) > MAX_SHIFT_S
    ]


def sane_words(result: Result) -> Problems:
    """Every word has a time; none is of no length, none goes back."""
    problems: Problems = []
    for turn in result["transcript"]:
        last_ms = -1
        for item in turn["items"]:
            begin_ms, end_ms = item["begin_offset_ms"], item["end_offset_ms"]
            if end_ms <= begin_ms or begin_ms < last_ms:
                problems.append(f"“{item['content']}” from {begin_ms} to {end_ms} ms")
            last_ms = begin_ms
    return problems
