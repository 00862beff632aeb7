"""What an operator asks of the whole: what waits, what is overdue, who listens to which bot."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from bot import calendars
from bot.store import chats, reminders
from bot.store.tables import Conversation, Lease, Notice, Outbox, Person, Reminder


def waiting(session: Session, before: datetime) -> Counter[str]:
    """Replies by channel that were written before then and are not delivered, though they could."""
    found = session.exec(
        select(Outbox.conversation_id)
        .join(Conversation, col(Conversation.id) == col(Outbox.conversation_id))
        .where(
            col(Outbox.delivered_at).is_(None),
            col(Outbox.dead_at).is_(None),
            col(Outbox.created_at) < before,
            col(Conversation.unreachable_at).is_(None),
        )
    )
    return Counter(map(chats.channel_of, found))


@dataclass(frozen=True)
class Overdue:
    """A reminder whose day has passed where its person is."""

    id: int
    kind: str
    name: str
    due: date


def overdue(session: Session, now: datetime) -> list[Overdue]:
    found = session.exec(
        select(Reminder, Person.name)
        .join(Person, col(Person.id) == col(Reminder.person_id))
        .where(Reminder.state == "open")
        .order_by(col(Reminder.due_on), col(Reminder.id))
    )
    rows = [
        (row, Overdue(row.id or 0, row.kind, name, date.fromisoformat(row.due_on)))
        for row, name in found
    ]
    return [
        each
        for row, each in rows
        if each.due < calendars.today(reminders.hours_of(session, row.person_id), now)
    ]


def untold(session: Session, before: datetime) -> list[str]:
    """People who should have been told something before then, and were not."""
    found = session.exec(
        select(Person.name)
        .join(Notice, col(Notice.person_id) == col(Person.id))
        .where(col(Notice.at).is_(None), col(Notice.due_at) < before)
        .distinct()
    )
    return sorted(found)


def listening(session: Session, now: datetime) -> dict[str, str]:
    """Who listens to each channel's bot now."""
    found = session.exec(select(Lease.name, Lease.holder).where(Lease.until > now))
    return dict(found.all())
