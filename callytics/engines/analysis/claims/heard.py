"""Quotes as clauses with the role of their speaker, and which of them speak of what a claim says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callytics.domain import Role
from callytics.engines.analysis.claims.clauses import Clause
from callytics.engines.analysis.claims.english import read_english
from callytics.engines.analysis.claims.korean import read_korean


@dataclass(frozen=True)
class Quoted:
    """Words of one turn and the role of who said them."""

    text: str
    role: Role


@dataclass(frozen=True)
class Heard:
    clause: Clause
    role: Role


def written_in(text: str) -> str:
    return "ko" if re.search(r"[가-힣]", text) else "en"


def read(text: str, language: str) -> tuple[Clause, ...]:
    return read_korean(text) if language == "ko" else read_english(text)


def shares_something(claimed: Sequence[Clause], heard: Sequence[Heard], claim: str) -> bool:
    own = {concept for clause in claimed for concept in clause.concepts}
    others = {concept for one in heard for concept in one.clause.concepts}
    if not own or own & others or re.search(r"\d", claim):
        return True
    if any(a[:2] == b[:2] and len(a) > 1 and not a.isascii() for a in own for b in others):
        return True  # 바리스타반, 바리스타
    return any(clause.negative for clause in claimed) and any(
        one.clause.negative or one.clause.lacking for one in heard
    )


def is_about(claimed: Sequence[Clause], call: str) -> bool:
    own = {concept for clause in claimed for concept in clause.concepts}
    every = {concept for clause in read(call, written_in(call)) for concept in clause.concepts}
    return bool(own & every)


def aligned_with(clause: Clause, heard: Sequence[Heard]) -> tuple[list[Heard], bool]:
    """The quoted clauses that speak of the same, and whether they share a verb with it."""
    by_verb = [one for one in heard if clause.predicates & one.clause.predicates]
    candidates = by_verb or [one for one in heard if clause.predicates & one.clause.concepts] or list(heard)
    best = max(len(clause.concepts & one.clause.concepts) for one in candidates)
    return [one for one in candidates if len(clause.concepts & one.clause.concepts) == best], bool(by_verb)
