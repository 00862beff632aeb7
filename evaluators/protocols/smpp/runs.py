"""Many PDUs alike, one after the other, taken apart at once. Pure.

Answers follow answers, receipts receipts, and where a vendor reports at once each answer has its
receipt behind it. Such a run is cut into columns, one for each part of a PDU, and what must be
equal is counted instead of compared one by one. A run ends before the first PDU that is not as the
shapes want it; what it gives is what they give.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, repeat
from operator import ge
from typing import Any

from evaluators.protocols.smpp.shapes import HEAD, AnswerShape, ReceiptShape, Shapes, Tail

FEWEST = 8
"""Fewer PDUs than this are read faster one by one."""

_SPACE = 32
_HEAD, _LEAD, _HANDSET, _MIDDLE, _REST = 0, 2, 3, 4, 8  # which parts of a receipt these are


@dataclass(slots=True)
class Columns:
    """What `units` PDUs (or pairs of them) say; empty where they are of the other kind."""

    units: int
    sequences: Sequence[int] = ()
    accepted: Sequence[bytes] = ()
    numbers: Sequence[bytes] = ()
    reported: Sequence[bytes] = ()
    tails: Sequence[Tail] = ()

    def cut(self, units: int) -> None:
        """Leave the first ones only."""
        self.units = units
        self.sequences, self.accepted = self.sequences[:units], self.accepted[:units]
        self.numbers, self.reported = self.numbers[:units], self.reported[:units]
        self.tails = self.tails[:units]

    def in_order(self) -> bool:
        """No report comes before its answer, and in pairs no id is given twice."""
        if not (self.accepted and self.reported):
            return True
        if self.accepted == self.reported:
            return len({*self.accepted}) == self.units
        places = dict(zip(self.accepted, count(), strict=False))
        places_known = map(places.get, self.reported, repeat(-1))
        return len(places) == self.units and all(map(ge, count(), places_known))


class Run:
    """Answers, receipts, or pairs of both, all of these shapes."""

    def __init__(self, answer: AnswerShape | None, receipt: ReceiptShape | None) -> None:
        self.answer, self.receipt = answer, receipt
        self.size = (answer.length if answer else 0) + (receipt.length if receipt else 0)
        """Octets of one PDU or pair."""
        self._fixed: list[tuple[int, bytes]] = []
        self._handset = range(0)
        layout = ">"
        if answer:
            layout += f"{HEAD}xI{answer.length - HEAD - 5}sx"
            self._fix(0, answer.head)
            self._fix(answer.length - 1, b"\0")
        if receipt:
            layout += self._lay_out(receipt, answer.length if answer else 0)
        self._unpack = struct.Struct(layout).iter_unpack
        self._octets = {octet for _, octet in self._fixed}

    def pdus(self, data: bytes, start: int) -> Callable[[int], bytes]:
        """The receipts of the run that begins at `start`, by their order."""
        size, skip = self.size, self.answer.length if self.answer else 0
        return lambda at: data[start + at * size + skip : start + (at + 1) * size]

    def read(self, data: bytes, start: int, most: int) -> Columns | None:
        """The units from `start` on, at most `most`; None if it is not worth it."""
        good = self._sound(data, start, most)
        if good < FEWEST:
            return None
        found = Columns(good)
        columns = list(zip(*self._unpack(data[start : start + good * self.size]), strict=True))
        if self.answer:
            found.sequences, found.accepted, *columns = columns
            good = _without(0, found.accepted)
        if self.receipt:
            good = min(good, self._read_receipts(self.receipt, columns, found))
        if good < FEWEST:
            return None
        if good < found.units:
            found.cut(good)
        return found if found.in_order() else None

    def _lay_out(self, shape: ReceiptShape, start: int) -> str:
        """Where the parts of a receipt are; returns how those that vary are unpacked."""
        starts = list(accumulate(shape.widths, initial=start))
        for part, octets in zip((_HEAD, _LEAD, _MIDDLE), shape.between, strict=True):
            self._fix(starts[part], octets)
        self._handset = range(starts[_HANDSET], starts[_HANDSET + 1])
        skipped = {_HEAD, _LEAD, _HANDSET, _MIDDLE}
        kinds = ("x" if part in skipped else "s" for part in range(len(shape.widths)))
        widths = zip(shape.widths, kinds, strict=True)
        return "".join(f"{width}{kind}" for width, kind in widths if width)

    def _fix(self, start: int, octets: bytes) -> None:
        self._fixed += [(start + at, octets[at : at + 1]) for at in range(len(octets))]

    def _sound(self, data: bytes, start: int, units: int) -> int:
        """How many units have the fixed octets where they should be, and no NUL in the number.

        Octet by octet over all units, which makes no object for what is only compared.
        """
        size, end, good = self.size, start + units * self.size, units
        wanted = {octet: octet * units for octet in self._octets}
        for place, octet in self._fixed:
            column = data[start + place : end : size]
            if column != wanted[octet]:
                good = min(good, units - len(column.lstrip(octet)))
        for place in self._handset:
            nul = data[start + place : end : size].find(0)
            good = good if nul < 0 else min(good, nul)
        return good

    def _read_receipts(self, shape: ReceiptShape, columns: Sequence[Any], found: Columns) -> int:
        """Fill in what the receipts say; returns how many are as they should be."""
        found.numbers, found.reported, ends, *more = columns
        rests = more.pop() if shape.widths[_REST] else (b"",) * found.units
        good = _without(_SPACE, found.reported)
        if more:
            good = min(good, _same(more[0], found.reported), _without(0, more[0]))
        found.tails = _known(ends, rests, shape.tails)
        return min(good, len(found.tails))


class Runs:
    """Those of one connection."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._made: dict[tuple[int, int], tuple[AnswerShape | None, ReceiptShape | None, Run]] = {}

    def at(self, data: bytes, start: int) -> tuple[Run, int] | None:
        """The run that seems to begin here, and how many units it has at most."""
        low = data[start + 3]
        answer, receipt = self._shapes.answers[low], self._shapes.receipts[low]
        if answer:
            after = start + answer.length + 3
            follows = data[after] if after < len(data) else low
            receipt = self._shapes.receipts[follows] if follows != low else None
            if follows != low and receipt is None:
                return None
        elif receipt is None:
            return None
        run = self._run(answer, receipt)
        units = min((len(data) - start) // run.size, _repeats(data, start + 3, run.size))
        if answer and receipt:
            units = min(units, _repeats(data, start + answer.length + 3, run.size))
        return (run, units) if units >= FEWEST else None

    def _run(self, answer: AnswerShape | None, receipt: ReceiptShape | None) -> Run:
        key = (answer.length if answer else 0, receipt.length if receipt else 0)
        made = self._made.get(key)
        if made is None or made[0] is not answer or made[1] is not receipt:
            made = self._made[key] = (answer, receipt, Run(answer, receipt))
        return made[2]


def _repeats(data: bytes, at: int, step: int) -> int:
    """How often the octet at `at` comes again at this distance, itself included."""
    column = data[at::step]
    return len(column) - len(column.lstrip(column[:1]))


def _same(column: Sequence[bytes], other: Sequence[bytes]) -> int:
    if column == other:
        return len(column)
    return next(at for at, (one, two) in enumerate(zip(column, other, strict=True)) if one != two)


def _without(octet: int, column: Sequence[bytes]) -> int:
    if octet not in b"".join(column):
        return len(column)
    return next(at for at, field in enumerate(column) if octet in field)


def _known(
    ends: Sequence[bytes], rests: Sequence[bytes], tails: dict[bytes, Tail]
) -> Sequence[Tail]:
    """What the receipts mean, up to the first that was not met before."""
    usual = tails.get(ends[0])
    if usual and ends.count(ends[0]) == len(ends) == rests.count(usual.rest):
        return [usual] * len(ends)
    found = []
    for end, rest in zip(ends, rests, strict=True):
        tail = tails.get(end)
        if tail is None or tail.rest != rest:
            break
        found.append(tail)
    return found
