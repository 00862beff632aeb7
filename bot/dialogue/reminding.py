"""Reminders in the conversation: the list, their buttons, and when a person works.

A button's token is `0:remind:ID-STEP-WORD`; it stays good for as long as the reminder is open, and
pressing it again or late does no harm.
"""

import re
from dataclasses import replace
from datetime import date, time, timedelta

from bot import calendars
from bot.dialogue import answering, aside, asking, drills, notices, papers
from bot.dialogue.commands import Command
from bot.dialogue.due import Due
from bot.dialogue.effects import Assign, HandOver, Move, Say, SetHours, Settle, Snooze
from bot.dialogue.session import Pending, Session
from bot.dialogue.talk import Talk
from evaluators import answers

WORDS = (
    *("drill", "演练", "主备切换演练", "remind", "提醒", "expires", "到期"),
    *("timezone", "时区", "working hours", "工作时间"),
)
SHOWN = 20  # of the list
LONGEST_NOTE = 200
_TOKEN = re.compile(r"^(\d{1,9})-[a-z0-9]+-([a-z]+)$")
_TYPED = re.compile(r"^(\d{1,9})(?:\s+(\S.*))?$")
_HOURS = re.compile(
    r"^(\d{1,2})[:：点]?(\d{2})?\s*(?:-|–|—|~|到|至|to)\s*(\d{1,2})[:：点]?(\d{2})?$"
)
_PLACES = {"北京": "Asia/Shanghai", "北京时间": "Asia/Shanghai", "上海": "Asia/Shanghai"}


def spoken_of(session: Session, text: str, action: str) -> bool:
    """Whether a message may be about reminders: they are looked up only then."""
    said = text.strip().lstrip("/").lower()
    return ":remind:" in action or said.startswith(WORDS) or aside.underway(session)


def named(text: str, action: str) -> int:
    """The reminder that a pressed button names, whatever became of it; 0 where it names none."""
    found = _TOKEN.match(action.rpartition(":")[2])
    typed = re.search(r"(\d{1,9})", text) if not action else None
    return int(found[1]) if found else int(typed[1]) if typed else 0


def follow(talk: Talk, command: Command) -> None:
    """A steering word of ours."""
    match command.name:
        case "drill":
            return drills.begin(talk)
        case "reminders":
            return show(talk)
        case "reminder":
            return _typed(talk, command.rest)
        case "expires":
            return papers.expires(talk, command.rest)
        case "timezone":
            return _timezone(talk, command.rest)
        case _:
            return _hours(talk, command.rest)


def show(talk: Talk) -> None:
    """What is open and concerns this person, each with a button that opens it."""
    mine = [due for due in talk.scene.reminders if due.state == "open"]
    mine = [due for due in mine if due.concerns(talk.scene.person.name)][:SHOWN]
    if not mine:
        talk.tell("remind.none")
        return answering.repeat(talk)
    wording = talk.speaker.wording
    lines = [talk.word("remind.list")]
    for due in mine:
        said = notices.line(wording, talk.scene.checklist, due)
        lines.append(talk.word("remind.listed", id=due.id, said=said, next=_next(talk, due)))
    lines.append(talk.word("remind.how_many", id=mine[0].id))
    buttons = notices.opening(wording, mine)
    talk.do(Say("\n".join(lines), buttons, numbered=False))
    return answering.repeat(talk)


def _next(talk: Talk, due: Due) -> str:
    if due.next_at is None:
        return talk.word("remind.no_more")
    on = due.next_at.astimezone(talk.scene.hours.zone).date()
    return talk.word("remind.next", day=notices.day(talk.speaker.wording, on))


def _typed(talk: Talk, rest: str) -> None:
    """`reminder 12 done`, for wherever there are no buttons."""
    found = _TYPED.match(rest)
    if found is None:
        return show(talk)
    said = (found[2] or "open").strip()
    put_off = re.fullmatch(r"(\D+?)\s*(\d{1,3})\s*\D*", said)
    word = _word(talk, put_off[1] if put_off else said)
    due = _find(talk, int(found[1]))
    if due is None:
        return answering.repeat(talk)
    if word == "snooze" and put_off:
        return _snooze(talk, due, int(put_off[2]))
    return _act(talk, due, word)


def _word(talk: Talk, said: str) -> str:
    for word in ("done", "snooze", "move", "other", "answer", "drop"):
        if said.strip().lower() == word or aside.is_word(talk, said, f"remind.words.{word}"):
            return word
    return "open"


def quoted(talk: Talk, asked: str, text: str) -> bool:
    """A word for a reminder, said in reply to its notice; False where it is something else."""
    found = _TOKEN.match(asked.rpartition(":")[2]) if ":remind:" in asked else None
    if found is None or _word(talk, text.rstrip("0123456789天 ")) == "open":
        return False
    _typed(talk, f"{found[1]} {text}")
    return True


def pressed(talk: Talk, word: str) -> None:
    """A button under a reminder."""
    found = _TOKEN.match(word)
    due = _find(talk, int(found[1])) if found else None
    if found is None or due is None:
        return answering.repeat(talk)
    return _act(talk, due, found[2])


def _find(talk: Talk, reminder: int) -> Due | None:
    """An open one that is this person's business; otherwise it is said why not."""
    due = next((each for each in talk.scene.reminders if each.id == reminder), None)
    if due is None or not due.concerns(talk.scene.person.name):
        talk.tell("remind.unknown", id=reminder)
        return None
    if due.state != "open":
        talk.tell("remind.closed")
        return None
    return due


def _act(talk: Talk, due: Due, word: str) -> None:
    match word:
        case "done" | "answer":
            return _done(talk, due)
        case "snooze":
            return _snooze(talk, due, 0)
        case "move":
            return drills.ask_new_day(talk, due)
        case "other":
            return _ask_whose(talk, due)
        case "drop":
            talk.do(Settle(due.id, "dropped"))
            talk.tell("remind.removed")
            return answering.repeat(talk)
        case _:
            return _open(talk, due)


def _open(talk: Talk, due: Due) -> None:
    """One of several, with its own buttons."""
    wording = talk.speaker.wording
    said = notices.line(wording, talk.scene.checklist, due)
    text = f"{said}\n{talk.word('remind.how', id=due.id)}"
    talk.do(Say(text, notices.buttons(wording, due), numbered=False))


def _done(talk: Talk, due: Due) -> None:
    if due.kind == "drill":
        return drills.ask_result(talk, due)
    if due.kind == "paper":
        text = talk.word("remind.ask.until")
        offered = [("", talk.word("remind.button.no_more"))]
        return aside.ask(talk, "remind_until", text, offered, reminder=due.id)
    if not due.items:
        talk.do(Settle(due.id, "done"))
        talk.tell("remind.all_answered")
        return answering.repeat(talk)
    return _answer_now(talk, due)


def _answer_now(talk: Talk, due: Due) -> None:
    """Straight to the first of the open questions, in whichever evaluation it is."""
    item = due.items[0]
    if due.case == talk.session.case and talk.case is not None:
        return asking.ask_item(talk, talk.item(item))
    elsewhere = replace(
        talk.session, case=due.case, trail=(), last="", asked=talk.session.asked + 1
    )
    talk.session = replace(elsewhere, pending=Pending("answer", item))
    return talk.tell("switched", vendor=due.vendor)


def _snooze(talk: Talk, due: Due, count: int) -> None:
    """Tomorrow morning, or after some days; always a morning on which the person works."""
    hours = talk.scene.hours
    today = calendars.today(hours, talk.scene.now)
    day = calendars.working_day(hours, today + timedelta(days=min(count, 365) or 1))
    talk.do(Snooze(due.id, day, calendars.opening(hours, day)))
    talk.tell("remind.snoozed", day=notices.day(talk.speaker.wording, day), id=due.id)
    return answering.repeat(talk)


def _ask_whose(talk: Talk, due: Due) -> None:
    me = talk.scene.person.name
    offered = [each for each in aside.names(talk) if each[0] not in {me, due.person}]
    offered = [*offered[: aside.CHOICES - 1], ("", talk.word("choice.unknown"))]
    text = talk.word("remind.ask.whose")
    aside.ask(talk, "remind_whose", text, offered, reminder=due.id)


def replied(talk: Talk, pending: Pending, text: str) -> None:
    """The reply to a question of ours."""
    if aside.is_word(talk, text, "remind.words.cancel"):
        return aside.drop(talk)
    if answers.looks_like_question(text):
        return answering.ask_guidance(talk, text)
    if pending.awaiting.startswith("drill_"):
        return drills.replied(talk, pending, text)
    due = next((d for d in talk.scene.reminders if d.id == pending.data["reminder"]), None)
    if due is None or due.state != "open":
        talk.tell("remind.closed")
        return aside.back(talk)
    said = aside.meant(pending, text)
    match pending.awaiting:
        case "remind_day":
            return _new_day(talk, due, pending, said)
        case "remind_agreed":
            return _agreed(talk, due, pending, said)
        case "remind_whose":
            return _whose(talk, due, said)
        case _:
            return _until(talk, due, said)


def _new_day(talk: Talk, due: Due, pending: Pending, text: str) -> None:
    day = aside.coming_day(talk, text)
    why = pending.data.get("why", "")
    if day is None:
        return drills.ask_new_day(talk, due, why)
    data = {"reminder": due.id, "day": day.isoformat(), "why": why}
    return aside.ask(talk, "remind_agreed", talk.word("remind.ask.agreed"), **data)


def _agreed(talk: Talk, due: Due, pending: Pending, text: str) -> None:
    day = date.fromisoformat(pending.data["day"])
    why = talk.word("remind.nobody_came") if pending.data.get("why") else ""
    note = talk.word("list.semicolon").join(part for part in (why, text[:LONGEST_NOTE]) if part)
    talk.do(Move(due.id, day, note))
    key = "remind.moved_nobody" if why else "remind.moved"
    talk.tell(key, day=notices.day(talk.speaker.wording, day), note=text[:LONGEST_NOTE])
    return aside.back(talk)


def _whose(talk: Talk, due: Due, text: str) -> None:
    """Somebody else's, or back to whoever set it up."""
    back = not text or text == "unknown" or aside.is_word(talk, text, "remind.words.unknown")
    name = due.by if back else aside.known(talk, text)
    if not name:
        talk.tell("remind.stranger", name=text[:LONGEST_NOTE])
        return _ask_whose(talk, due)
    if name == due.person:
        talk.tell("remind.stays", name=name)
        return aside.back(talk)
    if due.kind == "question" and due.case is not None:
        for item in due.items:
            talk.do(Assign(due.case, item, name))
        talk.do(Settle(due.id, "dropped"))
    else:
        talk.do(HandOver(due.id, name))
    talk.tell("remind.handed_back" if back else "remind.handed", name=name)
    return aside.back(talk)


def _until(talk: Talk, due: Due, text: str) -> None:
    """The paper was renewed: until when it holds now."""
    day = None
    if text and not aside.is_word(talk, text, "remind.words.unknown"):
        day = aside.coming_day(talk, text)
        if day is None:
            return _done(talk, due)
    talk.do(Settle(due.id, "done", {"until": day and day.isoformat()}, day))
    key = "remind.renewed" if day else "remind.settled"
    talk.tell(key, **({"day": day.isoformat()} if day else {}))
    return aside.back(talk)


def _timezone(talk: Talk, rest: str) -> None:
    wanted = _PLACES.get(rest.strip(), rest.strip())
    if not calendars.is_timezone(wanted):
        talk.tell("remind.timezone_which")
        return answering.repeat(talk)
    talk.do(SetHours(timezone=wanted))
    talk.tell("remind.timezone_set", zone=wanted)
    return answering.repeat(talk)


def _hours(talk: Talk, rest: str) -> None:
    found = read_hours(rest)
    if found is None:
        talk.tell("remind.hours_which")
        return answering.repeat(talk)
    start, end = found
    talk.do(SetHours(works_from=f"{start:%H:%M}", works_to=f"{end:%H:%M}"))
    talk.tell("remind.hours_set", start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    return answering.repeat(talk)


def read_hours(text: str) -> tuple[time, time] | None:
    """`9:00-18:00`, `9-18`, `9点到18点`; None where it is no such range within one day."""
    found = _HOURS.match(text.strip().rstrip("点"))
    if found is None:
        return None
    try:
        start = time(int(found[1]), int(found[2] or 0))
        end = time(int(found[3]), int(found[4] or 0))
    except ValueError:
        return None
    return (start, end) if start < end else None
