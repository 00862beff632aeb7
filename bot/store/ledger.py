"""The SQL ledger of one run: who may send, what may have left, what came back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
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

_THIS = (_message.c.run_id == sa.bindparam("run"), _message.c.seq == sa.bindparam("row"))

Facts = list[dict[str, Any]]


def _one_of(column: sa.Column[Any], *values: str) -> sa.ColumnElement[bool]:
    """What `in_` says, in a form that executemany takes."""
    return sa.or_(*(column == value for value in values))


def _set(*names: str, **fixed: Any) -> sa.Update:
    """An update of one message; each name is bound as `new_name`, for executemany."""
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    return sa.update(_message).where(*_THIS).values(values | fixed)


_MAY_BE_OUT = _one_of(_message.c.state, "planned", "sent")
_DUE = _set("due_ns").where(_message.c.state == "planned")
_SENT = _set(
    "sent_ns", state=sa.case((_message.c.state == "planned", "sent"), else_=_message.c.state)
)
_LOST = _set(state="unknown").where(_MAY_BE_OUT)
_ANSWERED = _set("sent_ns", "ack_ns", "status", "state", "vendor_id")
_REPORTED = _set("receipt", "receipt_code", "receipt_ns").where(
    sa.or_(_message.c.receipt.is_(None), _one_of(_message.c.receipt, *sorted(NOT_FINAL)))
)
_ARRIVED = _set("handset_ns", "handset_from", "handset_same").where(_message.c.handset_ns.is_(None))


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
        facts = [{"row": first + n, "new_due_ns": due} for n, due in enumerate(dues_ns)]
        with self._engine.begin() as connection:
            self._update(connection, _DUE, facts)

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
            for statement, facts in (
                (_SENT, [{"row": seq, "new_sent_ns": at_ns} for seq, at_ns in group.sent]),
                (_LOST, [{"row": seq} for seq in group.lost]),
                (_ANSWERED, _answered(group.answers)),
                (_REPORTED, _reported(group.reports)),
                (_ARRIVED, _arrived(group.arrivals)),
            ):
                self._update(connection, statement, facts)

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

    def _update(self, connection: sa.Connection, statement: sa.Update, facts: Facts) -> None:
        if facts:
            connection.execute(statement, [{"run": self.run_id, **fact} for fact in facts])


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


def _answered(answers: Iterable[Answer]) -> Facts:
    return [
        {
            "row": seq,
            "new_sent_ns": sent_ns,
            "new_ack_ns": at_ns,
            "new_status": status,
            "new_state": "refused" if status else "acknowledged",
            "new_vendor_id": vendor_id,
        }
        for seq, sent_ns, at_ns, status, vendor_id in answers
    ]


def _reported(reports: Iterable[Report]) -> Facts:
    return [
        {"row": seq, "new_receipt": state, "new_receipt_code": code, "new_receipt_ns": at_ns}
        for seq, at_ns, state, code in reports
    ]


def _arrived(arrivals: Iterable[Arrival]) -> Facts:
    return [
        {"row": seq, "new_handset_ns": at_ns, "new_handset_from": sender, "new_handset_same": same}
        for seq, at_ns, sender, same in arrivals
    ]
