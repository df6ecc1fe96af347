"""Learns callytics/redaction/name_model.json: python tools/train_name_model.py [evaluate [ko|en]].

Per language one conditional logistic regression: at each word of a text, which candidate is a name, or none. It
learns from the written calls of fit and choose, from stretches with much personal data and from four sets of marked
sentences, each text also as a recogniser writes it (without marks, in lower case) and with other names in place of
its own, so that it learns what surrounds a name and not the names. With "evaluate" it only prints recall and
precision in whole calls that the model has not seen, alone and beside the rules, and of the sentences of
pii_unseen_open.tsv. (The rules have seen these calls.)
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.domain import PiiKind  # noqa: E402
from callytics.redaction import (  # noqa: E402
    english_name_candidates,
    korean_name_candidates,
    name_model,
    names,
)
from callytics.redaction.english_words import is_given_name, may_be_given_name  # noqa: E402
from callytics.redaction.korean_names import FIRST, SECOND, SURNAMES  # noqa: E402
from callytics.redaction.korean_words import given_names  # noqa: E402
from callytics.redaction.span import Span, joined  # noqa: E402
from evaluation.dialogues import LANGUAGES, Split, read_dialogues, read_personal_data  # noqa: E402
from evaluation.redaction import read_marked, score  # noqa: E402
from evaluation.redaction_of_dialogues import places, score_redaction  # noqa: E402

TARGET = ROOT / "callytics" / "redaction"
SENTENCES = (
    "pii_development.tsv",
    "pii_kinds_open.tsv",
    "pii_unseen_open.tsv",
    "pii_traps_open.tsv",
)
AFTER_THE_RULES = ("_third_", "_fourth_", "_pii_", "pii_traps_open.tsv")
"""Marks of the sources that the rules were not written with: only there it counts what the rules find, for where they
were written they are right far too often."""
SPLITS: tuple[Split, ...] = ("fit", "choose")
FOLDS = 4
COPIES = 3
"""How often a text with a name is repeated with other names."""
PENALTY = 0.1
NAME_WEIGHT = 1.5
"""A missed name costs more than a false one."""
MIN_SOURCES = 3
"""A feature counts if this many calls or sentences have it."""
SMALLEST = 0.03
FOREIGN = 0.015
"""Share of the other names in Korean texts that are foreign, beside those in place of foreign ones."""
SPLIT = 0.1
"""Share of the made names with a gap after the family name, which recognisers leave."""
COMMON_SURNAMES = 40
SENTENCE_WEIGHT = 2.0
"""A sentence has more of other registers than a turn; without it the calls, which are many, outweigh them."""
TITLES = frozenset(["mr", "mrs", "ms", "dr", "nurse", "miss", "mister", "doctor"])
CANDIDATES = {"ko": korean_name_candidates.candidates, "en": english_name_candidates.candidates}
Place = tuple[int, int]


@dataclass(frozen=True)
class Text:
    """``source``: the call or the sentence. ``other``: places of other data, of which nothing is learned."""

    source: str
    text: str
    before: str
    names: tuple[Place, ...]
    other: tuple[Place, ...]
    weight: float = 1.0
    opening: bool = False


@dataclass(frozen=True)
class Beginning:
    """Candidates that begin at one word; ``name`` is the number of the right one, -1 if there is none."""

    source: str
    weight: float
    candidates: tuple[tuple[str, ...], ...]
    name: int


def learned_from(language: str) -> list[dict[str, Any]]:
    calls = [call for split in SPLITS for call in read_dialogues(split, language)]
    return [*calls, *read_personal_data(language, "learn")]


def texts_of_calls(language: str) -> list[Text]:
    texts = []
    for call in learned_from(language):
        before = ""
        said = {item["text"] for item in call["pii"] if item["kind"] == PiiKind.NAME}  # marks have gaps
        for turn in call["turns"]:
            marked = places(turn, call["pii"])
            named = tuple(place for place, kind in marked if kind == PiiKind.NAME)
            other = [place for place, _ in places(turn, call["pii_optional"])]
            other += [place for place, kind in marked if kind != PiiKind.NAME]
            other += [match.span() for name in said for match in re.finditer(re.escape(name), turn["text"])]
            opening = turn is call["turns"][0]
            texts.append(Text(call["id"], turn["text"], before, named, tuple(other), opening=opening))
            if len(turn["text"].split()) > 2 or not before:
                before = turn["text"]
    return texts


def texts_of_sentences(language: str) -> list[Text]:
    texts = []
    for name in SENTENCES:
        for number, each in enumerate(read_marked(ROOT / "tests" / "data" / name)):
            if each.language == language:
                named = tuple((s.start, s.end) for s in each.spans if s.kind is PiiKind.NAME)
                other = [(s.start, s.end) for s in (*each.spans, *each.optional)]
                rest = tuple(place for place in other if place not in named)
                source = f"{name} {number}"
                texts.append(Text(source, each.text, each.before, named, rest, weight=SENTENCE_WEIGHT))
    return texts


def as_recognised(text: Text, language: str) -> Text:
    """Without marks, and in English without capitals."""
    at: dict[int, int] = {}
    kept = ""
    for index, character in enumerate(text.text):
        if character not in '.,?!…"':
            at[index] = len(kept)
            kept += character

    def moved(found: Sequence[Place]) -> tuple[Place, ...]:
        inside = [[at[i] for i in range(*place) if i in at] for place in found]
        return tuple((each[0], each[-1] + 1) for each in inside if each)

    def lower(each: str) -> str:
        return each.lower() if language == "en" else each

    return replace(
        text, text=lower(kept), before=lower(text.before), names=moved(text.names), other=moved(text.other)
    )


def with_names(text: Text, another: Callable[[str], str]) -> Text:
    result, position = "", 0
    found: list[Place] = []
    moves: list[tuple[int, int]] = []
    for start, end in sorted(text.names):
        result += text.text[position:start]
        name = another(text.text[start:end])
        found.append((len(result), len(result) + len(name)))
        result += name
        position = end
        moves.append((end, len(result) - end))
    result += text.text[position:]

    def moved(place: int) -> int:
        return place + next((by for end, by in reversed(moves) if place >= end), 0)

    other = tuple((moved(start), moved(end)) for start, end in text.other)
    return replace(text, text=result, names=tuple(found), other=other)


def korean_name(choice: random.Random, name: str, known: Sequence[str]) -> str:
    """Another name of as many syllables: a known one, a listed given name, or typical syllables."""
    if re.fullmatch(r"[가-힣]{4,}|[가-힣]+ [가-힣]{2,}", name) or choice.random() < FOREIGN:
        return foreign_name(choice)
    if not re.fullmatch(r"[가-힣]{2,3}", name):
        return name
    same = [each for each in known if re.fullmatch(rf"[가-힣]{{{len(name)}}}", each)]
    surname = choice.choice(SURNAMES[: COMMON_SURNAMES if choice.random() < 0.6 else None])
    listed = choice.choice(sorted(given_names()))
    given = choice.choice([listed, choice.choice(FIRST) + choice.choice(SECOND)])
    gap = " " if choice.random() < SPLIT else ""
    made = surname + gap + given if len(name) == 3 else given
    return choice.choice(same) if choice.random() < 0.4 else made


def foreign_name(choice: random.Random) -> str:
    """One or two words, as foreigners' names are said in Korean calls."""
    first, last = (choice.choice(_foreign_names()[kind]) for kind in ("given", "family"))
    return choice.choice([first, f"{first} {last}", f"{first} {last}", f"{last} {first}", first + last])


@cache
def _foreign_names() -> dict[str, list[str]]:
    lines = (Path(__file__).parent / "korean_foreign_names.txt").read_text(encoding="utf-8").splitlines()
    return {line.split(": ")[0]: line.split(": ")[1].split() for line in lines if ": " in line}


def english_name(choice: random.Random, name: str, known: Sequence[str]) -> str:
    """Other words in place of the name's: of a known name, or of the lists of names."""
    lists = _english_lists()
    parts = re.split(r"([\s-])", name)
    for number, part in enumerate(parts):
        if re.fullmatch(r"[A-Za-z']{2,}", part) and part.lower() not in TITLES:
            of_known = choice.choice(known).split()[0 if number == 0 else -1]
            listed = choice.choice(lists[0] if number == 0 and choice.random() < 0.7 else lists[1])
            new = listed if choice.random() < 0.6 else of_known
            parts[number] = new.capitalize() if part[0].isupper() else new.lower()
    return "".join(parts)


def _english_lists() -> tuple[list[str], list[str]]:
    if not _LISTS:
        given = (TARGET / "english_names.txt").read_text(encoding="utf-8").split()
        _LISTS.append([name for name in given if is_given_name(name) or may_be_given_name(name)])
        _LISTS.append((TARGET / "english_names_world.txt").read_text(encoding="utf-8").split())
    return _LISTS[0], _LISTS[1]


_LISTS: list[list[str]] = []


def varied(texts: Sequence[Text], language: str) -> Iterator[Text]:
    choice = random.Random(1)
    known = sorted({text.text[start:end] for text in texts for start, end in text.names})
    other_name = korean_name if language == "ko" else english_name
    for text in texts:
        yield text
        plain = as_recognised(text, language)
        if plain.text != text.text:
            yield replace(plain, weight=text.weight * 0.5)
        for _ in range(COPIES if text.names else 0):
            copy = with_names(text, lambda name: other_name(choice, name, known))
            copy = as_recognised(copy, language) if choice.random() < 0.35 else copy
            yield replace(copy, weight=text.weight / COPIES)


def beginnings(texts: Iterator[Text], language: str) -> Iterator[Beginning]:
    for text in texts:
        ruled = ruled_in(text)
        for found in CANDIDATES[language](text.text, text.before, opening=text.opening):
            places_here = [(each.start, each.end) for each in found]
            name = next((n for n, place in enumerate(places_here) if place in text.names), -1)
            start = places_here[0][0]
            inside = any(begin <= start < end for begin, end in (*text.names, *text.other))
            if name >= 0 or not inside:
                features = tuple((*each.features, *name_model.of_rules(each, ruled)) for each in found)
                yield Beginning(text.source, text.weight, features, name)


def ruled_in(text: Text) -> list[Span]:
    """What the rules find, where it counts."""
    if not any(mark in text.source for mark in AFTER_THE_RULES):
        return []
    return joined(chain.from_iterable(rules(text.text, text.before) for rules in names.RULES))


def learn(texts: Sequence[Text], language: str) -> dict[str, float]:
    examples = list(beginnings(varied(texts, language), language))
    sources: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for features in example.candidates:
            for feature in features:
                sources[feature].add(example.source)
    kept = sorted(feature for feature, seen in sources.items() if len(seen) >= MIN_SOURCES)
    index = {feature: number for number, feature in enumerate(kept)}
    rows = [[index[f] for f in features if f in index] for e in examples for features in e.candidates]
    matrix = csr_matrix(
        (np.ones(sum(map(len, rows))), np.concatenate(rows), np.cumsum([0, *map(len, rows)])),
        shape=(len(rows), len(kept)),
    )
    weights = _fitted(matrix, examples)
    return {
        feature: round(float(weights[number]), 2)
        for feature, number in index.items()
        if abs(weights[number]) >= SMALLEST
    }


def _fitted(matrix: Any, examples: Sequence[Beginning]) -> NDArray[np.float64]:
    sizes = np.array([len(example.candidates) for example in examples])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    group = np.repeat(np.arange(len(examples)), sizes)
    named = np.array([example.name for example in examples])
    weight = np.array([example.weight for example in examples]) * np.where(named >= 0, NAME_WEIGHT, 1.0)
    target = np.zeros(matrix.shape[0])
    target[(starts + named)[named >= 0]] = weight[named >= 0]
    transposed = matrix.T.tocsr()

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = matrix @ values
        highest = np.maximum(np.maximum.reduceat(scores, starts), 0)
        odds = np.exp(scores - highest[group])
        total = np.add.reduceat(odds, starts) + np.exp(-highest)
        lost = (weight * (highest + np.log(total))).sum() - (target * scores).sum()
        slope = transposed @ (odds / total[group] * weight[group] - target)
        return float(lost + PENALTY / 2 * values @ values), slope + PENALTY * values

    found: NDArray[np.float64] = minimize(
        loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 100}
    ).x
    return found


def evaluate(language: str) -> None:
    texts = [*texts_of_calls(language), *texts_of_sentences(language)]
    sources = sorted({text.source for text in texts})
    random.Random(0).shuffle(sources)
    fold_of = {source: number % FOLDS for number, source in enumerate(sources)}
    models = [learn([t for t in texts if fold_of[t.source] != fold], language) for fold in range(FOLDS)]
    calls = [only_names(call) for call in learned_from(language)]
    unseen = read_marked(ROOT / "tests" / "data" / "pii_unseen_open.tsv")
    for limit in (-0.7, 0.0, 0.7, 1.5, 2.5):
        for rules in (False, True):
            counts: dict[str, NDArray[np.int64]] = defaultdict(lambda: np.zeros(4, dtype=np.int64))
            for fold, weights in enumerate(models):
                with (
                    patch.object(name_model, "_weights", lambda w=weights: {"ko": w, "en": w}),
                    patch.dict(name_model.LIMIT, {language: limit}),
                    patch.object(names, "RULES", names.RULES if rules else ()),
                ):
                    results = {
                        "calls": score_redaction(call for call in calls if fold_of[call["id"]] == fold),
                        "unseen": score(
                            each
                            for number, each in enumerate(unseen)
                            if fold_of.get(f"pii_unseen_open.tsv {number}") == fold
                        ),
                    }
                for name, each in results.items():
                    counts[name] += [each.found, each.marked, each.right, each.redacted]
            shares = {
                name: f"recall {found / marked:.3f} precision {right / max(1, redacted):.3f}"
                for name, (found, marked, right, redacted) in counts.items()
            }
            print(language, "limit", limit, "with rules" if rules else "alone", shares, flush=True)


def only_names(call: dict[str, Any]) -> dict[str, Any]:
    """Everything but names may be found, and need not."""
    rest = [item for item in call["pii"] if item["kind"] != PiiKind.NAME]
    named = [item for item in call["pii"] if item["kind"] == PiiKind.NAME]
    return call | {"pii": named, "pii_optional": call["pii_optional"] + rest}


def main(arguments: Sequence[str]) -> None:
    if "evaluate" in arguments:
        for language in [each for each in LANGUAGES if each in arguments] or LANGUAGES:
            evaluate(language)
        return
    weights = {
        language: learn([*texts_of_calls(language), *texts_of_sentences(language)], language)
        for language in LANGUAGES
    }
    document = {
        "licence": "Apache-2.0",
        "trained_on": "evaluation/dialogues, splits fit and choose, turns_pii_*.jsonl; "
        f"{', '.join(SENTENCES)} of tests/data",
        "weights": weights,
    }
    (TARGET / "name_model.json").write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
