"""The SQL ledger of one run: who may send, what may have left, what came back."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables import Message, Number, Run
from evaluators.sending.ledger import Answer, Arrival, Group, Planned, Report, Standing
from evaluators.sending.metrics import Row

NOT_FINAL = ("ENROUTE", "ACCEPTD", "BUFFRED")
_PLAN_CHUNK = 10_000

_run = sa.inspect(Run).local_table
_message = sa.inspect(Message).local_table
_number = sa.inspect(Number).local_table

Facts = list[dict[str, Any]]


def _where(**wanted: object) -> sa.Update:
    pass


_THIS = (_message.c.run_id == sa.bindparam("run"), _message.c.seq == sa.bindparam("row"))
_NO_FINAL_RECEIPT = sa.or_(_message.c.receipt.is_(None), _message.c.receipt.in_(NOT_FINAL))


def _set(*names: str, **fixed: Any) -> sa.Update:
    """An update of one message; each name is bound as `new_name`, for executemany."""
    values = {name: sa.bindparam(f"new_{name}") for name in names}
    return sa.update(_message).where(*_THIS).values(values | fixed)


_DUE = _set("due_ns").where(_message.c.state == "planned")
_SENT = _set(
    "sent_ns", state=sa.case((_message.c.state == "planned", "sent"), else_=_message.c.state)
)
_ANSWERED = _set("sent_ns", "ack_ns", "status", "state", "vendor_id")
_UNANSWERED = _set("sent_ns", state="unknown").where(
    _message.c.state.in_(("planned", "sent", "unknown"))
)
_REPORTED = _set("receipt", "receipt_code", "receipt_ns").where(_NO_FINAL_RECEIPT)
_ARRIVED = _set("handset_ns", "handset_from", "handset_same").where(_message.c.handset_ns.is_(None))


class SqlLedger:
    """See evaluators.sending.ledger.Ledger; for one thread at a time. Made by `take`."""

    def __init__(self, database: Database, run_id: int, epoch: int) -> None:
        self.run_id, self.epoch = run_id, epoch
        self._engine = database.engine

    @classmethod
    def take(cls, database: Database, run_id: int) -> "SqlLedger":
        """Take the run from whoever has it; what may have left unanswered becomes unknown."""
        with database.engine.begin() as connection:
            taken = connection.execute(
                sa.update(_run)
                .where(_run.c.id == run_id)
                .values(epoch=_run.c.epoch + 1)
                .returning(_run.c.epoch, _run.c.armed_upto)
            ).one()
            connection.execute(
                sa.update(_message)
                .where(
                    _message.c.run_id == run_id,
                    _message.c.seq < taken.armed_upto,
                    _message.c.state.in_(("planned", "sent")),
                )
                .values(state="unknown")
            )
        return cls(database, run_id, taken.epoch)

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
        accepted = sa.select(_message.c.vendor_id, _message.c.seq).where(
            _message.c.run_id == self.run_id,
            _message.c.state == "acknowledged",
            _NO_FINAL_RECEIPT,
        )
        mark = sa.select(_run.c.armed_upto, _run.c.progress).where(_run.c.id == self.run_id)
        with self._engine.connect() as connection:
            run = connection.execute(mark).one()
            return Standing(
                planned=connection.scalar(self._how_many()) or 0,
                armed_upto=run.armed_upto,
                accepted=[(row[0].encode(), row[1]) for row in connection.execute(accepted)],
                counts=self._counts(connection),
                notes=run.progress,
            )

    def due(self, first: int, dues_ns: Sequence[int]) -> None:
        facts = [{"row": first + n, "new_due_ns": due} for n, due in enumerate(dues_ns)]
        with self._engine.begin() as connection:
            self._update(connection, _DUE, facts)

    def arm(self, upto: int) -> bool:
        mark = sa.case((_run.c.armed_upto < upto, upto), else_=_run.c.armed_upto)
        with self._engine.begin() as connection:
            return self._mine(connection, {"armed_upto": mark})

    def record(self, group: Group) -> None:
        sent = [{"row": seq, "new_sent_ns": at_ns} for seq, at_ns in group.sent]
        with self._engine.begin() as connection:
            self._update(connection, _SENT, sent)
            self._update(connection, _UNANSWERED, _unanswered(group.answers))
            self._update(connection, _ANSWERED, _answered(group.answers))
            self._update(connection, _REPORTED, _reported(group.reports))
            self._update(connection, _ARRIVED, _arrived(group.arrivals))

    def note(self, progress: dict[str, Any]) -> None:
        with self._engine.begin() as connection:
            self._mine(connection, {"progress": progress})

    def rows(self) -> list[Row]:
        raise NotImplementedError

    def _how_many(self) -> sa.Select[tuple[int]]:
        return sa.select(sa.func.count()).where(_message.c.run_id == self.run_id)

    def _counts(self, connection: sa.Connection) -> dict[str, int]:
        ours = _message.c.run_id == self.run_id
        states = sa.select(_message.c.state, sa.func.count()).where(ours).group_by("state")
        counts = {row[0]: row[1] for row in connection.execute(states)}
        delivered = self._how_many().where(_message.c.receipt == "DELIVRD")
        arrived = self._how_many().where(_message.c.handset_ns.is_not(None))
        counts["delivered"] = connection.scalar(delivered) or 0
        counts["arrived"] = connection.scalar(arrived) or 0
        return counts

    def _mine(self, connection: sa.Connection, values: dict[str, Any]) -> bool:
        """Change the run if its epoch is still ours: the fence between two processes."""
        ours = (_run.c.id == self.run_id, _run.c.epoch == self.epoch)
        return connection.execute(sa.update(_run).where(*ours).values(values)).rowcount == 1

    def _update(self, connection: sa.Connection, statement: sa.Update, facts: Facts) -> None:
        if facts:
            connection.execute(statement, [{"run": self.run_id, **fact} for fact in facts])


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
        if status is not None
    ]


def _unanswered(answers: Iterable[Answer]) -> Facts:
    return [{"row": a.seq, "new_sent_ns": a.sent_ns} for a in answers if a.status is None]


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
