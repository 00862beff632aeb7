"""Lets the fates a vendor decided happen in time: answers, arrivals, receipts. No protocol."""

from typing import Protocol

from evaluators.simulator.ledger import Ledger
from evaluators.simulator.panel import Panel
from evaluators.simulator.timeline import Timeline
from evaluators.simulator.vendor import Arrival, ReceiptPlan, Submission, Vendor


class Client(Protocol):
    """Whoever submitted, as the wire protocol reaches them."""

    def answer(self, status: int, number: int) -> None:
        """Answer the submission; `number` is the message's running number if it was accepted."""

    def report(self, number: int, plan: ReceiptPlan) -> None:
        """Send a delivery receipt, if one was asked for."""

    def mute(self) -> None:
        """Go on reading, write nothing more."""

    def drop(self) -> None:
        """Cut the connection."""


class Exchange:
    """One simulated vendor at work, behind however many connections and protocols."""

    def __init__(self, vendor: Vendor, panel: Panel, timeline: Timeline) -> None:
        self.ledger = Ledger()
        self.panel = panel
        self._vendor = vendor
        self._timeline = timeline
        self._last = 0

    def submit(self, submission: Submission, client: Client) -> None:
        """Take one message, or one part of one."""
        self.ledger.submitted(submission)
        fate = self._vendor.fate(submission, self._timeline.now())
        if fate.answer_after_s is None:
            self.ledger.counts["unanswered"] += 1
            {"keep": _nothing, "mute": client.mute, "drop": client.drop}[fate.link]()
            return
        later = self._timeline.after
        if fate.status:
            self.ledger.counts["refused"] += 1
            later(fate.answer_after_s, client.answer, fate.status, 0)
            return
        self.ledger.counts["accepted"] += 1
        self._last += 1
        later(fate.answer_after_s, client.answer, 0, self._last)
        if fate.arrival is not None:
            later(fate.arrival.after_s, self._arrive, submission, fate.arrival)
        for plan in fate.receipts:
            later(plan.after_s, client.report, self._last, plan)

    def _arrive(self, submission: Submission, arrival: Arrival) -> None:
        shown = self.panel.receive(submission.number, arrival.sender, arrival.text, submission.part)
        self.ledger.counts["arrived"] += shown


def _nothing() -> None:
    """The connection stays as it is."""
