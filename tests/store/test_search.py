from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callytics.errors import InvalidRequestError
from callytics.store import CallFilter, CallStore
from callytics.store.search import Phrase, index_tokens, query_terms
from tests.conftest import MIGRATED
from tests.store.samples import finish, new_call


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def searchable(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CallStore]:
    """Two calls, for tests that only read."""
    if request.param == "sqlite":
        store = CallStore(f"sqlite:///{tmp_path_factory.mktemp('search')}/callytics.db")
    else:
        store = CallStore(request.getfixturevalue("postgres").create_database("search", MIGRATED))
    store.create_call(new_call("1" * 64))
    finish(store)
    store.create_call(new_call("2" * 64))
    finish(store, ((0, 0.0, 2.0, "배송 지연 안내드립니다"), (1, 2.5, 4.0, "LTE 요금제는 얼마인가요 naïve")))
    yield store
    store.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("환불", 1),  # said as "환불을" and as "환불"
        ("환불을", 1),
        ("불", 1),  # one syllable begins "불을", not a word: found all the same
        ("환", 1),
        ("환불금", 0),
        ("신발 환불", 1),  # both, anywhere in the call
        ("신발 배송", 0),
        ("배송지연", 1),  # said, or written, with a space
        ('"배송 지연"', 1),
        ('"지연 배송"', 0),
        ("refund", 1),
        ("REFUNDS", 1),  # stemmed
        ("lte 요금", 1),
        ("LTE요금제", 1),
        ("naive", 1),
        ("고객센터 감사", 1),
        ("카드", 0),
        ('환불" OR "배송', 0),  # operators of FTS5 are text
        ("NEAR(환불)", 0),
    ],
)
def test_query_finds_its_calls(searchable: CallStore, query: str, found: int) -> None:
    assert len(searchable.list_calls(CallFilter(text=query)).calls) == found


def test_decomposed_hangul_is_the_same_text(searchable: CallStore) -> None:
    import unicodedata

    assert len(searchable.list_calls(CallFilter(text=unicodedata.normalize("NFD", "환불"))).calls) == 1


def test_matches_show_the_turns(searchable: CallStore) -> None:
    page = searchable.list_calls(CallFilter(text="환불"))
    turns = page.matches[page.calls[0].id]
    assert [turn.participant_role for turn in turns] == ["CUSTOMER", "AGENT"]
    assert all("환불" in turn.content for turn in turns)
    assert turns[0].begin_offset_ms == 3200


def test_new_result_replaces_the_searchable_turns(store: CallStore) -> None:
    call_id = store.create_call(new_call()).call.id
    finish(store)
    assert len(store.list_calls(CallFilter(text="환불")).calls) == 1
    store.reprocess_call(call_id, ())
    finish(store, ((0, 0.0, 2.0, "카드 분실 신고"),))
    assert store.list_calls(CallFilter(text="환불")).calls == ()
    assert len(store.list_calls(CallFilter(text="분실")).calls) == 1


@pytest.mark.parametrize("query", ["!!!", '""', '"', " - "])
def test_empty_query_is_reported(searchable: CallStore, query: str) -> None:
    with pytest.raises(InvalidRequestError):
        searchable.list_calls(CallFilter(text=query))


def test_tokens_are_pairs_and_content_words() -> None:
    assert index_tokens("환불을, LTE 5만원") == (
        *("환불", "불을", "을", "lte", "5", "만원", "원"),
        *("ㅁ환불", "ㅁlte", "ㅁ5", "ㅁ만", "ㅁ원"),
    )
    assert query_terms('휴일을 "a b"') == [
        (Phrase(("휴일", "일을")), Phrase(("ㅁ휴일",))),
        (Phrase(("a", "b")),),
    ]
    assert query_terms("끝")[0][:2] == (Phrase(("끝",), is_prefix=True), Phrase(("ㅁ끝",)))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallStore]:
    if request.param == "sqlite":
        store = CallStore(f"sqlite:///{tmp_path_factory.mktemp('empty')}/callytics.db")
    else:
        store = CallStore(request.getfixturevalue("postgres").create_database("empty", MIGRATED))
    yield store
    store.close()


@settings(max_examples=100, deadline=None)
@given(query=st.text(min_size=1, max_size=40))
def test_no_query_breaks_the_search(empty: CallStore, query: str) -> None:
    if query_terms(query):
        assert empty.list_calls(CallFilter(text=query)).calls == ()
    else:
        with pytest.raises(InvalidRequestError):
            empty.list_calls(CallFilter(text=query))


@given(text=st.text(alphabet="가나다환불을 .ab", min_size=1, max_size=20), data=st.data())
def test_every_part_of_a_word_is_found(text: str, data: st.DataObject) -> None:
    """A run of syllables of a text, asked for, gives a phrase whose tokens follow each other in the index."""
    words = [word.strip(".") for word in text.split() if word.strip(".ab") and "." not in word.strip(".")]
    hangul = [word for word in words if all("가" <= letter <= "힣" for letter in word) and len(word) > 1]
    if not hangul:
        return
    word = data.draw(st.sampled_from(hangul))
    start = data.draw(st.integers(0, len(word) - 2))
    end = data.draw(st.integers(start + 2, len(word)))
    phrase = query_terms(word[start:end])[0][0]
    indexed = index_tokens(text)
    length = len(phrase.tokens)
    assert phrase.tokens in [indexed[i : i + length] for i in range(len(indexed))]
