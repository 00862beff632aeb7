"""Receipts that vendors push over HTTP: kept before they are acknowledged, read by the run."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.store.tables import PushedReceipt
from bot.store.vault import Vault

ABOUT = "receipt.raw"
_ORDER = 74689  # of the lock that makes ids grow in the order of commits


class Receipt(NamedTuple):
    """What a vendor says became of one message; `number` as it wrote it, or empty."""

    message_id: str
    state: str
    err: str = ""
    number: str = ""
    reference: str = ""
    reported_ns: int | None = None


class Kept(NamedTuple):
    """A stored receipt; `came_ns` since 1970 by our clock, `reported_ns` by the vendor's."""

    id: int
    came_ns: int
    message_id: str
    state: str
    err: str
    reference: str
    reported_ns: int | None


def keep(
    session: Session,
    vault: Vault,
    connection_id: int,
    *,
    receipts: Iterable[Receipt],
    raw: str,
    came_ns: int,
) -> None:
    """Keep what one push brought; its raw body stands with the first of its receipts."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ORDER})"))
    for receipt in receipts:
        session.add(
            PushedReceipt(
                connection_id=connection_id,
                came_ns=came_ns,
                message_id=receipt.message_id,
                state=receipt.state,
                err=receipt.err,
                number=vault.index(receipt.number) if receipt.number else "",
                reference=receipt.reference,
                reported_ns=receipt.reported_ns,
                raw_sealed=vault.seal(raw, ABOUT) if raw else None,
            )
        )
        raw = ""
    session.flush()


def after(session: Session, connection_id: int, cursor: int, limit: int) -> tuple[list[Kept], int]:
    """Receipts of a connection after a cursor (0 for all), and the cursor to go on from."""
    found = session.exec(
        select(PushedReceipt)
        .where(PushedReceipt.connection_id == connection_id, col(PushedReceipt.id) > cursor)
        .order_by(col(PushedReceipt.id))
        .limit(limit)
    ).all()
    kept = [_kept(row) for row in found]
    return kept, kept[-1].id if kept else cursor


def newest(session: Session, connection_id: int) -> int:
    """The cursor behind everything a connection has brought so far."""
    mine = PushedReceipt.connection_id == connection_id
    return session.scalar(select(sa.func.max(col(PushedReceipt.id))).where(mine)) or 0


def taken(session: Session, connection_id: int, upto: int) -> None:
    """A run has read those up to here; the rest was nobody's so far."""
    session.execute(
        sa.update(PushedReceipt)
        .where(
            col(PushedReceipt.connection_id) == connection_id,
            col(PushedReceipt.id) <= upto,
            col(PushedReceipt.taken).is_(False),
        )
        .values(taken=True)
    )


def _kept(row: PushedReceipt) -> Kept:
    return Kept(
        id=row.id or 0,
        came_ns=row.came_ns,
        message_id=row.message_id,
        state=row.state,
        err=row.err,
        reference=row.reference,
        reported_ns=row.reported_ns,
    )


def purge(session: Session, before_ns: int) -> None:
    """Forget what was pushed word for word before then; what it said of which message stays."""
    session.execute(
        sa.update(PushedReceipt)
        .where(col(PushedReceipt.came_ns) < before_ns, col(PushedReceipt.raw_sealed).is_not(None))
        .values(raw_sealed=None)
    )
