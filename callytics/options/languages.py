"""Maps the languages that people, browsers and cloud services write to the codes of the recogniser.

LANGUAGES are those of Whisper's tokenizer, under its own codes (tests/options/test_languages.py compares the
two). One code differs from the standard: Javanese is ``jw`` there and ``jv`` in ISO 639-1.
"""

from __future__ import annotations

import re
import unicodedata

from callytics.errors import InvalidRequestError

# Whisper's code | its name in English | its name in Korean | other codes: ISO 639-2 and 639-3, older, or of a part.
_TABLE = """
af|afrikaans|아프리칸스어|afr
am|amharic|암하라어|amh
ar|arabic|아랍어|ara arb
as|assamese|아삼어|asm
az|azerbaijani|아제르바이잔어|aze azj
ba|bashkir|바시키르어|bak
be|belarusian|벨라루스어|bel
bg|bulgarian|불가리아어|bul
bn|bengali|벵골어|ben
bo|tibetan|티베트어|bod tib
br|breton|브르타뉴어|bre
bs|bosnian|보스니아어|bos
ca|catalan,valencian|카탈루냐어,카탈로니아어|cat
cs|czech|체코어|ces cze
cy|welsh|웨일스어|cym wel
da|danish|덴마크어|dan
de|german|독일어|deu ger
el|greek|그리스어|ell gre
en|english|영어|eng
es|spanish,castilian|스페인어|spa
et|estonian|에스토니아어|est ekk
eu|basque|바스크어|eus baq
fa|persian,farsi|페르시아어|fas per pes
fi|finnish|핀란드어|fin
fo|faroese|페로어|fao
fr|french|프랑스어,불어|fra fre
gl|galician|갈리시아어|glg
gu|gujarati|구자라트어|guj
ha|hausa|하우사어|hau
haw|hawaiian|하와이어|
he|hebrew|히브리어|heb iw
hi|hindi|힌디어|hin
hr|croatian|크로아티아어|hrv
ht|haitian creole,haitian|아이티어,아이티 크리올어|hat
hu|hungarian|헝가리어|hun
hy|armenian|아르메니아어|hye arm
id|indonesian|인도네시아어|ind in
is|icelandic|아이슬란드어|isl ice
it|italian|이탈리아어|ita
ja|japanese|일본어|jpn
jw|javanese|자바어|jv jav
ka|georgian|조지아어|kat geo
kk|kazakh|카자흐어|kaz
km|khmer|크메르어,캄보디아어|khm
kn|kannada|칸나다어|kan
ko|korean|한국어,한국말|kor
la|latin|라틴어|lat
lb|luxembourgish,letzeburgesch|룩셈부르크어|ltz
ln|lingala|링갈라어|lin
lo|lao|라오어|
lt|lithuanian|리투아니아어|lit
lv|latvian|라트비아어|lav lvs
mg|malagasy|말라가시어|mlg plt
mi|maori|마오리어|mri mao
mk|macedonian|마케도니아어|mkd mac
ml|malayalam|말라얄람어|mal
mn|mongolian|몽골어|mon khk
mr|marathi|마라티어|mar
ms|malay|말레이어|msa may zsm
mt|maltese|몰타어|mlt
my|myanmar,burmese|미얀마어,버마어|mya bur
ne|nepali|네팔어|nep npi
nl|dutch,flemish|네덜란드어|nld dut
nn|nynorsk|뉘노르스크|nno
no|norwegian,bokmål|노르웨이어|nor nb nob
oc|occitan|오크어|oci
pa|punjabi,panjabi|펀자브어|pan
pl|polish|폴란드어|pol
ps|pashto,pushto|파슈토어|pus pbt
pt|portuguese|포르투갈어|por
ro|romanian,moldavian,moldovan|루마니아어|ron rum mo
ru|russian|러시아어|rus
sa|sanskrit|산스크리트어|san
sd|sindhi|신드어|snd
si|sinhala,sinhalese|싱할라어|sin
sk|slovak|슬로바키아어|slk slo
sl|slovenian|슬로베니아어|slv
sn|shona|쇼나어|sna
so|somali|소말리아어|som
sq|albanian|알바니아어|sqi alb
sr|serbian|세르비아어|srp
su|sundanese|순다어|sun
sv|swedish|스웨덴어|swe
sw|swahili|스와힐리어|swa swh
ta|tamil|타밀어|tam
te|telugu|텔루구어|tel
tg|tajik|타지크어|tgk
th|thai|태국어,타이어|tha
tk|turkmen|투르크멘어|tuk
tl|tagalog,filipino|타갈로그어,필리핀어|tgl fil
tr|turkish|튀르키예어,터키어|tur
tt|tatar|타타르어|tat
uk|ukrainian|우크라이나어|ukr
ur|urdu|우르두어|urd
uz|uzbek|우즈베크어|uzb uzn
vi|vietnamese|베트남어|vie
yi|yiddish|이디시어|yid ydd ji
yo|yoruba|요루바어|yor
zh|chinese,mandarin|중국어|zho chi cmn
yue|cantonese|광둥어|
"""

_ROWS = [line.split("|") for line in _TABLE.split("\n") if line]

LANGUAGES: dict[str, str] = {code: english.split(",")[0] for code, english, _, _ in _ROWS}
"""Code and OpenAI's name in English (``korean``)."""

_CODES = {
    name: code
    for code, english, korean, others in _ROWS
    for name in (code, *english.split(","), *korean.split(","), *others.split())
}
_DETECT = frozenset(("", "auto", "und", "자동"))
_BCP_47 = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*")


def language_code(text: str | None) -> str | None:
    """The recogniser's code of a language; None to detect it (``None``, ``""``, ``auto``).

    Accepts codes (``ko``, ``KOR``), BCP 47 (``ko-KR``, ``zh_Hant_TW``; region and script have no effect) and names in
    English and Korean (``Korean``, ``한국어``).

    Raises:
        InvalidRequestError: ``language_unknown``.
    """
    if text is None:
        return None
    name = " ".join(unicodedata.normalize("NFKC", text[:100]).casefold().split())
    if name in _DETECT:
        return None
    if name in _CODES:
        return _CODES[name]
    tag = _BCP_47.fullmatch(name)
    if tag:
        if re.match(r"zh[-_]yue\b", name):  # the older form: Cantonese as an extension of Chinese
            return "yue"
        if tag[1] in _CODES:
            return _CODES[tag[1]]
    raise InvalidRequestError(
        "language_unknown",
        f"The recogniser has no language {text[:40]!r}; it has {', '.join(LANGUAGES)}, and their names in English "
        "and Korean. Leave language out to have it detected.",
    )
