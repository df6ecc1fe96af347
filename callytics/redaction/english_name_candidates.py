# ruff: noqa: E501  (one list per line reads better)
"""Every part of an English text that could be a name, with what a model needs to judge it: whether its words are names or
common words, how they are written, and the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from callytics.redaction.candidates import Candidate
from callytics.redaction.english_contexts import ASKED, PARTICLES
from callytics.redaction.english_words import (
    FIRM_WORDS,
    NOT_NAMES,
    is_common,
    is_family_name,
    is_given_name,
    is_name_of_the_world,
    is_rare_word,
    may_be_given_name,
)

MAX_WORDS = 4
MIN_POSSESSIVE = 4
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[,.?!…;:]", re.UNICODE)
_POSSESSIVE = re.compile(r"['’](?:s|ll|d|s’)?\Z")
_MARKS = frozenset(",.?!…;:")
_FUNCTION_TEXT = (
    "a an the i you he she it we they me him her us them my your his its our their this that these those and or but so if "
    "as at by for from in into of on to with up out off over is am are was were be been being do does did have has had not "
    "no yes yeah okay ok oh um uh well what who which how why when where there here i'm it's that's i've don't can't you're "
    "one two three four five six seven eight nine ten can could would should just get got go going gonna know like said say "
    "please thank thanks hello hi hey sorry right all now then still back really because about more some any than too very"
)
FUNCTION_WORDS = frozenset(_FUNCTION_TEXT.split())
"""No name begins with one of them."""
_SAINTS = frozenset(("st", "saint"))
"""They begin the name of a place: "St Pancras", "saint brendan's"."""


_CONTRACTIONS = {
    "im": "i'm", "ive": "i've", "youre": "you're", "youve": "you've", "hes": "he's", "shes": "she's", "thats": "that's",
    "whos": "who's", "theres": "there's", "weve": "we've", "theyre": "they're", "whats": "what's", "heres": "here's",
    "its": "it's", "names": "name's",
}  # fmt: skip
_INTRODUCED = re.compile(
    r"\b(?:this is|my name|name['’]?s|speaking|here|you['’]?re (?:talking|speaking)|i['’]?m)\b", re.IGNORECASE
)
"""It is said who speaks; what stands before it in the first turn of a call is mostly the firm."""


def candidates(text: str, before: str, *, opening: bool = False) -> Iterator[list[Candidate]]:
    """The candidates that begin at each word of ``text``; ``opening``: the first turn of a call."""
    tokens = list(_TOKEN.finditer(text))
    words = [_word(token.group()) for token in tokens]
    cased = "cased" if any(t.group()[:1].isupper() and t.group() != "I" for t in tokens) else "lower"
    asked = "asked" if ASKED.search(before) else "free"
    short = min(sum(word not in _MARKS for word in words), 5)
    introduced = [match.start() for match in _INTRODUCED.finditer(text)]
    for index, word in enumerate(words):
        if (
            word in _MARKS
            or word.isdigit()
            or word in FUNCTION_WORDS
            or word in _SAINTS
            or (len(word) < 2 and cased == "lower")
        ):
            continue
        left = [
            *_left(words, tokens, index),
            f"{asked}{min(index, 3)} {cased}",
            f"{asked} short{short}",
            cased,
            *_of_opening(opening, tokens[index].start(), introduced, index, short),
        ]
        found = []
        for length in range(1, MAX_WORDS + 1):
            if index + length > len(words) or (
                length > 1 and not _goes_on(text, tokens, words, index, length)
            ):
                break
            last = index + length - 1
            if length > 1 and words[last] in PARTICLES:
                continue
            end = tokens[last].start() + len(_POSSESSIVE.sub("", tokens[last].group()))
            run = words[index : last + 1]
            forms = [_form(tokens[i].group(), words[i]) for i in range(index, last + 1)]
            possessive = "'s" if end < tokens[last].end() else ""
            right = _right(words, tokens, last, possessive)
            features = tuple(_features(run, forms, left, right, asked, cased))
            found.append(Candidate(tokens[index].start(), end, features))
        if found:
            yield found


def _word(token: str) -> str:
    """In lower case, without a possessive, and with the apostrophe that a recogniser leaves out."""
    word = _POSSESSIVE.sub("", token).lower().replace("’", "'")
    return _CONTRACTIONS.get(word, word)


def _of_opening(opening: bool, start: int, introduced: list[int], index: int, short: int) -> list[str]:
    """Where the candidate stands in the first turn of a call: before a person is introduced, after it, or without."""
    if not opening:
        return []
    later = "before" if any(start < place for place in introduced) else "after" if introduced else "none"
    return [f"opening {later}", f"opening {later} {min(index, 2)} short{short}"]


def _goes_on(text: str, tokens: list[re.Match[str]], words: list[str], index: int, length: int) -> bool:
    """Whether the word after the first ``length`` - 1 may belong to the same name."""
    last = index + length - 1
    gap = text[tokens[last - 1].end() : tokens[last].start()]
    word = words[last]
    if gap not in (" ", "-", "- ") or word in _MARKS or word.isdigit():
        return False
    return word in PARTICLES or word not in FUNCTION_WORDS


@cache
def _kind(word: str) -> str:
    """What lists say about a word: N given name only, n given name and something else, W name of another language, S
    family name, F a word of firms, T place, brand, month, c common word, r rare word, u unknown."""
    if word in FIRM_WORDS:
        return "F"
    if word in NOT_NAMES:
        return "T" if may_be_given_name(word) else "t"
    if is_given_name(word):
        return "N"
    if is_name_of_the_world(word):
        return "W"
    if may_be_given_name(word):
        return "n"
    if is_family_name(word):
        return "S"
    if is_common(word):
        return "c"
    if word.endswith("s") and len(word) > MIN_POSSESSIVE and is_given_name(word[:-1]):
        return "N"  # "its kayleighs mum"
    return "r" if is_rare_word(word) else "u"


def _form(written: str, word: str) -> str:
    letters = "1" if len(word) == 1 else ""
    case = "C" if written[:1].isupper() else "l"
    if len(word) > 1 and written.isupper():
        case = "A"
    return f"{case}{letters}{_kind(word)}"


def _left(words: list[str], tokens: list[re.Match[str]], index: int) -> list[str]:
    first = words[index - 1] if index else "START"
    second = words[index - 2] if index > 1 else "START"
    third = words[index - 3] if index > 2 else "START"
    near = first if first not in _MARKS else f"{second}{first}"
    form = _form(tokens[index - 1].group(), first) if index and first not in _MARKS else first
    return [f"<={first}", f"<~{near}", f"<<={second} {first}", f"<3={third} {second} {first}", f"<f={form}"]


def _right(words: list[str], tokens: list[re.Match[str]], last: int, possessive: str) -> list[str]:
    first = words[last + 1] if last + 1 < len(words) else "END"
    second = words[last + 2] if last + 2 < len(words) else "END"
    form = _form(tokens[last + 1].group(), first) if last + 1 < len(words) and first not in _MARKS else first
    return [f">={possessive}{first}", f">>={first} {second}", f">f={form}", f">p={possessive}{form}"]


def _features(
    run: list[str], forms: list[str], left: list[str], right: list[str], asked: str, cased: str
) -> Iterator[str]:
    shape = " ".join(forms)
    yield "bias"
    yield f"shape={shape}"
    yield f"shape={shape} {asked}"
    yield f"kinds={''.join(form[-1] for form in forms)} {cased}"
    yield f"size={len(run)} {cased}"
    yield f"first={run[0]}"
    if len(run) > 1:
        yield f"last={run[-1]}"
        yield f"lastform={forms[-1]} {len(run)}"
    yield f"end={run[-1][-3:]} {cased}"
    yield f"end2={run[-1][-2:]}"
    yield f"begin={run[0][:2]}"
    for each in left:
        yield each
        yield f"{each} {forms[0]}"
    for each in right:
        yield each
        yield f"{each} {forms[-1]}"
    yield f"{left[0]} {right[0]}"
    yield f"{left[4]} {right[2]} {shape}"
