"""What waits to be delivered on a channel, chat by chat and in order; and what never will be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.messages import Outgoing
from bot.store import chats, runs
from bot.store.tables import Conversation, Lease, Outbox, Person, metadata

KEPT_WORDS = 200  # characters of a platform's complaint


# Asked with every reply: put together once, on the tables themselves.
_OUTBOX, _CHAT = metadata.tables["outbox"], metadata.tables["conversation"]
_FIRST = (
    sa.select(sa.func.min(_OUTBOX.c.id))
    .where(_OUTBOX.c.delivered_at.is_(None), _OUTBOX.c.dead_at.is_(None))
    .where(_OUTBOX.c.conversation_id.like(sa.bindparam("ours")))
    .group_by(_OUTBOX.c.conversation_id)
)
_NEXT = (
    sa.select(_OUTBOX, _CHAT.c.grouped, _CHAT.c.state["language"].as_string().label("language"))
    .join(_CHAT, _CHAT.c.id == _OUTBOX.c.conversation_id)
    .where(
        _OUTBOX.c.id.in_(_FIRST),
        _CHAT.c.unreachable_at.is_(None),
        sa.or_(_OUTBOX.c.due_at.is_(None), _OUTBOX.c.due_at <= sa.bindparam("now")),
        _OUTBOX.c.conversation_id.not_in(sa.bindparam("busy", expanding=True)),
    )
    .order_by(_OUTBOX.c.id)
    .limit(sa.bindparam("most"))
)
_TRYING = (
    sa.update(_OUTBOX)
    .where(_OUTBOX.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(trying_at=sa.bindparam("at"), attempts=_OUTBOX.c.attempts + 1)
)
_DELIVERED = (
    sa.update(_OUTBOX)
    .where(_OUTBOX.c.id == sa.bindparam("reply"))
    .values(delivered_at=sa.bindparam("at"), message_id=sa.bindparam("theirs"))
)


def next_up(
    session: Session, channel: str, busy: Collection[str], now: datetime, *, most: int
) -> list[Outgoing]:
    """The next reply of each chat that is not busy; one that must wait holds up what follows."""
    others = [f"{channel}:{chat}" for chat in busy]
    asked = {"ours": f"{channel}:%", "now": now, "busy": others, "most": most}
    return [
        chats.outgoing(row, group=row.grouped, language=row.language or "zh")
        for row in session.connection().execute(_NEXT, asked)
    ]


def known_as(session: Session, conversation: str, message_id: str) -> Outgoing | None:
    """The reply that a platform took under this id of its own."""
    row = session.exec(
        select(Outbox).where(
            Outbox.conversation_id == conversation, Outbox.message_id == message_id
        )
    ).first()
    return chats.outgoing(row, language=runs.language(session, conversation)) if row else None


def trying(session: Session, ids: Sequence[int], now: datetime) -> None:
    """These are about to be handed to the platform."""
    session.connection().execute(_TRYING, {"ids": ids, "at": now})


def delivered(session: Session, told: Sequence[tuple[int, str]], now: datetime) -> None:
    """The platform has these, under its own ids."""
    rows = [{"reply": id_, "at": now, "theirs": message_id} for id_, message_id in told]
    session.connection().execute(_DELIVERED, rows)


def later(session: Session, id_: int, due_at: datetime, why: str, *, unsure: bool = False) -> None:
    """The platform did not take it now; where that is `unsure` it still counts as being tried."""
    values: dict[str, Any] = {"due_at": due_at, "problem": why[:KEPT_WORDS]}
    if not unsure:
        values["trying_at"] = None
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
    grouped: bool
    waiting: int


def unreached(session: Session) -> list[Unreached]:
    waiting = sa.func.count(col(Outbox.id))
    found = session.execute(
        sa.select(
            col(Conversation.id),
            col(Person.name),
            col(Conversation.unreachable_at),
            col(Conversation.unreachable),
            col(Conversation.grouped),
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
