"""The text, phase and variant of each message of a run, by its seq: looked up, never stored."""

from bisect import bisect_right
from itertools import accumulate

from evaluators.sending.plan import Phase, Plan, parts_of, render
from evaluators.sending.tokens import TOKEN_LENGTH


class Texts:
    """A plan's messages. A text is only token and surroundings, so it is made when it is needed."""

    def __init__(self, plan: Plan) -> None:
        self._phases = plan.stages
        self._ends = list(accumulate(phase.count for phase in self._phases))
        self._last = len(self._phases) - 1
        self._parts = [parts_of(plan, phase.variant) for phase in self._phases]
        self._around = [_around(plan, phase.variant) for phase in self._phases]

    def phase(self, seq: int) -> Phase:
        """The phase a message belongs to."""
        return self._phases[self.at(seq)]

    def parts(self, seq: int) -> int:
        """As how many parts a message is billed."""
        return self._parts[self.at(seq)]

    def full(self, seq: int, token: str) -> str:
        """The full text of one message."""
        before, after = self._around[self.at(seq)]
        return before + token + after

    def at(self, seq: int) -> int:
        """The number of that phase, from 0."""
        return bisect_right(self._ends, seq, 0, self._last) if self._last else 0


def _around(plan: Plan, variant: str) -> tuple[str, str]:
    """What stands before and after the token; a token's length is always the same."""
    mark = "\0" * TOKEN_LENGTH
    before, _, after = render(plan, mark, variant).partition(mark)
    return before, after
