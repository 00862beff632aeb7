"""What real phones show, kept once each: only texts of our own tests, and not for ever."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.store import codes
from bot.store.tables import Handset, Number, Sighting
from bot.store.vault import Vault
from evaluators.sending.panel import Shown, Source

KEPT = timedelta(days=190)  # half a year, for which records of sending have to be kept, and a bit
ABOUT = "sighting.text"
_ORDER = 74688  # of the lock that makes ids grow in the order of commits


class Seen(NamedTuple):
    """One text as a phone told it.

    `identity` makes it this very text among its like; times as in Sighting, by our clock.
    """

    sender: str
    text: str
    received_ns: int
    came_ns: int
    unsure_ms: int | None
    source: Source
    identity: str


def keep(session: Session, vault: Vault, handset: Handset, seen: Seen) -> bool:
    """Keep a text of a test of ours; False where it is not one, or is here already."""
    now = _time(seen.came_ns)
    found = codes.candidates(seen.text)
    control = codes.controls(session, handset, found, now)
    if not control and not codes.sent(session, [handset.number_id], found, now):
        return False
    body = vault.index(f"{seen.sender}\n{seen.text}")
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ORDER})"))
    if is_kept(session, vault, handset, seen):
        return False
    session.add(
        Sighting(
            handset_id=handset.id or 0,
            sender=seen.sender,
            text_sealed=vault.seal(seen.text, ABOUT),
            received_ns=seen.received_ns,
            came_ns=seen.came_ns,
            unsure_ms=seen.unsure_ms,
            source=seen.source,
            digest=_digest(vault, handset, seen),
            body=body,
            purge_at=now + KEPT,
        )
    )
    session.flush()
    return True


def is_kept(session: Session, vault: Vault, handset: Handset, seen: Seen) -> bool:
    """Whether this very text of this phone is here already."""
    return _shows(session, handset, col(Sighting.digest) == _digest(vault, handset, seen))


def is_new(session: Session, vault: Vault, handset: Handset, seen: Seen) -> bool:
    """Whether this phone has not shown this text before, at whatever time."""
    body = vault.index(f"{seen.sender}\n{seen.text}")
    return not _shows(session, handset, col(Sighting.body) == body)


def page(
    session: Session, vault: Vault, number_ids: Collection[int], *, after: int, limit: int
) -> tuple[list[Shown], int]:
    """What the numbers' phones show after a cursor, oldest first, and the cursor to go on from."""
    found = session.exec(
        select(Sighting, Number.number_sealed)
        .join(Handset, col(Handset.id) == col(Sighting.handset_id))
        .join(Number, col(Number.id) == col(Handset.number_id))
        .where(col(Sighting.id) > after, col(Number.id).in_(list(number_ids)))
        .order_by(col(Sighting.id))
        .limit(limit)
    ).all()
    shown = [_shown(vault, sighting, number or b"") for sighting, number in found]
    return shown, (found[-1][0].id or after) if found else after


def newest(session: Session) -> int:
    """The cursor behind everything there is."""
    return session.scalar(select(sa.func.max(col(Sighting.id)))) or 0


def purge(session: Session, now: datetime) -> int:
    """Forget the texts whose time is over; the times in the tests' own rows stay."""
    done = session.execute(sa.delete(Sighting).where(col(Sighting.purge_at) <= now))
    return int(getattr(done, "rowcount", 0))


def _digest(vault: Vault, handset: Handset, seen: Seen) -> str:
    return vault.index(f"{handset.id}\n{seen.source}\n{seen.identity}")


def _shows(session: Session, handset: Handset, condition: sa.ColumnElement[bool]) -> bool:
    found = session.exec(
        select(Sighting.id).where(Sighting.handset_id == handset.id, condition).limit(1)
    )
    return found.first() is not None


def _shown(vault: Vault, sighting: Sighting, number: bytes) -> Shown:
    unsure = sighting.unsure_ms
    return Shown(
        number=vault.unseal(number, "number"),
        sender=sighting.sender,
        text=vault.unseal(sighting.text_sealed or b"", ABOUT),
        received_ns=sighting.received_ns,
        unsure_ns=None if unsure is None else unsure * 1_000_000,
        source=sighting.source,  # type: ignore[arg-type]
    )


def _time(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns / 1e9, UTC)
