"""The vendor's side of SMPP: accepts binds and messages, sends receipts. For simulated vendors.

What to answer is decided by a `Desk`; this file only speaks the protocol.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from evaluators.protocols import serving
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smpp import codec
from evaluators.protocols.smpp import status as statuses


class Desk(Protocol):
    """Whoever decides. All calls come from the event loop and must not block."""

    def bind(self, link: "Link", bind: codec.Bind) -> int:
        """The status to answer a bind with; 0 lets it in."""

    def submit(self, link: "Link", sms: codec.Sms) -> None:
        """A message came; answer with `link.answer`, now or later, or never."""

    def gone(self, link: "Link") -> None:
        """A bound connection ended."""


class Link(serving.Link):
    """One client's connection."""

    def __init__(self, desk: Desk, links: set["Link"]) -> None:
        super().__init__(codec.Frames(), links)
        self.system_id = ""
        self.bound_as = 0
        """The bind's command id, 0 before."""
        self._desk = desk
        self._sequence = 0

    @property
    def takes_receipts(self) -> bool:
        return self.bound_as in {codec.BIND_TRANSCEIVER, codec.BIND_RECEIVER} and self.alive

    def answer(self, sequence: int, status: int, message_id: bytes = b"") -> None:
        """Answer a submit_sm."""
        self._send(codec.SmsResp(codec.SUBMIT_SM_RESP, sequence, status, message_id))

    def deliver(self, sms: codec.Sms) -> None:
        """Send a deliver_sm; its sequence number is put in here."""
        self._sequence = self._sequence % codec.LAST_SEQUENCE + 1
        data = bytearray(codec.encode(sms))
        data[12:16] = self._sequence.to_bytes(4, "big")
        self._write(bytes(data))

    # What serving calls.

    def _complaint(self, error: ProtocolError) -> bytes:
        return codec.encode(codec.Bare(codec.GENERIC_NACK, 0, error.status))

    def _gone(self) -> None:
        self._desk.gone(self)

    def _take(self, frame: bytes) -> None:
        _, command, _, sequence = codec.HEADER.unpack_from(frame)
        if command == codec.DELIVER_SM_RESP:
            return
        try:
            pdu = codec.decode(frame)
        except ProtocolError as error:
            self._refuse(command, sequence, error.status)
            return
        match pdu:
            case codec.Bind():
                self._bind(pdu)
            case codec.Sms(command=codec.SUBMIT_SM) if self._may_submit:
                self._desk.submit(self, pdu)
            case codec.Bare(command=codec.ENQUIRE_LINK):
                self._send(codec.Bare(codec.ENQUIRE_LINK_RESP, sequence))
            case codec.Bare(command=codec.UNBIND):
                self._send(codec.Bare(codec.UNBIND_RESP, sequence))
                self._hang_up()
            case _:
                self._refuse(command, sequence, statuses.WRONG_BIND_STATE)

    @property
    def _may_submit(self) -> bool:
        return self.bound_as in {codec.BIND_TRANSCEIVER, codec.BIND_TRANSMITTER}

    def _bind(self, bind: codec.Bind) -> None:
        status = statuses.ALREADY_BOUND if self.bound_as else self._desk.bind(self, bind)
        self._send(codec.BindResp(bind.command | codec.RESPONSE, bind.sequence, status, "smsvet"))
        if status == statuses.OK:
            self.bound_as, self.system_id = bind.command, bind.system_id
            self._welcome()

    def _refuse(self, command: int, sequence: int, status: int) -> None:
        if command == codec.SUBMIT_SM:
            self.answer(sequence, status)
        elif not command & codec.RESPONSE:
            self._send(codec.Bare(codec.GENERIC_NACK, sequence, status))

    def _send(self, pdu: codec.Pdu) -> None:
        self._write(codec.encode(pdu))


def listening(
    desk: Desk, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[int]:
    """Listen while the context lasts; gives the port. All connections are cut at its end."""
    return serving.listening(lambda links: Link(desk, links), host=host, port=port)
