"""Every file of `data/receipts`: read, bilingual, sourced."""

import re

import pytest

from bot.settings import CONTENT
from evaluators.content import read
from evaluators.receipts import Codes, Meaning

FILES = sorted((CONTENT / "receipts").glob("*.yaml"))
ROWS = [row for path in FILES for row in read(path, Codes).rows]
# Families without a source that was read: the vendor is asked, nothing is said of them.
UNVERIFIED = ("MB:", "MC:", "MI:", "MN:", "CA:", "CB:", "DA:", "DB:", "IA:", "IB:", "IC:")


def test_there_are_files() -> None:
    """The dictionary is not empty."""
    assert FILES
    assert ROWS


@pytest.mark.parametrize("row", ROWS, ids=[f"{at}-{row.code}" for at, row in enumerate(ROWS)])
def test_a_meaning_is_complete(row: Meaning) -> None:
    """Each meaning has both languages and a source, and is none that nobody verified."""
    for text in (row.meaning, row.source):
        assert text.en.strip()
        assert not re.search(r"[\u4e00-\u9fff]", text.en)
    assert re.search(r"[\u4e00-\u9fff]", row.meaning.zh)
    assert row.source.zh
    assert not row.code.startswith(UNVERIFIED)


def test_no_source_is_quoted_twice() -> None:
    """One source says one thing of a code."""
    keys = [(row.code, row.carrier, row.platform, row.source.zh) for row in ROWS]
    assert len(keys) == len(set(keys))
