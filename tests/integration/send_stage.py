"""A database with listed numbers, a connection and runs, and the processes around them."""

import contextlib
import http.client
import json
import multiprocessing
import os
import signal
import socket
import sqlite3
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
from bot.engine.worker import serve
from bot.settings import Settings, load
from bot.store import sends
from bot.store.database import Database
from bot.store.ledger import SqlLedger
from bot.store.tables import Connection, Message, Number, Run
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.smpp.session import Endpoint, connect
from evaluators.sending.ledger import Planned
from evaluators.sending.panel import HttpPanel
from evaluators.sending.plan import Plan
from evaluators.sending.runner import Clock, Means, Order, carry_out
from evaluators.sending.tokens import Tokens
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
anyio.run(functools.partial(run, personality, ready=say, time_scale=0.1, until_idle=600.0))
"""
FORKED = multiprocessing.get_context("forkserver")  # processes that need not import everything
FORKED.set_forkserver_preload(["bot.engine.durable", __name__])


def work(environment: dict[str, str], said: Path, idle_s: float) -> None:
    """A worker process; 0: it stays until told to end."""
    os.environ.update(environment)

    def told(run_id: int) -> None:
        with said.open("a", encoding="utf-8") as file:
            file.write(f"concluded {run_id}\n")

    found, vendor = load(), (sys.executable, "-c", VENDOR)
    database = Database.open(found)
    sys.exit(serve(found, database, told, until_idle=idle_s or None, simulate=vendor))


def carry(environment: dict[str, str], said: Path, run_id: int, smpp: int, panel: int) -> None:
    """A process that carries one run out without an engine around it."""
    os.environ.update(environment)
    database = Database.open(load())
    with database.read() as session:
        wanted = Plan.model_validate(session.get_one(Run, run_id).plan)
    ledger = SqlLedger.take(database, run_id)
    with contextlib.closing(HttpPanel("127.0.0.1", panel)) as handsets:
        outcome = anyio.run(carry_out, order(ledger, wanted), means(ledger, smpp, handsets))
    said.write_text(outcome.end, encoding="utf-8")


@dataclass
class Process:
    """One of our processes, and what it says."""

    running: Any
    said: Path

    def end(self, by: int) -> None:
        os.kill(self.running.pid, by)
        self.running.join(60)
        assert not self.running.is_alive()

    def told(self) -> list[str]:
        """What a process that leaves by itself said, line by line."""
        self.running.join(60)
        assert self.running.exitcode == 0
        return sorted(self.said.read_text().splitlines()) if self.said.exists() else []


def plan(count: int = 200, rate: float = 400, window_s: float = 0.5, **more: Any) -> Plan:
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
    processes: list[Process] = field(default_factory=list)
    vendors: list[subprocess.Popen[str]] = field(default_factory=list)

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
        process = subprocess.Popen(
            [sys.executable, "-c", VENDOR, "--personality", personality],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.vendors.append(process)
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

    def worker(self, idle_s: float = 0, home: Path | None = None) -> Process:
        """Start a worker process, on another state directory if given; 0: until told to end."""
        return self.start(work, idle_s, home=home)

    def sender(self, run_id: int, line: dict[str, Any]) -> Process:
        return self.start(carry, run_id, line["port"], line["options"]["panel"])

    def start(self, what: Callable[..., None], *given: Any, home: Path | None = None) -> Process:
        settings = replace(self.settings, home=home or self.settings.home)
        said = self.settings.home / f"said-{len(self.processes)}"
        running = FORKED.Process(target=what, args=(spawn.environment(settings), said, *given))
        running.start()
        self.processes.append(Process(running, said))
        return self.processes[-1]

    def freeze(self, process: Process) -> None:
        """Stop a process where it holds no lock: on SQLite that would stop everybody."""
        for _ in range(100):
            os.kill(process.running.pid, signal.SIGSTOP)
            with (
                contextlib.closing(sqlite3.connect(self.settings.sqlite or "", timeout=0.1)) as sql,
                contextlib.suppress(sqlite3.OperationalError),
            ):
                sql.execute("BEGIN IMMEDIATE")
                return
            os.kill(process.running.pid, signal.SIGCONT)
            time.sleep(0.01)
        raise AssertionError("the process always holds the lock")

    def truth(self, run_id: int) -> "Truth":
        """What the simulated vendor of a run was really given."""
        with self.database.read() as session:
            line = session.get_one(Connection, self.look(run_id).connection_id)
        return Truth.of(line.options["panel"])

    def close(self) -> None:
        with self.database.read() as session:
            lines = session.execute(sa.select(Connection.options)).scalars().all()
        for process in self.processes:
            process.running.kill()
            process.running.join()
            process.running.close()
        for vendor in self.vendors:
            vendor.kill()
            vendor.communicate()
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
    made = Tokens(b"stage", wanted.count)
    ledger.plan(Planned(seq % HANDSETS + 1, token) for seq, token in enumerate(made))
    numbers = [NUMBERS[seq % HANDSETS] for seq in range(wanted.count)]
    return Order(wanted, numbers, made, (True,) * wanted.count)


def means(ledger: SqlLedger, smpp: int, panel: HttpPanel | None = None, **more: Any) -> Means:
    correlator = Correlator()
    login = {"system_id": "buyer", "password": "simulate", "source": "1069", "window": 1000}
    endpoint = Endpoint(host="127.0.0.1", port=smpp, **login | more.pop("login", {}))
    return Means(
        ledger=ledger,
        connects=[lambda on_events: connect(endpoint, on_events, CLOCK.now, correlator=correlator)],
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
