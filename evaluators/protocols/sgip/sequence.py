"""Sequence numbers (section 3.4): which node, when, the how-manieth; and the id of every message.

SGIP has no message id. A report names the Submit it is about by the Submit's own sequence number,
so that number, as 24 hexadecimal digits, is what the Correlator knows a message by.
"""

import math
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import Receipt
from evaluators.protocols.sgip.pdus import LAST_COUNTER, sequence
from evaluators.protocols.window import Window

_ZONE = timezone(timedelta(hours=8))  # the gateways' own time
_SPANS = 4096  # seconds in which something was sent, for answers that come late
_CYCLE = LAST_COUNTER + 1
_REMEMBERED = 200_000

Wall = Callable[[], float]
"""Seconds since 1970."""


def wall() -> float:
    return datetime.now(UTC).timestamp()


def moment(at_s: float) -> int:
    """The second part of a sequence number: mmddhhmmss read as a decimal number."""
    return int(datetime.fromtimestamp(at_s, UTC).astimezone(_ZONE).strftime("%m%d%H%M%S"))


class Numbering:
    """The sequence numbers one connection gives its commands; the caller counts them."""

    def __init__(self, node: int, now: Wall) -> None:
        self._node, self._now = node, now
        self._second = -1
        self.latest = b""
        """The front of the commands numbered last."""
        self._spans: deque[tuple[int, bytes]] = deque(maxlen=_SPANS)
        self._counter = LAST_COUNTER

    def front(self, counter: int) -> bytes:
        """The first eight octets of commands that are numbered now, from `counter` on."""
        at_s = self._now()
        if int(at_s) != self._second:
            self._second = int(at_s)
            self.latest = sequence(self._node, moment(at_s), 0)[:8]
        if not self._spans or self._spans[-1][1] != self.latest:
            self._spans.append((counter, self.latest))
        return self.latest

    def number(self, counter: int) -> bytes:
        """The sequence number of the command that is numbered now."""
        return self.front(counter) + counter.to_bytes(4, "big")

    def next(self) -> bytes:
        """The same for who has nobody to count: from 0 on, 0 again after the last."""
        self._counter = (self._counter + 1) % _CYCLE
        return self.number(self._counter)

    def own(self, front: bytes, counter: int) -> bool:
        """Whether a command left here under this number."""
        if not self._spans:
            return False
        since, latest = self._spans[-1]
        if front == latest and (counter - since) % _CYCLE < _CYCLE // 2:
            return True
        return front == self.given(counter)[:8]

    def given(self, counter: int) -> bytes:
        """The sequence number that the command with this counter left under."""
        fronts = self._spans or ((0, bytes(8)),)
        _, front = min(fronts, key=lambda span: (counter - span[0]) % _CYCLE)
        return front + counter.to_bytes(4, "big")


class Sent(Window):
    """A window that also knows what the messages in it will be called in reports."""

    def __init__(self, size: int, first: int, numbering: Numbering) -> None:
        super().__init__(size, first, LAST_COUNTER)
        self._numbering = numbering

    def name(self, correlator: Correlator, before_ns: float = math.inf) -> list[Receipt]:
        """Tell the correlator of messages sent before `before_ns` that were not answered yet.

        Their answer is given up, but a report can still find them. Returns the receipts for
        reports that came already.
        """
        found: list[Receipt] = []
        for at_ns, first, count in self._sent:
            if at_ns >= before_ns:
                break
            for counter in self._numbers(first, count):
                handle = self.waiting.get(counter)
                if handle is not None:
                    message_id = self._numbering.given(counter).hex().encode()
                    found += correlator.accepted(message_id, handle)
        return found


class Heard:
    """Commands taken from the peer lately, so that a repeated one is known (section 3.7.2.4.3)."""

    def __init__(self, remember: int = _REMEMBERED) -> None:
        self._most = remember // 2
        self._now: dict[bytes, int] = {}
        self._before: dict[bytes, int] = {}

    def note(self, command: bytes) -> Literal["new", "again", "clash"]:
        """Take a whole command; clash: another one came under the same sequence number."""
        number, content = command[8:20], hash(command)
        known = self._now.get(number, self._before.get(number))
        if known is not None:
            return "again" if known == content else "clash"
        self._now[number] = content
        if len(self._now) >= self._most:
            self._before, self._now = self._now, {}
        return "new"
