"""Figures on the calls that neither the call reader nor these linear models have learned from, by the reader's share.

    python -m evaluation.meaning.unseen FOLDER --fit              fits linear models without these calls into FOLDER
    python -m evaluation.meaning.unseen FOLDER                    prints the tables with the committed reader
    python -m evaluation.meaning.unseen FOLDER --reader X.npz     with another one

The shares of blending.py and topics.py and the limits are chosen by these tables; `report` is not read. The committed
linear models have learned from these calls, so the tables need models of their own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from callytics.config import load_stages
from callytics.domain import ContactSummary, Conversation
from callytics.engines import load_engine
from callytics.engines.analysis.blending import READER_SHARE
from callytics.engines.analysis.call_reader import CallReader, CallReading, ReadCall, load_call_reader
from callytics.engines.analysis.encoder import SentenceEncoder, Vector
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.rankers import Rankers
from callytics.engines.analysis.topics import READER_WEIGHT, Topics
from evaluation.dialogues import LANGUAGES
from evaluation.meaning import train, train_topics
from evaluation.meaning.call_items import unseen_calls
from evaluation.meaning.reading import Reading, conversation_of, findings_of
from evaluation.meaning.rows import ROWS

CONFIG = Path("serve_config.cpu.yaml")
SPLITS = ("fit", "choose")
SHARES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0)
TOPIC_WEIGHTS = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 1000.0)
"""The last one leaves nothing to the linear model."""

MEASURES = ("issue", "outcome", "resolved", "contradicted", "actions")
Calls = Sequence[tuple[Mapping[str, Any], Conversation]]


class RememberedTexts:
    """The sentence encoder, each text once for all tables."""

    def __init__(self) -> None:
        self._encode, self._known = SentenceEncoder(), dict[str, Vector]()

    def __call__(self, texts: Sequence[str]) -> Vector:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= dict(zip(new, self._encode(new), strict=True)) if new else {}
        return np.array([self._known[text] for text in texts])


class RememberedCalls:
    """The call reader, each call once: its order does not depend on the shares."""

    def __init__(self, read: CallReader) -> None:
        self._read, self._known = read, dict[tuple[str, ...], CallReading]()

    def __call__(self, call: Sequence[Seen], order: Sequence[int]) -> CallReading:
        key = tuple(seen.turn.content for seen in call)
        if key not in self._known:
            self._known[key] = self._read(call, order)
        return self._known[key]


class Analyzer(ExtractiveAnalyzer):
    """The engine with other models."""

    def __init__(self, encode: Any, rank: Rankers, topics: Topics) -> None:
        super().__init__()
        self._encode, self._rank, self._topics = encode, rank, topics


def fit(folder: Path) -> None:
    left_out = {call["id"] for call in unseen_calls()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in (
        ("topics", train_topics.train(SPLITS, left_out)),
        ("models", train.train(SPLITS, CONFIG, left_out)),
    ):
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def figures(
    calls: Calls, analyze: Callable[[Conversation], ContactSummary], names: Sequence[str]
) -> list[str]:
    """Per measure, the figures of all calls and of each language."""
    readings = [(call, Reading(**findings_of(analyze(conversation)))) for call, conversation in calls]
    cells = []
    for row in (row for row in ROWS if row.id in names):
        of_parts = []
        for part in ("", *LANGUAGES):
            counts = [
                row.score(call, said).counts for call, said in readings if part in ("", call["language"])
            ]
            of_parts.append(f"{row.figure(np.sum(counts, axis=0)):.3f}")
        cells.append(" ".join(of_parts))
    return cells


def tables(folder: Path, read: ReadCall) -> None:
    models, of_topics = (json.loads((folder / f"{name}.json").read_text()) for name in ("models", "topics"))
    punctuate: Any = load_engine(load_stages(CONFIG)["punctuation-restorer"])
    calls = [(call, punctuate(conversation_of(call, roles=True))) for call in unseen_calls()]
    encode = RememberedTexts()
    print(
        f"{len(calls)} calls; all, {', '.join(LANGUAGES)}\n\n| share | {' | '.join(MEASURES)} |\n|{'---|' * 6}"
    )
    for share in SHARES:
        shares = dict.fromkeys(READER_SHARE, share)
        rank = Rankers(models, read if share else None, shares)
        cells = figures(calls, Analyzer(encode, rank, Topics(of_topics)), MEASURES)
        print(f"| {share} | {' | '.join(cells)} |", flush=True)
    rank = Rankers(models, read)
    print(
        f"\nas committed: {' | '.join(figures(calls, Analyzer(encode, rank, Topics(of_topics)), MEASURES))}"
    )
    print(f"\n| weight ({READER_WEIGHT} is committed) | topic |\n|---|---|")
    known = [each for each in calls if each[0]["topic"] != "wrong_number"]
    for weight in TOPIC_WEIGHTS:
        print(
            f"| {weight} | {figures(known, Analyzer(encode, rank, Topics(of_topics, weight)), ['topic'])[0]} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the linear models are or go")
    parser.add_argument("--fit", action="store_true", help="only fit the linear models")
    parser.add_argument("--reader", type=Path, help="weights of a reader; those that ship by default")
    given = parser.parse_args()
    if given.fit:
        fit(given.folder)
    else:
        tables(
            given.folder, RememberedCalls(CallReader(given.reader) if given.reader else load_call_reader())
        )
