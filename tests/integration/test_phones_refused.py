"""What a phone's post is refused for, over real HTTP."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from sqlmodel import select

from bot.inbound.limits import Limits
from bot.store.database import Database
from bot.store.tables import Handset
from tests.integration.phone_stage import (
    EITHER_APP,
    TEXT,
    Answer,
    Forwarder,
    Gateway,
    Phone,
    handset,
    listed,
    on_the_panel,
    phone_in_a_run,
    post,
    serving,
    shown,
)


@pytest.fixture
def port(database: Database) -> Iterator[int]:
    with serving(database) as listening:
        yield listening


def refused(database: Database, answer: Answer, run: int) -> tuple[int, bytes, int, str]:
    return answer.status, answer.body, len(shown(database, run)), handset(database).trouble


@EITHER_APP
def test_a_wrong_signature_is_refused(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway]
) -> None:
    """What is not signed with the phone's own secret is not taken, and the list says so."""
    run = phone_in_a_run(database, kind)
    answer = app(port, "t1", "another secret").receive(TEXT)
    assert refused(database, answer, run) == (403, b"", 0, "signature")
    assert handset(database).beat_at is None


@pytest.mark.parametrize("ahead_s", [-400.0, 400.0])
@EITHER_APP
def test_an_old_or_future_time_is_refused(
    database: Database, port: int, kind: str, app: type[Forwarder] | type[Gateway], ahead_s: float
) -> None:
    """A request signed more than five minutes from now is refused, and the list names the clock."""
    run = phone_in_a_run(database, kind)
    answer = app(port, "t1", ahead_s=ahead_s).receive(TEXT)
    assert refused(database, answer, run) == (403, b"", 0, "clock")


def test_a_template_that_lacks_the_text_is_named(database: Database, port: int) -> None:
    """Signed well but without the text: refused, and the list says that the fields are wrong."""
    run = phone_in_a_run(database, "smsforwarder")
    phone = Forwarder(port, "t1")
    body, headers = phone.request(TEXT, "1069")
    answer = phone.send(body.replace(b'"text"', b'"content"'), headers)
    assert refused(database, answer, run) == (422, b"", 0, "fields")


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
