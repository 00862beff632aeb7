"""Text as SMGP content: MsgFormat and at most 140 octets of it. Pure.

The specification wants GB18030 for texts (6.2.16) and lets what has no Chinese go as ASCII (A.5).
A handset shows 70 characters of a Chinese message however few octets they took on the way here, so
a text is GB18030 only up to that. Longer ones are split with the concatenation header of GSM
03.40, which knows UCS-2 but not GB18030, so they go as UCS-2, like what the two-octet part of
GB18030 (GBK) lacks.
"""

from typing import Literal

from evaluators.protocols import text as texts
from evaluators.protocols.smgp.codec import ASCII, GB18030, UCS2

Encoding = Literal["auto", "ascii", "gbk", "ucs2"]

LONGEST = 140  # octets of one message
_CHARACTERS, _CHARACTERS_OF_PART = 70, 67


def single(text: str | bytes, encoding: Encoding) -> tuple[int, bytes] | None:
    """MsgFormat and content of a text that is one message, None if it takes more.

    Bytes are UCS-2 already. Raises ValueError for a text the encoding cannot carry.
    """
    if isinstance(text, bytes) or encoding == "ucs2":
        chosen, content = UCS2, _ucs2(text)
    elif encoding == "ascii" or (encoding == "auto" and text.isascii()):
        chosen, content = ASCII, text.encode("ascii")
    else:
        try:
            chosen, content = GB18030, text.encode("gbk")
        except UnicodeEncodeError:
            if encoding == "gbk":
                raise
            chosen, content = UCS2, _ucs2(text)
        if len(text) > _CHARACTERS and not text.isascii():
            return None
    return (chosen, content) if len(content) <= LONGEST else None


def split(text: str | bytes, encoding: Encoding) -> tuple[int, list[bytes]]:
    """MsgFormat and the parts, without headers, of a text for which `single` gave None.

    No character is cut in two. Raises ValueError above 255 parts.
    """
    if isinstance(text, str) and encoding == "gbk":
        starts = range(0, len(text), _CHARACTERS_OF_PART)
        if len(starts) > texts.MOST_PARTS:
            raise ValueError(f"the text takes {len(starts)} messages")
        return GB18030, [text[at : at + _CHARACTERS_OF_PART].encode("gbk") for at in starts]
    if isinstance(text, str) and encoding != "ucs2" and text.isascii():
        return ASCII, texts.split(text.encode("ascii"), "latin1")
    return UCS2, texts.split(_ucs2(text), "ucs2")


def decode(content: bytes, msg_format: int) -> str:
    """The text; octets that mean nothing become U+FFFD, so any bytes can be shown."""
    if msg_format == UCS2:
        return texts.decode(content, "ucs2")
    if msg_format == GB18030:
        return content.decode("gb18030", "replace")
    return texts.decode(content, "latin1")


def _ucs2(text: str | bytes) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-16-be")
    if len(text) % 2:
        raise ValueError("UCS-2 user data of an odd length")
    return text
