"""From found passages to an answer: quoted sentences with their sources, or a refusal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge.citation import Citation, Footnotes, Reader
from knowledge.content import Bilingual
from knowledge.extract import Weigh, covering, sentences, supporting
from knowledge.pages import Corpus, Page, Place
from knowledge.refusal import Tier

SHOWN = 5  # passages handed back with an answer
NAMED = 2  # nearest headings named in a refusal

_DEPARTMENT = {
    "technical": Bilingual(zh="技术", en="technical"),
    "legal": Bilingual(zh="法务", en="legal"),
    "business": Bilingual(zh="业务", en="business"),
}


class Departments(Protocol):
    """Who knows about a page: `technical`, `legal` or `business`."""

    def of(self, page: Page) -> str: ...


@dataclass(frozen=True)
class Hit:
    """A passage that was found; `score` (0 to 2) compares within one question only."""

    id: str
    heading: str
    text: str
    score: float


@dataclass(frozen=True)
class Answer:
    """`answer` carries markers such as [1] that point into `citations`; passages best first."""

    question: str
    answer: str
    refused: bool
    tier: Tier
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]


@dataclass(frozen=True)
class Quoting:
    """How answers are written: of which corpus, in which language, on which day."""

    corpus: Corpus
    departments: Departments
    weigh: Weigh
    language: str
    today: date

    def answer(self, question: str, tier: Tier, ranked: Sequence[tuple[Place, float]]) -> Answer:
        """Quote the first of the ranked passages, or refuse and name the nearest."""
        passages = tuple(self._hit(place, score) for place, score in ranked[:SHOWN])
        if tier == "does not say":
            return Answer(question, self._refusal(ranked), True, tier, (), passages)
        place = ranked[0][0]
        chosen = covering(place.passage.text.of(self.language), question, self.weigh)
        text, citations = self._cited(place, chosen)
        return Answer(question, text, False, tier, citations, passages)

    def section(self, place: Place, also: Iterable[Place] = ()) -> Answer:
        """A whole passage as it stands; `also` are named as further reading."""
        text, citations = self._cited(place, sentences(place.passage.text.of(self.language)))
        passages = tuple(self._hit(each, 0.0) for each in (place, *also))
        heading = place.passage.heading.of(self.language)
        return Answer(heading, text, False, "says", citations, passages)

    def _cited(self, place: Place, chosen: Sequence[str]) -> tuple[str, tuple[Citation, ...]]:
        """The sentences, each with its markers, and what the markers point to."""
        facts = [self.corpus.fact(name) for name in place.passage.facts]
        statements = [fact.statement.of(self.language) for fact in facts]
        notes = Footnotes(Reader(self.corpus, self.language, self.today))
        marked = [
            sentence
            + notes.marks(place, (facts[n] for n in supporting(sentence, statements, self.weigh)))
            for sentence in chosen
        ]
        gap = " " if self.language == "en" else ""
        return gap.join(marked), notes.citations()

    def _refusal(self, ranked: Sequence[tuple[Place, float]]) -> str:
        near = [place for place, score in ranked[:NAMED] if score > 0]
        page = near[0].page if near else None
        whom = _DEPARTMENT[self.departments.of(page) if page else "business"].of(self.language)
        headings = [f"「{place.passage.heading.of(self.language)}」" for place in near]
        if self.language == "en":
            nearest = f" Nearest sections: {', '.join(headings)}." if headings else ""
            return f"The guidance does not say.{nearest} Please ask your {whom} colleague."
        nearest = f"最接近的章节：{'、'.join(headings)}。" if headings else ""
        return f"指引没有写到这个问题。{nearest}请问{whom}部门的同事。"

    def _hit(self, place: Place, score: float) -> Hit:
        passage = place.passage
        heading, text = passage.heading.of(self.language), passage.text.of(self.language)
        return Hit(place.anchor, heading, text, round(score, 4))
