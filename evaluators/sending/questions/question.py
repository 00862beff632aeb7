"""What questions are asked of: rows one by one, and what people noted while the run went on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from evaluators.receipts import Dictionary
from evaluators.sending.metrics import Metrics
from evaluators.sending.reasons import Reason
from evaluators.sending.rows import Row

SURE = 0.05
"""A difference with a p-value below this, adjusted where several are looked at, is stated."""


@dataclass(frozen=True)
class Mark:
    """Something noted while a run went on, at `at_ns` since 1970.

    `fault` and `restored`: a channel went down and came back, of one carrier if it is named.
    `replied`: the owner of a number says they answered; `opted_out`: the vendor told us they did.
    """

    kind: str
    at_ns: int
    carrier: str = ""
    number_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Given:
    """What there is beside the rows: marks, the other vendor's rows, the dictionary of codes.

    `by_rule`: the declared stop rule ended the run, which widens its intervals.
    """

    marks: tuple[Mark, ...] = ()
    pair: Iterable[Row] | None = None
    dictionary: Dictionary | None = None
    by_rule: bool = False


class Question(Protocol):
    """Sees every row once, in any order, then answers."""

    def add(self, row: Row) -> None:
        """One message."""

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        """What follows, once all rows were seen."""


def chance(p_value: float) -> str:
    """A p-value as people read it."""
    return "p<0.001" if p_value < 0.001 else f"p={p_value:.2g}"
