"""Which 64-bit keys came before: eight octets each and a bit, for millions of them. Pure."""

from array import array

_SHARDS = 4096  # each grows alone, so that no growth takes longer than a millisecond
_FIRST = 64
_KEY = (1 << 64) - 1


class Seen:
    """A set that only grows; two different keys are never taken for one."""

    def __init__(self) -> None:
        self._shards: list[array[int] | None] = [None] * _SHARDS
        self._held = [0] * _SHARDS

    def again(self, key: int) -> bool:
        """Whether this key (any int, of which 64 bits count) came before; it has now."""
        key = key & _KEY or 1
        place = key % _SHARDS
        slots = self._shards[place]
        if slots is None:
            slots = self._shards[place] = array("Q", bytes(8 * _FIRST))
        last = len(slots) - 1
        at = (key >> 12) & last
        while found := slots[at]:
            if found == key:
                return True
            at = (at + 1) & last
        slots[at] = key
        self._held[place] += 1
        if self._held[place] * 3 > len(slots) * 2:
            self._shards[place] = _twice(slots)
        return False

    def octets(self) -> int:
        """Memory of the keys."""
        return sum(8 * len(slots) for slots in self._shards if slots is not None)


def _twice(slots: "array[int]") -> "array[int]":
    grown = array("Q", bytes(16 * len(slots)))
    last = len(grown) - 1
    for key in slots:
        if key:
            at = (key >> 12) & last
            while grown[at]:
                at = (at + 1) & last
            grown[at] = key
    return grown
