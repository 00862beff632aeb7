"""Each evaluation's papers: read once, kept in memory, to be had by their evaluation only."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import papers_of_case
from bot.dialogue.case import Case, FileKept
from bot.papers_of_case import Shelf
from bot.settings import CONTENT
from knowledge.readers.paper import Place, Read, Section, Unreadable

START = datetime(2026, 11, 22, tzinfo=UTC)


def file(digest: str, name: str = "a.txt") -> FileKept:
    return FileKept(digest * 16, "text/plain", 10, name)


def case(number: int, *files: FileKept) -> Case:
    return Case(number, "云信达", "full", START, files=tuple(("price", each) for each in files))


def says(text: str) -> Read:
    return Read((Section("", Place("line", 1, 1), text),))


class Reader:
    """Reads every file as a text with its digest, and counts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, path: Path, name: str, kind: str) -> Read | Unreadable:
        self.read.append(path.name[:4])
        if path.name.startswith("bad"):
            raise RuntimeError("nobody foresaw this")
        return says(f"验证码单价见 {path.name[:4]} 号文件")


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def shelf(tmp_path: Path, reader: Reader) -> Shelf:
    return Shelf(tmp_path, CONTENT, read=reader, held_up_s=30)


def found(shelf: Shelf, of: Case) -> list[str]:
    papers = shelf.of(of)
    return [hit.text for hit in papers.find("验证码单价")] if papers else []


def test_each_evaluation_finds_its_own(shelf: Shelf) -> None:
    """Two evaluations with the same words, asked in turn, never hear of each other."""
    one, two = case(1, file("1111")), case(2, file("2222"))
    assert ["验证码单价见 1111 号文件"] == found(shelf, one)
    assert ["验证码单价见 2222 号文件"] == found(shelf, two)
    assert ["验证码单价见 1111 号文件"] == found(shelf, one)
    assert [] == found(shelf, case(3))


def test_a_file_taken_away_is_searched_no_more(shelf: Shelf) -> None:
    """What is no longer filed is no longer found, and found again once it is back."""
    kept = case(1, file("1111"), file("2222", "b.txt"))
    assert 2 == len(found(shelf, kept))
    assert ["验证码单价见 2222 号文件"] == found(shelf, kept.without_file("price", "1111" * 16))
    assert [] == found(shelf, replace(kept, files=()))
    assert 2 == len(found(shelf, kept))


def test_a_file_is_read_once(shelf: Shelf, reader: Reader) -> None:
    """Attached to two questions and two evaluations, the same bytes are read one time."""
    shelf.looked_at(file("1111"))
    found(shelf, case(1, file("1111"), file("1111")))
    found(shelf, case(2, file("1111", "other name.txt")))
    assert ["1111"] == reader.read


def test_a_name_is_that_of_its_evaluation(shelf: Shelf) -> None:
    """The same bytes under two names are shown under the name given there."""
    names = [
        [hit.name for hit in papers.find("验证码单价")]
        for number, name in ((1, "甲.txt"), (2, "乙.txt"))
        if (papers := shelf.of(case(number, file("1111", name))))
    ]
    assert [["甲.txt"], ["乙.txt"]] == names


def test_a_reply_does_not_wait_for_a_slow_file(tmp_path: Path) -> None:
    """While a file is still being read, the conversation goes on without it."""
    go_on = threading.Event()

    def slow(path: Path, name: str, kind: str) -> Read:
        go_on.wait(60)
        return says("验证码单价 0.04 元")

    shelf = Shelf(tmp_path, CONTENT, read=slow, held_up_s=0.05)
    assert None is shelf.looked_at(file("1111"))
    assert [] == found(shelf, case(1, file("1111")))
    go_on.set()
    patient = replace(shelf, held_up_s=30)
    assert ["验证码单价 0.04 元"] == found(patient, case(1, file("1111")))


def test_a_reader_that_fails_costs_its_file_only(shelf: Shelf) -> None:
    """Whatever goes wrong with one file, the others are found."""
    assert Unreadable("damaged") == shelf.looked_at(file("bad!"))
    assert ["验证码单价见 1111 号文件"] == found(shelf, case(1, file("bad!"), file("1111")))


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Of papers beyond the most, those used longest ago are let go and read again when asked."""
    half = papers_of_case.MOST_CHARACTERS // 2 + 1
    read: list[str] = []

    def large(path: Path, name: str, kind: str) -> Read:
        read.append(path.name[:4])
        return says("字" * half)

    shelf = Shelf(tmp_path, CONTENT, read=large, held_up_s=30)
    for digest in ("1111", "2222", "3333", "1111"):
        shelf.looked_at(file(digest))
    assert ["1111", "2222", "3333", "1111"] == read
