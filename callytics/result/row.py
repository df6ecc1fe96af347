"""The main figures of a result as one flat row: for spreadsheets and data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

RESULT_COLUMNS = (
    "turns",
    "agent_talk_share",
    "customer_talk_share",
    "agent_negative_turns",
    "customer_negative_turns",
    "communication_quality",
    "topic",
    "issue",
    "outcome",
    "resolved",
    "action_items",
    "flags",
)

Row = dict[str, str | int | float | bool | None]


def result_row(result: Mapping[str, Any]) -> Row:
    """
    Args:
        result: the JSON object of a result. Results of earlier versions lack parts of it; their cells are empty.
    """
    summary = result.get("contact_summary") or {}
    talk = (result.get("conversation_characteristics") or {}).get("talk_time") or {}
    parts = talk.get("details_by_participant") or []
    tasks = [f"{task['owner']}: {task['text']}" for task in summary.get("action_items") or []]
    return {
        "turns": len(result["transcript"]),
        "agent_talk_share": _talk_share(parts, "AGENT"),
        "customer_talk_share": _talk_share(parts, "CUSTOMER"),
        "agent_negative_turns": _negative_turns(result, "AGENT"),
        "customer_negative_turns": _negative_turns(result, "CUSTOMER"),
        "communication_quality": (result.get("communication_quality") or {}).get("overall"),
        "topic": summary.get("topic"),
        "issue": summary.get("issue"),
        "outcome": summary.get("outcome"),
        "resolved": summary.get("resolved"),
        "action_items": "\n".join(tasks),
        "flags": " ".join(map(_code, result["flags"])),
    }


def _talk_share(parts: Sequence[Mapping[str, Any]], role: str) -> float:
    return round(float(sum(part["ratio"] for part in parts if part["participant_role"] == role)), 3)


def _negative_turns(result: Mapping[str, Any], role: str) -> int:
    turns = (turn for turn in result["transcript"] if turn["participant_role"] == role)
    return sum(turn.get("sentiment") == "NEGATIVE" for turn in turns)


def _code(flag: Any) -> str:
    return str(flag["code"] if isinstance(flag, Mapping) else flag)
