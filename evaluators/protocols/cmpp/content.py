"""Msg_Fmt and Msg_Content: which alphabet, how many octets, where a long text is cut. Pure.

An ASCII text has less than 160 octets and any other at most 140 (8.4.3.1). The concatenation
header takes six octets, seven with a 16-bit reference.
"""

from codecs import utf_16_be_decode
from typing import Literal

from evaluators.protocols.text import MOST_PARTS

ASCII, CARD, BINARY, UCS2, GBK = 0, 3, 4, 8, 15

Encoding = Literal["auto", "ascii", "ucs2", "gbk"]
"""auto: ASCII where the text has nothing else, else UCS-2."""
ReferenceBits = Literal[8, 16]

_ALONE = {ASCII: 159, UCS2: 140, GBK: 140}
# octets of a part by the bits of its reference; ASCII goes out as seven bits a character
_EACH: dict[tuple[int, ReferenceBits], int] = {
    (ASCII, 8): 153, (ASCII, 16): 152,
    (UCS2, 8): 134, (UCS2, 16): 132,
    (GBK, 8): 134, (GBK, 16): 133,
}  # fmt: skip


def most_octets(msg_fmt: int) -> int:
    """The most octets Msg_Content may have."""
    return _ALONE.get(msg_fmt, 140)


def encode(text: str | bytes, encoding: Encoding = "auto") -> tuple[int, bytes]:
    """Msg_Fmt and octets; bytes are UCS-2 as they are. ValueError for what cannot be written."""
    if isinstance(text, bytes):
        if len(text) % 2:
            raise ValueError("UCS-2 user data of an odd length")
        return UCS2, text
    if encoding == "gbk":
        return GBK, text.encode("gbk")
    if encoding == "ascii" or (encoding == "auto" and text.isascii()):
        return ASCII, text.encode("ascii")
    return UCS2, text.encode("utf-16-be")


def decode(msg_fmt: int, data: bytes) -> str:
    """The text; octets that mean nothing become U+FFFD, binary data is given as Latin-1.

    Handsets' messages come with class bits in Msg_Fmt, and with GB characters where ASCII is said.
    """
    if msg_fmt in {CARD, BINARY}:
        return data.decode("latin-1")
    if msg_fmt != GBK and msg_fmt & 0x0C == UCS2:
        return utf_16_be_decode(data, "replace", True)[0]  # decode() would look the codec up
    return data.decode("gb18030", "replace")


def split(msg_fmt: int, data: bytes, bits: ReferenceBits = 8) -> list[bytes]:
    """The octets as the messages they take, without headers; no character is cut in two.

    Raises ValueError above 255 parts.
    """
    if len(data) <= _ALONE[msg_fmt]:
        return [data]
    parts, start = [], 0
    while start < len(data):
        end = _whole(data, start, start + _EACH[msg_fmt, bits], msg_fmt)
        parts.append(data[start:end])
        start = end
    if len(parts) > MOST_PARTS:
        raise ValueError(f"the text takes {len(parts)} messages, more than {MOST_PARTS}")
    return parts


def _whole(data: bytes, start: int, end: int, msg_fmt: int) -> int:
    """`end`, or a little less where it would cut a character of two units."""
    if end >= len(data):
        return len(data)
    if msg_fmt == UCS2 and 0xD8 <= data[end - 2] <= 0xDB:
        return end - 2
    if msg_fmt == GBK:
        at = start
        while at < end:
            at += 2 if data[at] > 0x80 else 1
        return end if at == end else end - 1
    return end
