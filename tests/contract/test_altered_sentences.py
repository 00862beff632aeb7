"""Every sentence of the guidance, altered as a careless model would: none is taken for the same."""

import re

import pytest

from bot.settings import CONTENT
from knowledge.extract import sentences
from knowledge.pages import Passage
from knowledge.readers.guidance import read_corpus
from knowledge.rewording import says_the_same

PASSAGES = {place.anchor: place.passage for place in read_corpus(CONTENT / "guidance").places}
NUMBER = re.compile(r"(?<![\d.A-Za-z-])\d+(?:\.\d+)?(?![\d.])")
TURNED = {
    "zh": (
        ("不得", "可以"),
        ("必须", "不必"),
        ("不超过", "至少"),
        ("至少", "至多"),
        ("不能", "能"),
    ),
    "en": (("must not", "may"), ("at least", "at most"), ("must", "may"), (" not ", " ")),
}


def altered(passage: Passage, language: str) -> list[tuple[str, str]]:
    """(sentence, what was made of it): another number, or the meaning turned round."""
    made = []
    for one in sentences(passage.text.of(language)):
        for found in NUMBER.finditer(one):
            other = f"{one[: found.start()]}{float(found[0]) + 1:g}{one[found.end() :]}"
            made.append((one, other))
        made += [(one, one.replace(old, new)) for old, new in TURNED[language] if old in one]
    return made


@pytest.mark.parametrize("anchor", PASSAGES)
def test_no_altered_sentence_holds(anchor: str) -> None:
    """Quoting the true sentence does not help a number that is off or a `not` that is gone."""
    passage = PASSAGES[anchor]
    wrong = [
        other
        for language in ("zh", "en")
        for one, other in altered(passage, language)
        if says_the_same(other, one, language)
    ]
    assert [] == wrong
