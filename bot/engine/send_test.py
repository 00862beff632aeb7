"""The steps of one send test. Each may be repeated after a crash: the ledger makes that harmless.

prepare (write the messages) → exchange (send and watch) → judge → announce. A step never raises
for what the vendor or the plan did; that is an outcome, and stands in the run.
"""

import secrets
import time
from array import array
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, overload

import anyio
from sqlmodel import Session as Sql
from sqlmodel import col, select

from bot.engine import judging
from bot.engine.door import Door, frequencies, mailbox, part, throttled
from bot.engine.vendors import Reached, Vendors
from bot.errors import UserError
from bot.store import handsets, listed, pushed, usage
from bot.store.database import Database
from bot.store.ledger import SqlLedger
from bot.store.runs import GOING_ON
from bot.store.tables import Connection, Message, Number, Run
from evaluators.errors import EvaluatorsError
from evaluators.protocols.correlator import Correlator, Unclaimed
from evaluators.sending.assigning import Listed, assign
from evaluators.sending.ledger import Planned
from evaluators.sending.limits import RULES, Rules
from evaluators.sending.outcome import Outcome
from evaluators.sending.panel import Panel
from evaluators.sending.plan import Plan, cost
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.runner import Clock, Means, Order, Wish, carry_out
from evaluators.sending.tokens import Tokens

CLOCK = Clock(now=time.monotonic_ns, wall=time.time_ns, sleep=anyio.sleep)

Concluded = Callable[[int], None]
"""Called with a run's id once it has come to its end; again if a crash came between."""

Next = Literal["go on", "judge", "leave"]

# What a stored connection that makes no sense can raise.
_UNFIT = (UserError, EvaluatorsError, ModuleNotFoundError, TypeError, ValueError, KeyError)

DAY_NS = 86_400 * 1_000_000_000
HOME = "CN"  # other countries only where a phase of the plan names them
REHEARSED_CHANNEL = "cmcc"
SECOND_S = 60  # for the second run of a pair to end after the first
PAIR_S = 5  # until both runs of a pair begin, and for the second to find the first one's messages

WORDINGS = {
    "over_caps": both(
        "计划超出自身上限，没有发送。", "The plan passes its own caps; nothing was sent."
    ),
    "no_numbers": both(
        "没有可用的登记号码（需有本人同意），没有发送。",
        "There is no listed number with its owner's consent; nothing was sent.",
    ),
    "old": both(
        "这次测试由旧版本开始，新版本无法继续，请重新测试。",
        "This test was begun by an earlier version, which this one cannot go on with; start again.",
    ),
    "no_pair": both(
        "对照的另一家没有备好，没有发送。",
        "The other vendor of the pair was not ready; nothing was sent.",
    ),
    "no_vendor": both("供应商无法使用：{detail}", "The vendor cannot be used: {detail}"),
    "given_up": both(
        "执行程序多次出错，已停止；详见日志。",
        "The worker failed several times and gave the run up; the log says why.",
    ),
}  # fmt: skip


class SendTest:
    """Carries out runs by their id.

    `parking` is set when this process is to leave: runs then rest where they are, and another
    process goes on with them.
    """

    def __init__(
        self, database: Database, vendors: Vendors, concluded: Concluded, rules: Rules = RULES
    ) -> None:
        self.parking = False
        self._rules = rules
        self.vendors = vendors
        self._database, self._concluded = database, concluded
        self._to_stop: frozenset[int] = frozenset()
        self._acted: dict[int, int] = {}

    def refresh(self) -> list[int]:
        """The runs without an end; notes which of them somebody wants stopped."""
        wanted = (col(Run.id), col(Run.stop_asked_at), col(Run.connection_id), col(Run.facts))
        with self._database.read() as session:
            found = session.exec(select(*wanted).where(col(Run.state).in_(GOING_ON))).all()
        self._to_stop = frozenset(run_id or 0 for run_id, asked, *_ in found if asked is not None)
        for run_id, _, connection_id, facts in found:
            self._act_on(run_id or 0, connection_id, facts.get("marks", ()))
        return [run_id or 0 for run_id, *_ in found]

    def _act_on(self, run_id: int, connection_id: int, marks: Sequence[Sequence[Any]]) -> None:
        """What people note of a real vendor's channel, a simulated vendor is made to do."""
        for kind, *_ in marks[self._acted.get(run_id, 0) :]:
            path = f"/fault?channel={REHEARSED_CHANNEL}&on={int(kind == 'fault')}"
            if kind == "replied":
                continue
            with suppress(OSError):
                self.vendors.control(connection_id, path)
        self._acted[run_id] = len(marks)

    def prepare(self, run_id: int) -> Next:
        """Write the run's messages, unless they are; refuse what may not be sent."""
        with self._database.read() as session:
            run = session.get_one(Run, run_id)
            if run.state != "confirmed":  # prepared before, or over
                return "go on" if run.state in GOING_ON else "leave"
            plan = Plan.model_validate(run.plan)
            numbers = _allowed(session, plan, run.connection_id)
        ids = _refusal(plan, numbers) or self._assigned(run, plan, numbers)
        if isinstance(ids, Reason):
            return self._end(run, run.epoch, Outcome("failed", problem=ids))
        made = Tokens(self._settle(run_id, plan, numbers), plan.count)
        SqlLedger(self._database, run_id, run.epoch).plan(map(Planned, ids, made))
        return "go on"

    def _assigned(self, run: Run, plan: Plan, numbers: Sequence[Listed]) -> Sequence[int] | Reason:
        """Which number gets which message; a pair's second run does as its first."""
        if run.pair_id is not None and run.pair_id < (run.id or 0):
            return self._as_the_other(run.pair_id, plan.count, {each.id for each in numbers})
        now_ns = time.time_ns()
        with self._database.read() as session:
            row = session.get_one(Connection, run.connection_id)
            if row.simulated is not None:
                return assign(plan, numbers, start_ns=now_ns)
            used = usage.texted(session, now_ns - DAY_NS)
        documented = frequencies(row.protocol, row.options).get(plan.kind)
        frequency = documented or self._rules.frequency.get(plan.kind)
        return assign(plan, numbers, frequency=frequency, start_ns=now_ns, used=used)

    def _as_the_other(self, run_id: int, count: int, allowed: Set[int]) -> Sequence[int] | Reason:
        ids = select(Message.number_id).where(Message.run_id == run_id).order_by(col(Message.seq))
        for _ in range(int(PAIR_S / 0.1)):
            with self._database.read() as session:
                found = list(session.exec(ids))
            if len(found) == count and allowed >= set(found):
                return found
            time.sleep(0.1)
        return reason(WORDINGS, "no_pair")

    def _settle(self, run_id: int, plan: Plan, numbers: Sequence[Listed]) -> bytes:
        """Fix once what the run is judged by later: its seed, its controls, whom it announced."""
        with self._database.write() as session:
            run = session.get_one(Run, run_id)
            if "seed" not in run.facts:
                fixed = {
                    "controls": [number.id for number in numbers if number.dead],
                    "announced": [number.id for number in numbers if number.announced],
                }
                run.plan = run.plan | fixed
                before = pushed.newest(session, run.connection_id)
                run.facts = run.facts | {"seed": secrets.token_hex(16), "pushed_before": before}
            if run.pair_id is not None and "not_before_ns" not in run.facts:
                other = session.get_one(Run, run.pair_id).facts
                not_before_ns = other.get("not_before_ns", time.time_ns() + PAIR_S * 1_000_000_000)
                run.facts = run.facts | {"not_before_ns": not_before_ns}
            session.add(run)
            return bytes.fromhex(run.facts["seed"])

    def exchange(self, run_id: int) -> Next:
        """Take the run, send what has not been sent, watch to the end of the window."""
        with self._database.read() as session:
            run = session.get_one(Run, run_id)
        if run.state not in GOING_ON or self.parking:
            return "leave"
        if "seed" not in run.facts:
            return self._end(run, run.epoch, Outcome("failed", problem=reason(WORDINGS, "old")))
        if run.result.get("end"):  # a crash came after the end, before the step was checkpointed
            return "judge"
        try:
            reached = self.vendors.reach(run.connection_id)
            correlator = Correlator(reached.id_form)
            connects = Door(reached, Plan.model_validate(run.plan)).connects(correlator)
            self._note_ways(run_id, reached)
        except _UNFIT as error:
            problem = reason(WORDINGS, "no_vendor", detail=str(error))
            return self._end(run, run.epoch, Outcome("failed", problem=problem))
        ledger = SqlLedger.take(self._database, run_id)
        panel = reached.panel or self._phones(run_id)
        with ExitStack() as stack:
            means = Means(
                ledger=ledger,
                connects=connects,
                correlator=correlator,
                clock=CLOCK,
                asked=partial(self._asked, run_id),
                panel=stack.enter_context(closing(panel)) if panel else None,
                mailbox=self._mailbox(run, reached),
            )
            outcome = anyio.run(carry_out, self._order(run), means)
        return self._end(run, ledger.epoch, outcome)

    def judge(self, run_id: int) -> None:
        """Store metrics and verdict, once; the first run of a pair waits for the second."""
        self._await_second(run_id)
        judging.conclude(self._database, run_id, datetime.now(UTC))

    def _await_second(self, run_id: int) -> None:
        until = time.monotonic() + SECOND_S
        while time.monotonic() < until and not self.parking:
            with self._database.read() as session:
                pair_id = session.get_one(Run, run_id).pair_id
                if pair_id is None or pair_id < run_id:
                    return
                second = session.get_one(Run, pair_id)
            if second.result.get("end") or second.state not in GOING_ON:
                return
            time.sleep(0.2)

    def announce(self, run_id: int) -> None:
        """Tell the application."""
        self._concluded(run_id)

    def give_up(self, run_id: int) -> None:
        """The engine failed at this run again and again: end it, with what is stored."""
        with self._database.read() as session:
            run = session.get_one(Run, run_id)
        self._end(run, run.epoch, Outcome("failed", problem=reason(WORDINGS, "given_up")))
        judging.end(self._database, run_id, datetime.now(UTC))
        self._concluded(run_id)

    def _note_ways(self, run_id: int, reached: Reached) -> None:
        """What means "slow down" and how long texts are cut are its own: for those who judge."""
        with self._database.write() as session:
            run = session.get_one(Run, run_id)
            codes = throttled(reached, Plan.model_validate(run.plan))
            run.plan = run.plan | {"throttled": list(codes), "part": part(reached.login)}
            session.add(run)

    def _mailbox(self, run: Run, reached: Reached) -> Callable[[], list[Unclaimed]] | None:
        """Where a vendor of ours pushes its receipts to, if it does."""
        if reached.protocol != "http" or reached.login.get("receipts", "push") != "push":
            return None
        return mailbox(self._database, run.connection_id, run.facts.get("pushed_before", 0))

    def _phones(self, run_id: int) -> Panel | None:
        """The real phones that watch this run, if any of its numbers has one."""
        from bot.inbound.panel import SqlPanel

        return (
            SqlPanel(self._database, run_id) if SqlPanel.watches(self._database, run_id) else None
        )

    def _asked(self, run_id: int) -> Wish:
        if run_id in self._to_stop:
            return "stop"
        return "park" if self.parking else ""

    def _order(self, run: Run) -> Order:
        """The run's messages as they were written by `prepare`."""
        plan = Plan.model_validate(run.plan)
        ids = array("q")
        with self._database.read() as session:
            mine = select(Message.number_id).where(Message.run_id == run.id)
            in_order = mine.order_by(col(Message.seq)).execution_options(yield_per=5_000)
            ids.extend(session.exec(in_order))
            used = set(ids)
            sealed = session.exec(select(Number.id, Number.number_sealed)).all()
            real = session.get_one(Connection, run.connection_id).simulated is None
            seen = handsets.watched(session, used) if real else used - set(plan.controls)
        numbers = {
            number_id or 0: self._database.vault.unseal(number or b"", "number")
            for number_id, number in sealed
            if number_id in used
        }
        return Order(
            plan,
            numbers=_Numbers(ids, numbers),
            tokens=Tokens(bytes.fromhex(run.facts["seed"]), plan.count),
            watched=bytes(number_id in seen for number_id in ids),
            ids={number: number_id for number_id, number in numbers.items()},
            not_before_ns=run.facts.get("not_before_ns", 0),
        )

    def _end(self, run: Run, epoch: int, outcome: Outcome) -> Next:
        if outcome.end in {"parked", "fenced"}:
            return "leave"
        kept = judging.note_outcome(self._database, run.id or 0, epoch, outcome)
        return "judge" if kept else "leave"


class _Numbers(Sequence[str]):
    """The numbers by seq, each kept once however often it is texted."""

    def __init__(self, ids: array, numbers: Mapping[int, str]) -> None:  # type: ignore[type-arg]
        self._ids, self._numbers = ids, numbers

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, seq: int) -> str: ...
    @overload
    def __getitem__(self, seq: slice) -> list[str]: ...
    def __getitem__(self, seq: int | slice) -> str | list[str]:
        if isinstance(seq, slice):
            return [self._numbers[number_id] for number_id in self._ids[seq]]
        return self._numbers[self._ids[seq]]


def _allowed(session: Sql, plan: Plan, connection_id: int) -> list[Listed]:
    """The listed numbers this plan may text: at home, unless it names other countries."""
    is_simulated = session.get_one(Connection, connection_id).simulated is not None
    abroad = any(phase.only.country for phase in plan.stages)
    named = {*plan.numbers, *plan.controls}
    return [
        replace(number, dead=number.dead or number.id in plan.controls)
        for number in listed.allowed(session, simulated=is_simulated)
        if (abroad or number.country == HOME) and (not plan.numbers or number.id in named)
    ]


def _refusal(plan: Plan, numbers: Sequence[Listed]) -> Reason | None:
    """The last look before anything is written: caps hold, and there is somebody to text."""
    caps = plan.caps
    if plan.count > caps.count or plan.rate > caps.rate or (cost(plan) or 0) > caps.cost:
        return reason(WORDINGS, "over_caps")
    return None if numbers else reason(WORDINGS, "no_numbers")
