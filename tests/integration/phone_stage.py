"""Phones that post as their apps do, and a server of ours that they post to over real HTTP.

What each app sends is written here anew, from its documentation and source, so that what reads it
is not judged by itself.
"""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest
import uvicorn
from sqlmodel import select

from bot.inbound.limits import Limits
from bot.inbound.panel import ABOUT_REACH, SqlPanel
from bot.inbound.phones import ABOUT_SECRET
from bot.inbound.reread import Reach
from bot.inbound.web import application
from bot.store.database import Database
from bot.store.tables import Connection, Handset, Message, Number, Run
from evaluators.sending.panel import Shown

CHINA = timezone(timedelta(hours=8))
SECRET = "a secret of this phone"
TOKENS = ["A3K9PX", "C4D6FG", "H7J9KM"]
TEXT = "【到达测试】编号 A3K9PX,无需处理。"


@dataclass
class Answer:
    status: int
    body: bytes


def post(port: int, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()


@dataclass
class Phone:
    """A phone with a clock of its own, `ahead_s` of ours."""

    port: int
    token: str
    secret: str = SECRET
    ahead_s: float = 0.0

    def now(self) -> float:
        return time.time_ns() / 1e9 + self.ahead_s

    def send(self, body: bytes, headers: dict[str, str], path: str = "") -> Answer:
        return post(self.port, path or f"/phones/{self.token}", body, headers)


class Forwarder(Phone):
    """SmsForwarder's webhook channel with the template of the instructions."""

    def receive(self, text: str, sender: str = "10690000", **more: Any) -> Answer:
        """A text has come to the phone: it posts it."""
        body, headers = self.request(text, sender, **more)
        return self.send(body, headers)

    def request(
        self, text: str, sender: str, *, received: float | None = None, form: bool = False
    ) -> tuple[bytes, dict[str, str]]:
        stamp = str(int(self.now() * 1000))
        made = hmac.new(self.secret.encode(), f"{stamp}\n{self.secret}".encode(), hashlib.sha256)
        sign = quote_plus(base64.b64encode(made.digest()).decode())
        at = datetime.fromtimestamp(received or self.now(), CHINA)
        fields = {
            "from": sender,
            "text": text,
            "received": at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03}+0800",
            "timestamp": stamp,
            "sign": sign,
        }
        if form:
            return urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        return json.dumps(fields, ensure_ascii=False).encode(), {"Content-Type": "application/json"}

    def beat(self) -> Answer:
        """Its scheduled task: a message like any other, from the task."""
        return self.receive("up", "heartbeat")


class Gateway(Phone):
    """SMS Gateway for Android's webhooks."""

    def receive(self, text: str, sender: str = "10690000", centre: float | None = None) -> Answer:
        at = datetime.fromtimestamp(centre or time.time_ns() / 1e9, CHINA)
        payload = {
            "messageId": "abc123",
            "message": text,
            "sender": sender,
            "phoneNumber": sender,
            "simNumber": 1,
            "receivedAt": at.strftime("%Y-%m-%dT%H:%M:%S.000+08:00"),
        }
        return self.event("sms:received", payload)

    def beat(self) -> Answer:
        return self.event("system:ping", {"health": {"status": "pass"}})

    def event(self, name: str, payload: dict[str, Any]) -> Answer:
        body, headers = self.request(name, payload)
        return self.send(body, headers)

    def request(self, name: str, payload: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        event = {"deviceId": "ffff", "event": name, "id": "Ey6EC", "payload": payload}
        body = json.dumps(event | {"webhookId": "one"}, ensure_ascii=False).encode()
        stamp = str(int(self.now()))
        made = hmac.new(self.secret.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
        headers = {"X-Signature": made, "X-Timestamp": stamp, "Content-Type": "application/json"}
        return body, headers


APPS = [("smsforwarder", Forwarder), ("android-sms-gateway", Gateway)]
EITHER_APP = pytest.mark.parametrize(("kind", "app"), APPS, ids=[kind for kind, _ in APPS])


@dataclass
class Inbox:
    """The server inside an app: what the phone's inbox holds, and what it was asked."""

    texts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def forwarder(self, asked: dict[str, Any]) -> dict[str, Any]:
        """`/sms/query` of SmsForwarder with signatures switched on."""
        stamp = str(asked["timestamp"])
        made = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if quote_plus(base64.b64encode(made).decode()) != asked["sign"]:
            return {"timestamp": 1, "code": 500, "msg": "签名校验失败"}
        data, size = asked["data"], asked["data"]["page_size"]
        newest = sorted(self.texts, key=lambda each: -each["date"])
        found = newest[(data["page_num"] - 1) * size : data["page_num"] * size]
        return {"timestamp": 1, "code": 200, "msg": "success", "data": found}

    def gateway(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        """`GET /inbox` of SMS Gateway's local server."""
        first = int(asked["offset"])
        return self.texts[first : first + int(asked["limit"])]


@contextmanager
def app_server(inbox: Inbox) -> Iterator[Inbox]:
    """The app's own server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            inbox.asked.append(self.path)
            if self.path == "/sms/query":
                self._answer(200, inbox.forwarder(json.loads(raw)))
            else:
                self._answer(202 if self._let_in() else 401, None)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            inbox.asked.append(parts.path)
            asked = {name: each[0] for name, each in parse_qs(parts.query).items()}
            good = self._let_in() and parts.path == "/inbox"
            self._answer(200 if good else 401, inbox.gateway(asked) if good else None)

        def _let_in(self) -> bool:
            word = base64.b64encode(f"sms:{SECRET}".encode()).decode()
            return self.headers.get("Authorization") == f"Basic {word}"

        def _answer(self, status: int, body: Any) -> None:
            said = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving(database: Database, limits: Limits | None = None, **more: Any) -> Iterator[int]:
    """Our web application on a thread; its port."""
    web = application(database, time.time_ns, time.monotonic, limits, **more)
    config = uvicorn.Config(web, port=0, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def listed(database: Database, number: str = "13900000001", **more: Any) -> int:
    """A listed real number; its id."""
    with database.write() as session:
        row = Number(
            blind=database.vault.index(number),
            number_sealed=database.vault.seal(number, "number"),
            carrier="cmcc",
            consent="signed",
            consented_at=datetime.now(UTC),
            **more,
        )
        session.add(row)
        session.flush()
        return row.id or 0


def on_the_panel(
    database: Database, number_id: int, kind: str, *, reach: Reach | None = None, **more: Any
) -> int:
    """A phone on the panel; its id. It posts to `t1` unless told otherwise."""
    token = more.pop("token", "t1")
    vault = database.vault
    with database.write() as session:
        row = Handset(
            number_id=number_id,
            name=token,
            kind=kind,
            token=vault.index(token),
            secret_sealed=vault.seal(SECRET, ABOUT_SECRET),
            reach_sealed=vault.seal(reach.to_json(), ABOUT_REACH) if reach else None,
            created_at=datetime.now(UTC),
            **more,
        )
        session.add(row)
        session.flush()
        return row.id or 0


def running(database: Database, numbers: list[int], tokens: list[str]) -> int:
    """A test over a real line that texted these numbers just now; its id."""
    now, now_ns = datetime.now(UTC), time.time_ns()
    with database.write() as session:
        line = Connection(name=f"line {now_ns}", created_at=now)
        session.add(line)
        session.flush()
        run = Run(
            connection_id=line.id or 0,
            state="sending",
            planned_at=now,
            confirmed_at=now,
            started_at=now,
        )
        session.add(run)
        session.flush()
        for seq, token in enumerate(tokens):
            session.add(
                Message(
                    run_id=run.id or 0,
                    seq=seq,
                    number_id=numbers[seq % len(numbers)],
                    token=token,
                    sent_ns=now_ns,
                    state="sent",
                )
            )
        return run.id or 0


def phone_in_a_run(database: Database, kind: str) -> int:
    """A phone `t1` of this kind, in a test that texted it just now; the test's id."""
    number = listed(database)
    on_the_panel(database, number, kind)
    return running(database, [number], TOKENS)


def shown(database: Database, run_id: int) -> list[Shown]:
    """What the panel of a run has seen on its phones."""
    found, _ = SqlPanel(database, run_id).inbox(0, 100)
    return found


def handset(database: Database) -> Handset:
    """The only phone there is, as the database knows it."""
    with database.read() as session:
        return session.exec(select(Handset)).one()
