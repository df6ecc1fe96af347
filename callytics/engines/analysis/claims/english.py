# ruff: noqa: E501  (one word list or pattern per line reads better)
"""English clauses by form: n't, no, refuse; have done, -ed against will, can, please; I, you, imperatives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from callytics.engines.analysis.claims.clauses import RESULT, Actor, Clause, Word, concepts
from callytics.engines.analysis.claims.english_words import (
    AUXILIARY,
    BE,
    BETWEEN,
    DENIAL,
    DETERMINERS,
    EMPTY,
    EMPTY_VERBS,
    FACTIVE,
    LACKING,
    NOT_PAST,
    NUMBERS,
    OPEN,
    OPENERS,
    ORDERS,
    OTHERS,
    PAST,
)

_SHORT = [
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"\b(?:can't|cant|cannot)\b", "can not"),
        (r"\b(?:won't|wont)\b", "will not"),
        (r"\bain'?t\b", "is not"),
        (r"\by'?all\b", "you"),
        (r"\b(do|does|did|is|was|were|are|have|has|had|could|would|should|need)n'?t\b", r"\1 not"),
        (r"\b(\w+)'ll\b", r"\1 will"),
        (r"\b(\w+)'ve\b", r"\1 have"),
        (r"\bive\b", "i have"),
        (r"\b(?:i'm|im)\b", "i am"),
        (r"\b(you|we|they)'re\b", r"\1 are"),
        (r"\b(you|they)re\b", r"\1 are"),
        (r"\b(\w+)'d\b", r"\1 would"),
        (r"\b(it|that|he|she|there|what|who)'s\b", r"\1 is"),
        (
            r"\b(?:its|thats) (?=(?:not|been|an?|the|all|like|gone|on|in|my|your|public|\w+ing|\w+ed)\b)",
            "it is ",
        ),
        (r"\bits got\b", "it has got"),
        (r"\b(itll|thatll|youll|theyll)\b", "it will"),
        (r"(?<!feel )(?<!am )(?<!is )(?<!was )(?<!be )(?<!been )(?<!very )\bill (?=\w)", "i will "),
        (r"\b(you|we|they)ve\b", r"\1 have"),
        (r"\b(?:youd|wed|theyd)\b", "you would"),
        (r"\b(there|what|here|she|somebody|nobody)s\b", r"\1 is"),
        (r"\bgonna\b", "going to"),
        (r"\b(?:gotta|wanna)\b", "want to"),
        (r"\blemme\b", "let me"),
    )
]

_CUT = re.compile(
    r"(?<=[.?!;:])\s+|\s+(?=(?:but|because|although|though|however|while|so|then|and (?:i|you|he|she|it|they|we|the|that|this|if|will|was|is|are|had|has|asked|refunded|\w+ed)\b))|,\s+(?=(?:but|so|and|which|who|i|you|he|she|it|they|we|that|the|no|yes|this|don't|not|there|just|please|send|call|ring|phone|take|put|give|tell|bring|keep|return|reply|fill|pay|check|make|email|text|press|hold|ask|leave)\b)",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"\b(?:it|that|you|they|everything) (?:is|are|has|have)(?: now| all)? (?:off|on|done|gone|in|set|sorted|back|live)\b|^done\b"
)
_AGREES = re.compile(
    r"\b(?:go ahead|sounds good|that works|works for me|yes please|please do|it's a deal|let's do)\b|^(?:and |so )?(?:all right|alright|deal|sure|fine|okay then)\b"
)
_OFF = re.compile(r"\b(?:me|us|name|number|been|is|are|was|went) off\b")
_ANSWER = re.compile(
    r"^((?:uh |um |oh |well )?(?:(?:no|nope|nah|yes|yeah|yep|sure)(?: no| thanks| thank you| sir| ma'am)*[,.]|"
    r"(?:no|nope|nah)(?= (?:no|its|it|i|you|we|they|he|she|that|listen|sir|thanks)\b)))\s+(?=\w+ \w+)",
    re.IGNORECASE,
)
_PRONOUN_STARTS = re.compile(
    r"\s+(?=(?:(?:do|did|does|can|could|will|would|should|have|has|is|are|was|were) (?:i|you|we|they|he|she)|"
    r"(?<!\bdo )(?<!\bdid )(?<!\bdoes )(?<!\bcan )(?<!\bcould )(?<!\bwill )(?<!\bwould )(?<!\bshould )(?<!\bhave )"
    r"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?:i|you|we|they|he|she)|"
    r"it (?:is|was|has|had|will|does|did|went|already)|that|please|only please)\s)|"
    r"(?<=\w{3})(?<!\bto)(?<!\bnot)(?<!\band)(?<!\bwill)(?<!\bcan)(?<!\bjust)(?<!\byou)(?<!\bthey)(?<!\bwould)(?<!\bcould)(?<!\bcant)(?<!\bshould)"
    r"\s+(?=(?:send|call|email|bring|post|put|take|return|text|ring|press) (?:it|them|me|us)\b)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[a-z0-9£$€]+(?:[-.][a-z0-9]+)*")
_QUESTION = re.compile(
    r"^(?:and |so |but |uh |um )*(?:what|when|where|who|how|why|which|is|are|do|does|did|can|could|would|will|shall|have|has|should|any)\b"
)


def stem(word: str) -> str:
    """ "charged", "charges", "charging" are "charge"; at most seven letters, so that "authorization" is "authoriz"."""
    word = PAST.get(word, word)
    for ending in ("ies", "ied"):
        if word.endswith(ending) and len(word) > 4:
            return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    word = word[:8]
    return word.rstrip("e") if len(word) > 3 else word


def read_english(text: str) -> tuple[Clause, ...]:
    text = text.replace("’", "'")
    for pattern, full in _SHORT:
        text = pattern.sub(full, text)
    clauses: list[Clause] = []
    before = Actor.UNSAID
    for piece in _CUT.split(text):
        for part in _parts(piece):
            clause = _clause(part, before if part[:4].lower() in ("and ", "then") else Actor.UNSAID)
            if clause:
                clauses.append(clause)
                before = clause.actor
    return tuple(clauses)


def _parts(piece: str) -> list[str]:
    """A yes or no at the start answers, and says nothing about the rest."""
    answer = _ANSWER.match(piece)
    if not answer:
        return _short_parts(piece)
    return [answer.group(1), *_short_parts(piece[answer.end() :])]


def _short_parts(piece: str) -> list[str]:
    """A recogniser writes no marks: long runs are cut before a pronoun."""
    parts: list[str] = []
    for part in _PRONOUN_STARTS.split(piece):
        if parts and len(parts[-1].split()) < 3:
            parts[-1] += " " + part
        else:
            parts.append(part)
    return parts


def _clause(text: str, before: Actor) -> Clause | None:
    tokens = _TOKEN.findall(text.lower().replace("'s", ""))
    if not tokens:
        return None
    stems = [stem(token) for token in tokens]
    marks = {*tokens, *stems}
    question = "?" in text or bool(_QUESTION.search(text.lower()))
    negative = (
        bool(_denials(tokens, stems))
        or "turned down" in text.lower()
        or "turned the offer down" in text.lower()
    )
    lacking = bool(marks & LACKING) or bool(_OFF.search(text.lower()))
    actor = _actor(tokens)
    actor = before if actor is Actor.UNSAID else actor
    words = tuple(_words(tokens, stems, question, actor)) + _signals(text.lower())
    if not words and not negative and not lacking:
        return None
    return Clause(text, words, negative, lacking, question, actor)


def _signals(text: str) -> tuple[Word, ...]:
    """What says something without a verb of its own: "it's off" is a result, "go ahead" agrees."""
    result = (Word(RESULT, True, True),) if _RESULT.search(text) and "?" not in text else ()
    return (*result, Word("=approve")) if _AGREES.search(text) else result


def _words(tokens: Sequence[str], stems: Sequence[str], question: bool, actor: Actor) -> list[Word]:
    table = _table()
    start = next((i for i, token in enumerate(tokens) if token not in OPENERS), 0)
    denials = _denials(tokens, stems)
    words = []
    for index, token in enumerate(tokens):
        before = _auxiliaries(tokens, index)
        empty = token in EMPTY or stems[index] in EMPTY or token.isdigit()
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        has = token in ("have", "has", "had") and following in DETERMINERS | NUMBERS
        past = token in PAST and token not in NOT_PAST and token in EMPTY_VERBS
        if empty and not (has or past or (before and token in EMPTY_VERBS)):
            continue
        determined = index > 0 and tokens[index - 1] in DETERMINERS
        form = (token.endswith("ed") or (token in PAST and token not in NOT_PAST)) and not determined
        first = index == start and token not in NUMBERS and not token.endswith("ly")
        predicate = not determined and (form or has or bool(before) or first or _follows_party(tokens, index))
        passive = form and any(word in BE for word in before)
        concept = "" if empty else table.get(stems[index], stems[index])
        denied = any(place < index for place in denials)
        if predicate:
            done = _done(tokens, index, before, form, question, first, actor)
            words.append(Word(concept, True, done, passive, denied))
        else:
            words.append(Word(concept, denied=denied))
    return words


def _denials(tokens: Sequence[str], stems: Sequence[str]) -> list[int]:
    """Places of the words that deny what follows them; "nine now, not six" denies nothing else, and who does not
    "appreciate paying" has paid."""
    return [
        place
        for place, (token, form) in enumerate(zip(tokens, stems, strict=True))
        if (token in DENIAL or form in DENIAL)
        and not (token == "not" and tokens[place + 1 : place + 2] and tokens[place + 1] in NUMBERS)
        and not (token == "not" and stems[place + 1 : place + 2] and stems[place + 1] in FACTIVE)
    ]


def _done(
    tokens: Sequence[str],
    index: int,
    before: Sequence[str],
    form: bool,
    question: bool,
    first: bool,
    actor: Actor,
) -> bool | None:
    token, perfect = tokens[index], bool({"have", "has"} & set(before)) and "to" not in before
    following = tokens[index + 1] if index + 1 < len(tokens) else ""
    if token in ("have", "has", "had") and not before:
        return None
    order = first and not form and (token in ORDERS or following in DETERMINERS)
    if question and "did" in before:
        return True
    if (question or order or any(word in OPEN for word in before)) and not perfect:
        return False
    if token.endswith("ing") and actor is Actor.SPEAKER and {"am", "are"} & set(before):
        if {"now", "here"} & set(tokens[index:]):
            return None  # done by saying it
        return False  # "I'm sending it" promises; "you are charging me" complains
    if form and {"is", "are", "am"} & set(before) and not {"been", "have"} & set(before):
        return None
    return True if form or "did" in before else None


def _auxiliaries(tokens: Sequence[str], index: int) -> list[str]:
    """The auxiliaries right before a word, past adverbs and pronouns."""
    found = []
    for token in reversed(tokens[max(0, index - 4) : index]):
        if token in AUXILIARY:
            found.append(token)
        elif token not in BETWEEN:
            break
    return found


def _follows_party(tokens: Sequence[str], index: int) -> bool:
    return index > 0 and tokens[index - 1] in (
        "i", "you", "we", "they", "he", "she", "it", "customer", "agent", "caller", "guest",
    )  # fmt: skip


def _actor(tokens: Sequence[str]) -> Actor:
    """The first word that can be a subject. What "my card" or "your share" does, no party does."""
    start = next((i for i, token in enumerate(tokens) if token not in OPENERS), 0)
    for token in tokens[start : start + 5]:
        if token in ("i", "we"):
            return (
                Actor.UNSAID if "would" in tokens[start : start + 4] else Actor.SPEAKER
            )  # "I'd ask them": advice
        if token in ("you", "yall"):
            return Actor.HEARER
        if token in OTHERS or token == "it":
            return Actor.OTHER
        if token == tokens[start] and token in ORDERS:
            return Actor.HEARER
        if token == tokens[start] and token in DETERMINERS:
            return Actor.OTHER
    return Actor.UNSAID


@cache
def _table() -> dict[str, str]:
    return {stem(word): concept for word, concept in concepts("en").items()}
