"""Where a sentence comes from: sources with date, interest and confidence, and whether it holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.content import Bilingual
from knowledge.pages import Corpus, Fact, Place, Source

_KIND = {
    "official": Bilingual(zh="官方", en="official"),
    "vendor": Bilingual(zh="供应商材料", en="vendor's document"),
    "press": Bilingual(zh="媒体报道", en="press"),
    "community": Bilingual(zh="公开汇集", en="community"),
    "article": Bilingual(zh="文章", en="article"),
    "house": Bilingual(zh="本方默认判据，可改", en="house default, editable"),
}
_INTERESTED = Bilingual(zh="供应商自述，有利益关系", en="the vendor's own words, interested party")
_CONFIDENCE = {
    "read": Bilingual(zh="已读原文", en="read in the source"),
    "document": Bilingual(zh="见于文件", en="seen in a document"),
    "public": Bilingual(zh="仅见公开网页，待核", en="one public page, to be checked"),
}


@dataclass(frozen=True)
class Citation:
    """One footnote: facts of a passage that share sources and validity."""

    number: int
    anchor: str
    heading: str
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    note: str  # superseded, expired or not yet in force; empty when it holds today


@dataclass(frozen=True)
class Reader:
    """In which language and on which day citations are written."""

    corpus: Corpus
    language: str
    today: date

    def source(self, source: Source) -> str:
        """Title, publisher, date, kind, interest and confidence on one line."""
        parts = [self._own(source.title), self._own(source.publisher), str(source.date or "")]
        if source.interest == "vendor":
            parts.append(_INTERESTED.of(self.language))
        else:
            parts.append(_KIND[source.kind].of(self.language))
        if source.kind != "house":
            parts.append(_CONFIDENCE[source.confidence].of(self.language))
        return " · ".join(part for part in parts if part)

    def note(self, fact: Fact) -> str:
        """Why the fact does not hold today, and what took its place; empty when it holds."""
        if fact.superseded_by is not None:
            successor = self.corpus.fact(fact.superseded_by).statement.of(self.language)
            return self.superseded(successor)
        if fact.valid_to is not None and fact.valid_to < self.today:
            return self._say(f"已于 {fact.valid_to} 失效", f"expired on {fact.valid_to}")
        if fact.valid_from is not None and fact.valid_from > self.today:
            return self._say(
                f"{fact.valid_from} 起才施行", f"not in force before {fact.valid_from}"
            )
        return ""

    def superseded(self, by: str) -> str:
        return self._say(f"已被取代：{by}", f"superseded: {by}")

    def _own(self, text: str | Bilingual) -> str:
        return text if isinstance(text, str) else text.of(self.language)

    def _say(self, zh: str, en: str) -> str:
        return en if self.language == "en" else zh


class Footnotes:
    """Numbers citations in the order in which sentences first need them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._facts: dict[tuple[object, ...], list[Fact]] = {}
        self._places: dict[tuple[object, ...], Place] = {}

    def marks(self, place: Place, facts: Iterable[Fact]) -> str:
        """The markers of these facts, as `[1][2]`."""
        marks: list[str] = []
        for fact in facts:
            key = self._key(place, fact)
            held = self._facts.setdefault(key, [])
            self._places[key] = place
            if fact not in held:
                held.append(fact)
            marks.append(f"[{list(self._facts).index(key) + 1}]")
        return "".join(dict.fromkeys(marks))

    def citations(self) -> tuple[Citation, ...]:
        return tuple(
            self._citation(number, self._places[key], facts)
            for number, (key, facts) in enumerate(self._facts.items(), start=1)
        )

    def _note(self, fact: Fact) -> str:
        """As the reader has it; where the successor is cited too, it is pointed at."""
        for number, held in enumerate(self._facts.values(), start=1):
            if any(each.id == fact.superseded_by for each in held):
                return self._reader.superseded(f"[{number}]")
        return self._reader.note(fact)

    def _key(self, place: Place, fact: Fact) -> tuple[object, ...]:
        sources = self._reader.corpus.sources(fact.id)
        return (place.anchor, sources, fact.valid_from, fact.valid_to, self._reader.note(fact))

    def _citation(self, number: int, place: Place, facts: list[Fact]) -> Citation:
        reader, first = self._reader, facts[0]
        return Citation(
            number=number,
            anchor=place.anchor,
            heading=place.passage.heading.of(reader.language),
            facts=tuple(fact.id for fact in facts),
            sources=tuple(map(reader.source, reader.corpus.sources(first.id))),
            valid_from=first.valid_from,
            valid_to=first.valid_to,
            note=self._note(first),
        )
