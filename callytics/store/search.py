"""Full-text search over transcripts, in Korean and in languages with spaces.

Korean words have particles ("환불을", "환불이"), and neither speech recognition nor people agree on the spaces. So
a turn is indexed twice. First Hangul (and Han, Kana) as overlapping pairs of syllables per word, as Lucene's
CJKAnalyzer does with bigrams: "환불을" gives 환불 불을 을, and the query "환불" finds it. No pair spans a space: "이사"
is not in "이 사람". Second, its content words without particles and endings (morphemes.py), so "휴일을" finds "휴일이"
and "배송지연" finds "배송 지연". Other scripts are indexed by word, without accents, by their stems (Porter, 1980).

The tokens are made here, not in the database, so both databases find the same. SQLite has an FTS5 table, which stems
and folds accents by itself; PostgreSQL has a tsvector with positions. In both, a table ``turn_search`` has one row per
turn, with the turn's id as its ``rowid``.
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

from callytics.store import morphemes
from callytics.store.database import is_postgresql
from callytics.store.records.lists import TurnMatch
from callytics.store.rows import plain_text
from callytics.store.tables.calls import TurnTextRow

_CJK = "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_PIECES = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")
_QUERY_TERMS = re.compile(r'"([^"]*)"|(\S+)')
_IS_CJK = re.compile(rf"[{_CJK}]")

_LEMMA = "ㅁ"
"""Prefix of the token of a content word: a single jamo, which starts no syllable."""

INDEX_VERSION = 2
"""Version of the tokens below. Version 1 had no content words; its rows are updated in the background
(reindex_turns)."""

MATCHES_PER_CALL = 3
MAX_TOKEN_LENGTH = 200
"""PostgreSQL accepts words of up to 2046 bytes; speech has none of that length."""


@dataclass(frozen=True)
class Phrase:
    """Consecutive tokens; with ``is_prefix`` the last one may be longer."""

    tokens: tuple[str, ...]
    is_prefix: bool = False


Term = tuple[Phrase, ...]
"""The alternatives for one word of a query: any of the phrases."""


def index_tokens(content: str) -> tuple[str, ...]:
    """The tokens of a text, in the order in which they are indexed."""
    surface = [token for piece in _pieces(content) for token in _tokens(piece)]
    return (*surface, *map(_lemma_token, morphemes.lemmas(_normalized(content))))


def query_terms(query: str) -> list[Term]:
    """One term per word or "quoted phrase" of the query; a call must contain all of them."""
    terms = []
    for quoted, word in _QUERY_TERMS.findall(query):
        pieces = _pieces(quoted or word)
        if pieces:
            words = morphemes.readings(_normalized(quoted or word))
            by_words = (Phrase(tuple(map(_lemma_token, reading))) for reading in words)
            terms.append((_phrase(pieces), *by_words))
    return terms


def _normalized(content: str) -> str:
    return unicodedata.normalize("NFKC", content).casefold()


def _pieces(content: str) -> list[str]:
    return _PIECES.findall(_normalized(content))


def _tokens(piece: str) -> list[str]:
    if not _IS_CJK.match(piece):
        return [piece[:MAX_TOKEN_LENGTH]]
    return [piece[i : i + 2] for i in range(len(piece))]  # the last one is a single syllable


def _lemma_token(lemma: str) -> str:
    return _LEMMA + lemma[:MAX_TOKEN_LENGTH]


def _phrase(pieces: Sequence[str]) -> Phrase:
    tokens = tuple(token for piece in pieces for token in _tokens(piece))
    if not _IS_CJK.match(pieces[-1]):
        return Phrase(tokens)
    if len(pieces[-1]) > 1:
        return Phrase(tokens[:-1])  # a particle after the last syllable is not part of the query
    return Phrase(tokens, is_prefix=True)  # a single syllable is the start of a pair


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
    """The form of PostgreSQL's type: 'token':position."""
    return " ".join(f"'{_stem(token)}':{position}" for position, token in enumerate(tokens, start=1))


def _stem(token: str) -> str:
    if _IS_CJK.match(token):
        return token
    decomposed = unicodedata.normalize("NFKD", token)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c)) or token
    stem: str = _porter().stemWord(plain)
    return stem or plain  # the stem of a lone "s" is empty


@cache
def _porter() -> Any:
    """The same stemmer as in FTS5."""
    import snowballstemmer  # in callytics[postgresql], with the driver

    return snowballstemmer.stemmer("porter")


def _saying(session: Session, phrases: Sequence[Phrase]) -> tuple[str, Any]:
    """A condition on turn_search and its parameter: the turn contains any of the phrases."""
    if is_postgresql(session.get_bind()):
        return "tokens @@ CAST(:said AS tsquery)", bindparam("said", tsquery(phrases), unique=True)
    return "turn_search MATCH :said", bindparam("said", fts5_query(phrases), unique=True)


def index_turns(session: Session, call_id: str, turns: Iterable[Mapping[str, Any]]) -> None:
    """Replace the searchable turns of a call with the ``transcript`` of its result."""
    remove_turns(session, call_id)
    rows = [
        TurnTextRow(
            call_id=call_id,
            turn_id=turn["id"],
            participant_role=turn["participant_role"],
            begin_offset_ms=turn["begin_offset_ms"],
            content=plain_text(turn["content"]),
            index_version=INDEX_VERSION,
        )
        for turn in turns
    ]
    if not rows:
        return
    session.add_all(rows)
    session.flush()
    session.execute(
        text(f"INSERT INTO turn_search (rowid, tokens) VALUES (:id, {_value(session)})"),
        [{"id": row.id, "tokens": _indexed(session, row.content)} for row in rows],
    )


def _value(session: Session) -> str:
    return "CAST(:tokens AS tsvector)" if is_postgresql(session.get_bind()) else ":tokens"


def _indexed(session: Session, content: str) -> str:
    tokens = index_tokens(content)
    return tsvector(tokens) if is_postgresql(session.get_bind()) else " ".join(tokens)


def reindex_turns(session: Session, limit: int) -> int:
    """Update the tokens of turns from an earlier index version. Returns the number of turns, 0 if none remain."""
    outdated = select(TurnTextRow).where(col(TurnTextRow.index_version) < INDEX_VERSION)
    rows = session.exec(
        outdated.order_by(col(TurnTextRow.id)).limit(limit).with_for_update(skip_locked=True)
    ).all()
    if not rows:
        return 0
    session.execute(
        text(f"UPDATE turn_search SET tokens = {_value(session)} WHERE rowid = :id"),
        [{"id": row.id, "tokens": _indexed(session, row.content)} for row in rows],
    )
    for row in rows:
        row.index_version = INDEX_VERSION
        session.add(row)
    return len(rows)


def remove_turns(session: Session, call_id: str) -> None:
    session.execute(
        text("DELETE FROM turn_search WHERE rowid IN (SELECT id FROM turn_texts WHERE call_id = :call_id)"),
        {"call_id": call_id},
    )
    session.execute(delete(TurnTextRow).where(col(TurnTextRow.call_id) == call_id))


def calls_saying(session: Session, term: Term) -> Any:
    """A condition on calls: one of the turns contains the term."""
    condition, parameter = _saying(session, term)
    return text(
        "calls.id IN (SELECT turn_texts.call_id FROM turn_search JOIN turn_texts"
        f" ON turn_texts.id = turn_search.rowid WHERE {condition})"
    ).bindparams(parameter)


def first_matches(
    session: Session, call_ids: Sequence[str], terms: Sequence[Term]
) -> dict[str, tuple[TurnMatch, ...]]:
    """The first few turns of each call that contain any of the terms."""
    found: dict[str, tuple[TurnMatch, ...]] = {}
    condition, parameter = _saying(session, [phrase for term in terms for phrase in term])
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
