"""Does a sentence say the same as the words it quotes? Only what code can show, nothing likely.

Both are written in one plain way: small words that change nothing gone, a few synonyms as one
word, bounds such as `不超过 10 秒` and `10 秒以内` alike. Then they must be the same, from where
the quoted clauses begin to where one of them ends. So no figure, name, condition, hedge or `not`
can be lost, added or moved, and nothing can be told of somebody else. A sentence that is honest
in other words is not known to be; the guidance's own words are then shown in its place.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.text import normalise, stem

_IF = "⊙if"
_BARE = r"[^⊙]{0,14}[没不]"  # a condition that does without `if`: 拿不出，算否决
# What each pattern becomes, in this order. Whatever is not named here must stand in both texts.
_ZH: tuple[tuple[str, str], ...] = (
    (r"[「」『』“”‘’\"'《》*`]", ""),
    (r"(?<=\d),(?=\d{3}(?!\d))", ""),
    (r"(?<=\d)\s*[–—~～]\s*(?=\d)|(?<=[\d%])\s*(?:到|至|[–—~～])\s*(?=\d)", "-"),
    (r"(?<=\d)\s*[、,和与]\s*(?=\d)", "|"),  # 1、5、10 are three figures
    # bounds, beside their figure
    (r"不得?(?:低于|少于|小于)|至少|起码|≥", "⊵"),
    (r"不得?(?:超过|高于|多于|大于)|至多|最多|≤", "⊴"),
    (
        r"(?:在|控制在)?((?:\d+(?:\.\d+)?)\s*(?:%|[a-z]+|[\u4e00-\u9fff]{1,3}?))(?:以内|之内)",
        r"⊴\1",
    ),
    (r"([⊵⊴])(?:应|要|需要?)?(存|保存|留存|保留|留)(?=\s*\d)", r"\2\1"),
    # strength: one word for each
    (r"必须|务必|应当|应该|(?<![反相适供对])应(?=[^急用答])|须(?!要)", "⊙must"),
    (r"不要求|不需要|无需|无须|不必|不用(?=[再另先])", "⊙neednot"),
    (r"不要|(?<![特分类鉴个级区])别(?=[^的人家名家处])", "⊙dont"),
    (r"建议|最好|宜(?=[先按])", "⊙should"),
    (r"有?可能", "⊙perhaps"),
    (r"可以", "可"),
    (r"是不是|是否|会不会|要不要", "⊙whether"),
    (r"能不能|能否", "⊙can"),
    (r"不是|并非", "⊙isnot"),
    (r"(?<=[只还但可])是", "⊙"),
    (r"如果|若|要是|倘若|假如", _IF),
    (r"(^|[,;。:、])([^,;。:、]*?)⊙if", r"\1⊙if\2"),
    (r"^(?:按照?|根据|依据)(?=.*规定)", ""),
    (r"之前", "前"),
    (r"之后", "后"),
    (r"(?<=[%元秒条天])\s*之间", ""),
    (r"分成(?=.列)", "分"),
    (r"来(?=[记算看])", ""),
    (r"供人", "由人"),
    (r"还(?![是原款])", ""),
    (r"仍然|仍旧|依然", "仍"),
    (r"并(?=[不没未])", ""),
    (r"没有", "没"),
    (r"不使用", "不用"),
    (r"留存|保存|保留|存储|存放", "存"),
    (r"供应商|厂商|短信服务商", "服务商"),
    (r"的话(?=,)", ""),
    (r"另外安排|另行安排", "另排"),
    (r"记录下|记下|记录(?=日期|时间)", "记"),
    (r"计算(?![机])", "算"),
    (r"其余|其他", "其他"),
    (r"全部|全都|所有", "都"),
    (r"相同|同一个|一样", "同"),
    (r"(?:从|自)?(\d{4}-\d\d-\d\d)\s*起(?=[施实])", r"\1"),
    # what changes nothing
    (r"真的|真正|那一刻|以及|并且|(?<![不一])同时(?=[，,])", ""),
    (r"(?<=营销)短信|(?<=验证码)短信|(?<=通知)短信|(?<=测试)短信", ""),
    (r"所以|因此|另外|此外", ""),
    (r"要求|需要|(?<![主重只不首摘纪概])要(?![点素紧闻])", "⊙shall"),
    (r"(?:⊙shall)+(?=[^,;。:]*[⊵⊴])|([⊵⊴][^,;。:]*?)(?:⊙shall)+", r"\1"),  # a bound asks by itself
    (r"(^|[,;。:、])([^,;。:、⊙]*?)(?:⊙shall)+", r"\1⊙shall\2"),
    (r"默认[为是]?|据公开资料", ""),
    (r"(?<![超通经])过(?=[的了])", ""),
    (r"[的地了]|(?<=.)[里]|[是会在也便则就和与及并]", ""),
    (r"为(?=\s*\d)|以(?=内)", ""),
    (r"共(?=\s*\d)|(?<=\d)\s*个(?=工作日|小时)", ""),
    (r"[,。;!?、:.\s()]+(?!\d)|[,。;!?、:\s()]+", ""),
)
_EN: tuple[tuple[str, str], ...] = (
    (r"[“”\"'`*]|[‘’](?!s\b)", ""),
    (r"(?<=\d),(?=\d{3}(?!\d))", ""),
    (r"(?<=\d)\s*(?:[–—-]|to)\s*(?=\d)", "-"),
    (r"(?<=\d)\s*(?:,|and)\s*(?=\d)", " | "),
    (r"\b(?:at least|no less than|no fewer than|not less than)\b|≥", " ⊵ "),
    (r"\b(?:at most|no more than|not more than)\b|≤", " ⊴ "),
    (r"\bcan(?:no|')t\b|\bcan not\b", " can not "),
    (r"n't\b", " not"),
    (r"\b(?:do|does|did) not\b", " not "),
    (r"\b(?:has|have) to\b|\bshall\b", " must "),
    (r"\bphone numbers?\b", " number "),
    (r"\b(?:contains?|includes?)\b", " has "),
    (r"\bcount(?:s|ed)?(?: as)?\b|\bdue\b|\babout\b(?! *\d)", " "),
    (r">", " above "),
    (r"<", " below "),
    (r"\bby default\b|\b(?:our )?default(?: (?:is|asks for))?\b", " "),
    (r"\bone\b(?= (?:message|vendor|network))", " 1 "),
    (r"\bper (?:public sources|vendor documents)\b", " "),
    (r"\bso that\b", " so "),
    (
        r"\b(?:the|a|an|is|are|be|also|too|then|and|plus|that|of|for|it|do|does)\b",
        " ",
    ),
    (r"[^\w%⊵⊴|.-]+|(?<!\d)\.|\.(?!\d)|(?<![\d])-|-(?!\d)", " "),
)
# may be left out, but not put in
_WHOSE = re.compile(r"默认|据公开资料|\bdefault\b|\bpublic sources\b|\bvendor documents\b")
# parentheses that may be left out: the footnote says as much
_ASIDE = re.compile(
    r"[(（](?:\d{4}-\d\d(?:-\d\d)?|请以官方原文为准|都请以官方原文为准|服务商撰写|可改[，,]不是法规"
    r"|check the official text|vendor-authored|editable[^)]*law|to be checked)[)）]"
)
_ATTRIBUTED = re.compile(r"(?:据公开资料|per public sources|per vendor documents)$")
# what begins so takes back or narrows what stands before it
_LIMITS = re.compile(
    r"^(?:但|它已|新的|现在的|不过|然而|却|那只|只|仅|不|没|未|除|否则|而不|已被|已经被|又?不算|以.{1,12}为准|才|再"
    r"|but|however|unless|except|only|not|no|never|without|until|although|though|provided|if|when"
    r"|where|once|while|which|who|with|otherwise|so long|as long|nor|or|and not|after|before)"
)
_TURNS_BACK = re.compile(r"但|不过|然而|除非|but\b|however|unless|except")  # a new part as well
# before a colon: only says that what follows is ours; any other lead is part of what is said
_ANNOUNCES = re.compile(
    r"(?:所以|我们|就?用|的|默认|判据|要求|建议|是|做法|[\s(),]|可改|不是法规|\b(?:our|the|by|default|is|are)\b)+"
)
_SOURCES = ("公告", "文档写明")
# what begins so has its subject or its condition in front of it
_LEANS = re.compile(
    r"[\dp⊵那这它其此之否再也还并才而已被则就便即按算记对把给从到在当由至不没未共另先只仅都均或且要须应可能会]"
    r"|以[前后]|后[来面]"
)
_CONDITIONS = re.compile(
    r"若|没|未|拿不|对不上|不[了在够到给]|别|除|只要|如果|要是|一旦|草案|征求|曾|旧|虚构|例|宣传"
    r"|(?:[的后前者]|(?<!小)时|情况下)$|\b(?:if|when|where|unless|without|once|until|after|before)\b"
)
_PAUSE = re.compile(r"[、;。!?\n]|,(?!\d{3}(?!\d))|:(?!\d)|\.(?!\w)")
_STOPS = ";。!?\n."
SHORTEST = 4  # characters in the plain form


@dataclass(frozen=True)
class _Clause:
    text: str
    mark: str  # that ends it


@lru_cache(maxsize=4096)
def plain(text: str, language: str) -> str:
    """The one plain way of writing a text."""
    written = normalise(text)
    for pattern, into in _EN if language == "en" else _ZH:
        written = re.sub(pattern, into, written)
    return " ".join(map(stem, written.split())) if language == "en" else written


def says_the_same(sentence: str, words: str, language: str) -> bool:
    """Whether a sentence is, but for small words, the given words or a whole part of them."""
    said = plain(sentence, language)
    whose = set(_WHOSE.findall(normalise(sentence)))
    if len(said) < SHORTEST or whose - set(_WHOSE.findall(normalise(words))):
        return False
    runs = {plain(run, language) for each in _versions(words) for run in _runs(_clauses(each))}
    return said in runs or any(
        said == f"{_IF}{run}" for run in runs if _IF not in run and re.match(_BARE, run)
    )


def is_the_whole(sentence: str, words: str, language: str) -> bool:
    """Whether a sentence that says the same leaves out none of the given words."""
    return plain(sentence, language) in {plain(each, language) for each in _versions(words)}


def _versions(words: str) -> set[str]:
    """The words with what stands in parentheses, and without."""
    whole = unicodedata.normalize("NFKC", words)
    return {whole, _ASIDE.sub("", whole)}


def _clauses(text: str) -> list[_Clause]:
    found, at = [], 0
    for mark in _PAUSE.finditer(text):
        found.append(_Clause(text[at : mark.start()].strip(), mark[0]))
        at = mark.end()
    found.append(_Clause(text[at:].strip(), "."))
    return [each for each in found if each.text]


def _runs(clauses: Sequence[_Clause]) -> Iterator[str]:
    """Every part that says the same alone as it does where it stands."""
    starts = [at for at in range(len(clauses)) if _may_begin(clauses, at)]
    for start in starts:
        for end in range(start, len(clauses)):
            if _may_end(clauses, end):
                yield "".join(each.text + each.mark for each in clauses[start : end + 1])


def _may_begin(clauses: Sequence[_Clause], at: int) -> bool:
    """At the beginning of a part, or behind a lead that says nothing by itself."""
    before = clauses[:at]
    if not before:
        return True
    since = next((n for n in range(at, 0, -1) if clauses[n - 1].mark in "。!?.\n"), 0)
    leads = [normalise(each.text) for each in before[since:] if each.mark == ":"]
    if not all(_says_nothing(lead, clauses[at].text) for lead in leads):
        return False
    first = len(before) == 1 or before[-2].mark in _STOPS
    attribution = first and _ATTRIBUTED.match(normalise(before[-1].text)) is not None
    return before[-1].mark in _STOPS + ":" or attribution


def _says_nothing(lead: str, text: str) -> bool:
    """Whether what follows a lead is no less true without it."""
    told = lead.endswith(_SOURCES) and not _LEANS.match(normalise(text))
    return _ANNOUNCES.fullmatch(lead) is not None or (told and not _CONDITIONS.search(lead))


def _may_end(clauses: Sequence[_Clause], at: int) -> bool:
    """At the end of a part that nothing behind it takes back, or within a row of figures."""
    if at + 1 == len(clauses):
        return True
    following, mark = normalise(clauses[at + 1].text), clauses[at].mark
    if mark in _STOPS:
        return not _TURNS_BACK.match(following)
    since = next((n for n in range(at, 0, -1) if clauses[n - 1].mark in _STOPS), 0)
    here = normalise(" ".join(each.text for each in clauses[since : at + 1]))
    row = all(any(char.isdigit() for char in each) for each in (here, following))
    limited = _LIMITS.match(_WHOSE.sub("", following).strip()) is not None
    return (row or mark == ":") and not limited and not _CONDITIONS.search(here)
