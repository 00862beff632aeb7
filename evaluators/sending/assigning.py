"""Which listed number gets which message: pure, and the same for the same input.

Groups of numbers take turns (carriers, or what the phase says), and within a group the number that
has rested longest comes next. A number that has had as many as it may is passed over, as long as
there is one that has not; where there is none the test goes on, and `feasibility` has said so.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from evaluators.sending.limits import Frequency
from evaluators.sending.pacing import SECOND, timetable
from evaluators.sending.plan import Only, Phase, Plan
from evaluators.sending.reasons import Reason, both, reason

NEVER = -(1 << 62)

WORDINGS = {
    "no_match": both(
        "「{phase}」阶段没有符合条件的登记号码，请补登记或改计划。",
        "No listed number fits the phase “{phase}”; list some, or change the plan.",
    ),
    "no_dead": both(
        "没有登记空号或关机对照号码，「{phase}」阶段需要。",
        "No dead number is listed as a control, and the phase “{phase}” needs one.",
    ),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A number that may be texted, without the number: `id` is the store's.

    `dead` ones are known to be out of use or switched off; `watched` ones have a handset that
    reports; `announced` ones were named to the vendor beforehand.
    """

    id: int
    carrier: str = ""
    ported: bool | None = None
    region: str = ""
    country: str = "CN"
    announced: bool = False
    dead: bool = False
    watched: bool = True


def assign(
    plan: Plan,
    numbers: Iterable[Listed],
    *,
    frequency: Frequency | None = None,
    start_ns: int = 0,
    used: Mapping[int, Sequence[int]] | None = None,
) -> Sequence[int] | Reason:
    """The number's id for each message by seq, or why a phase has nobody to text.

    `frequency` is what one number may get; `used` says when numbers were texted before, ns since
    1970, of which the last day matters. `start_ns` is when the first message is due.
    """
    listed = sorted(numbers, key=lambda number: number.id)
    dues = timetable(plan, start_ns)
    resting = {number.id: _Rest(frequency, (used or {}).get(number.id, ())) for number in listed}
    made = array("q")
    texted: dict[str, array[int]] = {}
    for phase in plan.stages:
        if plan.replies and phase.name == plan.replies.then and plan.replies.to in texted:
            before = texted[plan.replies.to]  # those who opted out, and nobody else
            made.extend(before[index % len(before)] for index in range(phase.count))
            continue
        first = len(made)
        live = [n for n in listed if not n.dead and fits(n, phase.only)]
        dead = [n for n in listed if n.dead and fits(n, phase.only)]
        if not live and phase.dead < phase.count:
            return reason(WORDINGS, "no_match", phase=phase.name)
        if not dead and phase.dead:
            return reason(WORDINGS, "no_dead", phase=phase.name)
        groups = _Turns(live, phase, resting), _Turns(dead, phase, resting)
        for index in range(phase.count):
            at_ns = dues.due_ns(len(made)) if frequency else len(made)
            made.append(groups[is_control(phase, index)].next(at_ns))
        texted[phase.name] = made[first:]
    return made


def fits(number: Listed, only: Only) -> bool:
    """Whether a phase may text the number; nobody watches a dead one."""
    watched = None if number.dead else only.watched
    wanted = {"ported": only.ported, "announced": only.announced, "watched": watched}
    lists = (("carrier", only.carrier), ("region", only.region), ("country", only.country))
    return all(not some or getattr(number, name) in some for name, some in lists) and all(
        value is None or getattr(number, name) == value for name, value in wanted.items()
    )


def is_control(phase: Phase, index: int) -> bool:
    """Whether message `index` of a phase goes to a dead number: evenly among the others."""
    return (index + 1) * phase.dead // phase.count > index * phase.dead // phase.count


class _Rest:
    """When a number was texted lately, and when it may be again."""

    def __init__(self, frequency: Frequency | None, used: Iterable[int]) -> None:
        self._spans = frequency.spans() if frequency else ()
        most = max((limit for *_, limit in self._spans), default=1)
        self._times = deque(sorted(used), maxlen=most)

    @property
    def last_ns(self) -> int:
        return self._times[-1] if self._times else NEVER

    @property
    def free_ns(self) -> int:
        """From when on another message keeps to every limit."""
        free = NEVER
        for _, seconds, limit in self._spans:
            if len(self._times) >= limit:
                free = max(free, self._times[-limit] + seconds * SECOND)
        return free

    def texted(self, at_ns: int) -> None:
        self._times.append(at_ns)


class _Group:
    """Numbers alike: those that may be texted by how long they rested, the others by when."""

    def __init__(self, ids: Iterable[int], resting: Mapping[int, _Rest]) -> None:
        self._resting = resting
        self._ready: list[tuple[int, int]] = []
        self._waiting = [(resting[one].free_ns, one) for one in ids]
        heapify(self._waiting)

    def may(self, at_ns: int) -> bool:
        """Whether one of them may be texted then."""
        while self._waiting and self._waiting[0][0] <= at_ns:
            _, one = heappop(self._waiting)
            heappush(self._ready, (self._resting[one].last_ns, one))
        return bool(self._ready)

    def take(self, at_ns: int) -> int:
        """The number that rested longest, or else the one that may be texted soonest."""
        _, one = heappop(self._ready if self.may(at_ns) else self._waiting)
        rest = self._resting[one]
        rest.texted(at_ns)
        heappush(self._waiting, (rest.free_ns, one))
        return one


class _Turns:
    """The groups of one phase, taking turns."""

    def __init__(
        self, numbers: Sequence[Listed], phase: Phase, resting: Mapping[int, _Rest]
    ) -> None:
        by_trait: dict[tuple[str, ...], list[int]] = {}
        for number in numbers:
            traits = tuple(str(getattr(number, trait)) for trait in phase.turns)
            by_trait.setdefault(traits, []).append(number.id)
        self._groups = [_Group(by_trait[traits], resting) for traits in sorted(by_trait)]
        self._turn = 0

    def next(self, at_ns: int) -> int:
        """The number for a message due then."""
        groups, turn = self._groups, self._turn
        self._turn = (turn + 1) % len(groups)
        if not groups[turn].may(at_ns):
            others = (*range(turn + 1, len(groups)), *range(turn))
            turn = next((other for other in others if groups[other].may(at_ns)), turn)
        return groups[turn].take(at_ns)
