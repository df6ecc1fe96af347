"""Rows of single digits: telephone numbers, codes."""

from __future__ import annotations

from collections.abc import Sequence

from callytics.written_forms.english_numbers import DIGIT_WORDS, NUMBER_WORDS, REPEATS
from callytics.written_forms.english_words import Made, Word, word_after


def digits_in_a_row(text: str, words: Sequence[Word], index: int) -> Made | None:
    """Single digits in a row: "double five oh one" -> 5501; groups with commas or "dash" between: with hyphens."""
    groups: list[str] = [""]
    place = index
    end = index
    while place < len(words):
        word = words[place].text
        gap = text[words[place - 1].end : words[place].start] if place > index else " "
        if place > index and gap not in (" ", "-", ", ") and not gap.isspace():
            break
        if word in ("dash", "hyphen") and groups[-1]:
            groups.append("")
            place += 1
            continue
        if gap == ", " and place > index:
            if len(groups[-1]) < 2:
                break
            groups.append("")
        repeat = REPEATS.get(word, 0)
        if repeat:
            follows = word_after(text, words, place + 1)
            if follows not in DIGIT_WORDS:
                break
            groups[-1] += DIGIT_WORDS[follows] * repeat
            place += 2
        elif word in DIGIT_WORDS:
            groups[-1] += DIGIT_WORDS[word]
            place += 1
        else:
            break
        end = place
    groups = [group for group in groups if group]
    digits = "".join(groups)
    if "," in text[words[index].start : words[max(index, end - 1)].end] and (
        len(digits) < 7 or min(map(len, groups)) < 2
    ):
        return None
    if len(digits) < 3 or end == index or words[index].text in ("o",):
        return None
    if word_after(text, words, end) in NUMBER_WORDS and words[end - 1].text not in REPEATS:
        return None  # "three oh eight seventy"
    return _grouped(groups, digits), end - index


def _grouped(groups: Sequence[str], digits: str) -> str:
    """North American numbers as 815-555-0190; others as they were grouped."""
    if len(groups) == 1 and len(digits) == 10 and digits[0] not in "01":
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    return "-".join(groups)
