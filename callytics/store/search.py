"""Full-text search over what was said, in Korean and in languages with spaces.

Korean words carry particles ("환불을", "환불이"), and neither speech recognition nor people agree on where its
spaces are. So Hangul (and Han, Kana) is indexed as overlapping pairs of syllables across spaces, as Lucene's
CJKAnalyzer does with bigrams: "환불을" gives 환불 불을 을, and the query "환불" finds it. Other scripts are indexed
by word, with the Porter stemmer of SQLite's FTS5. The tokens are made here, not in the database, so that
PostgreSQL can index the same tokens in a tsvector.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from callytics.store.records import TurnMatch
from callytics.store.tables import TurnTextRow

_CJK = "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_PIECES = re.compile(rf"[{_CJK}]+(?:\s+[{_CJK}]+)*|[^\W_{_CJK}]+")
_QUERY_TERMS = re.compile(r'"([^"]*)"|(\S+)')
_IS_CJK = re.compile(rf"[{_CJK}]")

MATCHES_PER_CALL = 3


def index_tokens(content: str) -> str:
    """The tokens of a text, separated by spaces, in the order in which they are indexed."""
    return " ".join(token for piece in _pieces(content) for token in _tokens(piece))


def query_phrases(query: str) -> list[str]:
    """FTS5 phrases, one for each word or "quoted phrase" of the query; all of them must be found in a call."""
    phrases = []
    for quoted, word in _QUERY_TERMS.findall(query):
        pieces = _pieces(quoted or word)
        if pieces:
            phrases.append(_phrase(pieces))
    return phrases


def _pieces(content: str) -> list[str]:
    normalized = unicodedata.normalize("NFKC", content).casefold()
    return ["".join(piece.split()) for piece in _PIECES.findall(normalized)]


def _tokens(piece: str) -> list[str]:
    if not _IS_CJK.match(piece):
        return [piece]
    return [piece[i : i + 2] for i in range(len(piece))]  # the last one is a single syllable


def _phrase(pieces: Sequence[str]) -> str:
    tokens = [token for piece in pieces for token in _tokens(piece)]
    if not _IS_CJK.match(pieces[-1]):
        return f'"{" ".join(tokens)}"'
    if len(pieces[-1]) > 1:
        return f'"{" ".join(tokens[:-1])}"'  # what follows the last syllable, a particle, is not asked for
    return f'"{" ".join(tokens)}"*'  # a single syllable begins a pair


def index_turns(session: Session, call_id: str, turns: Iterable[Mapping[str, Any]]) -> None:
    """Replace the searchable turns of a call by the ``transcript`` of its result."""
    remove_turns(session, call_id)
    rows = [
        TurnTextRow(
            call_id=call_id,
            turn_id=turn["id"],
            participant_role=turn["participant_role"],
            begin_offset_ms=turn["begin_offset_ms"],
            content=turn["content"],
        )
        for turn in turns
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        session.execute(
            text("INSERT INTO turn_search (rowid, tokens) VALUES (:id, :tokens)"),
            {"id": row.id, "tokens": index_tokens(row.content)},
        )


def remove_turns(session: Session, call_id: str) -> None:
    session.execute(
        text("DELETE FROM turn_search WHERE rowid IN (SELECT id FROM turn_texts WHERE call_id = :call_id)"),
        {"call_id": call_id},
    )
    session.execute(delete(TurnTextRow).where(col(TurnTextRow.call_id) == call_id))


def calls_saying(phrase: str) -> Any:
    """A subquery of the ids of the calls in which an FTS5 phrase was said."""
    return text(
        "calls.id IN (SELECT turn_texts.call_id FROM turn_search JOIN turn_texts"
        f" ON turn_texts.id = turn_search.rowid WHERE turn_search MATCH :{_bind(phrase)})"
    ).bindparams(**{_bind(phrase): phrase})


def _bind(phrase: str) -> str:
    return "phrase_" + phrase.encode().hex()


def first_matches(
    session: Session, call_ids: Sequence[str], phrases: Sequence[str]
) -> dict[str, tuple[TurnMatch, ...]]:
    """The first few turns of each call that say any of the phrases."""
    found: dict[str, tuple[TurnMatch, ...]] = {}
    saying = text("turn_texts.id IN (SELECT rowid FROM turn_search WHERE turn_search MATCH :any_phrase)")
    for call_id in call_ids:
        rows = session.exec(
            select(TurnTextRow)
            .where(col(TurnTextRow.call_id) == call_id)
            .where(saying.bindparams(any_phrase=" OR ".join(phrases)))
            .order_by(col(TurnTextRow.id))
            .limit(MATCHES_PER_CALL)
        )
        found[call_id] = tuple(
            TurnMatch(row.turn_id, row.participant_role, row.begin_offset_ms, row.content) for row in rows
        )
    return found
