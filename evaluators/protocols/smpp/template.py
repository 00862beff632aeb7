"""submit_sm bodies from a prepared pattern: only what differs between messages is put in."""

from collections.abc import Callable
from typing import Literal

from evaluators.protocols import text as texts
from evaluators.protocols.smpp import codec
from evaluators.protocols.text import Encoding, Part

_LONGEST_NUMBER = 20


class Template:
    """Everything a run's messages have in common, taken from `sample` (a submit_sm)."""

    def __init__(self, sample: codec.Sms, encoding: Literal["auto"] | Encoding = "auto") -> None:
        pattern = codec.encode(sample)[codec.HEADER.size :]
        before = len(sample.service_type) + 1 + 2 + len(sample.source) + 1 + 2
        self._prefix = pattern[:before]
        self._suffix = pattern[before + len(sample.destination) :]
        self._encoding: Literal["auto"] | Encoding = encoding
        self._plain = encoding in {"auto", "ucs2"}
        self._alone: dict[Encoding, list[bytes]] = {
            "gsm7": [self._tail("gsm7", 0, size) for size in range(161)],
            "latin1": [self._tail("latin1", 0, size) for size in range(141)],
            "ucs2": [self._tail("ucs2", 0, size) for size in range(141)],
        }
        self._chinese = self._alone["ucs2"]

    def single(self, destination: str, text: str | bytes) -> bytes | None:
        """The body of a message of one part, None if the text takes more.

        Raises ValueError for a number or text that cannot be sent.
        """
        if self._plain and text.__class__ is str and text[:1] > "€":  # Chinese, without a detour
            data = text.encode("utf-16-be")
            tails = self._chinese
        else:
            encoding, data = self._encoded(text)
            tails = self._alone[encoding]
        number = destination.encode("ascii")
        if not 0 < len(number) <= _LONGEST_NUMBER or 0 in number:
            raise ValueError("a destination number has 1 to 20 characters")
        size = len(data)
        return self._prefix + number + tails[size] + data if size < len(tails) else None

    def parts(
        self, destination: str, text: str | bytes, reference: Callable[[], int]
    ) -> list[bytes]:
        """The bodies of a text for which `single` gave None, each with its concatenation header."""
        encoding, data = self._encoded(text)
        pieces = texts.split(data, encoding)
        chosen = reference()
        bodies = []
        for order, piece in enumerate(pieces, 1):
            content = texts.header(Part(chosen, len(pieces), order)) + piece
            tail = self._tail(encoding, codec.ESM_UDHI, len(content))
            bodies.append(self._prefix + destination.encode() + tail + content)
        return bodies

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
