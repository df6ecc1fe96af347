# ruff: noqa: E501  (one pattern per line reads better)
"""What stands around English names of people, and words that none of them is: the patterns behind english_names.py."""

from __future__ import annotations

import re

MAX_NAME_WORDS = 4
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", re.UNICODE)
POSSESSIVE = re.compile(r"['’](?:s|ll|d)?\Z")

RELATIVE = r"(?:husband|wife|partner|son|daughter|brother|sister|mother|father|mum|mom|dad|friend|neighbou?r|colleague|boss|man|manager|supervisor|technician|driver|fella|guy|nurse|boyfriend|girlfriend|fianc[eé]e?)"
BEFORE = re.compile(
    r"(?:\b(?:first |last |full |good |second |sur|middle |maiden |nick)?names?(?:\son\s(?:the|my|your)\s\w+)?(?:['’]?s|,|:|\sis|\swas|\swould be)?"
    r"|\b(?:passport|licen[cs]e|ticket|card|contract|id) (?:says|reads)|\bmyself|\bspeaking (?:with|to)|\btalking (?:with|to)|\bspeak (?:with|to)|\btalk to|\bthrough to|\b(?:you['’]?ve|you have) got|\bhow are you,?|\bi['’]?ve got(?: an?)?"
    r"|\bi['’]ve found|\byou to|\bask for|\bto reach|\b(?:he|she|who|man|lady|lad|guy|him|her|them)(?:['’]?s| is| was| were)? called|\bcall me|\bnamed|\bregistered (?:to|under)|\b(?:it is|it['’]?s) under|\bgoes by"
    r"|\b(?:am i|are you) speaking (?:with|to)|\bi(?:s| am|['’]m) (?:this|that)|\bcalling for|\blooking for"
    rf"|\b(?:my|his|her|your|our|the) {RELATIVE}(?:['’]s name is|,| is)?|\byours sincerely,?|\bcare of"
    r"|\b(?:tell|told|meet|seen|saw|thank|thanks to) )\s*\Z",
    re.IGNORECASE,
)
"""After these words a name follows, even one in no list."""
WEAK_BEFORE = re.compile(
    r"(?:\b(?:this is|i have|i am|i['’]?m|it['’]?s|it is|here['’]s|that['’]?s|he['’]s|she['’]s|reached|with|put|would it be|was it|could it be))\s*\Z",
    re.IGNORECASE,
)
"""After these words a name follows, or a firm or a state: "I'm Lorna with ...", "This is Meridian Air", "I'm Irish"."""
GREETING = re.compile(
    r"(?:\b(?:hi|hello|hey|hiya|g['’]day|morning|afternoon|evening|bye|goodbye|good night|night|cheerio|thanks|thank you|thank god|cheers|ta-ra|later|welcome(?: back)?"
    r"|bless you|sorry|okay|alright|all right|right|sure|yes|no|well|dear|listen|look|oh|please|lovely|brilliant|care|day|evening|luck|weekend|safe|journey|flight|course|then|now|soon|got it|man))\s*,?\s*\Z",
    re.IGNORECASE,
)
TITLE_ALONE = re.compile(r"\b(?:mr|mrs|ms|mister|missus)\.?\s+\Z", re.IGNORECASE)
"""Titles that are no other word."""
TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|mister|missus|doctor|professor|officer|nurse|sister|captain|miss)\.?\s+\Z",
    re.IGNORECASE,
)
AFTER_CLOSE = re.compile(
    r",? (?:speaking|here|this side|is my name|on the line|on reception)\b", re.IGNORECASE
)
AFTER_ORIGIN = re.compile(r",? (?:(?:down |over )?(?:at|from|with|on behalf of|in) )")
PERSON_VERB = re.compile(
    r" (?:told|said|says|promised|assured|called|rang|phoned|emailed|texted|helped|explained|mentioned|spoke|answered|booked me|sent me|gave me|put me|and i\b|can help|will (?:help|call|be (?:calling|there)))\b",
    re.IGNORECASE,
)
PARTICLES_TEXT = "van von der den de del della di da dos bin ibn al el la le du ter ten mac mc st"
PARTICLES = frozenset(PARTICLES_TEXT.split())
"""Small words inside a family name: Van der Berg."""
SURNAME_ASKED = re.compile(r"\b(?:sur|last |family |second )name", re.IGNORECASE)
SHORT_ANSWER = re.compile(r"[a-z']+(?:\s[a-z']+){0,2}\s*[.,]?\s*\Z")
ABOUT = re.compile(r" (?:about|there|available|around|in|home)\?")
END = re.compile(
    r"\s*(?:[.,!?;…]|\Z|and\b|from\b|with\b|at\b|here\b|speaking\b|over\b|down\b|on (?:a|the|reception)\b|calling\b|again\b|in (?:the )?[A-Za-z]+)"
)
CLAUSE_START = re.compile(
    r"(?:\A|[.,!?…\"]\s*|\A(?:uh|um|so|oh|yeah|yes|hi|hello|well|okay|and)\W+)\Z", re.IGNORECASE
)
FILLERS = re.compile(
    r"(?:(?:sure|yes|yeah|yep|okay|ok|of course|it['’]?s|it is|that['’]?s|under|my name is|um|uh|well|hi|hello|oh|so|the|a|is|right|certainly|i['’]?m|this is|erm|er|please|mm|hm|hmm|name['’]?s|and|no|good|morning|afternoon|evening|hiya|hey|i have|i['’]ve got)[\s,.…]+)*",
    re.IGNORECASE,
)
ASKED = re.compile(
    r"\bnames?\b|how do you spell|who am i|who['’]?(?:ve| have) i|who do i have|who['’]?s (?:this|calling|that|speaking)|who is (?:this|calling|speaking)|who(?:'m| am) i|and you are\b|surname|whose|pleasure of"
    r"|who['’]?s on the account|account holder|who is it for|who['’]?s it for|who should|booked under|under (?:what|which)|what is it under|who(?:'s| is) (?:coming|driving|collecting)",
    re.IGNORECASE,
)
TWO_PARTNERS = re.compile(
    r"(?:(?<=\bwith )|(?<=\bfrom ))[A-Z][a-z]+ and [A-Z][a-z]+|(?<=\bat )[A-Z][a-z]+ and [A-Z][a-z]+|\A[A-Z][a-z]+ and [A-Z][a-z]+(?=[,.])"
)
"""A firm: "this is Priscilla with Hartwell and Boone"."""
NO_NAMES_TEXT = (
    "i the a an it it's my yes no yeah sure okay ok thank thanks sorry what why who how when where hold one let can could would will please "
    "just of course well hello hi good great right correct not calling looking going trying here there this that and but so do does is are was "
    "customer agent billing support service sales technical nothing never still also wait go sir madam ma'am you your he she we they "
    "i'm i've i'll i'd it'll that's there's you're we're we've internet speaking relax likewise god lord christ miss mr mrs ms dr "
    "he's she's you've they're what's who's how's let's don't can't won't didn't isn't doesn't i'd you'll we'll they'll where's here's"
)
NO_NAMES = frozenset(NO_NAMES_TEXT.split())


SHORT_NAMES = frozenset(
    ["jo", "al", "ed", "bo", "ty", "vi", "cy", "mo", "lu", "li", "xi", "wu", "yu", "ng", "ko", "ji"]
)
INTRODUCED = re.compile(r"\b(?:this is|my name is|my name's|name is)\s*\Z", re.IGNORECASE)
DAYS = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
"""In the list of names, but a name of a person in no service call that we know."""
NO_NAME_ALONE = frozenset(("saint", "doctor", "captain", "nurse", "officer", "professor"))
ALSO_VERBS = frozenset(
    [
        "here",
        "home",
        "line",
        "desk",
        "house",
        "drive",
        "close",
        "place",
        "way",
        "support",
        "help",
        "care",
        "post",
        "work",
        "park",
        "shop",
        "connect",
        "express",
    ]
)
"""In lower case after a name, no word of a firm: "have Ronnie drive me"."""
PLACE_BEFORE = re.compile(r"\b(?:in|near|outside|around|via|(?:is|was|are|am|'m|comes?) from)\s\Z")
NUMBERED = re.compile(r"one|two|three|four|five|six|seven|eight|nine|ten")
ANSWERED = re.compile(
    r"\b(?:this is|speaking|here|good (?:morning|afternoon|evening)|how (?:may|can) (?:i|we))\b",
    re.IGNORECASE,
)

MIN_LETTERS_ALONE = 4
"""A shorter given name in lower case needs a context: "ray", "mei"."""
STATED_BEFORE = re.compile(
    rf"(?:\b(?:first |last |full |good |sur|middle )?names?(?:['’]?s| is| was)?|\b(?:passport|licen[cs]e|ticket|card|contract|id) (?:says|reads)|\bmyself|\b(?:is|was) called|\bcall me|\bask for|\b(?:my|his|her|your|our|the) (?:\w+ )?{RELATIVE})\s*\Z",
    re.IGNORECASE,
)
NEVER_BEFORE = re.compile(r"\b(?:[A-Za-z] (?:as in|for|like)|the|as in|a|an|saint|st\.?)\s+\Z", re.IGNORECASE)
"""Spelling words, "F as in Frank", and things that have an article."""
OBJECT_AFTER = re.compile(r" (?:it|them|the|your|me|in|a|that|this(?! side)|my|us|up|him|her|to|off|out)\b")
ORIGIN_IN_LOWER_CASE = re.compile(
    r"\s*(?:\Z|(?:over |down )?(?:at|from|with|speaking|here|again|calling)\b|on (?:a|the) )"
)
THIS_IS = re.compile(r"\bthis is\s*\Z", re.IGNORECASE)
IS_BEFORE = re.compile(r"\b[Ii]s \Z")
MEETING = re.compile(
    r"\b(?:hi|hello|hey|hiya|thanks|thank you|bye|goodbye|good night|night|cheerio|cheers|good morning|morning|miss|later)\W*\Z",
    re.IGNORECASE,
)
ADDRESSED = GREETING
SPEAKS_TO_YOU = re.compile(
    r"\b(?:you|your|you['’]re|luck|care|thanks|thank|sorry|please|bye|soon|then|we['’]re)\b", re.IGNORECASE
)
DESK = re.compile(
    r"\b(?:desk|support|care|accounts|leasing|reception|team|service|services|claims|billing|sales)\b",
    re.IGNORECASE,
)


NUMBER = re.compile(r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-")
