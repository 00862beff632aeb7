"""A simulated vendor's HTTP door: Yunpian's interface, Alibaba Cloud's and Twilio's, all at once.

- `POST /v2/sms/single_send.json` and `/v2/sms/pull_status.json`: Yunpian's.
- `POST /?PhoneNumbers=…` with `x-acs-action: SendSms`: Alibaba Cloud's.
- `POST /2010-04-01/Accounts/ACsimulate/Messages.json`: Twilio's.

Reports go to the address a request names, else to the one set up (`/http?callback=URL` on the
panel's port), else Yunpian's wait to be asked for. `/http?template=CODE&text=…` files a template.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from evaluators.protocols import serving
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.frames import Frames, Sizes
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.http_dialects import (
    Aliyun,
    Dialect,
    Given,
    Reply,
    Request,
    Twilio,
    Yunpian,
)
from evaluators.simulator.personality import Refusal
from evaluators.simulator.pushing import Pusher
from evaluators.simulator.vendor import ReceiptPlan

ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    str(dialect.ACCOUNT["vendor"]): {**dialect.ACCOUNT, "tls": False}
    for dialect in (Yunpian, Aliyun, Twilio)
}
"""By the name of the vendor whose interface it is, what its endpoint wants beside host and port."""
_YUNPIAN = dict(ACCOUNTS["yunpian"])
ACCOUNT: Mapping[str, Any] = {**_YUNPIAN.pop("credentials"), **_YUNPIAN}
"""The one that is named to whoever starts it: the vendor's own fields beside the others."""
_HELD = 100_000  # reports kept until somebody asks for them
_LONGEST = 64 * 1024
_NOT_FOUND = Reply(404, {"error": "no such interface"})
_REASONS = {
    200: "OK",
    201: "Created",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class HttpDesk:
    """Reads requests, hands messages to the exchange, brings reports to where they are wanted."""

    def __init__(self, exchange: Exchange, ids: str, wall: Callable[[], float]) -> None:
        del ids  # each interface has its own form
        self.pusher = Pusher()
        self.callback = ""
        """Where reports go whose request names no address; empty: they wait to be asked for."""
        self.waiting: deque[Mapping[str, Any]] = deque(maxlen=_HELD)
        self.exchange = exchange
        self.wall = wall
        self._yunpian, self._aliyun, self._twilio = Yunpian(), Aliyun(), Twilio()
        self._links = 0
        self.routes = {"/http": self._set_up}

    @property
    def connected(self) -> bool:
        """Whether anybody has a connection."""
        return self._links > 0

    def came(self) -> None:
        self._links += 1

    def gone(self) -> None:
        self._links -= 1

    def take(self, link: "Link", request: Request) -> None:
        """Answer a request, now or once the exchange has decided."""
        if request.path == Yunpian.PULL:
            link.reply(self._pulled(request))
            return
        dialect = self._dialect(request)
        if dialect is None:
            link.reply(_NOT_FOUND)
            return
        given = dialect.read(request, self.wall())
        if isinstance(given, Reply):
            link.reply(given)
        else:
            self.exchange.submit(given.submission, _Client(self, link, dialect, given))

    def report(self, dialect: Dialect, given: Given, report: Mapping[str, Any]) -> None:
        """Push a report, or let it wait."""
        self.exchange.ledger.counts["receipts"] += 1
        url = given.callback or self.callback
        if url:
            self.pusher.put(url, dialect, report)
        elif dialect is self._yunpian:
            self.waiting.append(report)

    def _dialect(self, request: Request) -> Dialect | None:
        if request.method != "POST":
            return None
        if request.path == Yunpian.PATH:
            return self._yunpian
        if request.path == Twilio.PATH:
            return self._twilio
        if request.path == "/" and request.headers.get("x-acs-action") == "SendSms":
            return self._aliyun
        return None

    def _pulled(self, request: Request) -> Reply:
        most = self._yunpian.page(request)
        if isinstance(most, Reply):
            return most
        return Reply(200, [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))])

    def _set_up(self, query: Mapping[str, str]) -> object:
        if "template" in query:
            self._aliyun.filed[query["template"]] = query.get("text", "")
        if "callback" in query:
            self.callback = query["callback"]
        return {"callback": self.callback, "filed": self._aliyun.filed}


class _Client:
    """One submission's way back."""

    __slots__ = ("_desk", "_dialect", "_given", "_link")

    def __init__(self, desk: HttpDesk, link: "Link", dialect: Dialect, given: Given) -> None:
        self._desk, self._link, self._dialect, self._given = desk, link, dialect, given

    def answer(self, refusal: Refusal, number: int) -> None:
        self._link.reply(self._dialect.answer(refusal, number, self._given))

    def report(self, number: int, plan: ReceiptPlan) -> None:
        desk = self._desk
        report = self._dialect.report(number, plan, self._given, desk.wall())
        desk.report(self._dialect, self._given, report)

    def reply(self, number: str, text: str) -> None:
        """What handsets send is not handed on over HTTP."""

    def mute(self) -> None:
        self._link.mute = True

    def drop(self) -> None:
        self._link.drop()

    def babble(self, data: bytes) -> None:
        self._link.babble(data)

    def drip(self, on: bool) -> None:
        self._link.drip(on)


class Requests(Frames):
    """Whole requests out of a stream: head and body of each."""

    def __init__(self) -> None:
        super().__init__(Sizes(1, _LONGEST))

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + _length(bytes(self._rest[: end + 2]))
            if whole > _LONGEST:
                raise ProtocolError("a request too long", 413)
            if len(self._rest) < whole:
                return
            request = bytes(self._rest[:whole])
            del self._rest[:whole]
            yield request
        if len(self._rest) > _LONGEST:
            raise ProtocolError("the head of a request has no end", 431)


class Link(serving.Link):
    """One client's connection; a client waits for each answer before it asks again."""

    def __init__(self, desk: HttpDesk, links: set[Any]) -> None:
        super().__init__(Requests(), links)
        self._desk = desk

    def reply(self, reply: Reply) -> None:
        data = json.dumps(reply.document, ensure_ascii=False).encode()
        head = (
            f"HTTP/1.1 {reply.status} {_REASONS[reply.status]}\r\n"
            f"Content-Type: application/json;charset=utf-8\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        self._write(head.encode() + data)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._desk.came()
        self._welcome()  # there is no login to wait for

    def _take(self, frame: bytes) -> None:
        head, _, body = frame.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise ProtocolError("not a request", 400)
        path, _, query = words[1].partition("?")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        self._desk.take(self, Request(words[0], path, query, headers, body))

    def _complaint(self, error: ProtocolError) -> bytes:
        return b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    def _gone(self) -> None:
        self._desk.gone()


@asynccontextmanager
async def listening(
    desk: HttpDesk, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[int]:
    """Listen, and push reports, while the context lasts; gives the port."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(desk.pusher.run)
        async with serving.listening(
            lambda links: Link(desk, links), host=host, port=port
        ) as bound:
            yield bound
        tasks.cancel_scope.cancel()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            if not value.strip().isdigit():
                raise ProtocolError("a length that is none", 400)
            return int(value)
    return 0
