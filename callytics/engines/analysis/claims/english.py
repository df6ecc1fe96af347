# ruff: noqa: E501  (one word list or pattern per line reads better)
"""English clauses by form: n't, no, refuse; have done, -ed against will, can, please; I, you, imperatives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from callytics.engines.analysis.claims.clauses import RESULT, Actor, Clause, Word, concepts

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
_PAST_TEXT = """
gave:give given:give sent:send took:take taken:take paid:pay got:get gotten:get left:leave lost:lose bought:buy kept:keep told:tell
said:say brought:bring came:come went:go gone:go ran:run made:make sold:sell met:meet held:hold found:find drove:drive driven:drive
wrote:write written:write broke:break broken:break fell:fall fallen:fall rang:ring rung:ring spoke:speak spoken:speak chose:choose
chosen:choose heard:hear knew:know known:know saw:see seen:see sat:sit stole:steal stolen:steal thought:think felt:feel forgot:forget
forgotten:forget gone:go did:do done:do had:have was:be were:be been:be is:be are:be am:be has:have does:do withdrew:withdraw
hid:hide taught:teach wore:wear lent:lend spent:spend built:build caught:catch rose:rise cost:cost hung:hang began:begin begun:begin
fed:feed led:lead read:read put:put set:set cut:cut shut:shut quit:quit let:let hit:hit
"""
_PAST = dict(pair.split(":") for pair in _PAST_TEXT.split())
_NOT_PAST = frozenset({"is", "are", "am", "has", "does"})

_DENIAL_TEXT = """
not no never nobody nothing none neither nor nope nah without refus refuse reject declin deny denied unable unavailable unauthoriz denies
impossible excluded
"""
_DENIAL = frozenset(_DENIAL_TEXT.split())
_LACKING_TEXT = """
gone free wrong miss missing broken stop late fail lost closed shut sorry afraid short lack blocked block useless banned error bounced
dead disagre complain complaint zero minus still except supposed sposed waiting wait stop again where
"""
_LACKING = frozenset(_LACKING_TEXT.split())
_OPEN = frozenset(
    {
        "will",
        "can",
        "could",
        "would",
        "should",
        "shall",
        "may",
        "might",
        "to",
        "please",
        "must",
        "let",
        "if",
        "lets",
    }
)
_HAVE = frozenset({"have", "has", "had", "having"})
_BE = frozenset({"be", "is", "are", "was", "were", "been", "am", "being", "get", "got", "gets"})
_AUXILIARY = _OPEN | _HAVE | _BE | frozenset({"do", "does", "did", "not", "going"})
_BETWEEN = frozenset({"just", "already", "also", "now", "still", "both", "all", "only", "even", "never", "not", "been", "be", "simply", "i", "you", "we", "they", "he", "she", "it", "there", "off"})  # fmt: skip
_EMPTY_TEXT = """
the a an of in on at by for with and or but so as it its this that these those there here he she they them his her their him i me my
mine we us our you your who which what when where how why while than then up out off down over about into from back be have do will
can could would should shall may might must to not no yes just also still already now only even very more most some any all both
customer agent caller client representative company call called one other another own because if whether get got like well okay ok
let go going gone thing say said tell told know really too after before until
"""
_EMPTY = frozenset(_EMPTY_TEXT.split())
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
    r"\s+(?=(?:i|you|we|they|he|she|it (?:is|was|has|had|will|does|did|went|already)|do you|did you|that|please|only please)\s)",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[a-z0-9£$€]+(?:[-.][a-z0-9]+)*")
_QUESTION = re.compile(
    r"^(?:and |so |but |uh |um )*(?:what|when|where|who|how|why|which|is|are|do|does|did|can|could|would|will|shall|have|has|should|any)\b"
)
_OTHERS = frozenset({"he", "she", "they", "nobody", "somebody", "someone", "everyone"})
_DETERMINERS = frozenset(
    {"the", "a", "an", "my", "your", "our", "his", "her", "their", "this", "these", "that", "those", "no"}
)
_OPENERS = frozenset({"and", "so", "but", "well", "oh", "okay", "ok", "uh", "um", "yeah", "yes", "no", "just", "please", "then", "now", "also", "like", "right", "hi", "hello", "because", "cause", "at", "least"})  # fmt: skip
_NUMBERS = frozenset(
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)
_EMPTY_VERBS = frozenset(
    {
        "get",
        "got",
        "go",
        "have",
        "see",
        "do",
        "come",
        "hear",
        "say",
        "tell",
        "told",
        "said",
        "went",
        "came",
        "did",
        "be",
        "know",
        "call",
        "called",
    }
)
_ORDER_TEXT = """
please just send call ring phone dial take put give tell flip bring chuck keep return reply fill pay visit check get make click don't
do email mail write press unplug try ask remember knock drop leave hang stop hold text upload come look best
"""
_ORDERS = frozenset(_ORDER_TEXT.split())


def stem(word: str) -> str:
    """ "charged", "charges", "charging" are "charge"; at most seven letters, so that "authorization" is "authoriz"."""
    word = _PAST.get(word, word)
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
    lacking = bool(marks & _LACKING) or bool(_OFF.search(text.lower()))
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
    start = next((i for i, token in enumerate(tokens) if token not in _OPENERS), 0)
    denials = _denials(tokens, stems)
    words = []
    for index, token in enumerate(tokens):
        before = _auxiliaries(tokens, index)
        empty = token in _EMPTY or stems[index] in _EMPTY or token.isdigit()
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        has = token in ("have", "has", "had") and following in _DETERMINERS | _NUMBERS
        past = token in _PAST and token not in _NOT_PAST and token in _EMPTY_VERBS
        if empty and not (has or past or (before and token in _EMPTY_VERBS)):
            continue
        determined = index > 0 and tokens[index - 1] in _DETERMINERS
        form = (token.endswith("ed") or (token in _PAST and token not in _NOT_PAST)) and not determined
        first = index == start and token not in _NUMBERS and not token.endswith("ly")
        predicate = not determined and (form or has or bool(before) or first or _follows_party(tokens, index))
        passive = form and any(word in _BE for word in before)
        concept = "" if empty else table.get(stems[index], stems[index])
        denied = any(place < index for place in denials)
        if predicate:
            done = _done(tokens, index, before, form, question, first, actor)
            words.append(Word(concept, True, done, passive, denied))
        else:
            words.append(Word(concept, denied=denied))
    return words


def _denials(tokens: Sequence[str], stems: Sequence[str]) -> list[int]:
    """Places of the words that deny what follows them; "nine now, not six" denies nothing else."""
    return [
        place
        for place, (token, form) in enumerate(zip(tokens, stems, strict=True))
        if (token in _DENIAL or form in _DENIAL)
        and not (token == "not" and place + 1 < len(tokens) and tokens[place + 1] in _NUMBERS)
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
    token, perfect = tokens[index], bool({"have", "has"} & set(before))
    following = tokens[index + 1] if index + 1 < len(tokens) else ""
    if token in ("have", "has", "had") and not before:
        return None
    order = first and not form and (token in _ORDERS or following in _DETERMINERS)
    if question and "did" in before:
        return True
    if (question or order or any(word in _OPEN for word in before)) and not perfect:
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
        if token in _AUXILIARY:
            found.append(token)
        elif token not in _BETWEEN:
            break
    return found


def _follows_party(tokens: Sequence[str], index: int) -> bool:
    return index > 0 and tokens[index - 1] in (
        "i", "you", "we", "they", "he", "she", "it", "customer", "agent", "caller", "guest",
    )  # fmt: skip


def _actor(tokens: Sequence[str]) -> Actor:
    """The first word that can be a subject. What "my card" or "your share" does, no party does."""
    start = next((i for i, token in enumerate(tokens) if token not in _OPENERS), 0)
    for token in tokens[start : start + 5]:
        if token in ("i", "we"):
            return (
                Actor.UNSAID if "would" in tokens[start : start + 4] else Actor.SPEAKER
            )  # "I'd ask them": advice
        if token in ("you", "yall"):
            return Actor.HEARER
        if token in _OTHERS or token == "it":
            return Actor.OTHER
        if token == tokens[start] and token in _ORDERS:
            return Actor.HEARER
        if token == tokens[start] and token in _DETERMINERS:
            return Actor.OTHER
    return Actor.UNSAID


@cache
def _table() -> dict[str, str]:
    return {stem(word): concept for word, concept in concepts("en").items()}
