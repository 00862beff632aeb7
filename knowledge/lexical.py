"""The lexical leg: BM25 over the term families of `knowledge.text`, as one sparse matrix.

Built in a second or two for some thousand texts; a folder keeps it for the next start.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge.text import WEIGHT, Apart, Glossary, terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

K1, B = 0.6, 0.3
FILE = "lexical.npz"

Scores = NDArray[np.float32]
Owners = NDArray[np.intp]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class _Built:
    """What takes time: the weight of each term (a column) in each text (a row)."""

    columns: dict[str, int]
    idf: NDArray[np.float64]
    rarest: float  # the idf of a term nobody uses
    matrix: "csr_array"


class LexicalIndex:
    """Scores every text (a row) against a question."""

    def __init__(self, built: "_Built", glossary: Glossary) -> None:
        self.glossary, self._built = glossary, built
        self._columns, self._idf, self._rarest = built.columns, built.idf, built.rarest
        self._by_term = built.matrix.tocsc()

    @classmethod
    def of(
        cls, texts: Sequence[Apart], glossary: Glossary, owners: Owners | None = None
    ) -> "LexicalIndex":
        """`owners` (0 and up) say whose text each is; -1 is nobody's. Without it, each its own.

        A term is rare when few owners use it, however often one of them does.
        """
        counts = [Counter(text.terms()) for text in texts]
        columns: dict[str, int] = {}
        for count in counts:
            for term in count:
                columns.setdefault(term, len(columns))
        owners = np.arange(len(texts)) if owners is None else owners
        idf, rarest = _rarity(counts, columns, owners)
        return cls(_Built(columns, idf, rarest, _weighted(counts, columns, idf)), glossary)

    @classmethod
    def load(cls, folder: Path, glossary: Glossary) -> "LexicalIndex":
        """What `save` kept; raises OSError, ValueError, KeyError or BadZipFile."""
        from scipy.sparse import csr_array

        with (folder / FILE).open("rb") as file, np.load(file) as kept:
            names = kept["terms"].tobytes().decode().split("\n")
            parts = (kept["data"], kept["indices"], kept["indptr"])
            matrix = csr_array(parts, shape=(len(parts[2]) - 1, len(names)))
            columns = {name: column for column, name in enumerate(names)}
            return cls(_Built(columns, kept["idf"], float(kept["rarest"]), matrix), glossary)

    def save(self, folder: Path) -> None:
        """Keep the index in one file of the folder."""
        np.savez(
            folder / FILE,
            terms=np.frombuffer("\n".join(self._columns).encode(), dtype=np.uint8),
            idf=self._idf,
            rarest=np.float64(self._rarest),
            data=self._built.matrix.data,
            indices=self._built.matrix.indices,
            indptr=self._built.matrix.indptr,
        )

    def scores(self, question: str) -> Scores:
        """One BM25 score for each text, families weighted."""
        found = np.zeros(self._by_term.shape[0], dtype=np.float32)
        for term, often in Counter(terms(question, self.glossary)).items():
            rows = self._rows(term)
            # only the terms asked: a tenth of the time of a product with the whole matrix
            found[self._by_term.indices[rows]] += often * WEIGHT[term[0]] * self._by_term.data[rows]
        return found

    def weigh(self, text: str) -> dict[str, float]:
        """What each different term of the text is worth; one that occurs nowhere, the most."""
        return {term: WEIGHT[term[0]] * self._worth(term) for term in terms(text, self.glossary)}

    @staticmethod
    def most(weights: Mapping[str, float]) -> float:
        """The score a text would have that repeats all these terms for ever; above 0."""
        return sum(weights.values()) * (K1 + 1) or 1.0

    def shares(self, weights: Mapping[str, float]) -> Scores:
        """For each text, the share of the summed weight whose terms it holds, 0 to 1."""
        held = np.zeros(self._by_term.shape[0], dtype=np.float32)
        for term, weight in weights.items():
            held[self.rows_with(term)] += weight
        return (held / (sum(weights.values()) or 1)).astype(np.float32)

    def leanings(self, ours: Rows, theirs: Rows) -> dict[str, float]:
        """How much likelier each term stands in rows of ours than in theirs: natural log odds.

        Smoothed by one row, shared out as the sides' sizes are (naive Bayes).
        """
        matrix = self._built.matrix
        every = max(1, int(ours.sum() + theirs.sum()))

        def share(rows: Rows) -> NDArray[np.float64]:
            """Logarithm of the share of these rows that hold each term."""
            size, held = max(1, int(rows.sum())), matrix[np.flatnonzero(rows)].indices
            often = np.bincount(held, minlength=len(self._columns))
            logarithm: NDArray[np.float64] = np.log((often + size / every) / (size + 1))
            return logarithm

        return dict(zip(self._columns, (share(ours) - share(theirs)).tolist(), strict=True))

    def rows_with(self, term: str) -> NDArray[np.intp]:
        """The texts that hold the term."""
        return self._by_term.indices[self._rows(term)].astype(np.intp)

    def _rows(self, term: str) -> slice:
        """Where the term's rows stand in the matrix by terms."""
        column = self._columns.get(term)
        if column is None:
            return slice(0, 0)
        start, end = self._by_term.indptr[column : column + 2]
        return slice(int(start), int(end))

    def _worth(self, term: str) -> float:
        column = self._columns.get(term)
        return float(self._idf[column]) if column is not None else self._rarest


def _rarity(
    counts: Sequence[Counter[str]], columns: Mapping[str, int], owners: Owners
) -> tuple[NDArray[np.float64], float]:
    """Each term's inverse owner frequency, and that of a term nobody uses."""
    users: list[set[int]] = [set() for _ in columns]
    for owner, count in zip(owners.tolist(), counts, strict=True):
        if owner >= 0:
            for term in count:
                users[columns[term]].add(owner)
    every = len({owner for owner in owners.tolist() if owner >= 0})
    held_by = np.array([len(each) for each in users])
    return np.log(1 + (every - held_by + 0.5) / (held_by + 0.5)), float(np.log(2 * every + 2))


def _weighted(
    counts: Sequence[Counter[str]], columns: Mapping[str, int], idf: NDArray[np.float64]
) -> "csr_array":
    """BM25's weight of every term in every text."""
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(len(counts)), [len(count) for count in counts])
    at = np.array([columns[term] for count in counts for term in count], dtype=np.int32)
    often = np.array([n for count in counts for n in count.values()], dtype=np.float32)
    lengths = np.bincount(rows, weights=often, minlength=len(counts))
    norm = K1 * (1 - B + B * lengths / max(lengths.mean(), 1e-9))
    weight = often * (K1 + 1) / (often + norm[rows]) * idf[at]
    return csr_array((weight.astype(np.float32), (rows, at)), shape=(len(counts), len(columns)))
