"""Guidance files: read strictly, checked as a whole, every error with file and line."""

from pathlib import Path

import pytest

from knowledge.errors import ContentError, UnknownAnchorError
from knowledge.readers.glossary import read_departments, read_groups, read_outside
from knowledge.readers.guidance import read_corpus
from tests.unit import small_guidance


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return small_guidance.write(tmp_path)


def test_pages_come_in_the_order_of_their_files(data: Path) -> None:
    """Anchors are page ids and page#passage, page by page."""
    corpus = read_corpus(data / "guidance")
    assert [
        *("delivery", "delivery#enough"),
        *("retention", "retention#now", "retention#before"),
    ] == list(corpus.anchors())


def test_a_page_id_leads_to_its_first_passage(data: Path) -> None:
    """`retention` and `retention#now` are the same place; an unknown anchor says so."""
    corpus = read_corpus(data / "guidance")
    assert corpus.place("retention#now") == corpus.place("retention")
    with pytest.raises(UnknownAnchorError, match="retention#later"):
        corpus.place("retention#later")


def test_a_fact_knows_its_sources(data: Path) -> None:
    """Sources come in the order in which the fact names them."""
    corpus = read_corpus(data / "guidance")
    assert ["某云产品页"] == [source.title for source in corpus.sources("claimed-rate")]
    assert "keep-six" == corpus.fact("keep-five").superseded_by


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("jurisdiction: CN", "jurisdiction: CN\n    juris: CN", "juris"),
        ("page: retention", "page: keeping", "another name"),
        ("sources: [rule-new]", "sources: [rule-x]", "no source 'rule-x'"),
        ("id: before", "id: now", "'now' appears twice"),
        ("id: keep-five", "id: keep-six", "'keep-six' appears twice"),
        ("superseded_by: keep-six", "superseded_by: nobody", "no fact 'nobody'"),
        ("facts: [keep-six]", "facts: [keep-ten]", "no fact 'keep-ten'"),
        ("reviewed: 2026-11-22", "reviewed: soon", "reviewed"),
        ("page: retention", "page: retention\npage: retention", "'page' appears twice"),
        ("title: {zh: 记录留存, en: Keeping records}", "title: {zh: 记录留存}", "title.en"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(data: Path, old: str, new: str, says: str) -> None:
    """A wrong key, name, source, fact or successor is an error at its own line."""
    path = data / "guidance" / "retention.yaml"
    right = path.read_text(encoding="utf-8")
    before, after = right.split(old, 1)
    path.write_text(before + new + after, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        read_corpus(data / "guidance")
    assert says in caught.value.problem
    assert (path, (before + new).count("\n") + 1) == (caught.value.path, caught.value.line)


def test_a_file_that_is_no_yaml_is_named(data: Path) -> None:
    """Broken YAML, an empty file and a file in another encoding are content errors."""
    path = data / "guidance" / "delivery.yaml"
    for content in (b"page: [", b"", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(ContentError) as caught:
            read_corpus(data / "guidance")
        assert path == caught.value.path


def test_yes_and_no_stay_words(data: Path) -> None:
    """An unquoted `no` among the questions is a word, not a boolean."""
    path = data / "glossary" / "terms.yaml"
    path.write_text("groups: [[no, off, 不]]\n", encoding="utf-8")
    assert (("no", "off", "不"),) == read_groups(data / "glossary")


def test_an_empty_word_in_the_glossary_is_an_error(data: Path) -> None:
    """A group with an empty word names its line."""
    path = data / "glossary" / "terms.yaml"
    path.write_text("groups:\n  - [到达率]\n  - [回执, '']\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"terms\.yaml:3: an empty word"):
        read_groups(data / "glossary")


def test_questions_outside_lose_their_topics(data: Path) -> None:
    """Outside questions are read as one list."""
    assert ("今天天气怎么样", "发票怎么开") == read_outside(data / "glossary")


def test_departments_follow_the_page_then_its_sections(data: Path) -> None:
    """A page named by its id goes there; otherwise its section decides; otherwise business."""
    path = data / "glossary" / "departments.yaml"
    path.write_text("{technical: ['1.2'], legal: [], business: []}\n", encoding="utf-8")
    corpus = read_corpus(data / "guidance")
    delivery, retention = corpus.pages
    departments = read_departments(data / "glossary")
    assert ("technical", "business") == (departments.of(delivery), departments.of(retention))
    path.write_text("{technical: ['1.2'], legal: [delivery], business: []}\n", encoding="utf-8")
    assert "legal" == read_departments(data / "glossary").of(delivery)
