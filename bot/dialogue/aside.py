"""A few questions in between: afterwards whatever waited before is put again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot import calendars
from bot.dialogue import answering, days
from bot.dialogue.session import Awaiting, Pending, Session
from bot.dialogue.talk import Talk

PREFIXES = ("drill_", "remind_")
CHOICES = 6  # what a WeCom card takes


def underway(session: Session) -> bool:
    """Whether reminders are what is being talked about."""
    return session.pending is not None and session.pending.awaiting.startswith(PREFIXES)


def ask(
    talk: Talk,
    awaiting: Awaiting,
    text: str,
    offered: Sequence[tuple[str, str]] = (),
    *,
    numbered: bool = True,
    **data: Any,
) -> None:
    """Put a question; `offered` are (value, label). Buttons carry short words for the values."""
    few = offered[:CHOICES]
    words = {f"o{number}": value for number, (value, _) in enumerate(few, start=1)}
    choices = [(word, label) for word, (_, label) in zip(words, few, strict=True)]
    data |= {"options": words, "before": _before(talk.session)}
    talk.put(awaiting, text, choices, numbered=numbered, **data)


def meant(pending: Pending, text: str) -> str:
    """The value behind a pressed or typed choice; the text itself where it is none."""
    return str(pending.data.get("options", {}).get(text, text)).strip()


def names(talk: Talk) -> list[tuple[str, str]]:
    """Everybody known, whoever speaks first."""
    me = talk.scene.person.name
    others = [name for name in talk.scene.colleagues if name != me]
    return [(name, name) for name in [me, *others]]


def known(talk: Talk, name: str) -> str:
    """A colleague's name as it is written; empty where nobody is called that."""
    return next((each for each in talk.scene.colleagues if each.lower() == name.lower()), "")


def is_word(talk: Talk, text: str, key: str) -> bool:
    """Whether a text is one of the words under `key`, in either language."""
    said = text.strip().lower().rstrip("。.!！")
    return any(said in wording.words(key) for wording in talk.scene.wordings.values())


def coming_day(talk: Talk, text: str) -> date | None:
    """A day to come; otherwise it is said what one looks like."""
    today = calendars.today(talk.scene.hours, talk.scene.now)
    day = days.day_in(text, today)
    if day is None or day < today or days.is_far(day, today):
        talk.tell("remind.which_day")
        return None
    return day


def drop(talk: Talk) -> None:
    talk.tell("remind.dropped")
    return back(talk)


def back(talk: Talk) -> None:
    """To what was being asked before."""
    pending = talk.session.pending
    before = pending.data.get("before") if pending is not None else None
    if pending is not None and pending.awaiting.startswith(PREFIXES):
        earlier = Pending(**before) if before else None
        talk.session = replace(talk.session, pending=earlier)
    return answering.repeat(talk)


def _before(session: Session) -> dict[str, Any] | None:
    pending = session.pending
    if pending is None:
        return None
    if pending.awaiting.startswith(PREFIXES):
        found: dict[str, Any] | None = pending.data.get("before")
        return found
    return {"awaiting": pending.awaiting, "item": pending.item, "data": pending.data}
