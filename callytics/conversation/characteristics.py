"""Conversation characteristics: talk time, talk speed, silences, interruptions, monologues, latency.

The terms are those of Amazon Transcribe Call Analytics. Pure functions of a Conversation; times in seconds.

    talk time            length of the union of a participant's speech segments
    talk ratio           talk time over the sum of all participants' talk times
    non-talk time        the part of the call without speech; instances of at least 3 s are listed
    talk speed           words (and syllables) over talk time, per minute
    interruption         a turn that begins while another party speaks and continues after it (no backchannels)
    longest monologue    the longest run of one participant's turns, interrupted by backchannels only
    response latency     from the end of one party's turn to the start of the next party's (without overlaps)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from callytics.conversation.announcements import ANNOUNCEMENT
from callytics.conversation.backchannels import is_backchannel
from callytics.conversation.mood_change import MoodChange, mood_change
from callytics.domain import Conversation, SentimentAnalysis, SpeechSegment, Turn

NON_TALK_MIN_S = 3.0
"""Shorter silences are counted in the total but not listed; the limit of Amazon Transcribe Call Analytics."""

NUM_PERIODS = 4

_HANGUL = re.compile(r"[가-힣]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][A-Za-z]+)?")
_VOWEL_GROUP = re.compile(r"[aeiouyà-ÿ]+", re.IGNORECASE)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Interval:
    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class TalkSpeed:
    words_per_minute: float
    syllables_per_minute: float


@dataclass(frozen=True)
class Monologue:
    participant_id: str
    interval: Interval
    turn_ids: tuple[str, ...]


@dataclass(frozen=True)
class Latency:
    count: int
    mean_s: float
    median_s: float
    max_s: float


@dataclass(frozen=True)
class PeriodScore:
    interval: Interval
    score: float | None  # -5..+5, None if the participant says nothing


@dataclass(frozen=True)
class SentimentTrend:
    overall: float | None
    quarters: tuple[PeriodScore, ...]
    change: MoodChange


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Disjoint, sorted intervals that cover the same time."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda i: i.start_s):
        if interval.duration_s <= 0:
            continue
        if merged and interval.start_s <= merged[-1].end_s:
            merged[-1] = Interval(merged[-1].start_s, max(merged[-1].end_s, interval.end_s))
        else:
            merged.append(interval)
    return merged


def _within(segments: Iterable[SpeechSegment], duration_s: float) -> list[Interval]:
    return union(Interval(max(0.0, s.start_s), min(duration_s, s.end_s)) for s in segments)


def talk_time_s(conversation: Conversation) -> dict[str, float]:
    """Seconds of speech by participant id."""
    return {
        participant.id: sum(
            interval.duration_s
            for interval in _within(
                (s for s in conversation.speech if s.speaker == participant.id), conversation.duration_s
            )
        )
        for participant in conversation.participants
    }


def silences(conversation: Conversation) -> list[Interval]:
    """Every stretch without speech or an announcement, from the start of the recording to its end."""
    gaps: list[Interval] = []
    position_s = 0.0
    announced = [
        Interval(turn.start_s, turn.end_s) for turn in conversation.turns if ANNOUNCEMENT in turn.flags
    ]
    speech = _within(conversation.speech, conversation.duration_s)
    for interval in union([*speech, *announced]):
        if interval.start_s > position_s:
            gaps.append(Interval(position_s, interval.start_s))
        position_s = interval.end_s
    if conversation.duration_s > position_s:
        gaps.append(Interval(position_s, conversation.duration_s))
    return gaps


def syllables(text: str) -> int:
    """Estimated number of spoken syllables: one per Hangul block and digit, one per vowel group of a Latin word
    (without a silent final "e")."""
    count = len(_HANGUL.findall(text)) + len(_DIGIT.findall(text))
    for word in _LATIN_WORD.findall(text):
        groups = len(_VOWEL_GROUP.findall(word))
        silent_e = word.lower().endswith("e") and not word.lower().endswith(("le", "ee")) and groups > 1
        count += max(1, groups - silent_e)
    return count


def talk_speed(conversation: Conversation) -> dict[str, TalkSpeed]:
    """By participant id; zero for a participant who does not speak."""
    times_s = talk_time_s(conversation)
    speeds = {}
    for participant_id, time_s in times_s.items():
        turns = [turn for turn in conversation.turns if turn.participant_id == participant_id]
        minutes = time_s / 60
        words = sum(len(turn.content.split()) for turn in turns)
        spoken = sum(syllables(turn.content) for turn in turns)
        speeds[participant_id] = (
            TalkSpeed(words / minutes, spoken / minutes) if minutes else TalkSpeed(0.0, 0.0)
        )
    return speeds


def interruptions(conversation: Conversation) -> dict[str, list[Interval]]:
    """By the participant who interrupts: from the start of the interrupting turn to the end of the other's."""
    found: dict[str, list[Interval]] = {participant.id: [] for participant in conversation.participants}
    for turn in conversation.turns:
        if not turn.interruption:
            continue
        ends_s = [
            other.end_s
            for other in conversation.turns
            if other.participant_id != turn.participant_id
            and other.start_s <= turn.start_s < other.end_s < turn.end_s
        ]
        found[turn.participant_id].append(Interval(turn.start_s, max(ends_s, default=turn.start_s)))
    return found


def longest_monologue(conversation: Conversation) -> Monologue | None:
    longest: Monologue | None = None
    run: list[Turn] = []
    for turn in conversation.turns:
        if run and turn.participant_id != run[0].participant_id:
            if is_backchannel(turn.content_raw):
                continue
            run = []
        run.append(turn)
        interval = Interval(run[0].start_s, max(t.end_s for t in run))
        if longest is None or interval.duration_s > longest.interval.duration_s:
            longest = Monologue(turn.participant_id, interval, tuple(t.id for t in run))
    return longest


def response_latency(conversation: Conversation) -> dict[str, Latency]:
    """By the responding participant; only participants who respond at least once."""
    gaps_s: dict[str, list[float]] = {}
    for before, after in zip(conversation.turns, conversation.turns[1:], strict=False):
        gap_s = after.start_s - before.end_s
        if before.participant_id != after.participant_id and gap_s >= 0:
            gaps_s.setdefault(after.participant_id, []).append(gap_s)
    return {who: Latency(len(gaps), fmean(gaps), median(gaps), max(gaps)) for who, gaps in gaps_s.items()}


def sentiment_trends(conversation: Conversation, sentiment: SentimentAnalysis) -> dict[str, SentimentTrend]:
    """By participant id: the mean score of their turns, overall and in each quarter of the call, and its direction.

    A turn belongs to the quarter that contains its middle. Means are weighted by the length of the turns: an
    "okay" counts less than a complaint.
    """
    moods = {entry.turn_id: entry for entry in sentiment.turns}
    scores = {turn_id: mood.score for turn_id, mood in moods.items()}
    period_s = conversation.duration_s / NUM_PERIODS
    trends = {}
    for participant in conversation.participants:
        turns = [t for t in conversation.turns if t.participant_id == participant.id and t.id in scores]
        periods: list[list[Turn]] = [[] for _ in range(NUM_PERIODS)]
        for turn in turns:
            middle_s = (turn.start_s + turn.end_s) / 2
            periods[min(NUM_PERIODS - 1, int(middle_s / period_s)) if period_s else 0].append(turn)
        quarters = tuple(
            PeriodScore(Interval(n * period_s, (n + 1) * period_s), _weighted_mean(period, scores))
            for n, period in enumerate(periods)
        )
        change = mood_change(turns, [moods[turn.id] for turn in turns], conversation.language_of)
        trends[participant.id] = SentimentTrend(_weighted_mean(turns, scores), quarters, change)
    return trends


def _weighted_mean(turns: Sequence[Turn], scores: dict[str, float]) -> float | None:
    weights = [max(0.1, turn.end_s - turn.start_s) for turn in turns]
    if not weights:
        return None
    return sum(scores[turn.id] * weight for turn, weight in zip(turns, weights, strict=True)) / sum(weights)
