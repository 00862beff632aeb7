"""Outgoing messages; submits from a prepared pattern, only what differs between them put in."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from evaluators.protocols import text as texts
from evaluators.protocols.session import Message
from evaluators.protocols.smgp import codec, tlv
from evaluators.protocols.smgp import text as alphabets
from evaluators.protocols.smgp.text import Encoding
from evaluators.protocols.text import Part

_RESERVE = 8  # octets, before the optional parameters


class Template:
    """Everything a run's messages have in common, taken from `sample`.

    This is SMGP's evaluators.protocols.dialect.Dialect.
    """

    def __init__(
        self, sample: codec.Submit, encoding: Encoding = "auto", version: int = codec.VERSION
    ) -> None:
        sample = replace(sample, destinations=("0",), content=b"")
        after = _RESERVE + len(tlv.write(sample.tlvs))
        before = after + codec.NUMBER + 1
        self._prefix: dict[int, bytes] = {}
        raw = codec.encode(sample, version)
        self._fixed, self._suffix = len(raw), raw[-after:]
        for msg_format in (codec.ASCII, codec.UCS2, codec.GB18030):
            raw = codec.encode(replace(sample, msg_format=msg_format), version)
            self._prefix[msg_format] = raw[codec.HEADER.size : -before]
        self._encoding = encoding

    def fill(
        self, messages: Sequence[Message], start: int, stop: int, sequence: int
    ) -> list[bytes]:
        pack, single, encoding = codec.HEADER.pack, alphabets.single, self._encoding
        prefix, suffix, fixed = self._prefix, self._suffix, self._fixed
        out = []
        for _, destination, text in messages[start:stop]:
            found = single(text, encoding)
            if found is None:
                break
            msg_format, content = found
            size = len(content)
            out.append(
                pack(fixed + size, codec.SUBMIT, sequence)
                + prefix[msg_format]
                + _number(destination)
                + size.to_bytes(1, "big")
                + content
                + suffix
            )
            sequence += 1
        return out

    def parts(self, message: Message, reference: Callable[[], int]) -> list[bytes]:
        _, destination, text = message
        msg_format, pieces = alphabets.split(text, self._encoding)
        number, total, chosen = _number(destination), len(pieces), reference()
        bodies = []
        for order, piece in enumerate(pieces, 1):
            content = texts.header(Part(chosen, total, order)) + piece
            place = tlv.write(
                (
                    tlv.number(tlv.TP_UDHI, 1),
                    tlv.number(tlv.PK_TOTAL, total),
                    tlv.number(tlv.PK_NUMBER, order),
                )
            )
            size = len(content).to_bytes(1, "big")
            bodies.append(self._prefix[msg_format] + number + size + content + self._suffix + place)
        return bodies

    def number(self, part: bytes, sequence: int) -> bytes:
        return codec.HEADER.pack(len(part) + codec.HEADER.size, codec.SUBMIT, sequence) + part

    def keepalive(self, sequence: int) -> bytes:
        return codec.encode(codec.Bare(codec.ACTIVE_TEST, sequence))

    def farewell(self, sequence: int) -> bytes:
        return codec.encode(codec.Bare(codec.EXIT, sequence))


def _number(destination: str) -> bytes:
    number = destination.encode("ascii")
    if not 0 < len(number) <= codec.NUMBER or 0 in number:
        raise ValueError("a destination number has 1 to 21 characters")
    return number.ljust(codec.NUMBER, b"\0")
