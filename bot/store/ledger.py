"""The SQL ledger of one run: who may send, what may have left, what came back.

At thousands of messages a second their rows are not touched at once: a group of facts is committed
as one row of the journal, and folded into the messages' rows when there is time.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from bot.store import handsets
from bot.store.database import Database
from bot.store.tables import metadata
from evaluators.protocols.correlator import NOT_FINAL
from evaluators.sending.ledger import Answer, Arrival, Group, Planned, Report, Standing
from evaluators.sending.metrics import Row
from evaluators.sending.pacing import timetable
from evaluators.sending.panel import Span, up
from evaluators.sending.plan import Plan

_PLAN_CHUNK = 10_000
_DIRECT = 200  # facts of a group so small that the journal would gain nothing
_FOLD = 2_000  # facts folded in one go while a test runs: some 20 ms of the writer's time
_PAGE = 5_000  # rows read at a time
_AS_STORED = (
    *("seq", "number_id", "carrier", "token", "state", "sent_ns", "ack_ns", "status"),
    *("receipt", "receipt_ns", "receipt_code", "handset_ns", "handset_from"),
)

_run, _message, _number, _journal, _connection = (
    metadata.tables[name] for name in ("run", "message", "number", "journal", "connection")
)


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
    handset_source=_of("source"),
    handset_unsure_ms=_of("unsure_ms"),
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
        fold(database, run_id)
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
        with self._engine.connect() as connection:
            have = connection.scalar(self._how_many()) or 0
        left = enumerate(islice(messages, have, None), have)
        while chunk := list(islice(left, _PLAN_CHUNK)):
            rows = [
                {"run_id": self.run_id, "seq": seq, "state": "planned", **message._asdict()}
                for seq, message in chunk
            ]
            with self._engine.begin() as connection:  # one each: others may write in between
                connection.execute(sa.insert(_message), rows)

    def standing(self) -> Standing:
        mark = sa.select(_run.c.armed_upto, _run.c.progress).where(_run.c.id == self.run_id)
        with self._database.read() as session:
            armed_upto, notes = session.execute(mark).one()
            return Standing(session.scalar(self._how_many()) or 0, armed_upto, notes)

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
        parts = (group.sent, group.lost, group.answers, group.reports, group.arrivals)
        with self._engine.begin() as connection:
            if len(group) <= _DIRECT:
                _apply(connection, self.run_id, parts)
            else:
                text = json.dumps(parts, separators=(",", ":"))
                entry = {"run_id": self.run_id, "size": len(group), "facts": text}
                connection.execute(sa.insert(_journal), entry)

    def fold(self, *, everything: bool = False) -> None:
        fold(self._database, self.run_id, most=None if everything else _FOLD)

    def note(self, progress: dict[str, Any]) -> bool:
        times = {name: _time(progress.get(name)) for name in ("started_at", "closes_at")}
        values = {"state": progress["phase"], "progress": progress, **times}
        with self._engine.begin() as connection:
            return self._mine(connection, values)

    def rows(self, upto: int | None = None) -> Iterator[Row]:
        with self._database.read() as session:
            yield from rows(session, self.run_id, upto)

    def _how_many(self) -> sa.Select[int]:
        return sa.select(sa.func.count()).where(_message.c.run_id == self.run_id)

    def _mine(self, connection: sa.Connection, values: dict[str, Any]) -> bool:
        """Change the run if its epoch is still ours: the fence between two processes."""
        ours = (_run.c.id == self.run_id, _run.c.epoch == self.epoch)
        return connection.execute(sa.update(_run).where(*ours).values(values)).rowcount == 1


def fold(database: Database, run_id: int, most: int | None = None) -> None:
    """Bring journalled facts into the messages' rows, some `most` of them; all if None.

    Facts may come in any order, so that two processes may do this at once.
    """
    left = most
    while left is None or left > 0:
        with database.engine.begin() as connection:
            oldest = (
                sa.select(_journal.c.id)
                .where(_journal.c.run_id == run_id)
                .order_by(_journal.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            taken = connection.execute(
                sa.delete(_journal)
                .where(_journal.c.id == oldest.scalar_subquery())
                .returning(_journal.c.facts, _journal.c.size)
            ).first()
            if taken is None:
                return
            _apply(connection, run_id, json.loads(taken.facts))
        left = None if left is None else left - taken.size


def _apply(connection: sa.Connection, run_id: int, parts: Sequence[Sequence[Any]]) -> None:
    sent, lost, answers, reports, arrivals = parts
    _SENT.apply(connection, run_id, sent)
    _LOST.apply(connection, run_id, [(seq,) for seq in lost])
    _ANSWERED.apply(connection, run_id, answers)
    _REPORTED.apply(connection, run_id, reports)
    _ARRIVED.apply(connection, run_id, arrivals)


def rows(session: Session, run_id: int, upto: int | None = None) -> Iterator[Row]:
    """Every message of a run (below `upto`) by seq, as the metrics want it, one at a time."""
    plan, notes, simulated = session.execute(
        sa.select(_run.c.plan, _run.c.progress, _connection.c.simulated)
        .join(_connection, _run.c.connection_id == _connection.c.id)
        .where(_run.c.id == run_id)
    ).one()
    spans = handsets.spans(session, _texted(session, run_id)) if simulated is None else None
    make = _Rows(Plan.model_validate(plan), notes, spans)
    found = session.execute(
        sa.select(_message, _number.c.carrier, _number.c.ported, _number.c.region)
        .add_columns(_number.c.country)
        .join(_number, _message.c.number_id == _number.c.id)
        .where(_message.c.run_id == run_id)
        .where(sa.true() if upto is None else _message.c.seq < upto)
        .order_by(_message.c.seq)
        .execution_options(yield_per=_PAGE)
    )
    with closing(found):
        yield from map(make.row, found.mappings())


def _texted(session: Session, run_id: int) -> list[int]:
    ids = sa.select(_message.c.number_id).distinct().where(_message.c.run_id == run_id)
    return list(session.scalars(ids))


class _Rows:
    """Stored messages as rows, with what only the run knows: when they were due, who was alive.

    `spans` says when each number's phone was up; None: simulated handsets, all up or none.
    """

    def __init__(
        self, plan: Plan, notes: dict[str, Any], spans: Mapping[int, Sequence[Span]] | None
    ) -> None:
        self._panel_alive, self._spans = bool(notes.get("panel_alive")), spans
        self._window_ns = int(plan.window_s * 1e9)
        at = _time(notes.get("at"))
        self._seen_ns = int(at.timestamp() * 1e9) if at else 0
        self._copies = dict(notes["copies"]) if "copies" in notes else None
        ranges = notes.get("blocked", ())
        self._blocked = [int(first) for first, _ in ranges], [int(upto) for _, upto in ranges]
        schedule = notes.get("schedule", ())
        self._gaps = [_span(gap) for gap in notes.get("gaps", ()) if all(gap)]
        self._firsts = [first for first, _ in schedule]
        self._tables = [timetable(plan, start_ns, first) for first, start_ns in schedule]

    def row(self, found: sa.RowMapping) -> Row:
        same = {name: found[name] for name in _AS_STORED}
        return Row(
            **same,
            due_ns=found["due_ns"] or self._due_ns(found["seq"]),
            message_id=found["vendor_id"],
            handset_text_same=found["handset_same"],
            alive=self._alive(found["number_id"], found["sent_ns"]),
            blocked=self._was_blocked(found["seq"]),
            handset_copies=self._times(found["seq"], found["handset_ns"]),
            ported=found["ported"],
            region=found["region"],
            country=found["country"],
            handset_unsure_ms=found["handset_unsure_ms"] if found["handset_source"] else 0,
            away=self._away(found),
        )

    def _alive(self, number_id: int, sent_ns: int | None) -> bool:
        """Whether the handset was up all the while the message could have come."""
        if self._spans is None:
            return self._panel_alive
        if sent_ns is None:
            return False
        upto_ns = min(sent_ns + self._window_ns, max(sent_ns, self._seen_ns))
        return up(self._spans.get(number_id, ()), sent_ns, upto_ns)

    def _away(self, found: sa.RowMapping) -> tuple[int, int] | None:
        """The last absence of ours while the message waited for its answer or its receipt."""
        sent_ns, told_ns = found["sent_ns"], found["receipt_ns"]
        if sent_ns is None:
            return None
        told = told_ns is not None and found["receipt"] not in NOT_FINAL
        until_ns = min(sent_ns + self._window_ns, told_ns) if told else sent_ns + self._window_ns
        for since, back in reversed(self._gaps):
            if sent_ns <= back and since <= until_ns:
                return since, back
        return None

    def _times(self, seq: int, handset_ns: int | None) -> int | None:
        """How often the handset got it; None where nobody counted."""
        if self._copies is None or handset_ns is None:
            return None
        return 1 + int(self._copies.get(seq, 0))

    def _due_ns(self, seq: int) -> int | None:
        """By the last timetable that was made while the message had not left."""
        at = bisect_right(self._firsts, seq) - 1
        return self._tables[at].due_ns(seq) if at >= 0 else None

    def _was_blocked(self, seq: int) -> bool:
        firsts, uptos = self._blocked
        at = bisect_right(firsts, seq) - 1
        return at >= 0 and seq < uptos[at]


def _span(gap: Sequence[str]) -> tuple[int, int]:
    """From and until, ns since 1970."""
    since, until = (round(datetime.fromisoformat(at).timestamp() * 1e9) for at in gap)
    return since, until


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
