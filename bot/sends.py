"""Send tests as the conversation needs them: connections to choose from, runs to start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlmodel import Session

from bot import simulated
from bot.dialogue.scene import Line
from bot.engine.door import frequencies, part
from bot.errors import UserError
from bot.store import listed, runs, sends, usage
from bot.store.database import Database
from bot.store.tables import Connection, Run
from bot.wording import Wording
from evaluators.sending.assigning import Listed
from evaluators.sending.feasibility import Facts
from evaluators.sending.plan import Plan
from evaluators.simulator.personality import Personality, load

OFFERED = ("honest", "inflating", "slow-cross-network")  # as choices; the rest by typing sim:name
PROTOCOLS = ("smpp", "cmpp", "sgip", "smgp", "http")
SIMULATED_SOURCE = "10690000000001"
DAY_NS = 86_400 * 1_000_000_000
_UNKNOWN = Facts(simulated=False, numbers=0)
_REHEARSED = Facts(
    simulated=True,
    numbers=simulated.NUMBERS,
    simulated_numbers=simulated.NUMBERS,
    window=100,
    max_rate=200,
)


@dataclass(frozen=True)
class SendDesk:
    """Reads connections and listed numbers, writes confirmed runs, wakes the worker."""

    database: Database
    personalities: Path
    wordings: Mapping[str, Wording]
    tests: Mapping[str, Plan]
    clock: Callable[[], datetime]
    wake_worker: Callable[[], object]

    @cached_property
    def _personalities(self) -> tuple[Personality, ...]:
        others = sorted({path.stem for path in self.personalities.glob("*.yaml")} - set(OFFERED))
        return tuple(load(self.personalities / f"{name}.yaml") for name in (*OFFERED, *others))

    def lines(
        self, session: Session, language: str, *, thoroughly: bool = False
    ) -> tuple[Line, ...]:
        """Real connections first, then the simulated vendors, which are always at hand.

        `thoroughly` looks up what a plan would run on; it is left out where no test is planned.
        """
        word = self.wordings[language]
        rows = [row for row in sends.connections(session) if row.simulated is None]
        numbers = listed.allowed(session, simulated=False) if thoroughly and rows else []
        real = [
            Line(
                name=row.name,
                title=word(
                    "test.real", name=row.name, protocol=row.protocol.upper(), host=row.host
                ),
                simulated=False,
                rate=float(row.options.get("rate", 50)),
                source=str(row.options.get("source", "")),
                part=part(row.options),
                facts=self._facts(session, row, numbers) if thoroughly else _UNKNOWN,
                frequencies=frequencies(row.protocol, row.options) if thoroughly else {},
            )
            for row in rows
        ]
        rehearsed = [
            Line(
                name=f"sim:{each.name}",
                title=word("test.simulated", title=each.title.of(language)),
                simulated=True,
                rate=200,
                source=SIMULATED_SOURCE,
                offered=each.name in OFFERED,
                facts=_REHEARSED,
            )
            for each in self._personalities
        ]
        return (*real, *rehearsed)

    def _facts(self, session: Session, row: Connection, numbers: list[Listed]) -> Facts:
        """What is known of a real connection and of the numbers it may text."""
        since_ns = int(self.clock().timestamp() * 1e9) - DAY_NS
        filed = sends.filed(row)
        return Facts(
            simulated=False,
            numbers=sum(not number.dead for number in numbers),
            watched=sum(number.watched and not number.dead for number in numbers),
            connections=int(row.options.get("connections", 1)),
            window=int(row.options.get("window", 16)),
            rtt_s=runs.round_trip_s(session, row.id or 0),
            max_rate=float(row.options.get("rate", 50)),
            listed=numbers,
            used=usage.texted(session, since_ns),
            signatures=filed.signatures,
            templates=filed.templates,
            passed=runs.passed(session, row.id or 0),
            titles={name: plan.title for name, plan in self.tests.items() if plan.title},
        )

    def add(self, session: Session, run: Run, connection: str) -> None:
        """Write a confirmed run, and its twin at the second vendor where two are compared."""
        if run.evaluation_id is not None and runs.of_case_going_on(session, run.evaluation_id):
            raise UserError(
                "A test of this evaluation is running already. 这份评估已有测试在进行。"
            )
        run.connection_id = self._connection(session, connection)
        session.add(run)
        if second := run.plan.get("pair"):
            if second.startswith("sim:") != connection.startswith("sim:"):
                raise UserError(
                    "A simulated and a real vendor cannot be compared: the numbers of one do not"
                    " exist for the other. 模拟服务商与真实服务商不能对比。"
                )
            session.flush()
            twin = Run.model_validate(run.model_dump(exclude={"id", "evaluation_id"}))
            twin.connection_id, twin.pair_id = self._connection(session, second), run.id
            twin.plan = run.plan | {"connection": second, "pair": connection}
            session.add(twin)
            session.flush()
            run.pair_id = twin.id
            session.add(run)

    def _connection(self, session: Session, name: str) -> int:
        row = sends.connection(session, name)
        if row is None and name.startswith("sim:"):
            row = self._simulated(session, name)
        if row is None or row.id is None:
            raise UserError(f"There is no connection {name!r} any more.")
        return row.id

    def _simulated(self, session: Session, name: str) -> Connection:
        """A simulated vendor's connection and its panel of numbers, made on first use.

        `sim:inflating` speaks SMPP, `sim:inflating/cmpp` another protocol.
        """
        personality, _, protocol = name.removeprefix("sim:").partition("/")
        protocol = protocol or "smpp"
        known = {each.name for each in self._personalities}
        if protocol not in PROTOCOLS or personality not in known:
            raise UserError(f"There is no simulated vendor {name!r}.")
        now = self.clock()
        simulated.list_numbers(session, self.database, now)
        row = Connection(name=name, protocol=protocol, simulated=personality, created_at=now)
        return sends.add_connection(session, self.database.vault, row, None)

    def wake(self) -> None:
        self.wake_worker()
