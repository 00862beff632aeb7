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
from knowledge.text import PAIR, WORD
from knowledge.units import NOWHERE, Field, Unit

# Measured on questions that nobody had tuned for; see docs/decisions.
LEXICAL_SHARE: Mapping[Field, float] = {"text": 1.0, "questions": 1.0, "question": 0.5}
DENSE_SHARE = 0.3
RUNNER_UP = 5  # the passage an answerable question stands out against


@dataclass(frozen=True)
class Found:
    """Passages (their positions in `Corpus.places`) best first, and what the legs saw."""

    order: tuple[int, ...]
    scores: Vectors  # of every passage, 0 to 1 + DENSE_SHARE
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
        found = self.lexical.scores(question)
        lexical = np.zeros(len(self.corpus.places), dtype=np.float32)
        for field, share in LEXICAL_SHARE.items():
            lexical += share * self._best(found, field)
        dense = self._best(self.store.cosines(self.embedder.embed([question])[0]))
        fused = _of_top(lexical) + DENSE_SHARE * _of_top(dense)
        order = np.argsort(-fused, kind="stable")
        signals = self._signals(question, found, fused[order])
        return Found(tuple(int(place) for place in order), fused, signals)

    def _signals(self, question: str, found: Vectors, ranked: Vectors) -> dict[str, float]:
        """What tells a question with an answer from one merely near the topic, 0 to about 1."""
        weights = self.lexical.weigh(question)
        most = self.lexical.most(weights)
        cosines = self.near.cosines(self.table.embed([question])[0])
        outside = self._fields == "outside"
        own = float(found[~outside].max(initial=0)) / most
        foreign = float(found[outside].max(initial=0)) / most
        return {
            "match": own,
            "outside_match": foreign,
            "outside_share": foreign / (own + foreign) if foreign else 0.0,
            "outside_nearness": float(cosines[outside].max(initial=0)),
            "known_phrases": self._known(weights, PAIR + WORD),
            "known_words": self._known(weights, WORD),
            "lead": float(ranked[0] - ranked[: RUNNER_UP + 1][-1]),
        }

    def _known(self, weights: Mapping[str, float], families: str) -> float:
        """The share of these families' weight that some passage holds; 1 if there is none."""
        wanted = {term: weight for term, weight in weights.items() if term[0] in families}
        held = sum(
            weight
            for term, weight in wanted.items()
            if (self._places[self.lexical.rows_with(term)] != NOWHERE).any()
        )
        total = sum(wanted.values())
        return held / total if total else 1.0

    def _best(self, scores: Vectors, field: Field | None = None) -> Vectors:
        """Each passage's best score over its units, or over those of one field."""
        counted = self._places != NOWHERE if field is None else self._fields == field
        best = np.zeros(len(self.corpus.places), dtype=np.float32)
        np.maximum.at(best, self._places[counted], scores[counted])
        return best

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        return np.array([unit.place for unit in self.units])

    @cached_property
    def _fields(self) -> NDArray[np.str_]:
        return np.array([unit.field for unit in self.units])


def _of_top(scores: Vectors) -> Vectors:
    """Scores as shares of the highest."""
    top = float(scores.max(initial=0))
    shares: Vectors = scores / top if top > 0 else scores
    return shares
