"""A whole test over a real line with phones that post what they get: what counts, and what not."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.engine.send_test import SendTest
from bot.engine.vendors import Vendors
from bot.store.ledger import rows
from evaluators.sending.panel import HttpPanel
from evaluators.simulator.numbers import simulated_number
from tests.integration.phone_stage import Forwarder, listed, on_the_panel, serving
from tests.integration.send_stage import Stage, opened, plan

COUNT = 30


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


@contextmanager
def phones(inbox: int, port: int, tokens: dict[str, str]) -> Iterator[None]:
    """Phones that pass on what the simulated network delivers, and beat each half second."""
    ended = threading.Event()

    def live() -> None:
        cursor, beaten = 0, 0.0
        with closing(HttpPanel("127.0.0.1", inbox)) as network:
            while not ended.wait(0.05):
                shown, cursor = network.inbox(cursor, 100)
                for each in shown:
                    if each.number in tokens:
                        phone = Forwarder(port, tokens[each.number])
                        phone.receive(each.text, each.sender, received=each.received_ns / 1e9)
                if time.monotonic() - beaten > 0.5:
                    beaten = time.monotonic()
                    for token in tokens.values():
                        Forwarder(port, token).beat()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_only_losses_of_phones_that_were_up_count(stage: Stage) -> None:
    """Two phones pass on what they get; the third is off, and its texts count neither way."""
    numbers = [simulated_number(carrier, 700) for carrier in ("cmcc", "cucc", "ctcc")]
    ids = [listed(stage.database, number) for number in numbers]
    for number, number_id in zip(numbers, ids, strict=True):
        on_the_panel(stage.database, number_id, "smsforwarder", token=number, beat_every_s=1)
    vendor = stage.vendor("honest") | {"simulated": None}
    inbox = vendor["options"].pop("panel")
    run_id = stage.run(plan(COUNT, 20, window_s=3), **vendor)
    test = SendTest(stage.database, Vendors(stage.database), lambda _: None)
    on = {number: number for number in numbers[:2]}
    with serving(stage.database) as port, phones(inbox, port, on):
        time.sleep(1)
        assert test.prepare(run_id) == "go on"
        assert test.exchange(run_id) == "judge"
        test.judge(run_id)
    with stage.database.read() as session:
        found = list(rows(session, run_id))
    up = [row for row in found if row.number_id in ids[:2]]
    off = [row for row in found if row.number_id == ids[2]]
    assert len(up) + len(off) == COUNT
    assert off
    assert {True} == {row.alive for row in up}
    assert {False} == {row.alive for row in off}
    arrived = [row for row in up if row.handset_ns is not None]
    assert len(arrived) >= len(up) - 2
    assert all(row.handset_text_same for row in arrived)
    assert {None} == {row.handset_ns for row in off}
    result = stage.look(run_id).result["metrics"]
    assert result["arrived"] == len(arrived)
