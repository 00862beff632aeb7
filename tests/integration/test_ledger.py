"""The SQL ledger: what may leave, who may send, what a takeover finds; on both databases."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.ledger import SqlLedger
from evaluators.sending.ledger import Answer, Arrival, Group, Planned, Report
from evaluators.sending.metrics import Row
from tests.integration.send_stage import Stage, opened, plan


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, home: Path) -> Iterator[Stage]:
    url = None
    if request.param == "postgresql":
        url = fresh_database(request.getfixturevalue("postgres"))
    with opened(home, url) as made:
        yield made


def fresh_database(server: str) -> str:
    """The URL of an empty database on that server."""
    name = f"t{secrets.token_hex(4)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def ledger(stage: Stage) -> SqlLedger:
    """A run of ten planned messages, taken."""
    ledger = SqlLedger.take(stage.database, stage.run(plan(10), simulated="honest"))
    ledger.plan(Planned(seq + 1, f"TOKEN{seq}") for seq in range(10))
    return ledger


def row(ledger: SqlLedger, seq: int) -> Row:
    return list(ledger.rows())[seq]


def test_messages_are_planned_once(ledger: SqlLedger) -> None:
    """Planning again, after a crash, changes nothing."""
    ledger.plan([Planned(1, "OTHER1")])
    assert [f"TOKEN{seq}" for seq in range(10)] == [each.token for each in ledger.rows()]
    assert ledger.standing().planned == 10


def test_what_is_armed_is_found_by_the_next_process(stage: Stage, ledger: SqlLedger) -> None:
    """A takeover finds the mark, and what may have left unanswered is unknown from then on."""
    assert ledger.arm(4)
    ledger.record(Group(sent=[(0, 100), (1, 100)], answers=[Answer(0, 100, 150, 0, "a0")]))
    heir = SqlLedger.take(stage.database, ledger.run_id)
    assert heir.standing().armed_upto == 4
    assert ["acknowledged", *["unknown"] * 3, *["planned"] * 6] == [
        each.state for each in heir.rows()
    ]


def test_a_replaced_process_may_not_arm(stage: Stage, ledger: SqlLedger) -> None:
    """Whoever lost the run is told so at its next mark and at its next note."""
    heir = SqlLedger.take(stage.database, ledger.run_id)
    assert not ledger.arm(5)
    assert not ledger.note({"phase": "sending"})
    assert heir.arm(5)
    assert heir.standing().armed_upto == 5


def test_a_replaced_process_may_still_say_what_it_learnt(stage: Stage, ledger: SqlLedger) -> None:
    """A late answer of the replaced process makes an unknown message known."""
    ledger.arm(1)
    heir = SqlLedger.take(stage.database, ledger.run_id)
    assert row(heir, 0).state == "unknown"
    ledger.record(Group(sent=[(0, 90)], answers=[Answer(0, 90, 120, 0, "a0")]))
    assert (
        row(heir, 0).state,
        row(heir, 0).sent_ns,
        row(heir, 0).message_id,
    ) == ("acknowledged", 90, "a0")


def test_the_mark_only_rises_by_arming(ledger: SqlLedger) -> None:
    """Arming less than was armed leaves the mark where it is."""
    ledger.arm(8)
    ledger.arm(3)
    assert ledger.standing().armed_upto == 8


def test_the_mark_goes_back_only_over_what_has_not_left(ledger: SqlLedger) -> None:
    """Coming to rest lowers the mark to what left, and never below a message that did."""
    ledger.arm(8)
    ledger.record(Group(sent=[(0, 100), (1, 100)]))
    ledger.rest(1)
    assert ledger.standing().armed_upto == 8
    ledger.rest(2)
    assert ledger.standing().armed_upto == 2


def test_facts_are_kept(ledger: SqlLedger) -> None:
    """An answer, a refusal, a receipt and an arrival stand in the rows as they came."""
    ledger.note({"phase": "sending", "schedule": [[0, 10]]})
    answers = [Answer(0, 11, 30, 0, "id 1"), Answer(1, 21, 31, 0x58, "")]
    reports = [Report(0, 50, "DELIVRD", "000")]
    ledger.record(Group(answers=answers, reports=reports, arrivals=[Arrival(0, 45, "1069", False)]))
    assert Row(
        seq=0,
        number_id=1,
        carrier="cmcc",
        token="TOKEN0",
        state="acknowledged",
        due_ns=10,
        sent_ns=11,
        ack_ns=30,
        status=0,
        message_id="id 1",
        receipt="DELIVRD",
        receipt_ns=50,
        receipt_code="000",
        handset_ns=45,
        handset_text_same=False,
        handset_from="1069",
    ) == row(ledger, 0)
    assert (row(ledger, 1).state, row(ledger, 1).status) == ("refused", 0x58)


def test_a_later_fact_takes_no_earlier_one_away(ledger: SqlLedger) -> None:
    """A final receipt, the first arrival and an answer stay; a preliminary receipt gives way."""
    ledger.record(Group(sent=[(0, 1)], reports=[Report(0, 5, "ENROUTE", "")]))
    ledger.record(Group(answers=[Answer(0, 1, 2, 0, "a")], reports=[Report(0, 6, "UNDELIV", "9")]))
    ledger.record(
        Group(reports=[Report(0, 7, "DELIVRD", "0")], arrivals=[Arrival(0, 7, "a", True)])
    )
    ledger.record(Group(sent=[(0, 3)], lost=[0], arrivals=[Arrival(0, 9, "b", False)]))
    seen = row(ledger, 0)
    assert (
        seen.state,
        seen.receipt,
        seen.receipt_ns,
        seen.handset_ns,
        seen.handset_from,
    ) == ("acknowledged", "UNDELIV", 6, 7, "a")


def test_a_given_up_message_is_unknown_until_answered(ledger: SqlLedger) -> None:
    """What was not answered in time is unknown, with the time it left; a late answer counts."""
    ledger.record(Group(sent=[(0, 5)], lost=[0]))
    assert (row(ledger, 0).state, row(ledger, 0).sent_ns) == ("unknown", 5)
    ledger.record(Group(answers=[Answer(0, 5, 900, 0, "late")]))
    assert row(ledger, 0).state == "acknowledged"


def test_a_note_shows_in_the_run_and_in_the_rows(stage: Stage, ledger: SqlLedger) -> None:
    """The phase is the run's state; held messages and proven handsets show in the rows."""
    note = {"phase": "observing", "blocked": [[2, 4]], "panel_alive": True}
    ledger.note(note | {"closes_at": "2026-11-22T12:00:00+00:00"})
    run = stage.look(ledger.run_id)
    assert (run.state, run.closes_at.hour if run.closes_at else None) == ("observing", 12)
    assert [each.seq for each in ledger.rows() if each.blocked] == [2, 3]
    assert all(each.alive for each in ledger.rows())
