"""Real phones in SQL: who posts, when each was up, how far its clock is off."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from bot.store.tables import Handset, Number, Person, Presence
from bot.store.vault import Vault
from evaluators.sending.panel import Span

KINDS = ("smsforwarder", "android-sms-gateway", "person")
BEATS_LOST = 3  # one stretch goes on over two beats that did not come
EDGE_BEATS = 1.5  # for so long before its first and after its last beat a phone still counts as up
SECOND = 1_000_000_000


def by_token(session: Session, vault: Vault, token: str) -> Handset | None:
    """The phone in use that this token belongs to."""
    return session.exec(
        select(Handset).where(
            Handset.token == vault.index(token), col(Handset.retired_at).is_(None)
        )
    ).first()


def by_name(session: Session, name: str) -> Handset | None:
    return session.exec(select(Handset).where(Handset.name == name)).first()


def of_person(session: Session, person_id: int) -> list[Handset]:
    """The phones whose owner confirms by typing."""
    mine = (Handset.person_id == person_id, col(Handset.retired_at).is_(None))
    return list(session.exec(select(Handset).where(*mine).order_by(col(Handset.id))))


def in_use(session: Session) -> list[tuple[Handset, Number, Person | None]]:
    """Every phone that was not retired, oldest first."""
    found = session.exec(
        select(Handset, Number, Person)
        .join(Number, col(Number.id) == col(Handset.number_id))
        .join(Person, col(Person.id) == col(Handset.person_id), isouter=True)
        .where(col(Handset.retired_at).is_(None))
        .order_by(col(Handset.id))
    )
    return [(handset, number, person) for handset, number, person in found]


def watched(session: Session, number_ids: Collection[int]) -> frozenset[int]:
    """Those of the numbers that a phone in use shows, dead ones left out."""
    return frozenset(
        number.id or 0
        for _, number, _ in in_use(session)
        if number.id in number_ids and not number.dead
    )


def beat(session: Session, handset: Handset, now_ns: int) -> None:
    """The phone has just been heard of."""
    handset.beat_at = datetime.fromtimestamp(now_ns / SECOND, UTC)
    handset.trouble = ""
    session.add(handset)
    last = session.exec(
        select(Presence)
        .where(Presence.handset_id == handset.id)
        .order_by(col(Presence.upto_ns).desc())
    ).first()
    if last is None or now_ns - last.upto_ns > BEATS_LOST * handset.beat_every_s * SECOND:
        last = Presence(handset_id=handset.id or 0, from_ns=now_ns, upto_ns=now_ns)
    last.upto_ns = max(last.upto_ns, now_ns)
    session.add(last)


def is_up(handset: Handset, now: datetime) -> bool:
    """Whether its last beat is recent enough."""
    if handset.beat_at is None:
        return False
    return (now - handset.beat_at).total_seconds() <= BEATS_LOST * handset.beat_every_s


def spans(session: Session, number_ids: Collection[int]) -> Mapping[int, tuple[Span, ...]]:
    """When a phone behind each number was up, retired phones too; see evaluators.sending.panel.up.

    A number without any phone is missing: nobody can say that a text did not arrive there.
    """
    wanted = set(number_ids)
    found = session.exec(
        select(Handset.number_id, Handset.beat_every_s, Presence.from_ns, Presence.upto_ns)
        .join(Presence, col(Presence.handset_id) == col(Handset.id))
        .order_by(col(Presence.from_ns))
    )
    up: dict[int, list[Span]] = {}
    for number_id, every_s, from_ns, upto_ns in found:
        if number_id in wanted:
            edge_ns = int(EDGE_BEATS * every_s * SECOND)
            up.setdefault(number_id, []).append((from_ns - edge_ns, upto_ns + edge_ns))
    return {number_id: tuple(each) for number_id, each in up.items()}
