"""The lexical leg: BM25 over the term families of `knowledge.text`, as one sparse matrix."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.text import WEIGHT, Glossary, terms

K1, B = 0.6, 0.3

Scores = NDArray[np.float32]


class LexicalIndex:
    """Scores every text (a row) against a question."""

    def __init__(self, texts: Sequence[str], glossary: Glossary) -> None:
        from scipy.sparse import csr_array

        self.glossary = glossary
        counts = [Counter(terms(text, glossary)) for text in texts]
        self._columns: dict[str, int] = {}
        for count in counts:
            for term in count:
                self._columns.setdefault(term, len(self._columns))
        rows = np.repeat(np.arange(len(counts)), [len(count) for count in counts])
        columns = np.array([self._columns[term] for count in counts for term in count], dtype=int)
        often = np.array([n for count in counts for n in count.values()], dtype=np.float32)
        held_by = np.bincount(columns, minlength=len(self._columns))
        self._rarest = float(np.log(2 * len(counts) + 2))
        self._idf = np.log(1 + (len(counts) - held_by + 0.5) / (held_by + 0.5))
        lengths = np.bincount(rows, weights=often, minlength=len(counts))
        norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
        weight = often * (K1 + 1) / (often + norm[rows]) * self._idf[columns]
        shape = (len(counts), len(self._columns))
        self._matrix = csr_array((weight.astype(np.float32), (rows, columns)), shape=shape)
        self._by_term = self._matrix.tocsc()

    def scores(self, question: str) -> Scores:
        """One BM25 score for each text, families weighted."""
        asked = np.zeros(len(self._columns), dtype=np.float32)
        for term in terms(question, self.glossary):
            if term in self._columns:
                asked[self._columns[term]] += WEIGHT[term[0]]
        found: Scores = self._matrix @ asked
        return found

    def weigh(self, text: str) -> dict[str, float]:
        """What each different term of the text is worth; one that occurs nowhere, the most."""
        return {term: WEIGHT[term[0]] * self._rarity(term) for term in terms(text, self.glossary)}

    @staticmethod
    def most(weights: Mapping[str, float]) -> float:
        """The score a text would have that repeats all these terms for ever; above 0."""
        return sum(weights.values()) * (K1 + 1) or 1.0

    def shares(self, weights: Mapping[str, float]) -> Scores:
        """For each text, the share of the summed weight whose terms it holds, 0 to 1."""
        held = np.zeros(self._matrix.shape[0], dtype=np.float32)
        for term, weight in weights.items():
            held[self.rows_with(term)] += weight
        return (held / (sum(weights.values()) or 1)).astype(np.float32)

    def rows_with(self, term: str) -> NDArray[np.intp]:
        """The texts that hold the term."""
        column = self._columns.get(term)
        if column is None:
            return np.array([], dtype=np.intp)
        start, end = self._by_term.indptr[column : column + 2]
        return self._by_term.indices[start:end].astype(np.intp)

    def _rarity(self, term: str) -> float:
        column = self._columns.get(term)
        return float(self._idf[column]) if column is not None else self._rarest
