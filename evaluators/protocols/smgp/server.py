"""The vendor's side of SMGP: lets clients in, takes messages, sends reports. For simulated vendors.

What to answer is decided by a `Desk`; this file only speaks the protocol. Of the reports and
handsets' messages at most `Pace.window` are unanswered at once, as the specification wants (4.2.1);
what a client leaves unanswered is not sent again.
"""

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from evaluators.protocols import serving
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.smgp import codec, login
from evaluators.protocols.smgp import status as statuses
from evaluators.protocols.smgp.text import LONGEST

_MOST_WAITING = 100_000  # messages a client may let wait before it is cut off


class Desk(Protocol):
    """Whoever decides. All calls come from the event loop and must not block."""

    def secret(self, account: str) -> str | None:
        """The account's shared secret; None where there is no such account."""

    def welcome(self, link: "Link") -> None:
        """A connection of `link.account` has logged in."""

    def submit(self, link: "Link", submit: codec.Submit) -> None:
        """A message came; answer with `link.answer`, now or later, or never."""

    def query(self, link: "Link", query: codec.Query) -> tuple[int, ...]:
        """The eight counts of a day; see codec.QueryResp."""

    def gone(self, link: "Link") -> None:
        """A logged-in connection ended."""


@dataclass(frozen=True, slots=True)
class Pace:
    """W, C, T and N of the specification: window, quiet, patience in seconds, tests."""

    window: int = 16
    quiet_s: float = 180.0
    patience_s: float = 60.0
    tests: int = 3


class Link(serving.Link):
    """One client's connection."""

    def __init__(self, desk: Desk, pace: Pace, links: set["Link"]) -> None:
        super().__init__(codec.Frames(), links)
        self.account = ""
        self.mode = -1
        """The LoginMode, -1 before."""
        self._desk, self._pace = desk, pace
        self._version = codec.VERSION
        self._sequence = 0
        self._unanswered: dict[int, float] = {}  # Deliver's sequence -> when it was sent
        self._waiting: deque[bytes] = deque()
        self._heard, self._tests = 0.0, 0  # when something came last; our tests since
        self._test: asyncio.TimerHandle | None = None

    @property
    def takes_receipts(self) -> bool:
        return self.mode in {codec.BOTH, codec.RECEIVE} and self.alive

    def answer(self, sequence: int, status: int, message_id: bytes = codec.NO_ID) -> None:
        """Answer a Submit."""
        self._send(codec.SmsResp(codec.SUBMIT_RESP, sequence, status, message_id))

    def deliver(self, deliver: codec.Deliver) -> None:
        """Send a report or a handset's message; its sequence number is put in here."""
        if len(self._waiting) >= _MOST_WAITING:
            self.drop()
            return
        self._waiting.append(codec.encode(deliver))
        self._send_waiting()

    # What serving calls.

    def _gone(self) -> None:
        if self._test is not None:
            self._test.cancel()
        self._waiting.clear()
        self._desk.gone(self)

    def _take(self, frame: bytes) -> None:
        _, command, sequence = codec.HEADER.unpack_from(frame)
        self._heard, self._tests = self._loop.time(), 0
        if command == codec.DELIVER_RESP:
            self._unanswered.pop(sequence, None)
            self._send_waiting()
            return
        try:
            pdu = codec.decode(frame, self._version)
        except ProtocolError as error:
            self._refuse(frame, error.status)
            return
        match pdu:
            case codec.Login():
                self._login(pdu)
            case codec.Submit():
                self._submit(pdu)
            case codec.Bare(command=codec.ACTIVE_TEST):
                self._send(codec.Bare(codec.ACTIVE_TEST_RESP, sequence))
            case codec.Bare(command=codec.EXIT):
                self._send(codec.Bare(codec.EXIT_RESP, sequence))
                self._hang_up()
            case codec.Query() if self.mode >= 0:
                counts = self._desk.query(self, pdu)
                self._send(codec.QueryResp(sequence, pdu.date, pdu.kind, pdu.code, counts))
            case _:
                """Answers to our own tests, and what has no answer."""

    # What happens inside.

    def _login(self, request: codec.Login) -> None:
        secret = self._desk.secret(request.client_id)
        status, proof = self._examine(request, secret), bytes(16)
        if status == statuses.OK:
            proof = login.answer(status, request.authenticator, secret or "")
        self._send(codec.LoginResp(request.sequence, status, proof))
        if status == statuses.OK:
            self.account, self.mode = request.client_id, request.mode
            self._version = request.version
            self._test = self._loop.call_later(self._pace.quiet_s, self._ask)
            self._welcome()
            self._desk.welcome(self)

    def _examine(self, request: codec.Login, secret: str | None) -> int:
        given, stamp = request.authenticator, request.timestamp
        if self.mode >= 0:
            return statuses.UNKNOWN_COMMAND  # nothing better says "not now"
        if request.version > codec.VERSION:
            return statuses.VERSION_TOO_HIGH
        if request.mode not in {codec.SEND, codec.RECEIVE, codec.BOTH}:
            return statuses.BAD_STRUCTURE
        if secret is None or not login.proves(given, request.client_id, secret, stamp):
            return statuses.WRONG_PASSWORD
        return statuses.OK

    def _submit(self, submit: codec.Submit) -> None:
        if self.mode < 0:
            self.answer(submit.sequence, statuses.WRONG_PASSWORD)
        elif self.mode == codec.RECEIVE:
            self.answer(submit.sequence, statuses.UNKNOWN_COMMAND)
        elif submit.msg_type == codec.MOBILE_TERMINATED and len(submit.content) > LONGEST:
            self.answer(submit.sequence, statuses.INVALID_LENGTH)
        else:
            self._desk.submit(self, submit)

    def _refuse(self, frame: bytes, status: int) -> None:
        _, command, sequence = codec.HEADER.unpack_from(frame)
        if command == codec.SUBMIT:
            self.answer(sequence, status)
        elif command == codec.FORWARD:
            self._send(codec.refuse_forward(frame))
        elif command == codec.LOGIN:
            self._send(codec.LoginResp(sequence, status))

    def _send_waiting(self) -> None:
        now, sent = self._loop.time(), self._unanswered
        while sent and now - next(iter(sent.values())) > self._pace.patience_s:
            del sent[next(iter(sent))]
        while self._waiting and len(sent) < self._pace.window:
            self._sequence = self._sequence % codec.LAST_SEQUENCE + 1
            sent[self._sequence] = now
            data = self._waiting.popleft()
            self._write(data[:8] + self._sequence.to_bytes(4, "big") + data[12:])

    def _ask(self) -> None:
        """Test the connection where nothing came for a while; cut it after N vain tests."""
        pace, quiet_s = self._pace, self._loop.time() - self._heard
        if self._tests >= pace.tests and not self.mute:
            self.drop()
            return
        wait_s = pace.quiet_s - quiet_s
        if self._tests or wait_s <= 0:
            self._sequence = self._sequence % codec.LAST_SEQUENCE + 1
            self._send(codec.Bare(codec.ACTIVE_TEST, self._sequence))
            self._tests += 1
            wait_s = pace.patience_s
        self._test = self._loop.call_later(wait_s, self._ask)

    def _send(self, pdu: codec.Pdu) -> None:
        self._write(codec.encode(pdu))


def listening(
    desk: Desk, *, host: str = "127.0.0.1", port: int = 0, pace: Pace | None = None
) -> AbstractAsyncContextManager[int]:
    """Listen while the context lasts; gives the port. All connections are cut at its end."""
    kept = pace or Pace()
    return serving.listening(lambda links: Link(desk, kept, links), host=host, port=port)
