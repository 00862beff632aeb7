"""The port through which a send test becomes durable. The runner knows no SQL.

What is on disk after a crash, at each moment:

- before anything leaves: every message, `planned`, and the start of its timetable; then
  `armed_upto` is raised, and only then may messages below it leave. So a `planned` message at or
  above the mark certainly did not leave.
- below the mark without an answer on disk: it may have left or not, and its answer may have come
  or not. Whoever takes the run over makes it `unknown`, and nobody ever sends it again.
- answers, receipts and arrivals: within one flush (some 50 ms) of their coming. What came in the
  last flush before a crash is lost, and shows as `unknown` or as a missing receipt.
- a process that was frozen and replaced: it may still add what it learnt, because facts are facts,
  but its next `arm` is refused and it sends nothing more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from evaluators.sending.metrics import Row
from evaluators.sending.panel import Source


class Planned(NamedTuple):
    """One message to be: whom it goes to (the store's own id) and the token inside its text."""

    number_id: int
    token: str


class Answer(NamedTuple):
    """The vendor's answer: status 0 accepted, else refused. Times in ns since 1970."""

    seq: int
    sent_ns: int
    at_ns: int
    status: int
    vendor_id: str


class Report(NamedTuple):
    """A delivery report for a message of this run; at_ns in ns since 1970."""

    seq: int
    at_ns: int
    state: str
    code: str


class Arrival(NamedTuple):
    """A text on a handset: when it came, who it says it is from, and whether the text is ours.

    `same` is None where only the token is known. `source` and `unsure_ms` are the panel's.
    """

    seq: int
    at_ns: int
    sender: str
    same: bool | None
    source: Source = "panel"
    unsure_ms: int | None = 0


@dataclass(slots=True)
class Group:
    """What one flush makes durable, in one commit.

    `sent` are (seq, ns since 1970) of messages that left and are not answered yet. `lost` are those
    given up: not answered in time, or their connection broke. What became of them nobody knows.
    """

    sent: list[tuple[int, int]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def __len__(self) -> int:
        facts = (self.answers, self.reports, self.arrivals)
        return len(self.sent) + len(self.lost) + sum(len(each) for each in facts)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands for the process that takes it over; `notes` is what was noted last."""

    planned: int
    armed_upto: int
    notes: dict[str, Any] = field(default_factory=dict)


class Ledger(Protocol):
    """One run's messages, held by one process at a time. Every method has committed on return."""

    def plan(self, messages: Iterable[Planned]) -> None:
        """Write the messages that are not written yet; after a crash it goes on where it was."""

    def standing(self) -> Standing:
        """What the takeover found."""

    def arm(self, upto: int) -> bool:
        """Allow every seq < `upto` to leave. False: another process has the run; send no more."""

    def rest(self, upto: int) -> None:
        """Sending is over for now: nothing from `upto` on has left, so the mark goes back to it."""

    def record(self, group: Group) -> None:
        """Add what was learnt; a later fact never takes an earlier one away."""

    def fold(self, *, everything: bool = False) -> None:
        """Bring what was recorded in haste into `rows`; a little of it, or all."""

    def note(self, progress: dict[str, Any]) -> bool:
        """Keep the run's progress, for people and the next process; False: as with `arm`."""

    def rows(self, upto: int | None = None) -> Iterator[Row]:
        """Every message (below `upto`) as the metrics want it, by seq, one at a time."""
