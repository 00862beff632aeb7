"""What one protocol gives the machinery that all share (`wire`). Pure.

A protocol is two objects: a Dialect makes the bytes that go out, a Reader (`reader.Reader`) makes
records of the bytes that come in.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.session import BindRefused, Events, Message


class Answer(NamedTuple):
    """The peer answered one of the connection's own requests: the login or a keep-alive."""

    sequence: int
    refused: BindRefused | None = None


class Left(NamedTuple):
    """The peer said goodbye (its answer is in `Batch.out`), or answered our goodbye."""

    by_peer: bool


Control: TypeAlias = Answer | Left


@dataclass(slots=True)
class Batch:
    """What some bytes brought: records, PDUs to send back, news of the connection itself.

    `broken` is set when the stream made no sense; nothing after that point was read.
    """

    events: Events = field(default_factory=lambda: Events([], [], []))
    out: list[bytes] = field(default_factory=list)
    control: list[Control] = field(default_factory=list)
    broken: ProtocolError | None = None


class Dialect(Protocol):
    """Outgoing PDUs. `sequence` is the number of the PDU, chosen by the machinery."""

    def fill(
        self, messages: Sequence[Message], start: int, stop: int, sequence: int
    ) -> list[bytes]:
        """Submit PDUs, header and all, for messages[start:stop], numbered from `sequence` on.

        Ends before the first message that takes several PDUs. The numbers do not wrap within one
        call. Raises ValueError for a number or text that cannot be sent.
        """

    def parts(self, message: Message, reference: Callable[..., int]) -> list[bytes]:
        """The unnumbered PDUs of a message that `fill` stopped at, two or more.

        `reference()` gives the concatenation reference, 0 to 255, `reference(0xFFFF)` one of 16
        bits; call it once. Raises ValueError.
        """

    def number(self, part: bytes, sequence: int) -> bytes:
        """One of `parts`, ready to leave under this number."""

    def keepalive(self, sequence: int) -> bytes | None:
        """The PDU that asks whether the peer is there; None where the protocol has none."""

    def farewell(self, sequence: int) -> bytes:
        """The PDU that logs out."""


class Line(Protocol):
    """The part of every protocol's Endpoint that the machinery reads.

    `window` is the most requests unanswered at once. `answer_timeout_s` is how long until a
    request counts as never answered, until an unmatched receipt is reported as such, and until a
    connection on which nothing comes counts as half-open; `keepalive_s` is the quiet before the
    peer is asked whether it is there.
    """

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> ssl.SSLContext | bool: ...
    @property
    def window(self) -> int: ...
    @property
    def connect_timeout_s(self) -> float: ...
    @property
    def answer_timeout_s(self) -> float: ...
    @property
    def keepalive_s(self) -> float: ...
