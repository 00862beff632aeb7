"""A simulated vendor's SGIP door.

Reports and replies leave over a connection of its own once it knows where the SP listens, and over
the SP's connection until then. The protocol has no field for that: ask the panel's port for
`/sgip?listen=PORT` (or HOST:PORT; 0 forgets it) at any time. The answer tells where it
calls, how often it was let in, what the SP last answered, and how many commands are unanswered.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from evaluators.protocols.sgip import content, pdus, receipt
from evaluators.protocols.sgip import status as statuses
from evaluators.protocols.sgip.caller import Caller
from evaluators.protocols.sgip.numbers import with_country
from evaluators.protocols.sgip.sequence import Numbering
from evaluators.protocols.sgip.server import Link
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.personality import Flaw, Refusal
from evaluators.simulator.vendor import DELIVERED, ReceiptPlan, Submission

NAME = "buyer"
PASSWORD = "simulate"  # noqa: S105 - of a simulated account, and printed when it starts
SP_NODE, SMG_NODE = 3_0100_00001, 1_0100_1
ACCOUNT = {"node_id": SP_NODE, "account": NAME, "password": PASSWORD}
_HELD = 100_000  # reports kept while nobody is there to take them
_NO_STATE = 0xFF
_STATUSES: dict[Refusal, int] = {
    "": statuses.OK,
    "throttled": statuses.BUSY,
    "bad_number": statuses.BAD_NUMBER,
    "bad_sender": statuses.BAD_PARAMETER,
    "bad_content": statuses.BAD_PARAMETER,
    "system": statuses.SYSTEM_FAILURE,
}


class SgipDesk:
    """Checks log-ins, hands messages to the exchange, brings reports to the SP.

    `ids` is of no use here: SGIP's ids are made by the SP.
    """

    def __init__(self, exchange: Exchange, ids: object, wall: Callable[[], float]) -> None:
        del ids
        self.caller = Caller(NAME, PASSWORD, Numbering(SMG_NODE, wall))
        self.routes = {"/sgip": self._asked}
        self._exchange = exchange
        self._links: list[Link] = []
        self._held: deque[pdus.Pdu] = deque(maxlen=_HELD)

    @property
    def connected(self) -> bool:
        """Whether anybody is logged in."""
        return bool(self._links)

    def bind(self, link: Link, bind: pdus.Bind) -> int:
        if (bind.name, bind.password) != (NAME, PASSWORD):
            return statuses.WRONG_LOGIN
        self._links.append(link)
        asyncio.get_running_loop().call_soon(self._bring_held)
        return statuses.OK

    def submit(self, link: Link, submit: pdus.Submit) -> None:
        if not all(number.startswith("86") for number in submit.numbers):
            link.answer(submit.sequence, statuses.BAD_NUMBER)
            return
        part, text = content.read(submit.content, submit.coding, submit.udhi)
        request = _Request(self, link, submit)
        for number in submit.numbers:
            submission = Submission(number, submit.source, text, part)
            self._exchange.submit(submission, _Client(request, number))

    def gone(self, link: Link) -> None:
        self._links.remove(link)

    def report(self, report: pdus.Report, came_on: Link, *, elsewhere: bool) -> None:
        """Report on our own connection; with `elsewhere`, or without one, on the SP's."""
        self._exchange.ledger.counts["receipts"] += 1
        if self.caller.address is not None and not elsewhere:
            self.caller.bring(report)
        else:
            self.bring(report, came_on if not elsewhere else None)

    def bring(self, command: pdus.Pdu, preferred: Link | None = None) -> None:
        """Send a command on the preferred connection of the SP's, on any, or on ours."""
        takers = [link for link in self._links if link.takes_reports]
        if preferred in takers:
            preferred.bring(command)
        elif takers:
            takers[-1].bring(command)
        elif self.caller.address is not None:
            self.caller.bring(command)
        else:
            self._held.append(command)

    def _bring_held(self) -> None:
        while self._held and (self.caller.address is not None or self.connected):
            self.bring(self._held.popleft())

    def deliver(self, deliver: pdus.Deliver) -> None:
        """Hand on what a handset's owner texted."""
        if self.caller.address is not None:
            self.caller.bring(deliver)
        else:
            self.bring(deliver)

    def _asked(self, query: Mapping[str, str]) -> object:
        if "listen" in query:
            host, _, port = query["listen"].rpartition(":")
            if not (port.isdigit() and int(port) < 65536):
                raise ValueError("listen is PORT or HOST:PORT, 0 for nobody")
            address = (host.strip("[]") or "127.0.0.1", int(port))
            self.caller.address = address if address[1] else None
            self._bring_held()
        caller = self.caller
        return {
            "calls_at": caller.address,
            "calls": caller.calls,
            "answer": caller.refused,
            "unanswered": caller.waiting,
        }


class _Request:
    """One Submit, which may be to several numbers but is answered once."""

    __slots__ = ("_left", "_refusal", "desk", "link", "submit")

    def __init__(self, desk: SgipDesk, link: Link, submit: pdus.Submit) -> None:
        self.desk, self.link, self.submit = desk, link, submit
        self._left, self._refusal = len(submit.numbers), statuses.OK

    def answer(self, result: int) -> None:
        """Once the last number has its fate: the first refusal, if there was one."""
        self._left -= 1
        self._refusal = self._refusal or result
        if not self._left:
            self.link.answer(self.submit.sequence, self._refusal)


class _Client:
    """One number's way back."""

    __slots__ = ("_number", "_request")

    def __init__(self, request: _Request, number: str) -> None:
        self._request, self._number = request, number

    def answer(self, refusal: Refusal, number: int) -> None:
        del number
        self._request.answer(_STATUSES[refusal])

    def report(self, number: int, plan: ReceiptPlan) -> None:
        del number
        flag = self._request.submit.report_flag
        if flag == pdus.REPORT_NEVER or (flag == pdus.REPORT_FAILURE and plan.state == DELIVERED):
            return
        report = written(self._request.submit.sequence, self._number, plan)
        self._request.desk.report(report, self._request.link, elsewhere=plan.elsewhere)

    def reply(self, number: str, text: str) -> None:
        source = self._request.submit.source
        coding, data = content.single(text) or (pdus.UCS2, text.encode("utf-16-be"))
        deliver = pdus.Deliver(pdus.NO_SEQUENCE, with_country(number), source, data, coding)
        self._request.desk.deliver(deliver)

    def mute(self) -> None:
        self._request.link.mute = True

    def drop(self) -> None:
        self._request.link.drop()

    def babble(self, data: bytes) -> None:
        self._request.link.babble(data)

    def drip(self, on: bool) -> None:
        self._request.link.drip(on)


def written(submit: bytes, number: str, plan: ReceiptPlan) -> pdus.Report:
    """A report; its fields cannot be cut, but they can make no sense."""
    state, error = receipt.outcome(plan.state, plan.err)
    flaw: Flaw | None = plan.flaw
    if flaw == "foreign_id":
        submit = submit[::-1]
    elif flaw in {"truncated", "unknown_state"}:
        state = _NO_STATE
    reserve = "\xde\xad\xbe\xef\xde\xad\xbe\xef" if flaw == "garbage" else ""
    return pdus.Report(pdus.NO_SEQUENCE, submit, number, state, error, reserve=reserve)
