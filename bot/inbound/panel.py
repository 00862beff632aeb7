"""The real phones behind one test, as the runner asks for them: see evaluators.sending.panel."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from bot.inbound import reread
from bot.inbound.posted import Text
from bot.inbound.reread import Reach, UnreachableError
from bot.store import handsets, inviting, sightings
from bot.store.database import Database
from bot.store.sightings import Seen
from bot.store.tables import Handset, Message, Number, Run
from evaluators.sending.panel import Shown

ABOUT_REACH = "handset.reach"
_NS = 1_000_000
_ASK_NS = 5_000_000_000  # between two looks whether somebody is to be asked
_BEFORE_MS = 10 * 60 * 1000  # a phone's clock may be off: look a little further back

logger = logging.getLogger(__name__)


class SqlPanel:
    """Texts as phones passed them on, read from SQL; blocks. Nothing is held between calls.

    `wall` gives ns since 1970. The cursor survives this process: reading from 0 again is harmless.
    """

    def __init__(
        self, database: Database, run_id: int, wall: Callable[[], int] = time.time_ns
    ) -> None:
        self._database, self._wall = database, wall
        with database.read() as session:
            run = session.get_one(Run, run_id)
            self._number_ids = _watched(session, run_id)
        self._run_id, self._asked_ns = run_id, 0
        self._silent: frozenset[str] = frozenset()
        begun = run.started_at or run.confirmed_at or run.planned_at
        self._begun_ms = round(begun.timestamp() * 1000)

    @classmethod
    def watches(cls, database: Database, run_id: int) -> bool:
        """Whether a phone shows any of the run's numbers."""
        with database.read() as session:
            return bool(_watched(session, run_id))

    def inbox(self, after: int, limit: int) -> tuple[list[Shown], int]:
        vault = self._database.vault
        try:
            self._ask_people()
            with self._database.read() as session:
                return sightings.page(session, vault, self._number_ids, after=after, limit=limit)
        except SQLAlchemyError as error:
            raise OSError("the database is away") from error

    def alive(self) -> bool:
        return not self.silent()

    def silent(self) -> frozenset[str]:
        now = self._now()
        try:
            with self._database.read() as session:
                ours = self._phones(session)
        except SQLAlchemyError:  # nobody knows: what was known stays
            logger.exception("the phones cannot be looked up")
            return self._silent
        up = {number.id for handset, number in ours if handsets.is_up(handset, now)}
        vault = self._database.vault
        self._silent = frozenset(
            vault.unseal(number.number_sealed or b"", "number")
            for _, number in ours
            if number.id not in up
        )
        return self._silent

    def reread(self) -> frozenset[str]:
        vault = self._database.vault
        try:
            with self._database.read() as session:
                ours = self._phones(session)
            asked = {number.id for handset, number in ours if self._look_through(handset)}
        except SQLAlchemyError:
            logger.exception("the phones' inboxes cannot be looked through")
            return self._silent
        return frozenset(
            vault.unseal(number.number_sealed or b"", "number")
            for _, number in ours
            if number.id not in asked
        )

    def close(self) -> None:
        pass

    def _ask_people(self) -> None:
        """People type what their phones show; they are asked to, now and then looked after."""
        now_ns = self._wall()
        if now_ns - self._asked_ns < _ASK_NS:
            return
        self._asked_ns = now_ns
        with self._database.read() as session:
            theirs = [phone for phone, _ in self._phones(session) if phone.kind == "person"]
        if theirs:
            with self._database.write() as session:
                inviting.ask(session, session.get_one(Run, self._run_id), theirs, now_ns)

    def _phones(self, session: Session) -> Sequence[tuple[Handset, Number]]:
        found = handsets.in_use(session)
        return [(handset, number) for handset, number, _ in found if number.id in self._number_ids]

    def _look_through(self, handset: Handset) -> bool:
        """Ask one phone for its inbox and keep what is new; False where it cannot be asked."""
        if handset.reach_sealed is None or handset.kind not in reread.INBOXES:
            return False
        return look_through(self._database, handset, self._begun_ms, self._wall())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall() / 1e9, UTC)


def _watched(session: Session, run_id: int) -> frozenset[int]:
    texted = select(Message.number_id).where(Message.run_id == run_id).distinct()
    return handsets.watched(session, set(session.exec(texted)))


def look_through(database: Database, handset: Handset, since_ms: int, now_ns: int) -> bool:
    """Keep what a phone's inbox holds of our texts; False where the phone cannot be asked."""
    reach = Reach.from_json(database.vault.unseal(handset.reach_sealed or b"", ABOUT_REACH))
    now_ms = now_ns // _NS
    try:
        texts = reread.inbox(handset.kind, reach, since_ms - _BEFORE_MS, now_ms)
    except UnreachableError as error:
        logger.warning("phone %r cannot be asked for its inbox: %s", handset.name, error)
        return False
    with database.write() as session:
        row = session.get_one(Handset, handset.id)
        row.reread_at = datetime.fromtimestamp(now_ns / 1e9, UTC)
        session.add(row)
        for text in texts:
            seen = _seen(row, text, now_ns)
            if sightings.is_new(session, database.vault, row, seen):
                sightings.keep(session, database.vault, row, seen)
    return True


def _seen(handset: Handset, text: Text, now_ns: int) -> Seen:
    """What the inbox says of when it came: the phone's time, or only the message centre's."""
    now_ms = now_ns // _NS
    if text.received_ms is not None and handset.clock_offset_ms is not None:
        received_ms = min(now_ms, text.received_ms + handset.clock_offset_ms)
        unsure_ms = handset.clock_unsure_ms
    else:
        received_ms = now_ms
        unsure_ms = None if text.centre_ms is None else max(0, now_ms - text.centre_ms)
    return Seen(
        sender=text.sender,
        text=text.text,
        received_ns=received_ms * _NS,
        came_ns=now_ns,
        unsure_ms=unsure_ms,
        source="reread",
        identity=f"{text.sender}\n{text.text}\n{text.received_ms or text.centre_ms}",
    )
