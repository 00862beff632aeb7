"""The requests of one connection that wait for their answer. Pure.

A full window and a request that was never answered are states here, not accidents.
"""

from collections import deque


class Window:
    """At most `size` requests unanswered, each known by its sequence number.

    Sequence numbers run from `first` and start again at 1 after `last`.
    """

    def __init__(self, size: int, first: int, last: int) -> None:
        self.size = size
        self.waiting: dict[int, int] = {}
        """Sequence number -> handle, in the order sent. The session's fast path pops from it."""
        self.last = last
        self._next = first
        self._late: dict[int, int] = {}
        self._sent: deque[tuple[int, list[int]]] = deque()

    @property
    def room(self) -> int:
        return self.size - len(self.waiting)

    @property
    def sequence(self) -> int:
        """The number the next request will have."""
        return self._next

    def use(self) -> int:
        """Take one number, for a request that needs no place in the window."""
        sequence = self._next
        self._next = sequence + 1 if sequence < self.last else 1
        return sequence

    def add(self, at_ns: int, requests: dict[int, int]) -> None:
        """These leave now; their numbers follow `sequence` without a gap, 1 after `last`."""
        sequences = list(requests)
        self.waiting.update(requests)
        self._sent.append((at_ns, sequences))
        self._next = sequences[-1] + 1 if sequences[-1] < self.last else 1

    def answered(self, sequence: int) -> int | None:
        """Whose answer this is, also if it was given up; None for a number never used."""
        handle = self.waiting.pop(sequence, None)
        return self._late.pop(sequence, None) if handle is None else handle

    def expire(self, before_ns: int) -> list[int]:
        """Handles of requests sent before `before_ns` and never answered; they leave the window."""
        given_up = []
        if not self.waiting:
            self._sent.clear()
        while self._sent and self._sent[0][0] < before_ns:
            for sequence in self._sent.popleft()[1]:
                if (handle := self.waiting.pop(sequence, None)) is not None:
                    self._late[sequence] = handle
                    given_up.append(handle)
        return given_up
