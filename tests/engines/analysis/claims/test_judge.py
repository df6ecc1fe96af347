"""Claims against quotes, by rule. Every lie here uses the words of its quote."""

from __future__ import annotations

import pytest

from callytics.domain import Role
from callytics.engines.analysis.claims.heard import Quoted
from callytics.engines.analysis.claims.judge import unproven

A, C = Role.AGENT, Role.CUSTOMER


def judged(claim: str, *quotes: tuple[Role, str], owner: Role | None = None) -> str | None:
    language = "ko" if any("가" <= character <= "힣" for character in claim) else "en"
    return unproven(claim, [Quoted(text, role) for role, text in quotes], language, owner)


POLARITY = [
    ("The agent refused to refund the order.", (A, "I've refunded your order."), "negation_turned"),
    ("The agent refunded the order.", (A, "I can't refund your order."), "negation_turned"),
    ("The agent did not refund the order.", (A, "We never refund an order like that."), None),
    ("The customer was satisfied.", (C, "I'm not satisfied at all."), "negation_turned"),
    ("The agent refused a refund.", (A, "I'm unable to refund that."), None),
    ("고객은 서비스에 만족했다", (C, "하나도 만족 못 해요"), "negation_turned"),
    ("고객은 서비스에 만족하지 못했다", (C, "하나도 만족 못 해요"), None),
    ("상담원은 환불을 거절했다.", (A, "환불해 드렸습니다."), "negation_not_said"),
    ("상담원은 환불이 안 된다고 했다.", (A, "환불은 안 됩니다."), None),
    ("상담원은 환불이 안 된다고 했다.", (A, "환불이 어렵습니다."), None),
    ("상담원은 담당자를 모른다고 했다.", (A, "담당자는 저희도 몰라요."), None),
    ("보증서가 있다.", (C, "보증서는 없어요."), "negation_turned"),
]
PARTY = [
    ("The agent apologised.", (A, "I'm so sorry about that."), None),
    ("The customer apologised.", (A, "I'm so sorry about that."), "actor_swapped"),
    ("The agent lost the card.", (C, "I lost my card on the bus."), "actor_swapped"),
    ("The customer lost the card.", (C, "I lost my card on the bus."), None),
    ("The customer lost the card.", (A, "You lost your card, right."), None),
    ("The customer swapped two bags.", (A, "the driver swapped two bags"), "actor_swapped"),
    ("상담원이 카드를 잃어버렸다.", (C, "제가 카드를 잃어버렸어요."), "actor_swapped"),
    ("고객이 카드를 잃어버렸다.", (C, "제가 카드를 잃어버렸어요."), None),
    ("고객이 비밀번호를 틀렸다.", (A, "비밀번호를 다섯 번 틀리셨네요."), None),
    ("고객이 사과했다.", (A, "정말 죄송합니다."), "actor_swapped"),
]
DEEDS = [
    ("The agent sent a new card.", (A, "I'll send you a new card."), "promise_is_no_deed"),
    ("The agent sent a new card.", (A, "I've sent you a new card."), None),
    ("The agent will send a new card.", (A, "I'll send you a new card."), None),
    ("The customer returned the parcel.", (A, "Please return the parcel."), "promise_is_no_deed"),
    ("상담원이 카드를 보냈다.", (A, "카드를 보내 드릴게요."), "promise_is_no_deed"),
    ("상담원이 카드를 보냈다.", (A, "카드를 보내 드리겠습니다."), "promise_is_no_deed"),
    ("상담원이 카드를 보냈다.", (A, "카드를 보내 드렸습니다."), None),
    ("상담원이 카드를 보내 주기로 했다.", (A, "카드를 보내 드릴게요."), None),
    ("고객이 서류를 보냈다.", (A, "서류를 보내 주세요."), "promise_is_no_deed"),
]
FIGURES = [
    ("The refund is 30 dollars.", (A, "The refund is thirty dollars."), None),
    ("The refund is 13 dollars.", (A, "The refund is thirty dollars."), "number_not_said"),
    ("The supplement is $1,840.", (C, "The supplement is eighteen forty."), None),
    ("The loan is at 13.9 percent.", (C, "the loan is at thirteen nine"), None),
    ("It takes three days.", (A, "It takes three hours."), "unit_not_said"),
    ("It takes two weeks.", (A, "It takes a fortnight."), None),
    ("A technician comes on Tuesday.", (A, "A technician comes on Friday."), "day_not_said"),
    ("환불액은 180,000원이다.", (A, "환불액은 십팔만 원입니다."), None),
    ("환불액은 280,000원이다.", (A, "환불액은 십팔만 원입니다."), "number_not_said"),
    ("기사가 세 번 왔다.", (C, "기사가 두 번 왔어요."), "number_not_said"),
    ("기사는 수요일에 온다.", (A, "기사는 월요일에 와요."), "day_not_said"),
]


@pytest.mark.parametrize(("claim", "quote", "reason"), [*POLARITY, *PARTY, *DEEDS, *FIGURES])
def test_claim_is_judged_by_its_quote(claim: str, quote: tuple[Role, str], reason: str | None) -> None:
    assert judged(claim, quote) == reason


TASKS = [
    ("Send the invoice", C, (A, "Please send me the invoice."), None),
    ("Send the invoice", A, (A, "Please send me the invoice."), "actor_swapped"),
    ("Send the invoice", A, (A, "I'll send you the invoice."), None),
    ("Send the invoice", C, (A, "I'll send you the invoice."), "actor_swapped"),
    ("청구서 보내기", A, (A, "청구서를 보내 드릴게요."), None),
    ("청구서 보내기", C, (A, "청구서를 보내 드릴게요."), "actor_swapped"),
    ("청구서 보내기", C, (A, "청구서를 보내 주세요."), None),
    ("문자 누르기", C, (A, "문자는 누르지 마세요."), "negation_turned"),
]


@pytest.mark.parametrize(("claim", "owner", "quote", "reason"), TASKS)
def test_task_belongs_to_who_took_it(
    claim: str, owner: Role, quote: tuple[Role, str], reason: str | None
) -> None:
    assert judged(claim, quote, owner=owner) == reason


def test_denial_in_answer_turns_what_was_asked() -> None:
    asked = (A, "Shall I hold the smaller truck?")
    assert judged("The customer accepted the smaller truck.", asked, (C, "No. Useless.")) == "negation_turned"
    assert judged("The customer refused the smaller truck.", asked, (C, "No. Useless.")) is None


def test_unrelated_words_prove_nothing() -> None:
    assert judged("A parcel was damaged.", (C, "My internet is slow.")) == "wording_not_said"
    assert judged("택배가 파손되었다.", (C, "인터넷이 느려요.")) == "wording_not_said"


def test_rude_refusal_is_kept_if_it_is_true() -> None:
    quotes = ((A, "환불은 안 됩니다."), (A, "멍청하면 전화를 하지 마세요."))
    assert judged("상담원은 환불을 거절하고 고객을 모욕했다.", *quotes) is None


def test_other_languages_are_compared_by_figures_only() -> None:
    quotes = [Quoted("返金は三千円です。3000円です。", A)]
    assert unproven("返金は3000円です。", quotes, "ja") is None
    assert unproven("返金は4000円です。", quotes, "ja") == "number_not_said"
