"""A simulated vendor's CMPP door, 2.0 and 3.0."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import NamedTuple

from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import content, pdus, receipt
from evaluators.protocols.cmpp import status as statuses
from evaluators.protocols.cmpp.server import Link
from evaluators.protocols.text import Part
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.personality import Flaw, Refusal
from evaluators.simulator.vendor import ReceiptPlan, Submission

SOURCE_ADDR = "900001"
SECRET = "simulate"  # noqa: S105 - of a simulated account, and printed when it starts
ACCOUNT = {"account": SOURCE_ADDR, "password": SECRET}
_GATEWAY = 1001
_DELIVERING = 1 << 16  # added to an id: what delivers is the next gateway, so ids never meet
_HELD = 100_000  # reports kept while nobody is there to take them
_VENDOR_ZONE = timezone(timedelta(hours=8))  # ids and reports carry the vendor's local time
_RESULTS: dict[Refusal, int] = {
    "": statuses.OK,
    "throttled": statuses.FLOW_CONTROL,
    "bad_number": statuses.BAD_DESTINATION,
    "bad_sender": statuses.BAD_SOURCE,
    "bad_content": 101,  # the protocol has no code for these two: the vendor's own
    "system": 102,
}
_NOISE = b"\xde\xad\xbe\xef" * 4
_CUT = 12  # octets that are left of a truncated report: the id, but not all of the state


class _Second(NamedTuple):
    """What all messages of one second share: their ids' upper bits, and the minute as written."""

    prefix: int
    minute: str


class CmppDesk:
    """Knows the account, hands messages to the exchange, brings reports to whoever is there.

    `ids` is for protocols in which ids have a notation; here they are eight octets.
    """

    def __init__(self, exchange: Exchange, ids: str, wall: Callable[[], float]) -> None:
        del ids
        self.exchange = exchange
        self._wall = wall
        self._at, self._second = -1, _Second(0, "")
        self._links: list[Link] = []
        self._delivered = 0
        self._held: deque[Callable[[Link], None]] = deque(maxlen=_HELD)

    @property
    def connected(self) -> bool:
        """Whether anybody is logged in."""
        return bool(self._links)

    # What the server asks.

    def secret(self, account: str) -> str | None:
        return SECRET if account == SOURCE_ADDR else None

    def welcome(self, link: Link) -> None:
        self._links.append(link)
        asyncio.get_running_loop().call_soon(self._deliver_held)

    def submit(self, link: Link, submit: pdus.Submit) -> None:
        if submit.msg_src not in {"", link.account}:
            link.answer(submit.sequence, statuses.BAD_ACCOUNT)
            return
        part, text = read_part(submit)
        numbers = submit.destinations
        group = _Group(len(numbers)) if len(numbers) > 1 else None
        way = _Way(self, link, submit)
        for number in numbers:
            submission = Submission(number, submit.source, text, part)
            client = _Client(way, number) if group is None else _Member(way, number, group)
            self.exchange.submit(submission, client)

    def query(self, link: Link, query: pdus.Query) -> tuple[int, ...]:
        del link, query
        counts = self.exchange.ledger.counts
        sent = counts["receipts"] + counts["replies"]
        took, refused = counts["accepted"], counts["refused"]
        submitted = took + refused + counts["unanswered"]
        return (submitted, submitted, took, 0, refused, sent, len(self._held), 0)

    def gone(self, link: Link) -> None:
        self._links.remove(link)

    # What its clients use.

    def second(self) -> _Second:
        """The vendor's clock."""
        at = int(self._wall())
        if at != self._at:
            now = datetime.fromtimestamp(at, UTC).astimezone(_VENDOR_ZONE)
            time = (now.month, now.day, now.hour, now.minute, now.second)
            first = pdus.MessageId(*time, _GATEWAY, 0).write()
            self._at = at
            self._second = _Second(int.from_bytes(first, "big"), now.strftime("%y%m%d%H%M"))
        return self._second

    def send(self, write: Callable[[Link], None], came_on: Link, *, elsewhere: bool) -> None:
        """Have it written on the connection its message came on, or another, or the next one."""
        if came_on.alive and not elsewhere:
            write(came_on)
            return
        links = [link for link in self._links if link.alive]
        others = [link for link in links if link is not came_on]
        if links:
            write((others or links)[0])
        else:
            self._held.append(write)

    def next_id(self) -> bytes:
        """A Msg_Id for a DELIVER of the second last asked for; these count on their own."""
        self._delivered += 1
        return message_id(self._second.prefix + _DELIVERING, self._delivered)

    def _deliver_held(self) -> None:
        while self._held and any(link.alive for link in self._links):
            self.send(self._held.popleft(), self._links[0], elsewhere=False)


class _Way(NamedTuple):
    """Where a SUBMIT came from."""

    desk: CmppDesk
    link: Link
    submit: pdus.Submit


class _Client:
    """One destination's way back."""

    __slots__ = ("_desk", "_link", "_number", "_second", "_submit")

    def __init__(self, way: _Way, number: str) -> None:
        self._desk, self._link, self._submit = way
        self._second, self._number = way.desk.second(), number

    def answer(self, refusal: Refusal, number: int) -> None:
        told = pdus.NO_ID if refusal else message_id(self._second.prefix, number)
        self._link.answer(self._submit.sequence, _RESULTS[refusal], told)

    def report(self, number: int, plan: ReceiptPlan) -> None:
        if self._submit.registered_delivery != 1:
            return
        report = receipt.Report(
            message_id(self._second.prefix, number),
            plan.state[:7],
            self._second.minute,
            self._desk.second().minute,
            self._number,
            number & 0xFFFFFFFF,
        )
        self._desk.exchange.ledger.counts["receipts"] += 1
        write = partial(self._write, report, plan.flaw)
        self._desk.send(write, self._link, elsewhere=plan.elsewhere)

    def reply(self, number: str, text: str) -> None:
        self._desk.second()
        msg_fmt, data = content.encode(text)
        pieces = content.split(msg_fmt, data)
        reference = self._desk.next_id()[-1]
        for order, piece in enumerate(pieces, 1):
            part = Part(reference, len(pieces), order)
            header = texts.header(part) if len(pieces) > 1 else b""
            deliver = pdus.Deliver(
                0, self._desk.next_id(), self._submit.source, number, header + piece
            )
            deliver.msg_fmt, deliver.tp_udhi = msg_fmt, int(bool(header))
            self._desk.send(partial(_deliver, deliver), self._link, elsewhere=False)

    def _write(self, report: receipt.Report, flaw: Flaw | None, link: Link) -> None:
        submit = self._submit
        envelope = pdus.Deliver(0, self._desk.next_id(), submit.source, report.number)
        envelope.service_id, envelope.registered_delivery = submit.service_id, 1
        if flaw is None:
            link.report(report, envelope)
        else:
            envelope.content = flawed(report, link.version, flaw)
            link.deliver(envelope)

    def mute(self) -> None:
        self._link.mute = True

    def drop(self) -> None:
        self._link.drop()

    def babble(self, data: bytes) -> None:
        self._link.babble(data)

    def drip(self, on: bool) -> None:
        self._link.drip(on)


class _Group:
    """What the destinations of one SUBMIT have in common: they are answered once."""

    def __init__(self, waiting: int) -> None:
        self.waiting, self.first = waiting, 0
        self.refusal: Refusal = ""
        self.early: list[Callable[[], None]] = []


class _Member(_Client):
    """One of several destinations: none is served where one is refused, the first id is told."""

    __slots__ = ("_group",)

    def __init__(self, way: _Way, number: str, group: _Group) -> None:
        super().__init__(way, number)
        self._group = group

    def answer(self, refusal: Refusal, number: int) -> None:
        group = self._group
        group.waiting -= 1
        group.refusal = group.refusal or refusal
        group.first = min(group.first or number, number) if number else group.first
        if not group.waiting:
            super().answer(group.refusal, group.first)
            for report in group.early:
                report()

    def report(self, number: int, plan: ReceiptPlan) -> None:
        if self._group.waiting:
            self._group.early.append(partial(self.report, number, plan))
        elif not self._group.refusal:
            super().report(number, plan)


def _deliver(deliver: pdus.Deliver, link: Link) -> None:
    link.deliver(deliver)


def message_id(prefix: int, number: int) -> bytes:
    """A Msg_Id: the second's upper bits and the number's lower sixteen."""
    return (prefix | number & 0xFFFF).to_bytes(8, "big")


def flawed(report: receipt.Report, version: int, flaw: Flaw) -> bytes:
    """The report's octets, with what is wrong with them."""
    if flaw == "foreign_id":
        report = replace(report, message_id=report.message_id[::-1])
    octets = receipt.format(report, version)
    if flaw == "truncated":
        return octets[:_CUT]
    return octets + _NOISE if flaw == "garbage" else octets


def read_part(submit: pdus.Submit) -> tuple[Part | None, str]:
    """Which part of a long text this is, and the text."""
    part, data = None, submit.content
    if submit.tp_udhi & 1:
        part, data = texts.read_header(data)
    return part, content.decode(submit.msg_fmt, data)
