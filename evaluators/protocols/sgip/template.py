"""Outgoing commands; Submit from a prepared pattern, only what differs between messages put in."""

import struct
from collections.abc import Callable, Sequence

from evaluators.protocols import text as texts
from evaluators.protocols.session import Message
from evaluators.protocols.sgip import codec, content, pdus
from evaluators.protocols.sgip.numbers import with_country
from evaluators.protocols.sgip.sequence import Numbering
from evaluators.protocols.text import Part

_HEADER = struct.Struct(">II8sI")
_SIZE = _HEADER.size
_START = 43  # octets of a Submit's body before the number
_CHINESE = 70  # characters of a message
_RESERVE = 8
_MOBILE = 11  # digits of a mainland number
_FILL = bytes(pdus.NUMBER - 2 - _MOBILE)


class Template:
    """Everything a run's messages have in common, taken from `sample` (a Submit).

    This is SGIP's evaluators.protocols.dialect.Dialect.
    """

    def __init__(
        self, sample: pdus.Submit, numbering: Numbering, encoding: content.Encoding = "auto"
    ) -> None:
        self._message_type, self._numbering = sample.message_type, numbering
        self._encoding: content.Encoding = encoding
        self._plain = encoding in {"auto", "ucs2"}
        pattern = codec.encode(sample)
        self._start = pattern[_SIZE : _SIZE + _START]
        self._pattern = pattern[_SIZE + _START + pdus.NUMBER : -_RESERVE]
        self._chinese = [self._middle(pdus.UCS2, 0, size) for size in range(2 * _CHINESE + 1)]
        self._reserve = bytes(_RESERVE)

    def fill(
        self, messages: Sequence[Message], start: int, stop: int, sequence: int
    ) -> list[bytes]:
        out = []
        front, pack = self._numbering.front(sequence), _HEADER.pack
        for _, destination, text in messages[start:stop]:
            body = self.single(destination, text)
            if body is None:
                break
            out.append(pack(len(body) + _SIZE, pdus.SUBMIT, front, sequence) + body)
            sequence += 1
        return out

    def single(self, destination: str, text: str | bytes) -> bytes | None:
        """The body of a message of one part, None if the text takes more.

        Raises ValueError for a number or text that cannot be sent.
        """
        number = _number(destination)
        if self._plain and text.__class__ is str and text[:1] > "€" and len(text) <= _CHINESE:
            data = text.encode("utf-16-be")  # Chinese, without a detour
            if len(data) <= 2 * _CHINESE:
                return self._start + number + self._chinese[len(data)] + data + self._reserve
        found = content.single(text, self._encoding)
        if found is None:
            return None
        coding, data = found
        return self._body(number, self._middle(coding, 0, len(data)), data)

    def parts(self, message: Message, reference: Callable[[], int]) -> list[bytes]:
        """The bodies of a text for which `single` gave None, each with its concatenation header."""
        _, destination, text = message
        number = _number(destination)
        coding, pieces = content.split(text, self._encoding)
        chosen = reference()
        bodies = []
        for order, piece in enumerate(pieces, 1):
            data = texts.header(Part(chosen, len(pieces), order)) + piece
            bodies.append(self._body(number, self._middle(coding, 1, len(data)), data))
        return bodies

    def number(self, part: bytes, sequence: int) -> bytes:
        front = self._numbering.front(sequence)
        return _HEADER.pack(len(part) + _SIZE, pdus.SUBMIT, front, sequence) + part

    def keepalive(self, sequence: int) -> None:
        """SGIP has none."""

    def farewell(self, sequence: int) -> bytes:
        return codec.encode(pdus.Bare(pdus.UNBIND, self._numbering.number(sequence)))

    def _body(self, number: bytes, middle: bytes, data: bytes) -> bytes:
        return self._start + number + middle + data + self._reserve

    def _middle(self, coding: int, udhi: int, size: int) -> bytes:
        """From CorpId to MessageLength, which are the last octets before the content."""
        middle = bytearray(self._pattern)
        middle[-7:] = struct.pack(">BBBI", udhi, coding, self._message_type, size)
        return bytes(middle)


def _number(destination: str) -> bytes:
    """UserNumber; raises ValueError."""
    if len(destination) == _MOBILE and destination[0] == "1" and destination.isdigit():
        return b"86" + destination.encode("ascii") + _FILL
    return with_country(destination).encode().ljust(pdus.NUMBER, b"\0")
