"""Send tests as the conversation needs them: connections to choose from, runs to start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from sqlmodel import Session, col, select

from bot.dialogue.scene import Line
from bot.errors import UserError
from bot.store import runs, sends
from bot.store.database import Database
from bot.store.tables import Connection, Number, Run
from bot.wording import Wording
from evaluators.simulator.numbers import CARRIERS, simulated_number
from evaluators.simulator.personality import Personality, load

OFFERED = ("honest", "inflating", "slow-cross-network")  # as choices; the rest by typing sim:name
SIMULATED_NUMBERS = 3000
SIMULATED_SOURCE = "10690000000001"


@dataclass(frozen=True)
class SendDesk:
    """Reads connections and listed numbers, writes confirmed runs, wakes the worker."""

    database: Database
    personalities: Path
    wordings: Mapping[str, Wording]
    clock: Callable[[], datetime]
    wake_worker: Callable[[], object]

    @cached_property
    def _personalities(self) -> tuple[Personality, ...]:
        others = sorted({path.stem for path in self.personalities.glob("*.yaml")} - set(OFFERED))
        return tuple(load(self.personalities / f"{name}.yaml") for name in (*OFFERED, *others))

    def lines(self, session: Session, language: str) -> tuple[Line, ...]:
        """Real connections first, then the simulated vendors, which are always at hand."""
        word = self.wordings[language]
        listed = sends.usable(session, simulated=False)
        real = [
            Line(
                name=row.name,
                title=word(
                    "test.real", name=row.name, protocol=row.protocol.upper(), host=row.host
                ),
                simulated=False,
                rate=float(row.options.get("rate", 50)),
                numbers=listed,
                window=int(row.options.get("window", 16)),
                source=str(row.options.get("source", "")),
            )
            for row in sends.connections(session)
            if row.simulated is None
        ]
        simulated = [
            Line(
                name=f"sim:{each.name}",
                title=word("test.simulated", title=each.title.of(language)),
                simulated=True,
                rate=200,
                numbers=SIMULATED_NUMBERS,
                source=SIMULATED_SOURCE,
                offered=each.name in OFFERED,
            )
            for each in self._personalities
        ]
        return (*real, *simulated)

    def add(self, session: Session, run: Run, connection: str) -> None:
        """Write a confirmed run; the worker takes it from there."""
        row = sends.connection(session, connection)
        if row is None and connection.startswith("sim:"):
            row = self._simulated(session, connection)
        if row is None:
            raise UserError(f"There is no connection {connection!r} any more.")
        if run.evaluation_id is not None and runs.of_case_going_on(session, run.evaluation_id):
            raise UserError(
                "A test of this evaluation is running already. 这份评估已有测试在进行。"
            )
        run.connection_id = row.id or 0
        session.add(run)

    def _simulated(self, session: Session, name: str) -> Connection:
        """A simulated vendor's connection and its panel of numbers, made on first use."""
        now = self.clock()
        self._list_numbers(session, now)
        row = Connection(name=name, simulated=name.removeprefix("sim:"), created_at=now)
        return sends.add_connection(session, self.database.vault, row, None)

    def _list_numbers(self, session: Session, now: datetime) -> None:
        if session.exec(select(Number.id).where(col(Number.simulated))).first() is not None:
            return
        sends.add_numbers(
            session,
            self.database.vault,
            (
                (
                    simulated_number(carrier, index),
                    Number(
                        blind="",
                        carrier=carrier,
                        simulated=True,
                        owner="simulated panel",
                        consent="simulated handset",
                        consented_at=now,
                    ),
                )
                for index in range(SIMULATED_NUMBERS // len(CARRIERS))
                for carrier in CARRIERS
            ),
        )

    def wake(self) -> None:
        self.wake_worker()
