"""What phones tell of a run's messages after it has ended: a code typed late, a text held back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.store import codes
from bot.store.database import Database
from bot.store.ledger import SqlLedger, fold
from bot.store.sightings import ABOUT
from bot.store.tables import Connection, Handset, Message, Run, Sighting
from bot.store.vault import Vault
from evaluators.sending.ledger import Arrival, Group
from evaluators.sending.plan import Plan
from evaluators.sending.texts import Texts

NS = 1_000_000_000
MARGIN = timedelta(minutes=10)


def lately(session: Session, now: datetime) -> list[int]:
    """Judged runs over real lines, see `codes.LATELY`, since whose end some phone told of a text.

    One told just before the end may have come too late to be judged.
    """
    told_ns = session.scalar(select(sa.func.max(col(Sighting.came_ns)))) or 0
    told = datetime.fromtimestamp(told_ns / NS, UTC) + MARGIN
    found = session.exec(
        select(Run.id)
        .join(Connection, col(Connection.id) == col(Run.connection_id))
        .where(
            Run.state == "judged",
            col(Run.finished_at) >= now - codes.LATELY,
            col(Run.finished_at) <= told,
            col(Connection.simulated).is_(None),
        )
        .order_by(col(Run.id))
    )
    return [run_id or 0 for run_id in found]


def take_in(database: Database, run_id: int) -> int:
    """Note in a run's messages what their phones have told since; how many it was of."""
    fold(database, run_id)
    with database.read() as session:
        run = session.get_one(Run, run_id)
        found = list(_arrivals(session, database.vault, run))
    if found:
        SqlLedger(database, run_id, run.epoch).record(Group(arrivals=found))
    return len(found)


def _arrivals(session: Session, vault: Vault, run: Run) -> Iterator[Arrival]:
    """The unseen messages that a text on their own number's phone is about."""
    texts = Texts(Plan.model_validate(run.plan))
    unseen = {
        (message.number_id, message.token): message.seq
        for message in session.exec(
            select(Message).where(
                Message.run_id == run.id,
                col(Message.handset_ns).is_(None),
                Message.state != "planned",
            )
        )
    }
    for sighting, number_id in _told(session, run, {number for number, _ in unseen}):
        text = vault.unseal(sighting.text_sealed or b"", ABOUT)
        for token in codes.candidates(text):
            seq = unseen.pop((number_id, token), None)
            if seq is not None:
                same = None if sighting.source == "typed" else text == texts.full(seq, token)
                yield _arrival(seq, sighting, same)


def _told(session: Session, run: Run, numbers: set[int]) -> list[tuple[Sighting, int]]:
    begun = run.started_at or run.planned_at
    found = session.exec(
        select(Sighting, Handset.number_id)
        .join(Handset, col(Handset.id) == col(Sighting.handset_id))
        .where(
            col(Handset.number_id).in_(numbers),
            col(Sighting.came_ns) >= int(begun.timestamp() * NS),
        )
        .order_by(col(Sighting.id))
    )
    return list(found)


def _arrival(seq: int, sighting: Sighting, same: bool | None) -> Arrival:
    return Arrival(
        seq,
        sighting.received_ns,
        sighting.sender,
        same,
        sighting.source,  # type: ignore[arg-type]
        sighting.unsure_ms,
    )
