"""Results made by hand, for the checks of the field situations."""

from __future__ import annotations

from typing import Any

from evaluation.field.judges import Said

SENTENCES = (
    Said(0.5, 4.5, "AGENT", "good morning this is the service desk", "en"),
    Said(5.0, 9.0, "CUSTOMER", "my parcel has not arrived since monday", "en"),
    Said(9.5, 13.0, "AGENT", "let me look where it is", "en"),
)
PEOPLE = {"AGENT": "spk_0", "CUSTOMER": "spk_1", "OTHER": "announcement"}


def turn(said: Said, *, people: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """A turn in which the sentence was heard, word by word over its time."""
    texts = said.text.split()
    length_ms = 1000 * (said.end_s - said.start_s) / len(texts)
    edges = [round(1000 * said.start_s + n * length_ms) for n in range(len(texts) + 1)]
    return {
        "participant_id": (people or PEOPLE)[said.party],
        "participant_role": said.party,
        "begin_offset_ms": edges[0],
        "end_offset_ms": edges[-1],
        "content": said.text,
        "language_code": said.language,
        "items": [
            {"content": text, "begin_offset_ms": edges[n], "end_offset_ms": edges[n + 1]}
            for n, text in enumerate(texts)
        ],
    } | changes


def result(*turns: dict[str, Any], flags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "participants": [{"participant_id": name, "channel_index": None} for name in PEOPLE.values()],
        "transcript": list(turns),
        "flags": [{"code": code, "message": ""} for code in flags],
    }


def right() -> dict[str, Any]:
    return result(*map(turn, SENTENCES))


def moved(found: dict[str, Any], shift_s: float, rate: float = 1.0) -> dict[str, Any]:
    """The same, with all times changed."""

    def at(ms: int) -> int:
        return round(rate * ms + 1000 * shift_s)

    turns = [
        t
        | {
            "items": [
                i | {"begin_offset_ms": at(i["begin_offset_ms"]), "end_offset_ms": at(i["end_offset_ms"])}
                for i in t["items"]
            ]
        }
        for t in found["transcript"]
    ]
    return found | {"transcript": turns}
