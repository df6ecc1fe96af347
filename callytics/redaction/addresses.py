# ruff: noqa: E501  (one part per line reads better)
"""Postal addresses down to the house: Korean road and lot addresses, apartments, and English street addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from callytics.domain import PiiKind
from callytics.redaction.codes import code_rows
from callytics.redaction.english_words import is_common
from callytics.redaction.span import Span

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
_KOREAN = re.compile(
    rf"(?:\(?\d{{5}}\)?,?\s)?(?<![가-힣])(?:{_PROVINCE}\s+(?:{_AREA}\s+){{0,2}}|(?:{_AREA}\s+){{1,3}})(?:{_TOWN}\s+)?(?:[가-힣]{{1,5}}동\s)?{_STREET}\s*{_HOUSE}{_FLAT}*"
)
_SAID = r"(?=[\s,.?!]|번|이?요|이?에요|예요|입니다|이고|인데|으로|에|이?라|지하|$)"
""" "하나가 이상이 있어서": 이 begins another word."""
_KOREAN_ANNOUNCED = re.compile(rf"(?<![가-힣])(?:{_TOWN}\s+)?{_STREET}\s+{_HOUSE}{_SAID}{_FLAT}*")
_KOREAN_STREET = re.compile(
    rf"(?<![가-힣])(?:[가-힣]{{1,5}}동\s)?[가-힣]{{2,6}}(?:대로|로|길)\s?(?:\d+|{_NUMBER}\s?번)길\s{_NUMBER}(?:-\d+)?(?![가-힣]*\s?(?:원|개|명|시간))"
    r"|(?<![가-힣])[가-힣]{2,5}동\s[가-힣]{2,6}(?:대로|로|길)\s?\d+(?:-\d+)?(?!\s?(?:[층시분개명원]|번\s))"
    r"|(?<![가-힣])[가-힣]{1,5}(?:동|리)\s산\s?\d+(?:-\d+)?(?![가-힣]*\d)"
)
""" "남포동 칠성로 28", "안암로 19길 7", "행복동 산22-4": no question for them is needed."""
_WARD_AND_FLAT = re.compile(r"(?<![가-힣])[가-힣]{2,4}동\s\d{3,4}호(?!선|기|점|차|실)")
_KOREAN_ROAD_AND_FLAT = re.compile(
    rf"(?<![가-힣])(?:[가-힣]{{2,4}}\s)?[가-힣]{{2,8}}(?:대로|로|길)\s(?:{_NUMBER}\s?번?길\s)?{_NUMBER}(?:-\d+)?,?(?:\s[가-힣A-Za-z]{{2,8}})?(?:\s{_NUMBER}\s?동)?\s{_NUMBER}\s?호(?!선)"
)
_ESTATE = r"[가-힣A-Za-z0-9]{2,10}(?:마을|아파트|단지|타운|빌라|맨션|빌리지|자이|푸르지오|래미안|힐스테이트|아이파크|캐슬|팰리스|오피스텔|하이츠|파크|주공)"
_BLOCK = rf"(?:{_NUMBER}|[가-하]|에이|비|씨|디|[A-Da-d])"
_WARD = r"(?:(?<![가-힣0-9])[가-힣]{1,4}동\s)?"
_WARD_AND_ESTATE = re.compile(
    rf"(?<![가-힣0-9])[가-힣]{{1,4}}동\s[가-힣A-Za-z0-9]{{2,10}}\s{_NUMBER}\s?동\s{_NUMBER}\s?호(?!선)"
)
""" "서하동 월드메르디앙 7동 1902호": after a ward any word is an estate's."""
_APARTMENT = re.compile(
    rf"(?:{_WARD}(?<![가-힣0-9]){_ESTATE}\s(?:{_NUMBER}\s?(?:단지|차)\s)?)?(?<![가-힣0-9]){_BLOCK}\s?동(?:에|의|이고요?)?[\s,]+{_NUMBER}(?:\s?호(?!선)|(?=\s*$))"
    rf"|{_WARD}(?<![가-힣0-9]){_ESTATE}\s(?:{_NUMBER}\s?(?:단지|차)\s)?(?:지하\s?|비|B)?{_NUMBER}\s?(?:호(?!선)|동(?!\s?\d))"
)
_VILLAGE = re.compile(
    rf"(?<![가-힣]){_AREA}\s+{_TOWN}\s+[가-힣]{{1,5}}리(?![가-힣]{{2}}요)(?:\s[가-힣]{{1,4}}집){{0,2}}"
)
""" "의성군 안평면 석탑리 이장집 옆집": houses of a village are told by their neighbours."""
_HAMLET = re.compile(r"(?<![가-힣])[가-힣]{1,4}리\s[가-힣]{1,4}(?:말|골|마을|뜸|부락)(?![가-힣]{3})")
_FLAT_ALONE = re.compile(
    r"(?<![가-힣0-9])(?:(?:지하|비|B)\s?)?(?:\d{2,4}|[일이삼사오육칠팔구십백천]{2,})\s?(?:호(?![선기])|동(?=\s?(?:이고|에|,|$)))(?:실)?(?![가-힣]{3})"
)
"""In an answer to the question for the flat: "1203호요, 108동이고요"."""

MIN_POSTCODE_LETTERS = 2
_NOT_STREET = "January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|AM|PM|A|P"
_SPOKEN_TEXT = "oh zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
_SPOKEN = rf"(?:{'|'.join(_SPOKEN_TEXT.split())})"
_HOUSE_NUMBER = rf"(?:\d+[A-Z]?(?:-\d+)?|{_SPOKEN}(?:[\s-]{_SPOKEN}|\shundred\sand\s{_SPOKEN})*)"
_CAPITAL = r"[A-Z][A-Za-z'.]*"
_SUFFIX = r"(?:Mews|Mount|Grove|Hill|Wharf|View|Rise|Walk|Green|Quay|Vale|Bend|Croft|Yard|Cross|Parade|Esplanade|Alley|Loop|Ridge|Pike|House|Cottage|Lodge|Cottages|Mansions|Buildings|Villas|Drove|Chase|Heights|Nagar|Layout|Residency|Towers|Estate|Street|St|Road|Rd|Avenue|Ave|Drive|Dr|Lane|Ln|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|Circle|Parkway|Pkwy|Highway|Square|Crescent|Close|Gardens|Row|Trail)\b\.?"
_UNIT = r"(?:Apartment|Apt\.?|Unit|Suite|Floor|Flat|#)\s?\w+"
_TAIL = rf"(?:,?\s(?i:{_UNIT}|\d{{5}}(?:-\d{{4}})?\b)|,?\s(?:(?i:{_SPOKEN})\s){{4}}(?i:{_SPOKEN})\b|\sin\s{_CAPITAL}|,\s{_CAPITAL}(?:\s{_CAPITAL}){{0,2}})"
_ENGLISH = re.compile(
    rf"\b(?:[Nn]umber\s)?(?i:{_HOUSE_NUMBER})\s(?:(?:North|South|East|West|Northeast|Northwest|Southeast|Southwest|NE|NW|SE|SW|N|S|E|W)\.?\s)?(?:{_CAPITAL}\s){{1,3}}?{_SUFFIX}{_TAIL}*"
)
_ROAD_AND_FLOOR = re.compile(
    rf"(?<![가-힣])[가-힣]{{2,9}}(?:대로|로|길)\s?\d+(?:번길\s?\d+)?(?:-\d+)?,?(?=\s[가-힣A-Za-z0-9]*\s?\d+(?:층|호|동)){_FLAT}*(?:\s\d+(?:층|호))?"
)
_LOWER_SUFFIX = rf"(?:street|road|avenue|drive|lane|court|boulevard|terrace|circle|parkway|crescent|close|gardens|row(?!\s(?:\d|{_SPOKEN}))|house|bend|cross|place|hill|view|mews|grove)"
_HOUSE_WORD = (
    r"(?:House|Cottage|Lodge|Farm|Barn|Forge|Mill|Villa|Rectory|Residency|Towers|Haggard|Manor|Grange)"
)
_HOUSE_BY_NAME = re.compile(
    rf"\bThe\s(?:{_CAPITAL}\s)?{_CAPITAL},\s(?:{_CAPITAL}\s){{1,2}}?{_SUFFIX}(?:,\s{_CAPITAL})*"
    rf"|\b(?:(?:The|{_CAPITAL})\s){{1,2}}{_HOUSE_WORD},\s{_CAPITAL}(?:\s{_CAPITAL}){{0,2}}(?:,\s{_CAPITAL})*"
    rf"|\b[A-Z]-?\d{{2,4}},\s(?:{_CAPITAL}\s?){{1,3}}(?:,\s{_CAPITAL})*"
)
_POSTED_TO = re.compile(
    rf"\b(?i:posted to|post it to|sent to|send it to|sending it to|delivered to|deliver to|deliver it to|going to|you['’]re at|we['’]re at|i['’]m at|you at|still at|live at|lives at|address is|out to|come to|is it|round to)\s(\d{{1,4}}[A-Z]?,?\s(?!(?:{_NOT_STREET})\b){_CAPITAL}(?:\s{_CAPITAL}){{0,3}}(?:,\s{_CAPITAL}(?:\s{_CAPITAL})?)*)"
)
_HOUSE_ANSWER = re.compile(
    rf"\b{_CAPITAL}\s{_HOUSE_WORD}\b(?:,\s{_CAPITAL})*|\b(?:Number\s)?\d+[A-Z]?,?\s(?:The\s)?{_CAPITAL}(?:\s{_CAPITAL}){{0,2}}|\bThe\s{_CAPITAL},\s{_CAPITAL}(?:\s{_CAPITAL})?"
)
_NO_STREET = r"(?!(?:we|they|you|i|he|she|it|its|will|to|the|a|don't|still|and|or|is|are|was|of|that|this|just|can|could|before|after|until|if)\b)"
""" "After two we close" is no address."""
_UNIT_AT_END = re.compile(
    rf"\b{_HOUSE_NUMBER}\s(?:[a-z']+\s){{1,3}}?(?:unit|flat|apartment|apt|suite)\s{_HOUSE_NUMBER}\b"
    rf"|\b(?:flat|apartment|apt|unit)\s{_HOUSE_NUMBER}[a-z]?\s(?:[a-z']+\s){{1,2}}(?:house|court|lodge|towers?|buildings?|mansions?|residency|nagar|society|heights|apartments)\b(?:\s{_HOUSE_NUMBER}\s(?:[a-z']+\s?){{1,2}}\Z)?"
    rf"|\b{_HOUSE_NUMBER}\s[a-d]\s(?:(?:first|second|third|fourth|fifth|\w+th)\s)?(?:main|cross)\b(?:\s[a-z']+){{0,4}}\Z"
    rf"|\b{_HOUSE_NUMBER}\s[a-d]\s[a-z']+\s{_LOWER_SUFFIX}\b"
)
_NUMBER_LAST = re.compile(
    rf"\b(?i:(?:[a-z']+\s){{1,2}}?{_LOWER_SUFFIX}),?\s(?i:number|no\.?)\s(?i:{_HOUSE_NUMBER})\b"
)
""" "Elm Road number two" """
_ANNOUNCED_SPOKEN = re.compile(
    rf"\b{_HOUSE_NUMBER}\s{_NO_STREET}[a-z']{{3,}}\s(?:run|drove|lea|wynd|mead|meadows?|chase|path|point|heights|buildings?|cottages|apartments?)\b(?:\s(?:apartment|apt|unit|flat)\b(?:\s\w+)?)?"
)
_BUILDING_AND_FLAT = re.compile(
    rf"\b(?i:building|block|tower)\s(?:{_HOUSE_NUMBER}|[A-Z]\b),?\s(?i:apartment|apt\.?|flat|unit)\s{_HOUSE_NUMBER}[A-Z]?\b"
    rf"|\b[a-z]{{3,}}\s(?:house|court|lodge|towers?|mansions?|heights)\s(?:flat|apartment|apt|unit)\s{_HOUSE_NUMBER}\b"
    rf"|\b(?:{_CAPITAL}\s){{1,2}}(?:House|Court|Lodge|Towers?|Mansions?|Heights),?\s(?i:flat|apartment|apt\.?|unit)\s\w+"
)
_STREET_AND_NUMBER = re.compile(
    rf"\b(?:[A-Z][a-z']+\s){{1,2}}(?:Street|Road|Avenue|Lane|Crescent|Boulevard|Terrace)\s\d+[A-Z]?\b"
)
""" "Fulton Avenue 212" """
_CONTINENTAL = re.compile(
    r"\b[A-Z][a-zà-ÿß]+(?:straat|weg|laan|plein|kade|stra(?:ss|ß)e|gasse|platz|vej|gatan|katu)\s\d+[a-z]?(?:,\s\d{4,5}(?:\s[A-Z]{2}\b)?\s[A-Z]\w+)?"
)
_AFTER_ADDRESS = re.compile(rf"\baddress,?\s(?:is\s|was\s)?({_HOUSE_NUMBER}\s([a-z']{{4,}}))\b")

_POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|[ACDEFHKNPRTVWXY]\d[\dW]\s[A-Z\d]{4}|[A-Z]\d[A-Z]\s\d[A-Z]\d)\b"
)
"""A postcode of the United Kingdom, of Ireland or of Canada, as written."""
_SPOKEN_BRITISH = re.compile(r"[a-z]{1,2}\d{1,3}[a-z]?\d[a-z]{2}")
_SPOKEN_POSTCODE = re.compile(r"[a-z]{1,2}\d{1,4}[a-z]?\d?[a-z]{2}|[a-z]{2}\d{3,4}")
_ENGLISH_SPOKEN = re.compile(
    rf"\b(?:(?:flat|apartment|apt|unit|number)\s)?(?:{_HOUSE_NUMBER},?\s)?{_HOUSE_NUMBER}\s(?!(?:and|minutes?|hours?|days?|of|for|on|at|the|to|a|in|people|from|per|dollars?|pounds?)\b)"
    rf"(?:(?:north|south|east|west|northeast|northwest|southeast|southwest)\s)?(?:{_NO_STREET}[a-z']+\s){{1,2}}?{_LOWER_SUFFIX}\b(?:\s(?:{_UNIT}))?(?:(?:\s[a-z]+){{1,2}}\Z)?",
)
_FLAT_AND_PLACE = re.compile(
    rf"\b(?i:flat|apartment|apt\.?|unit)\s(?i:{_HOUSE_NUMBER}|[A-Z]\b)[A-Z]?,?\s(?:(?:\d+[A-Za-z]?\s)?{_CAPITAL}(?:\s{_CAPITAL}){{0,3}})(?:,\s{_CAPITAL}|,?\s[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}})*"
)
_NUMBER_AND_FLAT = re.compile(
    rf"\b(?i:{_HOUSE_NUMBER})\s(?:{_CAPITAL}\s?){{1,3}},?\s(?i:apartment|apt\.?|unit|suite|flat|#)\s?\w+"
)
""" "1180 Lexington, Apt 14C" """
_ANSWER_BY_NUMBER = re.compile(
    rf"\A(?:(?:yes|yeah|sure|okay|ok|it['’]?s|its|that['’]?s|um|uh|the address is|i['’]?m at|we['’]?re at|at|so|oh)[\s,.]+)*"
    rf"((?:\d{{2,}}[A-Z]?|{_SPOKEN}(?:[\s-]{_SPOKEN})+)\s(?!(?:and|minutes?|hours?|days?|weeks?|months?|years?|times?|percent|more|of|for|on|at|the|to|a|in|people|from|per|dollars?|pounds?|o'clock|{_SPOKEN})\b)[A-Za-z']{{3,}}(?:\s[A-Za-z']{{3,}})?)\s*(?:[.,]|\Z)",
    re.IGNORECASE,
)
"""An answer to the question for the address: a number and a street without a word for a street."""
_ENGLISH_ANNOUNCED = re.compile(
    rf"\b(?i:{_HOUSE_NUMBER})\s(?i:(?:north|south|east|west|northeast|northwest|southeast|southwest)\s[a-z]+)|\bNo\.\s\d+(?:,\s(?:\d+(?:st|nd|rd|th)\s)?{_CAPITAL}(?:\s(?:\d+(?:st|nd|rd|th)|{_CAPITAL}))*)+"
)
_ZIP = re.compile(
    rf"(?i:\b(?:zip|postal|post)\s?(?:code)?(?:'s|\sis|,|:)?)\s+(\d{{5}}(?:-\d{{4}})?|(?i:{_SPOKEN}(?:\s{_SPOKEN}){{3,8}}))\b"
)


_ANNOUNCED = (_KOREAN_ANNOUNCED, _ENGLISH_ANNOUNCED, _HAMLET, _ANNOUNCED_SPOKEN)
_PLACE_AFTER = re.compile(r"\s([a-z]{4,})\b")


def address_spans(text: str, asked: frozenset[str]) -> Iterator[Span]:
    announced = PiiKind.ADDRESS in asked or re.search(r"주소|배송지|\baddress\b", text) is not None
    always = (
        _KOREAN,
        _APARTMENT,
        _ENGLISH,
        _ENGLISH_SPOKEN,
        _FLAT_AND_PLACE,
        _ROAD_AND_FLOOR,
        _HOUSE_BY_NAME,
        _POSTCODE,
        _NUMBER_AND_FLAT,
        _UNIT_AT_END,
        _KOREAN_ROAD_AND_FLAT,
        _VILLAGE,
        _NUMBER_LAST,
        _KOREAN_STREET,
        _WARD_AND_FLAT,
        _WARD_AND_ESTATE,
        _BUILDING_AND_FLAT,
        _STREET_AND_NUMBER,
        _CONTINENTAL,
    )
    for pattern in (*always, *(_ANNOUNCED if announced else ())):
        for match in pattern.finditer(text):
            yield Span(match.start(), _with_places(text, match.end()), PiiKind.ADDRESS)
    for match in _AFTER_ADDRESS.finditer(text):
        if not is_common(match.group(2)):
            yield Span(*match.span(1), PiiKind.ADDRESS)
    for match in _POSTED_TO.finditer(text):
        yield Span(*match.span(1), PiiKind.ADDRESS)
    for row in code_rows(text):
        if _SPOKEN_BRITISH.fullmatch(row.value) and re.search(r"post ?code", text, re.IGNORECASE):
            yield Span(row.start, row.end, PiiKind.ADDRESS)
        if (
            row.letters >= MIN_POSTCODE_LETTERS
            and _SPOKEN_POSTCODE.fullmatch(row.value)
            and PiiKind.ADDRESS in asked
        ):
            yield Span(row.start, row.end, PiiKind.ADDRESS)
    if PiiKind.ADDRESS in asked:
        for match in _HOUSE_ANSWER.finditer(text):
            yield Span(match.start(), match.end(), PiiKind.ADDRESS)
        for match in _ANSWER_BY_NUMBER.finditer(text):
            yield Span(*match.span(1), PiiKind.ADDRESS)
        for match in _FLAT_ALONE.finditer(text):
            yield Span(match.start(), match.end(), PiiKind.ADDRESS)
    for match in _ZIP.finditer(text):
        yield Span(*match.span(1), PiiKind.ADDRESS)


def _with_places(text: str, end: int) -> int:
    """The end of an address with a town after it, in lower case as a recogniser writes: no word of the language."""
    match = _PLACE_AFTER.match(text, end)
    return match.end() if match and not is_common(match.group(1)) else end
