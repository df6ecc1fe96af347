"""Finds sentiment words in a text, with negation, and sums their valence.

Korean: lexicon_ko.tsv, stems written for this project; negation by "안", "못", "-지 않다", "-지 못하다" and
"-(으)ㄴ 게 아니다". English: the lexicon of VADER (Hutto & Gilbert 2014, ICWSM; MIT licence), and its rules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

_NEGATED_BEFORE = re.compile(r"(?:^|[^가-힣]|[가-힣]{2})(?:안|못)$")
_NEGATED_AFTER = re.compile(
    r"^[가-힣]{0,2}?지(?:는|도|가|를)?(?:않|못|마|말)|^[가-힣]{0,2}?(?:게|것은|건|것도)아니"
)
_ENGLISH_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|hardly|without|\w+n't|cannot)\b(?: +[\w']+){0,2} *$",
    re.IGNORECASE,
)
_ENGLISH_DISOWNED = re.compile(r"(?:\bnot|n't|n’t) +(?:my|our|your) +$", re.IGNORECASE)
"""Before a noun: "that's not my problem" says whose the problem is, not that there is none."""
_THANKS_FOR_NOTHING = re.compile(r"^ *(?:you +)?for +nothing\b", re.IGNORECASE)
_ENGLISH_WORD = re.compile(r"[a-z][a-z'-]+", re.IGNORECASE)

MIN_ENGLISH_VALENCE = 1.0
"""On VADER's scale of -4..4: weaker words ("please", "interest") say little as terms of a result."""

_NOT_TERMS_TEXT = """
yes no please help helping like likes agree agreed ok okay sure solve solves solved want wanted fine care join play
matter matters strong pay credit share shares chance dear hand number
"""
_PLAIN = frozenset(("yeah", "well", "support", "supports", "supported", "supporting", "ill", "po", "god"))
"""Words of VADER that say nothing of a mood in a call: neither a term nor part of a valence."""

_NOT_TERMS = frozenset(_NOT_TERMS_TEXT.split()) | _PLAIN
"""Words of VADER that are answers, formulas or plain nouns in a call: not reported as terms."""

_ENGLISH_NAME = re.compile(
    r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)* (?:Insurance|Assurance|Mutual|Life|Bank|Trust|Union|Energy|Mobile|Telecom|Wireless"
    r"|Health|Care|Home|Homes|Buy|Plan|Plus|Package|Airlines?|Hotels?|Inn|Market|Motors|Cards?)\b"
)
_KOREAN_NAME_AFTER = re.compile(
    r"(?:보험|생명|화재|손보|카드|은행|저축|캐피탈|통신|텔레콤|모바일|택배|마켓|쇼핑|투어|항공|요금제|적금|플랜)"
)
"""After a bare noun ("친절보험", "행복카드"): the word is part of the name of a firm or product."""

NORMALISATION = 4.0
"""valence / sqrt(valence^2 + 4) limits a sum to -1..1, as in VADER (which uses 15, for a scale twice as wide)."""


@dataclass(frozen=True)
class Term:
    """``valence`` after negation: positive or negative."""

    lemma: str
    valence: float


class Lexicon:
    """Safe to call from several threads."""

    def __init__(self) -> None:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._vader: Any = SentimentIntensityAnalyzer()
        for word in _PLAIN:
            self._vader.lexicon.pop(word, None)
        table = resources.files("callytics.engines.sentiment").joinpath("lexicon_ko.tsv")
        rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
        self._korean = [(lemma, float(valence), re.compile(pattern)) for lemma, valence, pattern in rows]

    def terms(self, sentence: str, language: str) -> list[Term]:
        """The sentiment words of a sentence, in the order of the lexicon; none for languages without a lexicon."""
        if language == "ko":
            return self._korean_terms(sentence)
        return self._english_terms(sentence) if language == "en" else []

    def valence(self, sentence: str, language: str) -> float:
        """-1 (negative) to 1 (positive); 0 without a sentiment word."""
        if language == "en":
            return float(self._vader.polarity_scores(_ENGLISH_NAME.sub(" ", sentence))["compound"])
        return squeeze(self.terms(sentence, language))

    def _korean_terms(self, sentence: str) -> list[Term]:
        text = re.sub(r"[^\w]+", "", sentence)
        found = []
        for lemma, valence, pattern in self._korean:
            for match in pattern.finditer(text):
                # "안 좋은 건 아니에요": two negations cancel each other
                negated = bool(_NEGATED_BEFORE.search(text[: match.start()])) != bool(
                    _NEGATED_AFTER.search(text[match.end() :])
                )
                # "불만족", "불친절": the negative word has an entry of its own
                if text[max(0, match.start() - 1) : match.start()] == "불":
                    continue
                if match.group()[-1] not in "은는한운" and _KOREAN_NAME_AFTER.match(text[match.end() :]):
                    continue
                found.append(Term(lemma, -valence if negated else valence))
        return found

    def _english_terms(self, sentence: str) -> list[Term]:
        found = []
        sentence = _ENGLISH_NAME.sub(lambda name: "_" * len(name.group()), sentence)
        for match in _ENGLISH_WORD.finditer(sentence):
            word = match.group().lower()
            valence = float(self._vader.lexicon.get(word, 0.0))
            if abs(valence) < MIN_ENGLISH_VALENCE or word in _NOT_TERMS:
                continue
            if valence < 0 and _ENGLISH_DISOWNED.search(sentence[: match.start()]):
                continue
            negated = bool(_ENGLISH_NEGATION.search(sentence[: match.start()])) or (
                word in ("thanks", "thank") and bool(_THANKS_FOR_NOTHING.match(sentence[match.end() :]))
            )
            found.append(Term(word, -valence if negated else valence))
        return found


def squeeze(terms: Sequence[Term]) -> float:
    total = sum(term.valence for term in terms)
    return total / math.sqrt(total * total + NORMALISATION)
