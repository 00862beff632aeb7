"""What is indexed: each passage's text in both languages, its questions together and one by one.

Questions that the guidance does not answer (`data/glossary/outside.yaml`) stand beside them, so
that what lies nearest to a question may also be that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from knowledge.pages import Corpus, Place

Field = Literal["text", "questions", "question", "outside"]
NOWHERE = -1


@dataclass(frozen=True)
class Unit:
    """A text that stands for the passage at this position of `Corpus.places`, or for none."""

    place: int
    field: Field
    text: str


def units(corpus: Corpus, outside: Iterable[str]) -> tuple[Unit, ...]:
    own = (unit for number, place in enumerate(corpus.places) for unit in _of(number, place))
    return (*own, *(Unit(NOWHERE, "outside", question) for question in outside))


def _of(number: int, place: Place) -> Iterator[Unit]:
    passage = place.passage
    for language in ("zh", "en"):
        # the heading counts twice
        heading = f"{place.page.title.of(language)} {passage.heading.of(language)}"
        yield Unit(number, "text", f"{heading}\n{heading}\n{passage.text.of(language)}")
    yield Unit(number, "questions", "\n".join(passage.questions))
    for question in passage.questions:
        yield Unit(number, "question", question)
