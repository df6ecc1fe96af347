# ruff: noqa: E501  (one pattern per line reads better)
"""Phrases that show the purpose of a sentence in a call: a problem, a promise, a request, a closing.

Closed lists from the wording of service calls. English patterns match lower-case text; Korean patterns match text
without spaces, because recognised spacing is unreliable. Written for this project, not tuned on a data set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Patterns = Mapping[str, re.Pattern[str]]


def _compile(**patterns: str) -> Patterns:
    return {language: re.compile(pattern) for language, pattern in patterns.items()}


PROBLEM = _compile(
    ko=r"안돼|안되|안됩|안와|안왔|안나|안켜|고장|깨져|망가|끊[기겨]|느려|오류|잘못|두번|늦|못받|못하|불편|문제|분실|잃어버|왜이|왜아직|불량|이상하",
    en=r"problem|trouble|issue|not working|n't (?:work|turn|connect|arrive|receive|open)|stopped|broken|wrong|charged|"
    r"twice|late|delay|missing|lost|never|error|hasn't|haven't",
)
REQUEST = _compile(
    ko=r"싶은데|싶어|싶습니다|하려고|할려고|문의|여쭤|취소|환불|교환|해지|변경|신청|해주세요|해주실|가능한가요|궁금",
    en=r"i(?:'d| would) like|i (?:want|need)|i(?:'m| am) calling|can you|could you|i was wondering|i have a question|"
    r"looking for|interested in",
)
FORMULA = _compile(
    ko=r"^(?:네|예|아|안녕하세요|여보세요|감사합니다|고맙습니다|알겠습니다|수고하세요|맞습니다|맞아요|그래요|아니요)+$|무엇을도와|"
    r"좋은하루|기다려주|성함|생년월일|전화번호|본인확인|상담[원사]|안녕히|더필요|다른문의|반갑습니다|고객센터\S{0,12}입니다",
    en=r"^(?:hello|hi|hey|yes|yeah|no|okay|ok|sure|right|goodbye|bye|thank you|thanks|of course|you(?:'re| are) welcome)\W*$|"
    r"how (?:can|may|could) i|my name is|thank(?:s| you) for (?:calling|contacting|holding)|anything else|have a \w+ day|"
    r"account number|date of birth|one moment|hold on|take care|welcome to",
)
DONE = _compile(
    ko=r"(?:해|하여|처리|취소|접수|변경|환불|등록|예약|발송|완료|해결|정지|신청)(?:를|을|이|가)?(?:해)?(?:드렸습니다|드렸어요|됐습니다|되었습니다|됐어요|되셨습니다|완료)|해결됐",
    en=r"(?:has|have) been \w+|i(?:'ve| have) (?:just |now |already )?(?!seen|had|been)\w+ed|is (?:now )?(?:done|fixed|working|resolved|booked|"
    r"cancel)|i (?:just )?(?:refunded|cancel|updated|booked|fixed|sent)",
)
PROMISE = _compile(
    ko=r"(?:보내|환불|취소|처리|접수|전달|연락|전화|발송|교환|변경|예약|등록|방문|안내|정지|신청|반영|알려|입금)\S{0,8}(?:드리겠|드릴게|드릴께|하겠습니다|할게요|"
    r"드리도록|예정입니다|드립니다)",
    en=r"\b(?:i|we)(?:'ll| will|'m going to| am going to|'re going to) (?:also |then |now |just )?(?!be (?:happy|glad)|check|look|see|need|"
    r"have to|take a look|do my best|help)\w+",
)
OBLIGATION = _compile(
    ko=r"(?:보내|제출|방문|연락|전화|가져|준비|작성|입금|납부|신청|등록|확인|설치|업로드|회신)\S{0,6}(?:주세요|주십시오|주셔야|하셔야|해야|주시면|하시면됩|바랍니다)",
    en=r"(?:please|you(?:'ll| will)? (?:need|have) to|you should|could you|can you|make sure (?:to|you)) (?:also |then )?"
    r"(?:send|call|visit|bring|reply|fill|return|pay|submit|confirm it|email|mail|upload|restart|download|sign|come)",
)
SHORT_TERM = _compile(
    ko=r"확인해보|기다려|여쭤|말씀해|도와드리|성함|생년월일|주소어떻|번호",
    en=r"one moment|hold|check that|let me|your name|account number|spell|date of birth",
)
"""Part of the call itself: nothing remains to be done afterwards."""

CONTENT = _compile(
    ko=r"해결됐|해결되|됐네요|되네요|다행|감사합니다|고맙습니다|좋네요|만족",
    en=r"solves|solved|that(?:'s| is) (?:great|perfect|wonderful|good|all|everything)|thank|perfect|great|works now|appreciate",
)
DISCONTENT = _compile(
    ko=r"책임자|말이안|어이없|신고|해지할|실망|짜증|안되잖|그럼어떡|다시는|화가나|너무하",
    en=r"manager|supervisor|unacceptable|ridiculous|not good enough|disappoint|report you|cancel everything|still (?:not|doesn't|isn't)",
)
REFUSAL = _compile(
    ko=r"어렵습니다|어려우|불가능|불가합니다|안됩니다|드릴수없|방법이없",
    en=r"i(?:'m| am) afraid|unable to|(?:can't|cannot|can not) (?:do|offer|refund|help|process|cancel)|not possible|there is nothing",
)


def says(cue: Patterns, text: str, language: str) -> bool:
    """Whether the text has the cue; False for languages without a table."""
    pattern = cue.get(language)
    return bool(pattern and pattern.search(normalise(text, language)))


def normalise(text: str, language: str) -> str:
    text = text.lower().replace("’", "'").strip()
    return re.sub(r"[\s.,?!…]+", "", text) if language == "ko" else text
