"""The SQL ledger of one run: who may send, what may have left, what came back."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from bot.store.database import Database
from bot.store.tables import metadata
from evaluators.protocols.correlator import NOT_FINAL
from evaluators.sending.ledger import Answer, Arrival, Group, Planned, Report, Standing
from evaluators.sending.metrics import Row

_PLAN_CHUNK = 10_000
_AS_STORED = (
    *("seq", "number_id", "carrier", "token", "state", "due_ns", "sent_ns", "ack_ns", "status"),
    *("receipt", "receipt_ns", "receipt_code", "handset_ns", "handset_from"),
)

_run, _message, _number = (metadata.tables[name] for name in ("run", "message", "number"))


class _Many:
    """One update for many messages, its SQL made once.

    A fact is a tuple whose elements are bound as `parts` says, `seq` among them. Handling every
    row in Python costs more than the row costs the database, so that is left out.
    """

    def __init__(self, parts: Sequence[str], *only: sa.ColumnElement[bool], **values: Any) -> None:
        this = (_message.c.run_id == sa.bindparam("run"), _message.c.seq == _of("seq"))
        self._statement = sa.update(_message).where(*this, *only).values(values)
        self._names = ("run", *(f"fact_{part}" for part in parts))
        self._made: dict[str, tuple[str, Callable[[tuple[Any, ...]], Any]]] = {}

    def apply(
        self, connection: sa.Connection, run_id: int, facts: Sequence[tuple[Any, ...]]
    ) -> None:
        dialect = connection.dialect
        if dialect.name not in self._made:
            self._made[dialect.name] = self._make(dialect)
        sql, arrange = self._made[dialect.name]
        if facts:
            connection.exec_driver_sql(sql, [arrange((run_id, *fact)) for fact in facts])

    def _make(self, dialect: sa.Dialect) -> tuple[str, Callable[[tuple[Any, ...]], Any]]:
        """The SQL, and what puts (run, *fact) into the form its driver wants."""
        made = self._statement.compile(dialect=dialect)
        fixed = {name: value for name, value in made.params.items() if name not in self._names}
        names, constants = (*self._names, *fixed), tuple(fixed.values())
        if made.positiontup is None:
            return str(made), lambda parts: dict(zip(names, parts + constants, strict=True))
        pick = itemgetter(*(names.index(name) for name in made.positiontup))
        return str(made), lambda parts: pick(parts + constants)


def _of(part: str) -> sa.BindParameter[Any]:
    return sa.bindparam(f"fact_{part}")


def _among(column: sa.Column[Any], *values: str) -> sa.ColumnElement[bool]:
    """What `in_` says, without a list that each execution would have to expand."""
    return sa.or_(*(column == value for value in values))


_MAY_BE_OUT = _among(_message.c.state, "planned", "sent")
_DUE = _Many(("seq", "due_ns"), _message.c.state == "planned", due_ns=_of("due_ns"))
_SENT = _Many(
    ("seq", "sent_ns"),
    sent_ns=_of("sent_ns"),
    state=sa.case((_message.c.state == "planned", "sent"), else_=_message.c.state),
)
_LOST = _Many(("seq",), _MAY_BE_OUT, state="unknown")
_ANSWERED = _Many(
    Answer._fields,
    sent_ns=_of("sent_ns"),
    ack_ns=_of("at_ns"),
    status=_of("status"),
    state=sa.case((_of("status") == 0, "acknowledged"), else_="refused"),
    vendor_id=_of("vendor_id"),
)
_REPORTED = _Many(
    Report._fields,
    sa.or_(_message.c.receipt.is_(None), _among(_message.c.receipt, *sorted(NOT_FINAL))),
    receipt_ns=_of("at_ns"),
    receipt=_of("state"),
    receipt_code=_of("code"),
)
_ARRIVED = _Many(
    Arrival._fields,
    _message.c.handset_ns.is_(None),
    handset_ns=_of("at_ns"),
    handset_from=_of("sender"),
    handset_same=_of("same"),
)


class SqlLedger:
    """See evaluators.sending.ledger.Ledger; for one thread at a time. Made by `take`."""

    def __init__(self, database: Database, run_id: int, epoch: int) -> None:
        self.run_id, self.epoch = run_id, epoch
        self._database = database
        self._engine = database.engine

    @classmethod
    def take(cls, database: Database, run_id: int) -> "SqlLedger":
        """Take the run from whoever has it; what may have left unanswered becomes unknown."""
        with database.engine.begin() as connection:
            epoch, armed_upto = connection.execute(
                sa.update(_run)
                .where(_run.c.id == run_id)
                .values(epoch=_run.c.epoch + 1)
                .returning(_run.c.epoch, _run.c.armed_upto)
            ).one()
            before = (_message.c.run_id == run_id, _message.c.seq < armed_upto, _MAY_BE_OUT)
            connection.execute(sa.update(_message).where(*before).values(state="unknown"))
        return cls(database, run_id, epoch)

    def plan(self, messages: Iterable[Planned]) -> None:
        with self._engine.begin() as connection:
            if connection.scalar(self._how_many()):
                return
            rows = [
                {"run_id": self.run_id, "seq": seq, "state": "planned", **message._asdict()}
                for seq, message in enumerate(messages)
            ]
            for start in range(0, len(rows), _PLAN_CHUNK):
                connection.execute(sa.insert(_message), rows[start : start + _PLAN_CHUNK])

    def standing(self) -> Standing:
        mark = sa.select(_run.c.armed_upto, _run.c.progress).where(_run.c.id == self.run_id)
        with self._database.read() as session:
            armed_upto, notes = session.execute(mark).one()
            return Standing(session.scalar(self._how_many()) or 0, armed_upto, notes)

    def due(self, first: int, dues_ns: Sequence[int]) -> None:
        with self._engine.begin() as connection:
            _DUE.apply(connection, self.run_id, list(enumerate(dues_ns, first)))

    def arm(self, upto: int) -> bool:
        mark = sa.case((_run.c.armed_upto < upto, upto), else_=_run.c.armed_upto)
        with self._engine.begin() as connection:
            return self._mine(connection, {"armed_upto": mark})

    def rest(self, upto: int) -> None:
        touched = (
            sa.exists()
            .where(_message.c.run_id == self.run_id)
            .where(_message.c.seq >= upto, _message.c.state != "planned")
        )
        with self._engine.begin() as connection:
            if not connection.scalar(sa.select(touched)):
                self._mine(connection, {"armed_upto": upto})

    def record(self, group: Group) -> None:
        with self._engine.begin() as connection:
            _SENT.apply(connection, self.run_id, group.sent)
            _LOST.apply(connection, self.run_id, [(seq,) for seq in group.lost])
            _ANSWERED.apply(connection, self.run_id, group.answers)
            _REPORTED.apply(connection, self.run_id, group.reports)
            _ARRIVED.apply(connection, self.run_id, group.arrivals)

    def note(self, progress: dict[str, Any]) -> bool:
        times = {name: _time(progress.get(name)) for name in ("started_at", "closes_at")}
        values = {"state": progress["phase"], "progress": progress, **times}
        with self._engine.begin() as connection:
            return self._mine(connection, values)

    def rows(self) -> list[Row]:
        with self._database.read() as session:
            return rows(session, self.run_id)

    def _how_many(self) -> sa.Select[int]:
        return sa.select(sa.func.count()).where(_message.c.run_id == self.run_id)

    def _mine(self, connection: sa.Connection, values: dict[str, Any]) -> bool:
        """Change the run if its epoch is still ours: the fence between two processes."""
        ours = (_run.c.id == self.run_id, _run.c.epoch == self.epoch)
        return connection.execute(sa.update(_run).where(*ours).values(values)).rowcount == 1


def rows(session: Session, run_id: int) -> list[Row]:
    """Every message of a run by seq, as the metrics want it."""
    notes = session.scalar(sa.select(_run.c.progress).where(_run.c.id == run_id)) or {}
    blocked = {seq for first, upto in notes.get("blocked", ()) for seq in range(first, upto)}
    alive = bool(notes.get("panel_alive"))
    found = session.execute(
        sa.select(_message, _number.c.carrier)
        .join(_number, _message.c.number_id == _number.c.id)
        .where(_message.c.run_id == run_id)
        .order_by(_message.c.seq)
    )
    return [_row(one, alive, one["seq"] in blocked) for one in found.mappings()]


def _row(found: sa.RowMapping, alive: bool, blocked: bool) -> Row:
    same = {name: found[name] for name in _AS_STORED}
    return Row(
        **same,
        message_id=found["vendor_id"],
        handset_text_same=found["handset_same"],
        alive=alive,
        blocked=blocked,
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
