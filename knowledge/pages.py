"""Guidance pages as data: dated facts with their sources, and the passages that state them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from pydantic import Field

from knowledge.content import Bilingual, Content
from knowledge.errors import UnknownAnchorError

Kind = Literal["official", "vendor", "press", "community", "article", "house"]
Interest = Literal["none", "vendor"]
Confidence = Literal["read", "document", "public"]
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class Source(Content):
    """Where a fact was found, and whether its author gains by our believing it.

    `confidence` is how it was seen: `read` in the source itself, in a `document` of a vendor or
    an authority, or on one `public` page.
    """

    title: str | Bilingual
    publisher: str | Bilingual
    date: date | str | None
    kind: Kind
    interest: Interest
    confidence: Confidence
    url: str | None = None


class Fact(Content):
    """One statement that can be checked, dated and superseded (by a fact id on any page)."""

    id: str = Field(pattern=NAME)
    statement: Bilingual
    jurisdiction: str
    valid_from: date | None = None
    valid_to: date | None = None
    superseded_by: str | None = None
    sources: tuple[str, ...] = Field(min_length=1)
    decided_by: str | None = None


class Passage(Content):
    """A section that answers questions; `facts` are the statements its text rests on."""

    id: str = Field(pattern=NAME)
    heading: Bilingual
    text: Bilingual
    facts: tuple[str, ...] = Field(min_length=1)
    questions: tuple[str, ...]


class Page(Content):
    """One file of `data/guidance/`; `sections` name the checklist sections it belongs to.

    `meanings`: it says what words mean, which is not what most questions with these words ask.
    """

    page: str = Field(pattern=NAME)
    title: Bilingual
    sections: tuple[str, ...]
    meanings: bool = False
    reviewed: date
    sources: dict[str, Source]
    facts: tuple[Fact, ...]
    passages: tuple[Passage, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Place:
    """A passage where it stands: `licence#patterns` is passage `patterns` of page `licence`."""

    page: Page
    passage: Passage

    @property
    def anchor(self) -> str:
        return f"{self.page.page}#{self.passage.id}"


@dataclass(frozen=True)
class Corpus:
    """All pages together, already checked as a whole by whoever read them."""

    pages: tuple[Page, ...]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        return tuple(Place(page, passage) for page in self.pages for passage in page.passages)

    @cached_property
    def _facts(self) -> dict[str, tuple[Page, Fact]]:
        return {fact.id: (page, fact) for page in self.pages for fact in page.facts}

    @cached_property
    def _by_anchor(self) -> dict[str, Place]:
        exact = {place.anchor: place for place in self.places}
        first = {page.page: Place(page, page.passages[0]) for page in self.pages}
        return exact | first

    def place(self, anchor: str) -> Place:
        """A page's id gives its first passage; raises UnknownAnchorError."""
        try:
            return self._by_anchor[anchor]
        except KeyError:
            raise UnknownAnchorError(anchor) from None

    def fact(self, fact_id: str) -> Fact:
        return self._facts[fact_id][1]

    def former(self, fact_id: str) -> Iterator[tuple[Place, Fact]]:
        """What this fact has taken the place of, each where it is stated."""
        for place in self.places:
            for name in place.passage.facts:
                if self.fact(name).superseded_by == fact_id:
                    yield place, self.fact(name)

    def sources(self, fact_id: str) -> tuple[Source, ...]:
        """The sources of a fact, in the order its page lists them for it."""
        page, fact = self._facts[fact_id]
        return tuple(page.sources[name] for name in fact.sources)

    def anchors(self) -> Iterator[str]:
        """Every page id and every page#passage, in the order of the files."""
        for page in self.pages:
            yield page.page
            for passage in page.passages:
                yield f"{page.page}#{passage.id}"
