"""Written service calls with gold labels; README.md describes them and their permitted use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
LANGUAGES = ("ko", "en")
FILE_NAMES = {code: (f"{code}.jsonl", f"{code}_more.jsonl", f"{code}_fresh.jsonl") for code in LANGUAGES}
"""The first has three splits; the second has calls of ``fit`` only, the third of ``fresh``."""

Split = Literal["fit", "choose", "report"]
CallSplit = Literal["fit", "choose", "report", "fresh"]
Kind = Literal["opening", "ending", "short"]


def read_dialogues(split: CallSplit, language: str | None = None) -> list[dict[str, Any]]:
    """The calls of a split, in the format of README.md; both languages unless one is named."""
    wanted = LANGUAGES if language is None else (language,)
    calls = [
        json.loads(line)
        for code in wanted
        for name in FILE_NAMES[code]
        if (FOLDER / name).exists()
        for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()
    ]
    return [call for call in calls if call["split"] == split]


def read_second_labels() -> dict[str, dict[str, Any]]:
    """By id of the call, what a second labeller says of it, who did not see the gold. Those of ``report`` and
    ``fresh`` are shown beside their figures, and learned from by nothing."""
    return {labels["id"]: labels for labels in _lines("second_labels.jsonl")}


def read_turns(language: str, kind: Kind) -> list[dict[str, Any]]:
    """Openings, endings or short calls of turns_*.jsonl: to learn from only, with the gold that README.md lists."""
    return [call for call in _lines(f"turns_{language}.jsonl") if call["kind"] == kind]


def read_stretches(language: str) -> list[dict[str, Any]]:
    """Openings, closings and stretches of calls, with the roles of their speakers; to learn from only."""
    return _lines(f"turns_calls_{language}.jsonl")


def read_personal_data(language: str, use: Literal["learn", "unseen"]) -> list[dict[str, Any]]:
    """Stretches of calls with marks of personal data: to learn from, or those by which redaction is only measured."""
    return _lines(f"{'turns_pii' if use == 'learn' else 'unseen_pii'}_{language}.jsonl")


def read_agent_turns(language: str) -> list[dict[str, Any]]:
    """Turns of agents after a customer's, impolite or not, with or without empathy; to learn from only."""
    return _lines(f"turns_agent_{language}.jsonl")


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
