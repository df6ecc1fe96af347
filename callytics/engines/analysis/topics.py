"""The topic of a call: a label of topics.tsv, from the turn of the issue first and the whole call second."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources

from callytics.domain import Claim, Role
from callytics.engines.analysis.features import Seen, kind_of
from callytics.engines.analysis.signals import plain

WRONG_NUMBER = "wrong_number"
INQUIRY = "inquiry"
ISSUE_WEIGHT, CUSTOMER_WEIGHT, OTHER_WEIGHT = 3.0, 1.0, 0.5
"""A mention in the turn of the issue, in another turn of the customer, and elsewhere."""

OUTBOUND_BONUS = 2.0
"""For "sales", if the agent called."""

MOST_FROM_OTHERS = 2.5
"""All mentions outside the turn of the issue count at most this: a word that is said often is no topic yet."""


class Topics:
    """Safe to call from several threads."""

    def __init__(self) -> None:
        table = (
            resources.files("callytics.engines.analysis").joinpath("topics.tsv").read_text(encoding="utf-8")
        )
        rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
        self._rows = [
            (topic, language, float(weight), re.compile(pattern)) for topic, language, weight, pattern in rows
        ]

    def __call__(self, call: Sequence[Seen], issue: int | None) -> Claim | None:
        """The topic with the highest sum of weights; on a tie the earlier one. None without any mention."""
        stated: dict[str, float] = {}
        others: dict[str, float] = {}
        mentions: dict[str, list[str]] = {}
        for index, seen in enumerate(call):
            text = plain(seen.turn.content, seen.language)
            place = OTHER_WEIGHT + (CUSTOMER_WEIGHT - OTHER_WEIGHT) * (seen.role is not Role.AGENT)
            for topic, code, weight, pattern in self._rows:
                if code == seen.language and pattern.search(text):
                    if index == issue:
                        stated[topic] = weight * ISSUE_WEIGHT
                    else:
                        others[topic] = min(
                            MOST_FROM_OTHERS * weight, others.get(topic, 0.0) + weight * place
                        )
                    mentions.setdefault(topic, []).append(seen.turn.id)
        if kind_of(call) == "wrong":
            said = [s.turn.id for s in call if s.signs & {"wrong_number", "elsewhere"}]
            return Claim(WRONG_NUMBER, tuple(said))
        if kind_of(call) == "outbound" and "sales" in mentions:
            others["sales"] = others.get("sales", 0.0) + OUTBOUND_BONUS
        scores = {topic: stated.get(topic, 0.0) + others.get(topic, 0.0) for topic in mentions}
        if not scores:
            return None
        topic = max(scores, key=lambda name: scores[name])
        return Claim(topic, tuple(mentions[topic]))
