"""How reminders are worded: one line each, one message for several."""

from collections.abc import Sequence
from datetime import date

from bot import calendars
from bot.dialogue.due import Due, Telling
from bot.dialogue.effects import Button, Say
from bot.dialogue.showing import MINUTE, short
from bot.wording import Wording
from evaluators.checklist import Checklist

SHOWN = 10  # of one digest; the rest is counted
BUTTONS = 6  # what a WeCom card takes
ITEMS = 8  # question numbers named
ACTIONS = {
    "drill": ("done", "snooze", "move", "other"),
    "paper": ("done", "snooze", "move", "other"),
    "question": ("answer", "snooze", "move", "other"),
}


def token(due: Due, word: str, step: str = "") -> str:
    """Short whatever it names: see bot/dialogue/reminding.py for how it is read."""
    return f"0:remind:{due.id}-{step or due.step or 'x'}-{word}"


def digest(wording: Wording, checklist: Checklist, told: Sequence[Telling], today: date) -> Say:
    """Everything one person is told at one moment."""
    if len(told) == 1:
        only = told[0]
        text = f"{notice(wording, checklist, only, today)}\n{wording('remind.how', id=only.due.id)}"
        return Say(text, buttons(wording, only.due, only.step), numbered=False)
    lines = [wording("remind.digest", count=len(told))]
    lines += [f"{each.due.id}. {notice(wording, checklist, each, today)}" for each in told[:SHOWN]]
    if len(told) > SHOWN:
        lines.append(wording("remind.more", count=len(told) - SHOWN))
    lines.append(wording("remind.how_many", id=told[0].due.id))
    dues = [each.due for each in told]
    return Say("\n".join(lines), opening(wording, dues), numbered=False)


def escalation(wording: Wording, checklist: Checklist, overdue: Sequence[Due], today: date) -> Say:
    """What a group is told of things that are overdue: nobody can answer there."""
    lines = [wording("remind.group")]
    for due in overdue[:SHOWN]:
        said = (line(wording, checklist, due), left(wording, due, today))
        lines.append("- " + wording("list.semicolon").join(said))
        lines[-1] += wording("list.semicolon") + wording("remind.group_open", name=due.person)
    if len(overdue) > SHOWN:
        lines.append(wording("remind.group_more", count=len(overdue) - SHOWN))
    return Say("\n".join(lines), numbered=False)


def opening(wording: Wording, dues: Sequence[Due]) -> tuple[Button, ...]:
    """A button for each of several, which shows it with its own."""
    return tuple(
        Button(f"{due.id} " + wording(f"remind.kind.{due.kind}"), token(due, "open"))
        for due in dues[:BUTTONS]
    )


def buttons(wording: Wording, due: Due, step: str = "") -> tuple[Button, ...]:
    return tuple(
        Button(
            wording(f"remind.button.{word}"), f"0:remind:{due.id}-{step or due.step or 'x'}-{word}"
        )
        for word in ACTIONS[due.kind]
    )


def notice(wording: Wording, checklist: Checklist, told: Telling, today: date) -> str:
    """What it is, how much time there is, and why the approver hears of it."""
    said = line(wording, checklist, told.due)
    parts = [said, "" if told.due.kind == "question" else left(wording, told.due, today)]
    parts.append(_last(wording, told.due))
    if told.unreachable:
        parts.append(wording("remind.unreachable", name=told.due.person))
    elif not told.yours:
        parts.append(wording("remind.escalated", name=told.due.person))
    return wording("list.semicolon").join(part for part in parts if part)


def _last(wording: Wording, due: Due) -> str:
    """What came of the drill before."""
    last = due.subject.get("last")
    if not last:
        return ""
    arrival = last.get("first_arrival_s")
    if arrival is None:
        return wording("remind.last", on=last["on"])
    return wording("remind.last_arrival", on=last["on"], arrival=length(wording, arrival))


def length(wording: Wording, seconds: float) -> str:
    """A length of time in minutes and seconds."""
    minutes, rest = divmod(seconds, MINUTE)
    parts = [wording("value.minute", amount=short(minutes))] if minutes else []
    if rest or not minutes:
        parts.append(wording("value.second", amount=short(rest)))
    return " ".join(parts)


def left(wording: Wording, due: Due, today: date) -> str:
    days = (due.due - today).days
    if days < 0:
        return wording("remind.overdue", days=-days)
    return wording("remind.today") if days == 0 else wording("remind.in_days", days=days)


def line(wording: Wording, checklist: Checklist, due: Due) -> str:
    """One reminder in a line."""
    if due.kind == "drill":
        quarter = calendars.quarter_name(due.due)
        return wording(
            "remind.drill",
            quarter=quarter,
            pair=due.vendors,
            day=day(wording, due.due),
            name=due.person,
        )
    if due.kind == "question":
        return _questions(wording, checklist, due)
    item = checklist.by_id.get(str(due.subject.get("item", "")))
    return wording(
        "remind.paper",
        vendor=due.vendor,
        number=checklist.numbers.get(item.id, 0) if item else 0,
        ask=item.ask.of(wording.language) if item else "",
        day=day(wording, due.due),
    )


def _questions(wording: Wording, checklist: Checklist, due: Due) -> str:
    numbers = [str(checklist.numbers[item]) for item in due.items if item in checklist.numbers]
    named = wording("list.comma").join(numbers[:ITEMS])
    more = "…" if len(numbers) > ITEMS else ""
    return wording(
        "remind.question",
        vendor=due.vendor,
        count=len(numbers),
        numbers=named + more,
        name=due.person,
        by=due.by,
    )


def day(wording: Wording, on: date) -> str:
    """A day with its weekday."""
    weekdays = wording.words("remind.weekdays")
    return f"{on.isoformat()} {weekdays[on.weekday()]}"
