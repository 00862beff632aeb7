"""A database with listed numbers, a connection and runs, and the processes around them."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import sqlalchemy as sa

from bot.engine import spawn
from bot.settings import Settings
from bot.store import sends
from bot.store.database import Database
from bot.store.ledger import SqlLedger
from bot.store.tables import Connection, Message, Number, Run
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.smpp.session import Endpoint, connect
from evaluators.sending.ledger import Planned
from evaluators.sending.panel import HttpPanel
from evaluators.sending.plan import Plan, tokens
from evaluators.sending.runner import Clock, Means, Order
from evaluators.simulator.numbers import CARRIERS, simulated_number

CLOCK = Clock(time.monotonic_ns, time.time_ns, anyio.sleep)
HANDSETS = 60
NUMBERS = [simulated_number(CARRIERS[n % 3], n // 3) for n in range(HANDSETS)]
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"

VENDOR = """
import argparse, functools, sys
from pathlib import Path
import anyio
from evaluators.simulator.personality import load
from evaluators.simulator.program import run
options = argparse.ArgumentParser()
for name in ("--personality", "--smpp", "--panel", "--until-idle"):
    options.add_argument(name)
given = options.parse_args()
personality = load(Path(sys.path[0]) / "data" / "personalities" / f"{given.personality}.yaml")
say = functools.partial(print, flush=True)
anyio.run(functools.partial(run, personality, ready=say, time_scale=0.1, until_idle=20.0))
"""
WORKER = """
import sys
from bot import settings
from bot.engine.worker import serve
from bot.store.database import Database
found = settings.load()
told = lambda run_id: print("concluded", run_id, flush=True)
idle = float(sys.argv[1]) or None
vendor = (sys.executable, "-c", sys.argv[2])
sys.exit(serve(found, Database.open(found), told, until_idle=idle, simulate=vendor))
"""
SENDER = """
import sys
import anyio
from bot import settings
from bot.store.database import Database
from bot.store.ledger import SqlLedger
from bot.store.tables import Run
from evaluators.sending.panel import HttpPanel
from evaluators.sending.plan import Plan
from evaluators.sending.runner import carry_out
from tests.integration import send_stage as stage
database = Database.open(settings.load())
run_id, smpp, panel = map(int, sys.argv[1:])
with database.read() as session:
    wanted = Plan.model_validate(session.get_one(Run, run_id).plan)
ledger = SqlLedger.take(database, run_id)
order = stage.order(ledger, wanted)
outcome = anyio.run(carry_out, order, stage.means(ledger, smpp, HttpPanel("127.0.0.1", panel)))
print(outcome.end, flush=True)
"""


def plan(count: int = 200, rate: float = 400, window_s: float = 1, **more: Any) -> Plan:
    return Plan(
        **{
            "count": count,
            "rate": rate,
            "window_s": window_s,
            "claim": 0.99,
            "price": 0.045,
            "text": "这是一条到达测试通知,编号 {token},无需处理。",
            "signature": "到达测试",
            "caps": {"count": count, "rate": rate, "cost": 1000},
        }
        | more
    )


@dataclass
class Stage:
    """One state directory. Processes started here end with the test."""

    settings: Settings
    database: Database
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, wanted: Plan, **line: Any) -> int:
        """Write a connection and a confirmed run; its id."""
        now = datetime.now(UTC)
        with self.database.write() as session:
            secret = {"password": line.pop("password")} if "password" in line else None
            row = Connection(name=f"line {time.monotonic_ns()}", created_at=now, **line)
            sends.add_connection(session, self.database.vault, row, secret)
            run = Run(
                connection_id=row.id or 0,
                plan=wanted.model_dump(mode="json"),
                state="confirmed",
                planned_at=now,
                confirmed_at=now,
            )
            session.add(run)
            session.flush()
            return run.id or 0

    def look(self, run_id: int) -> Run:
        with self.database.read() as session:
            return session.get_one(Run, run_id)

    def until(self, run_id: int, true: Callable[[Run], bool], patience_s: float = 40) -> Run:
        """Wait for something to be true of a run."""
        end = time.monotonic() + patience_s
        while not true(run := self.look(run_id)):
            assert time.monotonic() < end, f"still {run.state}, {run.progress}, {run.problem}"
            time.sleep(0.02)
        return run

    def ask_to_stop(self, run_id: int) -> None:
        """What the chat does when somebody says stop."""
        with self.database.write() as session:
            run = session.get_one(Run, run_id)
            run.stop_asked_at = datetime.now(UTC)
            session.add(run)

    def states(self, run_id: int) -> dict[str, int]:
        """How many messages of a run are in each state."""
        with self.database.read() as session:
            found = session.execute(sa.select(Message.state).where(Message.run_id == run_id))
            return dict(Counter(found.scalars()))

    def vendor(self, personality: str = "honest") -> dict[str, Any]:
        """Start a simulated vendor that outlives every worker; what a connection needs to it."""
        process = self.start(VENDOR, "--personality", personality)
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        options = {"panel": told["panel"], "pid": process.pid, "system_id": told["system_id"]}
        return {
            "simulated": personality,
            "host": "127.0.0.1",
            "port": told["smpp"],
            "options": options | {"source": "1069", "window": 500},
            "password": told["password"],
        }

    def worker(self, idle_s: float = 0, home: Path | None = None) -> subprocess.Popen[str]:
        """Start a worker process, on another state directory if given; 0: until told to end."""
        return self.start(WORKER, str(idle_s), VENDOR, home=home)

    def start(self, program: str, *words: str, home: Path | None = None) -> subprocess.Popen[str]:
        settings = replace(self.settings, home=home or self.settings.home)
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | spawn.environment(settings),
        )
        self.processes.append(process)
        return process

    def truth(self, run_id: int) -> "Truth":
        """What the simulated vendor of a run was really given."""
        with self.database.read() as session:
            line = session.get_one(Connection, self.look(run_id).connection_id)
        return Truth.of(line.options["panel"])

    def close(self) -> None:
        with self.database.read() as session:
            lines = session.execute(sa.select(Connection.options)).scalars().all()
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for options in lines:
            if "pid" in options:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(options["pid"], signal.SIGKILL)
        self.database.close()


@dataclass(frozen=True)
class Truth:
    """The simulated vendor's own ledger: how often each text was submitted, over all numbers."""

    counts: dict[str, Any]
    texts: Counter[str]

    @classmethod
    def of(cls, panel: int) -> "Truth":
        counts = _get(panel, "/ledger")
        texts: Counter[str] = Counter()
        for number in NUMBERS:
            texts.update(_get(panel, f"/ledger?number={number}")["texts"])
        return cls(counts, texts)

    def agrees(self, stage: Stage, run_id: int) -> None:
        """Nothing was sent twice, and our ledger knows of everything that was sent."""
        assert self.counts["repeated"] == []
        assert set(self.texts.values()) == {1}
        with stage.database.read() as session:
            found = session.execute(
                sa.select(Message.token, Message.state).where(Message.run_id == run_id)
            )
            states = {token: state for token, state in found}  # noqa: C416 - rows, not pairs
        given = {text.split(" ")[1].split(",")[0] for text in self.texts}
        assert given <= states.keys()
        assert "planned" not in {states[token] for token in given}
        ours = {token for token, state in states.items() if state in {"acknowledged", "refused"}}
        assert ours <= given


@contextlib.contextmanager
def opened(home: Path, url: str | None = None) -> Iterator[Stage]:
    home.mkdir(mode=0o700)
    settings = Settings(home, url or f"sqlite:///{home / 'smsvet.db'}", home / "master.key")
    database = Database.open(settings)
    stage = Stage(settings, database)
    now = datetime.now(UTC)
    with database.write() as session:
        sends.add_numbers(
            session,
            database.vault,
            (
                (
                    number,
                    Number(
                        id=position,
                        blind="",
                        carrier=CARRIERS[(position - 1) % 3],
                        simulated=True,
                        consent="simulated",
                        consented_at=now,
                    ),
                )
                for position, number in enumerate(NUMBERS, 1)
            ),
        )
    try:
        yield stage
    finally:
        stage.close()


def free_port() -> int:
    """A port nobody listens on."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return int(taken.getsockname()[1])


def order(ledger: SqlLedger, wanted: Plan) -> Order:
    """Plan the messages in the ledger, and hand out the same order again after a restart."""
    made = tokens(wanted.count, random.Random(7))
    ledger.plan(Planned(seq % HANDSETS + 1, token) for seq, token in enumerate(made))
    numbers = [NUMBERS[seq % HANDSETS] for seq in range(wanted.count)]
    return Order(wanted, numbers, made, (True,) * wanted.count)


def means(ledger: SqlLedger, smpp: int, panel: HttpPanel | None = None, **more: Any) -> Means:
    correlator = Correlator()
    login = {"system_id": "buyer", "password": "simulate", "source": "1069", "window": 1000}
    endpoint = Endpoint(host="127.0.0.1", port=smpp, **login | more.pop("login", {}))
    return Means(
        ledger=ledger,
        connect=lambda on_events: connect(endpoint, on_events, CLOCK.now, correlator=correlator),
        correlator=correlator,
        clock=CLOCK,
        panel=panel,
        **{"asked": lambda: ""} | more,
    )


def _get(port: int, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer
