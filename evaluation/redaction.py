"""Recall and precision of PII detection on marked sentences.

    python -m evaluation.redaction tests/data/pii_test.tsv [--errors]

A file has language, sentence and, if it matters, the previous turn, separated by tabs; ``[KIND|text]`` marks the parts
to remove, ``[KIND?|text]`` those that may be. A marked part is found if all its letters and digits are covered,
regardless of the kind, because any remaining character is a leak. A redacted span is right if it overlaps a marked
part of either kind. The last line is the figure.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from callytics.domain import PiiKind
from callytics.redaction.detector import find_pii
from callytics.redaction.span import Span

_MARK = re.compile(r"\[([A-Z_]+)(\??)\|([^]]*)\]")
Detector = Callable[[str, str], Sequence[Span]]


@dataclass(frozen=True)
class MarkedSentence:
    language: str
    text: str
    before: str
    spans: tuple[Span, ...]
    optional: tuple[Span, ...] = ()


@dataclass(frozen=True)
class RedactionScore:
    """Counts over a set of sentences; ``errors`` names each miss and each false alarm."""

    marked: int
    found: int
    redacted: int
    right: int
    errors: tuple[str, ...]

    @property
    def recall(self) -> float:
        return self.found / self.marked if self.marked else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.redacted if self.redacted else 1.0


def read_marked(path: Path) -> list[MarkedSentence]:
    sentences = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        language, marked, *before = line.split("\t")
        text, position = "", 0
        spans: dict[str, list[Span]] = {"": [], "?": []}
        for match in _MARK.finditer(marked):
            text += marked[position : match.start()]
            kind, may, part = match.groups()
            spans[may].append(Span(len(text), len(text) + len(part), PiiKind(kind)))
            text += part
            position = match.end()
        text += marked[position:]
        sentences.append(
            MarkedSentence(language, text, before[0] if before else "", tuple(spans[""]), tuple(spans["?"]))
        )
    return sentences


def score(sentences: Iterable[MarkedSentence], detect: Detector = find_pii) -> RedactionScore:
    counts: Counter[str] = Counter()
    errors: list[str] = []
    for sentence in sentences:
        found = detect(sentence.text, sentence.before)
        covered = {i for span in found for i in range(span.start, span.end)}
        for span in sentence.spans:
            counts["marked"] += 1
            missed = [
                i for i in range(span.start, span.end) if sentence.text[i].isalnum() and i not in covered
            ]
            if missed:
                errors.append(f"missed {span.kind}: {sentence.text} [{sentence.text[span.start : span.end]}]")
            else:
                counts["found"] += 1
        for span in found:
            counts["redacted"] += 1
            allowed = (*sentence.spans, *sentence.optional)
            if any(span.start < other.end and other.start < span.end for other in allowed):
                counts["right"] += 1
            else:
                errors.append(f"wrong {span.kind}: {sentence.text} [{sentence.text[span.start : span.end]}]")
    return RedactionScore(
        counts["marked"], counts["found"], counts["redacted"], counts["right"], tuple(errors)
    )


def main(arguments: list[str]) -> None:
    path = Path(arguments[0])
    sentences = read_marked(path)
    for language in sorted({sentence.language for sentence in sentences}):
        _print(language, score(s for s in sentences if s.language == language))
    for kind in PiiKind:
        of_kind = [s for s in sentences if any(span.kind is kind for span in s.spans)]
        if of_kind:
            _print(kind, score(of_kind))
    harmless = [s for s in sentences if not s.spans]
    print(
        f"sentences without PII: {len(harmless)}, redacted in {sum(bool(find_pii(s.text, s.before)) for s in harmless)}"
    )
    whole = score(sentences)
    if "--errors" in arguments:
        print("\n".join(whole.errors))
    _print(f"{path.name}, {len(sentences)} sentences", whole)


def _print(name: str, result: RedactionScore) -> None:
    print(
        f"{name}: recall {result.recall:.3f} ({result.found}/{result.marked}), "
        f"precision {result.precision:.3f} ({result.right}/{result.redacted})"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
