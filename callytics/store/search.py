"""Full-text search over what was said, in Korean and in languages with spaces.

Korean words carry particles ("환불을", "환불이"), and neither speech recognition nor people agree on where its
spaces are. So Hangul (and Han, Kana) is indexed as overlapping pairs of syllables across spaces, as Lucene's
CJKAnalyzer does with bigrams: "환불을" gives 환불 불을 을, and the query "환불" finds it. Other scripts are indexed
by word, without accents, by their stems (Porter, 1980).

The tokens are made here, not in the database, so that both find the same: SQLite in an FTS5 table, which stems and
folds accents by itself, PostgreSQL in a tsvector with positions. Either way a table ``turn_search`` holds them in a
row for each turn, its ``rowid`` the turn's id.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, delete, select

from callytics.store.database import is_postgresql
from callytics.store.records import TurnMatch
from callytics.store.rows import plain_text
from callytics.store.tables import TurnTextRow

_CJK = "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_PIECES = re.compile(rf"[{_CJK}]+(?:\s+[{_CJK}]+)*|[^\W_{_CJK}]+")
_QUERY_TERMS = re.compile(r'"([^"]*)"|(\S+)')
_IS_CJK = re.compile(rf"[{_CJK}]")

MATCHES_PER_CALL = 3
MAX_TOKEN_LENGTH = 200
"""PostgreSQL takes words of up to 2046 bytes; nobody says such a one."""


@dataclass(frozen=True)
class Phrase:
    """Tokens that follow each other; with ``is_prefix`` the last may go on."""

    tokens: tuple[str, ...]
    is_prefix: bool = False


def index_tokens(content: str) -> tuple[str, ...]:
    """The tokens of a text, in the order in which they are indexed."""
    return tuple(token for piece in _pieces(content) for token in _tokens(piece))


def query_phrases(query: str) -> list[Phrase]:
    """One for each word or "quoted phrase" of the query; all of them must be found in a call."""
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
        return [piece[:MAX_TOKEN_LENGTH]]
    return [piece[i : i + 2] for i in range(len(piece))]  # the last one is a single syllable


def _phrase(pieces: Sequence[str]) -> Phrase:
    tokens = tuple(token for piece in pieces for token in _tokens(piece))
    if not _IS_CJK.match(pieces[-1]):
        return Phrase(tokens)
    if len(pieces[-1]) > 1:
        return Phrase(tokens[:-1])  # what follows the last syllable, a particle, is not asked for
    return Phrase(tokens, is_prefix=True)  # a single syllable begins a pair


# ---------------------------------------------------------------- the two databases


def fts5_query(phrases: Sequence[Phrase]) -> str:
    """Any of the phrases, in the query language of SQLite's FTS5."""
    return " OR ".join(f'"{" ".join(phrase.tokens)}"' + "*" * phrase.is_prefix for phrase in phrases)


def tsquery(phrases: Sequence[Phrase]) -> str:
    """Any of the phrases, as a PostgreSQL tsquery. Tokens are letters and digits, so nothing has to be escaped."""
    parts = (
        " <-> ".join(f"'{_stem(token)}'" for token in phrase.tokens) + ":*" * phrase.is_prefix
        for phrase in phrases
    )
    return " | ".join(f"({part})" for part in parts)


def tsvector(tokens: Sequence[str]) -> str:
    """As PostgreSQL's type takes it: 'token':position."""
    return " ".join(f"'{_stem(token)}':{position}" for position, token in enumerate(tokens, start=1))


def _stem(token: str) -> str:
    if _IS_CJK.match(token):
        return token
    decomposed = unicodedata.normalize("NFKD", token)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)) or token
    stem: str = _porter().stemWord(plain)
    return stem or plain  # of a lone "s" nothing would stay


@cache
def _porter() -> Any:
    """The stemmer that FTS5 has built in."""
    import snowballstemmer  # in callytics[postgresql], with the driver

    return snowballstemmer.stemmer("porter")


def _saying(session: Session, phrases: Sequence[Phrase]) -> tuple[str, Any]:
    """A condition on turn_search and its parameter: any of the phrases is said in the turn."""
    if is_postgresql(session.get_bind()):
        return "tokens @@ CAST(:said AS tsquery)", bindparam("said", tsquery(phrases), unique=True)
    return "turn_search MATCH :said", bindparam("said", fts5_query(phrases), unique=True)


def index_turns(session: Session, call_id: str, turns: Iterable[Mapping[str, Any]]) -> None:
    """Replace the searchable turns of a call by the ``transcript`` of its result."""
    remove_turns(session, call_id)
    rows = [
        TurnTextRow(
            call_id=call_id,
            turn_id=turn["id"],
            participant_role=turn["participant_role"],
            begin_offset_ms=turn["begin_offset_ms"],
            content=plain_text(turn["content"]),
        )
        for turn in turns
    ]
    if not rows:
        return
    session.add_all(rows)
    session.flush()
    if is_postgresql(session.get_bind()):
        statement = "INSERT INTO turn_search (rowid, tokens) VALUES (:id, CAST(:tokens AS tsvector))"
        values = [tsvector(index_tokens(row.content)) for row in rows]
    else:
        statement = "INSERT INTO turn_search (rowid, tokens) VALUES (:id, :tokens)"
        values = [" ".join(index_tokens(row.content)) for row in rows]
    session.execute(
        text(statement), [{"id": row.id, "tokens": value} for row, value in zip(rows, values, strict=True)]
    )


def remove_turns(session: Session, call_id: str) -> None:
    session.execute(
        text("DELETE FROM turn_search WHERE rowid IN (SELECT id FROM turn_texts WHERE call_id = :call_id)"),
        {"call_id": call_id},
    )
    session.execute(delete(TurnTextRow).where(col(TurnTextRow.call_id) == call_id))


def calls_saying(session: Session, phrase: Phrase) -> Any:
    """A condition on calls: the phrase was said in one of its turns."""
    condition, parameter = _saying(session, [phrase])
    return text(
        "calls.id IN (SELECT turn_texts.call_id FROM turn_search JOIN turn_texts"
        f" ON turn_texts.id = turn_search.rowid WHERE {condition})"
    ).bindparams(parameter)


def first_matches(
    session: Session, call_ids: Sequence[str], phrases: Sequence[Phrase]
) -> dict[str, tuple[TurnMatch, ...]]:
    """The first few turns of each call that say any of the phrases."""
    found: dict[str, tuple[TurnMatch, ...]] = {}
    condition, parameter = _saying(session, phrases)
    saying = text(f"turn_texts.id IN (SELECT rowid FROM turn_search WHERE {condition})").bindparams(parameter)
    for call_id in call_ids:
        rows = session.exec(
            select(TurnTextRow)
            .where(col(TurnTextRow.call_id) == call_id)
            .where(saying)
            .order_by(col(TurnTextRow.id))
            .limit(MATCHES_PER_CALL)
        )
        found[call_id] = tuple(
            TurnMatch(row.turn_id, row.participant_role, row.begin_offset_ms, row.content) for row in rows
        )
    return found
