"""From found passages to an answer: quoted sentences with their sources, or a refusal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge.citation import Citation, Footnotes, Reader
from knowledge.content import Bilingual
from knowledge.extract import Weigh, borne, covering, sentences, supporting
from knowledge.pages import Corpus, Fact, Page, Place
from knowledge.premise import Claim, Ground, Judgement, Verdict, calls_it_law, judge
from knowledge.refusal import Tier

Ranked = Sequence[tuple[Place, float]]
SHOWN = 5  # passages handed back with an answer
MOST_FACTS = 3  # told when somebody asks what an answer rests on
BESIDE = 3  # passages whose facts may hold what a question asserts
NAMED = 2  # nearest headings named in a refusal

_DEPARTMENT = {
    "technical": Bilingual(zh="技术", en="technical"),
    "legal": Bilingual(zh="法务", en="legal"),
    "business": Bilingual(zh="业务", en="business"),
}
_LEADS: dict[Verdict, Bilingual] = {
    "holds": Bilingual(zh="对，指引这样写：", en="Yes, the guidance says: "),
    "not said": Bilingual(
        zh="指引没有这样说，它写的是：", en="No, the guidance does not say so; it says: "
    ),
    "not enough": Bilingual(
        zh="指引没有说这样就够，它写的是：",
        en="The guidance does not say that this is enough; it says: ",
    ),
    "superseded": Bilingual(
        zh="不对，那是旧规定，已被取代，现在的是：",
        en="No longer: that was the former rule; the present one is: ",
    ),
    "not law": Bilingual(
        zh="指引没有说这是法规，它写的是：",
        en="The guidance does not call this law; it says: ",
    ),
    "enough": Bilingual(
        zh="单看数字，够到了指引的线：", en="By the figure alone it reaches the guidance's line: "
    ),
    "too little": Bilingual(
        zh="单看数字，没到指引的线：", en="By the figure alone it misses the guidance's line: "
    ),
    "within": Bilingual(
        zh="单看数字，没超过指引的线：", en="By the figure alone it is within the guidance's line: "
    ),
    "beyond": Bilingual(
        zh="单看数字，超过了指引的线：", en="By the figure alone it is beyond the guidance's line: "
    ),
    "open": Bilingual(zh="指引的原话是：", en="In the guidance's own words: "),
}
_RESTS_ON = Bilingual(zh="依据是：", en="It rests on this: ")
_SURE: frozenset[Verdict] = frozenset(
    {"not said", "not enough", "not law", "open"}
)  # of a doubtful passage too


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


class PaperHit(Protocol):
    """A section of a paper somebody handed in for the evaluation; nobody has checked it."""

    @property
    def name(self) -> str: ...
    @property
    def section(self) -> str: ...
    @property
    def text(self) -> str: ...


class Papers(Protocol):
    """The papers of one evaluation, and of no other."""

    def find(self, question: str) -> Sequence[PaperHit]: ...


@dataclass(frozen=True)
class Answer:
    """`answer` carries markers such as [1] that point into `citations`; passages best first.

    `meant` is the question that stands alone behind this one: what the next may lean on.
    `papers` are quoted beside the answer; no sentence of it rests on them.
    """

    question: str
    answer: str
    refused: bool
    tier: Tier
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    meant: str = ""
    papers: tuple[PaperHit, ...] = ()


@dataclass(frozen=True)
class Quoting:
    """How answers are written: of which corpus, in which language, on which day."""

    corpus: Corpus
    departments: Departments
    weigh: Weigh
    language: str
    today: date

    def answer(
        self, question: str, tier: Tier, ranked: Ranked, *, claim: Claim | None = None
    ) -> Answer:
        """Quote the first of the ranked passages, or refuse and name the nearest.

        What the question asserts is agreed with or corrected first.
        """
        passages = self._shown(ranked)
        if tier == "does not say":
            return Answer(question, self._refusal(ranked), True, tier, (), passages)
        place = ranked[0][0]
        if claim is not None and (ruled := self._ruled(question, tier, ranked, claim)):
            text, citations = ruled
        else:
            text, citations = self._quoted(place, question)
        return Answer(question, text, False, tier, citations, passages)

    def origin(self, question: str, place: Place) -> Answer:
        """What a passage rests on, fact by fact, each with its source."""
        notes = self._notes()
        facts = [self.corpus.fact(name) for name in place.passage.facts][:MOST_FACTS]
        official = any(self._ground(fact).official for fact in facts)
        lead = (_RESTS_ON if official or not calls_it_law(question) else _LEADS["not law"]).of(
            self.language
        )
        text = lead + self._joined([self._stated(notes, place, fact) for fact in facts])
        return Answer(question, text, False, "says", notes.citations(), (self._hit(place, 0.0),))

    def _ruled(
        self, question: str, tier: Tier, ranked: Ranked, claim: Claim
    ) -> tuple[str, tuple[Citation, ...]] | None:
        """The verdict on what was asserted, before the facts it rests on; None: nothing to say."""
        places = self._beside(ranked, claim)
        stated = [(place, self.corpus.fact(n)) for place in places for n in place.passage.facts]
        stated += [each for _, fact in stated for each in self.corpus.former(fact.id)]
        grounds = [self._ground(fact, found=place is places[0]) for place, fact in stated]
        found = judge(claim, question, grounds, self.weigh)
        if tier != "says" and found.verdict not in _SURE:
            found = Judgement("open")
        if found.verdict == "open" and not claim.asserted:
            return None
        lead = _LEADS[found.verdict].of(self.language)
        if not found.facts:
            text, citations = self._quoted(ranked[0][0], question)
            return lead + text, citations
        told = [stated[number] for number in found.facts]
        for place, fact in told[:1]:
            if fact.superseded_by is not None:
                told.insert(0, (place, self.corpus.fact(fact.superseded_by)))
        notes = self._notes()
        text = self._joined([self._stated(notes, place, fact) for place, fact in told])
        return lead + text, notes.citations()

    def _beside(self, ranked: Ranked, claim: Claim) -> list[Place]:
        """The passage found, and those near it that may hold what is asserted."""
        if not claim.asserted:
            return [ranked[0][0]]
        least = ranked[0][1] / 2
        return [place for place, score in ranked[:BESIDE] if score >= least]

    def _ground(self, fact: Fact, *, found: bool = True) -> Ground:
        sources = self.corpus.sources(fact.id)
        official = any(source.kind == "official" for source in sources)
        interested = any(source.interest == "vendor" for source in sources)
        return Ground(fact, official, interested, found)

    def _stated(self, notes: Footnotes, place: Place, fact: Fact) -> str:
        """A fact in its own words, each sentence with the marker."""
        parts = sentences(fact.statement.of(self.language))
        return self._joined([part + notes.marks(place, [fact]) for part in parts])

    def _joined(self, parts: Iterable[str]) -> str:
        return (" " if self.language == "en" else "").join(parts)

    def _notes(self) -> Footnotes:
        return Footnotes(Reader(self.corpus, self.language, self.today))

    def _shown(self, ranked: Ranked) -> tuple[Hit, ...]:
        return tuple(self._hit(place, score) for place, score in ranked[:SHOWN])

    def section(self, place: Place, also: Iterable[Place] = ()) -> Answer:
        """A whole passage as it stands; `also` are named as further reading."""
        text, citations = self._cited(place, sentences(place.passage.text.of(self.language)))
        passages = tuple(self._hit(each, 0.0) for each in (place, *also))
        heading = place.passage.heading.of(self.language)
        return Answer(heading, text, False, "says", citations, passages)

    def _quoted(self, place: Place, question: str) -> tuple[str, tuple[Citation, ...]]:
        """The sentences that cover the question, without any that no fact of the passage bears.

        Where none is borne, the facts themselves.
        """
        facts = [self.corpus.fact(name) for name in place.passage.facts]
        said = sentences(place.passage.text.of(self.language))
        if parts := borne(said, "\n".join(map(_whole, facts))):
            return self._cited(place, covering(parts, question, self.weigh))
        notes = self._notes()
        text = self._joined([self._stated(notes, place, fact) for fact in facts[:MOST_FACTS]])
        return text, notes.citations()

    def _cited(self, place: Place, chosen: Sequence[str]) -> tuple[str, tuple[Citation, ...]]:
        """The sentences, each with its markers, and what the markers point to."""
        facts = [self.corpus.fact(name) for name in place.passage.facts]
        statements = [fact.statement.of(self.language) for fact in facts]
        notes = self._notes()
        marked = [
            sentence
            + notes.marks(place, (facts[n] for n in supporting(sentence, statements, self.weigh)))
            for sentence in chosen
        ]
        return self._joined(marked), notes.citations()

    def _refusal(self, ranked: Ranked) -> str:
        near = [place for place, score in ranked[:NAMED] if score > 0]
        page = near[0].page if near else None
        whom = _DEPARTMENT[self.departments.of(page) if page else "business"].of(self.language)
        headings = [f"「{place.passage.heading.of(self.language)}」" for place in near]
        if self.language == "en":
            headings = [f'"{heading[1:-1]}"' for heading in headings]
            nearest = f" Nearest sections: {', '.join(headings)}." if headings else ""
            return f"The guidance does not say.{nearest} Please ask your {whom} colleague."
        nearest = f"最接近的章节：{'、'.join(headings)}。" if headings else ""
        return f"指引没有写到这个问题。{nearest}请问{whom}部门的同事。"

    def _hit(self, place: Place, score: float) -> Hit:
        passage = place.passage
        heading, text = passage.heading.of(self.language), passage.text.of(self.language)
        return Hit(place.anchor, heading, text, round(score, 4))


def _whole(fact: Fact) -> str:
    """All a fact says, in both languages, and since when or until when."""
    valid = f"{fact.valid_from or ''} {fact.valid_to or ''}"
    return f"{fact.statement.zh}\n{fact.statement.en}\n{valid}"
