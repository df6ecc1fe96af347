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
from callytics.engines.analysis.call_reader import CallReader, load_call_reader
from callytics.engines.analysis.extractive import ExtractiveAnalyzer
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.rankers import Rankers
from callytics.engines.analysis.topics import READER_WEIGHT, WRONG_NUMBER, Topics
from evaluation.dialogues import LANGUAGES
from evaluation.meaning import train, train_topics
from evaluation.meaning.call_items import unseen_calls
from evaluation.meaning.reading import Reading, conversation_of, findings_of
from evaluation.meaning.rows import ROWS

CONFIG = Path("serve_config.cpu.yaml")
SPLITS = ("fit", "choose")
SHARES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
TOPIC_WEIGHTS = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 1000.0)
"""The last one leaves nothing to the linear model."""

MEASURES = ("issue", "outcome", "resolved", "contradicted", "actions")
Calls = Sequence[tuple[Mapping[str, Any], Conversation]]


class Remembered:
    """What a model says of a call, asked once: nothing of it depends on the shares."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask, self._known = ask, dict[tuple[str, ...], Any]()

    def __call__(self, call: Sequence[Seen], *given: Any) -> Any:
        key = tuple(seen.turn.content for seen in call)
        if key not in self._known:
            self._known[key] = self._ask(call, *given)
        return self._known[key]


class Analyzer(ExtractiveAnalyzer):
    """The engine with other models."""

    def __init__(self, models: Mapping[str, Any], of_topics: Mapping[str, Any], read: CallReader) -> None:
        super().__init__()
        self._models, self._of_topics, self._read = models, of_topics, Remembered(read)
        self._chances = Remembered(Rankers(models).chances)
        self._texts: dict[str, Any] = {}
        self._ask, self._encode = self._encode, self._encoded  # type: ignore[assignment]

    def weigh(self, shares: Mapping[str, float], topic_weight: float = READER_WEIGHT) -> None:
        self._rank = Rankers(self._models, self._read if any(shares.values()) else None, shares)
        self._rank.chances = self._chances  # type: ignore[method-assign, assignment]
        self._topics = Topics(self._of_topics, topic_weight)

    def _encoded(self, texts: Sequence[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self._texts]
        self._texts |= dict(zip(new, self._ask(new), strict=True)) if new else {}
        return np.array([self._texts[text] for text in texts])


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


def read_analyzer(folder: Path, read: CallReader) -> Analyzer:
    models, of_topics = (json.loads((folder / f"{name}.json").read_text()) for name in ("models", "topics"))
    return Analyzer(models, of_topics, read)


def read_calls() -> Calls:
    punctuate: Any = load_engine(load_stages(CONFIG)["punctuation-restorer"])
    return [(call, punctuate(conversation_of(call, roles=True))) for call in unseen_calls()]


def tables(calls: Calls, analyze: Analyzer) -> None:
    print(f"{len(calls)} calls; all, {', '.join(LANGUAGES)}\n\n| share | {' | '.join(MEASURES)} |")
    print(f"|{'---|' * (1 + len(MEASURES))}")
    for share in SHARES:
        analyze.weigh(dict.fromkeys(READER_SHARE, share))
        print(f"| {share} | {' | '.join(figures(calls, analyze, MEASURES))} |", flush=True)
    analyze.weigh(READER_SHARE)
    print(f"| as committed | {' | '.join(figures(calls, analyze, MEASURES))} |")
    print(f"\n| weight ({READER_WEIGHT} is committed) | topic |\n|---|---|")
    known = [each for each in calls if each[0]["topic"] != WRONG_NUMBER]
    for weight in TOPIC_WEIGHTS:
        analyze.weigh(READER_SHARE, weight)
        print(f"| {weight} | {figures(known, analyze, ['topic'])[0]} |", flush=True)


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
        reader = CallReader(given.reader) if given.reader else load_call_reader()
        tables(read_calls(), read_analyzer(given.folder, reader))
