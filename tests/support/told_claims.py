"""What a language model could claim of three short calls: truths, and lies in their words."""

from __future__ import annotations

from typing import Any

from callytics.domain import Role
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
REFUNDED = talk(
    ("a", "Good morning, how can I help?"),
    ("c", "My kettle arrived broken. I want my 30 dollars back."),
    ("a", "I'm sorry about that. I've refunded the thirty dollars to your card."),
    ("c", "Great. I'll throw the kettle away, then."),
    ("a", "You'll get an email with the receipt tomorrow."),
    roles=ROLES,
    language="en",
)
UNSATISFIED = talk(
    ("a", "무엇을 도와드릴까요?"),
    ("c", "기사님이 또 안 왔어요. 하나도 만족 못 해요. 환불해 주세요."),
    ("a", "환불은 안 됩니다. 멍청하게 굴지 마시고 기다리세요."),
    ("c", "너무하시네요."),
    roles=ROLES,
)


def quote(turn_id: str, words: str) -> dict[str, str]:
    return {"turn_id": turn_id, "words": words}


def claim(text: str, *quotes: dict[str, str], **more: str) -> dict[str, Any]:
    return {"text": text, "quotes": list(quotes), **more}


BROKEN = quote("t2", "My kettle arrived broken.")
WANTED = quote("t2", "I want my 30 dollars back.")
THROWN = quote("t4", "I'll throw the kettle away, then.")
REFUND = quote("t3", "I've refunded the thirty dollars to your card.")
RECEIPT = quote("t5", "You'll get an email with the receipt tomorrow.")
NOT_SATISFIED = quote("t2", "하나도 만족 못 해요.")
REFUSED = quote("t3", "환불은 안 됩니다.")
INSULT = quote("t3", "멍청하게 굴지 마시고 기다리세요.")

BOOKED = talk(
    ("a", "네, 한빛서비스입니다."),
    ("c", "세탁기에서 물이 새요. 기사님 좀 보내 주세요."),
    ("a", "화요일 오후 두 시에 기사님이 방문하시도록 예약해 드렸습니다. 출장비는 이만 원입니다."),
    ("c", "네. 제가 그때까지 수도를 잠가 놓을게요."),
    ("a", "문자로도 안내를 보내 드리겠습니다."),
    roles=ROLES,
)
BOOKING = quote("t3", "화요일 오후 두 시에 기사님이 방문하시도록 예약해 드렸습니다.")
CHARGE = quote("t3", "출장비는 이만 원입니다.")
LEAK = quote("t2", "세탁기에서 물이 새요.")
TAP = quote("t4", "제가 그때까지 수도를 잠가 놓을게요.")
NOTE = quote("t5", "문자로도 안내를 보내 드리겠습니다.")
LIES = (
    ("polarity", REFUNDED, claim("The agent did not refund the thirty dollars.", REFUND)),
    ("polarity", REFUNDED, claim("The kettle did not arrive broken.", BROKEN)),
    ("polarity", UNSATISFIED, claim("상담원이 환불해 주었다.", REFUSED)),
    ("polarity", UNSATISFIED, claim("고객은 만족한다고 했다.", NOT_SATISFIED)),
    ("polarity", BOOKED, claim("상담원이 방문 예약을 거절했다.", BOOKING)),
    ("actor", REFUNDED, claim("The customer apologised.", quote("t3", "I'm sorry about that."))),
    ("actor", REFUNDED, claim("The agent will throw the kettle away.", THROWN)),
    ("actor", BOOKED, claim("상담원이 수도를 잠가 놓기로 했다.", TAP)),
    ("actor", BOOKED, claim("고객이 문자로 안내를 보내기로 했다.", NOTE)),
    ("actor", UNSATISFIED, claim("고객이 상담원을 모욕했다.", INSULT)),
    ("number", REFUNDED, claim("The agent refunded forty dollars.", REFUND)),
    ("number", REFUNDED, claim("A receipt will come by email on Friday.", RECEIPT)),
    ("number", BOOKED, claim("기사가 목요일 오후 두 시에 방문한다.", BOOKING)),
    ("number", BOOKED, claim("출장비는 3만 원이다.", CHARGE)),
    ("number", BOOKED, claim("기사가 오후 세 시에 방문한다.", BOOKING)),
    ("promise", REFUNDED, claim("The customer has thrown the kettle away.", THROWN)),
    ("promise", BOOKED, claim("상담원이 문자로 안내를 보냈다.", NOTE)),
    ("promise", BOOKED, claim("고객이 수도를 잠갔다.", TAP)),
)
TRUTHS = (
    (BOOKED, claim("세탁기에서 물이 샌다.", LEAK)),
    (BOOKED, claim("상담원이 화요일 오후 2시 방문을 예약했다.", BOOKING)),
    (BOOKED, claim("출장비는 2만 원이다.", CHARGE)),
    (BOOKED, claim("고객은 수도를 잠가 놓기로 했다.", TAP)),
    (BOOKED, claim("상담원이 문자로 안내를 보내기로 했다.", NOTE)),
    (REFUNDED, claim("The customer will throw the kettle away.", THROWN)),
    (UNSATISFIED, claim("고객은 만족하지 못했다.", NOT_SATISFIED)),
)
