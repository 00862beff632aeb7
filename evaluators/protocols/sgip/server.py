"""The gateway's side of SGIP: accepts an SP's logins and messages. For simulated vendors.

What to answer is decided by a `Desk`; this file only speaks the protocol. Reports leave over the
desk's `caller`, which logs in at the SP, or over the SP's own connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from evaluators.protocols import serving
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.sgip import codec, pdus
from evaluators.protocols.sgip import status as statuses
from evaluators.protocols.sgip.caller import Caller
from evaluators.protocols.sgip.sequence import Heard

_MOST_RESULTS = 100_000
_LOGINS = frozenset({pdus.SP_TO_SMG, pdus.TESTING})


class Desk(Protocol):
    """Whoever decides. All calls come from the event loop and must not block."""

    @property
    def caller(self) -> Caller:
        """The way to the SP's own listener."""

    def bind(self, link: "Link", bind: pdus.Bind) -> int:
        """The result to answer a login with; 0 lets it in."""

    def submit(self, link: "Link", submit: pdus.Submit) -> None:
        """A message came; answer with `link.answer`, now or later, or never."""

    def gone(self, link: "Link") -> None:
        """A connection that was let in has ended."""


class _Submits(Heard):
    """The Submits of all connections, and what they were answered."""

    def __init__(self) -> None:
        super().__init__()
        self.results: dict[bytes, int] = {}

    def settle(self, number: bytes, result: int) -> None:
        if len(self.results) >= _MOST_RESULTS:
            self.results.clear()
        self.results[number] = result


class Link(serving.Link):
    """One SP's connection."""

    def __init__(self, desk: Desk, links: set["Link"], submits: _Submits) -> None:
        super().__init__(codec.Frames(), links)
        self.account = ""
        """Who has logged in; empty before."""
        self._desk, self._submits = desk, submits

    @property
    def takes_reports(self) -> bool:
        return bool(self.account) and self.alive

    def answer(self, number: bytes, result: int) -> None:
        """Answer a Submit, known by its sequence number."""
        self._submits.settle(number, result)
        self._send(pdus.Result(pdus.SUBMIT_RESP, number, result))

    def bring(self, command: pdus.Pdu) -> None:
        """Send a command on this connection; its sequence number is put in here."""
        self._write(self._desk.caller.numbered(command))

    # What serving calls.

    def _gone(self) -> None:
        self._desk.gone(self)

    def _take(self, frame: bytes) -> None:
        try:
            pdu = codec.decode(frame)
        except ProtocolError as error:
            self._complain(frame, error.status)
            return
        match pdu:
            case pdus.Bind():
                self._log_in(pdu)
            case pdus.Bare(command=pdus.UNBIND, sequence=number):
                self._send(pdus.Bare(pdus.UNBIND_RESP, number))
                self._hang_up()
            case _ if not self.account:
                self._refuse(pdu, statuses.WRONG_LOGIN)
                self._hang_up()
            case pdus.Submit():
                self._submit(pdu, frame)
            case _:
                self._refuse(pdu, statuses.BAD_COMMAND)

    # What happens inside.

    def _log_in(self, bind: pdus.Bind) -> None:
        if self.account:
            status = statuses.REPEATED_LOGIN
        elif bind.login_type not in _LOGINS:
            status = statuses.WRONG_LOGIN_TYPE
        else:
            status = self._desk.bind(self, bind)
        self._send(pdus.Result(pdus.BIND_RESP, bind.sequence, status))
        if status == statuses.OK:
            self.account = bind.name
            self._welcome()
        elif not self.account:
            self._hang_up()

    def _submit(self, submit: pdus.Submit, frame: bytes) -> None:
        match self._submits.note(frame):
            case "new":
                self._desk.submit(self, submit)
            case "clash":
                self._refuse(submit, statuses.BAD_SEQUENCE)
            case "again":  # not taken again, but whoever asks again has not heard the answer
                result = self._submits.results.get(submit.sequence)
                if result is not None:
                    self._send(pdus.Result(pdus.SUBMIT_RESP, submit.sequence, result))

    def _complain(self, frame: bytes, status: int) -> None:
        """Answer what is malformed, and hang up where not even its form is right."""
        _, command, number = codec.HEADER.unpack_from(frame)
        if command == pdus.SUBMIT and self.account:
            self._send(pdus.Result(pdus.SUBMIT_RESP, number, status))
        if command != pdus.SUBMIT or status != statuses.BAD_PARAMETER:
            self._hang_up()

    def _refuse(self, pdu: pdus.Pdu, status: int) -> None:
        refusal = codec.refusal(pdu, status)
        if refusal is not None:
            self._send(refusal)

    def _send(self, pdu: pdus.Pdu) -> None:
        self._write(codec.encode(pdu))


@asynccontextmanager
async def listening(desk: Desk, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Listen, and call the SP, while the context lasts; gives the port."""
    submits = _Submits()
    served = serving.listening(lambda links: Link(desk, links, submits), host=host, port=port)
    failure: Exception | None = None
    async with served as bound, anyio.create_task_group() as tasks:
        tasks.start_soon(desk.caller.run)
        try:
            yield bound
        except Exception as error:  # noqa: BLE001 - raised again below, not wrapped in a group
            failure = error
        finally:
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
