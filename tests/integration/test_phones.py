"""Real phones post what they show, as their apps do, over real HTTP."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from bot.inbound.limits import Limits
from bot.inbound.panel import SqlPanel
from bot.inbound.reread import Reach
from bot.settings import load
from bot.store import chats, confirmed, handsets, people
from bot.store.database import Database
from bot.store.tables import Conversation, Handset, Message, Presence, Run, Sighting
from evaluators.sending.panel import Shown, up
from tests.integration.phone_stage import (
    SECRET,
    Answer,
    Forwarder,
    Gateway,
    Inbox,
    Phone,
    app_server,
    listed,
    on_the_panel,
    post,
    running,
    serving,
)

TOKENS = ["A3K9PX", "C4D6FG", "H7J9KM"]
TEXT = "【到达测试】编号 A3K9PX,无需处理。"
SECOND = 1_000_000_000
KINDS = [("smsforwarder", Forwarder), ("android-sms-gateway", Gateway)]


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database.open(load({"SMSVET_HOME": str(home)}))
    yield opened
    opened.close()


@pytest.fixture
def port(database: Database) -> Iterator[int]:
    with serving(database) as listening:
        yield listening


def shown(database: Database, run_id: int) -> list[Shown]:
    found, _ = SqlPanel(database, run_id).inbox(0, 100)
    return found


def handset(database: Database) -> Handset:
    with database.read() as session:
        return session.exec(select(Handset)).one()


@pytest.mark.parametrize(("kind", "app"), KINDS, ids=[kind for kind, _ in KINDS])
def test_a_text_on_a_phone_is_seen_by_the_test(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """What a phone received reaches the panel of the run with sender, text and time."""
    number = listed(database)
    on_the_panel(database, number, kind)
    run = running(database, [number], TOKENS)
    assert app(port, "t1").receive(TEXT, "1069000000").status == 200
    (found,) = shown(database, run)
    assert ("13900000001", "1069000000", TEXT, "webhook") == (
        found.number,
        found.sender,
        found.text,
        found.source,
    )
    assert 0 <= time.time_ns() - found.received_ns < 10 * SECOND


@pytest.mark.parametrize(("kind", "app"), KINDS, ids=[kind for kind, _ in KINDS])
def test_what_is_not_of_a_test_is_not_kept(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """A private text shows only that the phone is up; nothing of it is stored."""
    number = listed(database)
    on_the_panel(database, number, kind)
    running(database, [number], TOKENS)
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


@pytest.mark.parametrize(("kind", "app"), KINDS, ids=[kind for kind, _ in KINDS])
def test_a_heartbeat_shows_that_a_phone_is_up(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """A heartbeat keeps a phone alive; without one it is silent."""
    number = listed(database)
    on_the_panel(database, number, kind)
    run = running(database, [number], TOKENS)
    panel = SqlPanel(database, run)
    assert (panel.alive(), panel.silent()) == (False, frozenset({"13900000001"}))
    assert app(port, "t1").beat().status == 200
    assert (panel.alive(), panel.silent()) == (True, frozenset())


def test_a_form_is_read_like_json(database: Database, port: int) -> None:
    """The same template written as a form is taken as well."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    run = running(database, [number], TOKENS)
    phone = Forwarder(port, "t1")
    body, headers = phone.request(TEXT, "1069", form=True)
    assert phone.send(body, headers).status == 200
    assert [TEXT] == [each.text for each in shown(database, run)]


def refused(database: Database, answer: Answer, run: int) -> tuple[int, bytes, int, str]:
    return answer.status, answer.body, len(shown(database, run)), handset(database).trouble


@pytest.mark.parametrize(("kind", "app"), KINDS, ids=[kind for kind, _ in KINDS])
def test_a_wrong_signature_is_refused(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """What is not signed with the phone's own secret is not taken, and the list says so."""
    number = listed(database)
    on_the_panel(database, number, kind)
    run = running(database, [number], TOKENS)
    answer = app(port, "t1", "another secret").receive(TEXT)
    assert refused(database, answer, run) == (403, b"", 0, "signature")
    assert handset(database).beat_at is None


@pytest.mark.parametrize("ahead_s", [-400.0, 400.0])
@pytest.mark.parametrize(("kind", "app"), KINDS, ids=[kind for kind, _ in KINDS])
def test_an_old_or_future_time_is_refused(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway], ahead_s: float
) -> None:
    """A request signed more than five minutes from now is refused, and the list names the clock."""
    number = listed(database)
    on_the_panel(database, number, kind)
    run = running(database, [number], TOKENS)
    answer = app(port, "t1", ahead_s=ahead_s).receive(TEXT)
    assert refused(database, answer, run) == (403, b"", 0, "clock")


def test_a_template_that_lacks_the_text_is_named(database: Database, port: int) -> None:
    """Signed well but without the text: refused, and the list says that the fields are wrong."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    run = running(database, [number], TOKENS)
    phone = Forwarder(port, "t1")
    body, headers = phone.request(TEXT, "1069")
    answer = phone.send(body.replace(b'"text"', b'"content"'), headers)
    assert refused(database, answer, run) == (422, b"", 0, "fields")


@pytest.mark.parametrize(("kind", "app"), KINDS, ids=[kind for kind, _ in KINDS])
def test_a_repeated_request_counts_once(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """An app that sends the same text again, or somebody who replays it, adds nothing."""
    number = listed(database)
    on_the_panel(database, number, kind)
    run = running(database, [number], TOKENS)
    phone, at = app(port, "t1"), time.time_ns() / 1e9
    moment = {"received" if isinstance(phone, Forwarder) else "centre": at}
    assert [200] * 3 == [phone.receive(TEXT, **moment).status for _ in range(3)]
    assert len(shown(database, run)) == 1


def test_the_same_text_twice_is_two_sightings(database: Database, port: int) -> None:
    """A text that came to the phone twice is shown twice: the vendor may have sent it twice."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    run = running(database, [number], TOKENS)
    now = time.time_ns() / 1e9
    for ago_s in (2.0, 1.0):
        Forwarder(port, "t1").receive(TEXT, received=now - ago_s)
    assert len(shown(database, run)) == 2


def test_strangers_are_told_nothing(database: Database, port: int) -> None:
    """Unknown phones, addresses and methods all get the same empty 404."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    on_the_panel(database, listed(database, "13900000002"), "person", token="p1")
    answers = [
        Phone(port, "nobody").send(b"{}", {}),
        Phone(port, "p1").send(b"{}", {}),
        *(post(port, path, b"") for path in ("/", "/phones", "/docs", "/health", "/receipts/a/b")),
    ]
    assert [(404, b"")] * 7 == [(each.status, each.body) for each in answers]


def test_a_retired_phone_is_a_stranger(database: Database, port: int) -> None:
    """After `retire` nothing more is taken from a phone."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    with database.write() as session:
        row = session.exec(select(Handset)).one()
        row.retired_at = row.created_at
        session.add(row)
    assert Forwarder(port, "t1").receive(TEXT).status == 404


def test_a_giant_body_is_not_read(database: Database, port: int) -> None:
    """A body beyond the cap is refused with 413."""
    assert post(port, "/phones/t1", b"x" * 200_000).status == 413


def test_a_body_that_never_comes_holds_nobody_up(database: Database, port: int) -> None:
    """A request that stops in the middle does not keep others from being answered."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))) as slow:
        slow.sendall(b"POST /phones/t1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
        assert Forwarder(port, "t1").beat().status == 200


def test_garbage_is_no_crash(database: Database, port: int) -> None:
    """Whatever bytes a body holds, the answer is a refusal."""
    on_the_panel(database, listed(database), "smsforwarder")
    on_the_panel(database, listed(database, "13900000002"), "android-sms-gateway", token="g1")
    bodies = [b"", b"{", b"[" * 60_000, b"\xff\xfe", b'{"timestamp":"\\ud800","sign":"\\ud800"}']
    statuses = {
        Phone(port, token).send(body, {"X-Timestamp": "9" * 5000, "X-Signature": "\u00e9"}).status
        for body in bodies
        for token in ("t1", "g1")
    }
    assert statuses == {403}


def test_too_many_requests_are_turned_away(database: Database) -> None:
    """An address that is asked for without end is answered 429, and another one is not."""
    with serving(database, Limits(per_s=0.01, at_once=3)) as port:
        statuses = [Phone(port, "guess").send(b"", {}).status for _ in range(5)]
        assert statuses == [404] * 3 + [429] * 2
        assert Phone(port, "another").send(b"", {}).status == 404


def test_a_clock_that_is_off_is_set_right(database: Database, port: int) -> None:
    """A phone forty seconds ahead tells its own time; we see ours, and how sure it is."""
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    run = running(database, [number], TOKENS)
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
    number = listed(database)
    on_the_panel(database, number, "smsforwarder")
    run = running(database, [number], TOKENS)
    now = time.time_ns() / 1e9
    Forwarder(port, "t1").receive(TEXT, received=now - 7200)
    assert abs(shown(database, run)[0].received_ns / 1e9 - (now - 7200)) < 1


def test_a_message_centre_time_is_only_a_bound(database: Database, port: int) -> None:
    """SMS Gateway tells the message centre's time: the text came between that and the post."""
    number = listed(database)
    on_the_panel(database, number, "android-sms-gateway")
    run = running(database, [number], TOKENS)
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
        session.add(Conversation(id="terminal:lin", person_id=person.id, updated_at=now))
        owner = person.id
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
        confirmed.keep(session, database.vault, owner or 0, TOKENS[:1], now=now)
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
