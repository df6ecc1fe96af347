"""Compiles english_names_world.txt and english_surnames.txt of callytics/redaction from Faker of PyPI (MIT).

    python tools/compile_world_names.py   (in an environment that has Faker 40.63.0)

Given names of the languages in Latin letters, without those of english_names.txt, and family names that are no word.
People of every origin call; the lists count only where a recogniser writes capitals, or as a sign for the name model,
because many of these names are rare words of some language.
"""

from __future__ import annotations

import importlib
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.redaction.english_words import is_common  # noqa: E402

TARGET = ROOT / "callytics" / "redaction"
_LANGUAGES_TEXT = (
    "ca cs da de en es et fi fr ga hr hu id ig is it lt lv nl no pl pt ro sk sl sv tr tw vi yo zu"
)
LANGUAGES = frozenset(_LANGUAGES_TEXT.split())

NOT_DECOMPOSED = str.maketrans(
    {
        "ð": "d",
        "đ": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "ß": "ss",
        "ı": "i",
        "ħ": "h",
        "ŋ": "ng",
    }
)
"""Letters that Unicode does not take apart into a letter of ASCII and an accent -> how they are written without."""


def main() -> None:
    import faker.providers.person as person

    folder = Path(person.__file__).parent
    known = set((TARGET / "english_names.txt").read_text(encoding="utf-8").split())
    found: set[str] = set()
    families: set[str] = set()
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name.split("_")[0] in LANGUAGES:
            provider = importlib.import_module(f"faker.providers.person.{path.name}").Provider
            for attribute in dir(provider):
                listed = getattr(provider, attribute)
                if attribute.startswith("first_names") and isinstance(listed, tuple | list | dict):
                    found |= {part for name in listed if isinstance(name, str) for part in _parts(name)}
                if attribute.startswith("last_names") and isinstance(listed, tuple | list | dict):
                    families |= {part for name in listed if isinstance(name, str) for part in _parts(name)}
    names = sorted(name for name in found - known if not is_common(name))
    (TARGET / "english_names_world.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    surnames = sorted(name for name in families - known - set(names) if not is_common(name))
    (TARGET / "english_surnames.txt").write_text("\n".join(surnames) + "\n", encoding="utf-8")
    print(len(names), len(surnames))


def _parts(name: str) -> Iterable[str]:
    """Without accents, in lower case; names of at least three letters."""
    spelled = name.lower().translate(NOT_DECOMPOSED)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return [part for part in re.split(r"[\s'-]+", plain) if re.fullmatch(r"[a-z]{3,}", part)]


if __name__ == "__main__":
    main()
