"""Compiles korean_words.txt and korean_given_names.txt of callytics/redaction.

    python tools/compile_korean_words.py FOLDER

FOLDER has the jar of open-korean-text 2.1.2 (Apache-2.0), unpacked, which the package OpenKoreanText 0.2.6 of PyPI
brings, and
faker/providers/person/ko_KR/__init__.py of Faker 40.63.0 (MIT). Words: nouns, places, firms and adverbs of two to six
syllables; none of the lists of people and none of the titles of Wikipedia, which have another licence. Given names: of
both, two syllables.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "callytics" / "redaction"
_LISTS_TEXT = (
    "noun/nouns noun/foreign noun/geolocations noun/company_names noun/brand noun/fashion "
    "adverb/adverb auxiliary/exclamation auxiliary/conjunctions"
)
_WORD = re.compile(r"[가-힣]{2,6}")


def main(folder: Path) -> None:
    words: set[str] = set()
    for name in _LISTS_TEXT.split():
        (path,) = folder.rglob(f"util/{name}.txt")
        words |= {word for word in path.read_text(encoding="utf-8").split() if _WORD.fullmatch(word)}
    _write("korean_words.txt", words)
    (listed,) = folder.rglob("util/substantives/given_names.txt")
    (faker,) = folder.rglob("person/ko_KR/__init__.py")
    texts = listed.read_text(encoding="utf-8").split() + re.findall(
        r'"(.*?)"', faker.read_text(encoding="utf-8")
    )
    _write("korean_given_names.txt", {text for text in texts if re.fullmatch(r"[가-힣]{2}", text)})


def _write(name: str, words: set[str]) -> None:
    (TARGET / name).write_text("\n".join(sorted(words)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
