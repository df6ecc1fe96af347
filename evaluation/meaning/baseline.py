"""Trivial readings of a call: what a figure is worth shows beside them. They know the most frequent labels of `fit`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.meaning.reading import CUT_TURNS, Reading, letters

LONGISH_WORDS = {"ko": 4, "en": 6}
_PROMISE = {"ko": re.compile(r"겠습니다|[가-힣]게요"), "en": re.compile(r"\b(?:i|we)(?:'ll| will)\b")}
_NUMBER = re.compile(r"\d[\d -]{5,}\d")


class Baseline:
    """Args:
    known: the calls whose most frequent topic, and whose answer to "resolved", are always given.
    """

    def __init__(self, known: Sequence[Mapping[str, Any]]) -> None:
        self._topic: str | None = Counter(str(call["topic"]) for call in known).most_common(1)[0][0]
        self._resolved: bool | None = Counter(call["resolved"] for call in known).most_common(1)[0][0]

    def __call__(self, call: Mapping[str, Any]) -> Reading:
        role = call["roles"]
        by = {
            name: [turn for turn in call["turns"] if role[turn["speaker"]] == name]
            for name in ("AGENT", "CUSTOMER")
        }
        longish = {name: [t["id"] for t in turns if _is_longish(t, call)] for name, turns in by.items()}
        promise = _PROMISE[call["language"]]
        return Reading(
            issue=frozenset(longish["CUSTOMER"][:1]),
            outcome=frozenset(longish["AGENT"][-1:]),
            resolved=self._resolved,
            actions=tuple(
                ("AGENT", frozenset({turn["id"]}))
                for turn in by["AGENT"]
                if promise.search(turn["text"].lower())
            ),
            topic=self._topic,
            labels={turn["id"]: "NEUTRAL" for turn in call["turns"]},
            roles=_first_is_agent(call["turns"]),
            roles_cut=_first_is_agent(call["turns"][CUT_TURNS:]),
            quality=dict.fromkeys(("greeting", "closing", "empathy"), True),
            redacted={
                turn["id"]: [
                    (len(letters(turn["text"][: m.start()])), len(letters(turn["text"][: m.end()])))
                    for m in _NUMBER.finditer(turn["text"])
                ]
                for turn in call["turns"]
            },
        )


def _is_longish(turn: Mapping[str, Any], call: Mapping[str, Any]) -> bool:
    return len(turn["text"].split()) >= LONGISH_WORDS[call["language"]]


def _first_is_agent(turns: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    speakers = dict.fromkeys(turn["speaker"] for turn in turns)
    return {letter: "CUSTOMER" if index else "AGENT" for index, letter in enumerate(speakers)}
