"""Figures of the text stages: Korean sentence boundaries and sentiment, beside plain baselines.

Sentence boundaries: rows of text/punct_ko.tsv without their punctuation are joined by five; a boundary is right when
it falls on the same character (spaces not counted) as a sentence end of the punctuated text, ends inside a row and
the end of the passage included. Micro-averaged precision, recall, F1. Half of the passages (the even ones) were seen
while the rules were written, so the other half is also reported separately.

Sentiment: macro-F1 over three classes on sentiment/ko.tsv (film reviews) and en.tsv (reviews and tweets), which were
not used for training or tuning.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.measurements import Floor, Table

PASSAGE_ROWS = 5
BOUNDARY_FLOOR = 0.878
SENTIMENT_FLOORS = {"ko": 0.425, "en": 0.639}
"""Baselines measured before the start of the project: Kiwi's splitter, AFINN-ko on Kiwi lemmas, VADER. AFINN-ko is a
JavaScript package and is not run again here; its figure is the one from then."""

VADER_NEUTRAL = 0.05
"""Compound scores nearer to 0 are neutral: the limit of VADER's authors."""

Split = Callable[[str], Sequence[str]]
_INSIDE = re.compile(r"[.?!…](?=[\s\"'”’)]|[.?!…]|$)")


@dataclass(frozen=True)
class BoundaryScore:
    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Passage:
    """``boundaries``: characters before each sentence end, spaces not counted."""

    text: str
    boundaries: frozenset[int]


@dataclass(frozen=True)
class TextFigures:
    tables: tuple[Table, ...]
    floors: tuple[Floor, ...]
    headline: Mapping[str, float]


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def passages(rows: Sequence[Mapping[str, str]]) -> list[Passage]:
    """Rows with the columns unpunctuated and punctuated, joined by five."""
    joined = []
    for begin in range(0, len(rows), PASSAGE_ROWS):
        part = rows[begin : begin + PASSAGE_ROWS]
        boundaries: set[int] = set()
        offset = 0
        for row in part:
            boundaries |= {offset + end for end in _sentence_ends(row["unpunctuated"], row["punctuated"])}
            offset += _letters(row["unpunctuated"])
        joined.append(Passage(" ".join(row["unpunctuated"] for row in part), frozenset(boundaries)))
    return joined


def _letters(text: str) -> int:
    return len(re.sub(r"\s", "", text))


def _sentence_ends(unpunctuated: str, punctuated: str) -> set[int]:
    """Characters of the unpunctuated text before each sentence end, its own end included."""
    letters = re.sub(r"\s", "", unpunctuated)
    position = 0
    ends = {len(letters)}
    for index, character in enumerate(punctuated):
        if position < len(letters) and character == letters[position]:
            position += 1
        elif position and _INSIDE.match(punctuated, index):
            ends.add(position)
    return ends


def boundary_score(found: Sequence[Passage], split: Split) -> BoundaryScore:
    """``split`` returns the parts of a text with exactly its letters (added marks do not count)."""
    right = wrong = missed = 0
    for passage in found:
        ends = _hypothesis_ends(passage.text, split(passage.text))
        right += len(ends & passage.boundaries)
        wrong += len(ends - passage.boundaries)
        missed += len(passage.boundaries - ends)
    return BoundaryScore(right, wrong, missed)


def _hypothesis_ends(text: str, parts: Sequence[str]) -> set[int]:
    letters = re.sub(r"\s", "", text)
    position = 0
    ends = set()
    for part in parts:
        for character in re.sub(r"\s", "", part):
            if position < len(letters) and character == letters[position]:
                position += 1
        ends.add(position)
    return ends


def measure_text(data: Path) -> TextFigures:
    """Every figure of this module on the kit in ``data``; under a minute on one core."""
    boundary_table, boundary_floors, boundary_headline = _measure_boundaries(data)
    sentiment_table, sentiment_floors, sentiment_headline = _measure_sentiment(data)
    return TextFigures(
        (boundary_table, sentiment_table),
        (*boundary_floors, *sentiment_floors),
        {**boundary_headline, **sentiment_headline},
    )


def _measure_boundaries(data: Path) -> tuple[Table, list[Floor], dict[str, float]]:
    from callytics.engines.punctuation.kiwi import KiwiPunctuationRestorer

    found = passages(read_rows(data / "text" / "punct_ko.tsv"))
    systems: dict[str, Split] = {"callytics": KiwiPunctuationRestorer().split}
    for model_type in ("cong", "cong-global"):
        systems[f"Kiwi's own splitter, {model_type}"] = _kiwi_splitter(model_type)
    rows = []
    f1: dict[str, float] = {}
    for name, split in systems.items():
        every, held_out = boundary_score(found, split), boundary_score(found[1::2], split)
        f1[name] = every.f1
        cells = (every.precision, every.recall, every.f1, held_out.f1)
        rows.append([name, *(f"{value:.3f}" for value in cells)])
    header = ["system", "precision", "recall", "F1", "F1, passages not looked at"]
    note = f"{len(found)} passages of {PASSAGE_ROWS} rows."
    table = Table("Korean sentence boundaries without punctuation", header, rows, note)
    ours = f1["callytics"]
    return (
        table,
        [Floor("Korean sentence boundary F1", ours, BOUNDARY_FLOOR, lower_is_better=False)],
        {"boundary_f1_ko": ours},
    )


def _kiwi_splitter(model_type: str) -> Split:
    from kiwipiepy import Kiwi

    kiwi: Any = Kiwi(num_workers=1, model_type=model_type)
    return lambda text: [part.text for part in kiwi.split_into_sents(text)]


def _measure_sentiment(data: Path) -> tuple[Table, list[Floor], dict[str, float]]:
    from sklearn.metrics import f1_score

    from callytics.engines.sentiment.classifier import LABELS, SentenceClassifier

    classify = SentenceClassifier()
    rows: list[list[str]] = []
    floors: list[Floor] = []
    headline: dict[str, float] = {}
    for language, floor in SENTIMENT_FLOORS.items():
        data_rows = read_rows(data / "sentiment" / f"{language}.tsv")
        texts, truth = [row["text"] for row in data_rows], [row["label"] for row in data_rows]
        ours = [LABELS[index] for index in classify(texts, language).argmax(axis=1)]
        valences = [classify.features.lexicon.valence(text, language) for text in texts]
        by_lexicon = [_label_of(valence) for valence in valences]
        score, lexicon = (float(f1_score(truth, found, average="macro")) for found in (ours, by_lexicon))
        lexicon_name = "VADER" if language == "en" else "our lexicon alone"
        recorded = "" if language == "en" else f"AFINN-ko {floor:.3f} (recorded)"
        rows.append([language, str(len(texts)), f"{score:.3f}", f"{lexicon_name} {lexicon:.3f}", recorded])
        floors.append(Floor(f"sentiment macro-F1 {language}", score, floor, lower_is_better=False))
        headline[f"sentiment_f1_{language}"] = score
    header = ["language", "texts", "callytics", "lexicon, run again", "baseline not run again"]
    return Table("Sentiment, macro-F1 of three classes", header, rows), floors, headline


def _label_of(valence: float) -> str:
    if abs(valence) < VADER_NEUTRAL:
        return "neutral"
    return "positive" if valence > 0 else "negative"
