"""Questions without an answer are kept for those who write the pages, and are kept few."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import unanswered

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("13900000001 这个号能发吗", "*********** 这个号能发吗"),
        ("139 0000 0001\n能发吗", "************* 能发吗"),
        ("+86 139-0000-0001?", "+****************?"),
        ("98% 和 2026-05-01 呢", "98% 和 ********** 呢"),
        ("写信到 a.b@example.com 行吗", "写信到 *** 行吗"),
        ("9" * 500, "*" * 200),
    ],
)
def test_phone_numbers_and_addresses_are_masked(question: str, kept: str) -> None:
    """Nobody can be called or written to from what is kept."""
    assert kept == unanswered.masked(question)


def test_questions_are_kept_in_order_and_not_twice_in_a_row(tmp_path: Path) -> None:
    """The same question again at once is one; later it counts."""
    for question in ("发票？", "发票？", "撤回？", "发票？", " "):
        unanswered.note(tmp_path, question, ["price#band"], NOON)
    rows = unanswered.read(tmp_path)
    assert ["发票？", "撤回？", "发票？"] == [row.question for row in rows]
    assert unanswered.listing(rows).startswith("2x  2026-11-22  发票？  (price#band)\n1x ")
    assert 0o600 == (tmp_path / unanswered.NAME).stat().st_mode & 0o777


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    """The oldest make room."""
    line = '{"at": "2026-11-22T12:00:00+00:00", "question": "q%d", "nearest": []}'
    full = "\n".join(line % number for number in range(unanswered.MOST))
    (tmp_path / unanswered.NAME).write_text(full + "\nbroken\n", encoding="utf-8")
    unanswered.note(tmp_path, "new", [], NOON)
    rows = unanswered.read(tmp_path)
    assert (unanswered.MOST, "q1", "new") == (len(rows), rows[0].question, rows[-1].question)


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """An answer is given all the same."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    unanswered.note(tmp_path / "file", "发票？", [], NOON)
    assert [] == unanswered.read(tmp_path / "file")
