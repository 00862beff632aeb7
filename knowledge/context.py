"""What was said just before: questions that lean on it are understood with it, others are not."""

import re
from dataclasses import dataclass
from typing import Literal

from knowledge.text import is_chinese, normalise, runs

Turn = Literal["alone", "further", "source", "other language"]

_CUE = re.compile(
    r"(?:那么?|还有|另外|然后|换成|(?:and|but|so|ok|then)\b[ ,]*|(?:what|how) about\b|same for\b)+"
)
_POINTS = re.compile(
    r"这(?:个|一?题|一?条|一?项|里|种|道题)?|那(?:个|一?条|一?项|种)|它|上面|刚才|此"
    r"|\b(?:it|its|this|that|these|those|here)\b"
)
_TO_THE_ITEM = re.compile(r"这(?:个|一?题|一?项|道题)?(?!个|么|样)|\bthis\b|\bhere\b")
_BARE = re.compile(
    r"多久|多长(?:时间)?|多少钱?|几(?:个?月|天|年|条|家|次|个|位|分钟|秒|小时|个?工作日)|多快|多大|多高"
    r"|够不够|算不算|行不行|可不可以|(?:不?够|行|可以|合格|达标)(?=[吗吧嘛了?]|$)|为什么|为何|谁|哪里?|何时"
    r"|什么时候|一定|必须|[对是](?:不[对是]|(?=[吗吧嘛?]|$))|算?(?:慢|快|高|低|贵|便宜)(?=[吗吧嘛了?]|$)"
    r"|\b(?:how (?:long|much|many|often|fast|far|come)|enough|required|why|when|who|where|which"
    r"|really|sure|ok(?:ay)?)\b"
)
_FIGURE = re.compile(r"\d+(?:\.\d+)?(?:%|个月|[天年条家次个位秒元]|分钟|小时)?")
_ABOUT = r"(?:这个?|那个?|它|上面|刚才|你|的|说的?|这条|那条|,|，| )*"
_END = r"(?:的|呢|啊|呀|吗|是|了|吧|[?？!！。.])*"
_SOURCE = re.compile(
    rf"{_ABOUT}(?:(?:有|是)?(?:什么|啥|哪里的?)?(?:依据|出处|来源|根据)(?:是|在|呢)?(?:什么|啥|哪里?|哪儿)?"
    rf"|(?:是|由)?谁(?:定|规定|说|写|决定|要求)|(?:是)?哪(?:里|儿|来|本|份)(?:说|写|来|规定)?|凭(?:什么|啥)|怎么来)"
    rf"{_END}"
    rf"|{_ABOUT}(?:是|算)?(?:不是)?(?:法律|法规|国家|官方|你们|硬性|强制)(?:自己)?(?:规定|要求|定|说|写)?{_END}"
    r"|(?:is (?:that|it|this) )(?:the law|official|legally required|a legal requirement)[?!. ]*"
    r"|(?:and |so )?(?:(?:what(?:'s| is) |where(?:'s| is) )?"
    r"(?:the |your |its )?(?:source|basis|reference)"
    r"|says who|based on what|who (?:decided|says|said|set|wrote|made)(?: (?:so|that|it|this))?"
    r"|where (?:does|did) (?:that|it|this) come from|what is (?:that|it) based on)[?!. ]*"
)
_IN_ENGLISH = re.compile(
    rf"{_ABOUT}用?(?:英文|英语|english)(?:怎么说|怎么写|说一遍|再说一遍|版|呢)?{_END}"
    r"|(?:(?:and|say (?:it|that)|can you say that) )?in english(?:,? please)?[?!. ]*"
)
_IN_CHINESE = re.compile(
    rf"{_ABOUT}用?(?:中文|汉语|普通话)(?:怎么说|怎么写|说一遍|再说一遍|版|呢)?{_END}"
    r"|(?:(?:and|say (?:it|that)) )?in chinese(?:,? please)?[?!. ]*"
)
MOST_HAN, MOST_WORDS = 4, 2  # of its own, beyond which a question stands alone
MOST_POINTED = 6  # the same for one that points at something: "这个要看什么材料"


@dataclass(frozen=True)
class Context:
    """The exchange before: `question` as it was understood, `anchor` of the passage shown.

    `item` is the guidance anchor of the checklist item that waits for an answer. Anything may be
    empty; an empty context changes nothing.
    """

    question: str = ""
    anchor: str = ""
    item: str = ""

    def __bool__(self) -> bool:
        return bool(self.anchor or self.item)


NOTHING = Context()


def turn(question: str, context: Context) -> Turn:
    """What a question does with what was said before."""
    plain = normalise(question).strip()
    if not context or not plain:
        return "alone"
    if context.anchor and _SOURCE.fullmatch(plain):
        return "source"
    if context.anchor and wanted_language(question):
        return "other language"
    return "further" if leans(question) else "alone"


def wanted_language(question: str) -> str:
    """`en` or `zh` where nothing but the other language is asked for; else empty."""
    plain = normalise(question).strip()
    if _IN_ENGLISH.fullmatch(plain):
        return "en"
    return "zh" if _IN_CHINESE.fullmatch(plain) else ""


def leans(question: str) -> bool:
    """Whether a question cannot be understood by itself: `多久？`, `那营销的呢`."""
    plain = normalise(question).strip()
    han, words = _size(own(question))
    if han + words == 0:
        return bool(_BARE.search(plain) or _CUE.match(plain) or _POINTS.search(plain))
    if _CUE.match(plain) or plain.rstrip("?？ ").endswith("呢"):
        return han <= MOST_HAN and words <= MOST_WORDS
    return bool(_POINTS.search(plain)) and han <= MOST_POINTED and words <= MOST_WORDS


def own(question: str) -> str:
    """What a question brings itself: without cues, pointing words, figures and question words."""
    plain = _CUE.sub(" ", normalise(question).strip(), count=1)
    for pattern in (_BARE, _POINTS, _FIGURE):
        plain = pattern.sub(" ", plain)
    return " ".join(run for run in runs(plain) if run not in {"的", "是", "要", "呢", "about"})


def points_at_item(question: str, context: Context) -> bool:
    """Whether it is about the checklist item on the screen rather than the answer before it."""
    if not context.item:
        return False
    return not context.anchor or _TO_THE_ITEM.search(normalise(question)) is not None


def names_item(question: str) -> bool:
    """Whether it says `这个`, or nothing that could be about anything else."""
    return not own(question) or _TO_THE_ITEM.search(normalise(question)) is not None


def _size(text: str) -> tuple[int, int]:
    pieces = text.split()
    han = sum(len(piece) for piece in pieces if is_chinese(piece))
    return han, sum(1 for piece in pieces if not is_chinese(piece))
