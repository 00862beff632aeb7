"""What a whole send test costs: schedule, wire, and every message durable in the ledger.

    python benchmarks/send_ledger.py [--rate N] [--seconds N]

One process on one core, the C sink (sink.c) on another; SQLite with FULL synchronisation in a fresh
directory. Afterwards every message must stand in the database with its answer and its receipt, and
the sink must have been given each exactly once.

As a library: `run` measures one rate, `highest` finds the highest one that is held.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import machine

sys.path.insert(0, str(machine.ROOT))

HANDSETS = 3_000
LAG_S = 0.5  # from the last message's leaving to the last fact on disk: more is a backlog
LATE_S = 0.05  # 99 of 100 messages, and the last one, no later than this: 0.5 % of ten seconds
STEP = 1.2  # between two rates that are tried
LOWEST = 1_000.0


class Measured(TypedDict):
    """`achieved` is messages per second from when the first was due until the last had left.

    Those are `seconds` apart, and `planned_s` by the timetable; `durable_lag_s` is from then until
    the last fact was on disk. `cpu_share` is of one core while messages were due, sender and ledger
    together; `cpu_us_per_msg` has in it, too, what it costs to bring the journal into the messages'
    rows afterwards, which took `fold_s`.
    """

    target: float
    achieved: float
    seconds: float
    planned_s: float
    durable_lag_s: float
    fold_s: float
    cpu_share: float
    cpu_us_per_msg: float
    lateness_p50_ms: float
    lateness_p99_ms: float
    unaccounted: int


def run(build: Path, rate: float, seconds: float) -> Measured:
    """One rate, in a process of its own, against the sink compiled in `build`."""
    count = round(rate * seconds)
    words = ["--port", None, "--rate", rate, "--seconds", seconds]
    with machine.counterpart([build / "sink"]) as sink:
        words[1] = sink.ready
        told: Measured = machine.measured(  # type: ignore[assignment]
            [sys.executable, __file__, *words], patience_s=60 + 10 * seconds
        )
        given = sink.told()["submitted"]
    if given != count:
        raise machine.BenchmarkError(f"the sink was given {given} of {count} messages")
    return told


def held(told: Measured) -> bool:
    """Whether the rate was kept up, everything on disk, with nothing piling up."""
    return (
        told["seconds"] - told["planned_s"] <= LATE_S
        and told["lateness_p99_ms"] <= LATE_S * 1000
        and told["durable_lag_s"] <= LAG_S
        and not told["unaccounted"]
    )


def highest(
    measure: Callable[[float, float], Measured],
    *,
    start: float,
    probe_s: float,
    proof_s: float,
    most: float = math.inf,
) -> tuple[Measured | None, list[Measured]]:
    """The proof of the highest rate that is held for `proof_s`, and everything that was measured.

    `measure` takes rate and seconds. Rates go up from `start` while they are held for `probe_s`,
    not beyond `most`, and then down until one is held for `proof_s`.
    """
    rate, tried = start, [measure(start, probe_s)]
    while held(tried[-1]) and rate * STEP <= most:
        rate *= STEP
        tried.append(measure(rate, probe_s))
    if not held(tried[-1]):
        rate /= STEP
    while rate >= LOWEST:
        tried.append(measure(rate, proof_s))
        if held(tried[-1]):
            return tried[-1], tried
        rate /= STEP
    return None, tried


def measure(port: int, rate: float, seconds: float, home: Path) -> Measured:
    """Send `rate` times `seconds` messages to the sink on `port`, all of it through the ledger."""
    import anyio

    from bot.settings import Settings
    from bot.store.database import Database
    from evaluators.sending.runner import carry_out

    database = Database.open(Settings(home, f"sqlite:///{home / 'smsvet.db'}", home / "master.key"))
    try:
        test = prepared(database, port, rate, round(rate * seconds))
        outcome = anyio.run(carry_out, test.order, test.means)
        if outcome.end != "measured":
            raise machine.BenchmarkError(f"{outcome.end}: {outcome.problem}")
        return _judged(test)
    finally:
        database.close()


class Test(NamedTuple):
    """Ready to be carried out; `seen` is filled meanwhile."""

    order: Any
    means: Any
    seen: "Moments"


class Moments:
    """When things happened, as (ns since 1970, CPU seconds of this process)."""

    def __init__(self) -> None:
        self.started = self.ended = self.recorded = (0, 0.0)

    def look(self, phase: str) -> None:
        now = time.time_ns(), machine.own_cpu_s()
        if phase == "recorded":
            self.recorded = now
        elif phase == "sending" and not self.started[0]:
            self.started = now
        elif phase == "observing" and not self.ended[0]:
            self.ended = now


class Handsets(Sequence[Any]):
    """As many messages as wanted, to the listed handsets in turn."""

    def __init__(self, numbers: Sequence[str], count: int) -> None:
        self._numbers, self._count = numbers, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, seq: Any) -> Any:
        return self._numbers[seq % len(self._numbers)]


def prepared(database: Any, port: int, rate: float, count: int) -> Test:
    """A test of `count` messages at `rate` against the sink on `port`, written to the ledger."""
    import anyio

    from evaluators.protocols.correlator import Correlator
    from evaluators.protocols.smpp.session import Endpoint, connect
    from evaluators.sending.ledger import Planned
    from evaluators.sending.plan import Plan
    from evaluators.sending.runner import Clock, Means, Order
    from evaluators.sending.tokens import Tokens

    plan = Plan(
        count=count,
        rate=rate,
        window_s=1,
        claim=0.99,
        text="您的测试编号 {token},仅用于检验短信到达情况,无需回复。",
        signature="到达测试",
        caps={"count": count, "rate": rate * 1.5, "cost": 0},
    )
    numbers = [f"1980000{n:04d}" for n in range(HANDSETS)]
    seen, tokens = Moments(), Tokens(b"bench", count)
    ledger = _ledger(database, _run_id(database, plan, port, numbers), seen)
    ledger.plan(Planned(seq % HANDSETS + 1, token) for seq, token in enumerate(tokens))
    correlator, clock = Correlator(), Clock(time.monotonic_ns, time.time_ns, anyio.sleep)
    there = Endpoint(
        host="127.0.0.1",
        port=port,
        system_id="bench",
        password="bench",  # noqa: S106 - the sink takes any
        source="10690001",
        window=2_000,
    )
    means = Means(
        ledger=ledger,
        connects=[lambda on_events: connect(there, on_events, clock.now, correlator=correlator)],
        correlator=correlator,
        clock=clock,
        asked=lambda: "",
    )
    return Test(Order(plan, Handsets(numbers, count), tokens, bytes(count)), means, seen)


def _run_id(database: Any, plan: Any, port: int, numbers: Sequence[str]) -> int:
    from bot.store import sends
    from bot.store.tables import Connection, Number, Run

    now = datetime.now(UTC)
    with database.write() as sql:
        rows = [
            (number, Number(blind="", carrier="cmcc", simulated=True, consented_at=now))
            for number in numbers
        ]
        sends.add_numbers(sql, database.vault, rows)
        line = Connection(name="sink", host="127.0.0.1", port=port, created_at=now)
        sends.add_connection(sql, database.vault, line, None)
        run = Run(connection_id=line.id or 0, plan=plan.model_dump(mode="json"), planned_at=now)
        run.state = "confirmed"
        sql.add(run)
        sql.flush()
        return run.id or 0


def _ledger(database: Any, run_id: int, seen: Moments) -> Any:
    """The product's ledger; what passes it says when what happened."""
    from bot.store.ledger import SqlLedger
    from evaluators.sending.ledger import Group

    class Ledger(SqlLedger):
        def note(self, progress: dict[str, Any]) -> bool:
            if "schedule" in progress:
                seen.look(progress.get("phase", "sending"))
            return super().note(progress)

        def record(self, group: Group) -> None:
            super().record(group)
            seen.look("recorded")

    return Ledger.take(database, run_id)


def unaccounted(test: Test) -> int:
    """Messages that do not stand in the database as sent, accepted and delivered."""
    import sqlalchemy as sa

    from bot.store.tables import metadata

    row, ledger = metadata.tables["message"].c, test.means.ledger
    good = (row.state == "acknowledged", row.receipt == "DELIVRD", row.sent_ns.is_not(None))
    counted = sa.select(sa.func.count()).where(row.run_id == ledger.run_id, *good)
    with ledger._database.read() as sql:  # noqa: SLF001 - a look past the product's own eyes
        return int(test.order.plan.count - sql.execute(counted).scalar_one())


def _judged(test: Test) -> Measured:
    folded = time.time_ns(), machine.own_cpu_s()
    late, first_ns, last_ns = array("q"), 0, 0
    for row in test.means.ledger.rows():
        if row.sent_ns and row.due_ns:
            late.append(row.sent_ns - row.due_ns)
            first_ns, last_ns = first_ns or row.due_ns, max(last_ns, row.sent_ns)
    took_s = (last_ns - first_ns) / 1e9
    seen, plan, in_order = test.seen, test.order.plan, sorted(late)
    return {
        "target": plan.rate,
        "achieved": (len(late) - 1) / took_s,
        "seconds": took_s,
        "planned_s": (plan.count - 1) / plan.rate,
        "durable_lag_s": (seen.recorded[0] - last_ns) / 1e9,
        "fold_s": (folded[0] - seen.recorded[0]) / 1e9,
        "cpu_share": (seen.ended[1] - seen.started[1]) / took_s,
        "cpu_us_per_msg": (folded[1] - seen.started[1]) / plan.count * 1e6,
        "lateness_p50_ms": in_order[len(in_order) // 2] / 1e6,
        "lateness_p99_ms": in_order[math.ceil(len(in_order) * 0.99) - 1] / 1e6,
        "unaccounted": unaccounted(test),
    }


def main() -> None:
    """One measurement, as JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rate", type=float, default=10_000)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--port", type=int, help="of a sink that runs already; for `run`")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.port:
            told = measure(given.port, given.rate, given.seconds, Path(folder))
        else:
            machine.compiled("sink", Path(folder))
            told = run(Path(folder), given.rate, given.seconds)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
