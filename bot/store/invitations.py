"""One-time codes that make a channel's user a person, and browsers that are signed in."""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot import access
from bot.store import people
from bot.store.people import Known
from bot.store.tables import Identity, Invitation, Person, WebSession
from bot.store.vault import Vault

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is mistaken for something else
LENGTH = 10  # 49 bits
GOOD_FOR = timedelta(days=7)
LINK_GOOD_FOR = timedelta(minutes=15)  # one asked for in a chat
SIGNED_IN_FOR = timedelta(days=30)


def invite(
    session: Session, vault: Vault, name: str, *, roles: frozenset[str] | None, now: datetime
) -> str:
    """A fresh code for this person, who is made where there is none of the name.

    `roles` None: those the person has already. Only the code's blind index is kept.
    """
    person = people.known_as(session, name) or Person(name=name, created_at=now)
    if roles is not None:
        person.roles = access.written(roles)
    person.left_at = None
    session.add(person)
    session.flush()
    return code_for(session, vault, person.id or 0, now)


def code_for(
    session: Session,
    vault: Vault,
    person_id: int,
    now: datetime,
    *,
    good_for: timedelta = GOOD_FOR,
) -> str:
    """A one-time code with which somebody becomes this person on one more channel."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    session.add(
        Invitation(
            code=vault.index(f"invitation:{code}"),
            person_id=person_id,
            created_at=now,
            expires_at=now + good_for,
        )
    )
    return code


def shaped(text: str) -> str:
    """The code in `/start CODE` or `CODE`, dashes and case ignored; empty where there is none."""
    last = text.strip().upper().removeprefix("/START").strip().replace("-", "").replace(" ", "")
    return last if len(last) == LENGTH and set(last) <= set(ALPHABET) else ""


def redeem(session: Session, vault: Vault, code: str, *, used_by: str, now: datetime) -> int | None:
    """Use a code up; the person it is for, None for one unknown, used, or too old."""
    used = session.execute(
        sa.update(Invitation)
        .where(
            col(Invitation.code) == vault.index(f"invitation:{code}"),
            col(Invitation.used_at).is_(None),
            col(Invitation.expires_at) > now,
        )
        .values(used_at=now, used_by=used_by)
        .returning(col(Invitation.person_id))
    ).first()
    return int(used[0]) if used else None


def enter(session: Session, vault: Vault, code: str, *, at: tuple[str, str], now: datetime) -> bool:
    """Make the user `at` (channel, user) the person a code is for."""
    channel, user = at
    person_id = redeem(session, vault, code, used_by=f"{channel}:{user}", now=now)
    if person_id is None:
        return False
    identity = session.get(Identity, (channel, user))
    if identity is None:
        session.add(Identity(channel=channel, user=user, person_id=person_id))
    else:
        identity.person_id = person_id
    session.flush()
    return True


def sign_in(session: Session, vault: Vault, code: str, now: datetime) -> str | None:
    """A browser's session token for a one-time code; None where the code is no good."""
    person_id = redeem(session, vault, code, used_by="web", now=now)
    if person_id is None:
        return None
    user = str(person_id)
    if session.get(Identity, ("web", user)) is None:
        session.add(Identity(channel="web", user=user, person_id=person_id))
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token=vault.index(f"web:{token}"),
            person_id=person_id,
            created_at=now,
            expires_at=now + SIGNED_IN_FOR,
        )
    )
    session.flush()
    return token


def signed_in(session: Session, vault: Vault, token: str, now: datetime) -> Known | None:
    """The person behind a browser's token."""
    found = session.exec(
        select(WebSession.person_id).where(
            WebSession.token == vault.index(f"web:{token}"), WebSession.expires_at > now
        )
    ).first()
    return people.who(session, "web", str(found)) if found is not None else None


def sign_out(session: Session, vault: Vault, token: str) -> None:
    session.execute(
        sa.delete(WebSession).where(col(WebSession.token) == vault.index(f"web:{token}"))
    )
