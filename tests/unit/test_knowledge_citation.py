"""Where a sentence comes from, and whether it still holds."""

from datetime import date
from pathlib import Path

import pytest

from knowledge.citation import Footnotes, Reader
from knowledge.pages import Corpus
from knowledge.readers.guidance import read_corpus
from tests.unit import small_guidance

TODAY = date(2026, 11, 22)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return read_corpus(small_guidance.write(tmp_path) / "guidance")


def test_a_source_shows_date_interest_and_confidence(corpus: Corpus) -> None:
    """Who wrote it, when, how it was seen; a vendor's own words are marked as such."""
    zh, en = (Reader(corpus, language, TODAY) for language in ("zh", "en"))
    (rule,), (page,) = corpus.sources("keep-six"), corpus.sources("claimed-rate")
    assert "示例管理规定(新) · 示例部 · 2026-05-01 · 官方 · 仅见公开网页，待核" == zh.source(rule)
    assert "某云产品页 · 某云 · 供应商自述，有利益关系 · 见于文件" == zh.source(page)
    assert "interested party" in en.source(page)


def test_a_superseded_fact_names_its_successor(corpus: Corpus) -> None:
    """What took the place of an old rule stands beside it."""
    old = corpus.fact("keep-five")
    assert "已被取代：发送记录至少保存 6 个月。" == Reader(corpus, "zh", TODAY).note(old)
    assert Reader(corpus, "en", TODAY).note(old).startswith("superseded: Sending records are kept")


def test_validity_depends_on_the_day(corpus: Corpus) -> None:
    """A fact is flagged before it comes into force and after it expired, and not between."""
    new = corpus.fact("keep-six")
    expired = corpus.fact("keep-five").model_copy(update={"superseded_by": None})
    assert "2026-05-01 起才施行" == Reader(corpus, "zh", date(2026, 4, 30)).note(new)
    assert "" == Reader(corpus, "zh", date(2026, 5, 1)).note(new)
    assert "" == Reader(corpus, "zh", date(2026, 4, 30)).note(expired)
    assert "expired on 2026-04-30" == Reader(corpus, "en", date(2026, 5, 1)).note(expired)


def test_facts_of_one_source_share_a_footnote(corpus: Corpus) -> None:
    """Markers count in the order of need; the same source and validity is cited once."""
    place = corpus.place("delivery#enough")
    claimed, house = corpus.fact("claimed-rate"), corpus.fact("house-rate")
    notes = Footnotes(Reader(corpus, "zh", TODAY))
    assert "[1]" == notes.marks(place, [house])
    assert "[1][2]" == notes.marks(place, [house, claimed, house])
    assert [(1, ("house-rate",)), (2, ("claimed-rate",))] == [
        (citation.number, citation.facts) for citation in notes.citations()
    ]
