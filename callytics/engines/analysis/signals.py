# ruff: noqa: E501  (one pattern per line reads better)
"""Signs of what a turn does: tells a problem, asks, acts, promises, refuses, instructs, closes. Input of the rankers.

By form, not by verb: Korean past forms (-았/었- of any verb, -아/어 드렸/놓았/두었), -(으)ㄹ게, -겠-; the English perfect and
"I'll". A sign alone decides nothing: models.json weighs them. English patterns match lower-case text without apostrophes,
Korean ones text without spaces, because a recogniser leaves either out.
"""

from __future__ import annotations

import re

_HANGUL_A, _HANGUL_Z = 0xAC00, 0xD7A3
_FINALS = 28


def _syllables(final: int, without: str = "") -> str:
    """A character class: every syllable with this final consonant."""
    every = (chr(code) for code in range(_HANGUL_A, _HANGUL_Z + 1) if (code - _HANGUL_A) % _FINALS == final)
    return "[" + "".join(character for character in every if character not in without) + "]"


_PAST = _syllables(20, "있겠")
"""A syllable that ends in ㅆ: the past of any verb, except 있다 and the -겠- of intentions."""
_FUTURE = _syllables(8)
"""A syllable that ends in ㄹ: before 게, 게요, 거예요 an intention."""
_POLITE = r"(?:습니다|어요|네요|고요|구요|는데요?|거든요?|죠|다|음|으니까?|으세요|답니다|대요)"
_DAY = r"오늘|내일|모레|글피|[월화수목금토일]요일|다음주|이번주|주말|내달|다음달|말일|오전|오후|저녁|[일이삼사오육칠팔구십\d]+(?:시|분|일|주|달|개월|영업일)(?:안|이내|내|뒤|후|까지|정도|쯤|전)|[까]지"

KOREAN = {
    "problem": r"안돼|안되|안됩|안와|안왔|안나|안켜|안열|안떠|못[가-힣]|고장|깨[져졌지]|망가|끊[기겨어]|느려|오류|에러|잘못|두번|늦|불편|문제|분실|잃어버|도난|불량|이상하|새[요는더]|빠져나[가갔]|나왔[는어더]|틀[리렸]|없어[졌요]|안맞|잠[가갔겼]|사라|다쳐|다쳤|아파|막혔|긁|파손|누수|벌레|곰팡|녹이|탔|터[졌져]",
    "complaint": r"왜|도대체|어이없|말이[안돼되]|황당|아직도|벌써|몇번|번째|또[안전그]|이게뭐|너무하|책임자|사기|환장|기가|짜증|화가|속[이터상]",
    "request": r"려고[요하는]?|싶[은어습]|해주세요|해줘|해주실|주시[면겠나]|부탁|되나요|될까요|돼요|되는[지가]|가능한가|있을까|있나[요해]|있는지|궁금|여쭤|문의|알고|할려고|려는데|려구|달라고|주[셔시]야|좀$|는법|어떻게",
    "service": r"해지|취소|환불|교환|반품|변경|신청|예약|접수|가입|등록|재발급|정지|연장|조회|발급|결제|청구|배송|택배|요금|수리|점검|설치|이체|한도|대출|보험|보상|진료|검사|견적|주문|환급|민원|신고|증명",
    "reason": r"때문에|다름이아니|전화드렸|연락드렸|전화했|전화한|전화하는|연락했|건데요?|인데요?|거든요|해서요|어서요|아서요|라서요|더라고요|는데요",
    "outbound": r"안내(?:해)?드리(?:려|고)|전화드렸|연락드렸|설문|만족도|조사|여쭤보려고|혜택|행사|이벤트|당첨|무료|특별|대상자|추천해?드리|가입하시|확인차|방문예정|예약하신|이시죠|님되시|폰이죠|님맞으|[점]만점",
    "done_auxiliary": r"(?:드렸|놨|놓았|뒀|두었|줬|버렸)" + _POLITE,
    "done_passive": r"(?:됐|되었|돼있|되셨|되신|완료|났|나갔|들어갔|접수되|처리되|취소되|예약되)(?:"
    + _POLITE
    + r"|으셨)?",
    "done_past": _PAST + _POLITE,
    "acts": r"(?:취소|접수|변경|환불|등록|예약|발송|완료|해결|정지|신청|수정|처리|입금|발급|전달|확정|재발송|보[냈내]|풀[었어]|넣[었어]|바[꿨꾸]|빼|잡[았아]|끊[었어]|올[렸려]|고[쳤쳐]|적어|눌[렀러])",
    "promise": _FUTURE
    + r"(?:게|께)(?:요|$|[^가-힣])?|겠(?:습니다|어요|슴다|심더)|도록(?:하|할|해)|"
    + _FUTURE
    + r"겁니다",
    "promise_give": r"드[릴리]|(?:해|보내|전화|연락|알려|챙겨|넣어|잡아|빼|고쳐)(?:줄|드릴|드리)",
    "future": _FUTURE
    + r"(?:거예요|거에요|겁니다|거고|거거든|건데|거요|꺼)|예정|나갑니다|갑니다|들어가요|가요|나가요|갈거|올거",
    "contact": r"전화|연락|문자|메일|톡|안내|회신|답",
    "day": _DAY,
    "refusal": r"안됩니다|안돼요|안되[세시고는]|안돼서|어렵[습고다네]|어려[워우울]|불가|할수[가는]?없|수[가는]?없[어습]|드릴수없|방법이없|권한밖|권한이없|규정상|규정이|약관|원칙|부결|대상이아니|못[해드받하]|없어요|없습니다|없으세요|책임없|의무없|모르[죠는겠]",
    "alternative": r"대신|다만|하시려면|하셔야|수[는도가]?있(?:어요|습니다|으세요|고)|가능(?:하|해|합)|되세요|되시|돼요|됩니다",
    "instruct": r"(?:으시|시)면(?:돼|됩|되|은)|주세요|주십시오|주셔야|셔야|십시오|보세요|하세요|하시고|시고요|마세요|마시고|두세요|두시|십쇼|바랍니다|챙기|놔요|가져오",
    "identity": r"성함|생년월일|주민번호|연락처|전화번호|번호(?:가|는|를|좀|요|하)|주소|본인|이름이|카드번호|주문번호|고객번호|차번호|모델명|확인(?:좀|을위해|부탁)|어떻게되",
    "hold": r"잠시만|잠깐만|기다려|확인해보|조회해보|살펴보|알아보|볼게요|볼께요|보겠습니다|여쭙|말씀하세요|말씀해",
    "greeting": r"안녕하|여보세요|반갑습니다|[가-힣](?:입니다|이에요|예요)$|도와드릴|무엇을|센터|상담[원사]|고객지원",
    "closing": r"좋은하루|즐거운|행복한|안녕히|들어가(?:세요|십)|수고하|편한|조심히|감사합니다|고맙습니다|별말씀|끊[을어는]|더필요|다른문의|궁금하신",
    "thanks": r"감사|고마|고맙|땡큐|덕분|살았다|다행|최고|친절",
    "works": r"들어가졌|된다|되네|돼네|나온다|나와요|나오네|켜졌|켜진|왔네|왔어|왔다|떴|됐다|됐어|열렸|열린|됐네|되는데요|보여요|보이네|들어왔|눌렀|해결",
    "accept": r"^(?:네|예|응|어|그래|좋아|알겠|알았)|그렇게해|그걸로|좋[아네습]|알겠|알았|해주세요$|맞[아습]",
    "decline": r"됐[어습고]|필요없|관심없|안[해할]|싫|전화하지마|빼주|바빠|운전중|회의중|끊을|끊어|괜찮습|다음에|거절",
    "protest": r"민원|소비자|신고하|고소|소송|방송|인터넷에|언론|금감원|책임자|팀장|사장|바꿔(?:주|요)?$|말이됩|장난|그럼어|어쩌라|그게무슨|말도안|어이|아니[그왜이]|다시는|안살|안씁|옮길|가만|두고|쳐들어",
    "wrong_number": r"잘못거|잘못걸|번호가아니|아닌데요|여기는[가-힣]{0,8}(?:아니|인데|이라|라)|가정집|전화번호가(?:틀|다르|바뀌)|몇번으로거|다른(?:데|곳)",
    "elsewhere": r"그사람아니|아니라고요|거꾸로눌|잘못(?:봤|걸|거셨|눌)|(?:저희는|여기는?)[가-힣]{0,12}(?:없는데|인데요|이라|라서|만|아니)|아니에요\?|아니세요\?|아닌가요\?|아닌데요|[가-힣]+(?:호텔|병원|식당)아니에요|끝번호|뒤에두자리",
    "transfer": r"연결(?:해|드|을|하)|돌려드|담당(?:자|부서|팀)|바꿔드|끊지마",
    "state": r"확정|완료|접수번호|예약번호|면제|승인|복구|해제|무료|차단|보류|등록(?:했|됐|되)|잡[아았]|비워|빼[놨드놓]|풀[었려어]|넘겨",
    "condition": r"[가-힣]면(?!서)|경우|혹시|려면|텐데|을까|일지도|모르겠",
    "survey_end": r"문항|응답|설문|조사|점수|[점]이요|의견",
    "question": r"(?:까요?|나요|가요|는지요|ㄴ지요|세요|죠|어요|아요|예요|래요|대요|데요|니까|냐|까)\?|\?$|(?:까요|나요|가요|습니까|을까|ㄹ까)$",
}

ENGLISH = {
    "problem": r"problem|trouble|issue|not working|nt (?:work|turn|connect|arrive|receive|open|get|come|let|show|load|go)|stopp?ed|broken|wrong|charged|charging|twice|two times|\blate\b|delay|missing|\blost\b|never|error|hasnt|havent|cant\b|cannot|stuck|keeps?\b|wont|leak|crack|damage|denied|declined|locked|fell|hurt|stolen|overcharg|should(?:ve| have)|supposed to|instead|still",
    "complaint": r"again|time (?:ive|i)|third|fourth|fifth|ridiculous|nobody|no one|sick of|fed up|unacceptable|joke|how is that|what the|seriously|weeks?|months?|unbelievable|helped yourselves|worst",
    "request": r"id like|id love|i (?:want|need|gotta|wanna)|im (?:calling|ringing|phoning|trying|looking|hoping|after)|can (?:you|i|we)|could (?:you|i|we)|i was (?:wondering|hoping)|question|looking (?:for|to)|interested in|how (?:do|can|much|long)|would it be|is it possible|is there (?:any|a)|want to|need to|wanted to|like to|trying to|do you (?:have|do)|calling (?:to|about|because|for)",
    "service": r"cancel|refund|exchange|return|chang|appointment|booking|booked|book\b|order|account|bill|charge|deliver|parcel|package|card|claim|policy|loan|payment|plan|internet|router|password|log ?in|ticket|flight|room|repair|quote|prescription|insurance|subscription|invoice|deposit|fee\b|fees\b",
    "reason": r"because|cause\b|cos\b|so i|so ive|its about|it says|i got|i bought|i ordered|i have (?:a|an|made|your|letter)|i had|ive (?:got|been|had|just|done)|my \w+|your (?:driver|guy|man|website|app|technician|engineer|bus|lot)|you (?:lot|guys|people)",
    "outbound": r"survey|feedback|on behalf of|scale (?:from|of)|questions?\b|youve been (?:picked|selected|chosen)|congratulations|offer|promotion|calling (?:from|about your|regarding)|this is .{0,40}(?:calling|with|from)|am i speaking|is (?:that|this) (?:mr|mrs|ms|\w+ \w+\b)|may i speak|we(?:ve| have) (?:a|got)|minutes of your|special|exclusive|weve",
    "done_perfect": r"\b(?:ive|i have|weve|we have|its|it is|it has|thats|theyve|youre|youve|they have) (?:just |now |already |also |all |been |gone )*(?!seen|had|heard|said|thinking|not)\w+(?:ed|en|nt|pt|lt|ut|ne|ld|wn)\b|\b(?:has|have) been \w+",
    "done_set": r"\b(?:all set|all (?:done|sorted|booked|good|changed)|(?:thats|its|youre|theyre|were) (?:all |now )?(?:done|off|booked|sorted|set|cancelled|canceled|changed|moved|fixed|gone|in|on|live|active|sent|updated|paused|refunded|confirmed|complete|ready|corrected|blocked|through|reissued|down for)|^done\b|there you (?:go|are)|got you (?:down|in|booked)|put you (?:down|in)|confirmation|reference (?:number )?is)",
    "done_past": r"\bi (?:just |already |also )?(?:refunded|cancel\w+|updated|booked|fixed|sent|moved|changed|put|took|added|credited|removed|waived|reset|blocked|raised|noted|bumped|pushed|turned)",
    "acts": r"refund|cancel|credit|waive|replace|book|resch|mov(?:ed|ing)|chang|updat|send(?:ing)?|sent|process|submit|remov|reset|block|rais(?:ed|ing)|escalat|transfer|fix|releas|reissu|extend|unlock|confirm|log(?:ged|ging)|not(?:ed|ing) ",
    "promise": r"\b(?:ill|i will|well|we will|im going to|im gonna|were going to|were gonna|shell|hell|theyll|itll|it will|youll (?:get|have|receive|hear|see))\b|\bim (?:send|process|cancel|put|rais|mov|clos|add|do|issu|credit|book|refund|mak)\w*ing\b|let me (?:put|get|do|send|book|set|cancel)",
    "promise_self": r"\b(?:ill|i will|im going to|im gonna|i can)\b",
    "promise_we": r"\b(?:well|we will|were going to|theyll|they will|someone will|somebody will|\w+ will)\b",
    "contact": r"call(?: you| back)?|ring|phone|email|e-mail|text|message|letter|hear from",
    "day": r"today|tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|saturday|sunday|next week|this week|weekend|by (?:the|five|noon|end|\w+day)|within|in (?:a|an|one|two|three|four|five|\w+) (?:minutes?|hours?|days?|weeks?)|(?:business|working) days|morning|afternoon|evening|o'?clock|\b[ap]m\b|\bthe \w+(?:th|st|nd|rd|teenth|tieth)\b",
    "refusal": r"im afraid|unable to|(?:cant|cannot|can not|couldnt|wont|not able to|not allowed to|dont have (?:access|the))|not possible|there(?:s| is) nothing|no way (?:to|of)|policy|not covered|isnt covered|doesnt cover|not eligible|denied|declined|unfortunately|not refundable|nonrefundable|stands\b|only (?:do|lets|allow)|no (?:refund|exception)",
    "alternative": r"what i can do|i can (?:offer|do|give|put|send)|but i can|you (?:can|could|may|might)|instead|if you(?:d)? like|the (?:best|most|earliest|soonest)|option|next (?:available|slot|opening)|earliest",
    "instruct": r"please|you(?:ll| will)? (?:need|have) to|you(?:d| should| want to| gotta)|make sure|(?:^|[.,;] ?|and |then |just |so )(?:send|call|ring|phone|visit|bring|reply|fill|return|pay|submit|email|mail|upload|restart|download|sign|come|keep|take|put|check|print|use|go|give|let|drop|text|try|wait|leave|ask|tell|hold on to|write|open|chuck|stick|pop)\b|if (?:it|you|they|that) .{0,40}(?:call|ring|give us|let us|come|send)",
    "identity": r"your (?:full )?(?:name|number|address|phone|email|account|order|date|zip|postcode|post code|policy|reg|member|booking|surname|last name)|(?:account|order|policy|reference|tracking|booking|serial|model|phone|card|member) number|date of birth|who am i speaking|spell|verify|(?:whats|what is) (?:the|your)|zip|postcode|last four|(?:and )?the (?:email|number|name|house|address)\b|security question|password is",
    "hold": r"one (?:moment|sec|second|minute)|hold on|bear with|let me (?:check|look|see|pull|have|find|take|open|just|just check)|give me a|hang on|lemme|ill (?:check|have a look|take a look|see|look)",
    "greeting": r"^(?:hello|hi|hiya|hey|good (?:morning|afternoon|evening)|morning|afternoon|evening)\b|thank(?:s| you) for (?:calling|contacting|holding|waiting)|how (?:can|may|could) i|what can i|my name is|speaking|youre through to|whats up|how are you|welcome to|this is \w+",
    "closing": r"\bbye\b|goodbye|have a (?:\w+ )?(?:day|evening|night|one|weekend|trip)|take care|anything else|youre (?:very |most )?welcome|no (?:problem|worries)|cheers|enjoy|all the best|good luck|my pleasure|thanks for (?:calling|your)|safe (?:travels|journey)|ta ra|drive safe",
    "thanks": r"thank|thanks|cheers|appreciate|lifesaver|legend|star\b|amazing|brilliant|perfect|wonderful|great|lovely|relief|bless",
    "works": r"its (?:working|back|on|here|in|there|up|green|printing|gone)|it works|works now|that (?:worked|did it|fixed)|i (?:see|got|have) it|came through|its come|just came|im in\b|got it|there it is|here it comes|oh wow|it did",
    "accept": r"^(?:yes|yeah|yep|yup|sure|okay|ok|alright|all right|right|fine|perfect|great|lovely|go ahead|please do|sounds good|deal|done)\b|that works|works for me|thatll do|lets do|put me down|sounds good|i suppose",
    "decline": r"not interested|no thanks|no thank you|dont (?:want|need|call)|take me off|stop calling|i said no|leave it|forget it|never ?mind|hang(?:ing)? up|im (?:driving|busy|at work)|remove (?:me|my)",
    "protest": r"manager|supervisor|lawyer|solicitor|sue\b|court|ombudsman|complain|report you|review|competitor|switch|chargeback|dispute|trading standards|never again|not good enough|useless|disgrace|thats it\?|so thats|but (?:i|you|that|it|they|the)|what about|how (?:is|can) that|are you (?:serious|kidding|joking)|unbelievable|twitter|end of that|taking my business|wow",
    "wrong_number": r"wrong (?:number|place|company|store|branch|department|hospital|one|person|shop)|no(?:body|one) (?:here )?(?:by|called)|not the \w+|this is (?:a |the |not )|were (?:a|an|not|the) |you(?:ve| have) (?:dialed|dialled|reached|called|rung|got)|what number|private (?:number|house|residence)|misdial|different (?:company|place|number)",
    "elsewhere": r"youve (?:reached|rung|called|got through to) (?:a|the|an)\b|isnt this|\b(?:one|two|three|four|five|digits?|numbers?) off\b|we dont (?:have a|have any|do) \w+|first one on the|wrong (?:number|place|one)|is this not|this isnt|not the \w+",
    "transfer": r"transfer|put you through|connect you|pass you|let me get you to|colleague|department|hand you|get you over|dont hang up",
    "doing": r"\bim (?:just |now |also |gonna )*(?:\w+ing (?:it|that|this|the|you|your|a|an)|rais|send|process|flag|mov|clos|issu|email|book|credit|transfer|put)",
    "arrive": r"on (?:its|the|their) way|will be (?:with|refunded|returned|credited|sent|in)|in(?:to)? your (?:inbox|account)|goes (?:straight )?to|comes? (?:by|to|in|with)|heads-?up|with you (?:in|by|on|within)|arriv|lands?\b|turn up|dropped (?:round|off)|is coming|gets (?:there|here)",
    "state": r"\b(?:approved|booked|confirmed|blocked|paused|cancell?ed|withdrawn|released|refunded|corrected|sorted|changed|switched|closed|activated|recorded|registered|logged|noted|scheduled|moved|reset|waived|credited|swapped|joined|removed|updated|extended|reissued|rebooked|reported|flagged|marked|saved)\b",
    "condition": r"\bif\b|\bwould\b|\bcould\b|\bmight\b|unless|should",
    "survey_end": r"thats (?:everything|all)|all (?:four|three|five|the) (?:answered|questions)|your (?:answers|comments|feedback)|partly completed|last (?:one|question)",
    "question": r"\?|^(?:what|when|where|who|how|why|is|are|do|does|did|can|could|would|will|have|has|which|whats|so what)\b",
}

_COMPILED = {
    language: {name: re.compile(pattern) for name, pattern in table.items()}
    for language, table in (("ko", KOREAN), ("en", ENGLISH))
}
LANGUAGES = ("ko", "en")
_KOREAN_SPACES = re.compile(r"[\s.,!…'\"]+")


def plain(text: str, language: str) -> str:
    """The form that the patterns match."""
    text = text.lower()
    if language == "ko":
        return _KOREAN_SPACES.sub("", text)
    return re.sub(r"\s+", " ", text.replace("’", "").replace("'", "")).strip()


def signs(text: str, language: str) -> frozenset[str]:
    """The names of the signs in a text; none for a language without a table."""
    normal = plain(text, language)
    return frozenset(name for name, pattern in _COMPILED.get(language, {}).items() if pattern.search(normal))
