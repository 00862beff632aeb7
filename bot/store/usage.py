"""What was sent to listed numbers lately, by every test: vendors limit that per number."""

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from bot.store.tables import Connection, Message, Run


def texted(session: Session, since_ns: int) -> Mapping[int, tuple[int, ...]]:
    """When each real number was texted since then, by number id: ns since 1970, oldest first.

    For the last hour and day of a frequency limit give the start of the day and count.
    """
    since = datetime.fromtimestamp(since_ns / 1e9, UTC)
    lately = sa.select(col(Run.id)).where(
        col(Run.started_at).is_not(None),
        col(Run.connection_id).in_(
            sa.select(col(Connection.id)).where(col(Connection.simulated).is_(None))
        ),
        sa.or_(col(Run.finished_at).is_(None), col(Run.finished_at) >= since),
    )
    found = session.execute(
        sa.select(col(Message.number_id), col(Message.sent_ns))
        .where(col(Message.run_id).in_(lately), col(Message.sent_ns) >= since_ns)
        .order_by(col(Message.sent_ns))
    )
    times: dict[int, list[int]] = {}
    for number_id, sent_ns in found:
        times.setdefault(number_id, []).append(sent_ns)
    return {number_id: tuple(sent) for number_id, sent in times.items()}
