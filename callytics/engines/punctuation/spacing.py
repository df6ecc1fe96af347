"""Corrects the spacing of recognised Korean words, only where grammar makes the correction certain.

The spacing of recognised Korean is mostly correct; a speller that rewrites everything does more harm ("그럼 요",
"500 만"). So a space is added only between a particle or ending and a new independent word, and removed only
before forms that cannot stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from callytics.engines.punctuation.questions import Morpheme

_CLOSES_WORD = frozenset({"JKS", "JKO", "JKB", "JKG", "JX", "ETM", "EF", "MAJ"})
_OPENS_WORD = frozenset({"NNG", "NNP", "NP", "VV", "VA", "MAG", "MAJ"})
_CONNECTIVES = frozenset({"는데", "으니까", "니까", "으면", "면", "지만", "어서", "아서", "려고", "으려고"})
_BOUND_NOUNS = frozenset({"수", "것", "거", "때", "줄", "적", "때문", "동안", "만큼", "중"})
_MIN_SYLLABLES = 2

_BOUND_FORMS = re.compile(
    r"(습니다|습니까|니다|니까|입니다|입니까|을|를|에서|에게|한테|으로|께서|까지|부터|은|님|님이|님은|님의|이에요|예요"
    r"|는데요|거든요|네요|세요|으세요|어요|아요|지요|죠|요|었습니다|았습니다|겠습니다|시겠습니까)"
)
"""Particles and endings that are not words, without those that look like a word ("이", "가", "도", "만",
"는")."""


def spaced(word: str, tokens: Sequence[tuple[int, Morpheme]]) -> str:
    """A word with its missing spaces: "환불은언제" -> "환불은 언제", "할수있어요" -> "할 수 있어요".

    Args:
        tokens: (start, morpheme) of the word, analysed alone; ``start`` in characters.
    """
    cuts: list[int] = []
    previous_cut = 0
    for (_, left), (start, right) in pairwise(tokens):
        if start - previous_cut < 1 or not (
            _is_hangul(word[start - 1]) and _is_hangul(word[start : start + 1])
        ):
            continue
        after_bound_noun = (
            left.tag == "NNB" and left.form in _BOUND_NOUNS and bool(cuts) and right.tag in ("VA", "VV")
        )
        before_bound_noun = left.tag == "ETM" and right.tag == "NNB" and right.form in _BOUND_NOUNS
        closes = left.tag in _CLOSES_WORD or (left.tag == "EC" and left.form in _CONNECTIVES)
        long_enough = start - previous_cut >= _MIN_SYLLABLES and len(word) - start >= _MIN_SYLLABLES
        if after_bound_noun or before_bound_noun or (closes and right.tag in _OPENS_WORD and long_enough):
            cuts.append(start)
            previous_cut = start
    if not cuts:
        return word
    return " ".join(word[a:b] for a, b in zip([0, *cuts], [*cuts, len(word)], strict=True))


def join_bound_forms(words: Sequence[str], morphemes: Sequence[Sequence[Morpheme]]) -> str:
    """Words as one text; a form that cannot stand alone is joined to the previous word: "있 습니다" -> "있습니다"."""
    text = ""
    for index, (word, tokens) in enumerate(zip(words, morphemes, strict=True)):
        bound = (
            index > 0
            and _BOUND_FORMS.fullmatch(word.rstrip(","))
            and _is_hangul(text[-1:])
            and all(m.tag[0] in "EJXV" or m.tag in ("MM", "NNB", "NNG") for m in tokens)
        )
        text += word if bound or not text else f" {word}"
    return text


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣"
