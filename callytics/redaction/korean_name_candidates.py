# ruff: noqa: E501  (one list per line reads better)
"""Every part of a Korean text that could be a name, with what a model needs to judge it: its syllables, what is attached
to it, and the words around it.

Korean writes particles and the copula at the name ("노을찬이에요"), and recognisers split them off ("노을찬 이에요"), so
one word gives several candidates, of which at most one is a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.redaction.candidates import Candidate
from callytics.redaction.korean_kinds import (
    DOUBLE,
    LISTED,
    MAX_SYLLABLES,
    MAX_WORDS,
    SUFFIXES,
    TOKEN,
    left_kind,
    lexical_of,
    right_kind,
    shape_of,
    suffix_kind,
)
from callytics.redaction.korean_names import ASKED, NOT_NAMES, SURNAMES
from callytics.redaction.korean_words import likeness, rare_words, words


def candidates(text: str, before: str, *, opening: bool = False) -> Iterator[list[Candidate]]:
    """The candidates that begin at each word of ``text``; ``opening``: the first turn of a call."""
    tokens = list(TOKEN.finditer(text))
    asked = "asked" if ASKED.search(before) else "free"
    for index, token in enumerate(tokens):
        if not "가" <= token.group()[0] <= "힣":
            continue
        found = _beginning_at(text, tokens, index, asked, opening)
        if found:
            yield found


def _beginning_at(
    text: str, tokens: list[re.Match[str]], index: int, asked: str, opening: bool
) -> list[Candidate]:
    found: list[Candidate] = []
    left = _left(text, tokens, index)
    left.append(asked + str(min(index, 3)))
    left.append(f"{asked} {min(len(tokens), 6)}")
    if opening:
        left += [f"opening {min(index, 3)}", f"opening {min(len(tokens) - index, 4)}"]
    for last in range(index, min(index + MAX_WORDS, len(tokens))):
        word = tokens[last].group()
        if last > index:
            gap = text[tokens[last - 1].end() : tokens[last].start()]
            previous = tokens[last - 1].group()
            if (
                gap != " "
                or not "가" <= word[0] <= "힣"
                or len(previous) > MAX_SYLLABLES
                or (previous in words() and not (_is_surname(previous) and last == index + 1))
            ):
                break
        right: list[str] = []
        for length in range(1, min(MAX_SYLLABLES, len(word)) + 1):
            suffix = word[length:]
            if suffix not in SUFFIXES or (len(word) == 1 and word not in SURNAMES and last == index):
                continue
            name = word[:length]
            if last == index and name in NOT_NAMES:
                continue
            parts = [t.group() for t in tokens[index:last]] + [name]
            right = right or _right(text, tokens, last)
            found.append(
                Candidate(
                    tokens[index].start(),
                    tokens[last].start() + length,
                    tuple(_features(parts, word, suffix, left, right, asked, opening)),
                )
            )
    return found


def _is_surname(part: str) -> bool:
    return part in DOUBLE or (len(part) == 1 and part in SURNAMES)


def _left(text: str, tokens: list[re.Match[str]], index: int) -> list[str]:
    if index == 0:
        return ["<k=START", "<<=START"]
    before = tokens[index - 1].group()
    gap = text[tokens[index - 1].end() : tokens[index].start()]
    mark = "," if LISTED.search(gap) else ""
    two = tokens[index - 2].group() if index > 1 else "START"
    return [
        f"<k={mark}{left_kind(before)}",
        f"<={before}",
        f"<2={before[-2:]}",
        f"<1={before[-1:]}",
        f"<m={mark}{before[-1:]}",
        f"<<={two[-2:]} {before[-2:]}",
    ]


def _right(text: str, tokens: list[re.Match[str]], last: int) -> list[str]:
    if last + 1 == len(tokens):
        return [">k=END", ">1=END"]
    after = tokens[last + 1].group()
    gap = text[tokens[last].end() : tokens[last + 1].start()]
    mark = "," if LISTED.search(gap) else ""
    kind = "number" if after.isdigit() else after
    return [
        f">k={mark}{right_kind(after)}",
        f">={mark}{kind}",
        f">2={mark}{kind[:2]}",
        f">1={kind[:1]}",
        f">m={mark}",
    ]


def _features(
    parts: list[str], word: str, suffix: str, left: list[str], right: list[str], asked: str, opening: bool
) -> Iterator[str]:
    name = parts[-1]
    if len(parts) == 1:
        shape = shape_of(name)
        lexical = lexical_of(name, word)
    elif len(parts) == 2 and _is_surname(parts[0]) and len(name) < 3:
        shape = f"P{len(parts[0])}{shape_of(name)}"
        lexical = lexical_of(name, word)
    else:
        shape = "W" + "".join(str(min(len(part), 4)) for part in parts)
        lexical = "word" if any(part in words() for part in parts) else "no"
    form = f"{shape}{len(name)}"
    end = suffix_kind(suffix)
    yield "bias"
    yield f"shape={form}"
    yield f"shape={form} {asked}"
    yield f"lex={lexical} {form}"
    yield f"lex={lexical} {asked}"
    yield f"suffix={suffix}"
    yield f"suffix={suffix} {form}"
    yield f"end={end} {form} {asked}"
    yield f"end={end} {lexical} {asked}"
    yield f"end={end} {shape} {lexical} {left[0]}"
    yield f"end={end} {shape} {lexical} {right[0]}"
    yield f"{end} {left[0]} {right[0]}"
    yield f"{shape} {left[0]} {right[0]}"
    yield f"word={word}"
    yield f"first={name[0]} {len(name)}"
    yield f"last={name[-1]} {len(name)}"
    for each in left[1:]:
        yield each
        yield f"{each} {end}"
    for each in right[1:]:
        yield each
        yield f"{each} {shape}"
    given, foreign = likeness("".join(parts))
    yield f"given={given} {form}"
    yield f"foreign={foreign} {form}"
    yield f"given={given} foreign={foreign} {lexical}"
    yield f"given={given} {end} {asked}"
    yield f"rare={name in rare_words()} {lexical} {end}"
    yield f"{end} {shape} {left[0]} {'opening' if opening else ''}"
