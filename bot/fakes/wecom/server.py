"""The fake's sockets: the long connection, and the addresses of files and later answers."""

import base64
import itertools
import json
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bot.fakes.wecom import sealing
from bot.fakes.wecom.commands import Answer, Platform
from bot.fakes.wecom.person import Person
from bot.fakes.wecom.state import Body, Callback, Clock, Codes, Faults, Limits, Stored, budget

BOT, SECRET = "fake-bot", "fake-secret"


@dataclass(eq=False)
class _Connection:
    """One socket of a bot."""

    socket: ServerConnection
    subscribed: bool = False
    withheld: bool = False  # half-alive: it gets no callbacks
    in_flight: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Target:
    """Where callbacks go in callback mode."""

    url: str
    token: str
    key: bytes


class FakeWecom:
    """A platform with one bot. See `fake_wecom` for how it is started."""

    def __init__(self, limits: Limits, clock: Clock, tasks: TaskGroup) -> None:
        self.limits, self.faults, self.clock = limits, Faults(), clock
        self._numbers = itertools.count(1)
        self.platform = Platform(limits, clock, self._numbers)
        self.bot_id, self.secret = BOT, SECRET
        self.bot_name = "测评助手"
        self.url = self.http = ""
        self.target: Target | None = None  # set: callbacks are posted there
        self.live: _Connection | None = None
        self.subscriptions: list[float] = []
        self.refused = 0  # subscriptions with a wrong secret
        self.pings = 0
        self.frames: list[tuple[str, str, Body]] = []  # all that came: (cmd, req_id, body)
        self.violations: list[str] = []  # what a bot must never do
        self.webhook: list[Body] = []
        self.response_urls: dict[str, tuple[str, float]] = {}  # code: (req_id, until)
        self._webhook_times: dict[str, list[float]] = {}
        self._kept: list[tuple[str, str, Body]] = []
        self._held: list[tuple[str, str, Body]] = []
        self._tasks, self._news = tasks, anyio.Event()

    # People

    def person(self, user: str, group: str = "") -> Person:
        """Somebody in their own chat with the bot, or in a group."""
        return Person(self, user, self.platform.chat(group or user, group=bool(group)))

    async def until_subscribed(self, times: int = 1, timeout_s: float = 5) -> None:
        with anyio.fail_after(timeout_s):
            while len(self.subscriptions) < times or self.live is None:
                await self._news.wait()

    def file(self, data: bytes, name: str) -> Body:
        """Where a person's file may be fetched for some minutes: its `url` and `aeskey`."""
        key, code = os.urandom(32), secrets.token_hex(12)
        if self.target is not None:
            key = self.target.key
        self.platform.files[code] = Stored(sealing.encrypted(data, key), name, self.clock())
        where: Body = {"url": f"{self.http}/media/{code}"}
        if self.target is None:
            where["aeskey"] = base64.b64encode(key).decode()
        return where

    async def call_back(self, cmd: str, body: Body, callback: Callback) -> str:
        """Tell the bot; the req_id by which it may answer."""
        req_id = f"{cmd}_{secrets.token_hex(8)}"
        self.platform.callbacks[req_id] = callback
        if self.target is not None:
            await self._post(self.target, req_id, body)
            return req_id
        for _ in range(self.faults.copies):
            await self._tell(cmd, req_id, body)
        return req_id

    async def _tell(self, cmd: str, req_id: str, body: Body) -> None:
        if self.faults.hold > 0:
            self.faults.hold -= 1
            self._held.append((cmd, req_id, body))
            if self.faults.hold == 0:
                held, self._held = self._held, []
                for one in reversed(held):
                    await self._tell(*one)
            return
        live = self.live
        if live is None or live.withheld or self.faults.half_alive:
            if self.limits.keeps:
                self._kept.append((cmd, req_id, body))
            return
        await _write(live.socket, {"cmd": cmd, "headers": {"req_id": req_id}, "body": body})

    # Faults that happen at once

    async def close(self, code: int = 1000) -> None:
        """Close the live connection cleanly."""
        if self.live is not None:
            await self.live.socket.close(code, "going away")

    def cut(self) -> None:
        """End the live connection without a word."""
        if self.live is not None:
            self.live.socket.transport.abort()

    # The long connection

    async def take(self, connection: ServerConnection) -> None:
        mine = _Connection(connection)
        try:
            async with anyio.create_task_group() as tasks:
                with suppress(ConnectionClosed):
                    async for text in connection:
                        tasks.start_soon(self._frame, mine, json.loads(text))
                tasks.cancel_scope.cancel()
        finally:
            if self.live is mine:
                self.live = None

    async def _frame(self, mine: _Connection, frame: Body) -> None:
        cmd, body = str(frame.get("cmd")), frame.get("body") or {}
        req_id = str((frame.get("headers") or {}).get("req_id", ""))
        if not req_id:
            self.violations.append(f"{cmd} without req_id")
        if cmd == "ping":
            self.pings += 1
            if not self.faults.mute_pings:
                await self._ack(mine, req_id, (0, "ok", {}))
            return
        if cmd == "aibot_subscribe":
            await self._subscribe(mine, req_id, body)
            return
        self.frames.append((cmd, req_id, body))
        answer = self._answer(mine, cmd, req_id, body)
        await self._acknowledge(mine, cmd, req_id, answer)

    def _answer(self, mine: _Connection, cmd: str, req_id: str, body: Body) -> Answer:
        if not mine.subscribed or self.live is not mine:
            return Codes.NOT_SUBSCRIBED, "not subscribed", {}
        if req_id in mine.in_flight:
            self.violations.append(f"two frames in flight for {req_id}")
            return Codes.CONFLICT, "the frame before is not acknowledged yet", {}
        if self.faults.errors.get(cmd):
            return self.faults.errors[cmd].pop(0), "a fault of the fake", {}
        return self.platform.do(cmd, req_id, body)

    async def _acknowledge(self, mine: _Connection, cmd: str, req_id: str, answer: Answer) -> None:
        if self.faults.drop_acks.get(cmd, 0) > 0:
            self.faults.drop_acks[cmd] -= 1
            return
        mine.in_flight.add(req_id)
        await anyio.sleep(self.faults.ack_delay_s)
        mine.in_flight.discard(req_id)
        await self._ack(mine, req_id, answer)

    async def _ack(self, mine: _Connection, req_id: str, answer: Answer) -> None:
        code, why, body = answer
        frame: Body = {"headers": {"req_id": req_id}, "errcode": code, "errmsg": why}
        await _write(mine.socket, frame | ({"body": body} if body else {}))

    async def _subscribe(self, mine: _Connection, req_id: str, body: Body) -> None:
        errors = self.faults.errors.get("aibot_subscribe")
        if errors or (body.get("bot_id"), body.get("secret")) != (self.bot_id, self.secret):
            self.refused += 1
            code = errors.pop(0) if errors else Codes.BAD_SECRET
            return await self._ack(mine, req_id, (code, "invalid bot_id or secret", {}))
        old, self.live = self.live, mine
        mine.subscribed, mine.withheld, self.faults.half_alive = True, False, False
        self.subscriptions.append(self.clock())
        news, self._news = self._news, anyio.Event()
        news.set()
        await self._ack(mine, req_id, (0, "ok", {}))
        if old is not None and old is not mine:
            self._tasks.start_soon(self._displace, old)
        kept, self._kept = self._kept, []
        for one in kept:
            await self._tell(*one)
        return None

    async def _displace(self, old: _Connection) -> None:
        """Only one connection is live: the older one is told, then closed."""
        body: Body = {
            "msgid": secrets.token_hex(8),
            "create_time": 1700000000,
            "aibotid": self.bot_id,
            "from": {"userid": ""},
            "msgtype": "event",
            "event": {"eventtype": "disconnected_event"},
        }
        req_id = f"aibot_event_callback_{secrets.token_hex(4)}"
        frame = {"cmd": "aibot_event_callback", "headers": {"req_id": req_id}, "body": body}
        await _write(old.socket, frame)
        await anyio.sleep(0.02)
        await old.socket.close()

    # Callback mode

    async def _post(self, target: Target, req_id: str, body: Body) -> None:
        """Tell the bot by an encrypted POST; what it answers at once is shown."""
        from bot.fakes.wecom.web import post_callback

        code = secrets.token_hex(8)
        self.response_urls[code] = (req_id, self.clock() + self.limits.response_url_s)
        body = {**body, "response_url": f"{self.http}/response/{code}"}
        answer = await post_callback(target, body, self.limits.quick_s)
        if not answer:
            return
        callback = self.platform.callbacks[req_id]
        cmd = {"visit": "aibot_respond_welcome_msg", "card": "aibot_respond_update_msg"}
        outcome = self.platform.do(cmd.get(callback.kind, "aibot_respond_msg"), req_id, answer)
        if outcome[0]:
            self.violations.append(f"passive answer refused: {outcome}")

    def take_webhook(self, key: str, body: Body) -> Answer:
        """A push to a group's webhook: 20 a minute, 4096 bytes of Markdown or 2048 of text."""
        if planned := self.faults.errors.get("webhook"):
            return planned.pop(0), "as planned", {}
        times = [at for at in self._webhook_times.get(key, []) if self.clock() - at < 60]
        if len(times) >= self.limits.webhook_per_minute:
            return Codes.RATE, "api freq out of limit", {}
        kind = str(body.get("msgtype"))
        content = str((body.get(kind) or {}).get("content") or "").strip()
        if not 0 < len(content.encode()) <= {"markdown": 4096, "text": 2048}.get(kind, 0):
            return Codes.BAD_PARAMETER, "content", {}
        self._webhook_times[key] = [*times, self.clock()]
        self.webhook.append({"key": key, **body})
        return 0, "ok", {}

    def take_response(self, code: str, body: Body) -> Answer:
        """A later answer to a callback's response_url: once, within an hour."""
        req_id, until = self.response_urls.pop(code, ("", 0.0))
        if not req_id or self.clock() > until:
            return Codes.BAD_REQ_ID, "response_url is over", {}
        if body.get("msgtype") not in {"markdown", "template_card"}:
            return Codes.BAD_TYPE, f"msgtype {body.get('msgtype')}", {}
        chat = self.platform.callbacks[req_id].chat
        allowed = ((self.limits.per_minute, 60.0),)
        if not budget(chat.pushes, self.clock(), allowed):
            return Codes.RATE, "api freq out of limit", {}
        return self.platform.say(chat, body)


async def _write(connection: ServerConnection, frame: Body) -> None:
    with suppress(ConnectionClosed):
        await connection.send(json.dumps(frame, ensure_ascii=False))


@asynccontextmanager
async def fake_wecom(
    *, limits: Limits | None = None, clock: Clock = time.monotonic, port: int = 0
) -> AsyncIterator[FakeWecom]:
    """A running platform on the loopback: `fake.url` for bots, `fake.http` for the rest."""
    from bot.fakes.wecom.web import serving

    async with anyio.create_task_group() as tasks:
        fake = FakeWecom(limits or Limits(), clock, tasks)
        with socket.create_server(("127.0.0.1", port)) as listening:
            async with (
                serving(fake) as http,
                serve(fake.take, sock=listening, ping_interval=None, max_size=4 << 20,
                      close_timeout=0.5) as server,
            ):  # fmt: skip
                fake.http = http
                fake.url = f"ws://127.0.0.1:{listening.getsockname()[1]}"
                try:
                    yield fake
                finally:
                    server.close()
        tasks.cancel_scope.cancel()
