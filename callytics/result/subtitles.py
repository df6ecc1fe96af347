"""The turns of a result as subtitle cues: short enough to read, cut where a reader would pause.

Limits: two lines of 42 characters and 1 to 7 seconds for Latin script, 20 characters per line for Korean. They are the
upper limits of broadcasters' guidelines (Netflix Timed Text Style Guide, English and Korean; BBC Subtitle Guidelines).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import Any

LINE_CHARACTERS = 42
LINE_CHARACTERS_HANGUL = 20

PAUSE_MS = 300
"""A silence between words that reads like a comma."""

WORD_COST, PHRASE_COST, ACROSS_SENTENCES_COST, SHORT_COST = 3.0, 1.0, 2.0, 5.0
"""What a cut between two words, a cut at a comma or pause, a sentence end inside a cue, and a cue that is too short
cost. Their order matters, not their values: a cut inside a phrase is worse than one between phrases."""

MAX_WORDS_PER_CUE = 60
"""Bounds the search; two lines of 42 characters hold 42 words at most."""

_SENTENCE_END = re.compile(r"[.?!…。？！]['\")\]]*$")
_PHRASE_END = re.compile(r"[,;:，、]['\")\]]*$")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True)
class SubtitleLimits:
    """
    Attributes:
        line_characters: per line, the speaker's label included; None: 42, or 20 for a turn in Korean.
        lines: per cue.
        cue_s: the longest a cue stays. The shortest is a second where the next cue leaves it.
    """

    line_characters: int | None = None
    lines: int = 2
    cue_s: float = 7.0
    min_cue_s: float = 1.0


@dataclass(frozen=True)
class Cue:
    """
    Attributes:
        label: what stands before the first line: ``AGENT: ``, or nothing.
    """

    begin_ms: int
    end_ms: int
    speaker: str
    label: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass(frozen=True)
class _Word:
    text: str
    begin_ms: int
    end_ms: int


def cues(
    turns: Sequence[tuple[str, Mapping[str, Any]]],
    limits: SubtitleLimits = SubtitleLimits(),
    *,
    labelled: bool,
) -> list[Cue]:
    """The cues of all turns in order of begin; each lasts at least a millisecond.

    Args:
        turns: the speaker's label and the turn (an object of ``transcript``).
        labelled: the label is written into the first line of each cue and takes its room there.
    """
    found: list[Cue] = []
    for speaker, turn in turns:
        found += _turn_cues(speaker, turn, limits, labelled)
    found.sort(key=lambda cue: (cue.begin_ms, cue.end_ms))
    return list(_long_enough(found, limits))


def _label(speaker: str, line_characters: int) -> str:
    """``AGENT: `` for the first line of a cue; a long name is cut so that half of the line is left for words."""
    longest = max(1, line_characters // 2 - 2)
    return f"{speaker if len(speaker) <= longest else speaker[: longest - 1] + '…'}: "


def _line_characters(turn: Mapping[str, Any], limits: SubtitleLimits) -> int:
    if limits.line_characters is not None:
        return limits.line_characters
    return LINE_CHARACTERS_HANGUL if _HANGUL.search(turn["content"]) else LINE_CHARACTERS


def one_line(text: str) -> str:
    """Without line breaks and control characters, which would end a cue."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _turn_cues(
    speaker: str, turn: Mapping[str, Any], limits: SubtitleLimits, labelled: bool
) -> Iterator[Cue]:
    width = _line_characters(turn, limits)
    label = _label(speaker, width) if labelled else ""
    room = len(label)
    words = list(_short_words(_words(turn), width - room))
    for first, last in _cut(words, width, room, limits):
        part = words[first:last]
        begin_ms = part[0].begin_ms
        end_ms = min(max(part[-1].end_ms, begin_ms + 1), begin_ms + round(limits.cue_s * 1000))
        lines = _lines([word.text for word in part], width, room, limits.lines)
        yield Cue(begin_ms, end_ms, speaker, label, tuple(lines or [" ".join(word.text for word in part)]))


def _words(turn: Mapping[str, Any]) -> list[_Word]:
    """The words that the reader sees, with the times of the recogniser's words where these are the same; where they
    are not (a correction, a redaction), their times follow from their length."""
    parts = turn.get("sentences") or [turn]
    items = [item for item in turn.get("items") or () if one_line(item["content"])]
    shown = [word for part in parts for word in one_line(part["content"]).split()]
    if [one_line(item["content"]) for item in items] == shown:
        return [_word(item["content"], item["begin_offset_ms"], item["end_offset_ms"]) for item in items]
    return [word for part in parts for word in _spread(part)]


def _spread(part: Mapping[str, Any]) -> Iterator[_Word]:
    words = one_line(part["content"]).split()
    begin_ms = max(0, part["begin_offset_ms"])
    duration_ms = max(0, part["end_offset_ms"] - begin_ms)
    total, done = sum(map(len, words)), 0
    for word in words:
        begin, end = duration_ms * done // total, duration_ms * (done + len(word)) // total
        yield _word(word, begin_ms + begin, begin_ms + end)
        done += len(word)


def _word(text: str, begin_ms: int, end_ms: int) -> _Word:
    begin_ms = max(0, begin_ms)
    return _Word(one_line(text), begin_ms, max(begin_ms, end_ms))


def _short_words(words: Sequence[_Word], width: int) -> Iterator[_Word]:
    """No word is wider than a line: a web address, or Korean that was written without spaces, is cut."""
    width = max(1, width)
    for word in words:
        pieces = [word.text[at : at + width] for at in range(0, len(word.text), width)]
        step_ms = (word.end_ms - word.begin_ms) // len(pieces)
        for number, piece in enumerate(pieces):
            begin_ms = word.begin_ms + number * step_ms
            yield _Word(piece, begin_ms, word.end_ms if number == len(pieces) - 1 else begin_ms + step_ms)


def _cut(words: Sequence[_Word], width: int, room: int, limits: SubtitleLimits) -> Iterator[tuple[int, int]]:
    """Where a turn is cut: the cheapest way through it (dynamic programming over the words)."""
    costs, starts = [0.0], [0]
    for last in range(1, len(words) + 1):
        options = []
        for first in range(last - 1, max(-1, last - 1 - MAX_WORDS_PER_CUE), -1):
            part = words[first:last]
            single = last - first == 1
            if not single and not _fits(part, width, room, limits):
                break
            options.append((costs[first] + _cost(part, words[last:], limits), first))
        cost, first = min(options)
        costs.append(cost)
        starts.append(first)
    cuts = [len(words)]
    while cuts[-1] > 0:
        cuts.append(starts[cuts[-1]])
    cuts.reverse()
    yield from pairwise(cuts)


def _fits(part: Sequence[_Word], width: int, room: int, limits: SubtitleLimits) -> bool:
    if part[-1].end_ms - part[0].begin_ms > limits.cue_s * 1000:
        return False
    return 0 < len(_wrapped([word.text for word in part], width, room)) <= limits.lines


def _cost(part: Sequence[_Word], rest: Sequence[_Word], limits: SubtitleLimits) -> float:
    inside = sum(1 for word in part[:-1] if _SENTENCE_END.search(word.text))
    last = part[-1]
    cost = inside * ACROSS_SENTENCES_COST
    until_ms = rest[0].begin_ms if rest else last.end_ms + round(limits.min_cue_s * 1000)
    if until_ms - part[0].begin_ms < limits.min_cue_s * 1000:
        cost += SHORT_COST
    if not rest or _SENTENCE_END.search(last.text):
        return cost
    is_phrase = _PHRASE_END.search(last.text) or rest[0].begin_ms - last.end_ms >= PAUSE_MS
    return cost + (PHRASE_COST if is_phrase else WORD_COST)


def _lines(words: Sequence[str], width: int, room: int, num_lines: int) -> list[str]:
    """The words on at most so many lines, filled evenly (the narrowest width that needs no more lines); nothing where
    they do not fit."""
    lines = _wrapped(words, width, room)
    if not lines or len(lines) > num_lines:
        return []
    narrower = width
    while len(lines) > 1 and narrower > room:
        narrower -= 1
        even = _wrapped(words, narrower, room)
        if not even or len(even) > len(lines):
            break
        lines = even
    return lines


def _wrapped(words: Sequence[str], width: int, room: int) -> list[str]:
    lines: list[str] = []
    line, left = "", width - room
    for word in words:
        extended = f"{line} {word}" if line else word
        if len(extended) <= left:
            line = extended
            continue
        if not line:
            return []
        lines.append(line)
        line, left = word, width
        if len(word) > width:
            return []
    return [*lines, line]


def _long_enough(found: Sequence[Cue], limits: SubtitleLimits) -> Iterator[Cue]:
    """A short cue stays until the next one begins, a second at most."""
    for cue, after in zip_longest(found, found[1:]):
        wanted_ms = cue.begin_ms + round(limits.min_cue_s * 1000)
        if after is not None and after.begin_ms < wanted_ms:
            wanted_ms = after.begin_ms
        yield replace(cue, end_ms=max(cue.end_ms, wanted_ms))
