"""From stored rows to numbers: recomputable at any time, with nothing kept but the rows.

The rows (see `rows` for which count) are gone through once and none of them is kept: 8 bytes a
message for its latency and our lateness (while sorting, three times that), and four counters for
each number and phase.
"""

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.sending import kinds
from evaluators.sending.kinds import Counts, Kind, accepted, reported, untold
from evaluators.sending.measures import (
    Away,
    Code,
    Counted,
    Part,
    latency_of,
    lateness_of,
    total,
)
from evaluators.sending.measures import Carrier as Carrier
from evaluators.sending.measures import Latency as Latency
from evaluators.sending.measures import Lateness as Lateness
from evaluators.sending.measures import Share as Share
from evaluators.sending.plan import Plan, parts_of
from evaluators.sending.rows import DELIVERED as DELIVERED
from evaluators.sending.rows import SECOND, Sight
from evaluators.sending.rows import Row as Row
from evaluators.sending.rows import State as State
from evaluators.sending.texts import Texts
from evaluators.statistics import clopper_pearson, effective_size

_OF_NUMBERS = ("carrier", "ported", "region", "country", "announced")
_OF_SEQS = ("phase", "variant")
_Cell = tuple[int, int]  # phase and number
_Place = tuple[str, int]  # carrier and phase


@dataclass(frozen=True)
class Metrics:
    """The numbers of one run. Rates, definitions and latencies are None until it has closed.

    `definitions` holds D1 to D8, the delivery rates in use among vendors, from the same rows:
    D1 accepted/submitted, D2 DELIVRD/submitted, D3 DELIVRD/accepted, D4 DELIVRD/(accepted less
    invalid numbers), D5 1 - explicit failures/(the same), D6 on the handset/submitted to live
    handsets, D7 the same within `p95_s` where their times are known, D8 parts arrived/parts billed
    (None without a bill, or where not every message went to a live handset).
    `parts` are the values of every trait in which the messages differ, `codes` what the receipts
    said. `parts_counted` is what the accepted messages should be billed as. `lateness` is our own,
    `held` that of messages the vendor's window kept waiting. `untimed` messages to live handsets
    tell nothing of when they came, so they are in neither D7 nor a latency.

    Of the `planned` messages `controls` went to dead numbers and `set_apart` were sent to see that
    they do not arrive, or in a fault we wanted: in no other count but `parts_counted`. Of the rest,
    `submitted` = acknowledged + refused - throttled + unknown - left_unknown (+ not yet answered).
    `left_unknown` may not have left. D2 to D4 leave out `kinds.untold`, D1 `kinds.unanswered`.
    """

    closed: bool
    planned: int
    submitted: int
    acknowledged: int
    refused: int
    unknown: int
    left_unknown: int
    left_unknown_arrived: int
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
    parts: tuple[Part, ...] = ()
    codes: tuple[Code, ...] = ()
    parts_counted: int = 0
    parts_billed: int | None = None
    held: Lateness | None = None
    untimed: int = 0
    controls: int = 0
    set_apart: int = 0
    untold: int = 0
    unanswered: int = 0
    awaited: int = 0
    away: Away | None = None

    @property
    def watched_delivered(self) -> int:
        """Messages to live handsets that were reported delivered."""
        return self.arrived - self.unreported_arrivals + self.unseen_delivered


def not_alive(row: Row) -> bool:
    """The usual reading of an invalid number: its handset was not proven alive."""
    return not row.alive


def summarise(
    rows: Iterable[Row],
    plan: Plan,
    closed: bool,
    *,
    billed_parts: int | None = None,
    invalid: Callable[[Row], bool] = not_alive,
    without: Sequence[tuple[int, int]] = (),
) -> Metrics:
    """All numbers of a run from its rows, in any order.

    `closed` says the observation window is over. `invalid` decides which accepted rows D4 and D5
    leave out as invalid numbers (see `receipts.Dictionary.invalid` for another reading), and
    `billed_parts` is what the vendor's bill says. Messages sent in the spans `without` (from, upto;
    ns since 1970) enter no rate: see `questions.fault.windows`.
    """
    made = _Summary(plan, invalid, without)
    for row in rows:
        made.add(row)
    return made.metrics(closed, billed_parts)


class _Summary:
    """What one pass over the rows leaves behind."""

    def __init__(
        self, plan: Plan, invalid: Callable[[Row], bool], without: Sequence[tuple[int, int]]
    ) -> None:
        self._plan, self._invalid = plan, invalid
        self._sight, self._texts = Sight(plan, without), Texts(plan)
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._blocked = 0
        self._away: set[tuple[int, int]] = set()
        self._senders: Counter[str] = Counter()
        self._codes: dict[tuple[str, str, str], list[int]] = {}
        self._cells: dict[_Cell, Counted] = {}
        self._clockless: set[int] = set()  # numbers
        self._numbers: dict[int, tuple[str, ...]] = {}  # values of _OF_NUMBERS
        self._waited: dict[_Place, array[float]] = {}
        self._late, self._held = array("f"), array("f")

    def add(self, row: Row) -> None:
        sight = self._sight
        self._blocked += row.blocked
        if row.sent_ns is not None and row.due_ns is not None:
            late_ms = max(0, row.sent_ns - row.due_ns) / 1e6
            (self._held if row.blocked else self._late).append(late_ms)
        control, submitted, counts = sight.control(row), sight.submitted(row), sight.counts(row)
        if counts and row.away is not None:
            self._away.add(row.away)
        arrived, said, phase = sight.arrived(row), sight.said(row), self._texts.at(row.seq)
        kind = (
            *(row.state, control, sight.apart(row), submitted, counts, row.alive, arrived),
            *(row.handset_ns is not None and not arrived, said, self._invalid(row)),
            *(row.handset_text_same, row.sent_ns is not None, row.away is not None),
            *(sight.held_back(row), phase),
        )
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        if counts:
            self._gone(row, phase, arrived, said == "delivered")

    def _gone(self, row: Row, phase: int, arrived: bool, delivered: bool) -> None:
        """A message that left, to a number that is not a control."""
        if row.handset_from:
            self._senders[row.handset_from] += 1
        watched, seen = row.alive, row.alive and arrived
        if row.receipt is not None:
            code = self._codes.setdefault(
                (row.receipt, row.receipt_code or "", row.carrier), [0] * 3
            )
            code[0] += 1
            code[1] += watched
            code[2] += seen
        if row.number_id not in self._numbers:
            self._numbers[row.number_id] = self._traits(row)
        cell = self._cells.setdefault((phase, row.number_id), Counted())
        cell.submitted += 1
        cell.delivered += delivered
        if watched:
            cell.watched += 1
            self._seen(row, cell, phase, arrived)

    def _seen(self, row: Row, cell: Counted, phase: int, arrived: bool) -> None:
        """A message to a live handset; what is lost waits until it is known whom it went to."""
        if not row.timed:
            self._clockless.add(row.number_id)
        if not arrived:
            return
        cell.arrived += 1
        prompt, waited = self._sight.prompt(row, arrived), self._sight.waited_ms(row, arrived)
        cell.told += prompt is not None
        cell.prompt += prompt is True
        if waited is not None:
            cell.exact += 1
            self._waited.setdefault((row.carrier, phase), array("f")).append(waited)

    def _traits(self, row: Row) -> tuple[str, ...]:
        """The values of `_OF_NUMBERS` for the row's number."""
        ported = {None: "", True: "ported", False: "own"}[row.ported]
        known = "announced" if self._sight.announced(row) else "blind"
        return row.carrier, ported, row.region, row.country, known

    def metrics(self, closed: bool, billed_parts: int | None) -> Metrics:
        count = Counts([(Kind(*kind), n) for kind, n in self._kinds.items()])
        gone = count.only(lambda kind: kind.counts)
        controls = count.only(lambda kind: kind.submitted and kind.control)
        watched = gone.only(lambda kind: kind.alive)
        ours = count.only(lambda kind: not kind.control and not kind.apart)
        unseen = ours.only(lambda kind: kind.state == "unknown" and not kind.left)
        # A bill for messages nobody watched says nothing about arrivals.
        whole = count.only(accepted).all == watched.only(accepted).all
        self._add_losses()
        by_trait = {trait: list(self._by(trait, closed)) for trait in (*_OF_NUMBERS, *_OF_SEQS)}
        arrived = watched.of(lambda kind: kind.arrived)
        return Metrics(
            closed=closed,
            planned=count.all,
            submitted=gone.all,
            acknowledged=ours.of(accepted),
            refused=ours.of(lambda kind: kind.state == "refused"),
            unknown=ours.of(lambda kind: kind.state == "unknown"),
            left_unknown=unseen.all,
            left_unknown_arrived=unseen.of(lambda kind: kind.arrived or kind.late),
            throttled=ours.of(lambda kind: kind.state == "refused" and not kind.submitted),
            blocked=self._blocked,
            delivered=gone.of(reported),
            missing_receipts=gone.of(
                lambda kind: accepted(kind) and not kind.said and not untold(kind)
            ),
            watched=watched.all,
            arrived=arrived,
            late_arrivals=gone.of(lambda kind: kind.late),
            unseen_delivered=watched.of(lambda kind: reported(kind) and not kind.arrived),
            unreported_arrivals=watched.of(lambda kind: kind.arrived and not reported(kind)),
            controls_delivered=Share(controls.of(reported), controls.all),
            texts_same=Share(
                gone.of(lambda kind: kind.same is True), gone.of(lambda kind: kind.same is not None)
            ),
            senders=dict(sorted(self._senders.items())),
            definitions=self._definitions(gone, billed_parts if whole else None) if closed else {},
            untimed=watched.all - self._in_time().of,
            carriers=tuple(
                Carrier(each.value, each.submitted, each.delivered, each.arrived, each.latency)
                for each in by_trait["carrier"]
            ),
            handsets=self._handsets(self._cells),
            latency=latency_of(self._waited.values()) if closed else None,
            lateness=lateness_of(self._late),
            held=lateness_of(self._held),
            price_per_arrival=self._price(watched, arrived) if closed else None,
            parts=tuple(p for parts in by_trait.values() if len(parts) > 1 for p in parts),
            codes=tuple(Code(*key, *counts) for key, counts in sorted(self._codes.items())),
            parts_counted=self._parts(count.only(accepted)),
            parts_billed=billed_parts,
            controls=count.of(lambda kind: kind.control),
            set_apart=count.of(lambda kind: kind.apart and not kind.control),
            untold=gone.of(untold),
            unanswered=gone.of(kinds.unanswered),
            awaited=gone.of(kinds.awaited),
            away=self._absence(gone.only(lambda kind: kind.away)),
        )

    def _absence(self, away: Counts) -> Away | None:
        if not away.all:
            return None
        lasted_s = sum(until - since for since, until in self._away) / SECOND
        return Away(lasted_s, away.all, away.of(lambda kind: kind.held_back), away.of(untold))

    def _definitions(self, gone: "Counts", billed_parts: int | None) -> dict[str, Share | None]:
        watched = gone.only(lambda kind: kind.alive)
        taken = gone.only(accepted)
        valid = taken.only(lambda kind: not kind.invalid)
        arrived = watched.only(lambda kind: kind.arrived)
        made = {
            "D1": Share(taken.all, gone.all - gone.of(kinds.unanswered)),
            "D2": Share(gone.of(reported), gone.all - gone.of(untold)),
            "D3": Share(taken.of(reported), taken.all - taken.of(untold)),
            "D4": Share(valid.of(reported), valid.all - valid.of(untold)),
            "D5": Share(valid.of(lambda kind: kind.said != "failed"), valid.all),
            "D6": Share(arrived.all, watched.all),
            "D7": self._in_time(),
            "D8": Share(self._parts(arrived), billed_parts or 0),
        }
        return {name: share if share.of else None for name, share in made.items()}

    def _in_time(self) -> Share:
        """In time of those whose handset says when. With arrivals left out, losses must be too."""
        counted = total(self._cells.values())
        clockless = self._without(lambda cell: cell.told)
        lost = sum(
            cell.lost for (_, number), cell in self._cells.items() if number not in clockless
        )
        return Share(counted.prompt, counted.told + lost)

    def _without(self, times: Callable[[Counted], int]) -> set[int]:
        """Numbers whose handset never says when: as told, or going by what arrived there."""
        arrived: Counter[int] = Counter()
        known: Counter[int] = Counter()
        for (_, number), cell in self._cells.items():
            arrived[number] += cell.arrived
            known[number] += times(cell)
        never = {number for number, count in arrived.items() if count and not known[number]}
        return self._clockless | never

    def _add_losses(self) -> None:
        """Latencies count what never came as infinite, where arrivals would have had a time."""
        clockless = self._without(lambda cell: cell.exact)
        for (phase, number), cell in self._cells.items():
            if number not in clockless and cell.lost:
                place = self._numbers[number][0], phase
                waited = self._waited.setdefault(place, array("f"))
                waited.extend([math.inf] * cell.lost)

    def _parts(self, counts: "Counts") -> int:
        """As how many parts these messages are billed."""
        each = [parts_of(self._plan, phase.variant) for phase in self._plan.stages]
        return sum(each[kind.phase] * n for kind, n in counts.kinds)

    def _price(self, watched: "Counts", arrived: int) -> float | None:
        """CNY per message on a live handset, every accepted one billed in full."""
        if not arrived or self._plan.price is None:
            return None
        return round(self._plan.price * self._parts(watched.only(accepted)) / arrived, 6)

    def _by(self, trait: str, closed: bool) -> Iterator[Part]:
        """The parts of a trait that has several values; phases and variants in the plan's order."""
        cells: dict[str, list[_Cell]] = {}
        for cell in self._cells:
            cells.setdefault(self._value(trait, cell), []).append(cell)
        if len(cells) < 2 and trait != "carrier":
            return
        stages = range(len(self._plan.stages))
        order = (
            [self._value(trait, (at, 0)) for at in stages] if trait in _OF_SEQS else sorted(cells)
        )
        for value in dict.fromkeys(order):
            if value in cells:
                latency = self._latency(trait, value) if closed else None
                yield self._part(trait, value, cells[value], latency)

    def _value(self, trait: str, cell: _Cell) -> str:
        if trait == "phase":
            return self._plan.stages[cell[0]].name
        if trait == "variant":
            return self._plan.stages[cell[0]].variant or "text"
        return self._numbers[cell[1]][_OF_NUMBERS.index(trait)]

    def _part(
        self, trait: str, value: str, cells: Sequence[_Cell], latency: Latency | None
    ) -> Part:
        sums = total(self._cells[cell] for cell in cells)
        effective = effective_size(self._handsets(cells))
        shrunk = sums.arrived * effective / sums.watched if sums.watched else 0.0
        return Part(
            trait=trait,
            value=value,
            submitted=sums.submitted,
            delivered=Share(sums.delivered, sums.submitted),
            arrived=Share(sums.arrived, sums.watched),
            effective=effective,
            interval=clopper_pearson(shrunk, effective),
            latency=latency,
        )

    def _latency(self, trait: str, value: str) -> Latency | None:
        if trait == "carrier":
            return latency_of(times for (name, _), times in self._waited.items() if name == value)
        if trait == "phase":
            names = [phase.name for phase in self._plan.stages]
            return latency_of(t for (_, at), t in self._waited.items() if names[at] == value)
        return None

    def _handsets(self, cells: Iterable[_Cell]) -> tuple[tuple[int, int], ...]:
        """(arrived, sent) of each live handset: messages to one handset share its fate."""
        counts: dict[int, list[int]] = {}
        for cell in cells:
            counted = self._cells[cell]
            if counted.watched:
                count = counts.setdefault(cell[1], [0, 0])
                count[0] += counted.arrived
                count[1] += counted.watched
        return tuple((arrived, sent) for _, (arrived, sent) in sorted(counts.items()))
