"""The requests of one connection that wait for their answer. Pure.

A full window and a request that was never answered are states here, not accidents.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain

_NOBODY = (None, 0)


class Window:
    """At most `size` requests unanswered, each known by its sequence number.

    A request whose answer is given up keeps its place until the answer comes after all or the
    connection ends: for the vendor it is under way, and another on top would overrun the window
    we agreed on just when the vendor is slow. A connection that has lost half its places in this
    way (`worn`) should be replaced.

    Sequence numbers run from `first` and start again at 1 after `last`.
    """

    def __init__(self, size: int, first: int, last: int) -> None:
        self.size = size
        self.waiting: dict[int, int] = {}
        """Sequence number -> handle, in the order sent. Readers pop from it."""
        self.last = last
        self._next = first
        self._late: dict[int, tuple[int, int]] = {}  # sequence number -> handle, when sent
        self._sent: deque[tuple[int, int, int]] = deque()  # time, first number, how many

    @property
    def room(self) -> int:
        return self.size - len(self.waiting) - len(self._late)

    @property
    def given_up(self) -> int:
        """How many places are taken by requests whose answer is not awaited any more."""
        return len(self._late)

    @property
    def sequence(self) -> int:
        """The number the next request will have."""
        return self._next

    def after(self, sequence: int, count: int = 1) -> int:
        """The number `count` further on."""
        return (sequence + count - 1) % self.last + 1

    def use(self) -> int:
        """Take one number, for a request that needs no place in the window."""
        sequence, self._next = self._next, self.after(self._next)
        return sequence

    def add(self, at_ns: int, handles: Sequence[int]) -> None:
        """Requests that leave now, numbered from `sequence` on without a gap."""
        self._sent.append((at_ns, self._next, len(handles)))
        self.waiting.update(zip(self._numbers(self._next, len(handles)), handles, strict=True))
        self._next = self.after(self._next, len(handles))

    def answered(self, sequence: int) -> int | None:
        """Whose answer this is, also if it was given up; None for a number never used."""
        handle = self.waiting.pop(sequence, None)
        return self._late.pop(sequence, _NOBODY)[0] if handle is None else handle

    def expire(self, before_ns: int) -> list[int]:
        """Handles of requests sent before `before_ns` and not answered; they keep their places."""
        given_up = []
        if not self.waiting:
            self._sent.clear()
        while self._sent and self._sent[0][0] < before_ns:
            at_ns, first, count = self._sent.popleft()
            for sequence in self._numbers(first, count):
                if (handle := self.waiting.pop(sequence, None)) is not None:
                    self._late[sequence] = (handle, at_ns)
                    given_up.append(handle)
        return given_up

    def worn(self, before_ns: int) -> bool:
        """Half the places are taken by requests given up that were sent before this."""
        lost = sum(at_ns < before_ns for _, at_ns in self._late.values())
        return lost > 0 and 2 * lost >= self.size

    def _numbers(self, first: int, count: int) -> Iterable[int]:
        over = first + count - 1 - self.last
        if over <= 0:
            return range(first, first + count)
        return chain(range(first, self.last + 1), range(1, over + 1))
