"""Vendors push receipts to us over real HTTP, each as its documentation shows."""

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bot.inbound import receipts
from bot.settings import load
from bot.store import pushed, sends
from bot.store.database import Database
from bot.store.tables import Connection
from tests.integration.phone_stage import post, serving

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REPORT = {
    "error_detail": "",
    "sid": "9527",
    "uid": None,
    "user_receive_time": "2014-03-17 22:55:21",
    "error_msg": "",
    "mobile": "13900000001",
    "report_status": "SUCCESS",
}


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database.open(load({"SMSVET_HOME": str(home)}))
    yield opened
    opened.close()


def line(database: Database, vendor: str, **secret: str) -> int:
    """A connection to a vendor's HTTP interface, called `my line`; its id."""
    with database.write() as session:
        row = Connection(name="my line", protocol="http", created_at=datetime.now(UTC))
        row.options = {"vendor": vendor, "callback": secret.pop("callback", "")}
        return sends.add_connection(session, database.vault, row, secret).id or 0


def kept(database: Database, line_id: int) -> list[pushed.Kept]:
    with database.read() as session:
        return pushed.after(session, line_id, 0, 10)[0]


def yunpian(*reports: dict[str, str | None]) -> bytes:
    return urlencode({"sms_status": json.dumps(reports)}).encode()


def test_receipts_are_kept_before_they_are_acknowledged(database: Database) -> None:
    """A push is on disk when the vendor hears what it wants to hear, and is read with a cursor."""
    line_id = line(database, "yunpian", apikey="k")
    body = yunpian(REPORT, REPORT | {"sid": "9528", "report_status": "FAIL", "error_msg": "BLACK"})
    with serving(database) as port:
        answer = post(port, receipts.path(database, "my line"), body, FORM)
    assert (answer.status, answer.body) == (200, b"SUCCESS")
    found = [(one.message_id, one.state, one.err) for one in kept(database, line_id)]
    assert found == [("9527", "DELIVRD", ""), ("9528", "UNDELIV", "BLACK")]
    assert kept(database, line_id)[0].reported_ns == 1_395_068_121_000_000_000
    with database.write() as session:
        after, cursor = pushed.after(session, line_id, 0, 1)
        assert ["9527"] == [one.message_id for one in after]
        assert pushed.newest(session, line_id) == cursor + 1
        pushed.taken(session, line_id, cursor)


def test_no_number_is_stored_in_clear(database: Database, home: Path) -> None:
    """The number a receipt names is a blind index, and the raw push is sealed."""
    line(database, "yunpian", apikey="k")
    with serving(database) as port:
        post(port, receipts.path(database, "my line"), yunpian(REPORT), FORM)
    with sqlite3.connect(home / "smsvet.db") as sql:
        row = sql.execute("select number, raw_sealed from pushed_receipt").fetchone()
    sql.close()
    assert row[0] == database.vault.index("13900000001")
    assert b"13900000001" not in row[1]
    assert "13900000001" in database.vault.unseal(row[1], pushed.ABOUT)


def test_an_address_nobody_was_given_is_not_there(database: Database) -> None:
    """Without the secret word in the address, or for another connection, it is an empty 404."""
    line_id = line(database, "yunpian", apikey="k")
    good = receipts.path(database, "my line")
    wrong = [good[:-1] + "x", good.replace("my", "your"), receipts.path(database, "your line")]
    with serving(database) as port:
        answers = [post(port, path, yunpian(REPORT), FORM) for path in wrong]
    assert [(404, b"")] * 3 == [(each.status, each.body) for each in answers]
    assert kept(database, line_id) == []


def test_a_vendor_that_signs_has_its_signature_checked(database: Database) -> None:
    """Twilio signs address and parameters; with another token nothing is kept."""
    callback = "https://smsvet.example" + receipts.path(database, "my line")
    line_id = line(database, "twilio", account_sid="AC1", auth_token="t", callback=callback)
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+8613900000001"}
    said = callback + "".join(name + value for name, value in sorted(fields.items()))
    statuses = []
    with serving(database) as port:
        for token in (b"another", b"t"):
            made = base64.b64encode(hmac.new(token, said.encode(), hashlib.sha1).digest()).decode()
            headers = FORM | {"X-Twilio-Signature": made}
            path = receipts.path(database, "my line")
            statuses.append(post(port, path, urlencode(fields).encode(), headers).status)
    assert statuses == [403, 204]
    assert [("SM1", "DELIVRD")] == [(one.message_id, one.state) for one in kept(database, line_id)]


def test_garbage_at_a_receipt_address_is_no_crash(database: Database) -> None:
    """What is not a report is refused as the vendor's interface allows, and nothing is kept."""
    line_id = line(database, "yunpian", apikey="k")
    bodies = [b"", b"sms_status=", b"sms_status=%5B%5B", b"\xff" * 50, b"sms_status=[[1]]"]
    with serving(database) as port:
        path = receipts.path(database, "my line")
        statuses = {post(port, path, body, FORM).status for body in bodies}
    assert statuses <= {200, 400}
    assert kept(database, line_id) == []
