"""Papers that run out: said outright, typed as an answer, or named with the file."""

import re
from dataclasses import replace
from datetime import date

from bot import calendars
from bot.dialogue import answering, aside, days
from bot.dialogue.effects import Attach, Effect, Record, Remind, Say
from bot.dialogue.talk import Talk
from evaluators.checklist import Item

_EXPIRY = re.compile(r"^(?:第)?\s*(\d{1,3})\s*题?\s+(\S.*)$")
_UNTIL = "有效期至|有效期到|有效至|到期日?|valid until|expires(?: on)?"
_VALID = re.compile(rf"(?i)^(.*?)(?:{_UNTIL})\s*[:：]?(.+)$")


def expires(talk: Talk, rest: str) -> None:
    """`expires 7 2027-03-31`: the paper of question 7 holds until then."""
    found = _EXPIRY.match(rest)
    item = talk.scene.checklist.numbered(int(found[1])) if found else None
    if talk.case is None or found is None or item is None:
        talk.tell("no_case" if talk.case is None else "remind.expires_how")
        return answering.repeat(talk)
    if (day := aside.coming_day(talk, found[2])) is not None:
        _watch(talk, item, day)
    return answering.repeat(talk)


def _watch(talk: Talk, item: Item, day: date) -> None:
    remind = _paper(talk, item, day)
    talk.do(remind)
    talk.say(_paper_set(talk, remind))


def _paper(talk: Talk, item: Item, day: date) -> Remind:
    """For the colleague who has the item, else for whoever says it."""
    case = talk.open_case()
    who = aside.known(talk, case.colleagues.get(item.id, "")) or talk.scene.person.name
    return Remind("paper", who, day, {"item": item.id}, case.id)


def _paper_set(talk: Talk, remind: Remind) -> str:
    number = talk.number(remind.subject["item"])
    day = remind.due.isoformat()
    return talk.word("remind.paper_set", number=number, day=day, name=remind.who)


def validity(caption: str, today: date) -> tuple[str, date | None]:
    """A caption without how long the paper is valid, and that: `7 valid until 2027-03-31`."""
    found = _VALID.match(caption.strip())
    day = days.day_in(found[2], today) if found else None
    return (found[1].strip(), day) if found and day and day > today else (caption, None)


def watch_expiries(talk: Talk, caption: str = "") -> None:
    """An answer that is a date of expiry, or a paper said to have one, is remembered as such."""
    today = calendars.today(talk.scene.hours, talk.scene.now)
    until = validity(caption, today)[1]
    found: list[Effect] = []
    told = ""
    for effect in talk.effects:
        if isinstance(effect, Say) and told:
            found.append(replace(effect, text=f"{effect.text}\n{told}"))
            told = ""
        else:
            found.append(effect)
        item, day = _expiring(talk, effect, today, until)
        if day is not None:
            remind = _paper(talk, talk.item(item), day)
            told = _paper_set(talk, remind)
            found.append(remind)
    talk.effects[:] = found


def _expiring(
    talk: Talk, effect: Effect, today: date, until: date | None
) -> tuple[str, date | None]:
    """The item whose paper runs out, and when."""
    if isinstance(effect, Attach):
        return effect.item, until
    if isinstance(effect, Record):
        return effect.given.item, _expiry(talk, effect, today)
    return "", None


def _expiry(talk: Talk, record: Record, today: date) -> date | None:
    item = talk.scene.checklist.by_id.get(record.given.item)
    typed = record.given.value
    if item is None or item.value is None or item.value.kind != "date":
        return None
    if "到期" not in item.ask.zh or not isinstance(typed, str):
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if day > today else None
