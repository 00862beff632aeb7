"""The guidance in `data/` as a whole: valid, bilingual, and no figure without a fact."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from knowledge.extract import numbers
from knowledge.pages import Place
from knowledge.readers.glossary import (
    read_calibration,
    read_departments,
    read_groups,
    read_outside,
)
from knowledge.readers.guidance import read_corpus
from knowledge.text import normalise

DATA = Path(__file__).parents[2] / "data"
GOLDEN = sorted((DATA.parent / "tests" / "golden").glob("guidance-*.yaml"))
CORPUS = read_corpus(DATA / "guidance")
PLACES = {place.anchor: place for place in CORPUS.places}
FEWEST_QUESTIONS = 10
UNVERIFIED = re.compile(r"\[M\]")
TRADITIONAL = re.compile("[們個這說簡傳廠應為與會後發]")


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    return PLACES[request.param]


def asked() -> Iterator[str]:
    for path in GOLDEN:
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]:
            yield item["ask"]


def bare(question: str) -> str:
    """A question without the marks and spaces in which a copy may differ."""
    return "".join(character for character in normalise(question) if character.isalnum())


def test_every_page_of_the_plan_is_there() -> None:
    """The guidance has its pages, each with passages."""
    assert 57 <= len(CORPUS.pages)
    assert 100 <= len(CORPUS.places)


def test_a_passage_speaks_both_languages(place: Place) -> None:
    """Heading and text are there in Simplified Chinese and in English."""
    passage = place.passage
    for text in (passage.heading, passage.text):
        assert re.search("[\u4e00-\u9fff]", text.zh)
        assert re.search("[A-Za-z]{3}", text.en)
    assert not TRADITIONAL.search(passage.heading.zh + passage.text.zh)


def test_a_passage_is_of_a_size_to_be_shown(place: Place) -> None:
    """A passage fits a chat message: 60 to 300 characters of Chinese."""
    assert 60 <= len(place.passage.text.zh) <= 300


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_stands_in_a_fact(place: Place, language: str) -> None:
    """Each number in a passage is in one of the facts it names."""
    facts = [CORPUS.fact(name) for name in place.passage.facts]
    known = set[str]().union(
        *(numbers(text) for f in facts for text in (f.statement.zh, f.statement.en)),
        *(numbers(f"{f.valid_from} {f.valid_to}") for f in facts),
    )
    assert set() == numbers(place.passage.text.of(language)) - known


def test_a_passage_has_questions_of_its_own(place: Place) -> None:
    """At least ten different questions, some of them in English, stand beside each passage."""
    questions = place.passage.questions
    assert FEWEST_QUESTIONS <= len({bare(question) for question in questions})
    assert len(questions) == len(set(questions))
    assert any(re.search("[a-z]{3} [a-z]{2}", q.lower()) for q in questions)


def test_golden_questions_are_nowhere_else() -> None:
    """No golden question is copied into a passage or into the questions outside."""
    own = {bare(question) for place in CORPUS.places for question in place.passage.questions}
    outside = {bare(question) for question in read_outside(DATA / "glossary")}
    assert [] == [question for question in asked() if bare(question) in own | outside]
    assert set() == own & outside


def test_nothing_unverified_is_shown() -> None:
    """No line that was tagged as unverified is in the guidance."""
    texts = {path.name: path.read_text("utf-8") for path in DATA.glob("g*/*.yaml")}
    assert [] == [name for name, text in texts.items() if UNVERIFIED.search(text)]


def test_every_fact_is_used() -> None:
    """A fact is stated by a passage, or has taken the place of one that is."""
    stated = {name for place in CORPUS.places for name in place.passage.facts}
    successors = {CORPUS.fact(name).superseded_by for name in stated}
    every = {fact.id for page in CORPUS.pages for fact in page.facts}
    assert set() == every - stated - successors


def test_successors_lead_to_a_fact_that_holds() -> None:
    """Following successors ends, at a fact that nothing has superseded."""
    for page in CORPUS.pages:
        for fact in page.facts:
            seen, current = {fact.id}, fact
            while current.superseded_by is not None:
                current = CORPUS.fact(current.superseded_by)
                assert current.id not in seen
                seen.add(current.id)


def test_golden_questions_expect_what_exists() -> None:
    """Every anchor a golden question accepts is in the guidance."""
    anchors = set(CORPUS.anchors())
    for path in GOLDEN:
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]:
            assert set() == set(item["expect"]) - anchors
            assert bool(item["expect"]) == (item["kind"] != "unanswerable")


def test_the_glossary_is_valid() -> None:
    """Words, questions outside, departments and calibration can be read; groups are real groups."""
    groups = read_groups(DATA / "glossary")
    assert all(len(set(group)) >= 2 for group in groups)
    assert read_calibration(DATA / "glossary").weights
    departments = read_departments(DATA / "glossary")
    named = {*departments.technical, *departments.legal, *departments.business}
    sections = {section for page in CORPUS.pages for section in page.sections}
    pages = {page.page for page in CORPUS.pages}
    assert set() == sections - named
    assert set() == {name for name in named if name[0].isalpha()} - pages
    assert len(named) == sum(
        map(len, (departments.technical, departments.legal, departments.business))
    )


def test_anchors_are_unique() -> None:
    """No two places of the guidance have the same anchor."""
    anchors = list(CORPUS.anchors())
    assert len(anchors) == len(set(anchors))
