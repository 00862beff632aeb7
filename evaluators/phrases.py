"""What short phrases mean, in Chinese and English: the six standing choices, and questions."""

import re
import unicodedata
from dataclasses import dataclass

from evaluators.checklist import Choice

NOTHING = r"(?!)"
LONGEST = 200  # characters of an answer that are read for a choice or an amount; more is prose

_TRADITIONAL = str.maketrans(
    "對沒滿適無後會過個點釐塊兩條號時鐘週萬億幾麼嗎為甚誰問請還約錢間達啟確說講話並們給從來這樣"
    "現應該種項數據閱歲證簽寫辦徵觀選擇結論難題雙負發報價費稅長級區網聯電動",
    "对没满适无后会过个点厘块两条号时钟周万亿几么吗为什谁问请还约钱间达启确说讲话并们给从来这样"
    "现应该种项数据阅岁证签写办征观选择结论难题双负发报价费税长级区网联电动",
)
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS = {word: number for number, word in enumerate(_ONES.split(" "))}
_NUMBERS |= {word: 10 * tens for tens, word in enumerate(_TENS.split(" "), start=2)}
_NUMBER_WORD = rf"(?:{'|'.join(_NUMBERS)})"
_NUMBER_WORDS = re.compile(rf"\b({_NUMBER_WORD})\b(?:[ -]({_NUMBER_WORD})\b)?")

# Who says it and how surely, before the word that matters; and what trails after it.
_LEADS = (
    "嗯|啊|哦|噢|呃|额|哎|那|应该|大概|大约|可能|估计|好像|似乎|目前|现在|暂时|暂|我(?:们|觉得|认为)?|咱们?"
    "|他们?|她们?|它们?|对方|厂[商家]|供应商|销售|客服|服务商|那边|里面|上面|合同里?|说|称|表示|回答|承诺|都|也"
    "|全部?|均|已经?|当然|肯定|确实|真的?|其实|还|并|就|这个|一直"
)
_ENGLISH_LEADS = (
    "well|hmm+|um+|uh|probably|i (?:think|guess|believe)|currently|actually|so far|only"
    "|(?:(?:the )?vendor|they|he|she|it) (?:said|says?)(?: that)?"
)
_BEFORE = rf"(?:{_LEADS})*"
_AFTER = r"(?:的|了|啊|呀|吧|哦|噢|嘛|呢|啦|哈|滴|过|到|喔|着|嘅|\s|please|thanks|[.!~])*"


@dataclass(frozen=True)
class Rule:
    """Ways to state one choice in a clause; `choice` None means said, but neither yes nor no.

    `whole` is the clause itself between lead-in and particle, `starts` opens it, `ends` closes a
    short one, `holds` is anywhere in it, `english` opens an English one.
    """

    choice: Choice | None
    whole: str = NOTHING
    starts: str = NOTHING
    ends: str = NOTHING
    holds: str = NOTHING
    english: str = NOTHING

    @property
    def alone(self) -> re.Pattern[str]:
        """The clause that says this and nothing else."""
        return re.compile(rf"{_BEFORE}(?:{self.whole}){_AFTER}")

    @property
    def pattern(self) -> re.Pattern[str]:
        ways = (
            rf"{_BEFORE}(?:{self.whole}){_AFTER}$",
            rf"{_BEFORE}(?:{self.starts})",
            rf".{{1,8}}(?:{self.ends}){_AFTER}$",
            rf".*(?:{self.holds})",
            rf"(?:(?:{_ENGLISH_LEADS})\s+)*(?:{self.english})",
        )
        return re.compile("|".join(ways))


_UNKNOWN = Rule(
    "unknown",
    whole="可能|也许|大概|应该|或许|难说",
    starts="不(?:太|是很|大|是太)?(?:知道|清楚|了解|确定|晓得|懂|记得|明白|好说)|不一?定|不详|不得而知"
    "|没有?去?(?:问|说|提|讲|告诉|回复|回答|答复|确认|核实|查)(?!题)|未(?:确认|核实|回复|告知|知)"
    "|说不(?:清|准|好)|含糊|模糊|待(?:确认|核实|定|查)|无从得知|无法(?:得知|确认|核实)|忘了|记不清|都差不多",
    english=r"(?:i |we )?(?:really |honestly )?(?:do not|don'?t|didn'?t) (?:know|ask|say|recall)"
    r"|(?:dunno|dk|idk|d/k|unknown|unclear|unsure|tbc|tbd|maybe|perhaps|possibly)\b"
    r"|(?:i'?m |we'?re )?not (?:so |very |quite )?(?:sure|certain|clear|known|asked)"
    r"|no (?:idea|clue)|haven'?t (?:asked|checked)|(?:hard|difficult) to say"
    r"|(?:they |he |she |vendor )?(?:didn'?t|did not|wouldn'?t|would not) say",
)
_NA = Rule(
    "na",
    whole="无需|不需要|用不着|用不上",
    starts="不(?:适用|涉及|相关|牵涉)|没有?(?:这个|此|该|这种)?(?:需要|需求|必要)|无(?:此|该|这个)?(?:需求|必要)"
    "|(?:与|和|跟)我们无关",
    english=r"n/?\.?a\.?(?![a-z])|not (?:applicable|needed|required|relevant)|no need|irrelevant"
    r"|(?:it )?(?:does not|doesn'?t) apply",
)
_LATER = Rule(
    "later",
    whole="(?:以后|稍后|稍候|待会|等会|等下|等一下|回头|晚点|晚些|过会|下次|改天|迟点|之后)儿?"
    "(?:再(?:说|答|看|填|补|回答|问|回复|讲|弄))?"
    "|先?(?:跳过|跳|暂缓|放一放|放着|不答|略过)(?:这题|这个|这条)?",
    english=r"(?:later|skip|pass|next|not now|another time|come back|remind me)\b"
    "|ask (?:me )?later",
)
_NOT_BAD = Rule(
    "yes",
    whole="没有?(?:问题|毛病|异议)|没错|不错|无误",
    english="no (?:problem|doubt|issue)|not a problem",
)
_UNDECIDED = Rule(
    None,
    starts="计划|打算|准备|正在",
    holds="不是没|没有[不没]|不能不|不会不|不得不|并非[不没]|不无"
    "|(?:未来|将来|以后|即将|快要)(?:会|要|就|也|能|可|有)"
    r"|\b(?:will have|plans? to|planning to|going to)\b",
)
_PARTLY = Rule(
    "partly",
    whole="一半|差不多|勉强",
    starts="(?:差不多|基本上?|勉强)(?:有|是|满足|可以|能|达到|符合|支持|具备|达标|吧|$)",
    holds="部分|一些|有些|有的[有是]|大多|多数|不完全|不全|不都|没全|没完全|不是(?:全|都|所有)|有时|偶尔",
    english=r"(?:partly|partial(?:ly)?|somewhat|mostly|half|in part|sort of|kind of|sometimes)\b"
    r"|some(?: of (?:them|it))?(?:\W|$)|to some extent|almost\b"
    r"|not (?:all|fully|entirely|completely|quite|every|always)",
)
_NO = Rule(
    "no",
    whole="否|不|不是|没有?|无(?!论|所|效)|不行|不能|不对|[✗✘❌✖×]",
    starts="否|冇|没(?!注意|留意|问|听|看清|细看|关注|印象|研究)|未(?!来|必)|尚未|从未|无法|拒绝|[看查对做达收连用发找]不(?:到|上|了|通|出)|[✗✘❌✖×]"
    "|不(?!到|足|超过|少于|低于|高于|大于|小于|过|仅|但|同(?!意)|管|断|少|止|限)",
    ends="没有?|不(?:行|能|满足|支持|同意|可以|接受|达标|符合|提供|包含|含)|没(?:写|达标|通过|签|办)|未通过"
    "|[看查对做达收连用发找]不(?:到|上|了|通|出)",
    english=rf"no(?!\.?\s*\d|\w|-)|n{_AFTER}$|(?:nope|nah|none|never|negative|false|cannot|not)\b"
    r"|(?:(?:they|he|she|it|we|i|there|the vendor|vendor) )?"
    r"(?:(?:can|do|does|did|is|are|was|wo|would|have|has)(?: not|n'?t)|can'?t)\b"
    r"|(?:they|it|we|there|he|she|vendor) (?:have|has|is|are) (?:no|none)\b",
)
_YES = Rule(
    "yes",
    whole="(?:是|对+|有|可以|满足|能够?|行|会|好|同意|接受|支持|具备|达到|达标|符合|包含|包括|提供|做到|做得到"
    "|写了?|写明|签了?|办了?|通过|合格|没问题|嗯+|可|当然|肯定|确实|[✓✔✅☑👍])(?:对|是|有|可以)?",
    starts="有(?!效|限|关|点|时|些|所|待|问题|没有|无|可能|几|误|违|的)|能(?!力|源|量|耗|效)|会(?!议|员|计|话|面)"
    "|可以|满足|同意|接受|支持|具备|具有|达到|符合|包含|提供|写明|写了|签了|办了|通过了|是的|对的|对啊"
    "|[看查对做达收连用发找]得(?:到|上|了|通|出)|早就(?:有|签|办|写|备案|报备|通过|开通)",
    ends="都有|(?<![所只还])有|可以|满足|支持|同意|写了|写明了?|符合|达标|具备|包含|没问题",
    english=rf"y{_AFTER}$|(?:yes|yep|yeah|yup|yea|ya|ok|okay|sure|correct|indeed|absolutely|aye)(?![a-z'])"
    r"|(?:certainly|of course|definitely|affirmative|agreed?|true|right(?! now)|will do|can do)\b"
    r"|i (?:think|guess|believe|suppose) so\b"
    rf"|(?:they|it|we|he|she|vendor) (?:do|does|can|will|have|has|is|are){_AFTER}$",
)
# The first rule that fits a clause decides, so the order is part of the meaning.
_RULES = tuple(
    (rule.choice, rule.pattern)
    for rule in (_UNKNOWN, _NA, _LATER, _NOT_BAD, _UNDECIDED, _PARTLY, _NO, _YES)
)
_ALONE = tuple((rule.choice, rule.alone) for rule in (_NO, _YES))
_ALONE_PARTLY = re.compile(rf"{_BEFORE}有?(?:一|大)?部分{_AFTER}|part(?:ly|ial(?:ly)?)|some")
_ALONE_ENGLISH: dict[str, Choice] = {
    **dict.fromkeys(("y", "yes", "yeah", "yep", "ok", "okay", "sure"), "yes"),
    **dict.fromkeys(("n", "no", "nope"), "no"),
}

_CLAUSE = re.compile(
    r"[,;:。!、\n]+|(?<!\bno)\.\s+|\s+but\s+|但是?|不过|(?<=[^\x00-\x7f])\s+(?=[^\x00-\x7f])"
)
_ONLY = re.compile(r"只|仅|除了|(?:only|except|just)\b")
_HEDGE = re.compile(
    r"大概|大约|约(?=[\d零一二两三四五六七八九十百千万¥ ])|左右|上下|差不多|基本上?|吧|的样子"
    r"|(?:也?就|那)是|\b(?:about|around|roughly|approx(?:imately)?|some)\b|~"
)

_ASKED_BY_END = re.compile(r"(?:吗|么|呢)[\s.!。~]*$")
_NOT_ASKED = re.compile(
    r"^(?:是|对|有|好)的?呢$|^(?:都|也|目前|暂时|现在)?还?(?:没|不).*呢[\s.!。~]*$"
    r"|什么都(?:没|不)|没有?什么"
)
_ASKING_WORD = re.compile(
    r"什么|怎么|怎样|怎|为何|如何|多少|多久|多长|多大|多快|哪|谁|啥|咋|是否|是不是|有没有|能不能|可不可以"
    r"|会不会|要不要|对不对|行不行|算不算|该不该|请问|几(?:点|时|号)|解释一下|举个?例"
)
_OPENING = re.compile(
    r"(?:(?:and|but|so|then|ok|okay|well|hi|hello|sorry|please|yes|no|hmm+)\b[\s,]*)*"
    r"(?:(?:what|how|why|when|where|who|whose|which)(?:'s|'re)?\b(?! ever)"
    r"|(?:can|could|does|do|did|is|are|was|were|will|would|should|shall|has|have|may|must)\s+"
    r"(?:i|you|we|they|he|she|it|this|that|these|those|the|an?|there|my|your|our|their|any|all|one"
    r"|\d)|(?:explain|tell me|give (?:me )?an example|meaning of))\b"
)


def plain(text: str) -> str:
    """Half-width, lower case, simplified characters (those that matter here), single spaces."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_TRADITIONAL)
    text = text.replace("’", "'").replace("‘", "'")
    text = re.sub(r"(?<=\d)点(?=\d)", ".", _NUMBER_WORDS.sub(_digits, text))
    return re.sub(r"\s+", " ", text).strip()


def length(text: str) -> int:
    """Chinese characters, and words of other languages."""
    chinese = sum(char > "\u2e7f" for char in text)
    return chinese + sum(word.isascii() for word in text.split())


def _digits(match: re.Match[str]) -> str:
    first, second = _NUMBERS[match[1]], _NUMBERS.get(match[2] or "")
    if second is None:
        return str(first)
    return str(first + second) if first >= 20 and 0 < second < 10 else f"{first} {second}"


def choice_in(text: str) -> tuple[Choice | None, bool]:
    """The standing choice a plain text states, and whether we had to read it into mixed words.

    The first clause that says something decides between knowing and not knowing; a "yes" and a
    "no" in one sentence ("移动有,联通没有"), or a "yes, but only ...", are read as partly, which is
    ours to confirm; as is an answer that comes only after a clause we could not read.
    """
    parts = [part for part in _CLAUSE.split(text) if part.strip()]
    clauses = [_of_clause(part) for part in parts]
    said = [choice for choice in clauses if choice is not None]
    if not said:
        return None, False
    if said[0] in {"unknown", "na", "later"}:
        return said[0], False
    known = {choice for choice in said if choice in {"yes", "no", "partly"}}
    narrowed = known == {"yes"} and any(_ONLY.match(part.strip()) for part in parts[1:])
    if known == {"yes", "no"} or narrowed:
        return "partly", True
    return ("partly" if "partly" in known else said[0]), clauses[0] is None


def _of_clause(clause: str) -> Choice | None:
    clause = clause.strip(" .~\"'“”()")
    if not clause:
        return None
    return next((choice for choice, rule in _RULES if rule.match(clause)), None)


def standing_choice(text: str) -> Choice | None:
    """Yes, no or partly said as a clause of its own, beside an amount; other words do not count."""
    for clause in _CLAUSE.split(text):
        word = clause.strip(" .~")
        if word in _ALONE_ENGLISH:
            return _ALONE_ENGLISH[word]
        if _ALONE_PARTLY.fullmatch(word):
            return "partly"
        choice = next((choice for choice, rule in _ALONE if rule.fullmatch(word)), None)
        if choice:
            return choice
    return None


def blank_hedges(text: str) -> str:
    """The text with 大概, 左右, about and the like as `~`: they qualify a number, no more."""
    return _HEDGE.sub(lambda match: "~" * len(match.group()), text)


def looks_like_question(text: str) -> bool:
    """Whether somebody asks us something instead of answering, in Chinese or English."""
    said = plain(text)
    head = said[:LONGEST]
    if not said.endswith("?") and _of_clause(head) in {"unknown", "later"}:
        return False
    if asks_outright(text):
        return True
    return bool(_ASKING_WORD.search(head)) and not _NOT_ASKED.search(head)


def asks_outright(text: str) -> bool:
    """The stricter reading used for free-text answers: a question mark or a question's opening."""
    said = plain(text)
    head, tail = said[:LONGEST], said[-LONGEST:]
    if said.endswith("?"):
        return True
    if _NOT_ASKED.search(tail):
        return False
    if _ASKED_BY_END.search(tail) or _ASKING_WORD.match(head):
        return True
    return any(_OPENING.match(clause.strip()) for clause in re.split(r"[,;。!]", head))
