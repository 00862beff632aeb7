"""Lets the fates a vendor decided happen in time: answers, arrivals, receipts. No protocol."""

from typing import Protocol

from evaluators.simulator.ledger import Ledger
from evaluators.simulator.numbers import facts
from evaluators.simulator.panel import Panel
from evaluators.simulator.personality import Outage, Refusal
from evaluators.simulator.timeline import Timeline
from evaluators.simulator.vendor import Arrival, Fate, ReceiptPlan, Submission, Vendor

_SOURCES = 10_000  # sender numbers whose last connection is remembered, for replies


class Client(Protocol):
    """Whoever submitted, as the wire protocol reaches them. Called from the event loop."""

    def answer(self, refusal: Refusal, number: int) -> None:
        """Answer the submission; `number` is the message's running number if it was accepted."""

    def report(self, number: int, plan: ReceiptPlan) -> None:
        """Send a delivery receipt, if one was asked for."""

    def reply(self, number: str, text: str) -> None:
        """Hand on what the owner of `number` texted to the sender of this submission."""

    def mute(self) -> None:
        """Go on reading, write nothing more."""

    def drop(self) -> None:
        """Cut the connection."""

    def babble(self, data: bytes) -> None:
        """Write these octets, which mean nothing."""

    def drip(self, on: bool) -> None:
        """Write one octet per 50 ms from now on, or at full speed again."""


class Exchange:
    """One simulated vendor at work, behind however many connections and protocols."""

    def __init__(self, vendor: Vendor, panel: Panel, timeline: Timeline) -> None:
        self.ledger = Ledger()
        self.panel = panel
        self.vendor = vendor
        self._timeline = timeline
        self._last = 0
        self._clients: dict[str, Client] = {}  # the last one of each sender number

    def submit(self, submission: Submission, client: Client) -> None:
        """Take one message, or one part of one."""
        now = self._timeline.now()
        fate = self.vendor.fate(submission, now)
        refusal, answer_s, arrival, receipts, link, _, billed = fate
        if link != "keep":
            _act(fate, client)
        if answer_s is None:
            self.ledger.unanswered(submission)
            return
        at = self._timeline.at
        if refusal:
            self.ledger.refused(submission)
            at(now + answer_s, client.answer, refusal, 0)
            return
        destination, source, _, _ = submission
        known = facts(destination)
        self.ledger.accepted(submission, billed, known.carrier if known else "other")
        self._last = number = self._last + 1
        if len(self._clients) >= _SOURCES and source not in self._clients:
            self._clients.clear()
        self._clients[source] = client
        at(now + answer_s, client.answer, "", number)
        if arrival is not None:
            at(now + arrival.after_s, self._arrive, submission, arrival)
        for plan in receipts:
            at(now + plan.after_s, client.report, number, plan)

    def reply(self, number: str, to: str, text: str) -> bool:
        """The owner of a handset texts to a sender number; whether the buyer is told of it.

        Raises ValueError where nobody sent from that number.
        """
        client = self._clients.get(to)
        if client is None:
            raise ValueError(f"nothing was sent from {to!r}")
        self.ledger.counts["replies"] += 1
        forwarded = self.vendor.answered(number, to, text)
        if forwarded:
            client.reply(number, text)
        return forwarded

    def fault(self, outage: Outage, *, on: bool, switch_s: float | None = None) -> list[str]:
        """Break something or repair it, now; the faults that are on afterwards."""
        outages = self.vendor.outages
        if on:
            outages.start(outage, self._timeline.now(), switch_s)
        else:
            outages.end(outage.kind, outage.carriers)
            if outage.kind == "drip":
                for client in self._clients.values():
                    client.drip(False)
        return self.faults()

    def faults(self) -> list[str]:
        """The faults that are on."""
        return self.vendor.outages.names(self._timeline.now())

    def _arrive(self, submission: Submission, arrival: Arrival) -> None:
        number, source, _, part = submission
        _, sender, text = arrival
        shown = self.panel.receive(number, sender, text, part)
        if shown is None:
            return
        self.ledger.counts["arrived"] += 1
        after_s = self.vendor.reply_after_s(number, shown)
        if after_s is not None:
            self._timeline.at(self._timeline.now() + after_s, self._owner_replies, number, source)

    def _owner_replies(self, number: str, to: str) -> None:
        self.reply(number, to, "R")


def _act(fate: Fate, client: Client) -> None:
    match fate.link:
        case "mute":
            client.mute()
        case "drop":
            client.drop()
        case "babble":
            client.babble(fate.noise)
        case "drip":
            client.drip(True)
        case "keep":
            pass
