"""What a whole send test costs: schedule, wire, and every message durable in the ledger.

    python benchmarks/send_ledger.py [--rate N] [--seconds N] [--home DIRECTORY]

One process on one core, the C sink (benchmarks/sink.c) on another; SQLite with FULL synchronisation
in a fresh directory. CPU is user and system of sender and ledger together, from just before the
first message is due until all is folded into the messages' rows. Afterwards every message must
stand in the database with its answer and its receipt.
"""

import argparse
import json
import math
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

LEAD_S = 0.2


class Measured(TypedDict):
    """`cpu_share` is of one core while messages were due; `cpu_us` per message, folding included."""

    target: float
    achieved: float
    seconds: float
    cpu_share: float
    cpu_us_per_msg: float
    lateness_p50_ms: float
    lateness_p99_ms: float
    unaccounted: int


def measure(port: int, rate: float, seconds: float, home: Path) -> Measured:
    """Send `rate` × `seconds` messages to the sink on `port`, all of it through the ledger."""
    import anyio

    from bot.settings import Settings
    from bot.store.database import Database

    settings = Settings(home, f"sqlite:///{home / 'smsvet.db'}", home / "master.key")
    database = Database.open(settings)
    try:
        return anyio.run(_carried, database, port, rate, seconds)
    finally:
        database.close()


async def _carried(database, port: int, rate: float, seconds: float) -> Measured:
    from evaluators.sending.plan import Plan
    from evaluators.sending.runner import carry_out

    count = round(rate * seconds)
    plan = Plan(
        count=count,
        rate=rate,
        window_s=1,
        claim=0.99,
        text="您的测试编号 {token},仅用于检验短信到达情况,无需回复。",
        signature="到达测试",
        caps={"count": count, "rate": rate * 1.5, "cost": 0},
    )
    order, means = _prepared(database, plan, port)
    times: dict[str, float] = {}
    outcome = await carry_out(order, _watched(means, times))
    whole_s = _cpu_s() - times["cpu_at_start"]
    if outcome.end != "measured":
        raise AssertionError(f"{outcome.end}: {outcome.problem}")
    return _judged(list(means.ledger.rows()), plan, times, whole_s)


def _prepared(database, plan, port: int):
    from bot.store import sends
    from bot.store.ledger import SqlLedger
    from bot.store.tables import Connection, Number, Run
    from evaluators.protocols.correlator import Correlator
    from evaluators.protocols.smpp.session import Endpoint, connect
    from evaluators.sending.ledger import Planned
    from evaluators.sending.tokens import Tokens
    from evaluators.sending.runner import Clock, Means, Order
    import anyio

    now = datetime.now(UTC)
    numbers = [f"1980000{n:04d}" for n in range(3_000)]
    with database.write() as sql:
        rows = [
            (n, Number(blind="", carrier="cmcc", simulated=True, consented_at=now))
            for n in numbers
        ]
        sends.add_numbers(sql, database.vault, rows)
        line = Connection(name="sink", host="127.0.0.1", port=port, created_at=now)
        sends.add_connection(sql, database.vault, line, None)
        run = Run(connection_id=line.id or 0, plan=plan.model_dump(mode="json"), planned_at=now)
        run.state = "confirmed"
        sql.add(run)
        sql.flush()
        run_id = run.id or 0
    ledger = SqlLedger.take(database, run_id)
    made = Tokens(b"bench", plan.count)
    ledger.plan(Planned(seq % len(numbers) + 1, token) for seq, token in enumerate(made))
    correlator = Correlator()
    clock = Clock(time.monotonic_ns, time.time_ns, anyio.sleep)
    there = Endpoint(
        host="127.0.0.1", port=port, system_id="bench", password="bench", source="10690001",
        window=2_000,
    )  # fmt: skip
    means = Means(
        ledger=ledger,
        connects=[lambda on_events: connect(there, on_events, clock.now, correlator=correlator)],
        correlator=correlator,
        clock=clock,
        asked=lambda: "",
    )
    targets = [numbers[seq % len(numbers)] for seq in range(plan.count)]
    return Order(plan, targets, made, (False,) * plan.count), means


def _watched(means, times: dict[str, float]):
    """The same means, with the CPU clock read when sending begins and when it has ended."""
    from dataclasses import replace

    ledger = means.ledger
    note = ledger.note

    def noting(progress):
        if progress["phase"] == "observing":
            times.setdefault("cpu_at_end", _cpu_s())
        if "schedule" in progress:
            times.setdefault("cpu_at_start", _cpu_s())
        return note(progress)

    ledger.note = noting
    return replace(means, ledger=ledger)


def _judged(rows, plan, times: dict[str, float], whole_s: float) -> Measured:
    late = sorted((row.sent_ns - row.due_ns) / 1e6 for row in rows if row.sent_ns and row.due_ns)
    sent = sorted(row.sent_ns for row in rows if row.sent_ns)
    took_s = (sent[-1] - sent[0]) / 1e9
    good = sum(row.state == "acknowledged" and row.receipt == "DELIVRD" for row in rows)
    return {
        "target": plan.rate,
        "achieved": (len(sent) - 1) / took_s,
        "seconds": took_s,
        "cpu_share": (times["cpu_at_end"] - times["cpu_at_start"]) / took_s,
        "cpu_us_per_msg": whole_s / plan.count * 1e6,
        "lateness_p50_ms": late[len(late) // 2],
        "lateness_p99_ms": late[math.ceil(len(late) * 0.99) - 1],
        "unaccounted": plan.count - good,
    }


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """One measurement, as JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rate", type=float, default=10_000)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--port", type=int, required=True)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(given.port, given.rate, given.seconds, Path(folder))))


if __name__ == "__main__":
    main()
