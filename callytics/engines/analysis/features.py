"""What a ranker sees of a turn: signs, place in the call, length, neighbours, and short runs of words or syllables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from callytics.domain import Conversation, Role, Turn
from callytics.engines.analysis.signals import plain, signs

Features = dict[str, float]
_WORD = re.compile(r"[a-z0-9]+")
_ENDING = re.compile(r"[가-힣]{1,4}(?=[.?!…]|$)")
_SENTENCE_END = re.compile(r"(?<=[.?!…])\s+")
_CONJUNCTION = re.compile(r"(?<=[.?!…,;])\s+|\s+(?=(?:and|but|so|then) )")
_NUMBER = re.compile(
    r"[0-9]|[일이삼사오육칠팔구십백천만]+ ?(?:원|시|분|일|주|개|프로|퍼센트)|"
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|fifty|hundred|thousand)\b"
)
_PAIRED_TEXT = """
promise promise_self promise_we promise_give future day contact acts instruct done_perfect done_set done_past
done_auxiliary done_passive refusal service request hold identity works alternative problem doing arrive state condition
"""
PAIRED = frozenset(_PAIRED_TEXT.split())
"""Signs that are seen in pairs."""

WINDOW = 1
"""Turns before and after whose signs are seen."""


@dataclass(frozen=True)
class Seen:
    """One turn with what the rankers need of it."""

    turn: Turn
    language: str
    role: Role
    signs: frozenset[str]
    by_sentence: tuple[frozenset[str], ...]
    grams: frozenset[str]
    length: int

    @property
    def letter(self) -> str:
        """The party in the name of a feature. Who speaks beside the customer counts as the customer's side."""
        return "C" if self.role is Role.OTHER else self.role.value[0]


def look_at(conversation: Conversation) -> list[Seen]:
    """Every turn, in the order of the call."""
    return [
        Seen(
            turn,
            language,
            conversation.role_of(turn.participant_id),
            signs(turn.content, language),
            tuple(signs(sentence, language) for sentence in clauses(turn, language)),
            grams(turn.content, language),
            len(turn.content.split()),
        )
        for turn in conversation.turns
        for language in (conversation.language_of(turn),)
    ]


def clauses(turn: Turn, language: str) -> list[str]:
    """The sentences of a turn; English without marks is cut before its conjunctions as well."""
    parts = [sentence.text for sentence in turn.sentences] or _SENTENCE_END.split(turn.content)
    if language == "en" and len(parts) == 1:
        parts = _CONJUNCTION.split(parts[0])
    return [part.strip() for part in parts if re.search(r"\w", part)]


def grams(text: str, language: str) -> frozenset[str]:
    """English: words and pairs of words. Korean: runs of two and three syllables, and the endings of sentences."""
    if language == "ko":
        runs = re.findall(r"[가-힣]+", plain(text, language))
        pieces = {run[i : i + n] for run in runs for n in (2, 3) for i in range(len(run) - n + 1)}
        endings = {"$" + ending for ending in _ENDING.findall(re.sub(r"\s+", "", text))}
        return frozenset(pieces | endings)
    words = _WORD.findall(plain(text, language))
    return frozenset({*words, *(f"{a} {b}" for a, b in pairwise(words))})


def features_of(call: Sequence[Seen], index: int) -> Features:
    """The features of one turn in its call. Signs are shared by the languages, runs of words are not."""
    seen = call[index]
    who = seen.letter
    found: Features = {f"{who}": 1.0}
    found |= _place(call, index, who)
    found |= _kind(call, index, who) | _together(seen, who)
    for sign in seen.signs:
        found[f"s:{sign}"] = 1.0
        found[f"s:{who}:{sign}"] = 1.0
    for offset in range(-WINDOW, WINDOW + 1):
        if offset and 0 <= index + offset < len(call):
            near = call[index + offset]
            other = "same" if near.role is seen.role else near.letter
            found |= {f"n{offset}:{other}:{sign}": 0.5 for sign in near.signs}
    for gram in seen.grams:
        found[f"g:{seen.language}:{gram}"] = 0.3
        found[f"g:{seen.language}:{who}:{gram}"] = 0.3
    return found


def _place(call: Sequence[Seen], index: int, who: str) -> Features:
    """Where the turn is: from the start, from the end, and among its party's turns of some length."""
    seen = call[index]
    longish = seen.length >= 4
    before = [s for s in call[:index] if s.role is seen.role and s.length >= 4]
    after = [s for s in call[index + 1 :] if s.role is seen.role and s.length >= 4]
    size = min(6, seen.length // 4)
    share = min(4, 5 * index // max(1, len(call)))
    return {
        f"{who}:first{min(6, index)}": 1.0,
        f"{who}:last{min(6, len(call) - 1 - index)}": 1.0,
        f"{who}:fifth{share}": 1.0,
        f"{who}:size{size}": 1.0,
        f"{who}:long{int(longish)}:nth{min(4, len(before))}": 1.0,
        f"{who}:long{int(longish)}:left{min(4, len(after))}": 1.0,
        "words": min(40, seen.length) / 20.0,
    }


def _kind(call: Sequence[Seen], index: int, who: str) -> Features:
    """The signs again by kind of call, and whether the turn has a number."""
    seen = call[index]
    kind = kind_of(call)
    found: Features = {f"{who}:number": 1.0} if _NUMBER.search(seen.turn.content) else {}
    if kind:
        found |= {f"k:{kind}:{who}:{sign}": 1.0 for sign in seen.signs} | {f"k:{kind}:{who}": 1.0}
    return found


def _together(seen: Seen, who: str) -> Features:
    """Pairs of signs in one sentence: "send" in a sentence with "Thursday" is a task, alone it is not."""
    found: Features = {}
    for of_sentence in seen.by_sentence:
        acts = sorted(of_sentence & PAIRED)
        found |= {f"ss:{who}:{one}+{other}": 1.0 for one, other in combinations(acts, 2)}
        if len(acts) == 1:
            found[f"only:{who}:{acts[0]}"] = 1.0
    return found


def kind_of(call: Sequence[Seen]) -> str:
    """ "outbound" if the agent called; "wrong" if the first turns say so; "" otherwise."""
    early = call[:8]
    doubts = {s.turn.participant_id for s in early if s.signs & {"wrong_number", "elsewhere"}}
    sure = any("wrong_number" in s.signs and s.role is Role.AGENT and s.length < 16 for s in early[:5])
    if len(call) < 18 and (sure or len(doubts) > 1) and any("elsewhere" in s.signs for s in early):
        return "wrong"
    agent = [s for s in call[:4] if s.role is Role.AGENT]
    return "outbound" if any("outbound" in s.signs for s in agent) else ""


def features_after(call: Sequence[Seen], index: int, issue: int) -> Features:
    """What the turn of the issue adds to the features of another turn: its distance, and shared words."""
    seen, stated = call[index], call[issue]
    who = seen.letter
    distance = index - issue
    words = {gram for gram in stated.grams if _is_word(gram, stated.language)}
    shared = sum(1 for gram in seen.grams if gram in words)
    return {
        f"{who}:after{max(-1, min(8, distance))}": 1.0,
        f"{who}:shared": min(1.0, shared / 4),
        **({"is_issue": 1.0} if distance == 0 else {}),
    }


def _is_word(gram: str, language: str) -> bool:
    if language == "ko":
        return len(gram) == 2 and gram[0] != "$"
    return " " not in gram and len(gram) > 3


def followed_by(call: Sequence[Seen]) -> list[Features]:
    """Per turn, the signs of the turns after it: a protest after it, thanks after it."""
    found: list[Features] = []
    after: Features = {}
    for seen in reversed(call):
        found.append(after)
        after = after | {f"p:{seen.letter}:{sign}": 0.7 for sign in seen.signs}
    return found[::-1]


def whole_call(call: Sequence[Seen]) -> Features:
    """How the call went and ended: refusals and protests in it, the words of the customer, and its last words."""
    found: Features = {"bias": 1.0, "turns": min(30, len(call)) / 15.0}
    found |= _ending(call)
    for seen in call:
        for sign in seen.signs & {"refusal", "protest", "decline", "wrong_number", "works", "complaint"}:
            key = f"c:{seen.letter}:{sign}"
            found[key] = min(1.0, found.get(key, 0.0) + 0.34)
        if seen.role is Role.CUSTOMER:
            found |= {f"cg:{seen.language}:{gram}": 0.15 for gram in seen.grams}
    return {f"w:{name}": value for name, value in found.items()}


def _ending(call: Sequence[Seen]) -> Features:
    """How the last third of a call sounds: thanks or protest, open promises, a closing or none."""
    found: Features = {f"kind:{kind_of(call)}": 1.0}
    for seen in call[len(call) * 2 // 3 :]:
        for sign in seen.signs:
            found[f"l:{seen.letter}:{sign}"] = 0.7
    for seen in call[-2:]:
        found |= {f"z:{seen.letter}:{sign}": 0.5 for sign in seen.signs}
    if not any("closing" in seen.signs for seen in call[-3:]):
        found["abrupt"] = 1.0
    customers = [s for s in call if s.role is Role.CUSTOMER and s.length >= 3][-3:]
    thanks = sum("thanks" in s.signs for s in customers)
    protests = sum(bool(s.signs & {"protest", "decline", "complaint"}) for s in customers)
    found |= {f"thanks{min(2, thanks)}": 1.0, f"protests{min(2, protests)}": 1.0}
    found[f"mood{max(-1, min(1, thanks - protests))}"] = 1.0
    pending = sum(
        bool(sentence & {"promise", "future", "doing"}) and bool(sentence & {"contact", "day", "arrive"})
        for seen in call[len(call) // 2 :]
        if seen.role is Role.AGENT
        for sentence in seen.by_sentence
    )
    found[f"pending{min(2, pending)}"] = 1.0
    return found
