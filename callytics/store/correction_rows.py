"""From what a person asks for to rows of the table ``corrections``, by the result that the person saw. Pure functions.

A row names its place by channel and time. What equals the result makes no row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from callytics.domain import CorrectionKind, Role, RoleSource
from callytics.errors import InvalidRequestError
from callytics.store.records.corrections import Corrections, Split
from callytics.store.rows import plain_text
from callytics.store.tables.calls import CorrectionRow

Part = Mapping[str, Any]
"""A turn or a participant of a result, as JSON."""


def new_rows(result: Part, wanted: Corrections) -> list[CorrectionRow]:
    """The rows of a request, in the order in which the graph applies them: first what leaves turns as they are.

    Raises:
        InvalidRequestError: ``turn_unknown``, ``participant_unknown``, ``word_unknown``, ``turns_not_joinable``,
            ``split_in_redaction``.
    """
    seen = _Seen(result)
    seen.check_turns(
        [
            *wanted.words,
            *wanted.speakers,
            *wanted.moods,
            *wanted.splits,
            *wanted.merges,
            *wanted.merges.values(),
        ]
    )
    second = [split.speaker for split in wanted.splits.values() if split.speaker is not None]
    seen.check_participants([*wanted.names, *wanted.roles, *wanted.speakers.values(), *second])
    return [
        *(seen.words(turn_id, text) for turn_id, text in wanted.words.items() if seen.differs(turn_id, text)),
        *(seen.name(party, name) for party, name in wanted.names.items() if name != seen.names[party]),
        *(seen.role(party, role) for party, role in wanted.roles.items() if seen.role_differs(party, role)),
        *(
            seen.speaker(turn_id, party)
            for turn_id, party in wanted.speakers.items()
            if party != seen.turns[turn_id]["participant_id"]
        ),
        *(
            seen.mood(turn_id, label)
            for turn_id, label in wanted.moods.items()
            if label != seen.turns[turn_id]["sentiment"]
        ),
        *(seen.split(turn_id, split) for turn_id, split in wanted.splits.items()),
        *(seen.merge(turn_id, next_id) for turn_id, next_id in wanted.merges.items()),
        *seen.summary(wanted.summary),
    ]


class _Seen:
    """A result, and rows about parts of it."""

    def __init__(self, result: Part) -> None:
        self.turns = {turn["id"]: turn for turn in result["transcript"]}
        self.names = {p["participant_id"]: p.get("name") for p in result["participants"]}
        self._roles = {
            p["participant_id"]: (p["participant_role"], p.get("role_source")) for p in result["participants"]
        }
        self._channels = _channels(result)
        self._order = list(self.turns)
        self._summary = result.get("contact_summary") or {}

    def check_turns(self, ids: Iterable[str]) -> None:
        if unknown := sorted(set(ids) - set(self.turns)):
            raise InvalidRequestError(
                "turn_unknown", f"No turn {', '.join(unknown)} in the result of this call."
            )

    def check_participants(self, ids: Iterable[str]) -> None:
        if unknown := sorted(set(ids) - set(self.names)):
            raise InvalidRequestError(
                "participant_unknown",
                f"No participant {', '.join(unknown)} in this call; there are "
                f"{', '.join(sorted(self.names)) or 'none'}.",
            )

    def differs(self, turn_id: str, text: str) -> bool:
        return bool(text != self.turns[turn_id]["content"])

    def _row(
        self, kind: CorrectionKind, turn_id: str, before: str, after: str | None, detail: Part | None = None
    ) -> CorrectionRow:
        turn = self.turns[turn_id]
        return CorrectionRow(
            kind=kind,
            turn_id=turn_id,
            participant_id=turn["participant_id"],
            channel_index=self._channels.get(turn["participant_id"]),
            begin_offset_ms=turn["begin_offset_ms"],
            end_offset_ms=turn["end_offset_ms"],
            before=before,
            after=plain_text(after) if after is not None else None,
            detail=json.dumps(detail) if detail else "",
        )

    def _place(self, turn: Part | None, participant_id: str) -> dict[str, Any]:
        return {
            "participant_id": participant_id,
            "channel_index": self._channels.get(participant_id),
            "begin_offset_ms": turn["begin_offset_ms"] if turn else 0,
            "end_offset_ms": turn["end_offset_ms"] if turn else 0,
        }

    def _longest(self, participant_id: str) -> Part | None:
        turns = [turn for turn in self.turns.values() if turn["participant_id"] == participant_id]
        return max(turns, key=lambda turn: turn["end_offset_ms"] - turn["begin_offset_ms"], default=None)

    def _to(self, participant_id: str) -> dict[str, Any]:
        return self._place(self._longest(participant_id), participant_id)

    def words(self, turn_id: str, text: str) -> CorrectionRow:
        return self._row(CorrectionKind.WORDS, turn_id, self.turns[turn_id]["content"], text)

    def name(self, participant_id: str, name: str | None) -> CorrectionRow:
        place = self._to(participant_id)
        return CorrectionRow(
            kind=CorrectionKind.SPEAKER_NAME,
            turn_id="",
            **place,
            before=self.names[participant_id] or "",
            after=plain_text(name) if name is not None else None,
        )

    def role_differs(self, participant_id: str, role: Role) -> bool:
        """Also where the graph found the same: it may find another with other words, a person's word stays."""
        return self._roles[participant_id] != (role, RoleSource.MANUAL)

    def role(self, participant_id: str, role: Role) -> CorrectionRow:
        place = self._to(participant_id)
        before, _ = self._roles[participant_id]
        return CorrectionRow(
            kind=CorrectionKind.ROLE, turn_id="", **place, before=before, after=str(role.value)
        )

    def speaker(self, turn_id: str, participant_id: str) -> CorrectionRow:
        before = self.turns[turn_id]["participant_id"]
        return self._row(
            CorrectionKind.TURN_SPEAKER, turn_id, before, participant_id, {"to": self._to(participant_id)}
        )

    def mood(self, turn_id: str, label: str) -> CorrectionRow:
        return self._row(CorrectionKind.MOOD, turn_id, self.turns[turn_id]["sentiment"] or "", str(label))

    def split(self, turn_id: str, split: Split) -> CorrectionRow:
        items = self.turns[turn_id]["items"]
        if not 0 < split.word < len(items):
            raise InvalidRequestError(
                "word_unknown",
                f"Turn {turn_id} has {len(items)} words: its second part begins with one of 1 to {len(items) - 1}, "
                f"not {split.word}.",
            )
        self._check_outside_redactions(turn_id, items[split.word]["begin_offset_ms"])
        halves = (items[: split.word], items[split.word :])
        after = "\n".join(" ".join(item["content"] for item in half) for half in halves)
        detail: dict[str, Any] = {"at_ms": items[split.word]["begin_offset_ms"]}
        if split.speaker is not None:
            detail["to"] = self._to(split.speaker)
        return self._row(CorrectionKind.SPLIT, turn_id, self.turns[turn_id]["content"], after, detail)

    def _check_outside_redactions(self, turn_id: str, at_ms: int) -> None:
        for hidden in self.turns[turn_id].get("redactions") or []:
            if hidden["begin_offset_ms"] < at_ms < hidden["end_offset_ms"]:
                raise InvalidRequestError(
                    "split_in_redaction",
                    f"What is redacted in turn {turn_id} goes on over that word: a turn is split before or after what "
                    "is redacted.",
                )

    def merge(self, turn_id: str, next_id: str) -> CorrectionRow:
        first, second = self.turns[turn_id], self.turns[next_id]
        self._check_joinable(turn_id, next_id)
        contents = (first["content"], second["content"])
        detail = {
            "first_end_ms": first["end_offset_ms"],
            "next": self._place(second, second["participant_id"]),
        }
        row = self._row(CorrectionKind.MERGE, turn_id, "\n".join(contents), " ".join(contents), detail)
        row.end_offset_ms = max(first["end_offset_ms"], second["end_offset_ms"])
        return row

    def _check_joinable(self, turn_id: str, next_id: str) -> None:
        """The next turn of the call, or the next of the same party."""
        later = self._order[self._order.index(turn_id) + 1 :]
        party = self.turns[turn_id]["participant_id"]
        of_party = [each for each in later if self.turns[each]["participant_id"] == party]
        if next_id not in (*later[:1], *of_party[:1]):
            raise InvalidRequestError(
                "turns_not_joinable",
                f"Turn {turn_id} can be joined with the turn after it, or with the next of its speaker; {next_id} is "
                "neither.",
            )

    def summary(self, wanted: Mapping[str, Any]) -> list[CorrectionRow]:
        rows = []
        for name, value in wanted.items():
            if name in self._summary and _same(self._summary[name], value):
                continue
            rows.append(
                CorrectionRow(
                    kind=CorrectionKind.SUMMARY,
                    turn_id="",
                    participant_id="",
                    begin_offset_ms=0,
                    end_offset_ms=0,
                    before=_readable(self._summary.get(name)) or "",
                    after=_readable(value),
                    detail=json.dumps({"field": name, "value": value}),
                )
            )
        return rows


def _same(before: Any, after: Any) -> bool:
    if not isinstance(before, list):
        return bool(before == after)
    return [_task(item) for item in before] == [_task(item) for item in after]


def _task(item: Part) -> tuple[str, str, str | None]:
    return item["text"], item["owner"], item.get("due") or None


def _readable(value: Any) -> str | None:
    """As the history shows it: a task per line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        tasks = (_task(item) for item in value)
        return "\n".join(f"{owner}: {text}{f' ({due})' if due else ''}" for text, owner, due in tasks)
    return plain_text(value) if value is not None else None


def _channels(result: Part) -> dict[str, int | None]:
    """Channels of the parties, where they have channels of their own; several people may share one after each other.

    In a mono call, the voices may be numbered differently next time.
    """
    found = {p["participant_id"]: p["channel_index"] for p in result["participants"]}
    return found if len(set(found.values())) > 1 else dict.fromkeys(found)
