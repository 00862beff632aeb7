"""The token inside each message: six clear characters, computed from its seq and back.

Nothing is kept per message, so a run of millions needs no list of them: a four-round Feistel
network over two halves of three characters, keyed for one run, is a bijection of all
25**6 = 244,140,625 tokens (M. Luby and C. Rackoff, 1988).
"""

import hashlib
from array import array
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import overload

# Without 0 O, 1 I L, 2 Z, 5 S and 8 B: a token is compared by eye when a handset is checked.
ALPHABET = "34679ACDEFGHJKMNPQRTUVWXY"
TOKEN_LENGTH = 6
SPACE: int = len(ALPHABET) ** TOKEN_LENGTH

_HALF: int = len(ALPHABET) ** (TOKEN_LENGTH // 2)
_ROUNDS = 4


class Tokens(Sequence[str]):
    """The tokens of one run's messages, by seq; `seed` is secret and the run's own."""

    def __init__(self, seed: bytes, count: int) -> None:
        if not 0 <= count <= SPACE:
            raise ValueError(f"a run has at most {SPACE} tokens")
        self._count = count
        self._rounds = tuple(_table(seed, number) for number in range(_ROUNDS))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, seq: int) -> str: ...
    @overload
    def __getitem__(self, seq: slice) -> tuple[str, ...]: ...
    def __getitem__(self, seq: int | slice) -> str | tuple[str, ...]:
        if isinstance(seq, slice):
            return tuple(self[one] for one in range(*seq.indices(self._count)))
        if not -self._count <= seq < self._count:
            raise IndexError(seq)
        left, right = divmod(seq % self._count, _HALF)
        for table in self._rounds:
            left, right = right, (left + table[right]) % _HALF
        halves = _halves()[0]
        return halves[left] + halves[right]

    def seq_of(self, token: str) -> int | None:
        """The message with this token; None where it is none of this run's."""
        numbers, cut = _halves()[1], TOKEN_LENGTH // 2
        left, right = numbers.get(token[:cut]), numbers.get(token[cut:])
        if left is None or right is None:
            return None
        for table in reversed(self._rounds):
            left, right = (right - table[left]) % _HALF, left
        seq = left * _HALF + right
        return seq if seq < self._count else None

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and self.seq_of(token) is not None


@cache
def _halves() -> tuple[tuple[str, ...], dict[str, int]]:
    """Three characters by number, and back."""
    made = tuple("".join(part) for part in product(ALPHABET, repeat=TOKEN_LENGTH // 2))
    return made, {part: number for number, part in enumerate(made)}


def _table(seed: bytes, number: int) -> "array[int]":
    """One round's function, as a table."""
    drawn = hashlib.shake_256(bytes((number,)) + seed).digest(4 * _HALF)
    return array("H", (value % _HALF for value in memoryview(drawn).cast("I")))
