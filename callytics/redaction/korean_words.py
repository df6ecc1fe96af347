"""Korean words and given names: what a candidate for a name is compared with.

``korean_words.txt``: nouns, places, firms and adverbs of open-korean-text (Apache-2.0).
``korean_nouns.txt``: rarer nouns, adverbs and forms of verbs of mecab-ko-dic (Apache-2.0),
    which could be taken for a name.
``korean_syllables.json``: how much more often syllables stand in names than in nouns, counted in mecab-ko-dic.
``korean_given_names.txt``: given names of open-korean-text and of Faker (MIT), see tools/compile_korean_words.py.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent
MAX_STEP = 4
_NOUN_SUFFIXES = frozenset("자원사인실권증비료금장님분들용형식중국도시군구동역점집날때일월기")
_PARTICLES = frozenset("이가은는을를도만로의에와과랑")


@cache
def words() -> frozenset[str]:
    return frozenset((_FOLDER / "korean_words.txt").read_text(encoding="utf-8").split())


@cache
def given_names() -> frozenset[str]:
    return frozenset((_FOLDER / "korean_given_names.txt").read_text(encoding="utf-8").split())


@cache
def rare_words() -> frozenset[str]:
    """Nouns and forms of verbs beside ``words``; some are given names as well."""
    return frozenset((_FOLDER / "korean_nouns.txt").read_text(encoding="utf-8").split())


@cache
def _odds() -> dict[str, dict[str, float]]:
    tables: dict[str, dict[str, float]] = json.loads(
        (_FOLDER / "korean_syllables.json").read_text(encoding="utf-8")
    )
    return tables


@lru_cache(20_000)
def likeness(name: str) -> tuple[int, int]:
    """How much the last two syllables look like a Korean given name, and all of them like a foreign name: logarithms of
    odds against nouns, in whole steps."""
    if len(name) < 2:
        return 0, 0
    odds = _odds()
    given = odds["first"].get(name[-2], 0.0) + odds["second"].get(name[-1], 0.0)
    pairs = [odds["pair"].get(name[at : at + 2], 0.0) for at in range(len(name) - 1)]
    return _step(given), _step(sum(pairs) / len(pairs))


def _step(value: float) -> int:
    return max(-MAX_STEP, min(MAX_STEP, round(value)))


@cache
def is_word(text: str) -> bool:
    """Whether ``text`` is a word of the language: listed, of two listed words, or one with a suffix or a particle."""
    listed = words()
    if text in listed:
        return True
    if len(text) > 2 and text[:-1] in listed and text[-1] in _NOUN_SUFFIXES | _PARTICLES:
        return True
    return any(text[:at] in listed and text[at:] in listed for at in range(2, len(text) - 1))
