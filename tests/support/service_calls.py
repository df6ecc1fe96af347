"""Two written calls to a service desk, one per language."""

from __future__ import annotations

from callytics.domain import Role
from tests.support.talk import talk

ROLES = {"a": Role.AGENT, "c": Role.CUSTOMER}
KOREAN = talk(
    ("a", "안녕하세요. 행복카드 상담원 김민지입니다. 무엇을 도와드릴까요?"),
    ("c", "이번 달 요금이 두 번 빠져나갔는데 왜 아무도 연락을 안 줘요? 요금을 돌려주세요."),
    ("a", "불편을 드려 죄송합니다. 성함이 어떻게 되세요?"),
    ("c", "김철수요."),
    (
        "a",
        "한 건은 오늘 환불 처리해 드렸습니다. 확인 문자도 보내 드리겠습니다. 통장 사본을 메일로 보내 주세요.",
    ),
    ("c", "네, 해결됐네요. 감사합니다."),
    ("a", "감사합니다. 좋은 하루 되세요."),
    roles=ROLES,
)
ENGLISH = talk(
    ("a", "Thank you for calling, my name is Emma. How can I help you?"),
    ("c", "Hello. My internet has stopped working since Monday morning."),
    ("a", "I'm sorry to hear that. Let me check the line."),
    (
        "a",
        "We will send a technician to your house tomorrow. Please restart the router once before he comes.",
    ),
    ("c", "That's great, thank you."),
    roles=ROLES,
    language="en",
)
