"""Are the words of a quote in its turn? Character by character, after Unicode NFC and with white space collapsed."""

from __future__ import annotations

import unicodedata


def normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_verbatim(quote: str, said: str) -> bool:
    """Whether ``quote`` is a stretch of ``said`` that neither begins nor ends inside a word.

    "paid" is no quote of "unpaid". A Korean quote may leave the particles of its last word out: "환불" of "환불은".
    """
    words, text = normal(quote), normal(said)
    if not any(character.isalnum() for character in words):
        return False
    position = text.find(words)
    while position >= 0:
        before = text[position - 1 : position]
        after = text[position + len(words) : position + len(words) + 1]
        if not _one_word(before, words[0]) and not (_one_word(words[-1], after) and words[-1].isascii()):
            return True
        position = text.find(words, position + 1)
    return False


def _one_word(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()
