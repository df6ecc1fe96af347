# ruff: noqa: E501  (one pattern per line reads better)
"""Finds Korean names of people, and foreign ones in Hangul, by their syllables and the words around them.

A Korean name is a family name of one or two syllables and a given name of one or two. Both have typical syllables;
a word of them is a name where a title, a copula or a question for a name stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from callytics.domain import PiiKind
from callytics.redaction.korean_words import given_names, words
from callytics.redaction.span import Span

DOUBLE_SURNAMES = "남궁|황보|제갈|선우|독고|사공|서문|동방|망절|어금"
SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송류전홍유고문양손배백허남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석설마길"
    "연위표명기반왕금옥육인맹제모탁국어은편용예경봉사부가복태목형피두감음빈동온호범좌팽승간상갈시단견당화창빙선묵로계뇌뢰아란노리"
)
"""Family names of more than about 500 people (Statistics Korea, 2015 census)."""
FIRST = (
    "갑겸교권담라로루맑밝별빈슬엘예온익푸헌혁본빛샛솔가강건경광규근금기길나남다단달대덕도동두라란래려루류리린마만말명모무문미민바반배범별병보복봉부사산삼상새서석선설섭성세소솔송수숙순슬승"
    "시신아안애양언여연영예오옥완용우운원월유윤율은을의이인일임자장재전점정제조종주준중지진찬창채천철청초춘충치태택평필하학한해향허"
    "현형혜호홍화환효후훈휘흥희"
)
SECOND = (
    "레갑겨든루빛솔솜엘음비늘름울샘결봄람강건걸겸경곤관광교구국권규균근금기길나남녀년님다단달담대덕도돈동두득라란람래량려련렬령례로록룡루류륜률름리린림마만매명모목무묵문미민"
    "반배백범별병보복봉분빈빛산삼상생서석선섭성세소솔송수숙순술슬승식신실심아안애양언엽여연열영예오옥온완용우욱운웅원월유윤율은을이익인일"
    "임자잔장재전정제조종주준중지진찬창채천철청초춘출충치태택평표필하학한해향헌혁현협형혜호홍화환회효후훈휘흠흥희"
)
_GIVEN = rf"[{FIRST}][{SECOND}]"
_FULL = rf"(?:(?:{DOUBLE_SURNAMES})[가-힣]{{1,2}}|[{SURNAMES}]{_GIVEN})"
_LOOSE = rf"(?:(?:{DOUBLE_SURNAMES})[가-힣]{{1,2}}|[{SURNAMES}][가-힣]{{2}})"
_SHORT = rf"(?:{_LOOSE}|[{SURNAMES}][가-힣])"
_COPULA = r"(?:입니다|이라고\s?(?:합니다|해요|하는데|하고|했|하거든|하시)|라고\s?(?:합니다|해요|하는데|하고|하거든)|이에요|예요|이예요|이었습니다|였습니다|이었어요|였어요|인데요?|이거든요|거든요|이고요?|고요|이요|요|이죠|죠|이야|야|임니다|입니당|인디|이여|여유)"
_TITLE = r"(?:고객|회원|님|씨|상담원|상담사|매니저|팀장|대리|과장|차장|부장|실장|소장|점장|원장|사장|이사|선생|기사|어르신|주임|주사|계장|주무관|조사원|가이드|교수|박사|간호사|원무|강사|코치|사원|담당|할머니|할아버지|환자|사모|여사|군|양|학생|어머니|아버지|상무|반장|센터장|지점장|기장|작가|변호사|의사|팀원|총무)"
_END = r"(?=[\s.,?!…]|$)"
_START = r"(?<![가-힣\w])"
_TEAM = r"(?:팀|과|부|부서|센터|지점|점|은행|보험|화재|생명|증권|캐피탈|택배|통신|카드|병원|의원|치과|약국|호텔|렌탈|마트|영업소|사무소|사무실|지사|본사|지국|상담실|예약실|창구|학원|구청|시청|여행사|항공|데스크|공단|협회|가전|전자|서비스|관리실|고객실)"
_OWN = r"(?:아들|딸|엄마|아빠|남편|아내|와이프|보호자|가족|며느리|사위|손자|손녀|언니|누나|오빠|동생|어머니|아버지|앞으로|명의|어린이)(?:\s?(?:되는|되시는|입니다|이에요|예요|인데요|이요|요|로|의))?"
_GIVEN_CLOSED = rf"[{FIRST}](?:(?![늘든른은을들음])[{''.join(c for c in SECOND if (ord(c) - 0xAC00) % 28)}])"
"""A given name with a final consonant takes 이 before a particle, which no other noun does: 지훈이가."""
_GIVEN_OPEN = rf"[{FIRST}](?:(?![이가은는도로고라마나다지리])[{''.join(c for c in SECOND if not (ord(c) - 0xAC00) % 28)}])"
_CASE = "(?:이|가|은|는|을|를|으로|로|께서|한테|에게|와|과|의|하고|이랑|랑|이고|고)"

_NOT_NAMES_TEXT = (
    "고객님 고객 소중한 저희가 이분이 이름은 이름이 성함은 성함이 주소는 주소가 전화는 전화가 정말로 조금만 지금은 지금도 하나도 우리가 우리는 이거는 이것은 이제는 이번에 "
    "한국인 한국에 한국은 이용자 신규로 기존에 전혀요 정확히 조용히 유선상 문의를 문의가 주문이 주문을 방금요 방문이 오늘은 오늘도 이미요 이상이 이상은 안내를 안내가 "
    "명의자 명의가 명의로 명의를 남편이 남편은 남자가 여자가 여기는 여기가 성인인 서울로 서울에 서울은 인천에 이후로 이전에 원래는 현재는 하시는 원하는 이용한 이용을 주시면 주세요 "
    "구매한 구입한 신청한 주문한 문의한 배송이 배송을 변경을 변경이 신청을 신청이 진행을 진행이 안되는 안되고 심각한 정상적 공식적 이쪽은 이쪽에 지난번 남은데 고맙습 이사를 이사가 "
    "장애인 노인분 임산부 배우자 양도인 도와드 성격이 소개로 이용중 전달을 이야기 이걸로 이상한 강남에 강남은 구로구 마포구 송파구 도착한 도대체 차라리 차단을 나머지 "
    "배송지 영업일 공장장 나온다 원인데 이사장 부사장 지점장 조합장 고객센 상담원 상담사 담당자 기사님 선생님 사장님 원장님 소장님 주문자 신청자 계약자 가입자 수령인 예금주 "
    "어머님 아버님 어머니 아버지 할머니 이모님 고모님 여사님 유선전 무선전 전화요 전화해 주문서 신용장 안심하 이용료 사용료 연회비 수수료 고지서 영수증 신분증 주민증 등록증 "
    "한동안 오래전 하여간 어차피 마지막 이마트 우체국 경찰서 소방서 구청장 동사무 주민센 이동식 자동차 자전거 냉장고 세탁기 정수기 에어컨 인터넷 모바일 "
    "이번달 다음달 지난달 사월달 오월달 유월달 구월달 시월달 하루만 이틀만 사흘만 금요일 목요일 화요일 수요일 일요일 월요일 토요일 공휴일 명절날 생년월 "
    "여러분 이만원 사만원 오만원 구만원 삼만원 이천원 오천원 구천원 육천원 백만원 천만원 십만원 이십만 오십만 육십만 구십만 사십만 오십원 전기세 "
    "상하수 인하대 성인용 유아용 남성용 여성용 가정용 사무용 공용인 전용인 마련해 마련하 소리요 소리지 정리해 정지해 정지하 조치해 조회해 "
    "문제인 문제로 안전하 안정하 가능하 유지하 표현하 변호사 감정사 여행사 항공사 보험사 통신사 카드사 제조사 판매사 이동사 방송사 "
    "현관문 현관은 현장은 현장이 현장에 천천히 영원히 우연히 유난히 도저히 반드시 동시에 예전에 여전히 엄연히 여기요 거기요 저기요 어디요 "
    "제대로 그대로 이대로 나대로 임시로 강제로 주로요 실제로 어제도 어제요 오전에 오후에 오전이 오후로 오전은 오후는 유료인 무료인 "
    "심사를 심사가 심사는 서류를 서류가 서류는 서비스 연락을 연락이 연락은 연결을 연결이 고장이 고장은 금액이 금액은 금액을 "
    "한시간 두시간 반나절 도시가 도시락 진단서 진료비 진료를 진료가 가스요 가게요 가게로 공지를 공문서 사장이 사정이 사정은 사고가 사고는 "
    "화면이 화면을 화면에 전원을 전원이 전체를 전체가 전부다 전부요 방법이 방법은 방법을 방향이 지점이 지점은 지점에 지하철 기계가 기계는 기계요 "
    "차량이 차량은 차량을 차량도 노선이 노선은 국제선 국내선 선생은 선불로 후불로 우선은 우선요 유모차 한명이 두명이 세명이 "
    "공사중 공사장 공사를 공사가 편의점 편하게 편지를 용도가 용량이 용량은 용지가 음성이 음식을 음식이 음료수 호텔이 호텔은 호실이 호수가 "
    "경리과 경우는 경우가 경우에 경비실 경비원 인사과 시청에 시간이 시간은 시간을 시간도 시작을 시세가 시설이 당일은 당일에 당장은 당장요 당신이 당신은 당신네 상품이 상품은 상태가 상태로 상황이 "
    "상무님 상대방 선물을 선물이 승인이 승인은 승인을 온라인 온수가 복도에 동생이 동네에 동네가 단계가 단지가 단지는 리필은 리모컨 아이가 아이는 아이디 아이요 "
    "아저씨 아가씨 아줌마 날씨가 글씨가 로그인 로밍을 로밍은 인증을 인증이 인하가 인상이 인천요 두달치 석달치 한달치 기간이 기간은 기한이 기사가 기사는 기다리 금방요 금리가 금리는 "
    "제품이 제품은 제품을 제주도 모델이 모델은 모두다 국민은 국민이 국번없 어른이 어른은 명세서 명이요 반품을 반품은 반납을 반납은 반말을 반말이 반대로 반려가 예약을 예약이 예약은 예정일 예금이 "
    "은행에 은행이 은행은 은행요 은행원 "
    "부재중 외주에 외주를 외주는 간단하 명의예 조사원 조립식 서른넷 어떡해 단순하 특별하 편리하 유리하 저렴하 동일하 필요하 중요하 정확하 대단하 고유한 상당하 부족하 가능한 "
    "정류장 승강장 인상률 이자율 주민세 동의서 설명서 예치금 장학금 유류비 이사비 설치비 인건비 오전중 오후중 사용중 심사중 조사중 이동중 방학중 임신중 두달전 한달전 이주일 오일장 주말반 주중반 "
    "오전반 오후반 성인반 유아반 남자반 조사관 주무관 심사관 간병인 임대인 소유자 원자재 부자재 전시용 선택지 소재지 한의원 안경원 반지하 성수기 유효기 정산서 정산금 공단이 공인인 소송중 유선용 "
    "전원선 전자동 반자동 전세금 여권용 사진용 임원진 사양은 사양이 공유기 정기권 이용권 유기한 당일자 명일자 전일자 고정비 변동비 인지대 여기로 이리로 임의로 유도리 공동주 전세라 문제라 한도라 "
    "기본은 기본이 정상이 정상인 주말인 오전인 오후인 임금이 임금은 연봉이 상여금 도수치 모양이 여유로 안전이 안전은 고장인 이상인 이전이 이전은 이전인 변경은 변경인 전송이 전송은 인정이 인정은 "
    "선정이 선정은 조건이 조건은 조정이 조정은 지정이 지정은 지연이 지연은 전달이 전달은 전환이 전환은 정산이 정산은 제한이 제한은 진단이 진단은 채권이 채권은 추가라 추가로 편성이 한정이 한정은 "
    "현금이 현금은 현재로 서명이 서명은 선택이 선택은 설정이 설정은 손상이 송금이 송금은 여권이 여권은 연장이 연장은 예상이 예상은 용건이 용건은 원금이 원금은 원본이 원본은 원인이 원인은 육아라 "
    "이동이 이동은 인원이 인원은 임시라 주말은 주말이 주민이 천장이 천장은 천재지 "
    "남양주 강원도 경기도 경상도 전라도 여의도 노량진 이태원 동두천 서귀포 전주시 진주시 원주시 여주시 상주시 영주시 제주시 양주시 "
    "피해자 가해자 이용자 구매자 판매자 발신자 수신자 관련자 소지자 미성년 부문장 당나라 "
    "자기 리서치 설명은 설명이 설명을 우리 이런 모든 전체 신규 기존 해당 우수 여러 일반 이용 가입 기업 법인 방문 주요 신용 한분 이전 예비 "
    "황당한 황당하 허전한 유명한 소홀한 미안한 서운한 당연한 당황한 안전한 완전한 우수한 유일한 유능한 진정한 정당한 정중한 공정한 한심한 친절한 하필이 여하간 여하튼 "
)
NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
BAD_ENDING = re.compile(r"(?:[요까죠네는던된로고를며면]|(?<!길)(?<!재)(?<!현)(?<!희)동)\Z")
BAD_START = re.compile(
    r"(?:고객|상담|담당|전화|주문|주소|배송|안내|문의|신청|정보|인터넷|전기|가스|수도|보험|은행|여행|병원|공사|사무|기술|영업|지원|관리|운영|민원|복지|건강|연금|세무|이십|삼십|사십|오십|육십|구십|일이|이삼|삼사|사오|오육|공일|구공)"
)

_AMOUNT = re.compile(r"[일이삼사오육칠팔구십백천만]+원?\Z")

_KIN = r"(?:아버지|아버님|어머니|어머님|남편|아내|집사람|안사람|바깥양반|아들|딸|손자|손녀|동생|언니|누나|오빠|형|배우자분?|배우자|부인|친구|본인|동행은|동행)(?:는|은|이|가|이제|제)?"
_ROLE = r"(?:이름|성함|성명|존함|예금주|명의자?|수익자|수령인|수취인|받는\s?(?:사람|분)|받으실\s?분|보내는\s?(?:사람|분)|계약자|신청자|가입자|대표자|상담원|상담사|매니저|담당자|담당|팀장|기사|실장|점장|주임|대리|과장|부장)"
_PATTERNS = [
    re.compile(pattern)
    for pattern in (
        # introduced by what follows: 엄태윤입니다, 손하은이에요, 한기주 선생님, 남궁혜님
        rf"{_START}({_FULL})(?:님|씨)?\s?(?:입니다|이?라고\s?(?:합니다|해요|하는데|하고요|하거든|불러)|이에요|예요|이예요|이었습니다|였습니다|이었어요|였어요|였고|이었고|였는데|이네요|네요|임니다)",
        # after a team, a branch or a firm, or before "a person of that name" any syllables do: 보상팀 국태민이라고 합니다
        rf"(?:{_TEAM})(?:의|에)?\s({_LOOSE})\s?(?:입니다|이?라고\s?(?:합니다|해요|하는데|하고요)|이에요|예요|임니다|이고요){_END}",
        rf"{_START}({_LOOSE}|{_GIVEN})\s?이?라는\s?(?:사람|분|여자|남자|직원|상담|기사|선생|애|친구|아이|고객)",
        rf"{_START}({_FULL})(?<!이)\s(?:{_OWN})(?![가-힣])",
        rf"{_START}({_FULL})(?:이|가)?\s(?:맞습니다|맞아요|맞는데|맞고요|맞으시|맞으세요|맞나요|본인)",
        rf"{_START}({_GIVEN_CLOSED})이(?:가|는|를|한테|께)(?![가-힣])",
        rf"{_START}({_FULL})(?:\s?{_TITLE}|\s+{_TITLE})",
        rf"{_START}({_LOOSE})(?:\s+(?:씨|님|고객님|회원님|어르신)|님|씨){_END}",
        rf"{_START}({_FULL})(?:이요|인데요|이고요?|고요|이거든요){_END}",
        rf"{_START}({_FULL})\s(?:이요|인데요|입니다|이에요|이고요|이라고|이거든요)(?![가-힣])",
        rf"(?:저는|제가|저)\s({_FULL}){_END}(?!\s?[가-힣])",
        rf"(?:{_TEAM})(?:의)?\s([{SURNAMES}][{FIRST}{SECOND}])(?:입니다|이라고\s?합니다|라고\s?합니다|이에요|예요){_END}",
        rf"{_START}({_FULL})\s(?:결혼|화혼|돌잔치|칠순|팔순|환갑|빈소|장례|발인|근조|고인|생일)",
        rf"(?:^|[.,?!]\s?|[네예]\s)([{SURNAMES}][가-힣])\s(?:고객|회원)님(?!은|이|께)",
        rf"{_START}({_GIVEN_OPEN})\s?(?:엄마|아빠|어머니|어머님|아버님|담임|학생\s?어머)",
        rf"{_START}([가-힣]{{2,5}}[가-힣](?<![사자장원저관인주객모버머형누들표독수제호치무번상분님])|쩐[가-힣]{{1,3}}|응우옌[가-힣]{{1,4}})\s?님(?=\s?(?:이시|맞으|되시|본인|고객|안녕|계신|통화))",
        # introduced by what precedes
        rf"{_ROLE}(?:\s?성함)?(?:은|는|이|가)?[\s,.]+(?:제\s+)?({_FULL})(?:{_COPULA}|{_CASE})?{_END}",
        rf"{_ROLE}(?:은|는|이|가)\s+({_SHORT})(?:{_COPULA}|으?로){_END}",
        rf"{_KIN}[\s,]+({_FULL})(?:{_COPULA}|{_CASE}|님|씨)?{_END}",
        rf"(?:저는|저|제가|난|나는|여기는)\s+({_FULL}|(?:{_LOOSE})(?<![자인원사생객주동시군구점업민음]))\s?(?:입니다|이라고|라고|이에요|예요|인데요|이고요|이거든요)",
        # a person without a family name: 도현이 엄마, 란 씨, 제임스 박
        rf"{_START}({_GIVEN})이\s(?:엄마|아빠|아버지|어머니|할머니|할아버지|담임|누나|형|언니|오빠)(?![가-힣]*(?:회|용))",
        rf"{_START}([가-힣]{{2,5}}\s[가-힣]{{2,4}})\s씨(?:가|는|를|한테|도|의|께|요)?{_END}",
        r"(?<![가-힣])(응우옌(?:\s[가-힣]{1,2}){1,2})(?![가-힣])",
    )
]
_STATED = [
    re.compile(pattern)
    for pattern in (
        rf"{_START}([가-힣]{{1,5}})\s씨(?:가|는|를|한테|도|의|께|께서|요)?{_END}(?!\s?[공영일이삼사오육칠팔구하둘])",
        r"저는\s+([가-힣]{2,5}?)\s?(?:이라고|라고)\s?(?:합니다|해요|하는데|불러)",
        r"(?:제\s?이름은|이름은|이름이)\s+(?!(?:비밀|한글|한자|영어|영문|본명|가명|별명|예명|개명|그대로|동일|비슷|정확|생각)(?:이|예|입|인))([가-힣]{2,5}?)\s?(?:입니다|이라고|라고|예요|이에요|인데요)",
    )
]
"""Where it is said that a name is one, a name may be a word of the language: 제 이름은 하늘이에요."""
ASKED = re.compile(
    r"성함|이름|예금주|명의|성명|존함|누구(?:세|시|십|신|예|요|로|한)|어느\s?분|받으실\s?분|받는\s?(?:분|사람)|생년월일|본인\s?확인|예약자|환자분|계약자|어디의?\s?누구|성이\s|일행|동행"
)
_FILLER = r"(?:(?:네|예|아|어|음|응|내|저|그|저는|나는|제\s?이름은|이름은|성함은|그게|근데|여보세요|아들|딸|우리|잠시만요?)(?:[\s,.?!…]+))*"
_ANSWER = re.compile(
    rf"^{_FILLER}(?:({_FULL})(?:{_COPULA}|{_CASE}|님|씨)?{_END}|({_LOOSE})\s?(?:{_COPULA}|님|씨){_END}|({_LOOSE})(?=\s?[.,]|$|\s[공영일이삼사오육칠팔구\d])|({_SHORT})(?:입니다|이요|이에요|예요|요){_END})"
)
_FOREIGN_ANSWER = re.compile(
    rf"^{_FILLER}([가-힣]{{3,6}}|[가-힣]{{2,6}}(?:\s[가-힣]{{1,5}}){{1,2}}?)\s?(?:예요|이에요|이라고|입니다|인데요|이요)"
)
_FOREIGN_WITH_KIN = re.compile(
    rf"{_KIN}\s+([가-힣]{{2,4}}\s[가-힣]{{1,4}})(?:입니다|예요|이에요|이고|고요|요)?\s*[.,]?\s*$"
)
_SYLLABLES = re.compile(
    rf"^{_FILLER}((?:[{SURNAMES}]|{DOUBLE_SURNAMES})(?:\s[{FIRST}])\s?[{SECOND}])\s?(?:이에요|예요|이요|입니다){_END}"
)
"""An answer by single syllables: 강 하 늘이요."""
_REPEATED_ANSWER = re.compile(
    r"^((?:[가-힣]{1,4}\s)?(?P<last>[가-힣]{2,4}))[.…,\s]+(?P=last)(?:예요|이에요|이요|입니다)"
)
_PLACE = re.compile(r"(?:학교|병원|아파트|센터|건물|정문|후문|입구|출구|사거리|삼거리|정류장|공원|시장)\Z")
_FULL_NAME = re.compile(_LOOSE)
_NAMED = re.compile(r"(?!(?:저|제|나)[는가]\s)([가-힣]{2,4}\s[가-힣]{1,3})이라고\s?(?:했|하던|하는|합니다)")
_WORDS_TEXT = (
    "저 제 그 이 네 예 아 어 우리 저희 아니 진짜 정말 지금 오늘 어제 내일 혹시 그냥 많이 조금 다시 아까 여기 거기 저기 이거 그거 저거 뭐 왜 언제 얼마 "
    "본인 고객 상담 사장 기사 선생 어머 아버 할머 아저 아가 솜 글 날 맘 말 마음 손님 직원 담당자 담당 외국인 한국 사람 남편 아내 친구 엄마 아빠 동생 아들 딸 해지 환불 주문 배송 예약 "
    "문제 전화 번호 주소 이름 성함 카드 계좌 요금 가입 신청 변경 확인 취소 결제 청구 설치 고장 수리 에어컨 냉장고 세탁기 인터넷 텔레비전 휴대폰 핸드폰 노트북 앱 비밀번호 아이디 두 명 세 명 한 명 "
    "맞아 그래 아니에 같은 다른 모두 전부 하나 둘 셋 넷 다섯 회사 학생 회원 부장 과장 대리 가족 이모 고모 삼촌 어르신 오전 오후 아침 저녁 월요일 화요일 수요일 목요일 금요일 토요일 일요일 "
    "와이프 명의 법인 어머니 아버지 할머니 할아버지 부모님 장모님 장인 시어머니 아이 애기 큰애 작은애 개인 사업자 공동"
)
WORDS = frozenset(_WORDS_TEXT.split())


def korean_name_spans(text: str, before: str = "") -> Iterator[Span]:
    """Names in ``text``. ``before`` is the question that it may answer."""
    for pattern in _PATTERNS:
        yield from _spans(pattern, text)
    for pattern in _STATED:
        yield from _spans(pattern, text, vetoed=frozenset())
    for match in _NAMED.finditer(text):
        first, last = match.group(1).split()
        if not _FULL_NAME.fullmatch(last) and first not in WORDS and last not in WORDS:
            yield Span(*match.span(1), PiiKind.NAME)
    if ASKED.search(before):
        found = list(_spans(_ANSWER, text))
        for pattern in () if found else (_SYLLABLES, _FOREIGN_ANSWER, _FOREIGN_WITH_KIN):
            found += _spans(pattern, text)
        again = _REPEATED_ANSWER.match(text)
        if again and not any(word in WORDS for word in again.group(1).split()):
            found.append(Span(*again.span(1), PiiKind.NAME))
        yield from found


def _is_other_word(text: str, end: int, name: str) -> bool:
    """원본이고요: a noun of two syllables with 이고요, for a name that ends with 이 is rare; 사용하는: a verb."""
    if name.endswith("려"):
        return text[end : end + 1] in tuple("고는면")
    if name.endswith("하"):
        return text[end : end + 1] in tuple("는고게지던면여니기신시려네였")
    return name.endswith("이") and text[end : end + 2] in ("고요", "고,", "에요", "라고", "거든", "네요")


@cache
def _common_words() -> frozenset[str]:
    return words() - given_names()


def _spans(pattern: re.Pattern[str], text: str, vetoed: frozenset[str] | None = None) -> Iterator[Span]:
    """What ``pattern`` finds, without the ``vetoed`` words: if not given, those of the dictionary that are no names."""
    listed = _common_words() if vetoed is None else vetoed
    for match in pattern.finditer(text):
        group = match.lastindex or 1
        name = match.group(group)
        parts = name.split()
        known = name in NOT_NAMES or any(word in WORDS or word in NOT_NAMES for word in parts)
        if (
            not known
            and not _AMOUNT.match(name)
            and not BAD_ENDING.search(name)
            and not BAD_START.match(name)
            and not _is_other_word(text, match.end(group), name)
            and not _PLACE.search(name)
            and name not in listed
        ):
            yield Span(*match.span(group), PiiKind.NAME)
