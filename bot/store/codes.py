"""Which codes in a text are ours: those of messages to this number, and of control texts."""

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.store.runs import GOING_ON
from bot.store.tables import Connection, Control, Handset, Message, Run
from evaluators.sending.tokens import ALPHABET, TOKEN_LENGTH

LATELY = timedelta(days=7)  # a text that comes later than this after its test is nobody's
_CODES = re.compile(f"(?=([{ALPHABET}]{{{TOKEN_LENGTH}}}))")  # may begin anywhere


class Sent(NamedTuple):
    """A message of a test, known by its code."""

    run_id: int
    seq: int
    code: str
    seen: bool  # a handset has shown it
    over: bool  # its run has ended


def candidates(text: str) -> frozenset[str]:
    """Everything in a text that could be a code."""
    return frozenset(_CODES.findall(text))


def sent(
    session: Session, number_ids: Iterable[int], codes: Collection[str], now: datetime
) -> tuple[Sent, ...]:
    """Messages of recent tests over real lines to these numbers that carry one of the codes."""
    if not codes:
        return ()
    recent = (
        select(Run.id)
        .join(Connection, col(Connection.id) == col(Run.connection_id))
        .where(
            col(Connection.simulated).is_(None),
            sa.or_(col(Run.finished_at).is_(None), col(Run.finished_at) >= now - LATELY),
        )
    )
    found = session.exec(
        select(Message, Run.finished_at)
        .join(Run, col(Run.id) == col(Message.run_id))
        .where(
            col(Message.run_id).in_(recent),
            col(Message.number_id).in_(list(number_ids)),
            col(Message.token).in_(sorted(codes)),
        )
        .order_by(col(Message.run_id), col(Message.seq))
    )
    return tuple(
        Sent(
            message.run_id,
            message.seq,
            message.token,
            seen=message.handset_ns is not None,
            over=finished_at is not None,
        )
        for message, finished_at in found
    )


def awaited(session: Session, number_ids: Iterable[int]) -> int:
    """How many texts that running tests sent to these numbers no handset has shown so far."""
    going_on = (
        select(Run.id)
        .join(Connection, col(Connection.id) == col(Run.connection_id))
        .where(col(Connection.simulated).is_(None), col(Run.state).in_(GOING_ON))
    )
    count = select(sa.func.count()).where(
        col(Message.run_id).in_(going_on),
        col(Message.number_id).in_(list(number_ids)),
        col(Message.sent_ns).is_not(None),
        col(Message.state) != "refused",
        col(Message.handset_ns).is_(None),
    )
    return session.scalar(count) or 0


def controls(session: Session, handset: Handset, codes: Collection[str], now: datetime) -> bool:
    """Whether one of the codes is a control text asked for at this handset; notes that it came."""
    if not codes:
        return False
    found = session.exec(
        select(Control).where(
            Control.handset_id == handset.id,
            col(Control.code).in_(sorted(codes)),
            Control.asked_at >= now - LATELY,
        )
    ).all()
    for control in found:
        control.seen_at = control.seen_at or now
        session.add(control)
    return bool(found)
