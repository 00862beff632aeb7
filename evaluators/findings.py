"""What is known about one item: findings with their evidence level, and the score they allow.

The level sets an interval of the item's score, not a multiplier (mission, scoring 7.2): an
unanswered item can be anything, a claim proves nothing and so leaves the lower end at 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from evaluators.answers import CHOICE_MEETS, Answer, meets, satisfaction
from evaluators.checklist import Choice, Item
from evaluators.evidence import Level, level
from evaluators.policy import Policy
from evaluators.statistics import Interval


@dataclass(frozen=True)
class Finding:
    """One answer, paper, look-up or measurement in force for one item.

    `value` and `interval` (95 %, from a test) are in the item's stored unit. `source` is the id of
    the answer, file or run, so that every number can be traced. `note` is the reason where the
    choice is not applicable. `shows` are marks such as `receipts_disagree` (see `Verdict.shows`).
    A claim or paper replaced by a newer answer of the same person is not in force any more and is
    not passed; of several measurements of one item the newest counts.
    """

    item_id: str
    choice: Choice | None
    value: Answer
    level: Level
    at: datetime
    expires: date | None = None
    interval: Interval | None = None
    source: str = ""
    note: str = ""
    shows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """The score interval of one item, 0 to 1, and the findings it comes from.

    `evidence` is the level found, `level` what counts of it after decay. `not_applicable` holds
    the reason where the item is left out.
    """

    item_id: str
    evidence: Level
    level: Level
    low: float
    centre: float
    high: float
    sources: tuple[str, ...] = ()
    scored: bool = False
    not_applicable: str = ""

    @property
    def expired(self) -> bool:
        return self.level < self.evidence

    @property
    def width(self) -> float:
        return self.high - self.low


def standing(
    item: Item, findings: Sequence[Finding], policy: Policy, *, credibility: float, today: date
) -> Standing:
    """Where one item stands: the strongest evidence decides, and the worst of the equally strong.

    Which evidence decides does not depend on its expiry, so that evidence running out can only
    lower a score: it falls by one level, and no end of its interval rises.
    """
    said = [found for found in findings if _says_something(item, found)]
    if not said:
        centre = policy.evidence.unanswered_centre
        return Standing(item.id, Level.NONE, Level.NONE, 0.0, centre, 1.0)
    strongest = max(_level(item, found) for found in said)
    deciding = [found for found in said if _level(item, found) == strongest]
    if strongest == Level.MEASURED:
        newest = max(found.at for found in deciding)
        deciding = [found for found in deciding if found.at == newest]
    applicable = [found for found in deciding if found.choice != "na"]
    if not applicable:
        chosen = min(deciding, key=lambda found: found.source)
        sources, why = (chosen.source,), chosen.note
        return Standing(item.id, strongest, strongest, 0, 0, 0, sources, not_applicable=why)
    trust = _Trust(policy, credibility, today)
    stands = [_one(item, found, trust) for found in applicable]
    return min(stands, key=lambda stand: (stand.low, stand.centre, stand.high, stand.sources))


def _says_something(item: Item, found: Finding) -> bool:
    """N/A needs its reason; an answer that settles nothing leaves the item open."""
    if found.choice == "na":
        return bool(found.note.strip())
    return satisfaction(item, found.choice, found.value) is not None


def _level(item: Item, found: Finding) -> Level:
    """No evidence counts for more than this item's evidence can."""
    return min(found.level, level(item.evidence.at_most))


def has_expired(found: Finding, policy: Policy, today: date) -> bool:
    """Past its own date, or measured too long ago."""
    if found.expires is not None and found.expires < today:
        return True
    too_old = found.at.date() + timedelta(days=policy.evidence.measured_days) < today
    return found.level == Level.MEASURED and too_old


@dataclass(frozen=True)
class _Trust:
    """What turns evidence into numbers: the policy, the vendor's credibility, and the day."""

    policy: Policy
    credibility: float
    today: date


def _one(item: Item, found: Finding, trust: _Trust) -> Standing:
    kind = evidence = _level(item, found)
    bounds = _bounds(item, found, kind, trust)
    if kind > Level.CLAIMED and has_expired(found, trust.policy, trust.today):
        kind = Level(kind - 1)
        again = _bounds(item, found, kind, trust)
        bounds = (min(bounds[0], again[0]), min(bounds[1], again[1]), min(bounds[2], again[2]))
    return Standing(item.id, evidence, kind, *bounds, (found.source,), scored=True)


def _bounds(item: Item, found: Finding, kind: Level, trust: _Trust) -> tuple[float, float, float]:
    worth = satisfaction(item, found.choice, found.value) or 0.0
    if kind == Level.MEASURED:
        low, high = worth_between(item, found)
        return low, worth, high
    rules = trust.policy.evidence
    floors = {Level.VERIFIED: rules.verified_floor, Level.DOCUMENTED: rules.documented_floor}
    floor = floors.get(kind, 0.0)
    # What the level does not settle is taken on trust, as far as the vendor has earned it.
    return floor * worth, (floor + (1 - floor) * trust.credibility) * worth, worth


def worth_between(item: Item, found: Finding) -> tuple[float, float]:
    """The lowest and highest satisfaction anywhere in the measured interval."""
    worth = satisfaction(item, found.choice, found.value) or 0.0
    points = item.value.points if item.value else ()
    if found.interval is None or not points:
        return worth, worth
    low, high = found.interval.low, found.interval.high
    marks = [low, high, *(mark for mark, _ in points if low < mark < high)]
    limit = CHOICE_MEETS.get(found.choice or "", 1.0)
    worths = [min(limit, meets(points, mark)) for mark in marks] + [worth]
    return min(worths), max(worths)
