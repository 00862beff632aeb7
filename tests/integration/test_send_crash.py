"""Send tests through kill -9, frozen and thawed processes; the vendor's own ledger is the truth."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.send_stage import SENDER, Stage, opened, plan


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


def kill(worker: subprocess.Popen[str]) -> None:
    worker.kill()
    worker.communicate()


def test_killed_again_and_again_nothing_is_sent_twice(stage: Stage) -> None:
    """Killed twice in the middle of sending and once while watching, the run comes to its end:
    nothing sent twice, nothing sent that we do not know of, every planned message accounted for.
    """
    run_id = stage.run(plan(1200, 300, window_s=3), **stage.vendor())
    for sent in (100, 400):
        worker = stage.worker()
        stage.until(run_id, lambda run, sent=sent: run.progress.get("sent", 0) > sent)
        kill(worker)
    worker = stage.worker()
    stage.until(run_id, lambda run: run.state == "observing")
    kill(worker)
    stage.worker()
    run = stage.until(run_id, lambda run: run.finished_at is not None)
    assert (run.state, run.epoch, len(run.progress["gaps"])) == ("judged", 4, 3)
    states = stage.states(run_id)
    assert sum(states.values()) == 1200
    assert set(states) <= {"acknowledged", "unknown"}
    assert states.get("unknown", 0) < 200
    stage.truth(run_id).agrees(stage, run_id)
    metrics = run.result["metrics"]
    assert metrics["planned"] == metrics["submitted"] + metrics["never_left"] == 1200
    assert metrics["arrived"] > 0.9 * metrics["submitted"]


def test_a_frozen_process_that_was_replaced_sends_nothing_more(stage: Stage) -> None:
    """Frozen in the middle of sending, replaced, thawed: it finds itself fenced, and what both
    sent together is each message once.
    """
    line = stage.vendor()
    run_id = stage.run(plan(600, 200), **line)
    words = [str(each) for each in (run_id, line["port"], line["options"]["panel"])]
    frozen = stage.start(SENDER, *words)
    stage.until(run_id, lambda run: run.progress.get("sent", 0) > 100)
    frozen.send_signal(signal.SIGSTOP)
    heir = stage.start(SENDER, *words)
    stage.until(run_id, lambda run: run.epoch == 2 and run.progress.get("sent", 0) > 300)
    frozen.send_signal(signal.SIGCONT)
    assert frozen.communicate(timeout=60)[0] == "fenced\n"
    assert heir.communicate(timeout=60)[0] == "measured\n"
    stage.truth(run_id).agrees(stage, run_id)
    assert sum(stage.states(run_id).values()) == 600
