"""What becomes of each message a simulated vendor is given. Pure and seeded."""

import random
import zlib
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from evaluators.protocols import text as texts
from evaluators.protocols.text import Part
from evaluators.simulator.latency import DRAWS, table
from evaluators.simulator.numbers import CARRIERS, Carrier, Facts, facts, national
from evaluators.simulator.outages import Outages
from evaluators.simulator.personality import Flaw, Handset, Outage, Personality, Receipts, Refusal

DELIVERED = "DELIVRD"
UNKNOWN_STATE = "MYSTERY"
"""A state that no protocol knows."""
_EARLY_ANSWER_S = 0.05  # how long an answer is held back so that its receipt overtakes it
_LONG_TEXTS = 10_000  # texts under way whose first part is remembered
_ONE_MESSAGE = 70  # characters that fit one message whatever they are
_NOISE = 64
_OFFERS = ("回复R", "回R", "回复TD", "回TD", "回复T", "回T", "reply STOP", "Reply STOP")
_ASKS = "回复R以检验"  # what a test of opting out tells the owners at hand
_REFUSES = frozenset({"R", "T", "TD", "N", "STOP", "退订", "拒收"})


class Submission(NamedTuple):
    """One message, or one part of a long one, as the vendor got it."""

    number: str
    source: str
    text: str
    part: Part | None = None


class ReceiptPlan(NamedTuple):
    """A delivery receipt; `elsewhere`: on another connection of the account if there is one."""

    after_s: float
    state: str
    err: str
    flaw: Flaw | None = None
    elsewhere: bool = False


class Arrival(NamedTuple):
    """A handset gets it."""

    after_s: float
    sender: str
    text: str


class Fate(NamedTuple):
    """Everything that will happen; times are seconds after the submission.

    `answer_after_s` None: never answered. `link`: what happens to the connection it came on;
    "babble" writes `noise`. `billed`: how many parts end up on the bill.
    """

    refusal: Refusal = ""
    answer_after_s: float | None = 0.0
    arrival: Arrival | None = None
    receipts: tuple[ReceiptPlan, ...] = ()
    link: Literal["keep", "mute", "drop", "babble", "drip"] = "keep"
    noise: bytes = b""
    billed: int = 0


_new = tuple.__new__  # makes the named tuples above at half the cost
_Course = tuple[bool, str, bool, tuple[float, ...], int]
"""Whether it arrives, what its receipt says (empty: nothing, ever), whether it is altered, the
times it may take to the handset, and the part that never arrives (0: none)."""


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
        self.outages = Outages(personality.outages, personality.switch_s)
        self._rng, self._random = rng, rng.random
        self._announced = {national(number) for number in announced}
        self._answers = table(personality.answer)
        self._delays = table(personality.receipts.delay, time_scale)
        self._replies = table(personality.opt_out.delay, time_scale)
        self._ways = _Ways(personality, time_scale)
        self._odd = _odd(personality.receipts)
        self._silent = personality.receipts.policy == "none"
        self._truthful = personality.receipts.policy == "truthful"
        self._fakes = personality.faking is not None
        self._loses = personality.long_parts_lost
        self._refused = 1 - personality.accept_rate
        self._altered, self._extra = personality.alteration.share, personality.billing.extra_share
        self._bills_all = personality.billing.failed and not self._extra
        self._recent: deque[float] = deque()
        self._second: deque[float] = deque()
        self._seen = 0
        self._opted_out: set[tuple[str, str]] = set()
        self._long: OrderedDict[tuple[str, str, int], _Course] = OrderedDict()

    def fate(self, submission: Submission, at_s: float) -> Fate:
        """Decide for one submission at `at_s` (seconds, any origin, never falling)."""
        self._seen += 1
        answer_s = self._answers[int(self._random() * DRAWS)]
        known = facts(submission.number)
        if known is None:
            return Fate("bad_number", answer_s)
        outage = None
        if not self.outages.none:
            outage = self.outages.at(known.carrier, self._seen, at_s)
            if outage is not None and (broken := self._broken(outage, answer_s)):
                return broken
        if self.personality.throttle_per_s and self._throttled(at_s):
            return Fate("throttled", answer_s)
        if self._refused and self._chance(self._refused):
            return Fate(self.personality.refusal, answer_s)
        decide = self._course if self._loses or submission.part is not None else self._decide
        course = decide(submission, known, at_s, outage)
        fate = self._accepted(submission, course, answer_s)
        return fate if outage is None or outage.kind != "drip" else fate._replace(link="drip")

    def announce(self, numbers: Iterable[str]) -> None:
        """The buyer tells the vendor which numbers it tests with."""
        self._announced.update(national(number) for number in numbers)

    def answered(self, number: str, source: str, text: str) -> bool:
        """A handset's owner texted to `source`; whether the buyer hears of it."""
        if self.personality.opt_out.honours and text.strip().upper() in _REFUSES:
            self._opted_out.add((national(number), source))
        return self.personality.opt_out.forwards

    def reply_after_s(self, number: str, text: str) -> float | None:
        """How soon the owner of a handset replies R to what it shows; None: not at all.

        All do where the text asks for it, some where it merely offers to.
        """
        share = 1.0 if _ASKS in text else self.personality.opt_out.reply_share
        if not share or not any(offer in text for offer in _OFFERS):
            return None
        lot = zlib.crc32(national(number).encode())  # the same owners every time
        return self._replies[lot % DRAWS] if lot / 2**32 < share else None

    def _broken(self, outage: Outage, answer_s: float) -> Fate | None:
        match outage.kind:
            case "refuse":
                return Fate(outage.refusal, answer_s)
            case "stall":
                return Fate(answer_after_s=None)
            case "half_open":
                return Fate(answer_after_s=None, link="mute")
            case "disconnect":
                return Fate(answer_after_s=None, link="drop")
            case "garbage":  # a first octet that no protocol's length begins with
                noise = b"\xff" + self._rng.randbytes(_NOISE - 1)
                return Fate(answer_after_s=None, link="babble", noise=noise)
            case "undelivered" | "drip":
                return None

    def _accepted(self, submission: Submission, course: _Course, answer_s: float) -> Fate:
        arrives, state, altered, way, lost = course
        way_s = way[int(self._random() * DRAWS)]
        _, sender, text, part = submission
        plain = self._bills_all and part is None and len(text) <= _ONE_MESSAGE
        billed = 1 if plain else self._billed(submission, state)
        arrival = None
        if arrives and (part is None or part.number != lost):
            if altered:
                sender, text = self._shown(submission)
            arrival = _new(Arrival, (way_s, sender, text))
        if self._silent or not state:
            return Fate("", answer_s, arrival, (), "keep", b"", billed)
        delay_s = self._delays[int(self._random() * DRAWS)]
        report_s = max(answer_s, way_s) + delay_s
        if self._odd:
            answer_s, receipts = self._oddly(answer_s, report_s, state)
        else:
            receipts = (_new(ReceiptPlan, (report_s, state, _error(state), None, False)),)
        return _new(Fate, ("", answer_s, arrival, receipts, "keep", b"", billed))

    def _oddly(
        self, answer_s: float, report_s: float, state: str
    ) -> tuple[float, tuple[ReceiptPlan, ...]]:
        """When the answer and which receipts come, from a vendor with habits."""
        receipts = self.personality.receipts
        if self._chance(receipts.early):
            report_s, answer_s = answer_s, answer_s + _EARLY_ANSWER_S
        elsewhere, flaw = self._chance(receipts.elsewhere), self._flaw()
        state = UNKNOWN_STATE if flaw == "unknown_state" else state
        plan = ReceiptPlan(report_s, state, _error(state), flaw, elsewhere)
        if not self._chance(receipts.duplicate):
            return answer_s, (plan,)
        again_s = report_s + self._delays[int(self._random() * DRAWS)]
        return answer_s, (plan, plan._replace(after_s=again_s))

    def _flaw(self) -> Flaw | None:
        flaws = self.personality.receipts.flaws
        lot = self._random() if flaws else 0.0
        for flaw, share in flaws.items():
            lot -= share
            if lot < 0:
                return flaw
        return None

    def _course(
        self, submission: Submission, known: Facts, at_s: float, outage: Outage | None
    ) -> _Course:
        """What is decided for a whole message; the parts of a long one share it."""
        part = submission.part
        if part is None:
            course = self._decide(submission, known, at_s, outage)
            lost = self._loses and _parts(submission) > 1 and self._chance(self._loses)
            return (False, *course[1:]) if lost else course
        key = (submission.number, submission.source, part.reference)
        known_course = self._long.get(key)
        if known_course is not None:
            if part.number == part.total:
                del self._long[key]
            return known_course
        course = self._decide(submission, known, at_s, outage)
        if self._chance(self._loses):
            course = (*course[:4], self._rng.randint(1, part.total))
        self._long[key] = course
        if len(self._long) > _LONG_TEXTS:
            self._long.popitem(last=False)
        return course

    def _decide(
        self, submission: Submission, known: Facts, at_s: float, outage: Outage | None
    ) -> _Course:
        rate, way = self._ways.to(known)
        if self._opted_out and (national(submission.number), submission.source) in self._opted_out:
            return False, self.personality.opt_out.code, False, way, 0
        faked = self._fakes and self._faked(submission.number, known, at_s)
        arrives = known.held and not faked and self._random() < rate
        if outage is not None and outage.kind == "undelivered":
            return False, self._denied(outage, known), False, way, 0
        state = DELIVERED if self._claims(known, arrives or faked) else self._failure(known)
        return arrives, state, self._altered > 0 and self._chance(self._altered), way, 0

    def _claims(self, known: Facts, sent: bool) -> bool:
        """Whether the receipt says delivered of what was sent, or is said to have been."""
        if sent and self._truthful:
            return True
        receipts = self.personality.receipts
        if receipts.policy == "claimed":
            return self._chance(receipts.claimed_rate)
        return sent or (not known.held and receipts.dead_numbers == "deliver")

    def _denied(self, outage: Outage, known: Facts) -> str:
        """What receipts say while a channel is down."""
        if outage.receipts == "none":
            return ""
        return DELIVERED if outage.receipts == "deliver" else self._failure(known)

    def _failure(self, known: Facts) -> str:
        codes = self.personality.receipts.codes.get(known.carrier)
        return self._rng.choice(codes) if codes else "UNDELIV"

    def _faked(self, number: str, known: Facts, at_s: float) -> bool:
        faking = self.personality.faking
        if faking is None:
            return False
        if faking.when == "unannounced" and (
            known.announced or national(number) in self._announced
        ):
            return False
        if faking.when == "in_bulk":
            in_bulk = _rate(self._recent, at_s, faking.bulk_seconds) > faking.bulk_messages
            return in_bulk and self._chance(faking.share)
        return self._chance(faking.share)

    def _shown(self, submission: Submission) -> tuple[str, str]:
        """Sender and text as the handset shows them once they were altered."""
        alteration = self.personality.alteration
        text = submission.text
        for before, after in alteration.replace.items():
            text = text.replace(before, after)
        part = submission.part
        first, last = part is None or part.number == 1, part is None or part.number == part.total
        text = alteration.prefix * first + text + alteration.suffix * last
        return alteration.sender or submission.source, text

    def _billed(self, submission: Submission, state: str) -> int:
        if state != DELIVERED and not self.personality.billing.failed:
            return 0
        parts = _parts(submission)
        return parts + 1 if self._extra and self._chance(self._extra) else parts

    def _throttled(self, at_s: float) -> bool:
        if _rate(self._second, at_s, 1.0) <= (self.personality.throttle_per_s or 0):
            return False
        self._second.pop()  # a refused message does not count
        return True

    def _chance(self, share: float) -> bool:
        return share > 0 and (share >= 1 or self._random() < share)


class _Ways:
    """How likely and how soon a handset gets what is sent to it."""

    def __init__(self, personality: Personality, scale: float) -> None:
        carriers: tuple[Carrier, ...] = (*CARRIERS, "other")
        made = {carrier: _way(personality.handset(carrier), scale) for carrier in carriers}
        self._by_carrier = made
        self._ported = _way(personality.ported, scale) if personality.ported else None

    def to(self, known: Facts) -> tuple[float, tuple[float, ...]]:
        """The share that arrives and the times it takes."""
        if self._ported is not None and known.ported:
            return self._ported
        return self._by_carrier[known.carrier]


def _way(handset: Handset, scale: float) -> tuple[float, tuple[float, ...]]:
    return handset.rate, table(handset, scale)


def _odd(receipts: Receipts) -> bool:
    """Whether receipts come in any but the plain way."""
    return bool(receipts.early or receipts.duplicate or receipts.elsewhere or receipts.flaws)


def _parts(submission: Submission) -> int:
    """How many messages it goes out as."""
    alone = submission.part is not None or len(submission.text) <= _ONE_MESSAGE
    return 1 if alone else texts.count(submission.text)


@lru_cache(maxsize=1024)
def _error(state: str) -> str:
    """The three digits beside a state: those of its own number, where it has one."""
    if state == DELIVERED:
        return "000"
    digits = "".join(char for char in state if char.isdigit())[-3:]
    return digits.zfill(3) if digits else "001"


def _rate(times: deque[float], at_s: float, within_s: float) -> int:
    """Count this moment too and tell how many lie within the last `within_s`."""
    times.append(at_s)
    while times[0] <= at_s - within_s:
        times.popleft()
    return len(times)
