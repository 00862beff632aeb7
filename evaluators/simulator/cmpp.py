"""A simulated vendor's CMPP door, 2.0 and 3.0.

The codec reads the first message of each sender; those after it, which differ in number and text
only, are read and reported without making PDU objects. Tests hold both ways to the same result.
"""

import asyncio
from codecs import utf_16_be_decode
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar, cast

from evaluators.protocols import serving
from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import codec, content, pdus, receipt, server
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
_new = tuple.__new__
T = TypeVar("T")
_KINDS = 10_000  # of messages, and of reports, that are known by sight
_SHARED_AT = codec.HEADER.size + 8  # where what a sender's SUBMITs have in common begins
_CUT = 12  # octets that are left of a truncated report: the id, but not all of the state


def _places(layout: codec.Layout) -> tuple[int, int, int, int]:
    """Octets of a SUBMIT before its destination, to that one's end, before its text, after it."""
    number_at = layout.submit.size
    number_end = number_at + layout.number
    return number_at, number_end, number_end + layout.kind + 1, layout.tail


_PLACES = {version: _places(layout) for version, layout in codec.LAYOUTS.items()}


class _Second(NamedTuple):
    """What all messages of one second share: their ids' upper bits, and the minute as written."""

    prefix: int
    minute: str


class _Kind:
    """What the messages of one sender have in common; `most` is the longest text in octets."""

    __slots__ = (
        "most",
        "msg_fmt",
        "patterns",
        "plain",
        "registered",
        "service_id",
        "source",
        "udhi",
    )

    def __init__(self, submit: pdus.Submit) -> None:
        self.source, self.service_id = submit.source, submit.service_id
        self.registered = submit.registered_delivery == 1
        self.udhi, self.msg_fmt = submit.tp_udhi & 1 == 1, submit.msg_fmt
        self.plain = self.msg_fmt == content.UCS2 and not self.udhi
        self.most = content.most_octets(self.msg_fmt)
        self.patterns = _patterns(submit.source, submit.service_id)


@lru_cache(_KINDS)
def _patterns(source: str, service_id: str) -> dict[int, receipt.Pattern]:
    """How a sender's messages are reported, by version."""
    envelope = pdus.Deliver(0, pdus.NO_ID, source, "", service_id=service_id)
    return {version: receipt.Pattern(envelope, version) for version in codec.LAYOUTS}


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
        self._stories: dict[tuple[str, str, str], bytes] = {}
        self._held: deque[tuple[Callable[[Link, Any], None], Any]] = deque(maxlen=_HELD)

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
        ours, kind = cast(_Link, link), _Kind(submit)
        numbers = [number.encode("latin-1") for number in submit.destinations]
        if len(numbers) == 1:
            self.take(_Client(ours, kind, submit.sequence, numbers[0]), submit.content)
            return
        group = _Group(kind, submit.sequence, len(numbers))
        for number in numbers:
            self.take(_Member(ours, group, number), submit.content)

    def take(self, client: "_Client", data: bytes) -> None:
        """Hand a message for one number to the exchange."""
        kind, part = client.kind, None
        if kind.plain:
            text, _ = utf_16_be_decode(data, "replace", True)
        else:
            part, text = read_part(data, kind.msg_fmt, udhi=kind.udhi)
        submission = client.number.decode("latin-1"), kind.source, text, part
        self.exchange.submit(_new(Submission, submission), client)

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

    def story(self, state: str, submitted: str) -> bytes:
        """What a report of this moment says, all but whose it is; the same for a whole minute."""
        key = state, submitted, self.second().minute
        story = self._stories.get(key)
        if story is None:
            if len(self._stories) >= _KINDS:
                self._stories.clear()
            story = self._stories[key] = receipt.story(receipt.Report(b"", *key))
        return story

    def send(
        self, write: Callable[[Link, T], None], what: T, came_on: Link, *, elsewhere: bool
    ) -> None:
        """Have it written on the connection its message came on, or another, or the next one."""
        if came_on.alive and not elsewhere:
            write(came_on, what)
            return
        links = [link for link in self._links if link.alive]
        others = [link for link in links if link is not came_on]
        if links:
            write((others or links)[0], what)
        else:
            self._held.append((write, what))

    def next_id(self) -> int:
        """A Msg_Id for a DELIVER of the second last asked for; these count on their own."""
        self._delivered += 1
        return self._second.prefix + _DELIVERING | self._delivered & 0xFFFF

    def _deliver_held(self) -> None:
        while self._held and any(link.alive for link in self._links):
            self.send(*self._held.popleft(), self._links[0], elsewhere=False)


class _Client:
    """One destination's way back."""

    __slots__ = ("_link", "_second", "_sequence", "kind", "number")

    def __init__(self, link: "_Link", kind: _Kind, sequence: int, number: bytes) -> None:
        self._link, self.kind, self._sequence, self.number = link, kind, sequence, number
        self._second = link.second

    def answer(self, refusal: Refusal, number: int) -> None:
        told = pdus.NO_ID if refusal else message_id(self._second.prefix, number)
        self._link.answer(self._sequence, _RESULTS[refusal], told)

    def report(self, number: int, plan: ReceiptPlan) -> None:
        if not self.kind.registered:
            return
        link, desk = self._link, self._link.desk
        desk.exchange.ledger.counts["receipts"] += 1
        prefix, minute = self._second
        _, state, _, flaw, elsewhere = plan
        told = prefix | number & 0xFFFF, desk.story(state, minute), number & 0xFFFFFFFF
        if flaw is None:
            desk.send(self._write, told, link, elsewhere=elsewhere)
        else:
            desk.send(self._write_flawed, (flaw, told), link, elsewhere=elsewhere)

    def reply(self, number: str, text: str) -> None:
        desk = self._link.desk
        desk.second()
        msg_fmt, data = content.encode(text)
        pieces = content.split(msg_fmt, data)
        reference = desk.next_id() & 0xFF
        for order, piece in enumerate(pieces, 1):
            part = Part(reference, len(pieces), order)
            header = texts.header(part) if len(pieces) > 1 else b""
            deliver = self._deliver(number, header + piece)
            deliver.msg_fmt, deliver.tp_udhi = msg_fmt, int(bool(header))
            desk.send(server.Link.deliver, deliver, self._link, elsewhere=False)

    def _write(self, link: Link, told: receipt.Told) -> None:
        pattern = self.kind.patterns[link.version]
        link.report(pattern, self._link.desk.next_id(), self.number, told)

    def _write_flawed(self, link: Link, bad: tuple[Flaw, receipt.Told]) -> None:
        flaw, (message_id, story, smsc_sequence) = bad
        report = receipt.read(message_id.to_bytes(8, "big") + story)
        report.number, report.smsc_sequence = self.number.decode("latin-1"), smsc_sequence
        deliver = self._deliver(report.number, flawed(report, link.version, flaw))
        deliver.service_id, deliver.registered_delivery = self.kind.service_id, 1
        link.deliver(deliver)

    def _deliver(self, number: str, octets: bytes) -> pdus.Deliver:
        own_id = self._link.desk.next_id().to_bytes(8, "big")
        return pdus.Deliver(0, own_id, self.kind.source, number, octets)

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

    def __init__(self, kind: _Kind, sequence: int, waiting: int) -> None:
        self.kind, self.sequence = kind, sequence
        self.waiting, self.first = waiting, 0
        self.refusal: Refusal = ""
        self.early: list[Callable[[], None]] = []


class _Member(_Client):
    """One of several destinations: none is served where one is refused, the first id is told."""

    __slots__ = ("_group",)

    def __init__(self, link: "_Link", group: _Group, number: bytes) -> None:
        super().__init__(link, group.kind, group.sequence, number)
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


class _Link(serving.InPlace, server.Link):
    """Takes ordinary messages the short way."""

    def __init__(self, desk: CmppDesk, links: set[server.Link]) -> None:
        super().__init__(desk, links)
        self.desk = desk
        self.second = desk.second()
        """When the octets came that are being read."""
        self._kinds: dict[bytes, _Kind] = {}

    def data_received(self, data: bytes) -> None:
        self.second = self.desk.second()
        super().data_received(data)

    def _take_usual(self, data: bytes, start: int, end: int, command: int) -> bool:
        if command != pdus.SUBMIT or not self.account:
            return False
        to_number, to_number_end, to_text, tail = _PLACES[self.version]
        number_at, text_at, text_end = start + to_number, start + to_text, end - tail
        if text_at > text_end or data[text_at - 1] != text_end - text_at:
            return False
        shared = data[start + _SHARED_AT : number_at]
        kind = self._kinds.get(shared) or self._learn(shared, data[start:end])
        if kind is None or text_end - text_at > kind.most:
            return False
        sequence = int.from_bytes(data[start + 8 : start + 12], "big")
        number, _, _ = data[number_at : start + to_number_end].partition(b"\0")
        self.desk.take(_Client(self, kind, sequence, number), data[text_at:text_end])
        return True

    def _learn(self, shared: bytes, frame: bytes) -> _Kind | None:
        """What is to be known of a sender's messages; None for unusual ones."""
        if shared[-1] != 1:  # destinations
            return None
        submit = codec.decode(frame, self.version)
        if not isinstance(submit, pdus.Submit) or submit.msg_src not in {"", self.account}:
            return None
        if len(self._kinds) >= _KINDS:
            self._kinds.clear()
        kind = self._kinds[shared] = _Kind(submit)
        return kind


def listening(
    desk: CmppDesk, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[int]:
    """The server of evaluators.protocols.cmpp with the short way through it."""
    return serving.listening(lambda links: _Link(desk, links), host=host, port=port)


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


def read_part(data: bytes, msg_fmt: int, *, udhi: bool) -> tuple[Part | None, str]:
    """Which part of a long text this is, and the text."""
    part = None
    if udhi:
        part, data = texts.read_header(data)
    return part, content.decode(msg_fmt, data)
