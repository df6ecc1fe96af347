# ruff: noqa: E501  (one word list per line reads better)
"""The words by which english.py reads a clause. Denials and openings are stems or words, as english.stem makes them."""

from __future__ import annotations

PAST_TEXT = """
gave:give given:give sent:send took:take taken:take paid:pay got:get gotten:get left:leave lost:lose bought:buy kept:keep told:tell
said:say brought:bring came:come went:go gone:go ran:run made:make sold:sell met:meet held:hold found:find drove:drive driven:drive
wrote:write written:write broke:break broken:break fell:fall fallen:fall rang:ring rung:ring spoke:speak spoken:speak chose:choose
chosen:choose heard:hear knew:know known:know saw:see seen:see sat:sit stole:steal stolen:steal thought:think felt:feel forgot:forget
forgotten:forget gone:go did:do done:do had:have was:be were:be been:be is:be are:be am:be has:have does:do withdrew:withdraw
hid:hide taught:teach wore:wear lent:lend spent:spend built:build caught:catch rose:rise cost:cost hung:hang began:begin begun:begin
threw:throw thrown:throw flew:fly flown:fly grew:grow grown:grow drew:draw drawn:draw blew:blow blown:blow wrote:write shook:shake shaken:shake
woke:wake woken:wake froze:freeze frozen:freeze ate:eat eaten:eat drank:drink drunk:drink sang:sing swam:swim slept:sleep swept:sweep
wept:weep kept:keep dealt:deal meant:mean leant:lean learnt:learn burnt:burn spelt:spell spilt:spill shot:shoot lit:light slid:slide
rode:ride ridden:ride bit:bite bitten:bite beaten:beat tore:tear torn:tear swore:swear sworn:swear stuck:stick struck:strike stood:stand
understood:understand won:win wound:wind bound:bind sought:seek fought:fight forgave:forgive forgiven:forgive sank:sink sunk:sink
became:become overcame:overcome
fed:feed led:lead read:read put:put set:set cut:cut shut:shut quit:quit let:let hit:hit
"""
PAST = dict(pair.split(":") for pair in PAST_TEXT.split())
NOT_PAST = frozenset({"is", "are", "am", "has", "does"})
DENIAL_TEXT = """
not no never nobody nothing none neither nor nope nah without refus refuse reject declin deny denied unable unavailable unauthoriz denies
impossible excluded
"""
DENIAL = frozenset(DENIAL_TEXT.split())
FACTIVE = frozenset({"apprecia", "lik", "enjoy", "lov", "regret"})
"""Verbs whose object stands, whether they are denied or not."""
LACKING_TEXT = """
gone free wrong miss missing broken stop late fail lost closed shut sorry afraid short lack blocked block useless banned error bounced
dead disagre complain complaint zero minus still except supposed sposed waiting wait stop again where
"""
LACKING = frozenset(LACKING_TEXT.split())
OPEN = frozenset(
    {
        "will",
        "can",
        "could",
        "would",
        "should",
        "shall",
        "may",
        "might",
        "to",
        "please",
        "must",
        "let",
        "if",
        "lets",
    }
)
HAVE = frozenset({"have", "has", "had", "having"})
BE = frozenset({"be", "is", "are", "was", "were", "been", "am", "being", "get", "got", "gets"})
AUXILIARY = OPEN | HAVE | BE | frozenset({"do", "does", "did", "not", "going"})
BETWEEN = frozenset({"just", "already", "also", "now", "still", "both", "all", "only", "even", "never", "not", "been", "be", "simply", "i", "you", "we", "they", "he", "she", "it", "there", "off"})  # fmt: skip
EMPTY_TEXT = """
the a an of in on at by for with and or but so as it its this that these those there here he she they them his her their him i me my
mine we us our you your who which what when where how why while than then up out off down over about into from back be have do will
can could would should shall may might must to not no yes just also still already now only even very more most some any all both
customer agent caller client representative company call called one other another own because if whether get got like well okay ok
let go going gone thing say said tell told know really too after before until
"""
EMPTY = frozenset(EMPTY_TEXT.split())
OTHERS = frozenset({"he", "she", "they", "nobody", "somebody", "someone", "everyone"})
DETERMINERS = frozenset(
    {"the", "a", "an", "my", "your", "our", "his", "her", "their", "this", "these", "that", "those", "no"}
)
OPENERS = frozenset({"and", "so", "but", "well", "oh", "okay", "ok", "uh", "um", "yeah", "yes", "no", "just", "please", "then", "now", "also", "like", "right", "hi", "hello", "because", "cause", "at", "least"})  # fmt: skip
NUMBERS = frozenset(
    ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)
EMPTY_VERBS = frozenset(
    {
        "get",
        "got",
        "go",
        "have",
        "see",
        "do",
        "come",
        "hear",
        "say",
        "tell",
        "told",
        "said",
        "went",
        "came",
        "did",
        "be",
        "know",
        "call",
        "called",
    }
)
ORDER_TEXT = """
please just send call ring phone dial take put give tell flip bring chuck keep return reply fill pay visit check get make click don't
do email mail write press unplug try ask remember knock drop leave hang stop hold text upload come look best
"""
ORDERS = frozenset(ORDER_TEXT.split())
