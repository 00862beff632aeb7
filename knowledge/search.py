"""A question in, passages out: both legs fused, with the signals that decide on a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from knowledge.dense import InMemory, Store
from knowledge.embedding import Embedder, Table, Vectors
from knowledge.lexical import LexicalIndex
from knowledge.pages import Corpus
from knowledge.text import CHARACTER, CONCEPT, FAMILIES, PAIR, WORD, asks_meaning, normalise, runs
from knowledge.units import NOWHERE, Field, Unit

# Fields that find, measured on the golden questions (tests/golden) and on passages' own questions
# left out in turn. Single questions would find no better; they tell what is asked outside.
FINDS: tuple[Field, ...] = ("text", "questions")
DENSE_SHARE = 0.15
FAR = 0.1  # a cosine below this is chance, and is not blown up by comparing it with the highest
NEAR = 3  # neighbours that say how well a question fits
TELLING = CHARACTER + PAIR + WORD + CONCEPT  # families that tell what a question is about
MILD = 5  # log odds that one e-fold of the signal takes: terms of a question overlap
VOTES = 10  # single questions nearest to the one asked, which vote on whether it has an answer
ASIDE = 0.6  # what a word's meaning counts where something else is asked of it
PARAPHRASE = 0.7  # a question sharing more than this with one of ours is that one again


@dataclass(frozen=True)
class Found:
    """Passages (their positions in `Corpus.places`) best first, and what the legs saw."""

    order: tuple[int, ...]
    scores: Vectors  # of every passage, 0 to 1 + DENSE_SHARE, 1 more for its very question
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

    def in_memory(self) -> "Search":
        """The same search by our own table, without model or store."""
        return replace(self, embedder=self.table, store=self.near)

    def find(self, question: str) -> Found:
        found = self.lexical.scores(question)
        lexical = np.zeros(len(self.corpus.places), dtype=np.float32)
        for field in FINDS:
            lexical += self._best(found, field)
        dense = self._best(self.store.cosines(self.embedder.embed_question(question)))
        # rounded, so that the last bits of a store's arithmetic decide nothing
        exact = _of_top(lexical, 0) + DENSE_SHARE * _of_top(dense, FAR)
        if not asks_meaning(question):
            exact[self._meanings] *= ASIDE
        foreseen = list(self._foreseen.get(_letters(question), ()))
        exact[foreseen] += 1
        fused: Vectors = np.round(exact, 4).astype(np.float32)
        order = np.argsort(-fused, kind="stable")
        ranked = tuple(int(place) for place in order)
        signals = self._signals(question, found, ranked[0])
        return Found(ranked, fused, {**signals, "foreseen": float(bool(foreseen))})

    def _signals(self, question: str, found: Vectors, best: int) -> dict[str, float]:
        """What tells a question with an answer from one merely near the topic, each 0 to 1."""
        weights = self.lexical.weigh(question)
        own, outside = _top(found[self._fields == "question"]), _top(found[self._is_outside])
        vector = self.table.embed_question(question)
        cosines = self.near.cosines(vector)

        def held(families: str, rows: NDArray[np.bool_]) -> float:
            """The share of the weight of these families' terms that the rows hold."""
            wanted = {term: weight for term, weight in weights.items() if term[0] in families}
            kept = (w for term, w in wanted.items() if rows[self.lexical.rows_with(term)].any())
            return sum(kept) / sum(wanted.values()) if wanted else 1.0

        shares = self.lexical.shares(weights)
        repeated = float(shares[self._fields == "question"].max(initial=0))
        mine = self._places == best
        return {
            "asked_before": max(0.0, repeated - PARAPHRASE) / (1 - PARAPHRASE),
            "outside_before": float(shares[self._is_outside].max(initial=0)),
            "wording": self._wording(weights),
            "agree": float(self._best(cosines).argmax() == best),
            "outside_share": outside / (own + outside) if outside else 0.0,
            "outside_votes": self._votes(found),
            "outside_near": self._votes(np.maximum(cosines, 0)),
            "inside": float(np.clip((vector @ self._plane[:-1] + self._plane[-1] + 1) / 2, 0, 1)),
            "outside_match": outside / self.lexical.most(weights),
            "outside_phrases": held(PAIR + WORD, self._is_outside),
            "known_phrases": held(PAIR + WORD, ~self._is_outside),
            "known_words": held(WORD, ~self._is_outside),
            "known_characters": held(CHARACTER, ~self._is_outside),
            "covered": held(FAMILIES, mine),
            "covered_characters": held(CHARACTER, mine),
            "heading": float(self._names_heading(question, best)),
            "nearness": float(self._best(cosines, "text").max(initial=0)),
        }

    def _wording(self, terms: Iterable[str]) -> float:
        """How much the words are those of questions of ours, 1, or of those outside, 0."""
        known = (self._leanings.get(term, 0.0) for term in terms if term[0] in TELLING)
        return float(1 / (1 + np.exp(-sum(known) / MILD)))

    @cached_property
    def _leanings(self) -> Mapping[str, float]:
        return self.lexical.leanings(self._fields == "question", self._is_outside)

    def _votes(self, scores: Vectors) -> float:
        """The share of the nearest single questions' scores that questions outside have, 0 to 1."""
        nearest = self._asked[np.argsort(-scores[self._asked], kind="stable")[:VOTES]]
        total = float(scores[nearest].sum())
        outside = float(scores[nearest[self._is_outside[nearest]]].sum())
        return outside / total if total > 0 else 0.0

    def _names_heading(self, question: str, best: int) -> bool:
        """Whether each word asked stands in the passage's heading, or one that means the same."""
        place = self.corpus.places[best]
        titles = (place.page.title, place.passage.heading)
        heading = normalise(" ".join(f"{title.zh} {title.en}" for title in titles))
        words, concepts = " ".join(runs(heading)), self.lexical.glossary.concepts(heading)

        def stands(word: str) -> bool:
            meant = self.lexical.glossary.meaning(word)
            return word in words or (bool(meant) and set(meant) <= set(concepts))

        asked = runs(normalise(question))
        return bool(asked) and all(map(stands, asked))

    def _best(self, scores: Vectors, field: Field | None = None) -> Vectors:
        """Each passage's best score over its units, or over those of one field."""
        counted = ~self._is_outside if field is None else self._fields == field
        best = np.zeros(len(self.corpus.places), dtype=np.float32)
        np.maximum.at(best, self._places[counted], scores[counted])
        return best

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        return np.array([unit.place for unit in self.units])

    @cached_property
    def _meanings(self) -> NDArray[np.bool_]:
        """Which passages say what words mean."""
        return np.array([place.page.meanings for place in self.corpus.places])

    @cached_property
    def _fields(self) -> NDArray[np.str_]:
        return np.array([unit.field for unit in self.units])

    @cached_property
    def _foreseen(self) -> Mapping[str, set[int]]:
        """Passages by their own questions, word for word."""
        found: dict[str, set[int]] = {}
        for unit in self.units:
            if unit.field == "question":
                found.setdefault(_letters(unit.text), set()).add(unit.place)
        return found

    @cached_property
    def _asked(self) -> NDArray[np.intp]:
        """Rows of single questions, our own and those outside."""
        rows: NDArray[np.intp] = np.flatnonzero(np.isin(self._fields, ("question", "outside")))
        return rows

    @cached_property
    def _plane(self) -> Vectors:
        """Where the table's space divides into questions of ours (1) and questions outside (-1).

        Ridge regression in which both sides weigh the same; the last number is the constant.
        """
        rows, sides = self._asked, np.where(self._is_outside[self._asked], -1.0, 1.0)
        outside = (sides < 0).mean() if len(sides) else 0.5
        weights = np.where(sides < 0, 0.5 / max(outside, 1e-9), 0.5 / max(1 - outside, 1e-9))
        vectors = np.c_[self.near.vectors[rows], np.ones(len(rows))].astype(np.float64)
        weighted = vectors * weights[:, None]
        products = weighted.T @ vectors + np.eye(vectors.shape[1])
        plane: Vectors = np.linalg.solve(products, weighted.T @ sides).astype(np.float32)
        return plane

    @cached_property
    def _is_outside(self) -> NDArray[np.bool_]:
        outside: NDArray[np.bool_] = self._places == NOWHERE
        return outside


def _letters(question: str) -> str:
    """A question without what people leave out or add at will."""
    return "".join(filter(str.isalnum, normalise(question)))


def _top(scores: Vectors) -> float:
    """The mean of the NEAR best scores: one that fits by chance counts less."""
    best = np.sort(scores)[-NEAR:]
    return float(best.mean()) if len(best) else 0.0


def _of_top(scores: Vectors, least: float) -> Vectors:
    """Scores as shares of the highest, or of `least` where even that one is lower."""
    top = max(float(scores.max(initial=0)), least)
    shares: Vectors = scores / top if top > 0 else scores
    return shares
