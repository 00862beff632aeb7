"""What waits to be delivered on a channel, chat by chat and in order; and what never will be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.messages import Outgoing
from bot.store import chats
from bot.store.tables import Conversation, Lease, Outbox, Person

KEPT_WORDS = 200  # characters of a platform's complaint


def next_up(
    session: Session, channel: str, busy: Collection[str], now: datetime, *, most: int
) -> list[Outgoing]:
    """The next reply of each chat that is not busy; one that must wait holds up what follows."""
    first = (
        sa.select(sa.func.min(col(Outbox.id)))
        .where(col(Outbox.delivered_at).is_(None), col(Outbox.dead_at).is_(None))
        .where(col(Outbox.conversation_id).like(f"{channel}:%"))
        .group_by(col(Outbox.conversation_id))
    )
    found = session.execute(
        sa.select(Outbox, col(Conversation.grouped), col(Conversation.state))
        .join(Conversation, col(Conversation.id) == col(Outbox.conversation_id))
        .where(
            col(Outbox.id).in_(first),
            col(Conversation.unreachable_at).is_(None),
            sa.or_(col(Outbox.due_at).is_(None), col(Outbox.due_at) <= now),
            col(Outbox.conversation_id).not_in([f"{channel}:{chat}" for chat in busy]),
        )
        .order_by(col(Outbox.id))
        .limit(most)
    )
    return [
        chats.outgoing(row, group=grouped, language=str(state.get("language", "zh")))
        for row, grouped, state in found
    ]


def trying(session: Session, ids: Sequence[int], now: datetime) -> None:
    """These are about to be handed to the platform."""
    session.execute(
        sa.update(Outbox)
        .where(col(Outbox.id).in_(ids))
        .values(trying_at=now, attempts=Outbox.attempts + 1)
    )


def delivered(session: Session, told: Sequence[tuple[int, str]], now: datetime) -> None:
    """The platform has these, under its own ids."""
    session.execute(
        sa.update(Outbox),
        [{"id": id_, "delivered_at": now, "message_id": message_id} for id_, message_id in told],
    )


def later(session: Session, id_: int, due_at: datetime, why: str) -> None:
    """The platform did not take it now: it surely did not arrive."""
    values = {"due_at": due_at, "trying_at": None, "problem": why[:KEPT_WORDS]}
    session.execute(sa.update(Outbox).where(col(Outbox.id) == id_).values(values))


def reject(session: Session, id_: int, why: str, now: datetime) -> None:
    """The platform will never take it: onto the list of dead letters."""
    values = {"dead_at": now, "problem": why[:KEPT_WORDS]}
    session.execute(sa.update(Outbox).where(col(Outbox.id) == id_).values(values))


def cannot_reach(session: Session, id_: int, *, conversation: str, why: str, now: datetime) -> None:
    """Nothing more is tried in this chat until somebody writes there; what waits stays."""
    session.execute(
        sa.update(Conversation)
        .where(col(Conversation.id) == conversation)
        .values(unreachable_at=now, unreachable=why[:KEPT_WORDS])
    )
    session.execute(sa.update(Outbox).where(col(Outbox.id) == id_).values(trying_at=None))


def moved(session: Session, channel: str, old: str, new: str) -> None:
    """A chat has another name now; whatever belongs to it goes along."""
    before, after = f"{channel}:{old}", f"{channel}:{new}"
    row = session.get(Conversation, before)
    if row is None:
        return
    if session.get(Conversation, after) is None:
        session.add(Conversation(**row.model_dump(exclude={"id"}), id=after))
        session.flush()
    for table, column in _REFERRING:
        session.execute(sa.update(table).where(column == before).values({column: after}))
    session.delete(row)


def _referring() -> list[tuple[sa.Table, sa.Column[str]]]:
    """Every column that names a conversation."""
    return [
        (table, column)
        for table in Conversation.metadata.sorted_tables
        for column in table.columns
        if any(key.target_fullname == "conversation.id" for key in column.foreign_keys)
    ]


_REFERRING = _referring()


@dataclass(frozen=True)
class Unreached:
    """A chat that cannot be written to, whose it is, and how much waits for it."""

    conversation: str
    name: str
    since: datetime
    why: str
    waiting: int


def unreached(session: Session) -> list[Unreached]:
    waiting = sa.func.count(col(Outbox.id))
    found = session.execute(
        sa.select(
            col(Conversation.id),
            col(Person.name),
            col(Conversation.unreachable_at),
            col(Conversation.unreachable),
            waiting,
        )
        .join(Person, col(Person.id) == col(Conversation.person_id))
        .join(
            Outbox,
            sa.and_(
                col(Outbox.conversation_id) == col(Conversation.id),
                col(Outbox.delivered_at).is_(None),
                col(Outbox.dead_at).is_(None),
            ),
            isouter=True,
        )
        .where(col(Conversation.unreachable_at).is_not(None))
        .group_by(col(Conversation.id), col(Person.name))
        .order_by(col(Conversation.unreachable_at))
    )
    return [Unreached(*row) for row in found]


def dead(session: Session) -> list[Outbox]:
    """Replies that a platform will never take, newest first."""
    found = select(Outbox).where(col(Outbox.dead_at).is_not(None))
    return list(session.exec(found.order_by(col(Outbox.id).desc())))


def lease(session: Session, name: str, holder: str, now: datetime, *, seconds: float) -> bool:
    """Take or keep what only one process may do; False where another one has it."""
    until = now + timedelta(seconds=seconds)
    done = session.execute(
        sa.update(Lease)
        .where(col(Lease.name) == name, sa.or_(col(Lease.holder) == holder, col(Lease.until) < now))
        .values(holder=holder, until=until)
    )
    if done.rowcount:  # type: ignore[attr-defined]  # an update always has one
        return True
    if session.get(Lease, name) is not None:
        return False
    session.add(Lease(name=name, holder=holder, until=until))
    session.flush()
    return True


def release(session: Session, name: str, holder: str) -> None:
    """Leave it to whoever wants it next, at once."""
    session.execute(sa.delete(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder))
