"""The question sets of `bench_ask.py`, and our pages grown to any number."""

import random
from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.content import Bilingual
from knowledge.pages import Corpus, Page, Passage

ROOT = Path(__file__).parent.parent
DEVELOPMENT = ("guidance-questions", "guidance-plain", "guidance-voices")
UNSEEN = "guidance-unseen"  # kept apart: nothing is tuned or fitted on it
# the 6,763 characters of GB 2312, two bytes each: what Simplified Chinese is written with
_FIRST, _SECOND = range(0xB0, 0xF8), range(0xA1, 0xFF)
HAN = [
    bytes((first, second)).decode("gb2312", errors="ignore")
    for first in _FIRST
    for second in _SECOND
]


@dataclass(frozen=True)
class Question:
    """`expect` are the acceptable anchors; none where the guidance does not say."""

    ask: str
    kind: str
    expect: frozenset[str]

    def met_by(self, anchor: str) -> bool:
        return anchor in self.expect or anchor.split("#")[0] in self.expect


def read(name: str) -> list[Question]:
    """One set; none where its file is not there."""
    path = ROOT / "tests" / "golden" / f"{name}.yaml"
    if not path.is_file():
        return []
    items = yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]
    return [Question(str(i["ask"]), i["kind"], frozenset(map(str, i["expect"]))) for i in items]


def grown(corpus: Corpus, pages: int) -> Corpus:
    """Our pages, and copies of them with other characters until there are so many.

    Each copy puts a random character for every Chinese one, always the same for the same: as long
    and as repetitive as ours, with hardly a pair in common.
    """
    copies = [
        _disguised(corpus.pages[number % len(corpus.pages)], number)
        for number in range(pages - len(corpus.pages))
    ]
    return Corpus((*corpus.pages, *copies))


def _disguised(page: Page, number: int) -> Page:
    chance = random.Random(number)  # noqa: S311
    other: dict[int, str] = {}
    characters = [character for character in HAN if character]
    known = set(characters)

    def disguise(text: str) -> str:
        for character in known.intersection(text):
            other.setdefault(ord(character), chance.choice(characters))
        return text.translate(other)

    def both(text: Bilingual) -> Bilingual:
        return Bilingual(zh=disguise(text.zh), en=text.en[::-1])

    def passage(one: Passage) -> Passage:
        return one.model_copy(
            update={
                "heading": both(one.heading),
                "text": both(one.text),
                "questions": tuple(map(disguise, one.questions)),
            }
        )

    changed = {
        "page": f"{page.page}-{number}",
        "title": both(page.title),
        "passages": tuple(map(passage, page.passages)),
    }
    return page.model_copy(update=changed)
