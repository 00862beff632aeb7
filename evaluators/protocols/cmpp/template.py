"""Outgoing messages; SUBMIT from a prepared pattern, only what differs is put in."""

from collections.abc import Callable, Sequence

from evaluators.protocols import text as texts
from evaluators.protocols.cmpp import codec, content, pdus
from evaluators.protocols.cmpp.content import Encoding, ReferenceBits
from evaluators.protocols.session import Message
from evaluators.protocols.text import Part


class Template:
    """Everything a run's messages have in common, taken from `sample`.

    This is CMPP's evaluators.protocols.dialect.Dialect.
    """

    def __init__(
        self,
        sample: pdus.Submit,
        version: int,
        encoding: Encoding = "auto",
        bits: ReferenceBits = 8,
    ) -> None:
        self._sample = sample
        self._encoding, self._bits = encoding, bits
        self._plain = encoding in {"auto", "ucs2"}
        self.speak(version)

    def speak(self, version: int) -> None:
        """Write this version from now on."""
        layout = codec.LAYOUTS[version]
        pattern = codec.encode(self._sample, version)
        self._width = layout.number
        self._fixed = pattern[codec.HEADER.size : layout.submit.size]
        self._format_at = len(self._fixed) - 71  # Msg_src to DestUsr_tl follow it
        self._after = pattern[layout.submit.size + self._width : -layout.tail - 1]
        self._tail = pattern[-layout.tail :]
        self._sizes = [self._after + bytes((size,)) for size in range(160)]
        self._alone = {
            kind: self._prefix(kind) for kind in (content.ASCII, content.UCS2, content.GBK)
        }
        self._most = {kind: content.most_octets(kind) for kind in self._alone}
        self._chinese = self._alone[content.UCS2]

    def single(self, destination: str, text: str | bytes) -> bytes | None:
        """The body of a message of one part, None if the text takes more.

        Raises ValueError for a number or text that cannot be sent.
        """
        if self._plain and text.__class__ is str and text[:1] > "€":  # Chinese, without a detour
            data = text.encode("utf-16-be")
            prefix, most = self._chinese, 140
        else:
            kind, data = content.encode(text, self._encoding)
            prefix, most = self._alone[kind], self._most[kind]
        number = destination.encode("ascii")
        if not 0 < len(number) <= self._width or 0 in number:
            raise ValueError(f"a destination number has 1 to {self._width} characters")
        size = len(data)
        if size > most:
            return None
        return prefix + number.ljust(self._width, b"\0") + self._sizes[size] + data + self._tail

    def fill(
        self, messages: Sequence[Message], start: int, stop: int, sequence: int
    ) -> list[bytes]:
        pack, single, header = codec.HEADER.pack, self.single, codec.HEADER.size
        out = []
        for _, destination, text in messages[start:stop]:
            body = single(destination, text)
            if body is None:
                break
            out.append(pack(len(body) + header, pdus.SUBMIT, sequence) + body)
            sequence += 1
        return out

    def parts(self, message: Message, reference: Callable[..., int]) -> list[bytes]:
        """The bodies of a text for which `single` gave None, each with its concatenation header."""
        _, destination, text = message
        kind, data = content.encode(text, self._encoding)
        pieces = content.split(kind, data, self._bits)
        wide = self._bits == 16
        chosen = reference(0xFFFF) if wide else reference()
        number = destination.encode("ascii").ljust(self._width, b"\0")
        bodies = []
        for order, piece in enumerate(pieces, 1):
            part = Part(chosen, len(pieces), order)
            user_data = texts.header(part, wide=wide) + piece
            size = self._sizes[len(user_data)]
            bodies.append(self._prefix(kind, part) + number + size + user_data + self._tail)
        return bodies

    def number(self, part: bytes, sequence: int) -> bytes:
        return codec.HEADER.pack(len(part) + codec.HEADER.size, pdus.SUBMIT, sequence) + part

    def keepalive(self, sequence: int) -> bytes:
        return codec.HEADER.pack(codec.HEADER.size, pdus.ACTIVE_TEST, sequence)

    def farewell(self, sequence: int) -> bytes:
        return codec.HEADER.pack(codec.HEADER.size, pdus.TERMINATE, sequence)

    def _prefix(self, msg_fmt: int, part: Part | None = None) -> bytes:
        prefix = bytearray(self._fixed)
        prefix[self._format_at] = msg_fmt
        if part is not None:
            prefix[8:10] = part.total, part.number  # Pk_total and Pk_number
            prefix[self._format_at - 1] = 1  # TP_udhi
        return bytes(prefix)
