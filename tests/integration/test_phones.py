"""Real phones post what they show, as their apps do, over real HTTP."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.inbound.panel import SqlPanel
from bot.inbound.reread import Reach
from bot.settings import load
from bot.store import chats, confirmed, handsets, people
from bot.store.database import Database
from bot.store.tables import Conversation, Handset, Message, Presence, Run, Sighting
from evaluators.sending.panel import up
from tests.integration.phone_stage import (
    EITHER_APP,
    SECRET,
    TEXT,
    TOKENS,
    Forwarder,
    Gateway,
    Inbox,
    app_server,
    handset,
    listed,
    on_the_panel,
    phone_in_a_run,
    running,
    serving,
    shown,
)

SECOND = 1_000_000_000


@pytest.fixture
def port(database: Database) -> Iterator[int]:
    with serving(database) as listening:
        yield listening


@EITHER_APP
def test_a_text_on_a_phone_is_seen_by_the_test(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """What a phone received reaches the panel of the run with sender, text and time."""
    run = phone_in_a_run(database, kind)
    assert app(port, "t1").receive(TEXT, "1069000000").status == 200
    (found,) = shown(database, run)
    assert ("13900000001", "1069000000", TEXT, "webhook") == (
        found.number,
        found.sender,
        found.text,
        found.source,
    )
    assert 0 <= time.time_ns() - found.received_ns < 10 * SECOND


@EITHER_APP
def test_what_is_not_of_a_test_is_not_kept(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """A private text shows only that the phone is up; nothing of it is stored."""
    phone_in_a_run(database, kind)
    assert app(port, "t1").receive("妈妈:晚上回来吃饭吗", "13900000009").status == 200
    with database.read() as session:
        assert session.exec(select(Sighting)).all() == []
    assert handset(database).beat_at is not None


def test_a_text_for_another_number_is_not_kept(database: Database, port: int) -> None:
    """A code counts only on the phone of the number it was sent to."""
    first, second = listed(database), listed(database, "13900000002")
    on_the_panel(database, first, "smsforwarder")
    run = running(database, [second], TOKENS)
    assert Forwarder(port, "t1").receive(TEXT).status == 200
    assert shown(database, run) == []


@EITHER_APP
def test_a_heartbeat_shows_that_a_phone_is_up(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """A heartbeat keeps a phone alive; without one it is silent."""
    run = phone_in_a_run(database, kind)
    panel = SqlPanel(database, run)
    assert (panel.alive(), panel.silent()) == (False, frozenset({"13900000001"}))
    assert app(port, "t1").beat().status == 200
    assert (panel.alive(), panel.silent()) == (True, frozenset())


def test_a_form_is_read_like_json(database: Database, port: int) -> None:
    """The same template written as a form is taken as well."""
    run = phone_in_a_run(database, "smsforwarder")
    phone = Forwarder(port, "t1")
    body, headers = phone.request(TEXT, "1069", form=True)
    assert phone.send(body, headers).status == 200
    assert [TEXT] == [each.text for each in shown(database, run)]


@EITHER_APP
def test_a_repeated_request_counts_once(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """An app that sends the same text again, or somebody who replays it, adds nothing."""
    run = phone_in_a_run(database, kind)
    phone, at = app(port, "t1"), time.time_ns() / 1e9
    moment: dict[str, Any] = {"received" if isinstance(phone, Forwarder) else "centre": at}
    assert [200] * 3 == [phone.receive(TEXT, **moment).status for _ in range(3)]
    assert len(shown(database, run)) == 1


def test_the_same_text_twice_is_two_sightings(database: Database, port: int) -> None:
    """A text that came to the phone twice is shown twice: the vendor may have sent it twice."""
    run = phone_in_a_run(database, "smsforwarder")
    now = time.time_ns() / 1e9
    for ago_s in (2.0, 1.0):
        Forwarder(port, "t1").receive(TEXT, received=now - ago_s)
    assert len(shown(database, run)) == 2


def test_a_clock_that_is_off_is_set_right(database: Database, port: int) -> None:
    """A phone forty seconds ahead tells its own time; we see ours, and how sure it is."""
    run = phone_in_a_run(database, "smsforwarder")
    phone = Forwarder(port, "t1", ahead_s=40.0)
    for _ in range(5):
        phone.beat()
    before_ns = time.time_ns()
    phone.receive(TEXT)
    found, row = shown(database, run)[0], handset(database)
    assert row.clock_offset_ms is not None
    assert -40_000 <= row.clock_offset_ms < -39_000
    assert row.clock_unsure_ms is not None
    assert row.clock_unsure_ms >= 200
    assert abs(found.received_ns - before_ns) < 2 * SECOND
    assert found.unsure_ns == row.clock_unsure_ms * 1_000_000


def test_a_late_forward_keeps_the_time_the_phone_got_it(database: Database, port: int) -> None:
    """A text that was passed on two hours late counts as of when the phone got it."""
    run = phone_in_a_run(database, "smsforwarder")
    now = time.time_ns() / 1e9
    Forwarder(port, "t1").receive(TEXT, received=now - 7200)
    assert abs(shown(database, run)[0].received_ns / 1e9 - (now - 7200)) < 1


def test_a_message_centre_time_is_only_a_bound(database: Database, port: int) -> None:
    """SMS Gateway tells the message centre's time: the text came between that and the post."""
    run = phone_in_a_run(database, "android-sms-gateway")
    now = time.time_ns() / 1e9
    Gateway(port, "t1").receive(TEXT, centre=now - 30)
    found = shown(database, run)[0]
    assert abs(found.received_ns / 1e9 - now) < 2
    assert found.unsure_ns is not None
    assert 28 * SECOND <= found.unsure_ns <= 33 * SECOND


def test_everything_is_still_there_after_a_restart(home: Path) -> None:
    """Sightings and heartbeats survive the end of the process; the cursor goes on."""
    settings = load({"SMSVET_HOME": str(home)})
    first = Database.open(settings)
    number = listed(first)
    on_the_panel(first, number, "smsforwarder")
    run = running(first, [number], TOKENS)
    with serving(first) as port:
        Forwarder(port, "t1").receive(TEXT)
        _, cursor = SqlPanel(first, run).inbox(0, 10)
    first.close()
    again = Database.open(settings)
    with serving(again) as port:
        Forwarder(port, "t1").receive(TEXT.replace(TOKENS[0], TOKENS[1]))
        panel = SqlPanel(again, run)
        assert [TOKENS[1] in each.text for each in panel.inbox(cursor, 10)[0]] == [True]
        assert len(panel.inbox(0, 10)[0]) == 2
        assert len(panel.inbox(0, 1)[0]) == 1
    again.close()


def test_a_lost_heartbeat_leaves_a_gap(database: Database) -> None:
    """A phone counts as up over two missing beats, not over three; each stretch is kept."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    start = 1_800_000_000 * SECOND
    for minute in (0, 1, 3, 6, 20, 21):
        with database.write() as session:
            row = session.exec(select(Handset)).one()
            handsets.beat(session, row, start + minute * 60 * SECOND)
    with database.read() as session:
        kept = [
            (row.from_ns - start, row.upto_ns - start) for row in session.exec(select(Presence))
        ]
        found = handsets.spans(session, {number})[number]
    minutes = [(first // (60 * SECOND), last // (60 * SECOND)) for first, last in kept]
    assert minutes == [(0, 6), (20, 21)]

    def at(minute: float) -> int:
        return start + int(minute * 60) * SECOND

    assert up(found, at(2), at(7))
    assert not up(found, at(2), at(9))
    assert not up(found, at(10), at(11))
    assert up(found, at(19), at(22))


@pytest.mark.parametrize("kind", ["smsforwarder", "android-sms-gateway"])
def test_an_inbox_is_looked_through_before_a_loss_counts(database: Database, kind: str) -> None:
    """A text that was never passed on is found in the phone's inbox, once, marked as re-read."""
    number, now = listed(database), time.time_ns() // 1_000_000
    inbox = Inbox()
    with app_server(inbox):
        login = "" if kind == "smsforwarder" else "sms"
        reach = Reach(f"http://127.0.0.1:{inbox.port}", SECRET, login)
        on_the_panel(database, number, kind, reach=reach, clock_offset_ms=0, clock_unsure_ms=300)
        run = running(database, [number], TOKENS)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1000))
        if kind == "smsforwarder":
            texts = [(TEXT, "1069"), ("private", "13900000009")]
            inbox.texts = [
                {"number": sender, "content": text, "date": now, "type": 1, "sim_id": 1}
                for text, sender in texts
            ]
        else:
            listing = {"id": "one", "type": "SMS", "sender": "1069", "recipient": None}
            inbox.texts = [listing | {"contentPreview": TEXT, "createdAt": stamp, "simNumber": 1}]
        panel = SqlPanel(database, run)
        assert [frozenset()] * 2 == [panel.reread(), panel.reread()]
    (found,) = shown(database, run)
    assert (TEXT, "reread") == (found.text, found.source)
    assert found.unsure_ns == 300_000_000 or kind == "android-sms-gateway"
    assert handset(database).reread_at is not None


def test_what_was_passed_on_is_not_found_again(database: Database, port: int) -> None:
    """A re-read inbox adds nothing that the phone had passed on already."""
    number, now = listed(database), time.time_ns() // 1_000_000
    inbox = Inbox([{"number": "1069", "content": TEXT, "date": now, "type": 1, "sim_id": 1}])
    with app_server(inbox):
        reach = Reach(f"http://127.0.0.1:{inbox.port}", SECRET)
        on_the_panel(database, number, "smsforwarder", reach=reach)
        run = running(database, [number], TOKENS)
        Forwarder(port, "t1").receive(TEXT, "1069")
        SqlPanel(database, run).reread()
    assert ["webhook"] == [each.source for each in shown(database, run)]


@pytest.mark.parametrize("password", ["wrong", SECRET])
def test_a_phone_that_cannot_be_asked_is_named(database: Database, password: str) -> None:
    """A phone that is away, or lets us not in, is among those that could not be asked."""
    number, inbox = listed(database), Inbox()
    with app_server(inbox):
        address = f"http://127.0.0.1:{inbox.port if password == 'wrong' else 1}"
        reach = Reach(address, password, "sms")
        on_the_panel(database, number, "android-sms-gateway", reach=reach)
        run = running(database, [number], TOKENS)
        assert SqlPanel(database, run).reread() == frozenset({"13900000001"})


def told(database: Database) -> list[str]:
    """What waits to be said in the conversation of the phone's owner."""
    with database.read() as session:
        return [reply.text for reply in chats.undelivered(session, "terminal:lin")]


def test_people_are_asked_for_what_their_phones_show(database: Database) -> None:
    """Once as the test begins, once more for what is missing, and no third time."""
    now = datetime.now(UTC)
    with database.write() as session:
        everything = frozenset({"technical"})
        person = people.enrol(session, "terminal", "lin", roles=everything, now=now)
        owner = person.id or 0
        session.add(Conversation(id="terminal:lin", person_id=owner, updated_at=now))
    number = listed(database)
    on_the_panel(database, number, "person", token="p1", person_id=owner)
    run = running(database, [number], TOKENS)
    with database.write() as session:
        session.get_one(Run, run).plan = {"window_s": 600}
    clock = Clock(time.time_ns())
    panel = SqlPanel(database, run, clock)
    for _ in range(3):
        panel.inbox(0, 10)
        clock.at_ns += 10 * SECOND
    (begins,) = told(database)
    assert "3 条短信发到您的手机“p1”" in begins
    with database.write() as session:
        confirmed.keep(session, database.vault, owner, TOKENS[:1], now=now)
        session.get_one(Message, (run, 0)).handset_ns = 1
    clock.at_ns += 400 * SECOND
    for wanted in (SqlPanel(database, run, clock), panel, panel):
        wanted.inbox(0, 10)
        clock.at_ns += 10 * SECOND
    (missing,) = told(database)  # what was not read yet is said once
    assert "还有 2 条没有看到编号" in missing
    (found,) = panel.inbox(0, 10)[0]
    assert (TOKENS[0], "typed", None) == (found.text, found.source, found.unsure_ns)


@dataclass
class Clock:
    at_ns: int

    def __call__(self) -> int:
        return self.at_ns
