"""What is counted per call, and what went wrong in it. Errors are for `fit` and `choose` only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.meaning.reading import CUT_TURNS, Reading, letters

Call = Mapping[str, Any]
LABELS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
BINS = 100
RELIABILITY_BINS = 10
TOPIC_NAMES = {"insurance_claim": "insurance"}
"""Labels of the result that the written calls name otherwise."""


@dataclass(frozen=True)
class Score:
    """Counts of one call, and what went wrong, in words."""

    counts: tuple[float, ...]
    errors: tuple[str, ...] = ()


def turns(name: str) -> Callable[[Call, Reading], Score]:
    def score(call: Call, reading: Reading) -> Score:
        gold = set(call[name]["turn_ids"]) if call[name] else set()
        found: frozenset[str] = getattr(reading, name)
        right = len(gold & found)
        error = () if gold == found else (f"{_quoted(call, found)}\n    gold {_quoted(call, gold)}",)
        return Score((right, len(found), len(gold)), error)

    return score


def resolved(call: Call, reading: Reading) -> Score:
    right = reading.resolved == call["resolved"]
    return Score((right, 1), () if right else (f"{reading.resolved}, gold {call['resolved']}",))


def contradicted(call: Call, reading: Reading) -> Score:
    """True where it is false, or false where it is true."""
    wrong = None not in (reading.resolved, call["resolved"]) and reading.resolved != call["resolved"]
    return Score((wrong, 1), (f"{reading.resolved}, gold {call['resolved']}",) if wrong else ())


def actions(call: Call, reading: Reading) -> Score:
    """An item is right with the right owner and a turn in common; each marked item counts once."""
    waiting = [(item["owner"], set(item["turn_ids"])) for item in call["action_items"]]
    right, errors = 0, []
    for owner, ids in reading.actions:
        match = next((gold for gold in waiting if gold[0] == owner and gold[1] & ids), None)
        if match:
            waiting.remove(match)
            right += 1
        else:
            errors.append(f"wrong {owner} {_quoted(call, ids)}")
    errors += [f"missed {owner} {_quoted(call, ids)}" for owner, ids in waiting]
    return Score((right, len(reading.actions), len(call["action_items"])), tuple(errors))


def topic(call: Call, reading: Reading) -> Score:
    found = TOPIC_NAMES.get(reading.topic or "", reading.topic)
    right = found in (call["topic"], *call.get("topic_ok", ()))
    return Score((right, 1), () if right else (f"{reading.topic}, gold {call['topic']}",))


def neither(call: Call, reading: Reading) -> Score:
    empty = not reading.issue and not reading.outcome
    return Score((empty, 1), ("neither issue nor outcome",) if empty else ())


def sentiment(customers_only: bool) -> Callable[[Call, Reading], Score]:
    def score(call: Call, reading: Reading) -> Score:
        matrix = np.zeros((len(LABELS), len(LABELS)))
        errors = []
        for turn in call["turns"]:
            if customers_only and call["roles"][turn["speaker"]] != "CUSTOMER":
                continue
            found = reading.labels.get(turn["id"], "NEUTRAL")
            accepted = found in turn.get("sentiment_ok", ())
            gold = found if accepted else turn["sentiment"]
            matrix[LABELS.index(gold), LABELS.index(found)] += 1
            if gold != found:
                errors.append(f"{found}, gold {gold}: {turn['text']}")
        return Score(tuple(matrix.ravel()), tuple(errors))

    return score


def negative_turns(call: Call, reading: Reading) -> Score:
    counts = np.zeros((2, BINS))
    errors = []
    for turn in call["turns"]:
        if call["roles"][turn["speaker"]] == "CUSTOMER":
            value = reading.negative.get(turn["id"], 0.0)
            if turn["sentiment"] != "NEGATIVE" and "NEGATIVE" in turn.get("sentiment_ok", ()):
                continue
            if value > 0:
                is_other = turn["sentiment"] != "NEGATIVE"
                counts[int(is_other), min(BINS - 1, int(value * BINS))] += 1
            elif turn["sentiment"] == "NEGATIVE":
                counts[0, 0] += 1  # at the lowest limit: found only if every turn is reported
            if turn["sentiment"] == "NEGATIVE" and value < 0.5:
                errors.append(f"{value:.2f}: {turn['text']}")
    if not reading.negative:
        counts[1, 0] += 1e6  # a system without scores finds none
    return Score(tuple(counts.ravel()), tuple(errors))


def calibration(call: Call, reading: Reading) -> Score:
    """Customers' turns by ten bins of the probability of negative: how many, the sum, and how many are negative."""
    counts = np.zeros((3, RELIABILITY_BINS))
    for turn in call["turns"]:
        marked = turn["sentiment"] == "NEGATIVE"
        doubtful = not marked and "NEGATIVE" in turn.get("sentiment_ok", ())
        if call["roles"][turn["speaker"]] == "CUSTOMER" and not doubtful:
            value = reading.negative.get(turn["id"], 0.0)
            column = min(RELIABILITY_BINS - 1, int(value * RELIABILITY_BINS))
            counts[:, column] += (1.0, value, marked)
    return Score(tuple(counts.ravel()))


def direction(call: Call, reading: Reading) -> Score:
    start, end = (LABELS.index(call["customer_sentiment"][part]) for part in ("start", "end"))
    gold = (end > start) - (end < start)
    right = reading.direction == gold
    return Score((right, 1), () if right else (f"{reading.direction:+d}, gold {gold:+d}",))


def roles(field: str, kind: str) -> Callable[[Call, Reading], Score]:
    """Calls with every role right, with one wrong, or with none wrong and one unknown."""

    def score(call: Call, reading: Reading) -> Score:
        if field == "roles_cut" and len(call["turns"]) <= CUT_TURNS:
            return Score((0, 0))
        found: Mapping[str, str] = getattr(reading, field)
        wrong = any(role not in ("UNKNOWN", call["roles"][letter]) for letter, role in found.items())
        right = all(role == call["roles"][letter] for letter, role in found.items())
        state = "right" if right else "wrong" if wrong else "unknown"
        return Score((state == kind, 1), () if right else (f"{state}: {found}, gold {call['roles']}",))

    return score


def quality(name: str) -> Callable[[Call, Reading], Score]:
    """True, False or null: not recorded, or not called for."""

    def score(call: Call, reading: Reading) -> Score:
        found, gold = reading.quality.get(name), call["quality"][name]
        return Score((found == gold, 1), () if found == gold else (f"{found}, gold {gold}",))

    return score


def lapses(call: Call, reading: Reading) -> Score:
    gold = set(call["quality"]["lapse_turn_ids"])
    errors = [f"wrong {_quoted(call, reading.lapses - gold)}"] if reading.lapses - gold else []
    errors += [f"missed {_quoted(call, gold - reading.lapses)}"] if gold - reading.lapses else []
    return Score((len(gold & reading.lapses), len(reading.lapses), len(gold)), tuple(errors))


def _places(call: Call, marks: Sequence[Mapping[str, str]]) -> list[tuple[str, int, int]]:
    """Turn and span of letters of every mark, its repetitions in the turn included."""
    texts = {turn["id"]: letters(turn["text"]) for turn in call["turns"]}
    return [
        (mark["turn_id"], match.start(), match.end())
        for mark in marks
        for match in re.finditer(re.escape(letters(mark["text"])), texts[mark["turn_id"]])
    ]


def privacy(precise: bool) -> Callable[[Call, Reading], Score]:
    """Recall: marks of which no letter is left. Precision: removed spans that touch a mark, optional ones included."""

    def score(call: Call, reading: Reading) -> Score:
        marks = _places(call, call["pii"])
        if not precise:
            missed = [mark for mark in marks if not _covered(mark, reading)]
            errors = tuple(f"missed {_letters_of(call, mark)}" for mark in missed)
            return Score((len(marks) - len(missed), 0, len(marks)), errors)
        accepted = marks + _places(call, call["pii_optional"])
        spans = [(turn_id, *span) for turn_id, found in reading.redacted.items() for span in found]
        wrong = [s for s in spans if not any(s[0] == m[0] and s[1] < m[2] and m[1] < s[2] for m in accepted)]
        errors = tuple(f"wrong {_letters_of(call, span)}" for span in wrong)
        return Score((len(spans) - len(wrong), len(spans), 0), errors)

    return score


def _covered(mark: tuple[str, int, int], reading: Reading) -> bool:
    hidden = {i for start, end in reading.redacted.get(mark[0], ()) for i in range(start, end)}
    return set(range(mark[1], mark[2])) <= hidden


def _letters_of(call: Call, place: tuple[str, int, int]) -> str:
    text = next(turn["text"] for turn in call["turns"] if turn["id"] == place[0])
    return f"{letters(text)[place[1] : place[2]]} in: {text}"


def _quoted(call: Call, ids: set[str] | frozenset[str]) -> str:
    parts = [f"{turn['id']} {turn['text']}" for turn in call["turns"] if turn["id"] in ids]
    return " / ".join(parts) or "nothing"
