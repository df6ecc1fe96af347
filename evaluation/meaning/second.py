"""What a second reader says of the written calls, in the same rows as the engines: how far two careful readers agree is
what an engine can be expected to reach (the labels: evaluation/dialogues/README.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.dialogues import LANGUAGES, read_second_labels
from evaluation.meaning.reading import Reading

ROW_IDS = frozenset(
    ("issue", "outcome", "resolved", "contradicted", "actions", "topic", "lapses_precision", "lapses_recall")
)
"""What the second reader was asked."""


class SecondReader:
    """The labels of all calls that were read a second time."""

    def __init__(self) -> None:
        self._labels = {label["id"]: label for code in LANGUAGES for label in read_second_labels(code)}

    def __call__(self, call: Mapping[str, Any]) -> Reading | None:
        """None: this call was read once."""
        label = self._labels.get(call["id"])
        if label is None:
            return None
        return Reading(
            issue=frozenset(label["issue"]),
            outcome=frozenset(label["outcome"]),
            resolved=label["resolved"],
            actions=tuple((owner, frozenset({turn_id})) for owner, turn_id in label["tasks"]),
            topic=label["topic"],
            lapses=frozenset(label["lapses"]),
        )
