"""What our own machine does to a running test: a disk that fills, a clock that is set."""

import errno
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from bot.store.ledger import SqlLedger
from evaluators.sending.ledger import Group
from evaluators.sending.metrics import summarise
from evaluators.sending.outcome import Outcome
from evaluators.sending.panel import HttpPanel
from evaluators.sending.plan import Plan
from evaluators.sending.runner import Clock, carry_out
from evaluators.simulator.personality import load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.send_stage import PERSONALITIES, Stage, means, opened, order, plan

pytestmark = [pytest.mark.anyio, pytest.mark.quiet]
HONEST = load(PERSONALITIES / "honest.yaml")


class Filling(SqlLedger):
    """A ledger whose disk is full from the tenth record on, for so many seconds."""

    full_s = 0.0
    records = 0
    refusals = 0
    until = 0.0

    def record(self, group: Group) -> None:
        self.records += 1
        if self.records == 10:
            self.until = time.monotonic() + self.full_s
        self._write()
        super().record(group)

    def arm(self, upto: int) -> bool:
        self._write()
        return super().arm(upto)

    def note(self, progress: dict[str, Any]) -> bool:
        self._write()
        return super().note(progress)

    def _write(self) -> None:
        if time.monotonic() < self.until:
            self.refusals += 1
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


@asynccontextmanager
async def vendor() -> AsyncIterator[Simulation]:
    async with simulated(HONEST, time_scale=0.1) as simulation:
        yield simulation


async def carried(ledger: SqlLedger, wanted: Plan, at: Simulation, **more: Any) -> Outcome:
    with closing(HttpPanel("127.0.0.1", at.panel_port)) as handsets:
        given = replace(means(ledger, at.smpp, handsets), **more)
        return await carry_out(order(ledger, wanted), given)


async def test_a_full_disk_is_waited_for(stage: Stage) -> None:
    """While nothing can be written nothing leaves; once there is room, nothing is missing."""
    wanted = plan(200, 100)
    ledger = Filling.take(stage.database, stage.run(wanted, simulated="honest"))
    full = Filling(stage.database, ledger.run_id, ledger.epoch)
    full.full_s = 1.5
    async with vendor() as simulation:
        outcome = await carried(full, wanted, simulation)
        truth = simulation.ledger
    metrics = summarise(full.rows(), wanted, True)
    assert full.refusals >= 2
    assert "measured" == outcome.end
    assert (200, 0) == (metrics.acknowledged, metrics.unknown)
    assert metrics.arrived == truth.counts["arrived"]
    assert truth.repeated() == []
    assert metrics.lateness
    assert metrics.lateness.max_ms > 500  # what waited for our disk is our lateness, and shows


async def test_a_disk_that_stays_full_ends_the_process(stage: Stage) -> None:
    """Beyond our patience the ledger's error is raised, and the next process goes on safely."""
    wanted = plan(200, 100)
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    full = Filling(stage.database, ledger.run_id, ledger.epoch)
    full.full_s = 60
    async with vendor() as simulation:
        with pytest.raises(OSError, match="No space left"):
            await carried(full, wanted, simulation, patience_s=0.5)
        before = simulation.ledger.counts["submitted"]
        heir = SqlLedger.take(stage.database, ledger.run_id)
        outcome = await carried(heir, wanted, simulation)
        truth = simulation.ledger
    metrics = summarise(heir.rows(), wanted, True)
    assert 0 < before < 200
    assert "measured" == outcome.end
    assert truth.repeated() == []
    assert 200 == metrics.acknowledged + metrics.unknown
    assert metrics.unknown <= before


@pytest.mark.parametrize("at_s", [0.0, 0.7], ids=["at once", "meanwhile"])
@pytest.mark.parametrize("step_s", [3_600.0, -3_600.0])
async def test_a_clock_that_is_set_is_noted(stage: Stage, step_s: float, at_s: float) -> None:
    """A step of the time of day while a run goes on stands in its notes, for those who judge."""
    looks: list[float] = []

    def wall() -> int:
        looks.append(time.monotonic())
        stepped = len(looks) > 1 and looks[-1] - looks[0] > at_s  # the first look ties the clocks
        return time.time_ns() + (int(step_s * 1e9) if stepped else 0)

    wanted = plan(100, 100)
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    clock = Clock(now=time.monotonic_ns, wall=wall, sleep=anyio.sleep)
    async with vendor() as simulation:
        outcome = await carried(ledger, wanted, simulation, clock=clock)
    assert "measured" == outcome.end
    assert step_s == pytest.approx(outcome.notes["clock_step_s"], abs=0.1)
    assert 100 == summarise(ledger.rows(), wanted, True).acknowledged


async def test_a_steady_clock_is_not_noted(stage: Stage) -> None:
    """Nothing is noted of a clock nobody set."""
    wanted = plan(50, 100)
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    async with vendor() as simulation:
        outcome = await carried(ledger, wanted, simulation)
    assert "clock_step_s" not in outcome.notes


async def test_a_small_test_ends_once_everything_is_seen(stage: Stage) -> None:
    """A test of what works does not wait out its window when nothing is missing any more."""
    wanted = plan(3, 10, window_s=60, asks="works")
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    with anyio.fail_after(30):
        async with vendor() as simulation:
            outcome = await carried(ledger, wanted, simulation)
    metrics = summarise(ledger.rows(), wanted, True)
    assert "measured" == outcome.end
    assert (3, 3) == (metrics.arrived, metrics.delivered)


async def test_a_panel_that_forgot_proves_no_loss(stage: Stage) -> None:
    """Where vendor and handsets began anew between two processes, nothing is held against them."""
    wanted = plan(300, 100)
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    async with vendor() as simulation:
        seen = simulation.ledger.counts
        first = await carried(
            ledger, wanted, simulation, asked=lambda: "park" if seen["arrived"] > 80 else ""
        )
    heir = SqlLedger.take(stage.database, ledger.run_id)
    async with vendor() as simulation:
        second = await carried(heir, wanted, simulation)
    assert ("parked", "measured") == (first.end, second.end)
    assert first.notes["cursor"] > 0
    assert second.notes["panel_alive"] is False
    assert 0 == summarise(heir.rows(), wanted, True).watched
