"""The quarterly switch-over drill: planned in a few questions, and what came of it.

A drill without anybody present did not take place: it is moved, never kept as done.
"""

import re
from datetime import date, timedelta
from itertools import count
from typing import Any

from bot import calendars
from bot.dialogue import aside, days, notices, showing
from bot.dialogue.due import Due
from bot.dialogue.effects import Remind, Settle
from bot.dialogue.session import Awaiting, Pending
from bot.dialogue.talk import Talk
from evaluators.phrases import plain
from evaluators.quantities import amounts

LONGEST_NAME = 60
LONGEST_WORDS = 200
OFFERED = 5  # vendors; WeCom shows six buttons
SLOW_S = 300  # until the first arrival: our own advice, guidance page drill
_CLOCK = re.compile(r"^(\d{1,3}):([0-5]\d)$")
_OF = (
    re.compile(r"(?P<n>\d+)\s*(?:/|of|out of)\s*(?P<of>\d+)"),
    re.compile(r"(?P<of>\d+)\s*条?\s*(?:里|中|里面|之中)\D{0,4}(?P<n>\d+)"),
)
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_COUNT = re.compile(r"(\d+)\s*(?:条|次|messages?|duplicates?|times)?")


def begin(talk: Talk) -> None:
    """Which pair of vendors."""
    _ask_vendor(talk, "drill_main", talk.word("remind.ask.main"), {})


def _ask_vendor(talk: Talk, awaiting: Awaiting, text: str, drill: dict[str, Any]) -> None:
    """Offer the newest vendors; the others are typed, and it is said that there are more."""
    newest = dict.fromkeys(case.vendor for case in reversed(talk.scene.cases))
    vendors = [vendor for vendor in newest if vendor != drill.get("vendor")]
    if len(vendors) > OFFERED:
        text += talk.word("remind.more_vendors", more=len(vendors) - OFFERED)
    offered = [(vendor, vendor) for vendor in vendors[:OFFERED]]
    aside.ask(talk, awaiting, text, offered, drill=drill)


def replied(talk: Talk, pending: Pending, text: str) -> None:
    """The reply to one of the questions that plan a drill."""
    said = aside.meant(pending, text)
    match pending.awaiting:
        case "drill_main":
            return _main(talk, said)
        case "drill_backup":
            return _backup(talk, pending, said)
        case "drill_lead":
            return _lead(talk, pending, said)
        case "drill_day":
            return _day(talk, pending, said)
        case _:
            return _reported(talk, pending, said)


def _main(talk: Talk, vendor: str) -> None:
    if not 0 < len(vendor) <= LONGEST_NAME:
        return talk.tell("vendor.name", most=LONGEST_NAME)
    text = talk.word("remind.ask.backup", vendor=vendor)
    return _ask_vendor(talk, "drill_backup", text, {"vendor": vendor})


def _backup(talk: Talk, pending: Pending, backup: str) -> None:
    drill = pending.data["drill"]
    if not 0 < len(backup) <= LONGEST_NAME:
        return talk.tell("vendor.name", most=LONGEST_NAME)
    if backup.lower() == drill["vendor"].lower():
        talk.tell("remind.same_vendor")
        return _main(talk, drill["vendor"])
    if planned := _planned(talk, drill["vendor"], backup):
        wording = talk.speaker.wording
        said = notices.line(wording, talk.scene.checklist, planned)
        talk.tell("remind.known", said=said, id=planned.id)
        return aside.back(talk)
    return _ask_lead(talk, drill | {"backup": backup})


def _planned(talk: Talk, vendor: str, backup: str) -> Due | None:
    found = (due for due in talk.scene.reminders if due.is_pair(vendor, backup))
    return next((due for due in found if due.state == "open"), None)


def _ask_lead(talk: Talk, drill: dict[str, Any]) -> None:
    text = talk.word("remind.ask.lead", pair=f"{drill['vendor']} → {drill['backup']}")
    aside.ask(talk, "drill_lead", text, aside.names(talk), drill=drill)


def _lead(talk: Talk, pending: Pending, name: str) -> None:
    known = aside.known(talk, name)
    if not known:
        talk.tell("remind.stranger", name=name[:LONGEST_NAME])
        return _ask_lead(talk, pending.data["drill"])
    return _ask_day(talk, pending.data["drill"] | {"who": known})


def _ask_day(talk: Talk, drill: dict[str, Any]) -> None:
    today = calendars.today(talk.scene.hours, talk.scene.now)
    usual = calendars.mid_quarter(talk.scene.hours, today)
    text = talk.word("remind.ask.day", quarter=calendars.quarter_name(usual))
    offered = [(usual.isoformat(), notices.day(talk.speaker.wording, usual))]
    aside.ask(talk, "drill_day", text, offered, drill=drill)


def _day(talk: Talk, pending: Pending, text: str) -> None:
    drill = pending.data["drill"]
    today = calendars.today(talk.scene.hours, talk.scene.now)
    day = days.day_in(text, today)
    if day is None or day < today or days.is_far(day, today):
        talk.tell("remind.which_day")
        return _ask_day(talk, drill)
    subject = {"vendor": drill["vendor"], "backup": drill["backup"]}
    talk.do(Remind("drill", drill["who"], day, subject))
    said = notices.line(
        talk.speaker.wording,
        talk.scene.checklist,
        Due(0, "drill", drill["who"], day, talk.scene.now, subject=subject),
    )
    lines = [talk.word("remind.drill_set", said=said)]
    if day >= calendars.quarter_starts(today, 2):
        lines.append(talk.word("remind.quarter_without", day=_last_day(today)))
    talk.say("\n".join(lines))
    return aside.back(talk)


def _last_day(today: date) -> str:
    """Of the coming quarter."""
    return (calendars.quarter_starts(today, 2) - calendars.ONE_DAY).isoformat()


def ask_result(talk: Talk, due: Due) -> None:
    """Marked done: when was it?"""
    today = calendars.today(talk.scene.hours, talk.scene.now)
    offered = [(today.isoformat(), notices.day(talk.speaker.wording, today))]
    if due.due < today:
        offered.append((due.due.isoformat(), notices.day(talk.speaker.wording, due.due)))
    offered.append(("nobody", talk.word("remind.button.nobody")))
    text = talk.word("remind.ask.on", pair=due.vendors)
    aside.ask(talk, "drill_on", text, offered, reminder=due.id, result={})


def _reported(talk: Talk, pending: Pending, text: str) -> None:
    due = next((d for d in talk.scene.reminders if d.id == pending.data["reminder"]), None)
    if due is None or due.state != "open":
        talk.tell("remind.closed")
        return aside.back(talk)
    if _is_nobody(talk, pending, text):
        return ask_new_day(talk, due, "nobody")
    match pending.awaiting:
        case "drill_on":
            return _on(talk, due, text)
        case "drill_witnesses":
            return _witnesses(talk, due, pending, text)
        case "drill_arrival":
            return _arrival(talk, due, pending, text)
        case _:
            return _duplicates(talk, due, pending, text)


def _is_nobody(talk: Talk, pending: Pending, text: str) -> bool:
    if pending.awaiting not in {"drill_on", "drill_witnesses"}:
        return False
    return text == "nobody" or aside.is_word(talk, text, "remind.words.nobody")


def ask_new_day(talk: Talk, due: Due, why: str = "") -> None:
    """Another day for it; `why` is nobody where a drill found nobody present."""
    key = "remind.ask.nobody" if why else "remind.ask.new_day"
    aside.ask(talk, "remind_day", talk.word(key), reminder=due.id, why=why)


def _on(talk: Talk, due: Due, text: str) -> None:
    today = calendars.today(talk.scene.hours, talk.scene.now)
    on = past_day(text, today)
    if on is None or on > today:
        talk.tell("remind.which_past_day")
        return ask_result(talk, due)
    return _ask_witnesses(talk, due, {"on": on.isoformat()})


def past_day(text: str, today: date) -> date | None:
    """A day gone by; without a year, the last such day."""
    found = days.day_in(text, today)
    if found is None or found <= today or re.search(r"\d{4}|下|next", text):
        return found
    if re.search(r"\d", text):
        return days.day_in(f"{today.year - (found.year == today.year)}-{found:%m-%d}", today)
    return found - timedelta(weeks=1) if days.is_weekday(text) else found


def _ask_witnesses(talk: Talk, due: Due, result: dict[str, Any]) -> None:
    offered = [("", talk.word("choice.unknown"))]
    text = talk.word("remind.ask.witnesses")
    aside.ask(talk, "drill_witnesses", text, offered, reminder=due.id, result=result)


def _unknown(talk: Talk, text: str) -> bool:
    return not text or text == "unknown" or aside.is_word(talk, text, "remind.words.unknown")


def _witnesses(talk: Talk, due: Due, pending: Pending, text: str) -> None:
    present = None if _unknown(talk, text) else text[:LONGEST_WORDS]
    return _ask_arrival(talk, due, pending.data["result"] | {"witnesses": present})


def _ask_arrival(talk: Talk, due: Due, result: dict[str, Any]) -> None:
    offered = [("", talk.word("choice.unknown"))]
    text = talk.word("remind.ask.arrival")
    data = {"reminder": due.id, "result": result}
    aside.ask(talk, "drill_arrival", text, offered, numbered=False, **data)


def _arrival(talk: Talk, due: Due, pending: Pending, text: str) -> None:
    seconds = None if _unknown(talk, text) else seconds_in(text)
    if seconds is None and not _unknown(talk, text):
        talk.tell("remind.which_length")
        return _ask_arrival(talk, due, pending.data["result"])
    return _ask_duplicates(talk, due, pending.data["result"] | {"first_arrival_s": seconds})


def seconds_in(text: str) -> float | None:
    """A length of time: 2分36秒, 2:36, 156 (seconds), 3 min; None where it is none."""
    said = plain(text).strip(" .")
    if clock := _CLOCK.match(said):
        return float(60 * int(clock[1]) + int(clock[2]))
    if said.isdigit():
        return float(said[:6])
    found = {amount.value for amount in amounts("duration", said) if not amount.assumed}
    return found.pop() if len(found) == 1 else None


def _ask_duplicates(talk: Talk, due: Due, result: dict[str, Any]) -> None:
    offered = [("", talk.word("choice.unknown")), ("0", talk.word("remind.button.none"))]
    text = talk.word("remind.ask.duplicates")
    data = {"reminder": due.id, "result": result}
    aside.ask(talk, "drill_duplicates", text, offered, numbered=False, **data)


def _duplicates(talk: Talk, due: Due, pending: Pending, text: str) -> None:
    seen = {"duplicates": None} if _unknown(talk, text) else duplicates_in(text)
    if seen is None and aside.is_word(talk, text, "remind.words.none"):
        seen = {"duplicates": 0}
    if seen is None:
        talk.tell("remind.which_count")
        return _ask_duplicates(talk, due, pending.data["result"])
    return _finish(talk, due, pending.data["result"] | seen)


def duplicates_in(text: str) -> dict[str, Any] | None:
    """How many came twice: 2/40, 40条里2条, 5%, 2; None where it does not say."""
    said = plain(text).strip(" .")
    for pattern in _OF:
        if found := pattern.search(said):
            return {"duplicates": int(found["n"]), "of": int(found["of"])}
    if share := _SHARE.search(said):
        return {"duplicates": None, "share": float(share[1])}
    alone = _COUNT.fullmatch(said)
    return {"duplicates": int(alone[1])} if alone else None


def _finish(talk: Talk, due: Due, result: dict[str, Any]) -> None:
    on = date.fromisoformat(result["on"])
    again = _next_day(talk, on)
    talk.do(Settle(due.id, "done", result, again))
    known, wording = result["first_arrival_s"], talk.speaker.wording
    length = talk.word("choice.unknown") if known is None else notices.length(wording, known)
    talk.tell(
        "remind.drill_done",
        pair=due.vendors,
        on=result["on"],
        witnesses=result["witnesses"] or talk.word("choice.unknown"),
        arrival=length,
        duplicates=_counted(talk, result),
        again=notices.day(wording, again),
        name=due.person,
    )
    if known is not None and known > SLOW_S:
        talk.tell("remind.slow")
    return aside.back(talk)


def _next_day(talk: Talk, on: date) -> date:
    """In the quarter after the one it was done in; later only where that has gone by."""
    today = calendars.today(talk.scene.hours, talk.scene.now)
    suggested = (calendars.mid_quarter(talk.scene.hours, on, ahead) for ahead in count(1))
    return next(day for day in suggested if day > today)


def _counted(talk: Talk, result: dict[str, Any]) -> str:
    if "share" in result:
        return f"{showing.short(result['share'])}%"
    if result["duplicates"] is None:
        return talk.word("choice.unknown")
    if "of" in result:
        return f"{result['duplicates']}/{result['of']}"
    return str(result["duplicates"])
