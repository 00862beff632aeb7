"""A simulated vendor's SMPP door.

Ordinary messages are read and answered without making PDU objects; anything unusual goes through
the codec, and tests hold both ways to the same result.
"""

import asyncio
import re
from codecs import utf_16_be_decode
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, cast

from evaluators.protocols import serving
from evaluators.protocols import text as texts
from evaluators.protocols.smpp import codec, receipt, server
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.text import Part
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.personality import Flaw, Refusal
from evaluators.simulator.vendor import DELIVERED, ReceiptPlan, Submission

SYSTEM_ID = "buyer"
PASSWORD = "simulate"  # noqa: S105 - of a simulated account, and printed when it starts
ACCOUNT = {"system_id": SYSTEM_ID, "password": PASSWORD}
_HELD = 100_000  # receipts kept while nobody is there to take them
_SLICE, _SLICE_S = 1_000, 0.01
_VENDOR_ZONE = timezone(timedelta(hours=8))  # receipts carry the vendor's local time
_ALWAYS, _FAILURES = 1, 2  # registered_delivery
_STATUSES: dict[Refusal, int] = {
    "": statuses.OK,
    "throttled": statuses.THROTTLED,
    "bad_number": statuses.INVALID_DESTINATION,
    "bad_sender": statuses.INVALID_SOURCE,
    "bad_content": statuses.SUBMIT_FAILED,
    "system": statuses.SYSTEM_ERROR,
}
_CUT = 40  # octets that are left of a truncated receipt's text: the id, but no state
_STRAY = b"\x14\x00\x00\x08\xde\xad\xbe\xef\xde\xad\xbe\xef\x04\x27\x00\x03\xff\xff\xff"

_UCS2 = b"\x08"
# a submit_sm up to the length of its text, without optional parameters
_USUAL = re.compile(
    rb".{12}(....)[^\0]{0,5}\0..([^\0]{0,20})\0..([^\0]{0,20})\0(.)..[^\0]{0,16}\0[^\0]{0,16}\0(.).(.).(.)",
    re.DOTALL,
).match

IdForm = Literal["decimal", "hex_answer", "hex_receipt"]


class SmppDesk:
    """Checks log-ins, hands messages to the exchange, brings receipts to whoever listens."""

    def __init__(self, exchange: Exchange, ids: IdForm, wall: Callable[[], float]) -> None:
        self.answer_id = b"%08x" if ids == "hex_answer" else b"%010d"
        self.receipt_id = b"%08x" if ids == "hex_receipt" else b"%010d"
        self._exchange, self._wall = exchange, wall
        self._until_s, self._written = 0.0, b""
        self._tails: dict[tuple[bytes, bytes, str], bytes] = {}
        self._links: list[_Link] = []
        self._held: deque[bytes] = deque(maxlen=_HELD)

    @property
    def connected(self) -> bool:
        """Whether anybody is logged in."""
        return bool(self._links)

    def bind(self, link: server.Link, bind: codec.Bind) -> int:
        if bind.system_id != SYSTEM_ID:
            return statuses.WRONG_SYSTEM_ID
        if bind.password != PASSWORD:
            return statuses.WRONG_PASSWORD
        self._links.append(cast(_Link, link))
        asyncio.get_running_loop().call_soon(self._deliver_held)
        return statuses.OK

    def submit(self, link: server.Link, sms: codec.Sms) -> None:
        part, text = read_part(sms)
        source, destination = sms.source.encode("latin-1"), sms.destination.encode("latin-1")
        given = source, destination, sms.registered_delivery
        client = _Client(self, cast(_Link, link), sms.sequence, given)
        self._exchange.submit(Submission(sms.destination, sms.source, text, part), client)

    def submit_usual(self, link: "_Link", data: bytes, start: int, end: int) -> bool:
        """Take the submit_sm at data[start:end] if it is as most are; False if it is not."""
        shape = _USUAL(data, start, end)
        if shape is None or shape.end() + data[shape.end() - 1] != end:
            return False
        sequence, source, destination, esm_class, registered, coding, _ = shape.groups()
        part, content = None, data[shape.end() : end]
        if esm_class[0] & codec.ESM_UDHI:
            part, content = texts.read_header(content)
        if coding == _UCS2:
            text = utf_16_be_decode(content, "replace", True)[0]
        else:
            text = texts.decode(content, codec.ENCODINGS.get(coding[0], "latin1"))
        given = source, destination, registered[0]
        client = _Client(self, link, int.from_bytes(sequence, "big"), given)
        self._exchange.submit(
            Submission(destination.decode("latin-1"), source.decode("latin-1"), text, part), client
        )
        return True

    def gone(self, link: server.Link) -> None:
        self._links.remove(cast(_Link, link))

    def report(self, body: bytes, came_on: "_Link", *, elsewhere: bool) -> None:
        """Send a receipt on the connection its message came on, or on another."""
        self._exchange.ledger.counts["receipts"] += 1
        if not elsewhere and came_on.takes_receipts:
            came_on.deliver_body(body)
        else:
            self.deliver(body, came_on)

    def deliver(self, body: bytes, avoided: "_Link | None" = None) -> None:
        """Send a deliver_sm on any connection, as soon as there is one."""
        takers = [link for link in self._links if link.takes_receipts]
        others = [link for link in takers if link is not avoided]
        if takers:
            (others or takers)[0].deliver_body(body)
        else:
            self._held.append(body)

    def now(self) -> bytes:
        """The vendor's clock as receipts write it."""
        now_s = self._wall()
        if now_s >= self._until_s:
            minute = int(now_s // 60)
            local = datetime.fromtimestamp(minute * 60, UTC).astimezone(_VENDOR_ZONE)
            self._until_s, self._written = minute * 60.0 + 60, local.strftime("%y%m%d%H%M").encode()
        return self._written

    def tail(self, submitted: bytes, plan: ReceiptPlan) -> bytes:
        """A receipt's text after its id; the same for all of a minute."""
        done = self.now()
        key = submitted, done, plan.state
        tail = self._tails.get(key)
        if tail is None:
            if len(self._tails) > _TAILS:
                self._tails.clear()
            tail = self._tails[key] = _TAIL % (
                b"001" if plan.state == DELIVERED else b"000",
                submitted,
                done,
                plan.state.encode(),
                plan.err.encode(),
            )
        return tail

    def _deliver_held(self) -> None:
        """A slice at a time: the client is cut off that leaves too much unread."""
        if self._held and any(link.takes_receipts for link in self._links):
            for _ in range(min(_SLICE, len(self._held))):
                self.deliver(self._held.popleft())
            asyncio.get_running_loop().call_later(_SLICE_S, self._deliver_held)


class _Client:
    """One submission's way back."""

    __slots__ = ("_desk", "_given", "_link", "_sequence", "_submitted")

    def __init__(
        self, desk: SmppDesk, link: "_Link", sequence: int, given: tuple[bytes, bytes, int]
    ) -> None:
        self._desk, self._link, self._sequence = desk, link, sequence
        self._given = given  # source, destination, registered_delivery
        self._submitted = desk.now()

    def answer(self, refusal: Refusal, number: int) -> None:
        message_id = b"" if refusal else self._desk.answer_id % number
        self._link.answer(self._sequence, _STATUSES[refusal], message_id)

    def report(self, number: int, plan: ReceiptPlan) -> None:
        source, destination, registered = self._given
        wanted = registered & 3
        if wanted != _ALWAYS and (wanted != _FAILURES or plan.state == DELIVERED):
            return
        message_id = self._desk.receipt_id % number
        text = b"id:" + message_id + self._desk.tail(self._submitted, plan)
        state = receipt.STATE_CODES.get(plan.state)
        tlvs = _TLVS % (len(message_id) + 1, message_id, state) if state else b""
        if plan.flaw is not None:
            text, tlvs = _flawed(text, tlvs, plan.flaw)
        body = _body(destination, source, (codec.ESM_RECEIPT, 0), text) + tlvs
        self._desk.report(body, self._link, elsewhere=plan.elsewhere)

    def reply(self, number: str, text: str) -> None:
        encoding = texts.choose(text)
        data, coding = texts.encode(text, encoding), codec.DATA_CODINGS[encoding]
        body = _body(number.encode("latin-1"), self._given[0], (0, coding), data)
        self._desk.deliver(body)

    def mute(self) -> None:
        self._link.mute = True

    def drop(self) -> None:
        self._link.drop()

    def babble(self, data: bytes) -> None:
        self._link.babble(data)

    def drip(self, on: bool) -> None:
        self._link.drip(on)


class _Link(serving.InPlace, server.Link):
    """Takes ordinary messages the short way."""

    def __init__(self, desk: SmppDesk, links: set[server.Link]) -> None:
        super().__init__(desk, links)
        self._counter = desk
        self._number = 0

    def answer(self, sequence: int, status: int, message_id: bytes = b"") -> None:
        if status:
            super().answer(sequence, status, message_id)
        else:
            size = codec.HEADER.size + len(message_id) + 1
            head = codec.HEADER.pack(size, codec.SUBMIT_SM_RESP, 0, sequence)
            self._write(head + message_id + b"\0")

    def deliver_body(self, body: bytes) -> None:
        """Send a deliver_sm, given without its header."""
        self._number = self._number % codec.LAST_SEQUENCE + 1
        head = codec.HEADER.pack(codec.HEADER.size + len(body), codec.DELIVER_SM, 0, self._number)
        self._write(head + body)

    def _take_usual(self, data: bytes, start: int, end: int, command: int) -> bool:
        usual = command == codec.SUBMIT_SM and self._may_submit
        return usual and self._counter.submit_usual(self, data, start, end)


def listening(
    desk: SmppDesk, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[int]:
    """The server of evaluators.protocols.smpp with the short way through it."""
    return serving.listening(lambda links: _Link(desk, links), host=host, port=port)


def read_part(sms: codec.Sms) -> tuple[Part | None, str]:
    """Which part of a long text this is, and the text."""
    part, data = None, sms.user_data
    if sms.esm_class & codec.ESM_UDHI:
        part, data = texts.read_header(data)
    elif sms.tlvs:
        tags = (codec.TLV_SAR_REFERENCE, codec.TLV_SAR_TOTAL, codec.TLV_SAR_NUMBER)
        reference, total, number = (int.from_bytes(sms.tlv(tag) or b"", "big") for tag in tags)
        if 1 <= number <= total:
            part = Part(reference, total, number)
    return part, texts.decode(data, codec.ENCODINGS.get(sms.data_coding, "latin1"))


_TAIL = b" sub:001 dlvrd:%b submit date:%b done date:%b stat:%b err:%b text:"
_TAILS = 10_000
_TLVS = b"\0\x1e\0%c%b\0\x04\x27\0\x01%c"  # receipted_message_id, message_state


def _body(source: bytes, destination: bytes, kind: tuple[int, int], data: bytes) -> bytes:
    """A deliver_sm after its header; `kind` is esm_class and data_coding."""
    pattern = b"\0\0\0%b\0\0\0%b\0%c\0\0\0\0\0\0%c\0%c%b"
    return pattern % (source, destination, *kind, len(data), data)


def _flawed(text: bytes, tlvs: bytes, flaw: Flaw) -> tuple[bytes, bytes]:
    """A receipt's text and optional parameters with what is wrong with them."""
    match flaw:
        case "truncated":
            return text[:_CUT], b""
        case "foreign_id":
            message_id, _, rest = text.partition(b" ")
            return b"id:{%b} %b" % (message_id[:2:-1], rest), b""
        case "garbage":
            return text, _STRAY
        case "unknown_state":
            return text, tlvs
