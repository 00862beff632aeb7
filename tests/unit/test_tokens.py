"""Tokens computed from seq and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.sending.tokens import ALPHABET, SPACE, TOKEN_LENGTH, Tokens

DAY = Tokens(b"a day", 8_640_000)


@settings(deadline=None)
@given(st.integers(0, len(DAY) - 1))
def test_there_and_back(seq: int) -> None:
    """A token leads back to its message, whatever the run's size."""
    token = DAY[seq]
    assert len(token) == TOKEN_LENGTH
    assert set(token) <= set(ALPHABET)
    assert seq == DAY.seq_of(token)


def test_all_are_different() -> None:
    """No two messages of a run share a token."""
    some = Tokens(b"some", 20_000)
    assert 20_000 == len(set(some))


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=8))
def test_strange_tokens_are_nobodys(text: str) -> None:
    """What is no token of this run leads to no message."""
    seq = DAY.seq_of(text)
    assert seq is None or DAY[seq] == text


def test_other_runs_tokens_are_nobodys() -> None:
    """Another run's tokens mean nothing here, but for chance."""
    mine, other = Tokens(b"mine", 1_000), Tokens(b"other", 1_000)
    assert not [token for token in other if token in mine]


def test_a_run_is_repeatable_and_its_own() -> None:
    """The same seed gives the same tokens, another seed others."""
    assert Tokens(b"x", 50)[:] == Tokens(b"x", 50)[:]
    assert Tokens(b"x", 50)[:] != Tokens(b"y", 50)[:]


def test_every_token_there_is() -> None:
    """A run may be as large as there are tokens, and no larger."""
    assert Tokens(b"all", SPACE).seq_of(Tokens(b"all", SPACE)[SPACE - 1]) == SPACE - 1
    with pytest.raises(ValueError, match="at most"):
        Tokens(b"too many", SPACE + 1)


def test_it_is_a_sequence() -> None:
    """Tokens are read like a list of them."""
    some = Tokens(b"few", 3)
    assert list(some) == [some[0], some[1], some[2]]
    assert some[-1] == some[2]
    with pytest.raises(IndexError):
        some[3]
