"""The gateway's side of CMPP: logins, messages, deliveries. For simulated vendors.

Both versions on one port: a connection speaks what its CONNECT says. What to answer is decided by
a `Desk`; this file only speaks the protocol.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from evaluators.protocols import serving
from evaluators.protocols.cmpp import codec, content, login, pdus, receipt
from evaluators.protocols.cmpp import status as statuses
from evaluators.protocols.errors import ProtocolError

_HIGHEST = pdus.V30


class Desk(Protocol):
    """Whoever decides. All calls come from the event loop and must not block."""

    def secret(self, account: str) -> str | None:
        """The shared secret of this account; None if there is no such account."""

    def welcome(self, link: "Link") -> None:
        """A connection of `link.account` has logged in."""

    def submit(self, link: "Link", submit: pdus.Submit) -> None:
        """A message came; answer with `link.answer`, now or later, or never."""

    def query(self, link: "Link", query: pdus.Query) -> tuple[int, ...]:
        """The eight counts of a QUERY_RESP."""

    def gone(self, link: "Link") -> None:
        """A connection that was logged in has ended."""


class Link(serving.Link):
    """One client's connection."""

    def __init__(self, desk: Desk, links: set["Link"]) -> None:
        super().__init__(codec.Frames(), links)
        self.account = ""
        """Empty before the login."""
        self.version = pdus.V30
        self._desk = desk
        self._sequence = 0

    def answer(self, sequence: int, result: int, message_id: bytes = pdus.NO_ID) -> None:
        """Answer a SUBMIT; `message_id` is eight octets."""
        answer = codec.LAYOUTS[self.version].answer
        self._write(answer.pack(answer.size, pdus.SUBMIT_RESP, sequence, message_id, result))

    def deliver(self, deliver: pdus.Deliver) -> None:
        """Send a DELIVER; its sequence number is put in here."""
        deliver.sequence = self._next()
        self._send(deliver)

    def report(
        self, pattern: receipt.Pattern, own_id: int, number: bytes, told: receipt.Told
    ) -> None:
        """Send the DELIVER that brings a report; see receipt.Pattern."""
        self._write(pattern.write(self._next(), own_id, number, told))

    def ping(self) -> None:
        """Ask whether the client is there."""
        self._send(pdus.Bare(pdus.ACTIVE_TEST, self._next()))

    def terminate(self) -> None:
        """Say goodbye; the client closes."""
        self._send(pdus.Bare(pdus.TERMINATE, self._next()))

    # What serving calls.

    def _gone(self) -> None:
        self._desk.gone(self)

    def _take(self, frame: bytes) -> None:
        _, command, sequence = codec.HEADER.unpack_from(frame)
        if command & pdus.RESPONSE:
            return
        try:
            pdu = codec.decode(frame, self.version)
        except ProtocolError as error:
            if not self.account:
                raise
            self._refuse(command, sequence, error.status)
            return
        if isinstance(pdu, pdus.Connect):
            self._connect(pdu)
        elif self.account:
            self._serve(pdu)
        else:
            raise ProtocolError("a message before the login")

    def _serve(self, pdu: pdus.Pdu) -> None:
        match pdu:
            case pdus.Submit():
                if len(pdu.content) > content.most_octets(pdu.msg_fmt):
                    self.answer(pdu.sequence, statuses.TOO_LONG)
                else:
                    self._desk.submit(self, pdu)
            case pdus.Bare(command=pdus.ACTIVE_TEST):
                self._send(pdus.Bare(pdus.ACTIVE_TEST_RESP, pdu.sequence))
            case pdus.Bare():
                self._send(pdus.Bare(pdus.TERMINATE_RESP, pdu.sequence))
                self._hang_up()
            case pdus.Query():
                counts = self._desk.query(self, pdu)
                self._send(
                    pdus.QueryResp(pdu.sequence, pdu.day, pdu.query_type, pdu.query_code, counts)
                )
            case pdus.Cancel():  # what is accepted is on its way
                self._send(pdus.CancelResp(pdu.sequence, 1))
            case _:
                pass

    # What happens inside.

    def _connect(self, connect: pdus.Connect) -> None:
        """Answer in the layout the client speaks; who is refused is cut off."""
        self.version = codec.layout_of(connect.version)
        secret = self._desk.secret(connect.account)
        status = statuses.LOGIN_OTHER if self.account else _refusal(connect, secret)
        digest = bytes(16)
        if not status:
            size = codec.LAYOUTS[self.version].result
            digest = login.answer(bytes(size), connect.authenticator, secret or "")
        version = min(connect.version, _HIGHEST)
        self._send(pdus.ConnectResp(connect.sequence, status, digest, version))
        if status:
            self._hang_up()
        else:
            self.account = connect.account
            self._welcome()
            self._desk.welcome(self)

    def _refuse(self, command: int, sequence: int, result: int) -> None:
        """Only a SUBMIT's answer can say what is wrong; of other requests nothing is said."""
        if command == pdus.SUBMIT:
            self.answer(sequence, result)

    def _next(self) -> int:
        self._sequence = self._sequence % pdus.LAST_SEQUENCE + 1
        return self._sequence

    def _send(self, pdu: pdus.Pdu) -> None:
        self._write(codec.encode(pdu, self.version))


def _refusal(connect: pdus.Connect, secret: str | None) -> int:
    """The Status of a CONNECT_RESP; 0 lets in."""
    if secret is None:
        return statuses.LOGIN_BAD_SOURCE
    if not login.proves(connect.authenticator, connect.account, secret, connect.timestamp):
        return statuses.LOGIN_WRONG_SECRET
    return statuses.LOGIN_VERSION_TOO_HIGH if connect.version > _HIGHEST else statuses.OK


def listening(
    desk: Desk, *, host: str = "127.0.0.1", port: int = 0
) -> AbstractAsyncContextManager[int]:
    """Listen while the context lasts; gives the port. All connections are cut at its end."""
    return serving.listening(lambda links: Link(desk, links), host=host, port=port)
