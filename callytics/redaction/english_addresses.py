# ruff: noqa: E501  (one part per line reads better)
"""Wordings of addresses in English calls: streets, houses with names, flats, postcodes, written and spoken."""

from __future__ import annotations

import re

MIN_POSTCODE_LETTERS = 2
_NOT_STREET = "January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|AM|PM|A|P"
_SPOKEN_TEXT = "oh zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
_SPOKEN = rf"(?:{'|'.join(_SPOKEN_TEXT.split())})"
_HOUSE_NUMBER = rf"(?:\d+[A-Z]?(?:-\d+)?|{_SPOKEN}(?:[\s-]{_SPOKEN}|\shundred\sand\s{_SPOKEN})*)"
_CAPITAL = r"[A-Z][A-Za-z'.]*"
_SUFFIX = r"(?:Mews|Mount|Grove|Hill|Wharf|View|Rise|Walk|Green|Quay|Vale|Bend|Croft|Yard|Cross|Parade|Esplanade|Alley|Loop|Ridge|Pike|House|Cottage|Lodge|Cottages|Mansions|Buildings|Villas|Drove|Chase|Heights|Nagar|Layout|Residency|Towers|Estate|Street|St|Road|Rd|Avenue|Ave|Drive|Dr|Lane|Ln|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Terrace|Circle|Parkway|Pkwy|Highway|Square|Crescent|Close|Gardens|Row|Trail)\b\.?"
_UNIT = r"(?:Apartment|Apt\.?|Unit|Suite|Floor|Flat|#)\s?\w+"
_TAIL = rf"(?:,?\s(?i:{_UNIT}|\d{{5}}(?:-\d{{4}})?\b)|,?\s(?:(?i:{_SPOKEN})\s){{4}}(?i:{_SPOKEN})\b|\sin\s{_CAPITAL}|,\s{_CAPITAL}(?:\s{_CAPITAL}){{0,2}})"
ENGLISH = re.compile(
    rf"\b(?:[Nn]umber\s)?(?i:{_HOUSE_NUMBER})\s(?:(?:North|South|East|West|Northeast|Northwest|Southeast|Southwest|NE|NW|SE|SW|N|S|E|W)\.?\s)?(?:{_CAPITAL}\s){{1,3}}?{_SUFFIX}{_TAIL}*"
)
_LOWER_SUFFIX = rf"(?:street|road|avenue|drive|lane|court|boulevard|terrace|circle|parkway|crescent|close|gardens|row(?!\s(?:\d|{_SPOKEN}))|house|bend|cross|place|hill|view|mews|grove)"
_HOUSE_WORD = (
    r"(?:House|Cottage|Lodge|Farm|Barn|Forge|Mill|Villa|Rectory|Residency|Towers|Haggard|Manor|Grange)"
)
HOUSE_BY_NAME = re.compile(
    rf"\bThe\s(?:{_CAPITAL}\s)?{_CAPITAL},\s(?:{_CAPITAL}\s){{1,2}}?{_SUFFIX}(?:,\s{_CAPITAL})*"
    rf"|\b(?:(?:The|{_CAPITAL})\s){{1,2}}{_HOUSE_WORD},\s{_CAPITAL}(?:\s{_CAPITAL}){{0,2}}(?:,\s{_CAPITAL})*"
    rf"|\b[A-Z]-?\d{{2,4}},\s(?:{_CAPITAL}\s?){{1,3}}(?:,\s{_CAPITAL})*"
)
POSTED_TO = re.compile(
    rf"\b(?i:posted to|post it to|sent to|send it to|sending it to|delivered to|deliver to|deliver it to|going to|you['’]re at|we['’]re at|i['’]m at|you at|still at|live at|lives at|address is|out to|come to|is it|round to)\s(\d{{1,4}}[A-Z]?,?\s(?!(?:{_NOT_STREET})\b){_CAPITAL}(?:\s{_CAPITAL}){{0,3}}(?:,\s{_CAPITAL}(?:\s{_CAPITAL})?)*)"
)
HOUSE_ANSWER = re.compile(
    rf"\b{_CAPITAL}\s{_HOUSE_WORD}\b(?:,\s{_CAPITAL})*|\b(?:Number\s)?\d+[A-Z]?,?\s(?:The\s)?{_CAPITAL}(?:\s{_CAPITAL}){{0,2}}|\bThe\s{_CAPITAL},\s{_CAPITAL}(?:\s{_CAPITAL})?"
)
_NO_STREET = r"(?!(?:we|they|you|i|he|she|it|its|will|to|the|a|don't|still|and|or|is|are|was|of|that|this|just|can|could|before|after|until|if)\b)"
""" "After two we close" is no address."""
UNIT_AT_END = re.compile(
    rf"\b{_HOUSE_NUMBER}\s(?:[a-z']+\s){{1,3}}?(?:unit|flat|apartment|apt|suite)\s{_HOUSE_NUMBER}\b"
    rf"|\b(?:flat|apartment|apt|unit)\s{_HOUSE_NUMBER}[a-z]?\s(?:[a-z']+\s){{1,2}}(?:house|court|lodge|towers?|buildings?|mansions?|residency|nagar|society|heights|apartments)\b(?:\s{_HOUSE_NUMBER}\s(?:[a-z']+\s?){{1,2}}\Z)?"
    rf"|\b{_HOUSE_NUMBER}\s[a-d]\s(?:(?:first|second|third|fourth|fifth|\w+th)\s)?(?:main|cross)\b(?:\s[a-z']+){{0,4}}\Z"
    rf"|\b{_HOUSE_NUMBER}\s[a-d]\s[a-z']+\s{_LOWER_SUFFIX}\b"
)
NUMBER_LAST = re.compile(
    rf"\b(?i:(?:[a-z']+\s){{1,2}}?{_LOWER_SUFFIX}),?\s(?i:number|no\.?)\s(?i:{_HOUSE_NUMBER})\b"
)
""" "Elm Road number two" """
ANNOUNCED_SPOKEN = re.compile(
    rf"\b{_HOUSE_NUMBER}\s{_NO_STREET}[a-z']{{3,}}\s(?:run|drove|lea|wynd|mead|meadows?|chase|path|point|heights|buildings?|cottages|apartments?)\b(?:\s(?:apartment|apt|unit|flat)\b(?:\s\w+)?)?"
)
BUILDING_AND_FLAT = re.compile(
    rf"\b(?i:building|block|tower)\s(?:{_HOUSE_NUMBER}|[A-Z]\b),?\s(?i:apartment|apt\.?|flat|unit)\s{_HOUSE_NUMBER}[A-Z]?\b"
    rf"|\b[a-z]{{3,}}\s(?:house|court|lodge|towers?|mansions?|heights)\s(?:flat|apartment|apt|unit)\s{_HOUSE_NUMBER}\b"
    rf"|\b(?:{_CAPITAL}\s){{1,2}}(?:House|Court|Lodge|Towers?|Mansions?|Heights),?\s(?i:flat|apartment|apt\.?|unit)\s\w+"
)
STREET_AND_NUMBER = re.compile(
    r"\b(?:[A-Z][a-z']+\s){1,2}(?:Street|Road|Avenue|Lane|Crescent|Boulevard|Terrace)\s\d+[A-Z]?\b"
)
""" "Fulton Avenue 212" """
STREET_ASKED = re.compile(
    rf"\bnumber\s{_HOUSE_NUMBER}\s(?:the\s)?(?!(?:on|of|in|and|is|which|what|that|then|there|please|right|yes|sorry|was|for|you|here)\b)[a-z']{{3,}}(?:\s[a-z']{{4,}})?"
    rf"|\b{_NO_STREET}(?!which\b|what\b|my\b|your\b|our\b|same\b|main\b|high\b|by\b|on\b)[a-z']{{3,}}\s(?:road|street|lane|avenue|crescent|gardens|terrace|drive)\b"
)
"""In an answer, a street without a number, for a house may have a name."""
LETTERED_HOUSE = re.compile(
    r"\b(?:[Ww]e['’]?re|[Ii]['’]?m|[Ii]t['’]?s|[Nn]umber|[Ff]lat|at)\s(\d{1,4}[A-Z])\b"
)
CONTINENTAL = re.compile(
    r"\b[A-Z][a-zà-ÿß]+(?:straat|weg|laan|plein|kade|stra(?:ss|ß)e|gasse|platz|vej|gatan|katu)\s\d+[a-z]?(?:,\s\d{4,5}(?:\s[A-Z]{2}\b)?\s[A-Z]\w+)?"
)
AFTER_ADDRESS = re.compile(rf"\baddress,?\s(?:is\s|was\s)?({_HOUSE_NUMBER}\s([a-z']{{4,}}))\b")

POSTCODE = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|[ACDEFHKNPRTVWXY]\d[\dW]\s[A-Z\d]{4}|[A-Z]\d[A-Z]\s\d[A-Z]\d)\b"
)
"""A postcode of the United Kingdom, of Ireland or of Canada, as written."""
SPOKEN_BRITISH = re.compile(r"[a-z]{1,2}\d{1,3}[a-z]?\d[a-z]{2}")
SPOKEN_POSTCODE = re.compile(r"[a-z]{1,2}\d{1,4}[a-z]?\d?[a-z]{2}|[a-z]{2}\d{3,4}")
ENGLISH_SPOKEN = re.compile(
    rf"\b(?:(?:flat|apartment|apt|unit|number)\s)?(?:{_HOUSE_NUMBER},?\s)?{_HOUSE_NUMBER}\s(?!(?:and|minutes?|hours?|days?|of|for|on|at|the|to|a|in|people|from|per|dollars?|pounds?)\b)"
    rf"(?:(?:north|south|east|west|northeast|northwest|southeast|southwest)\s)?(?:{_NO_STREET}[a-z']+\s){{1,2}}?{_LOWER_SUFFIX}\b(?:\s(?:{_UNIT}))?(?:(?:\s[a-z]+){{1,2}}\Z)?",
)
FLAT_AND_PLACE = re.compile(
    rf"\b(?i:flat|apartment|apt\.?|unit)\s(?i:{_HOUSE_NUMBER}|[A-Z]\b)[A-Z]?,?\s(?:(?:\d+[A-Za-z]?\s)?{_CAPITAL}(?:\s{_CAPITAL}){{0,3}})(?:,\s{_CAPITAL}|,?\s[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}})*"
)
NUMBER_AND_FLAT = re.compile(
    rf"\b(?i:{_HOUSE_NUMBER})\s(?:{_CAPITAL}\s?){{1,3}},?\s(?i:apartment|apt\.?|unit|suite|flat|#)\s?\w+"
)
""" "1180 Lexington, Apt 14C" """
ANSWER_BY_NUMBER = re.compile(
    rf"\A(?:(?:yes|yeah|sure|okay|ok|it['’]?s|its|that['’]?s|um|uh|the address is|i['’]?m at|we['’]?re at|at|so|oh)[\s,.]+)*"
    rf"((?:\d{{2,}}[A-Z]?|{_SPOKEN}(?:[\s-]{_SPOKEN})+)\s(?!(?:and|minutes?|hours?|days?|weeks?|months?|years?|times?|percent|more|of|for|on|at|the|to|a|in|people|from|per|dollars?|pounds?|o'clock|{_SPOKEN})\b)[A-Za-z']{{3,}}(?:\s[A-Za-z']{{3,}})?)\s*(?:[.,]|\Z)",
    re.IGNORECASE,
)
"""An answer to the question for the address: a number and a street without a word for a street."""
ENGLISH_ANNOUNCED = re.compile(
    rf"\b(?i:{_HOUSE_NUMBER})\s(?i:(?:north|south|east|west|northeast|northwest|southeast|southwest)\s[a-z]+)|\bNo\.\s\d+(?:,\s(?:\d+(?:st|nd|rd|th)\s)?{_CAPITAL}(?:\s(?:\d+(?:st|nd|rd|th)|{_CAPITAL}))*)+"
)
ZIP = re.compile(
    rf"(?i:\b(?:zip|postal|post)\s?(?:code)?(?:'s|\sis|,|:)?)\s+(\d{{5}}(?:-\d{{4}})?|(?i:{_SPOKEN}(?:\s{_SPOKEN}){{3,8}}))\b"
)
