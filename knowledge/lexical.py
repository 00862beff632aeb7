"""The lexical leg: BM25 over the term families of `knowledge.text`, as one sparse matrix."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge.text import WEIGHT, Glossary, terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

K1, B = 1.2, 0.75

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Query:
    """A question's terms with their weights; terms nobody wrote are `unknown`."""

    known: dict[int, float]
    unknown: float  # summed weight of terms that occur nowhere


class LexicalIndex:
    """Scores texts (rows) against a question."""

    def __init__(self, texts: Sequence[str], glossary: Glossary) -> None:
        from scipy.sparse import csr_array

        self._glossary = glossary
        counts = [Counter(terms(text, glossary)) for text in texts]
        self._columns: dict[str, int] = {}
        for count in counts:
            for term in count:
                self._columns.setdefault(term, len(self._columns))
        rows = np.repeat(np.arange(len(counts)), [len(count) for count in counts])
        columns = np.array([self._columns[term] for count in counts for term in count], dtype=int)
        often = np.array([n for count in counts for n in count.values()], dtype=np.float32)
        self.idf = _idf(columns, len(counts), len(self._columns))
        lengths = np.bincount(rows, weights=often, minlength=len(counts))
        norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
        weight = often * (K1 + 1) / (often + norm[rows]) * self.idf[columns]
        shape = (len(counts), len(self._columns))
        self._matrix = csr_array((weight.astype(np.float32), (rows, columns)), shape=shape)
