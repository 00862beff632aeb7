"""A conversation as a page shows it: what was said on both sides, in order.

The page is no channel that is written to: it reads. A reply counts as delivered once a browser has
said that it shows it, because nothing else knows whether anybody was there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.store.tables import Evidence, Outbox, Turn
from bot.store.vault import Vault

MOST = 400  # lines of each side


@dataclass(frozen=True)
class Line:
    """One thing said: by the person (`turn`), or by smsvet (`reply`)."""

    at: datetime
    turn: int = 0
    reply: int = 0
    message_id: str = ""  # the person's, as their browser made it
    words: str = ""  # theirs; a pressed button's token where they pressed one
    files: tuple[str, ...] = ()  # what they sent, by name
    body: Mapping[str, Any] | None = None  # a reply's
    waiting: bool = False  # no browser has shown this reply yet


def since(session: Session, vault: Vault, conversation: str, after: tuple[int, int]) -> list[Line]:
    """What was said after a (turn, reply), oldest first.

    A reply that no browser has shown comes in any case: on a database server a row with a smaller
    id may become visible after one with a larger id.
    """
    turn, reply = after
    own, names = _turns(session, conversation, turn), _files(session, vault, conversation, turn)
    lines = [
        Line(
            row.at,
            turn=row.id or 0,
            message_id=row.message_id,
            words=vault.unseal(row.words_sealed, "turn.words") if row.words_sealed else "",
            files=tuple(names.get(row.id or 0, ())),
        )
        for row in own
    ]
    lines += [
        Line(row.created_at, reply=row.id or 0, body=row.body, waiting=row.delivered_at is None)
        for row in _replies(session, conversation, reply)
    ]
    lines.sort(key=lambda line: (line.at, line.reply > 0, line.turn + line.reply))
    return lines[_whole(lines) :]


def _whole(lines: Sequence[Line]) -> int:
    """From where on both sides are whole: of a long conversation only the end is looked at."""
    return max(
        (
            next(at for at, line in enumerate(lines) if bool(line.turn) is own)
            for own in (True, False)
            if sum(bool(line.turn) is own for line in lines) == MOST
        ),
        default=0,
    )


def _turns(session: Session, conversation: str, after: int) -> Sequence[Turn]:
    found = (
        select(Turn)
        .where(Turn.conversation_id == conversation, col(Turn.id) > after)
        .order_by(col(Turn.id).desc())
        .limit(MOST)
    )
    return session.exec(found).all()


def _replies(session: Session, conversation: str, after: int) -> Sequence[Outbox]:
    found = (
        select(Outbox)
        .where(
            Outbox.conversation_id == conversation,
            sa.or_(col(Outbox.id) > after, col(Outbox.delivered_at).is_(None)),
        )
        .order_by(col(Outbox.id).desc())
        .limit(MOST)
    )
    return session.exec(found).all()


def _files(
    session: Session, vault: Vault, conversation: str, after: int
) -> Mapping[int, Sequence[str]]:
    """The names of the files that came with each turn."""
    found = (
        select(Turn.id, Evidence.name_sealed)
        .join(Turn, col(Turn.id) == col(Evidence.turn_id))
        .where(Turn.conversation_id == conversation, col(Turn.id) > after)
        .order_by(col(Evidence.id))
    )
    names: dict[int, list[str]] = {}
    for turn, sealed in session.exec(found):
        name = vault.unseal(sealed, "evidence.name") if sealed else ""
        if turn is not None and name not in names.setdefault(turn, []):
            names[turn].append(name)
    return names


def acknowledge(session: Session, conversation: str, replies: Sequence[int], now: datetime) -> None:
    """A browser shows these replies."""
    session.execute(
        sa.update(Outbox)
        .where(
            Outbox.conversation_id == conversation,  # type: ignore[arg-type]  # a column
            col(Outbox.id).in_(replies),
            col(Outbox.delivered_at).is_(None),
        )
        .values(delivered_at=now)
    )


def file_of(session: Session, conversation: str, reply: int) -> str:
    """The path of the file that came with a reply of this very conversation, or nothing."""
    body = session.exec(
        select(Outbox.body).where(Outbox.conversation_id == conversation, Outbox.id == reply)
    ).first()
    return str((body or {}).get("file", ""))


def newest(session: Session) -> tuple[int, int]:
    """The newest turn and reply of all conversations: nothing is new while these are the same."""
    row = session.execute(_NEWEST).one()
    return row[0], row[1]


_NEWEST = sa.select(
    sa.select(sa.func.coalesce(sa.func.max(col(Turn.id)), 0)).scalar_subquery(),
    sa.select(sa.func.coalesce(sa.func.max(col(Outbox.id)), 0)).scalar_subquery(),
)


def label_of(session: Session, conversation: str, token: str) -> str:
    """What the button said that this token belongs to, or nothing."""
    found = session.exec(
        select(Outbox.body)
        .where(
            Outbox.conversation_id == conversation,
            sa.cast(Outbox.body, sa.Text).contains(f'"{token}"', autoescape=True),
        )
        .order_by(col(Outbox.id).desc())
        .limit(1)
    ).first()
    buttons = (found or {}).get("buttons", [])
    return next((str(label) for label, known in buttons if known == token), "")
