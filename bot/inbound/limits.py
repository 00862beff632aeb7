"""How much may come in: a bucket that fills with time and empties with requests. Pure."""

from collections import OrderedDict

EACH_PER_S, EACH_AT_ONCE = 50.0, 1000.0  # of one address; a phone that was away posts all at once
ALL_PER_S, ALL_AT_ONCE = 300.0, 3000.0  # of everybody together
_KNOWN = 4096  # addresses remembered; guesses push out guesses


class Bucket:
    """So many at once, so many per second after that."""

    def __init__(self, per_s: float, at_once: float) -> None:
        self._per_s, self._at_once = per_s, at_once
        self._left, self._at_s = at_once, 0.0

    def takes(self, now_s: float) -> bool:
        """Whether one more may pass now; it then has."""
        gained = max(0.0, now_s - self._at_s) * self._per_s
        self._left = min(self._at_once, self._left + gained)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def returns(self) -> None:
        """What was taken last was not what is limited."""
        self._left = min(self._at_once, self._left + 1)


class Limits:
    """One bucket for all, and one for each address."""

    def __init__(self, per_s: float = EACH_PER_S, at_once: float = EACH_AT_ONCE) -> None:
        self._rate = per_s, at_once
        self._all = Bucket(ALL_PER_S, ALL_AT_ONCE)
        self._each: OrderedDict[str, Bucket] = OrderedDict()

    def takes(self, address: str, now_s: float) -> bool:
        bucket = self._each.setdefault(address, Bucket(*self._rate))
        self._each.move_to_end(address)
        if len(self._each) > _KNOWN:
            self._each.popitem(last=False)
        return bucket.takes(now_s) and self._all.takes(now_s)

    def returns(self, address: str) -> None:
        """Take back the last one of this address: it was not what is limited."""
        if address in self._each:
            self._each[address].returns()
            self._all.returns()
