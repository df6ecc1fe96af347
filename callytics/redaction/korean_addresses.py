# ruff: noqa: E501  (one part per line reads better)
"""Wordings of Korean addresses: roads and lots, estates and flats, villages."""

from __future__ import annotations

import re

_NUMBER = r"(?:\d+|[공영일이삼사오육륙칠팔구십백천]+)"
_PROVINCE = (
    r"(?:서울|부산|대구|인천|광주|대전|울산|세종|제주|경기|강원|충북|충남|전북|전남|경북|경남|충청[북남]|전라[북남]|경상[북남])"
    r"(?:특별자치|특별|광역)?(?:시|도)?"
)
_NO_AREA = r"(?!(?:혹|다|역|잠|즉|임|일|표|도|몇|감|수|무|택|정|누|친|가|요|지|축|욕|동)[시구]\b|다시|즉시)"
_AREA = rf"{_NO_AREA}[가-힣]{{1,5}}(?:시|군|구)"
_TOWN = r"[가-힣]{1,5}(?:읍|면)"
_STREET = rf"(?!(?:저희|우리|제|내|누|여기|거기|지금|요금|하나|번호)(?:가|로)\s)[가-힣0-9]{{1,9}}(?:대로|로|길|동|리|가)(?:\s?{_NUMBER}\s?번?길)?"
_HOUSE = rf"(?:산\s?)?{_NUMBER}(?:\s?(?:-|다시|의)\s?{_NUMBER})?(?:\s?번지)?"
_FLAT = rf"(?:,?\s?(?:(?:[가-하]|에이|비|씨|[A-D])동|(?:지하|비|비동)\s?{_NUMBER}\s?호|[A-Z]?\d+\s?호|[가-힣A-Za-z0-9]+(?:아파트|빌라|빌딩|센터|타워|상가|오피스텔|타운|맨션|연립)|지하|[가-힣A-Za-z]{{2,10}}(?=\s{_NUMBER}\s?동\s{_NUMBER}\s?호)|{_NUMBER}\s?(?:동|호|층|호실)))"
KOREAN = re.compile(
    rf"(?:\(?\d{{5}}\)?,?\s)?(?<![가-힣])(?:{_PROVINCE}\s+(?:{_AREA}\s+){{0,2}}|(?:{_AREA}\s+){{1,3}})(?:{_TOWN}\s+)?(?:[가-힣]{{1,5}}동\s)?{_STREET}\s*{_HOUSE}{_FLAT}*"
)
_SAID = r"(?=[\s,.?!]|번|이?요|이?에요|예요|입니다|이고|인데|으로|에|이?라|지하|$)"
""" "하나가 이상이 있어서": 이 begins another word."""
KOREAN_ANNOUNCED = re.compile(rf"(?<![가-힣])(?:{_TOWN}\s+)?{_STREET}\s+{_HOUSE}{_SAID}{_FLAT}*")
KOREAN_STREET = re.compile(
    rf"(?<![가-힣])(?:[가-힣]{{1,5}}동\s)?[가-힣]{{2,6}}(?:대로|로|길)\s?(?:\d+|{_NUMBER}\s?번)길\s{_NUMBER}(?:-\d+)?(?![가-힣]*\s?(?:원|개|명|시간))"
    r"|(?<![가-힣])[가-힣]{2,5}동\s[가-힣]{2,6}(?:대로|로|길)\s?\d+(?:-\d+)?(?!\s?(?:[층시분개명원]|번\s))"
    r"|(?<![가-힣])[가-힣]{1,5}(?:동|리)\s산\s?\d+(?:-\d+)?(?![가-힣]*\d)"
)
""" "남포동 칠성로 28", "안암로 19길 7", "행복동 산22-4": no question for them is needed."""
WARD_AND_FLAT = re.compile(r"(?<![가-힣])[가-힣]{2,4}동\s\d{3,4}호(?!선|기|점|차|실)")
KOREAN_ROAD_AND_FLAT = re.compile(
    rf"(?<![가-힣])(?:[가-힣]{{2,4}}\s)?[가-힣]{{2,8}}(?:대로|로|길)\s(?:{_NUMBER}\s?번?길\s)?{_NUMBER}(?:-\d+)?,?(?:\s[가-힣A-Za-z]{{2,8}})?(?:\s{_NUMBER}\s?동)?\s{_NUMBER}\s?호(?!선)"
)
_ESTATE = r"[가-힣A-Za-z0-9]{2,10}(?:마을|아파트|단지|타운|빌라|맨션|빌리지|자이|푸르지오|래미안|힐스테이트|아이파크|캐슬|팰리스|오피스텔|하이츠|파크|주공)"
_BLOCK = rf"(?:{_NUMBER}|[가-하]|에이|비|씨|디|[A-Da-d])"
_WARD = r"(?:(?<![가-힣0-9])[가-힣]{1,4}동\s)?"
WARD_AND_ESTATE = re.compile(
    rf"(?<![가-힣0-9])[가-힣]{{1,4}}동\s[가-힣A-Za-z0-9]{{2,10}}\s{_NUMBER}\s?동\s{_NUMBER}\s?호(?!선)"
)
""" "서하동 월드메르디앙 7동 1902호": after a ward any word is an estate's."""
APARTMENT = re.compile(
    rf"(?:{_WARD}(?<![가-힣0-9]){_ESTATE}\s(?:{_NUMBER}\s?(?:단지|차)\s)?)?(?<![가-힣0-9]){_BLOCK}\s?동(?:에|의|이고요?)?[\s,]+{_NUMBER}(?:\s?호(?!선)|(?=\s*$))"
    rf"|{_WARD}(?<![가-힣0-9]){_ESTATE}\s(?:{_NUMBER}\s?(?:단지|차)\s)?(?:지하\s?|비|B)?{_NUMBER}\s?(?:호(?!선)|동(?!\s?\d))"
)
VILLAGE = re.compile(
    rf"(?<![가-힣]){_AREA}\s+{_TOWN}\s+[가-힣]{{1,5}}리(?![가-힣]{{2}}요)(?:\s[가-힣]{{1,4}}집){{0,2}}"
)
""" "의성군 안평면 석탑리 이장집 옆집": houses of a village are told by their neighbours."""
HAMLET = re.compile(r"(?<![가-힣])[가-힣]{1,4}리\s[가-힣]{1,4}(?:말|골|마을|뜸|부락)(?![가-힣]{3})")
FLAT_ALONE = re.compile(
    r"(?<![가-힣0-9])(?:(?:지하|비|B)\s?)?(?:\d{2,4}|[일이삼사오육칠팔구십백천]{2,})\s?(?:호(?![선기])|동(?=\s?(?:이고|에|,|$)))(?:실)?(?![가-힣]{3})"
)
"""In an answer to the question for the flat: "1203호요, 108동이고요"."""

ROAD_AND_FLOOR = re.compile(
    rf"(?<![가-힣])[가-힣]{{2,9}}(?:대로|로|길)\s?\d+(?:번길\s?\d+)?(?:-\d+)?,?(?=\s[가-힣A-Za-z0-9]*\s?\d+(?:층|호|동)){_FLAT}*(?:\s\d+(?:층|호))?"
)
