"""What becomes of each message a simulated vendor is given. Pure and seeded."""

import math
import random
from collections import OrderedDict, deque
from collections.abc import Collection
from typing import Literal, NamedTuple

from evaluators.protocols.text import Part
from evaluators.simulator.numbers import (
    CARRIERS,
    Carrier,
    held_by_panel,
    national,
    simulated_carrier,
)
from evaluators.simulator.personality import Latency, Outage, Personality

NORMAL_95 = 1.6448536269514722  # the standard normal's 95 % point
THROTTLED = 0x58
INVALID_DESTINATION = 0x0B
_EARLY_ANSWER_S = 0.05  # how long an answer is held back so that its receipt overtakes it
_LONG_TEXTS = 10_000  # texts under way whose first part is remembered


class Submission(NamedTuple):
    """One message, or one part of a long one, as the vendor got it."""

    number: str
    source: str
    text: str
    part: Part | None = None


class ReceiptPlan(NamedTuple):
    after_s: float
    state: str
    err: str


class Arrival(NamedTuple):
    """A handset gets it."""

    after_s: float
    sender: str
    text: str


class Fate(NamedTuple):
    """Everything that will happen; times are seconds after the submission.

    `answer_after_s` None: never answered. `link`: what happens to the connection it came on.
    """

    status: int = 0
    answer_after_s: float | None = 0.0
    arrival: Arrival | None = None
    receipts: tuple[ReceiptPlan, ...] = ()
    link: Literal["keep", "mute", "drop"] = "keep"


class Vendor:
    """Decides fates one after another; the same seed and messages give the same fates."""

    def __init__(
        self,
        personality: Personality,
        rng: random.Random,
        *,
        time_scale: float = 1.0,
        announced: Collection[str] = (),
    ) -> None:
        self.personality = personality
        self._rng = rng
        self._announced = frozenset(national(number) for number in announced)
        self._shift = math.log(time_scale)
        self._answer = _shape(personality.answer)
        self._delay = _shape(personality.receipts.delay)
        self._handsets = {
            carrier: (personality.handset(carrier).rate, _shape(personality.handset(carrier)))
            for carrier in CARRIERS
        }
        self._recent: deque[float] = deque()
        self._second: deque[float] = deque()
        self._seen = 0
        self._broken_at: dict[Outage, float] = {}
        self._long: OrderedDict[tuple[str, str, int], _Course] = OrderedDict()

    def fate(self, submission: Submission, at_s: float) -> Fate:
        """Decide for one submission at `at_s` (seconds, any origin, never falling)."""
        self._seen += 1
        answer_s = self._rng.lognormvariate(*self._answer)
        carrier = simulated_carrier(submission.number)
        if carrier is None:
            return Fate(INVALID_DESTINATION, answer_s)
        outage = self._outage(carrier, at_s)
        if outage is not None and outage.kind != "undelivered":
            return _OUTAGES[outage.kind] or Fate(outage.status, answer_s)
        if self._throttled(at_s):
            return Fate(THROTTLED, answer_s)
        if self._chance(1 - self.personality.accept_rate):
            return Fate(self.personality.refusal, answer_s)
        course = self._course(submission, carrier, at_s)
        if outage is not None:
            course = course._replace(arrives=False, claims=False)
        return self._accepted(submission, carrier, course, answer_s)

    def _accepted(
        self, submission: Submission, carrier: Carrier, course: "_Course", answer_s: float
    ) -> Fate:
        receipts = self.personality.receipts
        way_s = self._time(self._handsets[carrier][1])
        arrival = None
        if course.arrives and (submission.part is None or submission.part.number != course.lost):
            arrival = Arrival(way_s, *self._shown(submission, course))
        if receipts.policy == "none":
            return Fate(0, answer_s, arrival)
        said = ("DELIVRD", "000") if course.claims else (receipts.failed_state, receipts.failed_err)
        report_s = max(answer_s, way_s) + self._time(self._delay)
        if self._chance(receipts.early):
            report_s, answer_s = answer_s, answer_s + _EARLY_ANSWER_S
        plans = [ReceiptPlan(report_s, *said)]
        if self._chance(receipts.duplicate):
            plans.append(ReceiptPlan(report_s + self._time(self._delay), *said))
        return Fate(0, answer_s, arrival, tuple(plans))

    def _course(self, submission: Submission, carrier: Carrier, at_s: float) -> "_Course":
        """What is decided for a whole message; the parts of a long one share it."""
        part = submission.part
        if part is None:
            return self._decide(submission.number, carrier, at_s)
        key = (submission.number, submission.source, part.reference)
        course = self._long.get(key)
        if course is None:
            course = self._decide(submission.number, carrier, at_s)
            if self._chance(self.personality.long_parts_lost):
                course = course._replace(lost=self._rng.randint(1, part.total))
            self._long[key] = course
            if len(self._long) > _LONG_TEXTS:
                self._long.popitem(last=False)
        elif part.number == part.total:
            del self._long[key]
        return course

    def _decide(self, number: str, carrier: Carrier, at_s: float) -> "_Course":
        receipts = self.personality.receipts
        faked = self._faked(number, at_s)
        held = held_by_panel(number)
        arrives = held and not faked and self._chance(self._handsets[carrier][0])
        if receipts.policy == "claimed":
            claims = self._chance(receipts.claimed_rate)
        else:
            claims = arrives or faked or (not held and receipts.dead_numbers == "deliver")
        return _Course(arrives, claims, self._chance(self.personality.alteration.share))

    def _faked(self, number: str, at_s: float) -> bool:
        faking = self.personality.faking
        if faking is None:
            return False
        if faking.when == "unannounced" and national(number) in self._announced:
            return False
        if faking.when == "in_bulk":
            in_bulk = _rate(self._recent, at_s, faking.bulk_seconds) > faking.bulk_messages
            return in_bulk and self._chance(faking.share)
        return self._chance(faking.share)

    def _shown(self, submission: Submission, course: "_Course") -> tuple[str, str]:
        """Sender and text as the handset shows them."""
        alteration = self.personality.alteration
        if not course.altered:
            return submission.source, submission.text
        text = submission.text
        for before, after in alteration.replace.items():
            text = text.replace(before, after)
        part = submission.part
        first, last = part is None or part.number == 1, part is None or part.number == part.total
        text = alteration.prefix * first + text + alteration.suffix * last
        return alteration.sender or submission.source, text

    def _outage(self, carrier: Carrier, at_s: float) -> Outage | None:
        for outage in self.personality.outages:
            if self._seen <= outage.after_messages:
                continue
            if outage.carriers and carrier not in outage.carriers:
                continue
            started = outage not in self._broken_at
            since = self._broken_at.setdefault(outage, at_s)
            lasts_s = 0.0 if outage.kind == "disconnect" else outage.for_s
            if started or lasts_s is None or at_s - since < lasts_s:
                return outage
        return None

    def _throttled(self, at_s: float) -> bool:
        cap = self.personality.throttle_per_s
        if cap is None:
            return False
        if _rate(self._second, at_s, 1.0) <= cap:
            return False
        self._second.pop()  # a refused message does not count
        return True

    def _chance(self, share: float) -> bool:
        return share > 0 and (share >= 1 or self._rng.random() < share)

    def _time(self, shape: tuple[float, float]) -> float:
        return self._rng.lognormvariate(shape[0] + self._shift, shape[1])


class _Course(NamedTuple):
    arrives: bool
    claims: bool
    altered: bool
    lost: int = 0  # the part that never arrives


_OUTAGES: dict[str, Fate | None] = {
    "refuse": None,
    "stall": Fate(answer_after_s=None),
    "half_open": Fate(answer_after_s=None, link="mute"),
    "disconnect": Fate(answer_after_s=None, link="drop"),
}


def _shape(latency: Latency) -> tuple[float, float]:
    """Mean and deviation of the time's logarithm."""
    sigma = math.log(latency.p95_s / latency.median_s) / NORMAL_95
    return math.log(latency.median_s), sigma


def _rate(times: deque[float], at_s: float, within_s: float) -> int:
    """Count this moment too and tell how many lie within the last `within_s`."""
    times.append(at_s)
    while times[0] <= at_s - within_s:
        times.popleft()
    return len(times)
