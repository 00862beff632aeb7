"""Long replies in pieces that fit one message of a channel, parted at paragraphs. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _octets(text: str) -> int:
    return len(text.encode())


@dataclass(frozen=True)
class Room:
    """How much text fits one message, in the platform's own measure; `most` 0: any amount."""

    most: int = 0
    size: Callable[[str], int] = len


ROOMS = {
    # 4096 UTF-16 units after entities; some are left for the platform's own marks.
    "telegram": Room(3900, _utf16),
    # 20480 octets in a streamed answer; a push is kept shorter, as a bubble people still read.
    "wecom": Room(4000, _octets),
    # 2048 octets of plain text; some are left for the words before a repeat.
    "wecomgroup": Room(1900, _octets),
}
ANY = Room()
SENTENCE_ENDS = ("。", "！", "？", "；", ". ", "; ")


def split(text: str, room: Room) -> list[str]:
    """The text in pieces; at blank lines, else at lines, else at sentences, else anywhere."""
    if not room.most or room.size(text) <= room.most:
        return [text]
    pieces, rest = [], text
    while room.size(rest) > room.most:
        at = _cut(rest, room)
        pieces.append(rest[:at].rstrip())
        rest = rest[at:].lstrip("\n")
    return [piece for piece in (*pieces, rest) if piece.strip()]


def _cut(text: str, room: Room) -> int:
    """Where to cut: the last good place before the room ends, not in its first third."""
    fits = _fitting(text, room)
    for place in _places(text, fits):
        if place > fits // 3:
            return place
    return fits


def _fitting(text: str, room: Room) -> int:
    """How many characters fit."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if room.size(text[:middle]) <= room.most:
            low = middle
        else:
            high = middle - 1
    return low


def _places(text: str, fits: int) -> Iterator[int]:
    for mark in ("\n\n", "\n"):
        yield text.rfind(mark, 0, fits)
    yield max(text.rfind(mark, 0, fits) + len(mark) for mark in SENTENCE_ENDS)
