"""Compiles english_dictionary.txt and english_rare_words.txt of callytics/redaction from the word lists of SCOWL.

    python tools/compile_english_dictionary.py american-english british-english-small
    python tools/compile_english_dictionary.py --rare american-english-large british-english-large

The files are those of the Debian packages wamerican and wbritish-small, wamerican-large and wbritish-large (SCOWL by
Kevin Atkinson; the licence lies beside the result). Words that a list of names has as well are left out, and forms that
follow from another word. The rare ones are a sign for the name model and no more: "audiology" is not common.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from callytics.redaction import english_words

FOLDER = Path(__file__).parents[1] / "callytics" / "redaction"
_OF_A_PEOPLE = re.compile(r"[A-Z][a-z]+(?:ian|ean|ese|ish|an|ic)s?")
"""Canadian, Ukrainians: capital words that are no names of people."""
_SUFFIX = re.compile(r"(?:e?s|ing|in|e?d|ly|e?r|est|n|y)\Z")


def main(paths: list[Path], *, rare: bool) -> None:
    listed = {word for path in paths for word in path.read_text(encoding="utf-8").split()}
    words = {word for word in listed if re.fullmatch(r"[a-z]{3,}", word)}
    words |= {word.lower() for word in listed if _OF_A_PEOPLE.fullmatch(word)}
    names = english_words.read("english_names.txt") | english_words.read("english_names_more.txt")
    words -= names | english_words.read("english_names_world.txt") | english_words.read("english_words.txt")
    if rare:
        words -= english_words.read("english_surnames.txt")
        words = {word for word in words if len(word) > 3 and not english_words.is_common(word)}
    kept = sorted(word for word in words if not _follows(word, words))
    target = FOLDER / ("english_rare_words.txt" if rare else "english_dictionary.txt")
    target.write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(target.name, len(kept))


def _follows(word: str, words: set[str]) -> bool:
    """Whether ``english_words.is_common`` finds it by its stem."""
    stem = _SUFFIX.sub("", word)
    stems = {stem, f"{stem}e", stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem}
    return stem != word and len(stem) > 2 and bool(stems & (words | english_words.read("english_words.txt")))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:] if name != "--rare"], rare="--rare" in sys.argv)
