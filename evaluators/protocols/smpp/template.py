"""Outgoing PDUs; submit_sm from a prepared pattern, only what differs between messages put in."""

import struct
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Literal, NamedTuple

from evaluators.protocols import text as texts
from evaluators.protocols.session import Message
from evaluators.protocols.smpp import codec
from evaluators.protocols.text import Encoding, Part

_LONGEST_NUMBER = 20
_OVERHEAD = 512  # octets of a submit_sm beside its message_payload, at most
_GROUP = 100  # messages looked at together; small, because one long text ends a `fill`


Long = Literal["udh", "sar", "payload"]


class _Shape(NamedTuple):
    """How PDUs are packed whose numbers are equally long and whose texts are, too."""

    pack: Callable[..., bytes]
    head: bytes
    tail: bytes


class Template:
    """Everything a run's messages have in common, taken from `sample` (a submit_sm).

    `long` says how texts too long for one message go out, `wide` whether references have 16 bits.
    This is SMPP's evaluators.protocols.dialect.Dialect.
    """

    def __init__(
        self,
        sample: codec.Sms,
        encoding: Literal["auto"] | Encoding = "auto",
        *,
        long: Long = "udh",
        wide: bool = False,
    ) -> None:
        pattern = codec.encode(sample)[codec.HEADER.size :]
        before = len(sample.service_type) + 1 + 2 + len(sample.source) + 1 + 2
        self._prefix = pattern[:before]
        self._suffix = pattern[before + len(sample.destination) :]
        self._encoding: Literal["auto"] | Encoding = encoding
        self._long, self._wide = long, wide and long == "udh"
        self._alone: dict[Encoding, list[bytes]] = {
            "gsm7": [self._tail("gsm7", 0, size) for size in range(161)],
            "latin1": [self._tail("latin1", 0, size) for size in range(141)],
            "ucs2": [self._tail("ucs2", 0, size) for size in range(141)],
        }
        self._shapes: dict[tuple[int, int, Encoding], _Shape] = {}

    def fill(
        self, messages: Sequence[Message], start: int, stop: int, sequence: int
    ) -> list[bytes]:
        out: list[bytes] = []
        while start < stop:
            group = messages[start : min(start + _GROUP, stop)]
            first = sequence + len(out)
            pdus = self._alike(group, first) or self._one_by_one(group, first)
            out += pdus
            if len(pdus) < len(group):
                break
            start += len(group)
        return out

    def single(self, destination: str, text: str | bytes) -> bytes | None:
        """The body of a message of one part, None if the text takes more.

        Raises ValueError for a number or text that cannot be sent.
        """
        encoding, data = self._encoded(text)
        tails = self._alone[encoding]
        number = destination.encode("ascii")
        if not 0 < len(number) <= _LONGEST_NUMBER or 0 in number:
            raise ValueError("a destination number has 1 to 20 characters")
        size = len(data)
        if size < len(tails):
            return self._prefix + number + tails[size] + data
        if self._long == "payload":
            return self._prefix + number + tails[0] + _payload(data)
        return None

    def parts(self, message: Message, reference: Callable[..., int]) -> list[bytes]:
        """The bodies of a text for which `single` gave None."""
        _, destination, text = message
        encoding, data = self._encoded(text)
        pieces = texts.split(data, encoding, wide=self._wide)
        start = self._prefix + destination.encode()
        bodies = []
        chosen = reference(0xFF if self._long == "udh" and not self._wide else 0xFFFF)
        for order, piece in enumerate(pieces, 1):
            part = Part(chosen, len(pieces), order)
            if self._long == "sar":
                bodies.append(start + self._alone[encoding][len(piece)] + piece + _sar(part))
            else:
                content = texts.header(part, wide=self._wide) + piece
                tail = self._tail(encoding, codec.ESM_UDHI, len(content))
                bodies.append(start + tail + content)
        return bodies

    def number(self, part: bytes, sequence: int) -> bytes:
        return codec.HEADER.pack(len(part) + 16, codec.SUBMIT_SM, 0, sequence) + part

    def keepalive(self, sequence: int) -> bytes:
        return codec.encode(codec.Bare(codec.ENQUIRE_LINK, sequence))

    def farewell(self, sequence: int) -> bytes:
        return codec.encode(codec.Bare(codec.UNBIND, sequence))

    def _one_by_one(self, group: Sequence[Message], sequence: int) -> list[bytes]:
        out: list[bytes] = []
        for _, destination, text in group:
            body = self.single(destination, text)
            if body is None:
                break
            out.append(self.number(body, sequence + len(out)))
        return out

    def _alike(self, group: Sequence[Message], first: int) -> list[bytes]:
        """The usual campaign: numbers of one length, texts of one length. Else nothing.

        Encoded as one text and cut up again, which takes a third of the time.
        """
        _, destinations, bodies = zip(*group, strict=True)
        size, length = len(destinations[0]), len(bodies[0])
        if {size} != {*map(len, destinations)} or {length} != {*map(len, bodies)}:
            return []
        try:
            encoding, data = self._common(bodies)
            numbers = "".join(destinations).encode("ascii")
        except (TypeError, UnicodeEncodeError):  # user data given as bytes, or what cannot be sent
            return []
        octets = length * texts.WIDTHS[encoding]
        whole = octets * len(group) == len(data) and 0 < octets < len(self._alone[encoding])
        if not whole or not 0 < size <= _LONGEST_NUMBER or 0 in numbers:
            return []
        pack, head, tail = self._shape(size, octets, encoding)
        return [
            pack(head, number, self._prefix, destination, tail, text)
            for number, (destination,), (text,) in zip(
                range(first, first + len(group)),
                struct.iter_unpack(f"{size}s", numbers),
                struct.iter_unpack(f"{octets}s", data),
                strict=True,
            )
        ]

    def _common(self, bodies: Sequence[str]) -> tuple[Encoding, bytes]:
        """An encoding each of these texts would take alone, and all of them in it."""
        encoding = self._encoding
        if encoding == "auto":
            low = min(bodies)
            foreign = low[:1] > "€" or texts.choose(_shared(low, max(bodies))) == "ucs2"
            encoding = "ucs2" if foreign else "gsm7"
        return encoding, texts.encode("".join(bodies), encoding)

    def _shape(self, size: int, octets: int, encoding: Encoding) -> _Shape:
        key = (size, octets, encoding)
        if key not in self._shapes:
            tail = self._alone[encoding][octets]
            layout = struct.Struct(f">12sI{len(self._prefix)}s{size}s{len(tail)}s{octets}s")
            head = codec.HEADER.pack(layout.size, codec.SUBMIT_SM, 0, 0)[:12]
            self._shapes[key] = _Shape(layout.pack, head, tail)
        return self._shapes[key]

    def _encoded(self, text: str | bytes) -> tuple[Encoding, bytes]:
        if isinstance(text, bytes):
            if len(text) % 2:
                raise ValueError("UCS-2 user data of an odd length")
            return "ucs2", text
        encoding = texts.choose(text) if self._encoding == "auto" else self._encoding
        return encoding, texts.encode(text, encoding)

    def _tail(self, encoding: Encoding, esm_class: int, size: int) -> bytes:
        tail = bytearray(self._suffix)
        tail[1] = esm_class  # after the NUL of the number
        tail[-3] = codec.DATA_CODINGS[encoding]
        tail[-1] = size
        return bytes(tail)


def _shared(low: str, high: str) -> str:
    """How both begin, and so all texts between them."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    return "".join(char for char, _ in pairs)


def _payload(data: bytes) -> bytes:
    if len(data) > codec.SIZES.longest - _OVERHEAD:
        raise ValueError(f"a text of {len(data)} octets does not fit one message_payload")
    return codec.tlvs(((codec.TLV_MESSAGE_PAYLOAD, data),))


def _sar(part: Part) -> bytes:
    return codec.tlvs(
        (
            (codec.TLV_SAR_REFERENCE, part.reference.to_bytes(2, "big")),
            (codec.TLV_SAR_TOTAL, bytes((part.total,))),
            (codec.TLV_SAR_NUMBER, bytes((part.number,))),
        )
    )
