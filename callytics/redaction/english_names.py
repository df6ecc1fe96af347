"""Finds English names of people: by the words around them, and by a list of given names.

Where a recogniser writes capitals, a name is a run of capital words. Where it writes none, a word of a name is one that
is not a word of the language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from callytics.domain import PiiKind
from callytics.redaction.english_contexts import (
    ABOUT,
    ADDRESSED,
    AFTER_CLOSE,
    AFTER_ORIGIN,
    ALSO_VERBS,
    ANSWERED,
    ASKED,
    BEFORE,
    CLAUSE_START,
    DAYS,
    DESK,
    END,
    FILLERS,
    INTRODUCED,
    IS_BEFORE,
    MAX_NAME_WORDS,
    MEETING,
    MIN_LETTERS_ALONE,
    NEVER_BEFORE,
    NO_NAME_ALONE,
    NO_NAMES,
    NUMBER,
    NUMBERED,
    OBJECT_AFTER,
    ORIGIN_IN_LOWER_CASE,
    PARTICLES,
    PERSON_VERB,
    PLACE_BEFORE,
    POSSESSIVE,
    SHORT_ANSWER,
    SHORT_NAMES,
    SPEAKS_TO_YOU,
    STATED_BEFORE,
    SURNAME_ASKED,
    THIS_IS,
    TITLE,
    TITLE_ALONE,
    TWO_PARTNERS,
    WEAK_BEFORE,
    WORD,
)
from callytics.redaction.english_words import (
    FIRM_WORDS,
    NOT_NAMES,
    is_common,
    is_given_name,
    is_name_of_the_world,
    may_be_given_name,
)
from callytics.redaction.span import Span


@dataclass(frozen=True)
class _Word:
    """A word of a text; ``end`` is before a possessive 's."""

    start: int
    end: int
    lower: str
    capital: bool


def english_name_spans(text: str, before: str = "") -> Iterator[Span]:
    """Names in ``text``. ``before`` is the question that it may answer."""
    words = _words(text)
    cased = any(word.capital and word.lower != "i" for word in words)
    surname = SURNAME_ASKED.search(before) is not None
    start_of_answer = FILLERS.match(text).end() if ASKED.search(before) else -1  # type: ignore[union-attr]
    index = 0
    while index < len(words):
        length = _name_length(
            text, words, index, cased=cased, answer=words[index].start == start_of_answer, surname=surname
        )
        if length:
            title = TITLE.search(text[: words[index].start])
            yield Span(
                title.start() if title else words[index].start, words[index + length - 1].end, PiiKind.NAME
            )
        index += max(1, length)


def _words(text: str) -> list[_Word]:
    words = []
    for match in WORD.finditer(text):
        form = POSSESSIVE.sub("", match.group())
        written = match.group()
        lower = written.lower().replace("’", "'")
        if lower not in NO_NAMES:
            lower = form.lower()
        words.append(_Word(match.start(), match.start() + len(form), lower, form[:1].isupper()))
    return words


def _name_length(
    text: str, words: list[_Word], index: int, *, cased: bool, answer: bool, surname: bool = False
) -> int:
    """Number of words of the name that starts here, 0 if none does."""
    word = words[index]
    if len(word.lower) < 3 and not word.capital:
        stated = INTRODUCED.search(text[: word.start]) or AFTER_CLOSE.match(text, word.end)
        return int(bool(stated) and word.lower in SHORT_NAMES)
    if len(word.lower) < 2 or word.lower in NO_NAMES or NUMBER.match(word.lower) or _is_code(text, word):
        return 0
    length = _run(text, words, index, cased=cased)
    left, right = text[: word.start], text[words[index + length - 1].end :]
    if TITLE.search(left) and (
        word.capital
        or not is_common(word.lower)
        or (may_be_given_name(word.lower) and re.match(r"\s*(?:[.,?!]|\Z)", right))
    ):
        return length
    if word.lower in NO_NAME_ALONE:
        return 0
    if TITLE_ALONE.search(left) and word.lower not in ALSO_VERBS:
        return length  # "missus finch": after it a common word is a family name
    if word.lower in DAYS or (
        cased and word.capital and _is_place(_run_of(words, index, length), left, right)
    ):
        return 0
    if cased and not index and length > 1 and _is_opening_of_a_firm(text, words[length - 1].end):
        return 0
    if (NEVER_BEFORE.search(left) and not (left.endswith(" a ") and length > 1)) or _is_firm(
        text, words, index, length
    ):
        return 0
    run = _run_of(words, index, length)
    if cased and word.capital:
        named = _is_name_in_capitals(run, left, right)
    else:
        named = _is_name_in_lower_case(run, left, right, cased=cased)
    possible = not is_common(word.lower) or (
        word.capital
        and (may_be_given_name(word.lower) or length > 1 or (surname and bool(re.match(r"[.,]|\Z", right))))
    )
    if answer and not word.capital and not possible:
        possible = may_be_given_name(word.lower) and SHORT_ANSWER.match(text, word.start) is not None
        length = sum(1 for other in words[index : index + 2]) if possible else length
    return length if named or (answer and possible) else 0


def _is_name_in_capitals(run: list[_Word], left: str, right: str) -> bool:
    word = run[0]
    unknown = not is_common(word.lower)
    close = bool(re.match(r"[.,!?;…]|\Z", right))
    if is_given_name(word.lower) or is_name_of_the_world(word.lower):
        return not (CLAUSE_START.search(left) and OBJECT_AFTER.match(right))
    if right.startswith(" speaking") and CLAUSE_START.search(left) and len(run) == 1:
        return word.lower not in FIRM_WORDS
    if not (unknown or may_be_given_name(word.lower) or len(run) > 1):
        return False
    if BEFORE.search(left):
        return True
    if may_be_given_name(word.lower) and word.lower not in NOT_NAMES and PERSON_VERB.match(right):
        return True
    dated = word.lower in NOT_NAMES and not THIS_IS.search(left)
    if len(run) <= 2 and (
        AFTER_CLOSE.match(right) or (not dated and WEAK_BEFORE.search(left) and END.match(right))
    ):
        return unknown or may_be_given_name(word.lower)
    if IS_BEFORE.search(left) and ABOUT.match(right):
        return True
    if ADDRESSED.search(left) and close and len(run) <= 2:
        return unknown or (may_be_given_name(word.lower) and bool(MEETING.search(left)))
    if not unknown or not close:
        return bool(unknown and CLAUSE_START.search(left) and AFTER_ORIGIN.match(right) and len(run) <= 2)
    if len(run) > 1 and not any(is_common(other.lower) for other in run):
        return bool((CLAUSE_START.search(left) and right[:1] in (".", "")) or not left)
    if left.endswith(", ") and re.match(r"[.!?]\s*\Z", right):
        return bool(SPEAKS_TO_YOU.search(left) or DESK.search(left[-40:]))
    return False


def _is_name_in_lower_case(run: list[_Word], left: str, right: str, *, cased: bool) -> bool:
    word = run[0]
    listed = is_given_name(word.lower)
    unknown = not is_common(word.lower)
    if cased:
        return listed and STATED_BEFORE.search(left) is not None
    if listed and (len(word.lower) >= MIN_LETTERS_ALONE or len(run) > 1):
        return True
    if STATED_BEFORE.search(left):
        return (unknown or may_be_given_name(word.lower)) and len(word.lower) > 2
    if WEAK_BEFORE.search(left) and ORIGIN_IN_LOWER_CASE.match(right):
        return may_be_given_name(word.lower) or (unknown and bool(right.strip() or THIS_IS.search(left)))
    if listed and WEAK_BEFORE.search(left):
        return True
    if may_be_given_name(word.lower) and len(run) > 1 and is_given_name(run[1].lower):
        return True
    if unknown and (
        AFTER_CLOSE.match(right) or (BEFORE.search(left) and (listed or END.match(right) is not None))
    ):
        return True
    if may_be_given_name(word.lower) and re.match(r",? speaking\b", right):
        return True
    return unknown and bool(MEETING.search(left)) and (listed or re.match(r"\s*\Z", right) is not None)


def _run_of(words: list[_Word], index: int, length: int) -> list[_Word]:
    return words[index : index + length]


def _is_place(run: list[_Word], left: str, right: str) -> bool:
    """ "I live in Nelson", "on Ward Seven": one word in capitals after a preposition of place, or before its number."""
    if len(run) > 1:
        return NUMBERED.fullmatch(run[-1].lower) is not None
    return bool(PLACE_BEFORE.search(left)) and not re.match(r"['’]s?\b", right)


def _is_opening_of_a_firm(text: str, end: int) -> bool:
    """ "Alto Hire, corporate billing, Ruairi here": the first words of a call that is answered, up to a comma."""
    return text[end : end + 1] in (",", ".") and ANSWERED.search(text, end) is not None


def _is_code(text: str, word: _Word) -> bool:
    """ "CH-30918": capitals only, which a recogniser writes for codes."""
    return text[word.start : word.end].isupper() and word.end - word.start <= 3


def _run(text: str, words: list[_Word], index: int, *, cased: bool) -> int:
    """Number of words from here that look like parts of one name."""
    length = 1
    while length < MAX_NAME_WORDS and index + length < len(words):
        last, word = words[index + length - 1], words[index + length]
        gap = text[last.end : word.start]
        initial = len(word.lower) == 1 and gap == " " and text[word.end : word.end + 1] == "."
        following = words[index + length + 1] if index + length + 1 < len(words) else None
        particle = cased and word.lower in PARTICLES and following is not None and gap == " "
        if particle and (following.capital or following.lower in PARTICLES):  # type: ignore[union-attr]
            length += 1
            continue
        if gap not in (" ", ". ") or (gap == ". " and len(last.lower) > 1) or word.lower in NO_NAMES:
            break
        if not initial and not (
            word.capital and not _stops(word) if cased else _continues(text, last, word, length)
        ):
            break
        length += 1
    return length


def _continues(text: str, last: _Word, word: _Word, length: int) -> bool:
    """Whether ``word``, in lower case, continues a name."""
    if len(word.lower) < 3:
        return False
    return not is_common(word.lower) or (length == 1 and is_given_name(last.lower) and _ends_turn(text, word))


def _stops(word: _Word) -> bool:
    return word.lower in FIRM_WORDS


def _ends_turn(text: str, word: _Word) -> bool:
    """ "oliver hatch": a family name that is a word, at the end or before its spelling."""
    return bool(re.match(r"\s*(?:\Z|(?:\w ){3,}\w\b)", text[word.end :])) and len(word.lower) > 2


def _is_firm(text: str, words: list[_Word], index: int, length: int) -> bool:
    """Whether a word for a firm or a place belongs to the run, before or after it."""
    after = words[index + length] if index + length < len(words) else None
    last = words[index + length - 1]
    if (
        after is not None
        and text[last.end : after.start] in (" ", "'s ", "’s ")
        and after.lower in FIRM_WORDS
    ):
        return after.lower not in ALSO_VERBS or after.capital or text[last.end : after.start] != " "
    if (
        after is not None
        and text[last.end : after.start] == " "
        and after.lower == "and"
        and words[index].capital
    ):
        following = words[index + length + 1] if index + length + 1 < len(words) else None
        if (
            following is not None
            and following.capital
            and following.lower not in NO_NAMES
            and not is_given_name(following.lower)
        ):
            return not is_given_name(words[index].lower) or length > 1
    if any(match.start() <= words[index].start < match.end() for match in TWO_PARTNERS.finditer(text)):
        return True
    before = words[index - 1] if index else None
    return bool(
        before is not None
        and text[before.end : words[index].start] == " "
        and before.capital
        and before.lower not in NO_NAMES
        and not is_common(before.lower)
    )
