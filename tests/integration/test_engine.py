"""What the engine itself promises: timers, one workflow per run, and the work of dead workers."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from bot.engine.durable import Durable
from bot.engine.send_test import Next, SendTest
from bot.engine.vendors import Vendors
from tests.integration.send_stage import Stage, opened, plan
from tests.integration.test_ledger import fresh_database


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


def engine(stage: Stage, woken: list[str]) -> Durable:
    test = SendTest(stage.database, Vendors(stage.database), lambda _: None)
    return Durable(stage.settings, stage.database, test, executor="worker", woke=woken.append)


def wait_for(woken: list[str], count: int) -> None:
    until = time.monotonic() + 20
    while len(woken) < count and time.monotonic() < until:
        time.sleep(0.05)


def test_a_timer_wakes_once_even_if_nobody_ran_when_it_was_due(stage: Stage) -> None:
    """Set twice it wakes once; due while no engine ran it wakes with the next one."""
    woken: list[str] = []
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    with engine(stage, woken) as first:
        first.at(soon, "drill-7")
        first.at(soon, "drill-7")
    with engine(stage, woken) as second:
        second.at(soon, "drill-7")
        wait_for(woken, 1)
        second.at(datetime.now(UTC), "paper-3")
        wait_for(woken, 2)
    assert woken == ["drill-7", "paper-3"]


def test_cancel_and_progress_go_through_the_run(stage: Stage) -> None:
    """Cancelling leaves a request in the run, once; progress is what the run shows."""
    run_id = stage.run(plan())
    with engine(stage, []) as made:
        made.cancel(run_id)
        asked = stage.look(run_id).stop_asked_at
        made.cancel(run_id)
        assert made.progress(run_id) == {}
    assert asked is not None
    assert stage.look(run_id).stop_asked_at == asked


class Broken(SendTest):
    """An engine's worst case: the step itself fails, not the vendor."""

    def exchange(self, run_id: int) -> Next:
        raise RuntimeError(f"run {run_id} cannot be worked on")


def test_a_run_that_breaks_the_worker_is_given_up(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """After three failures the run is failed, in words; the log says why."""
    run_id = stage.run(plan(), simulated="honest")
    told: list[int] = []
    test = Broken(stage.database, Vendors(stage.database), told.append)
    with Durable(stage.settings, stage.database, test, executor="worker") as made:
        until = time.monotonic() + 30
        while not told and time.monotonic() < until:
            made.start(run_id)
            time.sleep(0.1)
    run = stage.look(run_id)
    assert (run.state, run.result["problem"]["key"], told) == ("failed", "given_up", [run_id])
    assert caplog.text.count("cannot be worked on") >= 3


@pytest.mark.slow
def test_a_dead_workers_run_goes_to_another_machine(tmp_path: Path, postgres: str) -> None:
    """On a shared database the run of a killed worker is taken up by one that is left."""
    with opened(tmp_path / "here", fresh_database(postgres)) as stage:
        run_id = stage.run(plan(600, 100, window_s=1), **stage.vendor())
        first = stage.worker()
        stage.until(run_id, lambda run: run.progress.get("sent", 0) > 50)
        stage.worker(home=tmp_path / "there")
        first.end(SIGKILL)
        run = stage.until(run_id, lambda run: run.finished_at is not None, 60)
        assert (run.state, run.epoch) == ("judged", 2)
        assert set(stage.states(run_id)) <= {"acknowledged", "unknown"}
        stage.truth(run_id).agrees(stage, run_id)
