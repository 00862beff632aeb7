"""Who is known, on which channel, with which roles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot import access
from bot.store.tables import Conversation, Identity, Person, WebSession

LONGEST_NAME = 24


@dataclass(frozen=True)
class Known:
    """A person as this channel knows them."""

    id: int
    name: str
    roles: frozenset[str]
    language: str


# Asked with every message: put together once.
_WHO = (
    sa.select(
        *map(col, (Person.id, Person.name, Person.roles, Person.language)), col(Identity.roles)
    )
    .join(Identity, col(Identity.person_id) == col(Person.id))
    .where(
        col(Identity.channel) == sa.bindparam("channel"),
        col(Identity.user) == sa.bindparam("user"),
        col(Person.left_at).is_(None),
    )
)


def who(session: Session, channel: str, user: str) -> Known | None:
    """The person behind a channel's user; None for anybody who was not enrolled."""
    asked = {"channel": channel, "user": user}
    found: Any = session.connection().execute(_WHO, asked).first()
    if found is None:
        return None
    person_id, name, roles, language, here = found
    return Known(person_id, name, access.read(here or roles), language)


def enrol(
    session: Session, channel: str, user: str, *, roles: frozenset[str], now: datetime
) -> Person:
    """The person behind a user of the terminal, made on first contact.

    Only the terminal calls this without an invitation: whoever can run it owns the state anyway.
    The roles count there; a person who was invited keeps their own everywhere else.
    """
    person = known_as(session, user) or Person(
        name=user, roles=access.written(roles), created_at=now
    )
    session.add(person)
    session.flush()
    identity = session.get(Identity, (channel, user)) or Identity(
        channel=channel, user=user, person_id=person.id or 0
    )
    identity.roles = access.written(roles)
    session.add(identity)
    session.flush()
    return person


def known_as(session: Session, name: str) -> Person | None:
    return session.exec(select(Person).where(Person.name == name)).first()


def names(session: Session) -> tuple[str, ...]:
    """Everybody's name, in order of arrival."""
    here = col(Person.left_at).is_(None)
    return tuple(session.exec(select(Person.name).where(here).order_by(col(Person.id))))


def speak(session: Session, person_id: int, language: str) -> None:
    """Remember the language a person chose."""
    session.get_one(Person, person_id).language = language


def id_of(session: Session, name: str) -> int | None:
    """Whose answer it is, by name."""
    return session.exec(select(Person.id).where(Person.name == name)).first()


def reached_at(session: Session, person_id: int) -> list[Conversation]:
    """A person's own chats that can be written to, the one used last first."""
    return list(
        session.exec(
            select(Conversation)
            .where(
                Conversation.person_id == person_id,
                col(Conversation.grouped).is_(False),
                col(Conversation.unreachable_at).is_(None),
            )
            .order_by(col(Conversation.updated_at).desc())
        )
    )


def everybody(session: Session) -> list[dict[str, Any]]:
    """Each person with their roles and the channels they are known on."""
    known: dict[int, list[str]] = {}
    for channel, person_id in session.exec(select(Identity.channel, Identity.person_id)):
        known.setdefault(person_id, []).append(channel)
    rows = session.exec(select(Person).order_by(col(Person.id))).all()
    return [
        {
            "name": row.name,
            "roles": sorted(access.read(row.roles)),
            "channels": sorted(known.get(row.id or 0, [])),
        }
        for row in rows
        if row.left_at is None
    ]


def leave(session: Session, name: str, now: datetime) -> bool:
    """Somebody is no longer with the company; False where nobody of the name is."""
    person = known_as(session, name)
    if person is None or person.left_at is not None:
        return False
    person.left_at = now
    session.add(person)
    for table in (Identity, WebSession):
        session.execute(sa.delete(table).where(col(table.person_id) == person.id))
    return True
