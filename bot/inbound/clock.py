"""How far a phone's clock is off, from when it says it posts and when that reaches us. Pure.

Each post gives our time minus the phone's: the offset plus however long the post was under way.
So the smallest of the last ones is the best guess and never too small, and how far the others lie
above it says how sure that is.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

KEPT = 16  # posts; with a beat a minute, a quarter of an hour
FEW = 5
_LEAST_MS = 200  # nobody knows how quick the quickest post was
_LEAST_FEW_MS = 1000
_STEP_MS = (
    5000  # posts that agree and lie so far above the rest: the clock was set, not the way long
)
_AGREE = 3


class Offset(NamedTuple):
    """Added to the phone's time gives ours; the truth lies at most `unsure_ms` below."""

    ms: int
    unsure_ms: int


def noted(samples: Sequence[int], fresh: int) -> list[int]:
    """The samples worth keeping after one more, newest last, in ms."""
    kept = [*samples, fresh][-KEPT:]
    newest = kept[-_AGREE:]
    agree = len(newest) == _AGREE and max(newest) - min(newest) < _STEP_MS
    return newest if agree and min(newest) - min(kept) > _STEP_MS else kept


def offset(samples: Sequence[int], resolution_ms: int) -> Offset:
    """The offset that the samples speak for; `resolution_ms` is how fine the phone tells time."""
    least = _LEAST_MS if len(samples) >= FEW else _LEAST_FEW_MS
    smallest = min(samples)
    unsure = max(round(median(samples)) - smallest, least, resolution_ms)
    return Offset(smallest, unsure)
