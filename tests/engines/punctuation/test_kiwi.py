from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.domain import Conversation, Word
from callytics.engines.punctuation.kiwi import KiwiPunctuationRestorer
from evaluation.dialogues import Split
from evaluation.korean_marks import by_question_word, read_sentences, score
from tests.support.talk import talk


@pytest.fixture(scope="module")
def kiwi() -> KiwiPunctuationRestorer:
    return KiwiPunctuationRestorer()


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        (
            "안녕하세요 행복카드 상담원 김민지입니다 무엇을 도와드릴까요",
            "안녕하세요. 행복카드 상담원 김민지입니다. 무엇을 도와드릴까요?",
        ),
        (
            "요금이 두 번 빠져나갔는데요 확인해 주실 수 있나요",
            "요금이 두 번 빠져나갔는데요. 확인해 주실 수 있나요?",
        ),
        ("성함이 어떻게 되세요", "성함이 어떻게 되세요?"),
        ("본인 맞으시죠", "본인 맞으시죠?"),
        ("환불은언제 되는 건가요", "환불은 언제 되는 건가요?"),
        ("상품이 깨져 있 습니다", "상품이 깨져 있습니다."),
        ("어제 집에 갔다 와서 봤더니 없다", "어제 집에 갔다 와서 봤더니 없다."),
        ("간다 해도 소용이 없다 그래서 그냥 왔다", "간다 해도 소용이 없다. 그래서 그냥 왔다."),
        ("네 알겠습니다", "네, 알겠습니다."),
        ("안녕히 계세요 좋은 하루 되세요", "안녕히 계세요. 좋은 하루 되세요."),
        ("누구나 할 수 있어요", "누구나 할 수 있어요."),
        ("빨리 해 주세요!", "빨리 해 주세요!"),
        ("시간 여유 있으니까 천천히 오세요", "시간 여유 있으니까 천천히 오세요."),
        ("그러니까 그건 제가 아까 말씀드렸잖아요", "그러니까 그건 제가 아까 말씀드렸잖아요."),
        ("내일 다시 걸까요 제가 지금은 바쁘니까요", "내일 다시 걸까요? 제가 지금은 바쁘니까요."),
        ("언제 됩니까 기다릴까 말까", "언제 됩니까? 기다릴까 말까?"),
        ("봉투는 아까", "봉투는 아까."),
    ],
)
def test_korean_turns_are_punctuated(kiwi: KiwiPunctuationRestorer, spoken: str, written: str) -> None:
    assert kiwi(talk(("a", spoken))).turns[0].content == written


@pytest.mark.parametrize("kept", ["3.5", "www.naver.com", "1,000", "iPhone", "AS", "15:30", "010-1234-5678"])
def test_non_korean_text_is_unchanged(kiwi: KiwiPunctuationRestorer, kept: str) -> None:
    assert kept in kiwi(talk(("a", f"그러면 {kept} 맞습니까 확인했습니다"))).turns[0].content.split()


@pytest.mark.parametrize(
    "written",
    [
        "껐다 켜면 되잖아요.",
        "누가 벌써 돈을 썼어요.",
        "몇 번이나 전화했어요.",
        "어떻게 좀 해 봐요.",
        "뭐라고요?",
        "이 서류는 어디다 내요?",
        "왜 그런지 확인해 보겠습니다.",
        "비가 오니까 안 되더라고요.",
        "얼마나 난감하셨어요.",
        "비용은 따로 없는 거죠?",
    ],
)
def test_question_is_told_from_statement(kiwi: KiwiPunctuationRestorer, written: str) -> None:
    assert kiwi.split(written.rstrip(".?")) == [written]


def test_echo_of_the_other_partys_statement_is_a_question(kiwi: KiwiPunctuationRestorer) -> None:
    raised = kiwi(talk(("a", "이번 달부터 만 원이 오릅니다"), ("b", "만 원이 올라요")))
    asked = kiwi(talk(("a", "얼마가 올라요?"), ("b", "만 원 올라요")))
    assert raised.turns[1].content == "만 원이 올라요?"
    assert asked.turns[1].content == "만 원 올라요."


@pytest.mark.parametrize(("split", "floor"), [("choose", 0.95), ("report", 0.90)])
def test_question_marks_stay_above_their_floor(
    kiwi: KiwiPunctuationRestorer, split: Split, floor: float
) -> None:
    sentences = [s for s in read_sentences(split) if not s.by_intonation]
    ours = score(sentences, lambda text, before: " ".join(kiwi.split(text, before)))
    assert ours.f1 >= floor > score(sentences, by_question_word).f1


def test_mark_after_a_particle_does_not_end_a_sentence(kiwi: KiwiPunctuationRestorer) -> None:
    assert kiwi(talk(("a", "제가 주문을. 취소했어요."))).turns[0].content == "제가 주문을 취소했어요."


def test_pause_ends_an_ambiguous_sentence(kiwi: KiwiPunctuationRestorer) -> None:
    def sentences(pause_s: float) -> int:
        words = (
            Word("그랬어", 0.0, 0.5, 1.0),
            Word("진짜", 0.5 + pause_s, 1.0 + pause_s, 1.0),
            Word("좋아", 1.0 + pause_s, 1.5 + pause_s, 1.0),
        )
        conversation = talk(("a", "그랬어 진짜 좋아"))
        turn = replace(conversation.turns[0], words=words)
        return len(kiwi(replace(conversation, turns=(turn,))).turns[0].sentences)

    assert sentences(1.0) == 2


def test_sentences_take_the_times_of_their_words(kiwi: KiwiPunctuationRestorer) -> None:
    turn = kiwi(talk(("a", "안녕하세요 김민지입니다 무엇을 도와드릴까요"))).turns[0]
    assert [(s.start_s, s.end_s) for s in turn.sentences] == [(0.0, 0.25), (0.25, 0.5), (0.5, 1.0)]


def test_other_languages_keep_their_marks(kiwi: KiwiPunctuationRestorer) -> None:
    text = "Thank you for calling. My name is Dr. Smith. How can I help?"
    turn = kiwi(talk(("a", text), language="en")).turns[0]
    assert turn.content == text
    assert [s.text for s in turn.sentences] == [
        "Thank you for calling.",
        "My name is Dr. Smith.",
        "How can I help?",
    ]


def test_correct_spacing_is_unchanged(kiwi: KiwiPunctuationRestorer) -> None:
    text = "카드 결제일이 언제인지 그리고 이번 달 청구 금액이 얼마인지 확인할 수 있을까요"
    assert kiwi(talk(("a", text))).turns[0].content == f"{text}?"


def test_empty_call_is_unchanged(kiwi: KiwiPunctuationRestorer) -> None:
    empty = Conversation("ko", 5.0, (), (), ())
    assert kiwi(empty) == empty
