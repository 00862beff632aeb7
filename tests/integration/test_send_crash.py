"""Send tests through kill -9, frozen and thawed processes; the vendor's own ledger is the truth."""

import os
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM

import pytest

from tests.integration.send_stage import Stage, opened, plan


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


def test_a_run_outlives_its_workers(stage: Stage) -> None:
    """Told to end while sending, a worker leaves nothing unknown; killed while sending, and killed
    while watching, the run comes to its end with nothing sent twice and everything accounted for.
    """
    run_id = stage.run(plan(600, 300, window_s=1.5), **stage.vendor())
    worker = stage.worker()
    stage.until(run_id, lambda run: run.progress.get("sent", 0) > 50)
    worker.end(SIGTERM)
    resting = stage.look(run_id)
    assert (resting.state, resting.armed_upto) == ("sending", resting.progress["sent"])
    assert set(stage.states(run_id)) == {"acknowledged", "planned"}
    worker = stage.worker()
    stage.until(run_id, lambda run: run.progress.get("sent", 0) > resting.armed_upto + 100)
    worker.end(SIGKILL)
    worker = stage.worker()
    stage.until(run_id, lambda run: run.state == "observing")
    worker.end(SIGKILL)
    stage.worker()
    run = stage.until(run_id, lambda run: run.finished_at is not None)
    assert (run.state, run.epoch, len(run.progress["gaps"])) == ("judged", 4, 3)
    accounted_for(stage, run_id, 600)
    metrics = run.result["metrics"]
    assert metrics["submitted"] + metrics["left_unknown"] == 600
    assert metrics["arrived"] > 0.9 * metrics["submitted"]


def test_killed_again_and_again_nothing_is_sent_twice(stage: Stage) -> None:
    """Three kills in the middle of a fast run: each message left once, or is known as unknown."""
    line = stage.vendor()
    run_id = stage.run(plan(2000, 1000), **line)
    for sent in (200, 700, 1200):
        sender = stage.sender(run_id, line)
        stage.until(run_id, lambda run, sent=sent: run.armed_upto > sent)
        sender.end(SIGKILL)
    assert stage.sender(run_id, line).told() == ["measured"]
    assert stage.look(run_id).epoch == 4
    assert stage.states(run_id)["unknown"] < 1200
    accounted_for(stage, run_id, 2000)


def test_a_frozen_process_that_was_replaced_sends_nothing_more(stage: Stage) -> None:
    """Frozen in the middle of sending, replaced, thawed: it finds itself fenced, and what both
    sent together is each message once.
    """
    line = stage.vendor()
    run_id = stage.run(plan(600, 300), **line)
    frozen = stage.sender(run_id, line)
    stage.until(run_id, lambda run: run.armed_upto > 100)
    stage.freeze(frozen)
    heir = stage.sender(run_id, line)
    stage.until(run_id, lambda run: run.epoch == 2 and run.armed_upto > 350)
    os.kill(frozen.running.pid, SIGCONT)
    assert frozen.told() == ["fenced"]
    assert heir.told() == ["measured"]
    accounted_for(stage, run_id, 600)


def accounted_for(stage: Stage, run_id: int, planned: int) -> None:
    """Nothing twice, nothing that we do not know of, and every planned message in one state."""
    stage.truth(run_id).agrees(stage, run_id)
    states = stage.states(run_id)
    assert sum(states.values()) == planned
    assert set(states) <= {"acknowledged", "unknown"}
