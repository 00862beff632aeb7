"""Text as SMS user data: alphabets, splitting of long texts, concatenation headers. Pure.

Numbers are those of GSM 03.38 and 03.40: 140 octets a message, of which a concatenation header
takes six, hence 70/67 UCS-2 units, 160/153 septets and 140/134 octets of Latin-1.
"""

import codecs
from typing import Literal, NamedTuple

Encoding = Literal["gsm7", "latin1", "ucs2"]

MOST_PARTS = 255

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip
_ESCAPE = 0x1B
_TO_GSM: dict[int, int | bytes] = {
    ord(char): code for code, char in enumerate(_BASIC) if code != _ESCAPE
} | {ord(char): bytes((_ESCAPE, code)) for code, char in _EXTENSION.items()}

WIDTHS: dict[Encoding, int] = {"gsm7": 1, "latin1": 1, "ucs2": 2}
"""Octets of an ordinary character; a few take twice that."""

# octets (or septets) of a message sent alone, of each part of a long one, and of each part where
# the concatenation header is one octet longer
_ROOM: dict[Encoding, tuple[int, int, int]] = {
    "gsm7": (160, 153, 152),
    "latin1": (140, 134, 133),
    "ucs2": (140, 134, 132),
}


class Part(NamedTuple):
    """Where a part belongs: the sender's reference, how many parts, which one (from 1)."""

    reference: int
    total: int
    number: int


def choose(text: str) -> Encoding:
    """The cheapest alphabet the text fits: GSM 7-bit, else UCS-2."""
    if text and text[0] > "€":  # spares Chinese texts the attempt
        return "ucs2"
    try:
        encode(text, "gsm7")
    except UnicodeEncodeError:
        return "ucs2"
    return "gsm7"


def encode(text: str, encoding: Encoding) -> bytes:
    """User data, a septet per octet for GSM 7-bit; UnicodeEncodeError if it lacks a character."""
    if encoding == "ucs2":
        return codecs.utf_16_be_encode(text)[0]  # str.encode would look the codec up each time
    if encoding == "latin1":
        return text.encode("latin-1")
    return codecs.charmap_encode(text, "strict", _TO_GSM)[0]


def decode(data: bytes, encoding: Encoding) -> str:
    """The text; octets that mean nothing become U+FFFD, so any bytes can be shown."""
    if encoding == "ucs2":
        return data.decode("utf-16-be", "replace")
    if encoding == "latin1":
        return data.decode("latin-1")
    return _from_gsm(data)


def split(data: bytes, encoding: Encoding, *, wide: bool = False) -> list[bytes]:
    """Encoded user data as the messages it takes: one if it fits, else parts without headers.

    `wide` leaves room for headers with 16-bit references. Neither a surrogate pair nor an escaped
    character is cut in two. Raises ValueError above 255 parts.
    """
    alone, narrow, narrower = _ROOM[encoding]
    each = narrower if wide else narrow
    if len(data) <= alone:
        return [data]
    parts = []
    start = 0
    while start < len(data):
        end = _whole(data, start + each, encoding)
        parts.append(data[start:end])
        start = end
    if len(parts) > MOST_PARTS:
        raise ValueError(f"the text takes {len(parts)} messages, more than {MOST_PARTS}")
    return parts


def count(text: str, encoding: Encoding | None = None) -> int:
    """How many messages the text is sent (and billed) as."""
    chosen = encoding or choose(text)
    return len(split(encode(text, chosen), chosen))


def header(part: Part, *, wide: bool = False) -> bytes:
    """The concatenation header: six octets with an 8-bit reference, `wide` seven with 16 bits."""
    if wide:
        high, low = divmod(part.reference & 0xFFFF, 256)
        return bytes((6, 8, 4, high, low, part.total, part.number))
    return bytes((5, 0, 3, part.reference & 0xFF, part.total, part.number))


def read_header(data: bytes) -> tuple[Part | None, bytes]:
    """Part and remaining text of user data that starts with a header (8- or 16-bit reference).

    A header that is not a concatenation header, or that makes no sense, gives None; its octets
    are dropped if its length fits, else kept.
    """
    if not data or data[0] >= len(data):
        return None, data
    end = data[0] + 1
    return _part(data[1:end]), data[end:]


def _part(elements: bytes) -> Part | None:
    at = 0
    while at + 2 <= len(elements):
        kind, size = elements[at], elements[at + 1]
        value = elements[at + 2 : at + 2 + size]
        if (kind, len(value)) in {(0, 3), (8, 4)} and 1 <= value[-1] <= value[-2]:
            return Part(int.from_bytes(value[:-2], "big"), value[-2], value[-1])
        at += 2 + size
    return None


def _whole(data: bytes, end: int, encoding: Encoding) -> int:
    """`end`, or a little less where it would cut a character."""
    if end >= len(data):
        return len(data)
    if encoding == "ucs2" and 0xD8 <= data[end - 2] <= 0xDB:
        return end - 2
    if encoding == "gsm7" and data[end - 1] == _ESCAPE:
        return end - 1
    return end


def _from_gsm(data: bytes) -> str:
    chars: list[str] = []
    escaped = False
    for code in data:
        if code == _ESCAPE and not escaped:
            escaped = True
            continue
        basic = _BASIC[code] if code < len(_BASIC) else "\ufffd"
        chars.append(_EXTENSION.get(code, basic) if escaped else basic)
        escaped = False
    return "".join(chars)
