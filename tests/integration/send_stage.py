"""A database with listed numbers, a connection and a run, for the tests of sending."""

import random
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import sqlalchemy as sa
from sqlmodel import Session

from bot.settings import Settings
from bot.store.database import Database
from bot.store.ledger import SqlLedger
from bot.store.tables import Connection, Message, Number, Run
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.smpp.session import Endpoint, connect
from evaluators.sending.ledger import Planned
from evaluators.sending.panel import HttpPanel
from evaluators.sending.plan import Plan, tokens
from evaluators.sending.runner import Clock, Means, Order

CLOCK = Clock(time.monotonic_ns, time.time_ns, anyio.sleep)
HANDSETS = 60


def plan(count: int = 200, rate: float = 200, window_s: float = 2, **more: Any) -> Plan:
    return Plan(
        count=count,
        rate=rate,
        window_s=window_s,
        claim=0.99,
        price=0.045,
        text="这是一条到达测试通知,编号 {token},无需处理。",
        signature="到达测试",
        **{"caps": {"count": count, "rate": rate, "cost": 1000}} | more,
    )


def settings(home: Path, url: str | None = None) -> Settings:
    home.mkdir(mode=0o700, exist_ok=True)
    return Settings(home, url or f"sqlite:///{home / 'smsvet.db'}", home / "master.key")


def prepare(database: Database, wanted: Plan, **line: Any) -> int:
    """Write numbers, a connection and a confirmed run; its id."""
    now = datetime.now(UTC)
    with database.write() as session:
        if not session.get(Number, 1):
            session.add_all(_numbers(database, now))
        connection = Connection(name=f"line {time.monotonic_ns()}", created_at=now, **line)
        session.add(connection)
        session.flush()
        run = Run(
            connection_id=connection.id or 0,
            plan=wanted.model_dump(mode="json"),
            state="confirmed",
            planned_at=now,
            confirmed_at=now,
        )
        session.add(run)
        session.flush()
        return run.id or 0


def _numbers(database: Database, now: datetime) -> list[Number]:
    carriers = {"cmcc": "1980000", "cucc": "1660000", "ctcc": "1990000"}
    numbers = [
        (carrier, f"{prefix}{n:04d}")
        for n in range(HANDSETS // 3)
        for carrier, prefix in carriers.items()
    ]
    return [
        Number(
            id=position,
            blind=database.vault.index(number),
            number_sealed=database.vault.seal(number, "number.number"),
            carrier=carrier,
            simulated=True,
            consent="simulated",
            consented_at=now,
        )
        for position, (carrier, number) in enumerate(numbers, 1)
    ]


def number(seq: int) -> str:
    """Whom message `seq` goes to."""
    prefix = ("1980000", "1660000", "1990000")[seq % 3]
    return f"{prefix}{seq % HANDSETS // 3:04d}"


def order(ledger: SqlLedger, wanted: Plan) -> Order:
    """Plan the messages in the ledger, and hand out the same order again after a restart."""
    made = tokens(wanted.count, random.Random(7))
    ledger.plan(Planned(seq % HANDSETS + 1, token) for seq, token in enumerate(made))
    numbers = [number(seq) for seq in range(wanted.count)]
    return Order(wanted, numbers, made, (True,) * wanted.count)


def means(ledger: SqlLedger, smpp: int, panel: int | None = None, **more: Any) -> Means:
    correlator = Correlator()
    endpoint = Endpoint(
        host="127.0.0.1",
        port=smpp,
        system_id=more.pop("system_id", "buyer"),
        password="simulate",
        source="1069",
        window=more.pop("window", 1000),
    )
    return Means(
        ledger=ledger,
        connect=lambda on_events: connect(
            endpoint, on_events, CLOCK.now, correlator=correlator
        ),
        correlator=correlator,
        clock=CLOCK,
        asked=more.pop("asked", lambda: ""),
        panel=HttpPanel("127.0.0.1", panel) if panel else None,
        **more,
    )


def states(session: Session, run_id: int) -> dict[str, int]:
    """How many messages of a run are in each state."""
    found = session.execute(
        sa.select(Message.state, sa.func.count())
        .where(Message.run_id == run_id)
        .group_by(Message.state)
    )
    return {state: count for state, count in found}
