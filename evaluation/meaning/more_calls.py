"""Short calls and statements of topics to learn from, in the compact format of training/README.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("training")
_TURN = re.compile(r"^(?P<party>[AC]) (?P<text>.*?)(?: \[(?P<marks>[ioAC ]+)\])?$")
_ROLES = {"A": "AGENT", "C": "CUSTOMER"}
AGENT_STATES = "A: "
OUTBOUND = ("sales", "survey")
"""Topics that the agent states."""
_RESOLVED: Mapping[str, bool | None] = {"true": True, "false": False, "none": None}


def read_more_calls(language: str) -> list[dict[str, Any]]:
    """The calls, in the format of evaluation/dialogues as far as they are marked."""
    blocks = re.split(r"^== ", (FOLDER / f"{language}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [_call(block, language, number) for number, block in enumerate(blocks[1:], start=1)]


def read_topic_statements(language: str) -> list[dict[str, Any]]:
    """Calls of one turn: how a caller states a topic. "A: " before a text: the agent called and states it."""
    lines = (FOLDER / f"topics_{language}.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line]
    return [_statement(topic, text, language, number) for number, (topic, text) in enumerate(pairs, start=1)]


def _statement(topic: str, text: str, language: str, number: int) -> dict[str, Any]:
    party = "A" if text.startswith(AGENT_STATES) or topic in OUTBOUND else "C"
    turn = {"id": "t1", "speaker": party, "text": text.removeprefix(AGENT_STATES)}
    return {
        "id": f"topic_{language}_{number:03d}",
        "language": language,
        "roles": dict(_ROLES),
        "turns": [turn],
        "issue": {"turn_ids": ["t1"]},
        "topic": topic,
        "topic_ok": [topic],
    }


def _call(block: str, language: str, number: int) -> dict[str, Any]:
    head, *lines = (line for line in block.splitlines() if line.strip())
    topic, further, resolved = (part.strip() for part in head.split("|"))
    turns, marks = [], []
    for place, line in enumerate(lines, start=1):
        match = _TURN.match(line)
        if match is None:
            raise ValueError(
                f"Call {number} of training/{language}.txt: no turn in {line!r}. See README.md there."
            )
        turns.append({"id": f"t{place}", "speaker": match["party"], "text": match["text"]})
        marks += [(mark, f"t{place}") for mark in (match["marks"] or "").split()]
    stated = {mark: [turn for name, turn in marks if name == mark] for mark in "io"}
    return {
        "id": f"more_{language}_{number:03d}",
        "language": language,
        "roles": dict(_ROLES),
        "turns": turns,
        "issue": {"turn_ids": stated["i"]} if stated["i"] else None,
        "outcome": {"turn_ids": stated["o"]} if stated["o"] else None,
        "action_items": [
            {"owner": _ROLES[mark], "turn_ids": [turn]} for mark, turn in marks if mark in _ROLES
        ],
        "resolved": _RESOLVED[resolved],
        "topic": topic,
        "topic_ok": [topic, *further.split()],
    }
