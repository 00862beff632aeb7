"""Questions to the guidance in between: what they lean on, and the way to the item they are about.

An answer belongs to whoever asked: in a group, one person's "and for marketing?" never leans on
what somebody else asked. It also belongs to the moment: once another item waits, it is forgotten.
"""

import re
from dataclasses import dataclass, replace

from bot.dialogue import asking
from bot.dialogue.effects import Button
from bot.dialogue.session import Exchange, Pending, Session
from bot.dialogue.talk import Talk
from evaluators import answers
from evaluators.checklist import Item
from knowledge.context import Context, turn
from knowledge.premise import attributed

WORDS_OF_ENGLISH = 3  # a shorter text may be a term, which people use in Chinese too
HAN_OF_CHINESE = 3
_WHETHER = re.compile(
    r"([\u4e00-\u9fff])不\1[\u4e00-\u9fff]{0,4}[?？。]?$|对吧[?？。]?$|就[行够]了?吧[?？。]?$"
    r"|(?<![十好这那有])几(?:个?月|个|天|条|家|次|级|位|年|秒|分钟?|小时|台|种|份|人)[才够呢啊]{0,2}[?？。]?$"
)

_ORDER = re.compile(
    r"(?:忽略|无视|忘[记掉]|别管|不要管|不用管)[掉了]?(?:你的?|我)?(?:以上|前面|之前|上述|上面|前述|此前|所有|一切|全部)"
    r"|\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:above|previous|prior|earlier|instructions?|rules)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Told:
    """What the guidance said: `anchor` of the passage it rests on, empty where it refused.

    `meant` is the question as the next one may lean on it; `sure` that the passage answers.
    """

    text: str
    anchor: str = ""
    meant: str = ""
    sure: bool = False


def orders(text: str) -> bool:
    """Whether a text tells the assistant what to make of its own rules: an answer it is not."""
    return _ORDER.search(text) is not None


def asks(text: str) -> bool:
    """Whether somebody asks us something, if only by wanting to be agreed with."""
    return answers.looks_like_question(text) or asks_whether(text)


def asks_whether(text: str) -> bool:
    """Whether a figure in it is no answer: `98%够不够`, `指引说要 4 条吧`."""
    return attributed(text) or _WHETHER.search(text) is not None


def follows_up(talk: Talk, text: str) -> bool:
    """Whether a text that does not look like a question goes on from the answer before it."""
    before = context(talk)
    return bool(before.anchor) and turn(text, before) != "alone"


def about_the_answer(talk: Talk, text: str) -> bool:
    """Whether it asks where the answer just given comes from, or for it in the other language."""
    return turn(text, context(talk)) in {"source", "other language"}


def context(talk: Talk) -> Context:
    """What a question may lean on: this person's last exchange, and the item that waits."""
    item = waiting(talk.session)
    guidance = talk.item(item).guidance[0] if item else ""
    last = talk.session.exchange
    if last is None or (last.item, last.who) != (item, talk.scene.person.id):
        return Context(item=guidance)
    return Context(last.question, last.anchor, guidance)


def waiting(session: Session) -> str:
    """The item whose question waits, whatever of it is being asked; empty where none does."""
    return session.pending.item if session.pending is not None else ""


def language(session: Session, question: str) -> str:
    """A question is answered in the language it was asked in; the conversation keeps its own."""
    han = len(re.findall("[\u4e00-\u9fff]", question))
    if session.language == "en":
        return "zh" if han >= HAN_OF_CHINESE else "en"
    english = not han and len(re.findall(r"[A-Za-z']{2,}", question)) >= WORDS_OF_ENGLISH
    return "en" if english else "zh"


def remembered(session: Session, told: Told, who: int) -> Session:
    """The session after an answer; a refusal leaves what was answered before."""
    if not told.anchor:
        return session
    last = Exchange(told.meant, told.anchor, waiting(session), who)
    return replace(session, exchange=last)


def offer(talk: Talk, question: str, told: Told) -> Button | None:
    """The way to the open item an answer belongs to, unless that is the one that waits."""
    pending, anchor = talk.session.pending, told.anchor
    if talk.case is None or not told.sure or talk.session.back is not None:
        return None
    if pending is not None and pending.awaiting != "answer":
        return None  # something else is under way
    left = asking.queue(talk.case, talk.scene.checklist, asking.narrowed(talk))
    items = [item for item in left if _belongs(item, anchor)]
    here = waiting(talk.session)
    if not items or (here and _belongs(talk.item(here), anchor)):
        return None
    item = max(items, key=lambda each: _alike(each, question))
    number = talk.number(item.id)
    return Button(talk.word("button.goto", number=number), f"0:goto:{talk.case.id}.{number}")


def go(talk: Talk, item: Item) -> None:
    """Put an item out of turn; once it is answered, what waits now is put again."""
    back = talk.session.pending
    if talk.session.back is None and back is not None and back.item != item.id:
        talk.session = replace(talk.session, back=back)
    asking.ask_item(talk, item)


def returned(talk: Talk) -> Pending | None:
    """Where to go back to after an item put out of turn; None where that is settled or nothing."""
    back = talk.session.back
    talk.session = replace(talk.session, back=None)
    if back is None or talk.case is None:
        return None
    if back.awaiting == "answer" and asking.settled(talk.case, talk.item(back.item)):
        return None
    return back


def _belongs(item: Item, anchor: str) -> bool:
    """An item names its main page first; further ones only lend it a passage by its anchor."""
    page = anchor.partition("#")[0]
    return anchor in item.guidance or item.guidance[0].partition("#")[0] == page


def _alike(item: Item, question: str) -> int:
    """How many pairs of characters the item's question shares with this one."""
    pairs = {question[at : at + 2] for at in range(len(question) - 1)}
    asked = f"{item.ask.zh} {item.ask.en}"
    return sum(1 for pair in pairs if pair in asked)
