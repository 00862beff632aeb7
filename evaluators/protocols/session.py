"""What every wire session gives the runner, whatever the protocol.

Records are plain tuples, because at some 100,000 a second an object per message is the cost.
All times `at_ns` are readings of the clock that was passed to `connect` (monotonic nanoseconds),
taken once per batch of bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

NO_ANSWER = -1
"""Status of a request whose answer did not come in time: the outcome is unknown, never re-send."""

Message: TypeAlias = tuple[int, str, str | bytes]
"""(index >= 0, destination number, text); bytes are UCS-2 big-endian user data, sent as is."""

Submitted: TypeAlias = tuple[int, int, int, bytes]
"""(index, at_ns, status, message_id): the vendor's answer to one message.

`status` 0 is accepted, NO_ANSWER is "did not come", anything else is the vendor's refusal as sent.
A late answer comes as a second record for the same index and replaces NO_ANSWER.
A long text is one record: the first refusal of any part, and the parts' ids joined by a space
(no protocol allows a space in an id).
"""

Receipt: TypeAlias = tuple[int | None, bytes, str, str, int, bool, bool, str]
"""(index, message_id, state, err, at_ns, early, duplicate, number): one delivery report.

`index` is None when no message has this id (or none any more). `state` and `err` are raw
(`DELIVRD`, `UNDELIV`, `MA:0001`, ...). `early`: it came before the answer to its message; at_ns is
when it came. `duplicate`: a final report for this id was seen before. `number` is the handset's
number as the report gives it, filled only where index is None. A long text is one record, made when
the last of its parts has reported: `DELIVRD` if all parts did, else the first other state.
"""

Reply: TypeAlias = tuple[str, str, str, int]
"""(from number, to number, text, at_ns): a text sent by a handset, such as an opt-out."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection is gone; nothing more will come from this session.

    `reason` is one of CLOSE_REASONS, `detail` is for people, `unanswered` are the indexes sent
    here whose answer never came (fate unknown).
    """

    reason: str
    detail: str = ""
    unanswered: tuple[int, ...] = ()


CLOSE_REASONS = ("unbound", "peer_unbound", "peer_closed", "lost", "silent", "protocol", "aborted")
"""unbound: we asked; silent: half-open, no byte came; protocol: their bytes made no sense."""


class Events(NamedTuple):
    """Everything one batch of received bytes (or one timer tick) brought; lists may be empty."""

    submitted: list[Submitted]
    receipts: list[Receipt]
    replies: list[Reply]
    closed: Closed | None = None


OnEvents: TypeAlias = Callable[[Events], None]
"""Called in the event loop. It may call `submit`: what it adds leaves in the same write."""

Clock: TypeAlias = Callable[[], int]


@dataclass(frozen=True, slots=True)
class BindRefused:
    """The vendor answered the login with a refusal: `status` as sent, `text` for people."""

    status: int
    text: str


class Session(Protocol):
    """One logged-in connection."""

    @property
    def room(self) -> int:
        """How many more single-part messages the window takes now; 0 when closed or blocked."""

    @property
    def outstanding(self) -> int:
        """Requests sent and not yet answered."""

    @property
    def closed(self) -> Closed | None:
        """Why the connection ended, None while it lives."""

    @property
    def rtt_ns(self) -> int:
        """Latest measured round trip (login, then keep-alives), nanoseconds."""

    def submit(self, messages: Sequence[Message], start: int = 0) -> int:
        """Send `messages[start:]` as far as the window allows; returns how many were taken.

        Never blocks and never queues more than the rest of one long text. All taken messages
        leave in one write. Raises ValueError for a text or number the protocol cannot carry;
        nothing of the batch is sent then.
        """

    async def close(self, patience_s: float = 5.0) -> None:
        """Log out politely, wait at most `patience_s` for the answer, then close."""

    def abort(self) -> None:
        """Close at once, without a word."""
