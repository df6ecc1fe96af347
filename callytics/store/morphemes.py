"""The words of Korean without particles and endings, for full-text search.

Morphological analysis by Kiwi (https://github.com/bab2min/Kiwi, LGPL-3.0; Lee 2024): "보냈는데" and "보내 드릴게요"
are both 보내다, "휴일을" and "휴일이" both 휴일.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

READINGS = 3
"""A single word is often ambiguous (들어요: 들다, 듣다); a query is searched in its likeliest readings."""

SCORE_MARGIN = 4.0
"""As natural logarithm: a reading 50 times less likely than the first is ignored (휴일을: 휴 + 일)."""

_HANGUL = re.compile(r"[가-힣]")

_VERBS = ("VV", "VA", "XR")
_CONTENT = ("NNG", "NNP", "NNB", "NR", "NP", "MAG", "MM", "SL", "SN", "SH", "XPN", "XSN", *_VERBS)
"""Tags of the Sejong set that carry meaning; particles (J*), endings (E*), copula (VCP), auxiliary verbs (VX) and
the 하다 of 신청하다 (XSV, XSA) do not."""

_POLITE = frozenset({"님", "들"})
"""Suffixes without meaning for a search: 고객님들 is found by 고객."""

_AFTER_NAMES = "씨"
"""A query for 김민지씨 also finds 김민지 상담사님; in the index it stays, for phrases that have it."""

_SAME_FORMS = {"듣다": "들다", "걷다": "걸다", "묻다": "물다", "싣다": "실다"}
"""Verbs in ㄷ that look like verbs in ㄹ before a vowel (들었어요); a single word does not show which is meant."""

_TWINS = {**_SAME_FORMS, **{other: verb for verb, other in _SAME_FORMS.items()}}


def lemmas(text: str) -> tuple[str, ...]:
    """Content words in order; verbs and adjectives end in 다. Empty without Hangul."""
    if not _HANGUL.search(text):
        return ()
    return _lemmas(_kiwi().tokenize(text))


def readings(text: str) -> list[tuple[str, ...]]:
    """The same for a word of a query, in each of its likeliest readings that has a content word."""
    if not _HANGUL.search(text):
        return []
    analyses = _kiwi().analyze(text, top_n=READINGS)
    found = [_lemmas(tokens) for tokens, score in analyses if analyses[0][1] - score <= SCORE_MARGIN]
    found += [tuple(_TWINS.get(word, word) for word in words) for words in found]
    found += [tuple(word for word in words if word != _AFTER_NAMES) for words in found]
    return [words for words in dict.fromkeys(found) if words]


def _lemmas(tokens: Any) -> tuple[str, ...]:
    words = []
    for token in tokens:
        tag = token.tag.partition("-")[0]
        if tag in _CONTENT and not (tag == "XSN" and token.form in _POLITE):
            words.append(token.form.casefold() + "다" * (tag in _VERBS))
    return tuple(words)


@cache
def _kiwi() -> Any:
    """Needs half a second and 300 MB, once per process that stores or searches Korean. The dictionaries of typing
    errors and of multi-word names would need 180 MB more; speech has neither."""
    import kiwipiepy

    return kiwipiepy.Kiwi(num_workers=1, load_multi_dict=False, load_typo_dict=False)
