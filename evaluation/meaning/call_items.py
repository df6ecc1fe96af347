"""What the call reader learns from a written call: the pieces of its turns, and what a reader should say of each.

Where two readers marked a call, both count: a turn that one of them marked is half a mark. So the model learns how sure
it can be.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.engines.analysis.call_reader import OWNERS, ROLES, START, STATES
from evaluation.dialogues import read_dialogues

MOODS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
CRITERIA = ("greeting", "closing", "empathy")
FIRST_SHARE = 0.6
"""Share of a mark of the first reader, where a second one read the call."""

SURE, MAIN_TOPIC = 0.7, 0.65
"""Share of a label beside others that are accepted."""

CUT_START, CUT_END, THINNED, WITHOUT_ROLES, BARE = 0.08, 0.06, 0.25, 0.15, 0.2
"""How often a call is learned without its first or last turns, without some of those that have no mark, without its
roles, and without marks and capitals, as a recogniser writes."""

LEFT_OUT = 0.12
UNSEEN, UNSEEN_SEED = 100, 5
MOST_CUT = 9
Floats = npt.NDArray[np.float32]
Call = Mapping[str, Any]


@dataclass(frozen=True)
class Item:
    """Inputs: the numbers of all pieces, their place in the turn, their turn, and the role of every turn. The rest are
    targets: distributions over turns (issue, outcome), chances (tasks, lapses), distributions over labels.
    """

    pieces: list[int]
    place: list[int]
    turn: list[int]
    roles: list[int]
    issue: Floats
    outcome: Floats
    state: Floats
    tasks: Floats
    moods: Floats
    lapses: Floats
    by_agent: Floats
    topic: Floats
    criteria: list[int]
    start_and_end: list[int]
    is_whole: bool


def unseen_calls() -> list[dict[str, Any]]:
    """Calls that the call reader does not learn from: ``choose``, and some of the hardest ones of ``fit``."""
    third = [call for call in read_dialogues("fit") if "_third_" in call["id"]]
    random.Random(UNSEEN_SEED).shuffle(third)
    return [*read_dialogues("choose"), *third[:UNSEEN]]


def item_of(
    call: Call,
    second: Call | None,
    labels: Sequence[str],
    pieces_of: Callable[[str], list[int]],
    rng: random.Random | None = None,
) -> Item:
    """Args:
    second: what a second reader marked, see evaluation/dialogues/README.md.
    labels: the topics.
    rng: varies the call; None takes it as written.
    """
    turns = call["turns"]
    kept = _kept(call, rng) if rng else list(range(len(turns)))
    knows_roles = not (rng and rng.random() < WITHOUT_ROLES)
    is_bare = bool(rng and rng.random() < BARE and "noise" not in call["tags"])
    at = {turns[index]["id"]: number for number, index in enumerate(kept)}
    numbers = []
    for index in kept:
        text = turns[index]["text"]
        numbers.append([START, *pieces_of(bare(text) if is_bare else text)])
    roles = [call["roles"][turns[index]["speaker"]] for index in kept]
    return Item(
        pieces=[number for of_turn in numbers for number in of_turn],
        place=[place for of_turn in numbers for place in range(len(of_turn))],
        turn=[number for number, of_turn in enumerate(numbers) for _ in of_turn],
        roles=[ROLES.index(role) if knows_roles else 0 for role in roles],
        issue=_share(_marked(call, second, "issue"), at),
        outcome=_share(_marked(call, second, "outcome"), at),
        state=_states(call, second),
        tasks=_tasks(call, second, at),
        moods=np.stack([_moods(turns[index]) for index in kept]),
        lapses=_lapses(call, second, at),
        by_agent=np.array([role == "AGENT" for role in roles], dtype=np.float32),
        topic=_topics(call, second, labels),
        criteria=[STATES.index(call["quality"][name]) for name in CRITERIA],
        start_and_end=[MOODS.index(call["customer_sentiment"][name]) for name in ("start", "end")],
        is_whole=len(kept) == len(turns),
    )


def bare(text: str) -> str:
    """Without marks and capitals."""
    return "".join(letter for letter in text if letter not in ".,?!").lower()


def _kept(call: Call, rng: random.Random) -> list[int]:
    turns = call["turns"]
    kept = list(range(len(turns)))
    chance = rng.random()
    if len(turns) > MOST_CUT and chance < CUT_START:
        kept = kept[rng.choice([2, 4]) :]
    elif len(turns) > MOST_CUT and chance < CUT_START + CUT_END:
        kept = kept[: -rng.choice([1, 2])]
    if rng.random() < THINNED:
        named = [call["issue"], call["outcome"], *call["action_items"]]
        marked = {i for part in named if part for i in part["turn_ids"]}
        kept = [i for i in kept if turns[i]["id"] in marked or rng.random() > LEFT_OUT]
    return kept


def _marked(call: Call, second: Call | None, name: str) -> list[Sequence[str]]:
    found = [call[name]["turn_ids"]] if call[name] else []
    return [*found, second[name]] if second and second[name] else found


def _share(marks: Sequence[Sequence[str]], at: Mapping[str, int]) -> Floats:
    found = np.zeros(len(at), dtype=np.float32)
    present = [[at[i] for i in ids if i in at] for ids in marks]
    used = [places for places in present if places]
    for places in used:
        found[places] += 1 / len(places) / len(used)
    return found


def _states(call: Call, second: Call | None) -> Floats:
    said = [call["resolved"], *([second["resolved"]] if second else [])]
    return np.array([said.count(state) / len(said) for state in STATES], dtype=np.float32)


def _tasks(call: Call, second: Call | None, at: Mapping[str, int]) -> Floats:
    found = np.zeros((len(at), len(OWNERS)), dtype=np.float32)
    for column, owner in enumerate(OWNERS):
        ids = {i for task in call["action_items"] if task["owner"] == owner for i in task["turn_ids"]}
        others = {i for name, i in second["tasks"] if name == owner} if second else None
        found[:, column] = _both(ids, others, at)
    return found


def _lapses(call: Call, second: Call | None, at: Mapping[str, int]) -> Floats:
    return _both(set(call["quality"]["lapse_turn_ids"]), set(second["lapses"]) if second else None, at)


def _both(first: set[str], second: set[str] | None, at: Mapping[str, int]) -> Floats:
    marks = np.array([i in first for i in at], dtype=np.float32)
    if second is None:
        return marks
    others = np.array([i in second for i in at], dtype=np.float32)
    return np.asarray(FIRST_SHARE * marks + (1 - FIRST_SHARE) * others, dtype=np.float32)


def _moods(turn: Call) -> Floats:
    accepted = {turn["sentiment"], *turn.get("sentiment_ok", ())}
    rest = len(accepted) - 1
    shares = dict.fromkeys(accepted, (1 - SURE) / rest) if rest else {}
    shares[turn["sentiment"]] = SURE if rest else 1.0
    return np.array([shares.get(mood, 0.0) for mood in MOODS], dtype=np.float32)


def _topics(call: Call, second: Call | None, labels: Sequence[str]) -> Floats:
    others = [name for name in call.get("topic_ok", ()) if name in labels and name != call["topic"]]
    shares = np.zeros(len(labels), dtype=np.float32)
    shares[labels.index(call["topic"])] = MAIN_TOPIC if others else 1.0
    for name in others:
        shares[labels.index(name)] = (1 - MAIN_TOPIC) / len(others)
    if second and second["topic"] in labels:
        shares *= SURE
        shares[labels.index(second["topic"])] += 1 - SURE
    return shares
