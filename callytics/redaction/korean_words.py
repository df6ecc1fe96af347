"""Korean words and given names: what a candidate for a name is compared with.

``korean_words.txt``: nouns, places, firms and adverbs of open-korean-text (Apache-2.0).
``korean_given_names.txt``: given names of open-korean-text and of Faker (MIT), see tools/compile_korean_words.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_NOUN_SUFFIXES = frozenset("자원사인실권증비료금장님분들용형식중국도시군구동역점집날때일월기")
_PARTICLES = frozenset("이가은는을를도만로의에와과랑")


@cache
def words() -> frozenset[str]:
    return frozenset((_FOLDER / "korean_words.txt").read_text(encoding="utf-8").split())


@cache
def given_names() -> frozenset[str]:
    return frozenset((_FOLDER / "korean_given_names.txt").read_text(encoding="utf-8").split())


@cache
def is_word(text: str) -> bool:
    """Whether ``text`` is a word of the language: listed, of two listed words, or one with a suffix or a particle."""
    listed = words()
    if text in listed:
        return True
    if len(text) > 2 and text[:-1] in listed and text[-1] in _NOUN_SUFFIXES | _PARTICLES:
        return True
    return any(text[:at] in listed and text[at:] in listed for at in range(2, len(text) - 1))
