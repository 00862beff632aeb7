"""The steps of one send test. Each may be repeated after a crash: the ledger makes that harmless.

prepare (write the messages) → exchange (send and watch) → judge → announce. A step never raises
for what the vendor or the plan did; that is an outcome, and stands in the run.
"""

import importlib
import random
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from typing import Literal

import anyio
from sqlmodel import Session, col, select

from bot.engine import judging
from bot.engine.vendors import Reached, Vendors
from bot.errors import UserError
from bot.store.database import Database
from bot.store.ledger import SqlLedger
from bot.store.runs import GOING_ON
from bot.store.tables import Connection, Message, Number, Run
from evaluators.protocols.correlator import Correlator
from evaluators.sending.ledger import Planned
from evaluators.sending.link import Connect
from evaluators.sending.outcome import Outcome
from evaluators.sending.plan import Plan, cost, tokens
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.runner import Clock, Means, Order, Wish, carry_out

CLOCK = Clock(now=time.monotonic_ns, wall=time.time_ns, sleep=anyio.sleep)

Concluded = Callable[[int], None]
"""Called with a run's id once it has come to its end; again if a crash came between."""

Next = Literal["go on", "judge", "leave"]

WORDINGS = {
    "over_caps": both(
        "计划超出自身上限,没有发送。", "The plan passes its own caps; nothing was sent."
    ),
    "no_numbers": both(
        "没有可用的登记号码(需有本人同意),没有发送。",
        "There is no listed number with its owner's consent; nothing was sent.",
    ),
    "no_vendor": both("供应商无法使用:{detail}", "The vendor cannot be used: {detail}"),
    "given_up": both(
        "执行程序多次出错,已停止;详见日志。",
        "The worker failed several times and gave the run up; the log says why.",
    ),
}  # fmt: skip


class SendTest:
    """Carries out runs by their id.

    `parking` is set when this process is to leave: runs then rest where they are, and another
    process goes on with them.
    """

    def __init__(self, database: Database, vendors: Vendors, concluded: Concluded) -> None:
        self.parking = False
        self._database, self._vendors, self._concluded = database, vendors, concluded
        self._to_stop: frozenset[int] = frozenset()

    def refresh(self) -> list[int]:
        """The runs without an end; notes which of them somebody wants stopped."""
        wanted = (col(Run.id), col(Run.stop_asked_at))
        with self._database.read() as session:
            found = session.exec(select(*wanted).where(col(Run.state).in_(GOING_ON))).all()
        self._to_stop = frozenset(run_id or 0 for run_id, asked in found if asked is not None)
        return [run_id or 0 for run_id, _ in found]

    def prepare(self, run_id: int) -> Next:
        """Write the run's messages, unless they are; refuse what may not be sent."""
        with self._database.read() as session:
            run = session.get_one(Run, run_id)
            plan = Plan.model_validate(run.plan)
            numbers = _allowed(session, plan, run.connection_id)
        if run.state != "confirmed":  # prepared before, or over
            return "go on" if run.state in GOING_ON else "leave"
        problem = _refusal(plan, numbers)
        if problem is not None:
            return self._end(run, run.epoch, Outcome("failed", problem=problem))
        made = tokens(plan.count, random.Random(secrets.randbits(64)))  # noqa: S311 - no secret
        SqlLedger(self._database, run_id, run.epoch).plan(
            Planned(numbers[seq % len(numbers)], token) for seq, token in enumerate(made)
        )
        return "go on"

    def exchange(self, run_id: int) -> Next:
        """Take the run, send what has not been sent, watch to the end of the window."""
        with self._database.read() as session:
            run = session.get_one(Run, run_id)
        if run.state not in GOING_ON or self.parking:
            return "leave"
        if run.result.get("end"):  # a crash came after the end, before the step was checkpointed
            return "judge"
        try:
            reached = self._vendors.reach(run.connection_id)
            correlator = Correlator(reached.id_form)
            connect = _door(reached, correlator, run.plan.get("source", ""))
        except (UserError, ModuleNotFoundError, TypeError) as error:
            problem = reason(WORDINGS, "no_vendor", detail=str(error))
            return self._end(run, run.epoch, Outcome("failed", problem=problem))
        ledger = SqlLedger.take(self._database, run_id)
        with ExitStack() as stack:
            means = Means(
                ledger=ledger,
                connect=connect,
                correlator=correlator,
                clock=CLOCK,
                asked=partial(self._asked, run_id),
                panel=stack.enter_context(closing(reached.panel)) if reached.panel else None,
            )
            outcome = anyio.run(carry_out, self._order(run), means)
        return self._end(run, ledger.epoch, outcome)

    def judge(self, run_id: int) -> None:
        """Store metrics and verdict, once."""
        judging.conclude(self._database, run_id, datetime.now(UTC))

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

    def _asked(self, run_id: int) -> Wish:
        if run_id in self._to_stop:
            return "stop"
        return "park" if self.parking else ""

    def _order(self, run: Run) -> Order:
        """The run's messages as they were written by `prepare`."""
        plan = Plan.model_validate(run.plan)
        wanted = (col(Message.number_id), col(Message.token))
        with self._database.read() as session:
            messages = session.exec(
                select(*wanted).where(Message.run_id == run.id).order_by(col(Message.seq))
            ).all()
            sealed = session.exec(select(Number.id, Number.number_sealed))
            used = {number_id for number_id, _ in messages}
            numbers = {
                number_id: self._database.vault.unseal(number or b"", "number")
                for number_id, number in sealed
                if number_id in used
            }
        return Order(
            plan,
            numbers=[numbers[number_id] for number_id, _ in messages],
            tokens=[token for _, token in messages],
            watched=[number_id not in plan.controls for number_id, _ in messages],
        )

    def _end(self, run: Run, epoch: int, outcome: Outcome) -> Next:
        if outcome.end in {"parked", "fenced"}:
            return "leave"
        kept = judging.note_outcome(self._database, run.id or 0, epoch, outcome)
        return "judge" if kept else "leave"


def _allowed(session: Session, plan: Plan, connection_id: int) -> list[int]:
    """The listed numbers this plan may text, carriers in turn.

    Consent recorded, not retired; simulated numbers through simulated vendors and no others.
    """
    simulated = session.get_one(Connection, connection_id).simulated is not None
    query = select(Number.carrier, Number.id).where(
        Number.simulated == simulated,
        col(Number.consented_at).is_not(None),
        col(Number.retired_at).is_(None),
    )
    if plan.numbers:
        query = query.where(col(Number.id).in_((*plan.numbers, *plan.controls)))
    by_carrier: dict[str, list[int]] = {}
    for carrier, number_id in session.exec(query.order_by(col(Number.id))):
        by_carrier.setdefault(carrier, []).append(number_id or 0)
    turns = zip_longest(*(by_carrier[carrier] for carrier in sorted(by_carrier)))
    return [number_id for turn in turns for number_id in turn if number_id is not None]


def _refusal(plan: Plan, numbers: Sequence[int]) -> Reason | None:
    """The last look before anything is written: caps hold, and there is somebody to text."""
    caps = plan.caps
    if plan.count > caps.count or plan.rate > caps.rate or (cost(plan) or 0) > caps.cost:
        return reason(WORDINGS, "over_caps")
    return None if numbers else reason(WORDINGS, "no_numbers")


def _door(reached: Reached, correlator: Correlator, source: str) -> Connect:
    """How to log in at this vendor, in its protocol."""
    protocol = importlib.import_module(f"evaluators.protocols.{reached.protocol}.session")
    login = reached.login | ({"source": source} if source else {})
    endpoint = protocol.Endpoint(host=reached.host, port=reached.port, **login)
    return lambda on_events: protocol.connect(endpoint, on_events, CLOCK.now, correlator=correlator)
