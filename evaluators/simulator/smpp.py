"""A simulated vendor's SMPP door."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from evaluators.protocols import text as texts
from evaluators.protocols.smpp import codec, receipt
from evaluators.protocols.smpp import status as statuses
from evaluators.protocols.smpp.server import Link
from evaluators.protocols.text import Part
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.vendor import ReceiptPlan, Submission

SYSTEM_ID = "buyer"
PASSWORD = "simulate"  # noqa: S105 - of a simulated account, and printed when it starts
_HELD = 100_000  # receipts kept while nobody is there to take them
_VENDOR_ZONE = timezone(timedelta(hours=8))  # receipts carry the vendor's local time
_WANTED = {1: True, 2: False}  # registered_delivery: always; failures only

IdForm = Literal["decimal", "hex_answer", "hex_receipt"]


class SmppDesk:
    """Checks log-ins, hands messages to the exchange, brings receipts to whoever listens."""

    def __init__(self, exchange: Exchange, ids: IdForm, wall: Callable[[], float]) -> None:
        self.answer_id = _hexadecimal if ids == "hex_answer" else _decimal
        self.receipt_id = _hexadecimal if ids == "hex_receipt" else _decimal
        self._exchange, self._wall = exchange, wall
        self._minute, self._written = -1, ""
        self._links: list[Link] = []
        self._held: deque[codec.Sms] = deque(maxlen=_HELD)

    @property
    def connected(self) -> bool:
        """Whether anybody is logged in."""
        return bool(self._links)

    def bind(self, link: Link, bind: codec.Bind) -> int:
        if bind.system_id != SYSTEM_ID:
            return statuses.WRONG_SYSTEM_ID
        if bind.password != PASSWORD:
            return statuses.WRONG_PASSWORD
        self._links.append(link)
        asyncio.get_running_loop().call_soon(self._deliver_held)
        return statuses.OK

    def submit(self, link: Link, sms: codec.Sms) -> None:
        part, text = read_part(sms)
        submission = Submission(sms.destination, sms.source, text, part)
        self._exchange.submit(submission, _Client(self, link, sms, self.now()))

    def gone(self, link: Link) -> None:
        self._links.remove(link)

    def deliver(self, sms: codec.Sms, preferred: Link) -> None:
        """Send a receipt on the connection its message came on, else on another, else later."""
        self._exchange.ledger.counts["receipts"] += 1
        link = self._taker(preferred)
        if link is None:
            self._held.append(sms)
        else:
            link.deliver(sms)

    def now(self) -> str:
        """The vendor's clock as receipts write it."""
        minute = int(self._wall() // 60)
        if minute != self._minute:
            local = datetime.fromtimestamp(minute * 60, UTC).astimezone(_VENDOR_ZONE)
            self._minute, self._written = minute, local.strftime("%y%m%d%H%M")
        return self._written

    def _taker(self, preferred: Link | None = None) -> Link | None:
        takers = [link for link in self._links if link.takes_receipts]
        return preferred if preferred in takers else next(iter(takers), None)

    def _deliver_held(self) -> None:
        while self._held and (link := self._taker()) is not None:
            link.deliver(self._held.popleft())


class _Client:
    """One submission's way back."""

    __slots__ = ("_desk", "_link", "_sms", "_submitted")

    def __init__(self, desk: SmppDesk, link: Link, sms: codec.Sms, submitted: str) -> None:
        self._desk, self._link, self._sms, self._submitted = desk, link, sms, submitted

    def answer(self, status: int, number: int) -> None:
        message_id = b"" if status else self._desk.answer_id(number)
        self._link.answer(self._sms.sequence, status, message_id)

    def report(self, number: int, plan: ReceiptPlan) -> None:
        always = _WANTED.get(self._sms.registered_delivery & 3)
        delivered = plan.state == "DELIVRD"
        if always is None or (delivered and not always):
            return
        report = receipt.Report(
            message_id=self._desk.receipt_id(number),
            state=plan.state,
            err=plan.err,
            submitted=self._submitted,
            done=self._desk.now(),
            dlvrd="001" if delivered else "000",
        )
        state = receipt.STATE_CODES.get(plan.state, 7)
        sms = codec.Sms(
            codec.DELIVER_SM,
            0,
            source=self._sms.destination,
            destination=self._sms.source,
            short_message=receipt.format(report),
            esm_class=codec.ESM_RECEIPT,
            tlvs=(
                (codec.TLV_RECEIPTED_MESSAGE_ID, report.message_id + b"\0"),
                (codec.TLV_MESSAGE_STATE, bytes((state,))),
            ),
        )
        self._desk.deliver(sms, self._link)

    def mute(self) -> None:
        self._link.mute = True

    def drop(self) -> None:
        self._link.drop()


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


def _decimal(number: int) -> bytes:
    return b"%010d" % number


def _hexadecimal(number: int) -> bytes:
    return b"%08x" % number
