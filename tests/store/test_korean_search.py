"""Fifty queries with other particles, endings and spaces than what was said, and fifty that were not said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from callytics.store import CallFilter, CallStore
from callytics.store.database import is_postgresql
from callytics.store.search import index_tokens, tsvector
from tests.conftest import MIGRATED
from tests.store.samples import finish, new_call

SAID = (
    "심폐소생술 자격증 취득을 원하시면 인터넷으로 신청해 주세요",
    "휴일이 너무 짧아서 배송 지연 때문에 걱정이에요",
    "지난달 요금이 사만 원이나 더 나왔는데요 왜 그런지 모르겠어요",
    "카드를 잃어버렸는데 누가 벌써 돈을 썼어요",
    "기사님께서 내일 오전에 방문하셔서 고쳐 드릴 겁니다",
    "환불은 영업일 기준으로 사흘 안에 통장으로 보내 드릴게요",
    "이 사람이 전화를 계속 안 받아서 세 번째 걸고 있습니다",
    "공유기를 껐다 켜면 되는지 알려 주시겠어요",
    "보험금 청구 서류를 팩스로 넣었는데 아직 연락을 못 들었습니다",
    "예약을 다음 주 화요일로 옮기고 싶은데 자리가 남아 있을까요",
    "LTE 요금제를 5G로 바꾸면 위약금이 얼마나 나올까요",
    "고객님들 불편을 드려 죄송하고 담당자가 다시 전화드리겠습니다",
    "현관 비밀번호를 몰라서 택배를 경비실에 맡겼다고 하더라고요",
    "아이가 열이 나서 진료를 빨리 보고 싶어요",
    "계약을 해지하려면 어디에서 서명해야 합니까",
    "추가 방문 비용은 저희가 부담합니다",
)

FOUND = (
    *(
        "휴일을",
        "인터넷에서",
        "소생술은",
        "배송지연",
        "배송이",
        "지연되면",
        "요금은",
        "요금을",
        "모르세요",
        "나왔어요",
    ),
    *(
        "카드가",
        "잃어버리면",
        "썼는데",
        "돈은",
        "기사님이",
        "방문하시는",
        "고쳐주세요",
        "고치나요",
        "환불을",
        "영업일에",
    ),
    *(
        "통장에",
        "보냈어요",
        "보내주세요",
        "전화는",
        "받았어요",
        "걸었는데",
        "공유기가",
        "꺼도",
        "켜고",
        "알려줘",
    ),
    *(
        "보험금을",
        "청구했어요",
        "서류가",
        "팩스는",
        "넣으면",
        "들으셨나요",
        "예약은",
        "옮겨주세요",
        "화요일에",
        "남았어요",
    ),
    *(
        "요금제는",
        "바꿀게요",
        "위약금은",
        "고객님이",
        "불편한",
        "담당자는",
        "비밀번호는",
        "맡겼어요",
        "진료는",
        "해지할게요",
    ),
)

NOT_SAID = (
    *("이사", "이사를", "가방", "가방을", "사고", "상담", "반품", "교환", "결제", "할부"),
    *("연체", "이자", "대출", "적립", "쿠폰", "회원", "탈퇴", "주문", "취소", "영수증"),
    *("세금", "계산서", "수리비", "부품", "고장", "냉장고", "세탁기", "에어컨", "인터폰", "단말기"),
    *("약국", "처방", "수술", "퇴원", "보호자", "학교", "선생님", "학원", "교재", "시험"),
    *("비행기", "호텔", "숙박", "여권", "공항", "기차", "버스", "주차", "운전", "면허"),
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def korean(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallStore]:
    if request.param == "sqlite":
        store = CallStore(f"sqlite:///{tmp_path_factory.mktemp('korean')}/callytics.db")
    else:
        store = CallStore(request.getfixturevalue("postgres").create_database("korean", MIGRATED))
    store.create_call(new_call("3" * 64))
    finish(store, tuple((n % 2, 3.0 * n, 3.0 * n + 2.0, said) for n, said in enumerate(SAID)))
    yield store
    store.close()


def hits(store: CallStore, query: str) -> int:
    return len(store.list_calls(CallFilter(text=query)).calls)


def test_fifty_queries_find_words_with_other_endings(korean: CallStore) -> None:
    assert len(set(FOUND)) == 50
    assert [query for query in FOUND if not hits(korean, query)] == []


def test_fifty_absent_words_are_not_found(korean: CallStore) -> None:
    assert len(set(NOT_SAID)) == 50
    assert [query for query in NOT_SAID if hits(korean, query)] == []


@pytest.mark.parametrize(
    ("query", "found"), [("이사", 0), ("가방", 0), ("사람이", 1), ("추가방문", 1), ("주화", 0)]
)
def test_words_that_only_meet_across_a_space_are_not_found(korean: CallStore, query: str, found: int) -> None:
    assert hits(korean, query) == found


@pytest.mark.parametrize(
    "query", ['"배송 지연"', '"보험금 청구"', '"내일 오전에 방문"', '"전화를 안 받아요"']
)
def test_phrase_is_found_in_order(korean: CallStore, query: str) -> None:
    words = query.strip('"').split()
    assert hits(korean, query) == (query != '"전화를 안 받아요"')
    assert hits(korean, f'"{" ".join(reversed(words))}"') == 0


def test_turns_of_an_earlier_index_are_found_after_reindexing(store: CallStore) -> None:
    """As version 1 left them: pairs of syllables only."""
    store.create_call(new_call("4" * 64))
    finish(store, ((0, 0.0, 2.0, SAID[0]), (1, 2.0, 4.0, SAID[1])))
    old = [token for token in index_tokens(SAID[1]) if not token.startswith("ㅁ")]
    with store._write() as session:
        is_server = is_postgresql(session.get_bind())
        value = tsvector(old) if is_server else " ".join(old)
        cast = "CAST(:tokens AS tsvector)" if is_server else ":tokens"
        session.execute(text(f"UPDATE turn_search SET tokens = {cast}"), {"tokens": value})
        session.execute(text("UPDATE turn_texts SET index_version = 1"))
    assert hits(store, "휴일을") == 0
    assert store.reindex_turns(limit=1) == 1
    assert store.reindex_turns(limit=5) == 1
    assert store.reindex_turns() == 0
    assert hits(store, "휴일을") == 1


def test_name_is_found_with_another_title(store: CallStore) -> None:
    store.create_call(new_call("4" * 64))
    finish(store, ((0, 0.0, 2.0, "김민지 상담사님이 전화를 하셨어요"), (1, 2.0, 4.0, "박서준 씨가 받았어요")))
    assert [hits(store, query) for query in ("김민지씨", "김민지 씨가", "박서준씨", "박서준")] == [1, 1, 1, 1]
    assert [hits(store, query) for query in ("김민수씨", "글씨", "아저씨")] == [0, 0, 0]
