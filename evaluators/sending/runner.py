"""Carries out a send test: sends on schedule, watches until the window closes, loses nothing.

Open loop: when each message is due is fixed before the first one leaves. One that cannot leave,
because the vendor's window is full or the connection is gone, leaves late and is marked; nothing
is skipped, and nothing is ever sent twice. What is on disk at each moment: see `ledger`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import anyio
from anyio.to_thread import run_sync

from evaluators.protocols.correlator import NOT_FINAL, Correlator, Unclaimed
from evaluators.protocols.session import Receipt, Reply, Submitted
from evaluators.sending.clock import Clock as Clock
from evaluators.sending.clock import Steps
from evaluators.sending.ledger import Ledger, Standing
from evaluators.sending.link import Connect, Links
from evaluators.sending.metrics import Row
from evaluators.sending.outcome import End, Outcome, trouble
from evaluators.sending.pacing import Timetable, timetable
from evaluators.sending.panel import Panel
from evaluators.sending.plan import Plan
from evaluators.sending.quiet import quiet
from evaluators.sending.reasons import Reason, both
from evaluators.sending.rows import BACK_S
from evaluators.sending.sender import SECOND, TICK_NS, Sender, batches
from evaluators.sending.tally import Tally
from evaluators.sending.texts import Texts
from evaluators.sending.tokens import Tokens
from evaluators.sending.watch import Watch
from evaluators.sending.writer import Writer

Wish = Literal["", "stop", "park"]
Mailbox = Callable[[], list[Unclaimed]]

_LEAD_S = 0.2  # from everything being ready to the first message due
_TELL_S = 0.5  # between two notes of progress
_ANSWERS_S = 2.0  # how long outstanding answers are awaited when a test is broken off
_KEPT = (  # from one process to the next
    *("started_at", "schedule", "rule", "blocked", "gaps"),
    *("panel_alive", "unasked", "replied", "rtt_s", "clock_step_s"),
)
_WORD = 4  # characters of a reply that is kept: R, TD, 退订
_MOST_REPLIES = 1_000  # kept with their time; all are counted


@dataclass(frozen=True)
class Order:
    """The messages, by seq: whom to, the token inside the text, whether a handset will show it.

    `ids` are the store's own ids of the numbers. Nothing leaves before `not_before_ns` (ns since
    1970): two vendors are compared in the same minutes.
    """

    plan: Plan
    numbers: Sequence[str]
    tokens: Tokens
    watched: Sequence[int]
    ids: Mapping[str, int] = field(default_factory=dict)
    not_before_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a test is carried out with.

    Each of `connects` opens one session, all using `correlator` and `clock.now`. `asked` says, at
    any time and at once, whether somebody wants the test stopped or this process is to leave.
    `mailbox` gives the receipts that came by another way since it was last asked, `at_ns` since
    1970. `patience_s` is how long a broken connection may stay away while there are messages.
    """

    ledger: Ledger
    connects: Sequence[Connect]
    correlator: Correlator
    clock: Clock
    asked: Callable[[], Wish]
    panel: Panel | None = None
    mailbox: Mailbox | None = None
    patience_s: float = 30.0


async def carry_out(order: Order, means: Means) -> Outcome:
    """Send what has not been sent yet, watch until the window closes, record everything.

    The messages are already planned in the ledger. Raises what the ledger raises.
    """
    standing = await run_sync(means.ledger.standing)
    return await _Test(order, means, standing).run()


class _Break(NamedTuple):
    """Why the test does not go on to the end of its window."""

    end: End
    problem: Reason | None = None


class _Test:
    def __init__(self, order: Order, means: Means, standing: Standing) -> None:
        watched = order.watched if means.panel is not None else None
        texts = Texts(order.plan)
        self._order = order
        self._plan, self._means, self._clock = order.plan, means, means.clock
        self._first = standing.armed_upto
        self._notes = {name: standing.notes[name] for name in _KEPT if name in standing.notes}
        self._noted = standing.notes
        self._epoch_ns = means.clock.wall() - means.clock.now()
        self._steps = Steps(means.clock, self._epoch_ns, self._notes)
        self._tally = Tally(len(order.tokens), order.plan.stop, watched)
        self._writer = Writer(
            means.ledger,
            self._tally,
            armed=self._first,
            epoch_ns=self._epoch_ns,
            patience_s=means.patience_s,
        )
        self._links = Links(means.connects, self._on_facts, self._on_lost, self._tally.counts)
        self._watch = Watch(means.panel, order.tokens, texts, order.numbers)
        self._batch = batches(order.numbers, order.tokens, texts)
        self._sender: Sender | None = None
        self._down_ns: int | None = None
        self._ruled_ns = 0

    async def run(self) -> Outcome:
        try:
            broken = await self._work()
        finally:
            with anyio.CancelScope(shield=True):
                await self._settle()
        if self._writer.fenced:
            broken = _Break("fenced")
        rule = None if broken else self._notes.get("rule")
        end, problem = broken or _Break("stopped" if rule else "measured")
        return Outcome(end, self._progress(), problem, rule)

    async def _work(self) -> _Break | None:
        if self._first:
            await self._take_up()
        self._notes["panel_alive"] = (
            self._notes.get("panel_alive", True)
            and await self._watch.alive()
            and await self._watch.remembers(self._noted, self._tally, self._writer, self._clock.now)
        )
        if not await self._links.open() and not self._first:
            return _Break("failed", self._links.trouble)
        if self._first:
            self._notes["gaps"][-1][1] = self._wall(self._clock.now())  # now the vendor reaches us
        if trips := [session.rtt_ns for session in self._links.sessions if session.rtt_ns]:
            self._notes["rtt_s"] = min(trips) / SECOND
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._links.keep, self._clock.sleep)
            tasks.start_soon(
                self._watch.keep, self._tally, self._writer, self._clock.now, self._clock.sleep
            )
            tasks.start_soon(self._tell)
            tasks.start_soon(self._collect)
            broken = await self._send() or await self._observe()
            if broken:
                await self._await_answers()
            tasks.cancel_scope.cancel()
        self._notes["unasked"] = len(await self._watch.reread())
        await self._watch.drain(self._tally, self._writer, self._clock.now)
        self._notes["panel_alive"] &= await self._watch.alive()
        return broken

    # Sending.

    async def _take_up(self) -> None:
        """Know again what earlier processes stored of this run."""
        await run_sync(self._restore)
        before, now = self._noted.get("at"), self._wall(self._clock.now())
        self._notes["gaps"] = [*self._notes.get("gaps", []), [before, now]]
        self._steps.after(before, now)

    def _restore(self) -> None:
        waiting: list[tuple[bytes, int]] = []
        rows = self._means.ledger.rows(self._first)
        self._tally.restore(_noting(rows, waiting), self._noted, self._epoch_ns)
        self._means.correlator.restore(waiting)

    async def _send(self) -> _Break | None:
        """Let every message leave; None once they have, or the stop rule has fired."""
        if self._tally.sent >= self._plan.count or self._notes.get("rule"):
            return None
        with quiet(self._plan.send_s):
            self._sender = Sender(
                self._batch,
                await self._timetable(),
                cap=self._plan.caps.rate,
                tally=self._tally,
                writer=self._writer,
                blocked=self._notes.setdefault("blocked", []),
            )
            try:
                return await self._step(self._sender)
            finally:
                self._sender = None

    async def _timetable(self) -> Timetable:
        """Fix when the rest is due, on disk, before the first of it is.

        What an earlier process did not send is due from now on: our absence is not the vendor's.
        """
        first, lead_s = self._tally.sent, _LEAD_S
        earlier = self._notes.get("schedule", [])
        while True:
            start_ns = self._clock.now() + self._epoch_ns + int(lead_s * SECOND)
            start_ns = max(start_ns, self._order.not_before_ns)
            dues = timetable(self._plan, start_ns, first).shifted(-self._epoch_ns)
            self._notes["schedule"] = [*earlier, [first, start_ns]]
            await run_sync(self._means.ledger.note, self._progress())
            if self._clock.now() < dues.due_ns(first) - TICK_NS:
                self._notes.setdefault("started_at", self._wall(dues.due_ns(first)))
                return dues
            lead_s *= 2

    async def _step(self, sender: Sender) -> _Break | None:
        while not sender.done:
            now_ns = self._clock.now()
            broken = self._broken() or self._stuck(sender, now_ns)
            if broken or self._rule_fired(now_ns):
                return broken
            pause_ns = sender.step(self._links.sessions, now_ns)
            await self._clock.sleep(pause_ns / SECOND)
        return None

    def _broken(self) -> _Break | None:
        """Whether something outside ends the test here."""
        if self._writer.failure is not None:
            return _Break("failed")  # and `_settle` raises it
        if self._writer.fenced:
            return _Break("fenced")
        wish = self._means.asked()
        return _Break("stopped" if wish == "stop" else "parked") if wish else None

    def _stuck(self, sender: Sender, now_ns: int) -> _Break | None:
        """Whether sending cannot go on."""
        if sender.unfit:
            return _Break("failed", trouble("cannot_carry", detail=sender.unfit))
        if self._links.sessions:
            self._down_ns = None
            return None
        self._down_ns = now_ns if self._down_ns is None else self._down_ns
        patience_s = self._means.patience_s
        if now_ns - self._down_ns < patience_s * SECOND:
            return None
        last = self._links.trouble.wording if self._links.trouble else both("", "")
        return _Break(
            "failed",
            trouble(
                "never_back",
                seconds=patience_s,
                sent=self._tally.sent,
                planned=self._plan.count,
                last_zh=last.zh,
                last_en=last.en,
            ),
        )

    def _rule_fired(self, now_ns: int) -> bool:
        if self._plan.stop is None or now_ns - self._ruled_ns < TICK_NS:
            return False
        self._ruled_ns = now_ns
        rule = self._plan.stop.fired(
            self._plan.claim,
            self._tally.seen(now_ns, self._watch.read_ns, self._watch.excused),
        )
        if rule:
            self._notes["rule"] = rule
        return rule is not None

    # Watching.

    async def _observe(self) -> _Break | None:
        """Stay until the window after the last message has closed."""
        closes_ns = self._clock.now()
        if self._tally.sent:
            closes_ns = self._tally.sent_at[self._tally.sent - 1] + int(
                self._plan.window_s * SECOND
            )
        if self._first:
            grace_s = min(BACK_S, self._plan.window_s)
            closes_ns = max(closes_ns, self._clock.now() + int(grace_s * SECOND))
        self._notes |= {"phase": "observing", "closes_at": self._wall(closes_ns)}
        while (left_ns := closes_ns - self._clock.now()) > 0:
            if broken := self._broken():
                return broken
            if self._nothing_to_wait_for():
                break
            await self._clock.sleep(min(left_ns, TICK_NS) / SECOND)
        return None

    def _nothing_to_wait_for(self) -> bool:
        """Whether a test that only asks what works has seen every message, and its receipt."""
        if self._plan.asks != "works" or not all(self._order.watched):
            return False
        counts = self._tally.counts
        return min(counts["arrived"], counts["receipts"]) >= self._plan.count

    async def _await_answers(self) -> None:
        """The messages that have left may still be answered; nothing more leaves."""
        until_ns = self._clock.now() + int(_ANSWERS_S * SECOND)
        while self._clock.now() < until_ns:
            if not self._links.outstanding:
                return
            await self._clock.sleep(TICK_NS / SECOND)

    async def _tell(self) -> None:
        while True:
            self._steps.look()
            self._writer.note(self._progress())
            await self._clock.sleep(_TELL_S)

    async def _collect(self) -> None:
        """Hand on what the vendor pushes elsewhere, as if it had come over the wire."""
        while self._means.mailbox is not None:
            self._matched(await run_sync(self._means.mailbox))
            await self._clock.sleep(_TELL_S)

    def _matched(self, came: Iterable[Unclaimed]) -> None:
        known = self._means.correlator
        found = []
        for one in came:
            at_ns = one.at_ns - self._epoch_ns
            record = known.claim(one.message_id, one.state, one.err, at_ns)
            record = record or known.settle(replace(one, at_ns=at_ns))
            found.extend([record] if record else [])
        self._on_facts([], found, [])

    async def _settle(self) -> None:
        """Log out, and have everything on disk."""
        await self._links.close()
        self._tally.receipts(self._means.correlator.release())
        self._writer.note(self._progress())
        await run_sync(self._writer.finish)
        if self._writer.failure is not None:
            raise self._writer.failure
        await run_sync(self._means.ledger.rest, max(self._first, self._tally.sent))

    def _progress(self) -> dict[str, Any]:
        return {
            "phase": "sending",
            **self._notes,
            **self._tally.counts,
            "planned": self._plan.count,
            "sent": self._tally.sent,
            "cursor": self._watch.cursor,
            "copies": [list(pair) for pair in self._tally.copies.items()],
            "oddities": dict(self._links.oddities + Counter(self._noted.get("oddities", {}))),
            "blocked": [list(pair) for pair in self._notes.get("blocked", ())],
            "at": self._wall(self._clock.now()),
        }

    def _wall(self, at_ns: int) -> str:
        """A time of our clock as people and databases write it, UTC."""
        return datetime.fromtimestamp((at_ns + self._epoch_ns) / SECOND, UTC).isoformat()

    # What the session calls.

    def _on_facts(
        self,
        submitted: Sequence[Submitted],
        receipts: Sequence[Receipt],
        replies: Sequence[Reply],
    ) -> None:
        self._tally.submitted(submitted)
        self._tally.receipts(receipts)
        if replies:
            self._replied(replies)
        self._writer.add(submitted, receipts)
        if self._sender is not None:
            self._sender.room(self._links.sessions, self._clock.now())

    def _replied(self, replies: Sequence[Reply]) -> None:
        """Handsets wrote back; kept are who, when and a word such as R, never a longer text."""
        self._tally.counts["replies"] += len(replies)
        kept = self._notes.setdefault("replied", [])
        for sender, _, text, at_ns in replies[: max(0, _MOST_REPLIES - len(kept))]:
            word = text.strip().upper()
            number_id = self._order.ids.get(sender)
            kept.append([number_id, at_ns + self._epoch_ns, word if len(word) <= _WORD else ""])

    def _on_lost(self, seqs: Sequence[int]) -> None:
        self._tally.counts["lost"] += len(seqs)
        self._writer.lost(seqs)


def _noting(rows: Iterable[Row], waiting: list[tuple[bytes, int]]) -> Iterator[Row]:
    """The rows as they are; those that still wait for a receipt are added to `waiting`."""
    for row in rows:
        if row.message_id and (row.receipt is None or row.receipt in NOT_FINAL):
            waiting.append((row.message_id.encode("latin-1"), row.seq))
        yield row
