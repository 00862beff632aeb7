"""A simulated vendor's SMGP door, 3.0 and the submits of 1.3."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from evaluators.protocols import text as texts
from evaluators.protocols.smgp import codec, receipt, tlv
from evaluators.protocols.smgp import status as statuses
from evaluators.protocols.smgp import text as alphabets
from evaluators.protocols.smgp.server import Link
from evaluators.protocols.text import Part
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.personality import Flaw, Refusal
from evaluators.simulator.vendor import ReceiptPlan, Submission

CLIENT_ID = "10690001"
SECRET = "simulate"  # noqa: S105 - of a simulated account, and printed when it starts
ACCOUNT = {"account": CLIENT_ID, "password": SECRET}
_HELD = 100_000  # reports kept while nobody is there to take them
_VENDOR_ZONE = timezone(timedelta(hours=8))  # ids and reports carry the vendor's local time
_STATUSES: dict[Refusal, int] = {
    "": statuses.OK,
    "throttled": statuses.BUSY,
    "bad_number": statuses.INVALID_DESTINATION,
    "bad_sender": statuses.INVALID_SOURCE,
    "bad_content": 128,  # the protocol has no code for these two: the vendor's own
    "system": 129,
}
_STRAY_TLV = (0x1400, b"\xde\xad\xbe\xef" * 4)
_CUT = 40  # octets that are left of a truncated report: the id, but no state
_PER_MINUTE = 1_000_000  # ids a gateway has


class _Minute(NamedTuple):
    """The vendor's clock as ids (MMDDHHMM) and as reports (YYMMDDhhmm) write it."""

    stamp: str
    written: str


class SmgpDesk:
    """Knows the account, hands messages to the exchange, brings reports to whoever listens.

    `ids` is for protocols in which ids have a notation; here they are ten octets.
    """

    def __init__(self, exchange: Exchange, ids: str, wall: Callable[[], float]) -> None:
        del ids
        self.exchange = exchange
        self._wall = wall
        self._at, self._minute = -1, _Minute("", "")
        self._links: list[Link] = []
        self._delivered = 0
        self._held: deque[codec.Deliver] = deque(maxlen=_HELD)

    @property
    def connected(self) -> bool:
        """Whether anybody is logged in."""
        return bool(self._links)

    # What the server asks.

    def secret(self, account: str) -> str | None:
        return SECRET if account == CLIENT_ID else None

    def welcome(self, link: Link) -> None:
        self._links.append(link)
        asyncio.get_running_loop().call_soon(self._deliver_held)

    def submit(self, link: Link, submit: codec.Submit) -> None:
        part, text = read_part(submit)
        request = _Request(self, link, submit)
        for number in submit.destinations:
            submission = Submission(number, submit.source, text, part)
            self.exchange.submit(submission, _Client(request, number))

    def query(self, link: Link, query: codec.Query) -> tuple[int, ...]:
        del link, query
        counts = self.exchange.ledger.counts
        sent = counts["receipts"] + counts["replies"]
        took, refused = counts["accepted"], counts["refused"]
        submitted = took + refused + counts["unanswered"]
        return (submitted, submitted, took, 0, refused, sent, len(self._held), 0)

    def gone(self, link: Link) -> None:
        self._links.remove(link)

    # What its clients use.

    def minute(self) -> _Minute:
        at = int(self._wall() // 60)
        if at != self._at:
            now = datetime.fromtimestamp(at * 60, UTC).astimezone(_VENDOR_ZONE)
            self._at = at
            self._minute = _Minute(now.strftime("%m%d%H%M"), now.strftime("%y%m%d%H%M"))
        return self._minute

    def report(self, deliver: codec.Deliver, came_on: Link, *, elsewhere: bool) -> None:
        """Send a report on the connection its message came on, or on another."""
        self.exchange.ledger.counts["receipts"] += 1
        if not elsewhere and came_on.takes_receipts:
            self._send(deliver, came_on)
        else:
            self.deliver(deliver, came_on)

    def deliver(self, deliver: codec.Deliver, avoided: Link | None = None) -> None:
        """Send a Deliver on any connection, as soon as there is one."""
        takers = [link for link in self._links if link.takes_receipts]
        others = [link for link in takers if link is not avoided]
        if takers:
            self._send(deliver, (others or takers)[0])
        else:
            self._held.append(deliver)

    def _send(self, deliver: codec.Deliver, link: Link) -> None:
        """A Deliver has an id and a time of its own."""
        self._delivered += 1
        minute = self.minute()
        deliver.message_id = message_id(minute.stamp, self._delivered, own=True)
        deliver.received = f"20{minute.written}{int(self._wall() % 60):02d}"
        link.deliver(deliver)

    def _deliver_held(self) -> None:
        while self._held and any(link.takes_receipts for link in self._links):
            self.deliver(self._held.popleft())


class _Request:
    """One Submit: answered once, when it is known what becomes of all its destinations."""

    __slots__ = ("desk", "first", "link", "minute", "refusal", "submit", "waiting")

    def __init__(self, desk: SmgpDesk, link: Link, submit: codec.Submit) -> None:
        self.desk, self.link, self.submit = desk, link, submit
        self.minute = desk.minute()
        self.waiting, self.first = len(submit.destinations), 0
        self.refusal: Refusal = ""

    def answer(self, refusal: Refusal, number: int) -> None:
        """Of several destinations none is served where one is refused; the first id is told."""
        self.waiting -= 1
        self.refusal = self.refusal or refusal
        self.first = min(self.first or number, number) if number else self.first
        if not self.waiting:
            told = codec.NO_ID if self.refusal else message_id(self.minute.stamp, self.first)
            self.link.answer(self.submit.sequence, _STATUSES[self.refusal], told)


class _Client:
    """One destination's way back."""

    __slots__ = ("_number", "_request")

    def __init__(self, request: _Request, number: str) -> None:
        self._request, self._number = request, number

    def answer(self, refusal: Refusal, number: int) -> None:
        self._request.answer(refusal, number)

    def report(self, number: int, plan: ReceiptPlan) -> None:
        request, submit = self._request, self._request.submit
        if submit.need_report != 1 or request.refusal:
            return
        report = receipt.Report(
            message_id(request.minute.stamp, number),
            plan.state,
            plan.err.rjust(3, "0"),
            request.minute.written,
            request.desk.minute().written,
            text=receipt.excerpt(submit.content, submit.msg_format),
        )
        deliver = codec.Deliver(
            0, codec.NO_ID, self._number, submit.source, receipt.format(report), is_report=1
        )
        if plan.flaw is not None:
            _spoil(deliver, report, plan.flaw)
        request.desk.report(deliver, request.link, elsewhere=plan.elsewhere)

    def reply(self, number: str, text: str) -> None:
        desk, source = self._request.desk, self._request.submit.source
        found = alphabets.single(text, "auto")
        msg_format, pieces = (found[0], [found[1]]) if found else alphabets.split(text, "auto")
        for order, piece in enumerate(pieces, 1):
            part = Part(len(text), len(pieces), order)
            deliver = codec.Deliver(0, codec.NO_ID, number, source, piece, msg_format=msg_format)
            if not found:
                deliver.content = texts.header(part) + piece
                deliver.tlvs = (tlv.number(tlv.TP_UDHI, 1),)
            desk.deliver(deliver)

    def mute(self) -> None:
        self._request.link.mute = True

    def drop(self) -> None:
        self._request.link.drop()

    def babble(self, data: bytes) -> None:
        self._request.link.babble(data)

    def drip(self, on: bool) -> None:
        self._request.link.drip(on)


def message_id(stamp: str, number: int, *, own: bool = False) -> bytes:
    """A MsgID: gateway, minute and six digits.

    A gateway has a million ids a minute, so further millions are those of its neighbours; `own`
    ids, of Delivers, are the last neighbour's.
    """
    gateway = 9 if own else number // _PER_MINUTE % 9
    return bytes.fromhex(f"00006{gateway}{stamp}{number % _PER_MINUTE:06d}")


def read_part(submit: codec.Submit) -> tuple[Part | None, str]:
    """Which part of a long text this is, and the text."""
    part, content = None, submit.content
    if submit.tlvs and tlv.find_number(submit.tlvs, tlv.TP_UDHI):
        part, content = texts.read_header(content)
    return part, alphabets.decode(content, submit.msg_format)


def _spoil(deliver: codec.Deliver, report: receipt.Report, flaw: Flaw) -> None:
    """Write down what is wrong with a report."""
    match flaw:
        case "foreign_id":
            foreign = replace(report, message_id=report.message_id[::-1])
            deliver.content = receipt.format(foreign)
        case "truncated":
            deliver.content = deliver.content[:_CUT]
        case "garbage":
            deliver.tlvs = (_STRAY_TLV,)
        case "unknown_state":
            """The plan has one."""
