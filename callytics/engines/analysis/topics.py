"""The topic of a call: a linear model over the sentence embedding and the words of the turn of the issue, the words of
the whole call and the mean embedding of its turns, and the cues of topics.tsv; and what the call reader found.
evaluation/meaning/train_topics.py fitted topics.json.

The embeddings are what tells a topic in words that no list has: "the second filter this month" is no cue of anything.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from importlib import resources
from typing import Any

import numpy as np

from callytics.domain import Claim, Role
from callytics.engines.analysis.encoder import Encode, Remembering, Vector
from callytics.engines.analysis.features import Features, Seen, kind_of
from callytics.engines.analysis.signals import plain

WRONG_NUMBER = "wrong_number"
EMBEDDING_WEIGHT, ISSUE_WEIGHT, REST_WEIGHT = 3.0, 4.0, 1.0
"""Lengths of the vectors: an embedding of the issue or of the call, the words of the issue, and those of the rest."""

READER_WEIGHT = 2.0
"""Weight of the call reader's scores beside those of the linear model and the cues. On calls that neither had learned
from, 1.5 to 2.5 are equal (docs/adr/0043)."""

CONTEXT_TURNS, CONTEXT_WORDS = 12, 3
"""Which turns the mean embedding is of: the first ones with so many words."""

WHOLE_CONTEXT = 6
"""Turns from which the mean has its whole length: of two turns it says little that the issue does not."""

AGENT_SHARE = 0.5
"""A word that only the agent says, beside 1 for a word of the customer."""

CUE_OF_ISSUE, CUE_ELSEWHERE = 2.25, 0.45
"""What a cue of topics.tsv adds to its topic. The cues were written on fit and choose; the numbers were chosen by the
likelihood of the calls that were written after them: the more texts the model learns from, the higher its scores."""

MOST_FROM_OTHERS = 2.5
"""All cues outside the turn of the issue count at most this: a word that is said often is no topic yet."""

CANDIDATES, EVENNESS = 6, 0.5
"""The likeliest turns of the issue are all read, each by its probability to this power: where the issue is doubtful, as
in a recording that lacks its start, no single turn decides. Chosen on `choose`."""

SMALLEST_SHARE = 0.05
"""Candidates with less of the share of the likeliest one are not read. In cross-validation the topic is right as often
(docs/adr/0018), and a call that states its issue clearly takes a third less of the second encoder."""

STEM = 5
_WORD = re.compile(r"[a-z]{5,}")
_MOODS = frozenset({"complaint", "protest", "refusal", "outbound", "survey_end"})


class Topics:
    """Safe to call from several threads; deterministic.

    Args:
        document: what evaluation/meaning/train_topics.py fitted; topics.json by default.
        reader_weight: weight of the call reader's scores.
    """

    def __init__(
        self, document: Mapping[str, Any] | None = None, reader_weight: float = READER_WEIGHT
    ) -> None:
        self._reader_weight = reader_weight
        folder = resources.files("callytics.engines.analysis")
        table = folder.joinpath("topics.tsv").read_text(encoding="utf-8")
        rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
        self._cues = [
            (topic, language, float(weight), re.compile(pattern)) for topic, language, weight, pattern in rows
        ]
        document = document or json.loads(folder.joinpath("topics.json").read_text(encoding="utf-8"))
        self.revision = str(document["revision"])
        self._labels: Sequence[str] = document["labels"]
        self._row: Mapping[str, int] = {name: row for row, name in enumerate(document["features"])}
        self._weights: Vector = np.array(document["weights"], dtype=np.float64)  # (features, labels)
        self._of_embedding: Vector = np.array(document["embedding"], dtype=np.float64)  # (512, labels)
        self._of_context: Vector = np.array(document["context"], dtype=np.float64)  # (512, labels)

    def __call__(
        self,
        call: Sequence[Seen],
        chances: Sequence[float],
        encode: Remembering,
        read: Mapping[str, float] | None = None,
    ) -> Claim:
        """The most probable topic, with the turns that name it, else the likeliest turn of the issue.

        Args:
            call: at least one turn.
            chances: probability of every turn to state the issue.
            encode: the Universal Sentence Encoder of this call, which the rankers used before.
            read: the scores of the call reader, by topic; None leaves the others alone.
        """
        if kind_of(call) == "wrong":
            said = [seen.turn.id for seen in call if seen.signs & {"wrong_number", "elsewhere"}]
            return Claim(WRONG_NUMBER, tuple(said))
        ranked = sorted(range(len(call)), key=lambda index: (-chances[index], index))[:CANDIDATES]
        least = SMALLEST_SHARE * chances[ranked[0]] ** EVENNESS
        likely = [index for index in ranked if chances[index] ** EVENNESS >= least]
        learned = self._learned(call, likely, encode)
        cues = self._cues_of(call)
        shares = [chances[index] ** EVENNESS for index in likely]
        totals: dict[str, float] = defaultdict(float)
        for index, share, scores in zip(likely, shares, learned, strict=True):
            with_cues = _with_cues(scores, cues, index, call)
            for topic in self._labels:
                totals[topic] += share / sum(shares) * with_cues[topic]
        for topic, score in (read or {}).items():
            totals[topic] += self._reader_weight * score
        topic = max(self._labels, key=lambda label: totals[label])
        mentions = [call[index].turn.id for index, found in enumerate(cues) if topic in found]
        return Claim(topic, tuple(mentions or [call[likely[0]].turn.id]))

    def _learned(
        self, call: Sequence[Seen], likely: Sequence[int], encode: Remembering
    ) -> list[dict[str, float]]:
        """Per candidate, the score of every topic."""
        words = [words_of(seen) for seen in call]
        said = most_said(call, words)
        stated = [call[index].turn.content for index in likely]
        encode([*stated, *context_texts(call)])  # all at once: quicker than one by one
        embeddings = EMBEDDING_WEIGHT * encode(stated)
        of_call = EMBEDDING_WEIGHT * context(call, encode) @ self._of_context
        found = []
        for index, embedding in zip(likely, embeddings, strict=True):
            named = topic_features(call, index, words, said)
            known = [(self._row[name], value) for name, value in named.items() if name in self._row]
            rows, values = [row for row, _ in known], np.array([value for _, value in known])
            totals = values @ self._weights[rows] + embedding @ self._of_embedding + of_call
            found.append(dict(zip(self._labels, totals.tolist(), strict=True)))
        return found

    def _cues_of(self, call: Sequence[Seen]) -> list[dict[str, float]]:
        """Per turn, the weight of every topic that it has a cue of."""
        found = []
        for seen in call:
            text = plain(seen.turn.content, seen.language)
            rows = (cue for cue in self._cues if cue[1] == seen.language and cue[3].search(text))
            found.append({topic: weight for topic, _, weight, _ in rows})
        return found


def context(call: Sequence[Seen], encode: Encode) -> Vector:
    """Shape (dimensions,): the mean embedding of the call's turns, of length 1; shorter for few turns, zero for one."""
    texts = context_texts(call)
    mean: Vector = encode(texts or [""]).mean(axis=0)
    length = max(0.0, min(1.0, (len(texts) - 1) / (WHOLE_CONTEXT - 1)))
    return length * mean / (np.linalg.norm(mean) or 1.0)


def context_texts(call: Sequence[Seen]) -> list[str]:
    return [seen.turn.content for seen in call if seen.length >= CONTEXT_WORDS][:CONTEXT_TURNS]


def _with_cues(
    scores: Mapping[str, float], cues: Sequence[Mapping[str, float]], stated: int, call: Sequence[Seen]
) -> dict[str, float]:
    """The scores, and what the cues in the turn of the issue and elsewhere add."""
    others: dict[str, float] = defaultdict(float)
    for index, found in enumerate(cues):
        place = AGENT_SHARE if call[index].role is Role.AGENT else 1.0
        if index != stated:
            for topic, weight in found.items():
                others[topic] = min(MOST_FROM_OTHERS * weight, others[topic] + weight * place)
    return {
        topic: score + CUE_OF_ISSUE * cues[stated].get(topic, 0.0) + CUE_ELSEWHERE * others[topic]
        for topic, score in scores.items()
    }


def most_said(call: Sequence[Seen], words: Sequence[Set[str]]) -> Features:
    """The words of the call: 1 for what a customer says, AGENT_SHARE for what only the agent does."""
    said: Features = {}
    for seen, of_turn in zip(call, words, strict=True):
        share = _share(seen)
        for name in of_turn:
            if share > said.get(name, 0.0):
                said[name] = share
    return said


def _share(seen: Seen) -> float:
    return AGENT_SHARE if seen.role is Role.AGENT else 1.0


def topic_features(
    call: Sequence[Seen],
    stated: int,
    words: Sequence[Set[str]] | None = None,
    said: Features | None = None,
) -> Features:
    """Words of the turn of the issue and of the rest, who states it, and what kind of call it is.

    Args:
        call: at least one turn.
        stated: place of the turn of the issue.
        words: words_of every turn, if they are at hand.
        said: most_said of the call, if it is at hand.
    """
    words = words or [words_of(each) for each in call]
    rest = dict(most_said(call, words) if said is None else said)
    seen = call[stated]
    found: Features = {"bias": 1.0, f"who:{seen.letter}": 1.0, f"kind:{kind_of(call)}": 1.0}
    found |= {f"s:{sign}": 0.3 for sign in seen.signs}
    for other in call:
        for sign in other.signs & _MOODS:
            key = f"c:{other.letter}:{sign}"
            found[key] = min(1.0, found.get(key, 0.0) + 0.25)
    for name in words[stated]:
        others = (_share(call[i]) for i, of_turn in enumerate(words) if i != stated and name in of_turn)
        rest[name] = max(others, default=0.0)
    stated_words = dict.fromkeys(words[stated], 1.0)
    for vector, length in ((stated_words, ISSUE_WEIGHT), (rest, REST_WEIGHT)):
        norm = math.sqrt(sum(value * value for value in vector.values())) or 1.0
        for name, value in vector.items():
            if value:
                found[name] = found.get(name, 0.0) + length * value / norm
    return found


def words_of(seen: Seen) -> set[str]:
    """The runs of words or syllables of a turn, and the beginnings of longer English words."""
    names = {f"{seen.language}:{gram}" for gram in seen.grams if gram[0] != "$"}
    if seen.language == "en":
        names |= {f"en:{word[:STEM]}~" for word in _WORD.findall(plain(seen.turn.content, "en"))}
    return names
