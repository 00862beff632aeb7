"""Which of a vendor's faults is on at a moment: those of its file, and those switched on. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from evaluators.simulator.numbers import Carrier
from evaluators.simulator.personality import Outage

_ONCE = frozenset({"disconnect", "garbage"})


class _Running(NamedTuple):
    outage: Outage
    until_s: float | None  # None: until it is repaired


class Outages:
    """Faults begin with a message (their file's) or with `start`, and end by themselves or not."""

    def __init__(self, expected: Iterable[Outage] = (), switch_s: float | None = None) -> None:
        self._expected = list(expected)
        self._running: list[_Running] = []
        self._switch_s = switch_s
        self.none = not self._expected
        """Nothing is on and nothing is to come."""

    def start(self, outage: Outage, now_s: float, switch_s: float | None = None) -> None:
        """Begin a fault; `switch_s`: how soon another way is taken, if not as the file says."""
        switched = switch_s or (self._switch_s if outage.kind == "undelivered" else None)
        lasts = [each for each in (switched, outage.for_s) if each is not None]
        self._running.append(_Running(outage, now_s + min(lasts) if lasts else None))
        self.none = False

    def end(self, kind: str, carriers: tuple[Carrier, ...] = ()) -> None:
        """Repair every fault of this kind on these channels (on any, if empty)."""
        wanted = set(carriers)
        self._running = [
            each
            for each in self._running
            if each.outage.kind != kind or (wanted and not wanted & set(each.outage.carriers))
        ]
        self._settle()

    def at(self, carrier: Carrier, count: int, now_s: float) -> Outage | None:
        """What the `count`-th message meets, going to this carrier."""
        for outage in self._expected[:]:
            if count > outage.after_messages and carrier in (outage.carriers or (carrier,)):
                self._expected.remove(outage)
                self.start(outage, now_s)
        self._forget(now_s)
        for each in self._running:
            if carrier in (each.outage.carriers or (carrier,)):
                if each.outage.kind in _ONCE:
                    self._running.remove(each)
                    self._settle()
                return each.outage
        return None

    def names(self, now_s: float) -> list[str]:
        """The faults that are on, for people."""
        self._forget(now_s)
        return [
            f"{each.outage.kind}:{'+'.join(each.outage.carriers) or 'all'}"
            for each in self._running
        ]

    def _forget(self, now_s: float) -> None:
        if any(each.until_s is not None and now_s >= each.until_s for each in self._running):
            self._running = [
                each for each in self._running if each.until_s is None or now_s < each.until_s
            ]
            self._settle()

    def _settle(self) -> None:
        self.none = not self._running and not self._expected
