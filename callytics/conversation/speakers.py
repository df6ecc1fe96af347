"""Which speaker said each word, where voices and words were found apart from each other.

A diarized change of speakers is off by a few tenths of a second, and so is a word. Both sides of a change read better
if it stands where people do change: at the end of a sentence or in a pause. So the words of a call are not judged one
by one: the sequence of speakers with the lowest total cost is taken (Viterbi). It costs something to give a word to a
speaker whose speech is some way off, and to change speakers inside a phrase. Standard library only.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

from callytics.conversation.backchannels import is_backchannel
from callytics.domain import HeardWindow, Participant, SpeechSegment, Word

NEAREST_SEGMENT_S = 1.0
"""Speech that is further from a word than this says nothing about it."""

OUTSIDE_COST = 0.5
"""Cost of a word outside the speaker's speech."""
DISTANCE_COST_PER_S = 3.5
"""The same per second between the word and the speaker's nearest speech."""

LONGER_COST = 0.2
"""Cost of a word in the longer of two segments that overlap: a short one has its edges at what it was found for."""

PHRASE_COST = 2.8
"""Cost of a change of speakers between two words of one phrase."""
CLAUSE_COST = 1.2
"""The same after a comma."""
REPLY_COST = 0.4
"""The same on either side of a word that listeners say."""
SENTENCE_COST = 0.2
"""The same after the end of a sentence. People answer at once, so no pause is needed."""

PAUSE_COST = 0.6
"""The same in a pause of PAUSE_S."""
PAUSE_S = 0.6
"""A shorter pause lowers the cost in proportion. Gaps inside an utterance are rarely longer
(Heldner & Edlund 2010, J. Phonetics 38)."""

_PLACES = (1 / 6, 1 / 2, 5 / 6)
"""Where a word is compared with speech, as parts of its length."""

_NO_REPLIES = frozenset({"i", "see"})
"""Only "I see" is one."""
_SENTENCE_MARK = re.compile(r"[.?!…。？！]+[\"'”’)\]]*$")
_CLAUSE_MARK = re.compile(r"[,;:，、]+[\"'”’)\]]*$")
_ABBREVIATION = re.compile(r"^(mr|mrs|ms|dr|prof|st|no|vs|inc|ltd|co|jr|sr|[a-z])\.$", re.IGNORECASE)
_KOREAN_END = re.compile(r"(니다|니까|시다|시오|세요|셔요|에요|예요|[가-힣]요|지요|죠)$")
"""Polite and formal final endings: they rarely occur inside a sentence."""


def speakers_of_words(segments: Sequence[SpeechSegment], words: Sequence[Word]) -> list[str]:
    """The speaker of each word; "" for every word if there is no speech.

    Args:
        segments: who spoke when, in any order; speakers may overlap.
        words: of one recording or channel, sorted by start.
    """
    speakers = list(dict.fromkeys(segment.speaker for segment in sorted(segments, key=_start)))
    if len(speakers) < 2 or not words:
        return [speakers[0] if speakers else ""] * len(words)
    voices = [_Voice(segment for segment in segments if segment.speaker == speaker) for speaker in speakers]
    totals = _costs(words[0], voices)
    came_from: list[list[int]] = []
    for word, following in pairwise(words):
        costs = _costs(following, voices)
        change = change_cost(word, following)
        best = min(range(len(speakers)), key=totals.__getitem__)
        steps = [n if totals[n] <= totals[best] + change else best for n in range(len(speakers))]
        totals = [
            totals[origin] + (change if origin != n else 0.0) + costs[n] for n, origin in enumerate(steps)
        ]
        came_from.append(steps)
    path = [min(range(len(speakers)), key=totals.__getitem__)]
    for steps in reversed(came_from):
        path.append(steps[path[-1]])
    return [speakers[n] for n in reversed(path)]


def speakers_on_channel(
    participants: Sequence[Participant],
    segments: Sequence[SpeechSegment],
    channel: int,
    words: Sequence[Word],
) -> list[str]:
    """The participants' ids for words of one channel of a call with one party per channel.

    The first participants are in the order of the channels; a channel's later people follow them.
    """
    own = [segment for segment in segments if segment.channel == channel]
    if len({segment.speaker for segment in own}) > 1:
        return speakers_of_words(own, words)
    return [participants[channel].id] * len(words)


def speaker_of_window(
    participants: Sequence[Participant], segments: Sequence[SpeechSegment], channel: int, window: HeardWindow
) -> str:
    """The participant with most speech on the channel in a window of recognition."""
    speech_s = {participants[channel].id: 0.0}
    for segment in segments:
        overlap_s = min(window.end_s, segment.end_s) - max(window.start_s, segment.start_s)
        if segment.channel == channel and overlap_s > 0.0:
            speech_s[segment.speaker] = speech_s.get(segment.speaker, 0.0) + overlap_s
    return max(speech_s, key=speech_s.__getitem__)


def change_cost(word: Word, following: Word) -> float:
    """What a change of speakers between two words costs."""
    text = word.text
    if (_SENTENCE_MARK.search(text) and not _ABBREVIATION.match(text)) or _KOREAN_END.search(text):
        return SENTENCE_COST
    if _is_reply(text) or _is_reply(following.text):
        return REPLY_COST
    clause = _CLAUSE_MARK.search(text)
    cost, lowest = (CLAUSE_COST, SENTENCE_COST) if clause else (PHRASE_COST, PAUSE_COST)
    pause = min(1.0, max(0.0, following.start_s - word.end_s) / PAUSE_S)
    return cost - pause * (cost - lowest)


def _is_reply(text: str) -> bool:
    return is_backchannel(text) and text.lower() not in _NO_REPLIES


def _costs(word: Word, voices: Sequence[_Voice]) -> list[float]:
    """What it costs to give the word to each speaker."""
    middle_s = (word.start_s + word.end_s) / 2
    lengths_s = [voice.length_s(middle_s) for voice in voices]
    shortest_s = min(lengths_s)
    return [
        voice.distance_cost(word) + LONGER_COST * (shortest_s < length_s < math.inf)
        for voice, length_s in zip(voices, lengths_s, strict=True)
    ]


class _Voice:
    """The speech of one speaker."""

    def __init__(self, segments: Iterable[SpeechSegment]) -> None:
        self._spans: list[tuple[float, float]] = []
        for segment in sorted(segments, key=_start):
            if self._spans and segment.start_s <= self._spans[-1][1]:
                self._spans[-1] = (self._spans[-1][0], max(self._spans[-1][1], segment.end_s))
            else:
                self._spans.append((segment.start_s, segment.end_s))
        self._ends = [end_s for _, end_s in self._spans]

    def length_s(self, time_s: float) -> float:
        """How long the speaker goes on around this time; infinite where the speaker is silent."""
        row = bisect_left(self._ends, time_s)
        if row == len(self._spans) or self._spans[row][0] > time_s:
            return math.inf
        return self._spans[row][1] - self._spans[row][0]

    def distance_cost(self, word: Word) -> float:
        """The mean over the word's parts of what it costs that speech is some way off."""
        cost = 0.0
        for place in _PLACES:
            distance_s = self._distance_s(word.start_s + place * (word.end_s - word.start_s))
            cost += OUTSIDE_COST * (distance_s > 0.0) + DISTANCE_COST_PER_S * distance_s
        return cost / len(_PLACES)

    def _distance_s(self, time_s: float) -> float:
        after = bisect_left(self._ends, time_s)
        distance_s = NEAREST_SEGMENT_S
        if after < len(self._spans):
            distance_s = min(distance_s, max(0.0, self._spans[after][0] - time_s))
        if after > 0:
            distance_s = min(distance_s, time_s - self._ends[after - 1])
        return distance_s


def _start(segment: SpeechSegment) -> float:
    return segment.start_s
