"""A group hears of what is overdue: once each, together with the approver, through its webhook."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import anyio
import pytest

from bot import app
from bot.channels.port import Delivered, Later, Rejected
from bot.channels.wecom_group import WecomGroup, push
from bot.configured import configured, escalations
from bot.delivery import Delivery
from bot.errors import UserError
from bot.fakes.wecom import Limits, fake_wecom
from bot.reminders import Sweeper
from bot.settings import load
from bot.store import people
from bot.store.database import Database
from bot.store.tables import Conversation
from tests.integration.front_stage import until
from tests.integration.reminder_stage import ITEMS, WORDS, Team, at

GROUP = "wecomgroup:escalation"


@pytest.fixture
def team(home: Path) -> Iterator[Team]:
    database = Database.open(load({"SMSVET_HOME": str(home)}))
    made = Team(database, at("2026-11-23T02:00"))
    made.sweeper.group = GROUP
    yield made
    database.close()


@dataclass
class Webhook:
    """An HTTP server that gives the same answer to whatever is posted; `url` names it."""

    status: int
    body: bytes
    url: str = ""
    posted: list[bytes] = field(default_factory=list)

    def __enter__(self) -> "Webhook":
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.posted.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(webhook.status)
                self.send_header("content-length", str(len(webhook.body)))
                self.end_headers()
                self.wfile.write(webhook.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/send?key=k-1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.mark.anyio
async def test_a_group_is_told_by_its_webhook() -> None:
    """Plain text goes to the group; more than the platform takes in a minute waits for all."""
    async with fake_wecom(limits=Limits(webhook_per_minute=2)) as fake:
        url = f"{fake.http}/cgi-bin/webhook/send?key=k-1"
        fates = [await push(url, f"逾期 {number}") for number in range(3)]
        assert [Delivered(), Delivered()] == fates[:2]
        assert isinstance(fates[2], Later)
        assert fates[2].everybody
        assert ["逾期 0", "逾期 1"] == [each["text"]["content"] for each in fake.webhook]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "body", "fate"),
    [
        (200, b'{"errcode": 0, "errmsg": "ok"}', Delivered),
        (200, b'{"errcode": 45009, "errmsg": "api freq out of limit"}', Later),
        (200, b'{"errcode": -1, "errmsg": "system busy"}', Later),
        (200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}', Rejected),
        (200, b"<html>", Later),
        (200, b"[]", Later),
        (503, b"", Later),
        (502, b'{"errcode": 0}', Later),
    ],
)
async def test_each_answer_has_its_fate(status: int, body: bytes, fate: type) -> None:
    """Only a clear yes counts as delivered, and only a clear no as refused for ever."""
    with Webhook(status, body) as webhook:
        found = await push(webhook.url, "逾期")
    assert fate is type(found)
    assert "k-1" not in repr(found)
    assert 1 == len(webhook.posted)


@pytest.mark.anyio
async def test_nobody_there_is_later() -> None:
    """Where nothing listens it is tried again; the complaint does not hold the key."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = await push(f"http://127.0.0.1:{port}/send?key=k-1", "逾期")
    assert Later(5.0, "ConnectError") == found


def overdue(team: Team) -> int:
    """A drill that is overdue; the approver."""
    lin = team.person("lin", "telegram:1")
    boss = team.person("王总", "wecom:2", roles="approver")
    team.drill("lin", "2027-01-20", lin)
    return boss


def test_the_group_hears_once_with_the_approver(team: Team) -> None:
    """Nothing before it is overdue; then one message for each notice of the approver's."""
    boss = overdue(team)
    team.sweep("2027-01-20T02:00")
    assert [] == team.said(GROUP)
    team.sweep("2027-01-21T02:00")
    team.sweep("2027-01-21T02:01")
    told = team.said(GROUP)
    assert 1 == len(told)
    for part in ("云信达 → 九州", "已过 1 天", "lin 还没有处理"):
        assert part in told[0]
    assert [] == team.queued(GROUP)[0].body["buttons"]
    team.sweep("2027-01-28T02:00")
    assert 1 == len(team.said(GROUP))
    with team.database.read() as sql:
        assert sql.get_one(Conversation, GROUP).grouped
        assert ["wecom:2"] == [chat.id for chat in people.reached_at(sql, boss)]


def test_without_a_group_nothing_is_queued(team: Team) -> None:
    """Where no group is set only the approver hears of it."""
    team.sweeper.group = ""
    overdue(team)
    team.sweep("2027-01-21T02:00")
    assert 1 == len(team.said("wecom:2"))
    assert [] == team.queued(GROUP)


def test_somebody_unreachable_is_no_escalation(team: Team) -> None:
    """What the approver hears in somebody's place before the day is not told to the group."""
    overdue(team)
    team.unreachable("telegram:1")
    team.sweep("2027-01-06T02:00")
    assert 1 == len(team.said("wecom:2"))
    assert [] == team.queued(GROUP)


def test_two_sweepers_tell_once(team: Team) -> None:
    """Two processes that look at the same moment queue one message for the group."""
    overdue(team)
    team.now = at("2027-01-21T02:00")
    both = [Sweeper(team.database, WORDS, ITEMS, lambda: team.now, group=GROUP) for _ in range(2)]
    threads = [threading.Thread(target=each.sweep) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len(team.queued(GROUP))
    assert 1 == len(team.queued("wecom:2"))


@pytest.mark.anyio
async def test_what_was_queued_arrives_after_trouble(team: Team) -> None:
    """A message the platform was too busy for arrives once, when it is not any more."""
    overdue(team)
    team.sweep("2027-01-21T02:00")
    async with fake_wecom() as fake:
        fake.faults.errors["webhook"] = [-1, -1]
        channel = WecomGroup(f"{fake.http}/cgi-bin/webhook/send?key=k-1", busy_s=0.01)
        limiter = anyio.CapacityLimiter(1)
        delivery = Delivery(channel, team.database, app.now, time.monotonic, limiter)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(delivery.run)
            await until(lambda: team.queued(GROUP)[0].delivered_at is not None)
            tasks.cancel_scope.cancel()
        assert 1 == len(fake.webhook)
        assert "云信达 → 九州" in fake.webhook[0]["text"]["content"]


def test_the_group_needs_no_bot(home: Path) -> None:
    """The webhook alone makes the channel; without it there is none."""
    url = "https://example.com/cgi-bin/webhook/send?key=k-1"
    settings = load({"SMSVET_HOME": str(home), "SMSVET_WECOM_GROUP_URL": url})
    assert url not in repr(settings)
    channels = configured(settings, home)
    assert ["wecomgroup"] == [channel.name for channel in channels]
    assert GROUP == escalations(channels)
    assert "" == escalations(configured(load({"SMSVET_HOME": str(home)}), home))


@pytest.mark.parametrize(
    "url", ["http://example.com/?key=k-1", "https://", "k-1", "ftp://[::1]/k-1"]
)
def test_an_open_address_is_refused(home: Path, url: str) -> None:
    """The key never goes over an open line, nor into the complaint."""
    with pytest.raises(UserError) as refused:
        load({"SMSVET_HOME": str(home), "SMSVET_WECOM_GROUP_URL": url})
    assert "k-1" not in str(refused.value)
