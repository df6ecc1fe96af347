"""Compiles korean_nouns.txt and korean_syllables.json of callytics/redaction from the dictionary of mecab-ko-dic.

    python tools/compile_korean_morphemes.py FOLDER

FOLDER has the unpacked package python-mecab-ko-dic 2.1.1.post2 of PyPI (mecab-ko-dic is licensed under Apache-2.0). Its
binary dictionary holds the part of speech, a class of meaning and the reading of each entry, which is all that is read.
"""

from __future__ import annotations

import json
import math
import re
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from callytics.redaction.korean_names import SURNAMES
from callytics.redaction.korean_words import words

TARGET = Path(__file__).parents[1] / "callytics" / "redaction"
HEADER_BYTES = 72
NOUNS = ("NNG", "MAG", "NR", "IC", "MM")
VERBS = ("VV", "VA", "VX", "XSV", "XSA")
MIN_COUNT = 12
"""A pair of syllables that fewer foreign names have tells nothing."""


def main(folder: Path) -> None:
    entries = read_entries((folder / "mecab_ko_dic" / "dictionary" / "sys.dic").read_bytes())
    nouns = {w for (tag, _), found in entries.items() if tag in NOUNS for w in found}
    verbs = {w for (tag, _), found in entries.items() if tag.startswith(VERBS) for w in found}
    kept = {w for w in nouns if re.fullmatch(rf"[가-힣]{{2}}|[{SURNAMES}][가-힣]{{2}}", w)}
    kept |= {w for w in verbs if re.fullmatch(r"[가-힣]{2,3}", w)}
    listed = sorted(kept - words())
    (TARGET / "korean_nouns.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    odds = syllables(entries[("NNP", "인명")], {w for w in nouns if re.fullmatch("[가-힣]{2,5}", w)})
    text = json.dumps(odds, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (TARGET / "korean_syllables.json").write_text(text + "\n", encoding="utf-8")
    print(len(listed), {name: len(table) for name, table in odds.items()})


def read_entries(data: bytes) -> dict[tuple[str, str], set[str]]:
    """Readings by part of speech and class of meaning. The features lie behind the double array and the tokens."""
    array_bytes, token_bytes, feature_bytes = struct.unpack("<10I", data[:40])[6:9]
    start = HEADER_BYTES + array_bytes + token_bytes
    entries: dict[tuple[str, str], set[str]] = defaultdict(set)
    for feature in data[start : start + feature_bytes].split(b"\0"):
        fields = feature.decode("utf-8", "replace").split(",")
        if len(fields) > 3:
            entries[fields[0], fields[1]].add(fields[3])
    return entries


def syllables(people: Iterable[str], nouns: Iterable[str]) -> dict[str, dict[str, float]]:
    """Logarithms of odds, name against noun: of the two syllables of a given name, and of pairs in a foreign one."""
    given = [name[1:] for name in people if re.fullmatch(rf"[{SURNAMES}][가-힣]{{2}}", name)]
    foreign = [name for name in people if re.fullmatch(r"[가-힣]{5,}", name)]
    two = [noun for noun in nouns if len(noun) == 2]
    return {
        "first": _odds(Counter(name[0] for name in given), Counter(noun[0] for noun in two), 1),
        "second": _odds(Counter(name[1] for name in given), Counter(noun[1] for noun in two), 1),
        "pair": _odds(
            Counter(map("".join, _pairs(foreign))), Counter(map("".join, _pairs(nouns))), MIN_COUNT
        ),
    }


def _pairs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    return (pair for text in texts for pair in pairwise(text))


def _odds(names: Counter[str], nouns: Counter[str], least: int) -> dict[str, float]:
    kinds = len(names.keys() | nouns.keys())
    all_names, all_nouns = names.total() + kinds, nouns.total() + kinds
    return {
        each: round(math.log((names[each] + 1) / all_names * all_nouns / (nouns[each] + 1)), 1)
        for each in sorted(names.keys() | nouns.keys())
        if names[each] + nouns[each] >= least
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
