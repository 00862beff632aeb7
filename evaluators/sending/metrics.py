"""From stored rows to numbers: recomputable at any time, with nothing kept but the rows.

Which rows count. An `unknown` row that was never seen to leave (armed before a crash of ours)
stays out of every rate: counting only those that turned up would flatter. Throttled rows stay out
too: they were held back, not lost. What the vendor refused otherwise, or never answered, is
submitted and not arrived. Handset rates look only at rows whose handset was proven alive
(`alive`), and numbers known to be dead (`Plan.controls`) are looked at apart. What comes later
than `window_s` after its message was sent has not arrived.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators.sending.plan import Plan, render, segments
from evaluators.statistics import Interval, Percentile, clopper_pearson, percentile

State = Literal["planned", "armed", "sent", "acknowledged", "refused", "unknown"]

DELIVERED = "DELIVRD"
FAILED = frozenset({"EXPIRED", "UNDELIV", "REJECTD", "DELETED"})
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Row:
    """One message of a run, as the ledger keeps it. Times are nanoseconds on our clock.

    `number_id` is the store's id of the panel number, never the number itself. `receipt` is the
    state the vendor reported last (DELIVRD, UNDELIV, ...), `receipt_code` its raw code.
    `handset_ns` is when the handset got it, `alive` whether that handset was proven alive in the
    window. `blocked` says it waited for room in the send window.
    """

    seq: int
    number_id: int
    carrier: str
    token: str
    state: State
    due_ns: int | None = None
    sent_ns: int | None = None
    ack_ns: int | None = None
    status: int | None = None
    message_id: str | None = None
    receipt: str | None = None
    receipt_ns: int | None = None
    receipt_code: str | None = None
    handset_ns: int | None = None
    handset_text_same: bool | None = None
    handset_from: str | None = None
    alive: bool = False
    blocked: bool = False


@dataclass(frozen=True)
class Share:
    """A count out of a count, so that every rate can be traced."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Exact two-sided 95 %, every message taken as independent."""
        return clopper_pearson(self.count, self.of)


@dataclass(frozen=True)
class Latency:
    """Milliseconds from due to handset; messages that did not arrive count as infinite."""

    p50: Percentile
    p95: Percentile
    p99: Percentile


@dataclass(frozen=True)
class Lateness:
    """Milliseconds our own sender was behind the schedule."""

    p50_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Carrier:
    """One carrier's part of the run; `arrived` is out of messages to live handsets."""

    carrier: str
    submitted: int
    delivered: Share
    arrived: Share
    latency: Latency | None


@dataclass(frozen=True)
class Metrics:
    """The numbers of one run. Rates, definitions and latencies are None until it has closed.

    `definitions` holds D1 to D8, the delivery rates in use among vendors, from the same rows:
    D1 accepted/submitted, D2 DELIVRD/submitted, D3 DELIVRD/accepted, D4 DELIVRD/(accepted less
    invalid numbers), D5 1 - explicit failures/(the same), D6 on the handset/submitted to live
    handsets, D7 the same within `p95_s`, D8 parts arrived/parts billed (None without a bill).
    """

    closed: bool
    planned: int
    submitted: int
    acknowledged: int
    refused: int
    unknown: int
    never_left: int
    never_left_arrived: int
    throttled: int
    blocked: int
    delivered: int
    missing_receipts: int
    watched: int
    arrived: int
    late_arrivals: int
    unseen_delivered: int
    unreported_arrivals: int
    controls_delivered: Share
    texts_same: Share
    senders: Mapping[str, int]
    definitions: Mapping[str, Share | None]
    carriers: tuple[Carrier, ...]
    handsets: tuple[tuple[int, int], ...]
    latency: Latency | None
    lateness: Lateness | None
    price_per_arrival: float | None


def _not_alive(row: Row) -> bool:
    return not row.alive


def summarise(
    rows: Sequence[Row],
    plan: Plan,
    closed: bool,
    *,
    billed_parts: int | None = None,
    invalid: Callable[[Row], bool] = _not_alive,
) -> Metrics:
    """All numbers of a run from its rows.

    `closed` says the observation window is over. `invalid` decides which accepted rows D4 and D5
    leave out as invalid numbers (by default those whose handset was not proven alive), and
    `billed_parts` is what the vendor's bill says.
    """
    sight = _Sight(plan)
    gone = [row for row in rows if sight.submitted(row) and not sight.control(row)]
    lost_sight = [row for row in rows if row.state == "unknown" and row.sent_ns is None]
    controls = [row for row in rows if sight.submitted(row) and sight.control(row)]
    compared = [row.handset_text_same for row in gone if row.handset_text_same is not None]
    watched = [row for row in gone if row.alive]
    return Metrics(
        closed=closed,
        planned=len(rows),
        submitted=len(gone),
        acknowledged=sum(row.state == "acknowledged" for row in rows),
        refused=sum(row.state == "refused" for row in rows),
        unknown=sum(row.state == "unknown" for row in rows),
        never_left=len(lost_sight),
        never_left_arrived=sum(row.handset_ns is not None for row in lost_sight),
        throttled=sum(sight.throttled(row) for row in rows),
        blocked=sum(row.blocked for row in rows),
        delivered=sum(map(sight.delivered, gone)),
        missing_receipts=sum(row.state == "acknowledged" and not sight.final(row) for row in gone),
        watched=len(watched),
        arrived=sum(map(sight.arrived, watched)),
        late_arrivals=sum(row.handset_ns is not None and not sight.arrived(row) for row in gone),
        unseen_delivered=sum(sight.delivered(row) and not sight.arrived(row) for row in watched),
        unreported_arrivals=sum(sight.arrived(row) and not sight.delivered(row) for row in watched),
        controls_delivered=Share(sum(map(sight.delivered, controls)), len(controls)),
        texts_same=Share(sum(compared), len(compared)),
        senders=Counter(sorted(row.handset_from for row in gone if row.handset_from)),
        definitions=_definitions(gone, sight, invalid, billed_parts) if closed else {},
        carriers=_by_carrier(gone, sight, closed),
        handsets=_by_handset(watched, sight),
        latency=_latency(watched, sight) if closed else None,
        lateness=_lateness(rows),
        price_per_arrival=_price(watched, sight) if closed else None,
    )


class _Sight:
    """How the plan makes us see one row."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._window_ns = int(plan.window_s * SECOND)
        self._throttled = frozenset(plan.throttled)
        self._controls = frozenset(plan.controls)

    def control(self, row: Row) -> bool:
        return row.number_id in self._controls

    def throttled(self, row: Row) -> bool:
        return row.state == "refused" and row.status in self._throttled

    def submitted(self, row: Row) -> bool:
        left = row.state in {"sent", "acknowledged", "refused"} or (
            row.state == "unknown" and row.sent_ns is not None
        )
        return left and not self.throttled(row)

    def _in_time(self, row: Row, at_ns: int | None) -> bool:
        start = row.due_ns if row.sent_ns is None else row.sent_ns
        if at_ns is None or start is None:
            return False
        return at_ns - start <= self._window_ns

    def arrived(self, row: Row) -> bool:
        return self._in_time(row, row.handset_ns)

    def delivered(self, row: Row) -> bool:
        return row.receipt == DELIVERED and self._in_time(row, row.receipt_ns)

    def failed(self, row: Row) -> bool:
        return row.receipt in FAILED and self._in_time(row, row.receipt_ns)

    def final(self, row: Row) -> bool:
        return self.delivered(row) or self.failed(row)

    def waited_ms(self, row: Row) -> float:
        """From due to handset; infinite for what did not arrive."""
        if row.handset_ns is None or row.due_ns is None or not self.arrived(row):
            return math.inf
        return (row.handset_ns - row.due_ns) / 1e6


def _definitions(
    gone: Sequence[Row],
    sight: _Sight,
    invalid: Callable[[Row], bool],
    billed_parts: int | None,
) -> dict[str, Share | None]:
    accepted = [row for row in gone if row.state == "acknowledged"]
    valid = [row for row in accepted if not invalid(row)]
    watched = [row for row in gone if row.alive]
    in_time = sum(sight.waited_ms(row) <= sight.plan.p95_s * 1e3 for row in watched)
    arrived = sum(map(sight.arrived, watched))
    delivered = sum(map(sight.delivered, gone))
    made = {
        "D1": Share(len(accepted), len(gone)),
        "D2": Share(delivered, len(gone)),
        "D3": Share(sum(map(sight.delivered, accepted)), len(accepted)),
        "D4": Share(sum(map(sight.delivered, valid)), len(valid)),
        "D5": Share(len(valid) - sum(map(sight.failed, valid)), len(valid)),
        "D6": Share(arrived, len(watched)),
        "D7": Share(in_time, len(watched)),
        "D8": Share(arrived * _parts(sight.plan, gone), billed_parts or 0),
    }
    return {name: share if share.of else None for name, share in made.items()}


def _parts(plan: Plan, rows: Sequence[Row]) -> int:
    return segments(render(plan, rows[0].token)) if rows else 1


def _by_carrier(gone: Sequence[Row], sight: _Sight, closed: bool) -> tuple[Carrier, ...]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in gone:
        groups[row.carrier].append(row)
    table = []
    for carrier, rows in sorted(groups.items()):
        watched = [row for row in rows if row.alive]
        delivered = Share(sum(map(sight.delivered, rows)), len(rows))
        arrived = Share(sum(map(sight.arrived, watched)), len(watched))
        latency = _latency(watched, sight) if closed else None
        table.append(Carrier(carrier, len(rows), delivered, arrived, latency))
    return tuple(table)


def _by_handset(watched: Iterable[Row], sight: _Sight) -> tuple[tuple[int, int], ...]:
    """(arrived, sent) of each handset: messages to one handset share its fate."""
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in watched:
        counts[row.number_id][0] += sight.arrived(row)
        counts[row.number_id][1] += 1
    return tuple((arrived, sent) for _, (arrived, sent) in sorted(counts.items()))


def _latency(watched: Sequence[Row], sight: _Sight) -> Latency | None:
    if not watched:
        return None
    waited = [sight.waited_ms(row) for row in watched]
    return Latency(*(percentile(waited, share) for share in (0.5, 0.95, 0.99)))


def _lateness(rows: Iterable[Row]) -> Lateness | None:
    late = sorted(
        max(0, row.sent_ns - row.due_ns) / 1e6
        for row in rows
        if row.sent_ns is not None and row.due_ns is not None
    )
    if not late:
        return None
    at = [late[max(0, math.ceil(len(late) * share) - 1)] for share in (0.5, 0.99, 1.0)]
    return Lateness(*at)


def _price(watched: Sequence[Row], sight: _Sight) -> float | None:
    """CNY per message on a live handset, every accepted one billed in full."""
    arrived = sum(map(sight.arrived, watched))
    if not arrived or sight.plan.price is None:
        return None
    billed = sum(row.state == "acknowledged" for row in watched)
    return round(sight.plan.price * _parts(sight.plan, watched) * billed / arrived, 6)
