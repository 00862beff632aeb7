"""The papers of one evaluation: read apart, found by their words, quoted and never believed.

Each evaluation has an object of its own, so that no question can find another's papers. It lives
in memory only: at rest there is nothing but the files themselves. There is no dense leg: on texts
as few as these, neither the guidance's table nor one of their own found anything more.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath

import numpy as np

from knowledge.lexical import LexicalIndex
from knowledge.readers import apart
from knowledge.readers.glossary import read_groups
from knowledge.readers.paper import Read, Section
from knowledge.text import Apart, Glossary, normalise, terms

SHOWN = 3
MOST_SECTIONS = 1500  # of one evaluation: a few seconds of indexing; the newest papers first
ENOUGH = 0.2  # share of the question's weight a section must hold; docs/guidance.md has figures
ENOUGH_WHERE_NAMED = 0.1  # the same where the question itself speaks of a paper
BESIDE = 0.5  # share of the best one's score that a further one must have
LONGEST_LINE = 120  # characters; a longer one is shown from its best sentence on

_NAMES_PAPERS = re.compile(
    r"合同|协议|报价[单表]|价目表|手册|宣传册|材料里|附件|文件里|上传"
    r"|\b(?:contract|agreement|quotation|price list|brochure|papers?|documents?|attachment|file)\b"
)
_HAN = re.compile("[\u4e00-\u9fff]")
_SENTENCES = re.compile(r"(?<=[。！？；!?;])")


@dataclass(frozen=True)
class Paper:
    """A file somebody handed in; `name` is the sender's for it, `kind` its media type."""

    digest: str
    name: str
    kind: str
    path: Path


@dataclass(frozen=True)
class PaperHit:
    """A section of a paper, from the line on that fits best; `score` is its share, 0 to 1."""

    name: str
    section: str
    text: str
    score: float


class Papers:
    """What the papers of one evaluation say. May be shared between threads."""

    def __init__(self, read: Sequence[tuple[str, Read]], glossary: Glossary) -> None:
        """`read` are names and what was read under them, oldest first."""
        found = [(name, each) for name, paper in reversed(read) for each in paper.sections]
        self._sections = found[:MOST_SECTIONS]
        texts = [_indexed(name, each) for name, each in self._sections]
        apart = [Apart.of(text, glossary) for text in texts]
        self._lexical = LexicalIndex.of(apart, glossary) if texts else None

    @classmethod
    def open(cls, folder: Path, files: Sequence[Paper]) -> "Papers":
        """Read the files, each in a process of its own; `folder` holds `glossary`.

        What cannot be read is left out. Raises ContentError where the glossary is wrong.
        """
        outcomes = [(file.name, apart.read(file.path, file.name, file.kind)) for file in files]
        read = [(name, each) for name, each in outcomes if isinstance(each, Read)]
        return cls(read, glossary_of(folder))

    def find(self, question: str) -> Sequence[PaperHit]:
        """At most three sections worth showing, the best first; none where nothing fits."""
        if self._lexical is None:
            return ()
        weights = self._lexical.weigh(question)
        shares = self._lexical.shares(weights)
        named = _NAMES_PAPERS.search(normalise(question))
        enough = ENOUGH_WHERE_NAMED if named else ENOUGH
        scores = self._lexical.scores(question)
        order = np.argsort(-scores, kind="stable")[:SHOWN]
        language = "zh" if _HAN.search(question) else "en"
        return [
            self._hit(number, float(shares[number]), weights, language)
            for number in map(int, order)
            if shares[number] >= enough and scores[number] >= BESIDE * scores[order[0]]
        ]

    def _hit(self, number: int, share: float, weights: dict[str, float], language: str) -> PaperHit:
        name, section = self._sections[number]
        place = section.place.of(language)
        where = f"{section.heading}，{place}" if section.heading and language == "zh" else place
        if section.heading and language != "zh":
            where = f"{section.heading}, {place}"
        return PaperHit(name, where, self._from_best(section.text, weights), round(share, 3))

    def _from_best(self, text: str, weights: dict[str, float]) -> str:
        """The section from the line on that holds most of the question."""
        lines = [piece for line in text.split("\n") for piece in _in_lines(line)]
        held = [self._worth(line, weights) for line in lines]
        best = held.index(max(held))
        return ("…" if best else "") + "\n".join(lines[best:])

    def _worth(self, line: str, weights: dict[str, float]) -> float:
        glossary = self._lexical.glossary if self._lexical else Glossary(())
        return sum(weights.get(term, 0.0) for term in set(terms(line, glossary)))


def _in_lines(line: str) -> list[str]:
    if len(line) <= LONGEST_LINE:
        return [line]
    return [sentence for sentence in _SENTENCES.split(line) if sentence]


def _indexed(name: str, section: Section) -> str:
    """The heading counts twice, as in the guidance; the paper's name once."""
    return f"{PurePath(name).stem} {section.heading}\n{section.heading}\n{section.text}"


@lru_cache(maxsize=4)
def glossary_of(folder: Path) -> Glossary:
    """The words of one meaning in `folder`/glossary. Raises ContentError."""
    return Glossary(read_groups(folder / "glossary"))
