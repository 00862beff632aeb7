"""A question in, passages out: both legs fused, with the signals that decide on a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from knowledge.dense import InMemory, Store
from knowledge.embedding import Embedder, Table, Vectors
from knowledge.lexical import LexicalIndex
from knowledge.pages import Corpus
from knowledge.units import Unit


@dataclass(frozen=True)
class Found:
    """Passages (their positions in `Corpus.places`) best first, and what the legs saw."""

    order: tuple[int, ...]
    scores: Vectors  # of every passage, 0 to 2
    signals: Mapping[str, float]


@dataclass(frozen=True)
class Search:
    """Both legs over the same units. `embedder` and `store` rank; `table` judges relevance."""

    corpus: Corpus
    units: tuple[Unit, ...]
    lexical: LexicalIndex
    table: Table
    near: InMemory
    embedder: Embedder
    store: Store

    def with_dense(self, embedder: Embedder, store: Store) -> "Search":
        """The same search, ranking with another model or store."""
        return replace(self, embedder=embedder, store=store)

    def find(self, question: str) -> Found:
        lexical = self._by_place(self.lexical.scores(question))
        dense = self._by_place(self.store.cosines(self.embedder.embed([question])[0]))
        fused = _share(lexical) + _share(dense)
        order = np.argsort(-fused, kind="stable")
        signals = self._signals(question, lexical, int(order[0]))
        return Found(tuple(map(int, order)), fused, signals)

    def _signals(self, question: str, lexical: Vectors, best: int) -> dict[str, float]:
        """What tells a question with an answer from one merely near the topic, each 0 to about 1."""
        cosines = self._by_place(self.near.cosines(self.table.embed([question])[0]))
        weights = {
            term: weight
            for term, weight in self.lexical.weigh(question).items()
            if term[0] in _TELLING
        }
        return {
            "cosine": float(cosines.max(initial=0)),
            "cosine_margin": _margin(cosines),
            "lexical_margin": _margin(_share(lexical)),
            "lexical_share": float(lexical.max(initial=0)) / self.lexical.most(question),
            "known": self._held(weights, self._everywhere),
            "covered": self._held(weights, self._rows[best]),
            "agreement": float(lexical.argmax() == cosines.argmax()),
        }

    def _held(self, weights: Mapping[str, float], rows: NDArray[np.intp]) -> float:
        """The share of the terms' weight that is found in these rows."""
        total = sum(weights.values())
        held = sum(
            weight
            for term, weight in weights.items()
            if np.isin(self.lexical.rows_with(term), rows).any()
        )
        return held / total if total else 0.0

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        return np.array([unit.place for unit in self.units])

    @cached_property
    def _rows(self) -> list[NDArray[np.intp]]:
        return [np.flatnonzero(self._places == n) for n in range(len(self.corpus.places))]

    def _by_place(self, scores: Vectors) -> Vectors:
        """A passage has the score of its best unit."""
        best = np.zeros(len(self.corpus.places), dtype=np.float32)
        np.maximum.at(best, self._places, scores)
        return best


def _share(scores: Vectors) -> Vectors:
    top = float(scores.max(initial=0))
    shares: Vectors = scores / top if top > 0 else scores
    return shares
