"""Each evaluation's papers: read once, kept in memory, to be had by their evaluation only."""

import gc
import threading
import weakref
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


def test_another_ending_is_read_anew(shelf: Shelf, reader: Reader) -> None:
    """The same bytes sent as a table are not what they were as a text."""
    for name in ("a.txt", "a.csv", "b.CSV"):
        found(shelf, case(1, file("1111", name)))
    shelf.looked_at(replace(file("1111"), media_type="image/png"))
    assert ["1111"] * 3 == reader.read


def test_what_was_taken_away_is_forgotten(shelf: Shelf, reader: Reader) -> None:
    """Nothing of a detached paper stays in memory, unless another evaluation has it as well."""
    one, two = case(1, file("1111"), file("2222")), case(2, file("2222"))
    filed = shelf.of(one)
    assert filed is not None
    assert filed.papers is not None
    memory, filed = weakref.ref(filed.papers), None
    found(shelf, two)
    shelf.of(replace(one, files=()))
    gc.collect()
    assert None is memory()
    found(shelf, one)
    assert ["1111", "2222", "1111"] == sorted(reader.read[:2]) + reader.read[2:]


def test_what_was_not_searched_is_told(tmp_path: Path) -> None:
    """A paper still being read or not to be read is named; a picture is no paper."""
    go_on = threading.Event()

    def mixed(path: Path, name: str, kind: str) -> Read | Unreadable:
        if name == "慢.txt":
            go_on.wait(60)
        read = {"扫描.pdf": Unreadable("scan"), "照片.png": Unreadable("picture")}
        return read.get(name, says("验证码单价 0.04 元"))

    names = {"1111": "慢.txt", "2222": "扫描.pdf", "3333": "照片.png", "4444": "价格.txt"}
    mine = case(1, *(file(digest, name) for digest, name in names.items()))
    shelf = Shelf(tmp_path, CONTENT, read=mixed, held_up_s=30)
    pictures = case(2, file("3333", "照片.png"))
    assert None is shelf.of(pictures)
    shelf.all_looked_at(each for _, each in mine.files if each.name != "慢.txt")
    filed = replace(shelf, held_up_s=0.05).of(mine)
    assert filed is not None
    assert (("慢.txt", None), ("扫描.pdf", Unreadable("scan"))) == filed.left_out
    go_on.set()
    filed = shelf.of(mine)
    assert filed is not None
    assert (("扫描.pdf", Unreadable("scan")),) == filed.left_out


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
