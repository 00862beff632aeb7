"""The worker as a process: takes confirmed runs, tells when they end, leaves when told."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.engine import spawn
from bot.engine.judging import rejudge
from tests.integration.send_stage import Stage, free_port, opened, plan


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


def told(worker: subprocess.Popen[str]) -> list[str]:
    """What a worker that leaves by itself said, line by line."""
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0
    return sorted(said.splitlines())


def test_a_confirmed_run_becomes_a_verdict(stage: Stage) -> None:
    """From a confirmed row to a stored verdict, which judging anew from the rows repeats.

    The simulated vendor is started by the worker, and ends with it.
    """
    run_id = stage.run(plan(200, 200, window_s=2), simulated="honest")
    assert told(stage.worker(idle_s=0.5)) == [f"concluded {run_id}"]
    run = stage.look(run_id)
    assert run.state == "judged"
    assert stage.states(run_id) == {"acknowledged": 200}
    assert run.result["metrics"]["arrived"] == run.progress["arrived"] > 190
    again, lenient = rejudge(stage.database, run_id), rejudge(stage.database, run_id, claim=0.5)
    assert again is not None
    assert lenient is not None
    assert again.verdict.word == run.result["verdict"]["word"]
    assert (lenient.verdict.claim, lenient.verdict.word) == (0.5, "met")
    assert None not in {run.started_at, run.closes_at, run.finished_at}


def test_there_is_one_worker_for_a_state_directory(stage: Stage) -> None:
    """While one works it can be seen, and another says so and leaves."""
    assert not spawn.alive(stage.settings)
    with spawn.alone(stage.settings) as alone:
        assert alone
        assert spawn.alive(stage.settings)
        assert not spawn.ensure(stage.settings)
        assert told(stage.worker()) == []
    assert not spawn.alive(stage.settings)


def test_a_worker_told_to_end_leaves_nothing_unknown(stage: Stage) -> None:
    """Told to end in the middle of sending it comes to rest, and the next one goes on."""
    run_id = stage.run(plan(600, 200), **stage.vendor())
    first = stage.worker()
    stage.until(run_id, lambda run: run.progress.get("sent", 0) > 50)
    first.send_signal(signal.SIGTERM)
    told(first)
    resting = stage.look(run_id)
    assert (resting.state, resting.armed_upto) == ("sending", resting.progress["sent"])
    assert told(stage.worker(idle_s=0.5)) == [f"concluded {run_id}"]
    assert stage.states(run_id) == {"acknowledged": 600}
    stage.truth(run_id).agrees(stage, run_id)


def test_runs_that_end_before_their_time(stage: Stage) -> None:
    """Stopped by a person: what was counted, and no verdict. Refused, over its caps, or without
    consenting numbers: failed, in words. The application is told of every one.
    """
    vendor = stage.vendor()
    stopped = stage.run(plan(2000, 100), **vendor)
    refused = stage.run(plan(), **vendor | {"password": "wrong"})
    over = stage.run(plan(caps={"count": 5, "rate": 1000, "cost": 9}), **vendor)
    nobody = stage.run(plan(), host="127.0.0.1", port=free_port(), password="x")
    worker = stage.worker(idle_s=0.5)
    stage.until(stopped, lambda run: run.progress.get("sent", 0) > 20)
    stage.ask_to_stop(stopped)
    assert told(worker) == [f"concluded {each}" for each in (stopped, refused, over, nobody)]
    run = stage.look(stopped)
    assert (run.state, run.result["verdict"]["word"]) == ("stopped", "interrupted")
    assert run.result["verdict"]["rate"] is None
    states = stage.states(stopped)
    assert states["acknowledged"] + states["planned"] == 2000
    assert 20 < states["acknowledged"] == stage.truth(stopped).counts["submitted"]
    failed = {each: stage.look(each) for each in (refused, over, nobody)}
    assert {run.state for run in failed.values()} == {"failed"}
    assert [run.result["problem"]["key"] for run in failed.values()] == [
        "login_refused",
        "over_caps",
        "no_numbers",
    ]
    assert "供应商拒绝登录" in failed[refused].problem
    assert rejudge(stage.database, refused) is None
    assert stage.states(over) == stage.states(nobody) == {}
