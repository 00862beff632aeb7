"""What is indexed: each passage once in each language, and each of its own questions."""

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.pages import Corpus, Place


@dataclass(frozen=True)
class Unit:
    """A text that stands for the passage at this position of `Corpus.places`."""

    place: int
    text: str
    is_question: bool = False


def units(corpus: Corpus) -> tuple[Unit, ...]:
    return tuple(
        unit for number, place in enumerate(corpus.places) for unit in _of(number, place)
    )


def _of(number: int, place: Place) -> Iterator[Unit]:
    passage = place.passage
    for language in ("zh", "en"):
        # the heading counts twice
        heading = f"{place.page.title.of(language)} {passage.heading.of(language)}"
        yield Unit(number, f"{heading}\n{heading}\n{passage.text.of(language)}")
    yield Unit(number, "\n".join(passage.questions))
    for question in passage.questions:
        yield Unit(number, question, is_question=True)
