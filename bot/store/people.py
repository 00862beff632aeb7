"""Who is known, on which channel, with which roles."""

from datetime import datetime

from sqlmodel import Session, select

from bot.store.tables import Conversation, Identity, Person


def enrol(
    session: Session, channel: str, user: str, *, roles: frozenset[str], now: datetime
) -> Person:
    """The person behind a channel's user, made on first contact.

    Only the terminal calls this without an invitation: whoever can run it owns the state anyway.
    """
    identity = session.get(Identity, (channel, user))
    if identity is not None:
        person = session.get_one(Person, identity.person_id)
    else:
        person = session.exec(select(Person).where(Person.name == user)).first() or Person(
            name=user, created_at=now
        )
        session.add(person)
        session.flush()
        session.add(Identity(channel=channel, user=user, person_id=person.id or 0))
    person.roles = ",".join(sorted(roles))
    session.add(person)
    return person


def conversation(session: Session, key: str, person: Person, now: datetime) -> Conversation:
    """The conversation `channel:chat`, made on first contact."""
    found = session.get(Conversation, key)
    if found is None:
        found = Conversation(id=key, person_id=person.id or 0, updated_at=now)
        found.state = {"language": person.language}
        session.add(found)
        session.flush()
    return found


def names(session: Session) -> tuple[str, ...]:
    """Everybody's name, in order of arrival."""
    return tuple(session.exec(select(Person.name).order_by(Person.id)))  # type: ignore[arg-type]


def speak(session: Session, person_id: int, language: str) -> None:
    """Remember the language a person chose."""
    session.get_one(Person, person_id).language = language


def id_of(session: Session, name: str) -> int | None:
    """Whose answer it is, by name."""
    return session.exec(select(Person.id).where(Person.name == name)).first()
