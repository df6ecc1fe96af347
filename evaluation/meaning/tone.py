"""The third question to a real language model: mood and rudeness of turns, beside the embedded values.

    callytics eval DATA --only tone --llm local     asks what tone_told.jsonl does not have; minutes of a core a call

Calls of `choose` with a mood to hear, the first by the hash of their ids. What the model said is kept in
tone_told.jsonl with a digest of what was asked, so the table is made again without it. The written calls have gold for
mood and for the agent's lapses; for irony and empathy of single turns they have none, so these are only counted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from callytics.domain import SentimentLabel
from callytics.engines.analysis.llm import PROMPTS, turn_lines
from callytics.engines.analysis.llm_client import StructuredChat, UsageCounter
from callytics.engines.analysis.tone import tones
from evaluation.dialogues import LANGUAGES, read_dialogues
from evaluation.language_model import local_model
from evaluation.meaning.reading import Reader, conversation_of
from evaluation.measurements import Table
from evaluation.sections import Section

FILE = Path(__file__).with_name("tone_told.jsonl")
CALLS, MAX_TURNS, MOODS = 2, 16, 4
"""Calls of each language; their turns at most; turns with a mood at least."""
CALL_S = 1200.0
MAX_TOKENS = 1_500
SECTION = Section("tone of turns")
LABELS = tuple(label.value for label in SentimentLabel if label.value in ("POSITIVE", "NEUTRAL", "NEGATIVE"))
Call = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """``turns``: id -> mood, irony, empathy, rude, for turns that are not neutral. ``dropped``: ungrounded."""

    call: Call
    turns: Mapping[str, Mapping[str, Any]]
    dropped: str
    seconds: float
    model: str


def chosen(language: str) -> list[dict[str, Any]]:
    calls = [
        call
        for call in read_dialogues("choose", language)
        if len(call["turns"]) <= MAX_TURNS
        and sum(t["sentiment"] != "NEUTRAL" for t in call["turns"]) >= MOODS
    ]
    return sorted(calls, key=lambda call: hashlib.sha256(call["id"].encode()).hexdigest())[:CALLS]


def _asked(call: Call) -> tuple[list[tuple[str, str]], str]:
    lines = turn_lines(conversation_of(call, roles=True))
    text = json.dumps([PROMPTS[f"tone.{call['language']}"], lines], ensure_ascii=False)
    return lines, hashlib.sha256(text.encode()).hexdigest()[:16]


def kept() -> list[Told]:
    """What was told, where calls and prompt are still those that were asked."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.is_file() else []
    rows = {(row["call"], row["asked"]): row for row in map(json.loads, lines)}
    found = []
    for call in (call for language in LANGUAGES for call in chosen(language)):
        if row := rows.get((call["id"], _asked(call)[1])):
            found.append(Told(call, row["turns"], row["dropped"], row["seconds"], row["model"]))
    return found


def ask(model: str) -> None:
    """Ask about the calls that have no answer yet; each answer is written at once.

    Raises:
        NotFoundError, WeightsError, StageError: the model is not there, or does not answer.
    """
    done = {told.call["id"] for told in kept()}
    left = [
        call for pair in zip(*(chosen(language) for language in LANGUAGES), strict=True) for call in pair
        if call["id"] not in done
    ]  # fmt: skip
    if not left:
        return
    with local_model(model) as found, FILE.open("a", encoding="utf-8") as file:
        for call in left:
            print(json.dumps(_answer(call, found.name), ensure_ascii=False), file=file, flush=True)


def _answer(call: Call, model: str) -> dict[str, Any]:
    chat = StructuredChat(
        base_url="http://unused",
        endpoint="llm-server",
        model=model,
        api_key_variable=None,
        timeout_s=CALL_S,
        max_retries=0,
        max_reasks=0,
        max_output_tokens=MAX_TOKENS,
        structured_output="json_schema",
        temperature=0.0,
    )
    lines, asked = _asked(call)
    begun = time.monotonic()
    prompt = PROMPTS[f"tone.{call['language']}"]
    heard, flags = tones(conversation_of(call, roles=True), [lines], chat, prompt, UsageCounter(None, None))
    turns = {
        one.turn_id: {"mood": one.label.value, "irony": one.irony, "empathy": one.empathy, "rude": one.rude}
        for one in heard
    }
    row = {"call": call["id"], "asked": asked, "turns": turns, "dropped": " ".join(f.message for f in flags)}
    seconds, date = round(time.monotonic() - begun), datetime.now(UTC).date().isoformat()
    return {**row, "seconds": seconds, "model": model, "date": date}


def table(told: Sequence[Told], config: Path) -> Table:
    """Mood and rudeness of turns, by the model and by the embedded engine, on the same turns."""
    read = Reader(config)
    rows = []
    for language in LANGUAGES:
        of = [one for one in told if one.call["language"] == language]
        if not of:
            continue
        readings = [read(one.call) for one in of]
        moods = {
            "model": [one.turns.get(turn["id"], {}).get("mood", "NEUTRAL") for one, turn in _turns(of)],
            "embedded": [
                r.labels[t["id"]] for one, r in zip(of, readings, strict=True) for t in one.call["turns"]
            ],
        }
        rude = {
            "model": [
                {name for name, tone in one.turns.items() if tone["rude"] and _is_agent(one.call, name)}
                for one in of
            ],
            "embedded": [set(reading.lapses) for reading in readings],
        }
        for system in ("model", "embedded"):
            marks = [
                sum(tone[mark] for one in of for tone in one.turns.values()) for mark in ("irony", "empathy")
            ]
            rows.append(
                [
                    f"{language}, {system}",
                    f"{len(of)}, {len(moods[system])}",
                    *_mood_figures([turn for _, turn in _turns(of)], moods[system]),
                    _lapse_figure([set(one.call["quality"]["lapse_turn_ids"]) for one in of], rude[system]),
                    *([str(mark) for mark in marks] if system == "model" else ["–", "–"]),
                ]
            )
    header = [
        "language, system", "calls, turns", "mood right", "mood macro-F1", "lapses of the agent: found, of, false",
        "turns called ironic", "turns called empathic",
    ]  # fmt: skip
    return Table("Tone of turns, on calls of `choose`", header, rows)


def _turns(told: Sequence[Told]) -> Iterator[tuple[Told, Mapping[str, Any]]]:
    return ((one, turn) for one in told for turn in one.call["turns"])


def _is_agent(call: Call, turn_id: str) -> bool:
    speaker = next(turn["speaker"] for turn in call["turns"] if turn["id"] == turn_id)
    return bool(call["roles"][speaker] == "AGENT")


def _mood_figures(turns: Sequence[Mapping[str, Any]], said: Sequence[str]) -> tuple[str, str]:
    """Share of turns whose label is accepted, and macro-F1; a label that is accepted counts as the gold one."""
    gold = [
        label if label in turn.get("sentiment_ok", ()) else turn["sentiment"]
        for turn, label in zip(turns, said, strict=True)
    ]
    scores = []
    for label in LABELS:
        hits = sum(g == s == label for g, s in zip(gold, said, strict=True))
        named = gold.count(label) + list(said).count(label)
        if label in gold:
            scores.append(2 * hits / named)
    right = sum(g == s for g, s in zip(gold, said, strict=True))
    return f"{right / len(gold):.2f}", f"{sum(scores) / len(scores):.2f}"


def _lapse_figure(gold: Sequence[set[str]], said: Sequence[set[str]]) -> str:
    found = sum(len(g & s) for g, s in zip(gold, said, strict=True))
    false = sum(len(s - g) for g, s in zip(gold, said, strict=True))
    return f"{found}, {sum(map(len, gold))}, {false}"


def section(told: Sequence[Told], config: Path) -> str:
    """The section of docs/quality.md, between its marks."""
    found = table(told, config)
    model = ", ".join(sorted({one.model for one in told}))
    seconds = ", ".join(f"{one.seconds:.0f}" for one in told)
    introduction = (
        "The third question of llm-analyzer (`tone: true`) to a real model, beside what sentiment-analyzer says of the "
        f"same turns without it. The command is `callytics eval --only tone`; `--llm local` asks. {model}, one thread, "
        f"{seconds} s for the calls on a busy machine. The embedded engine was fitted on `choose` too, which favours "
        "it. Few turns: a direction, no figure to rely on."
    )
    lines = [found.header, ["---"] * len(found.header), *found.rows]
    rows = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    return SECTION.block("## Tone of turns by a language model", introduction, rows)
