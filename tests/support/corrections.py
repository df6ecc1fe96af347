"""Corrections as the store makes them, without a store."""

from __future__ import annotations

from callytics.domain import Conversation, Correction
from callytics.store.correction_rows import new_rows
from callytics.store.records.corrections import Corrections


def asked_of(seen: Conversation, wanted: Corrections, number: int = 1) -> tuple[Correction, ...]:
    """The corrections that the store makes of a request by a person who sees this conversation."""
    result = {
        "participants": [
            {
                "participant_id": p.id,
                "channel_index": p.channel_index,
                "name": p.name,
                "participant_role": p.role.value,
                "role_source": p.role_source.value if p.role_source else None,
            }
            for p in seen.participants
        ],
        "transcript": [
            {
                "id": turn.id,
                "participant_id": turn.participant_id,
                "begin_offset_ms": round(turn.start_s * 1000),
                "end_offset_ms": round(turn.end_s * 1000),
                "content": turn.content,
                "items": [
                    {"content": word.text, "begin_offset_ms": round(word.start_s * 1000)}
                    for word in turn.words
                ],
                "redactions": [
                    {
                        "begin_offset_ms": round(hidden.start_s * 1000),
                        "end_offset_ms": round(hidden.end_s * 1000),
                    }
                    for hidden in turn.redactions
                ],
            }
            for turn in seen.turns
        ],
    }
    return tuple(
        Correction(
            f"c{number}{i}", row.kind, row.turn_id, row.participant_id, row.channel_index,
            row.begin_offset_ms / 1000, row.end_offset_ms / 1000, row.before, row.after, row.detail,
        )
        for i, row in enumerate(new_rows(result, wanted))
    )  # fmt: skip
