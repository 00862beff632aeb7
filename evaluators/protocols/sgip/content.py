"""MessageCoding and MessageContent: which alphabet, and where a long text is cut. Pure.

The specification gives no limits; those of the message that reaches the handset count: 160
septets or 70 characters, 153 or 67 in each part of a long text.
"""

from typing import Literal

from evaluators.protocols import text as texts
from evaluators.protocols.sgip.pdus import ASCII, BINARY, CARD, GBK, UCS2
from evaluators.protocols.text import Part

Encoding = Literal["auto", "ascii", "ucs2", "gbk"]
"""auto: ASCII where the text has nothing else, else UCS-2."""

_ALONE = {ASCII: 160, UCS2: 140, GBK: 70}  # septets, octets, characters


def single(text: str | bytes, encoding: Encoding = "auto") -> tuple[int, bytes] | None:
    """MessageCoding and content of a text that is one message, None if it takes more.

    Bytes are UCS-2 already. Raises ValueError for a text the encoding cannot carry.
    """
    coding = _coding(text, encoding)
    if isinstance(text, bytes) or coding == UCS2:
        content = _ucs2(text)
        room = len(content)
    elif coding == ASCII:
        content = text.encode("ascii")
        room = len(texts.encode(text, "gsm7"))  # some ASCII characters take two septets
    else:
        content = text.encode("gbk")
        room = len(text)
    return (coding, content) if room <= _ALONE[coding] else None


def split(text: str | bytes, encoding: Encoding = "auto") -> tuple[int, list[bytes]]:
    """MessageCoding and the parts, without headers, of a text for which `single` gave None.

    No character is cut in two. Raises ValueError above 255 parts.
    """
    coding = _coding(text, encoding)
    if isinstance(text, bytes) or coding == UCS2:
        return coding, texts.split(_ucs2(text), "ucs2")
    if coding == ASCII:
        septets = texts.split(texts.encode(text, "gsm7"), "gsm7")
        return coding, [texts.decode(piece, "gsm7").encode("ascii") for piece in septets]
    units = texts.split(_ucs2(text), "ucs2")
    return coding, [piece.decode("utf-16-be").encode("gbk") for piece in units]


def read(content: bytes, coding: int, udhi: int) -> tuple[Part | None, str]:
    """Which part of a long text this is, and the text; any octets can be read.

    What claims to be ASCII may be GBK, of which ASCII is a part.
    """
    part = None
    if udhi & 1:
        part, content = texts.read_header(content)
    if coding in {CARD, BINARY}:
        return part, content.decode("latin-1")
    if coding & 0x0C == UCS2 and coding != GBK:  # the alphabet's bits of GSM 03.38
        return part, texts.decode(content, "ucs2")
    return part, content.decode("gb18030", "replace")


def _coding(text: str | bytes, encoding: Encoding) -> int:
    if isinstance(text, bytes) or encoding == "ucs2":
        return UCS2
    if encoding == "gbk":
        return GBK
    if encoding == "ascii":
        return ASCII
    return ASCII if text.isascii() and texts.choose(text) == "gsm7" else UCS2


def _ucs2(text: str | bytes) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-16-be")
    if len(text) % 2:
        raise ValueError("UCS-2 user data of an odd length")
    return text
