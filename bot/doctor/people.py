"""Who is enrolled where, what did not reach them, and what they are late with."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot import access
from bot.doctor.check import Check
from bot.settings import Settings
from bot.store import chats, outbox, overview, people

SLOW = timedelta(minutes=5)  # a reply that waits longer is stuck
LATE = timedelta(minutes=30)  # a reminder that was not told by then
PULLED = frozenset({"terminal", "web"})  # nothing is sent there: it waits until somebody looks
SHOWN = 5


def examine(sql: Session, settings: Settings, now: datetime) -> Iterator[Check]:
    """Everybody, and everything that waits for them."""
    yield _enrolled(sql, settings)
    yield _unreachable(sql)
    yield _dead(sql)
    yield _waiting(sql, now)
    yield _overdue(sql, now)
    yield _untold(sql, now)


def _enrolled(sql: Session, settings: Settings) -> Check:
    everybody = people.everybody(sql)
    where = Counter(channel for each in everybody for channel in each["channels"])
    nowhere = [each["name"] for each in everybody if not each["channels"]]
    found = [f"{len(everybody)} known", *(f"{count} on {name}" for name, count in where.items())]
    found += [f"no code used yet: {_some(nowhere)}"] if nowhere else []
    approving = any(access.may_spend(frozenset(each["roles"])) for each in everybody)
    found += ["nobody approves sends"] if everybody and not approving else []
    wanted = {"telegram": settings.telegram, "wecom": settings.wecom}
    empty = [name for name, bot in wanted.items() if bot is not None and not where[name]]
    advice = f"nobody is answered on {' or '.join(empty)} yet: smsvet invite NAME --role ROLE"
    return Check("people", not empty, ", ".join(found), advice)


def _unreachable(sql: Session) -> Check:
    found = [
        f"{each.name} on {chats.channel_of(each.conversation)} since {_day(each.since)}: {each.why}"
        for each in outbox.unreached(sql)
    ]
    advice = "they were blocked, left or never met there: a word from them in that chat mends it"
    return Check("unreachable", not found, _some(found) or "nobody", advice)


def _dead(sql: Session) -> Check:
    rows = outbox.dead(sql)
    found = [f"{chats.channel_of(row.conversation_id)}: {row.problem}" for row in rows]
    advice = "a platform refused these for good; smsvet people shows them"
    return Check("dead letters", not rows, _some(found) or "none", advice)


def _waiting(sql: Session, now: datetime) -> Check:
    stuck = {
        name: count
        for name, count in overview.waiting(sql, now - SLOW).items()
        if name not in PULLED
    }
    found = ", ".join(f"{count} for {name}" for name, count in stuck.items())
    advice = "does smsvet serve run, and is its channel up?"
    return Check("replies waiting", not stuck, found or "none for long", advice)


def _overdue(sql: Session, now: datetime) -> Check:
    found = [
        f"{each.id} {each.kind} of {each.name}, due {each.due}"
        for each in overview.overdue(sql, now)
    ]
    advice = "say reminders in the chat, or: reminder NUMBER done"
    return Check("reminders overdue", not found, _some(found) or "none", advice)


def _untold(sql: Session, now: datetime) -> Check:
    names = overview.untold(sql, now - LATE)
    advice = "smsvet serve tells reminders; neither they nor an approver can be reached otherwise"
    return Check("reminders untold", not names, _some(names) or "none", advice)


def _some(found: list[str]) -> str:
    more = len(found) - SHOWN
    return "; ".join(found[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
