"""Notices that fall due: written down for each person, and told once each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot import calendars
from bot.dialogue import rhythm
from bot.dialogue.due import Telling
from bot.dialogue.effects import Say
from bot.dialogue.rhythm import Step
from bot.store import chats, people, reminders
from bot.store.tables import Conversation, Notice, Outbox, Person, Reminder

MOST = 500  # reminders in one sweep
AGAIN = timedelta(hours=1)  # where nobody can be reached
PULLED = ("terminal", "web")  # nothing arrives there by itself: only where there is no other chat


def any_due(session: Session, now: datetime) -> bool:
    """Whether a sweep would find something. Holds no lock."""
    row = select(Reminder.id).where(col(Reminder.state) == "open", col(Reminder.next_at) <= now)
    notice = select(Notice.reminder_id).where(col(Notice.at).is_(None), col(Notice.due_at) <= now)
    return any(session.exec(found.limit(1)).first() is not None for found in (row, notice))


def alone(session: Session) -> bool:
    """Whether this is the one process that sweeps now; SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(sa.text("SELECT pg_try_advisory_xact_lock(74687)")))


def fall_due(session: Session, now: datetime) -> None:
    """Write down whom to tell; of several notices that were missed, only the last."""
    rows = session.exec(
        select(Reminder)
        .where(col(Reminder.state) == "open", col(Reminder.next_at) <= now)
        .order_by(col(Reminder.next_at), col(Reminder.id))
        .limit(MOST)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        if row.kind == "question" and not reminders.open_items(session, row):
            reminders.close(row, now)
        else:
            step = _step(session, row, now)
            told = {row.person_id, row.approver_id} if step.escalated else {row.person_id}
            for person in told - {None}:
                _write_down(session, row, step.name, person=person or 0, now=now)
            reminders.following(row, rhythm.upcoming(reminders.ladder(session, row), now))
        session.add(row)
    session.flush()


def _step(session: Session, row: Reminder, now: datetime) -> Step:
    """What is to be said now: what was waited for, or something later that passed meanwhile."""
    waited = Step(row.step, row.next_at or now)
    last = rhythm.standing(reminders.ladder(session, row), now)
    return last if last is not None and last.at >= waited.at else waited


def _write_down(session: Session, row: Reminder, step: str, *, person: int, now: datetime) -> None:
    """One notice for one person; an older one that was not told yet is overtaken."""
    session.execute(
        sa.delete(Notice).where(
            col(Notice.reminder_id) == row.id,
            col(Notice.person_id) == person,
            col(Notice.at).is_(None),
        )
    )
    if session.get(Notice, (row.id, row.due_on, step, person)) is not None:
        return
    due_at = calendars.working_time(reminders.hours_of(session, person), now)
    session.add(
        Notice(
            reminder_id=row.id or 0, due_on=row.due_on, step=step, person_id=person, due_at=due_at
        )
    )
    session.flush()


@dataclass(frozen=True)
class Told:
    """What one person is told at one moment, and where."""

    person: Person
    chat: Conversation
    notices: tuple[Notice, ...]
    tellings: tuple[Telling, ...]


def to_tell(session: Session, now: datetime) -> list[Told]:
    """For each person everything that is due; what nobody can be told waits."""
    _forget_closed(session)
    for notice in _waiting(session, now):
        _find_somebody(session, notice, now)
    session.flush()
    mine: dict[int, list[Notice]] = {}
    for notice in _waiting(session, now):
        mine.setdefault(notice.person_id, []).append(notice)
    told = [_told(session, person, found, now) for person, found in mine.items()]
    return [each for each in told if each is not None]


def _waiting(session: Session, now: datetime) -> list[Notice]:
    found = select(Notice).where(col(Notice.at).is_(None), col(Notice.due_at) <= now)
    order = (col(Notice.person_id), col(Notice.due_on), col(Notice.reminder_id))
    return list(session.exec(found.order_by(*order).with_for_update(skip_locked=True)))


def _forget_closed(session: Session) -> None:
    """What was done meanwhile needs no notice."""
    closed = sa.select(col(Reminder.id)).where(col(Reminder.state) != "open")
    session.execute(
        sa.delete(Notice).where(col(Notice.at).is_(None), col(Notice.reminder_id).in_(closed))
    )


def _find_somebody(session: Session, notice: Notice, now: datetime) -> None:
    """Somebody who cannot be reached anywhere: the approver hears of it in their place.

    Where nobody approves anything yet, it is whoever set it up.
    """
    if chat_of(session, notice.person_id) is not None:
        return
    row = session.get_one(Reminder, notice.reminder_id)
    other = row.approver_id or row.created_by
    is_other = other == notice.person_id or notice.person_id != row.person_id
    if is_other or chat_of(session, other) is None:
        notice.due_at = now + AGAIN
    else:
        notice.at = now
        _write_down(session, row, notice.step, person=other, now=now)
    session.add(notice)


def _told(session: Session, person_id: int, found: list[Notice], now: datetime) -> Told | None:
    chat = chat_of(session, person_id)
    starts = calendars.working_time(reminders.hours_of(session, person_id), now)
    if chat is None or starts > now:  # it fell due while nobody looked
        for notice in found:
            notice.due_at = max(starts, notice.due_at)
            session.add(notice)
        return None
    rows = [session.get_one(Reminder, notice.reminder_id) for notice in found]
    tellings = [
        Telling(
            due,
            notice.step,
            yours=row.person_id == person_id,
            unreachable=_was_unreachable(session, row, notice),
        )
        for notice, row, due in zip(found, rows, reminders.seen(session, rows), strict=True)
        if due.kind != "question" or due.items  # answered between two looks
    ]
    person = session.get_one(Person, person_id)
    return Told(person, chat, tuple(found), tuple(tellings)) if tellings else None


def _was_unreachable(session: Session, row: Reminder, notice: Notice) -> bool:
    theirs = session.get(Notice, (row.id, notice.due_on, notice.step, row.person_id))
    return theirs is not None and theirs.at is not None and theirs.conversation_id is None


def chat_of(session: Session, person_id: int) -> Conversation | None:
    """The chat somebody used last, among those where something arrives by itself if there are."""
    if session.get_one(Person, person_id).left_at is not None:
        return None
    chats_ = people.reached_at(session, person_id)
    arriving = [chat for chat in chats_ if chats.channel_of(chat.id) not in PULLED]
    return next(iter(arriving or chats_), None)


def tell(session: Session, told: Told, say: Say, now: datetime) -> None:
    """Queue one message for all of it; the notices are settled with it or not at all."""
    ids = sorted({notice.reminder_id for notice in told.notices})
    _overtake(session, told.chat.id, ids)
    body = chats.body(say) | {"reminders": ids}
    chats.queue(session, told.chat.id, body, now)
    for notice in told.notices:
        notice.at, notice.conversation_id = now, told.chat.id
        session.add(notice)
    session.flush()


def tell_group(session: Session, group: str, say: Say, *, beside: Person, now: datetime) -> None:
    """Queue what a group hears together with `beside`; its conversation is made on first use.

    As a group's it is nobody's own chat: nothing that is meant for one person goes there.
    """
    if session.get(Conversation, group) is None:
        state = {"language": beside.language}
        row = Conversation(
            id=group, person_id=beside.id or 0, state=state, updated_at=now, grouped=True
        )
        session.add(row)
        session.flush()
    chats.queue(session, group, chats.body(say), now)


def postpone(session: Session, told: Told, now: datetime) -> None:
    """Try it again later."""
    for notice in told.notices:
        notice.due_at = now + AGAIN
        session.add(notice)
    session.flush()


def _overtake(session: Session, conversation: str, ids: Collection[int]) -> None:
    """An earlier message about nothing else that nobody has got yet would only be a pile."""
    rows = session.exec(
        select(Outbox).where(
            Outbox.conversation_id == conversation,
            col(Outbox.delivered_at).is_(None),
            col(Outbox.dead_at).is_(None),
            col(Outbox.trying_at).is_(None),
        )
    )
    for row in rows:
        about = row.body.get("reminders", ())
        if about and set(about) <= set(ids):
            session.delete(row)
    session.flush()
