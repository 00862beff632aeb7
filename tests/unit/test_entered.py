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


CARRIERS = [
    *(("移动", "cmcc"), ("中国移动", "cmcc"), ("China Mobile", "cmcc"), ("CMCC", "cmcc")),
    *(("联通", "cucc"), ("unicom", "cucc"), ("电信", "ctcc"), (" Telecom ", "ctcc")),
    *(("中国广电", "cbn"), ("Broadnet", "cbn"), ("其他", "other")),
]


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "numbers.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("said", "expected"), CARRIERS)
def test_a_carrier_goes_by_its_usual_names(said: str, expected: str) -> None:
    """Chinese and English names mean the same as the short ones."""
    assert expected == numbers.carrier(said)


def test_a_file_in_gbk_is_read_as_what_it_says(tmp_path: Path) -> None:
    """What a Chinese spreadsheet writes needs no conversion, and it is said how it was read."""
    path = written(tmp_path, f"{HEAD}\r\n10000000001,移动,小林,书面同意,2026-11-01,CN\r\n", "gbk")
    rows = [(digits, row.carrier, row.owner, row.consent) for digits, row in numbers.read(path)]
    assert [("10000000001", "cmcc", "小林", "书面同意")] == rows
    assert "GBK" == numbers.decoded(path)[1]


def test_columns_that_mean_nothing_are_named(tmp_path: Path) -> None:
    """A mistyped column is not passed over in silence; capitals and spaces make no difference."""
    path = written(tmp_path, " Number ,Carrier,owner,consent,consented_on,porte,备注\n")
    assert ("porte", "备注") == numbers.unknown(path)
    assert [] == list(numbers.read(path))


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("10000000001,铁通,Lin,signed,2026-11-01,CN", "csv:3: carrier is one of .* not '铁通'"),
        ("10000000001,,Lin,signed,2026-11-01,CN", "csv:3: carrier is one of"),
        ("10000000001,移动,Lin,signed,2026-11-01,CN,more", "csv:3: more fields than"),
        ("10000000001,移动", "csv:3: without an owner"),
        ("10000000000,移动,Lin,signed,2026-11-01,CN", "csv:3: the number stands twice"),
        ("10000000001,移动,Lin,signed,1.11.2026,CN", "csv:3: consented_on is a date"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, wrong: str) -> None:
    """Whatever is wrong with a row is said with file and line."""
    good = "10000000000,移动,Lin,signed,2026-11-01,CN"
    path = written(tmp_path, f"{HEAD}\n{good}\n{row}\n,,,,,\n")
    with pytest.raises(UserError, match=wrong):
        list(numbers.read(path))


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path: Path) -> None:
    """Bytes that are neither UTF-8 nor GBK are named where they stand."""
    path = tmp_path / "numbers.csv"
    path.write_bytes(HEAD.encode() + b"\n\xff\xff\xff\n")
    with pytest.raises(UserError, match="csv:2: cannot be read: neither"):
        list(numbers.read(path))


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    """Which of two columns counts is not guessed."""
    with pytest.raises(UserError, match="csv:1: columns named twice: number"):
        list(numbers.read(written(tmp_path, "number,Number,carrier\n")))


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
