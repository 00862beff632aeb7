"""What people enter by file or command is refused in words before it can do harm."""

import argparse
from pathlib import Path

import pytest

from bot import connections, numbers
from bot.errors import UserError
from evaluators import content
from evaluators.errors import ContentError

HEAD = "number,carrier,owner,consent,consented_on,country"


def listed(tmp_path: Path, number: str, country: str = "CN") -> list[str]:
    path = tmp_path / "numbers.csv"
    path.write_text(f"{HEAD}\n{number},other,Lin,signed,2026-11-01,{country}\n", encoding="utf-8")
    return [digits for digits, _ in numbers.read(path)]


@pytest.mark.parametrize(
    "number", ["10000000001", "+86 100-0000-0001", "００８６10000000001", "１０００００００００１"]
)
def test_one_number_may_be_written_in_several_ways(tmp_path: Path, number: str) -> None:
    """Spaces, the country's code and full-width digits make no other number."""
    assert ["10000000001"] == listed(tmp_path, number)


@pytest.mark.parametrize(
    "number", ["1.0000000012e10", "1.38E+10", "10000000001.0", "12345", "1" * 12]
)
def test_what_a_spreadsheet_made_of_a_number_is_not_listed(tmp_path: Path, number: str) -> None:
    """Digits that would make up somebody else's number are refused with their line."""
    with pytest.raises(UserError, match="csv:2: not a phone number"):
        listed(tmp_path, number)


def test_a_foreign_number_keeps_its_own_length(tmp_path: Path) -> None:
    """Outside CN any 5 to 15 digits may be a number, kept with the + that says so."""
    assert ["+12025550100"] == listed(tmp_path, "+1 (202) 555-0100", "US")


def entered(name: str, **more: float) -> argparse.Namespace:
    usual = {"rate": 50.0, "connections": 1, "window": None}
    return argparse.Namespace(name=name, **(usual | more))


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "-x", "../x", "a/b", "x" * 41, "=1+1"])
def test_an_odd_connection_name_is_refused(name: str) -> None:
    """A name that cannot be typed, shown or told from an option is refused."""
    with pytest.raises(UserError, match="A name has"):
        connections.add(entered(name))


@pytest.mark.parametrize(
    "more",
    [{"rate": float("nan")}, {"rate": float("inf")}, {"window": 0}, {"connections": 100_001}],
)
def test_a_connection_without_sensible_limits_is_refused(more: dict[str, float]) -> None:
    """No window, an endless rate or no number at all is a slip."""
    with pytest.raises(UserError, match="--window"):
        connections.add(entered("acme", **more))


def test_a_file_of_aliases_on_aliases_is_refused(tmp_path: Path) -> None:
    """A few lines that stand for billions of values are named, not read."""
    lines = ["a0: &a0 [x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)
    ]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ContentError, match="more than 100000 values"):
        content.read(path, content.Content)


def test_a_file_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """A value that contains itself is named, not followed for ever."""
    path = tmp_path / "loop.yaml"
    path.write_text("test: &a [*a]\n", encoding="utf-8")
    with pytest.raises(ContentError, match="more than 100000 values"):
        content.read(path, content.Content)
