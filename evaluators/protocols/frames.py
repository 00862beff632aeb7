"""Cuts a stream of bytes into protocol data units. Pure.

Every protocol here begins a PDU with its length, four octets big-endian, header included.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from evaluators.protocols.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Sizes:
    """The shortest PDU (a bare header) and the longest one taken, in octets.

    `status` is what a peer is answered that announces another length.
    """

    shortest: int
    longest: int
    status: int = 0

    def check(self, length: int) -> None:
        """ProtocolError if no PDU has this length; the stream is then lost."""
        if not self.shortest <= length <= self.longest:
            raise ProtocolError(f"a PDU of {length} octets", self.status)


class Frames:
    """Whole PDUs out of a stream, however it is chopped; each octet is copied once or twice."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self._rest = bytearray()
        self._need = sizes.shortest

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The PDUs completed by `data`, to be taken before the next call.

        Raises ProtocolError where a length makes no sense, after what came before it.
        """
        rest = self._rest
        rest += data
        if len(rest) < self._need:
            return
        at, self._need = 0, self.sizes.shortest
        try:
            while len(rest) - at >= self.sizes.shortest:
                length = int.from_bytes(rest[at : at + 4], "big")
                self.sizes.check(length)
                if at + length > len(rest):
                    self._need = length
                    break
                at += length
                yield bytes(rest[at - length : at])
        finally:
            del rest[:at]
