"""The worker as a process: takes confirmed runs, tells when they end, leaves when idle."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.engine import spawn
from bot.engine.judging import rejudge
from bot.engine.worker import serve
from bot.settings import load
from bot.store.database import Database
from tests.integration.send_stage import VENDOR, Stage, free_port, opened, plan


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


@dataclass(frozen=True)
class Served:
    """One worker's life: five runs confirmed at once, one of them stopped by a person."""

    stage: Stage
    said: list[str]
    good: int
    stopped: int
    refused: int
    over: int
    nobody: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with opened(tmp_path_factory.mktemp("served") / "home") as stage:
        vendor = stage.vendor()
        runs = {
            "good": stage.run(plan(200, 400, window_s=1), simulated="honest"),
            "stopped": stage.run(plan(2000, 200), **vendor),
            "refused": stage.run(plan(), **vendor | {"password": "wrong"}),
            "over": stage.run(plan(caps={"count": 5, "rate": 1000, "cost": 9}), **vendor),
            "nobody": stage.run(plan(), host="127.0.0.1", port=free_port(), password="x"),
        }
        worker = stage.worker(idle_s=0.5)
        stage.until(runs["stopped"], lambda run: run.progress.get("sent", 0) > 20)
        stage.ask_to_stop(runs["stopped"])
        yield Served(stage, worker.told(), **runs)


def test_a_confirmed_run_becomes_a_verdict(served: Served) -> None:
    """From a confirmed row to a stored verdict, by a simulated vendor the worker starts itself."""
    run = served.stage.look(served.good)
    assert run.state == "judged"
    assert served.stage.states(served.good) == {"acknowledged": 200}
    assert run.result["metrics"]["arrived"] == run.progress["arrived"] > 190
    assert None not in {run.started_at, run.closes_at, run.finished_at}


def test_a_verdict_can_be_reached_again_from_the_rows(served: Served) -> None:
    """Judging anew gives what was stored; another claim is judged from the same rows."""
    again = rejudge(served.stage.database, served.good)
    lenient = rejudge(served.stage.database, served.good, claim=0.5)
    assert again is not None
    assert lenient is not None
    assert again.verdict.word == served.stage.look(served.good).result["verdict"]["word"]
    assert (lenient.verdict.claim, lenient.verdict.word) == (0.5, "met")


def test_a_stopped_run_has_counts_and_no_verdict(served: Served) -> None:
    """What had left is counted, the rest stays planned, and nothing is judged as if complete."""
    run, states = served.stage.look(served.stopped), served.stage.states(served.stopped)
    assert (run.state, run.result["verdict"]["word"]) == ("stopped", "interrupted")
    assert run.result["verdict"]["rate"] is None
    assert states["acknowledged"] + states["planned"] == 2000
    assert 20 < states["acknowledged"] == served.stage.truth(served.stopped).counts["submitted"]


def test_a_refused_login_fails_the_run_in_words(served: Served) -> None:
    """The run says what the vendor said, in the language of its conversation."""
    run = served.stage.look(served.refused)
    assert (run.state, run.result["problem"]["key"]) == ("failed", "login_refused")
    assert "供应商拒绝登录" in run.problem
    assert rejudge(served.stage.database, served.refused) is None


def test_nothing_is_sent_beyond_caps_or_to_unlisted_numbers(served: Served) -> None:
    """A plan over its own caps, and a real line without consenting numbers, end unsent."""
    runs = [served.stage.look(run_id) for run_id in (served.over, served.nobody)]
    assert [run.result["problem"]["key"] for run in runs] == ["over_caps", "no_numbers"]
    assert served.stage.states(served.over) == served.stage.states(served.nobody) == {}


def test_the_application_is_told_of_every_end(served: Served) -> None:
    """Once per run, however it ended."""
    ends = (served.good, served.stopped, served.refused, served.over, served.nobody)
    assert served.said == [f"concluded {run_id}" for run_id in ends]


def test_a_worker_whose_storage_fails_leaves_and_the_next_goes_on(stage: Stage) -> None:
    """A disk that is full when the end is told costs the process, not the run; nothing is lost."""
    run_id = stage.run(plan(60, 400), simulated="honest")
    worker = stage.start(worker_on_a_full_disk)
    worker.running.join(60)
    assert 1 == worker.running.exitcode
    assert not spawn.alive(stage.settings)
    assert [f"concluded {run_id}"] == stage.worker(idle_s=0.5).told()
    stage.truth(run_id).agrees(stage, run_id)
    assert "judged" == stage.look(run_id).state


@pytest.mark.slow
def test_a_worker_that_hangs_leaves_in_time(stage: Stage) -> None:
    """Told to end, it is gone within ten seconds, as service managers want, whatever hangs."""
    stage.run(plan(20, 400), simulated="honest")
    worker = stage.start(worker_that_hangs)
    while not worker.said.exists():
        assert worker.running.is_alive()
        time.sleep(0.05)
    begun = time.monotonic()
    worker.end(signal.SIGTERM)
    assert time.monotonic() - begun < 10
    assert not spawn.alive(stage.settings)


def worker_that_hangs(environment: dict[str, str], said: Path) -> None:
    """A worker process whose database never answers once a run ends."""
    os.environ.update(environment)

    def told(run_id: int) -> None:
        said.write_text(f"concluded {run_id}", encoding="utf-8")
        time.sleep(600)

    found = load()
    vendor = (sys.executable, "-c", VENDOR)
    sys.exit(serve(found, Database.open(found), told, simulate=vendor))


def worker_on_a_full_disk(environment: dict[str, str], _said: Path) -> None:
    """A worker process that has nowhere to write to once a run ends."""
    os.environ.update(environment)

    def told(_run_id: int) -> None:
        full = sqlite3.OperationalError("database or disk is full")
        raise sa.exc.OperationalError("COMMIT", None, full)

    found = load()
    vendor = (sys.executable, "-c", VENDOR)
    sys.exit(serve(found, Database.open(found), told, simulate=vendor))


def test_there_is_one_worker_for_a_state_directory(stage: Stage) -> None:
    """While one works it can be seen, and another says so and leaves."""
    assert not spawn.alive(stage.settings)
    with spawn.alone(stage.settings) as alone:
        assert alone
        assert spawn.alive(stage.settings)
        assert not spawn.ensure(stage.settings)
        assert stage.worker().told() == []
    assert not spawn.alive(stage.settings)
