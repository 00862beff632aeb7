"""Answers to a question that no longer waits: pressed twice or late, or replied to on purpose.

In a group several people answer the same question. Whoever was second is not refused: what they
said is kept beside the answer that stands, and both are named until somebody settles it.
"""

from bot.dialogue import answering, calling, showing
from bot.dialogue.scene import Incoming
from bot.dialogue.talk import STANDING, Said, Talk
from evaluators import answers
from evaluators.checklist import Item

LONGEST = 200  # characters of somebody's words kept beside another's answer


def pressed(talk: Talk, incoming: Incoming, subject: str, word: str) -> None:
    """A button of an earlier question. One that says what stands anyway leads to nothing."""
    item = _item(talk, subject)
    stands = talk.case.said(item.id) if item is not None and talk.case is not None else None
    if stands is not None and word in {stands.choice, stands.value}:
        return None
    second = item is not None and incoming.group and word in STANDING
    if second and item and _kept_beside(talk, item, talk.word(f"choice.{word}")):
        return None
    return refuse(talk, subject, quietly=incoming.group)


def replied(talk: Talk, incoming: Incoming, text: str) -> None:
    """Words sent as a reply to an earlier question: they are meant for that one."""
    subject = incoming.asked.partition(":")[2]
    item = _item(talk, subject)
    if item is None or talk.case is None:
        return refuse(talk, subject, quietly=incoming.group)
    stands = talk.case.said(item.id)
    if not incoming.group or stands is None or stands.by == talk.scene.person.name:
        return calling.answer(talk, item, "", text)
    parsed = answers.parse(text, item, talk.scene.now.date())
    same = isinstance(parsed, answers.Parsed) and (
        parsed.value == stands.value if parsed.value is not None else parsed.choice == stands.choice
    )
    if not same:
        _kept_beside(talk, item, text[:LONGEST])
    return None


def refuse(talk: Talk, subject: str, *, quietly: bool = False) -> None:
    """It does not count; what does is said, and what waits is put again except in a group."""
    item = _item(talk, subject)
    if item is not None and talk.case is not None:
        stands = showing.old_answers(talk.speaker, talk.case, item)
        talk.tell("stale.item", number=subject, stands=stands)
    else:
        talk.tell("stale")
    if not quietly:
        answering.repeat(talk)


def _item(talk: Talk, subject: str) -> Item | None:
    return talk.scene.checklist.numbered(int(subject)) if subject.isdigit() else None


def _kept_beside(talk: Talk, item: Item, said: str) -> bool:
    """Keep what a second person says beside the answer that stands; False where none does."""
    stands = talk.case.said(item.id) if talk.case is not None else None
    if stands is None or stands.by == talk.scene.person.name:
        return False
    other = talk.word("group.other", name=talk.scene.person.name, said=said)
    note = f"{stands.note}; {other}" if stands.note else other
    kept = Said(stands.choice, stands.value, stands.words, note, by=stands.by or "", proven=True)
    talk.record(item, kept)
    talk.tell(
        "group.differs",
        number=talk.number(item.id),
        by=stands.by,
        stands=showing.answer(talk.speaker, item, stands),
        name=talk.scene.person.name,
        said=said,
    )
    return True
