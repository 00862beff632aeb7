"""Which message a receipt belongs to. Pure; outlives connections; restorable after a restart.

One correlator serves all connections of a run. Receipts may come on another connection than the
message went, before the answer to it, twice, or for nothing we know; each of these is told apart.

A message is known inside by its handle: the index itself, or a negative number for one part of a
long text, which is put together here so that the ordinary message pays nothing for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from evaluators.protocols.session import Receipt, Submitted

IdForm = Literal["as_is", "folded", "decimal", "hex"]
"""How receipts write an id, seen from the answer: the same; the same but for case and leading
zeros; in decimal where the answer had hexadecimal; in hexadecimal where the answer had decimal."""

NOT_FINAL = frozenset({"ENROUTE", "ACCEPTD", "BUFFRED"})
"""States after which another report for the same message is to be expected."""


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A receipt as it came from the wire; `number` is the handset's, for what stays unmatched."""

    message_id: bytes
    state: str
    err: str
    at_ns: int
    number: str = ""


class Finished:
    """Ids that have their final report, and whose they were.

    Asked for so rarely (a report came twice) that they are only listed as they come, which costs
    a fifth of what a dict does, and sorted into one when somebody asks.
    """

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        """Those not sorted in yet; append to both, or extend both."""
        self.handles: list[int] = []
        self._sorted: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._sorted) + len(self.ids)

    def values(self) -> Iterable[int]:
        return chain(self._sorted.values(), self.handles)

    def get(self, key: bytes) -> int | None:
        if self.ids:
            self._sorted.update(zip(self.ids, self.handles, strict=True))
            self.ids.clear()
            self.handles.clear()
        return self._sorted.get(key)


class Correlator:
    """Message ids to indexes, and the receipts nobody has claimed yet.

    `remember` finished ids are kept to know a repeated receipt for what it is; a repetition later
    than that is reported with index None.

    Where `plain`, ids are compared as they come, and a reader in a hurry may do by itself what
    `accepted` and `claim` do in the ordinary case: put an id into `waiting` if `early` has it not,
    move it to `done` with a final report. It then has to call `tidy` now and then.
    """

    def __init__(self, id_form: IdForm = "as_is", *, remember: int = 200_000) -> None:
        self._answer_key, self._receipt_key = _KEYS[id_form]
        self._remember = remember
        self.plain = id_form == "as_is"
        self.waiting: dict[bytes, int] = {}
        """Id -> handle of what was accepted and has no final report."""
        self.done = Finished()
        self._done_before = Finished()
        self.early: dict[bytes, list[Unclaimed]] = {}
        """Reports whose message has not been answered yet."""
        self._long: dict[int, _Long] = {}
        self._handles = 0
        self._reference = 0
        self.repeated_ids = 0
        """Answers that gave an id which another message already had."""
        self.sequence = 1
        """Where the next connection may go on numbering, so that a late answer fits nothing."""

    @property
    def open(self) -> int:
        """Accepted messages (parts counted singly) without a final receipt."""
        return len(self.waiting)

    def restore(self, rows: Iterable[tuple[bytes, int]]) -> None:
        """Know again what was accepted before a restart: (message_id, index) as reported then.

        Give only messages without a final receipt. Of a long text all parts are awaited anew.
        """
        for message_id, index in rows:
            ids = message_id.split(b" ")
            handles = [index] if len(ids) == 1 else self.split(index, len(ids))
            for part_id, handle in zip(ids, handles, strict=True):
                self.waiting[self._answer_key(part_id) if self._answer_key else part_id] = handle
                if handle < 0:
                    self._long[handle].ids.append(part_id)

    def split(self, index: int, parts: int) -> list[int]:
        """Handles for the parts of a long text."""
        message = _Long(index, parts)
        first = self._handles - 1
        self._handles -= parts
        handles = list(range(first, self._handles - 1, -1))
        self._long.update(dict.fromkeys(handles, message))
        return handles

    def next_reference(self, last: int = 0xFF) -> int:
        """A concatenation reference 0 to `last`, in turn over all connections of the run."""
        self._reference += 1
        return self._reference % (last + 1)

    def index_of(self, handle: int) -> int:
        """The message a handle stands for."""
        return handle if handle >= 0 else self._long[handle].index

    def accepted(self, message_id: bytes, handle: int) -> Sequence[Receipt]:
        """The vendor took a message under this id; the receipts that came before it."""
        key = self._answer_key(message_id) if self._answer_key else message_id
        if self.waiting.setdefault(key, handle) != handle:
            self.repeated_ids += 1
        if self.early and key in self.early:
            reports = self.early.pop(key)
            return [one for report in reports if (one := self._match(key, report, early=True))]
        return ()

    def answered(self, handle: int, at_ns: int, status: int, message_id: bytes) -> Submitted | None:
        """The answer to one part; the whole message's answer once all parts have theirs."""
        message = self._long.get(handle)
        if message is None:  # all is known of it, and forgotten since
            return None
        message.statuses[handle] = status
        if message_id:
            message.ids.append(message_id)
        if len(message.statuses) < message.parts:
            return None
        refusals = [status for status in message.statuses.values() if status]
        worst = max(refusals, default=0)  # a refusal before NO_ANSWER, both before success
        return (message.index, at_ns, worst, b" ".join(message.ids))

    def claim(self, message_id: bytes, state: str, err: str, at_ns: int) -> Receipt | None:
        """The ordinary report: first and final, for a message of one part. None: see `settle`."""
        key = self._receipt_key(message_id) if self._receipt_key else message_id
        handle = self.waiting.get(key, -1)
        if handle < 0:
            return None
        if state not in NOT_FINAL:
            del self.waiting[key]
            self._finish(key, handle)
            self.tidy()
        return (handle, message_id, state, err, at_ns, False, False, "")

    def tidy(self) -> None:
        """Two generations of finished ids are kept: bounded, and no cost per message."""
        if len(self.done) >= self._remember:
            for handle in self._done_before.values() if self._long else ():
                self._long.pop(handle, None)
            self._done_before, self.done = self.done, Finished()

    def settle(self, report: Unclaimed) -> Receipt | None:
        """Any report; None if it has to wait, for its answer or for the other parts' reports."""
        message_id = report.message_id
        key = self._receipt_key(message_id) if self._receipt_key else message_id
        if key in self.waiting:
            return self._match(key, report, early=False)
        done = self._finished(key)
        if done is None:
            self.early.setdefault(key, []).append(report)
            return None
        return _record(self.index_of(done), report, duplicate=True)

    def release(self, before_ns: int | None = None) -> list[Receipt]:
        """Give up on reports that came before `before_ns` (all if None) and were never claimed."""
        stale = [
            (key, report)
            for key, reports in self.early.items()
            for report in reports
            if before_ns is None or report.at_ns < before_ns
        ]
        for key in {key for key, _ in stale}:
            del self.early[key]
        return [_record(None, report) for _, report in stale]

    def partial(self) -> list[tuple[int, int, int]]:
        """(index, parts reported, parts) of each long text that has some reports but not all."""
        messages = {id(message): message for message in self._long.values()}
        return [
            (message.index, len(message.states), message.parts)
            for message in messages.values()
            if 0 < len(message.states) < message.parts
        ]

    def _match(self, key: bytes, report: Unclaimed, *, early: bool) -> Receipt | None:
        handle = self.waiting.get(key)
        if handle is None:  # an early report came twice; the first one closed it
            index = self.index_of(self._finished(key) or 0)
            return _record(index, report, early=early, duplicate=True)
        if report.state not in NOT_FINAL:
            del self.waiting[key]
            self._finish(key, handle)
        if handle >= 0:
            return _record(handle, report, early=early)
        return self._join(handle, report, early=early)

    def _join(self, handle: int, report: Unclaimed, *, early: bool) -> Receipt | None:
        message = self._long[handle]
        if report.state in NOT_FINAL:
            return None
        message.states[handle] = (report.state, report.err)
        message.early |= early
        if len(message.states) < message.parts:
            return None
        failed = [state for state in message.states.values() if state[0] != "DELIVRD"]
        state, err = failed[0] if failed else (report.state, report.err)
        whole = Unclaimed(b" ".join(message.ids), state, err, report.at_ns)
        return _record(message.index, whole, early=message.early)

    def _finished(self, key: bytes) -> int | None:
        done = self.done.get(key)
        return self._done_before.get(key) if done is None else done

    def _finish(self, key: bytes, handle: int) -> None:
        self.done.ids.append(key)
        self.done.handles.append(handle)


@dataclass(slots=True)
class _Long:
    index: int
    parts: int
    ids: list[bytes] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    states: dict[int, tuple[str, str]] = field(default_factory=dict)
    early: bool = False


def _record(
    index: int | None, report: Unclaimed, *, early: bool = False, duplicate: bool = False
) -> Receipt:
    number = report.number if index is None else ""
    return (
        index, report.message_id, report.state, report.err,
        report.at_ns, early, duplicate, number,
    )  # fmt: skip


def _folded(message_id: bytes) -> bytes:
    return message_id.lower().lstrip(b"0") or b"0"


def _to_decimal(message_id: bytes) -> bytes:
    try:
        return str(int(message_id, 16)).encode()
    except ValueError:
        return message_id


_Key = Callable[[bytes], bytes] | None
_KEYS: dict[IdForm, tuple[_Key, _Key]] = {
    "as_is": (None, None),
    "folded": (_folded, _folded),
    "decimal": (_to_decimal, _folded),
    "hex": (_folded, _to_decimal),
}
