"""Texts as vectors, with no network: a table fitted on our own pages, or any chosen model.

The table gives each character n-gram, English stem and glossary concept a place found by a
truncated SVD (latent semantic analysis) of our own passages and questions; a text is the mean of
its terms. It is kept as a sentence-transformers `StaticEmbedding`, so that a table and a large
model load alike. Applying it needs numpy only, and both ways give the same vectors, which is why
nobody has to wait for torch.
"""

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.text import Apart, Glossary, is_chinese

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from scipy.sparse import csr_array
    from sentence_transformers import SentenceTransformer

DIMENSIONS = 128
LONGEST_GRAM = 3
SPARE, ROUNDS = 20, 4  # directions looked at beyond those kept, and rounds of refining them
UNKNOWN = "[UNK]"
VERSION = "4"  # raise it when the same pages would give another table

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into rows of length 1 (or 0 when nothing in the text is known)."""

    def embed(self, texts: Sequence[str]) -> Vectors: ...

    def embed_question(self, question: str) -> Vectors:
        """One row; some models want a question written otherwise than a text."""
        ...


def grams(text: Apart) -> list[str]:
    """The terms the table knows: 1- to 3-grams, English stems, concepts of the glossary."""
    found = [concept.upper() for concept in text.concepts]
    for run in text.runs:
        if is_chinese(run):
            found.extend(
                run[at : at + size]
                for size in range(1, LONGEST_GRAM + 1)
                for at in range(len(run) - size + 1)
            )
        else:
            found.append(run)
    return found


@dataclass(frozen=True)
class Table:
    """Terms and their rows; the first row is of terms nobody wrote, and is zero."""

    vocabulary: dict[str, int]
    rows: Vectors
    glossary: Glossary

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self.embed_apart([Apart.of(text, self.glossary) for text in texts])

    def embed_apart(self, texts: Sequence[Apart]) -> Vectors:
        vectors = np.zeros((len(texts), self.rows.shape[1]), dtype=np.float32)
        for number, text in enumerate(texts):
            known = [self.vocabulary.get(gram, 0) for gram in grams(text)]
            if known:
                vectors[number] = self.rows[known].mean(axis=0)
        return unit_length(vectors)

    def embed_question(self, question: str) -> Vectors:
        row: Vectors = self.embed([question])[0]
        return row

    def save(self, folder: Path) -> None:
        """Write the three files sentence-transformers needs to load it as a StaticEmbedding."""
        from safetensors.numpy import save_file
        from tokenizers import Tokenizer
        from tokenizers.models import WordLevel
        from tokenizers.pre_tokenizers import WhitespaceSplit

        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = Tokenizer(WordLevel(self.vocabulary, unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = WhitespaceSplit()
        tokenizer.save(str(folder / "tokenizer.json"))
        save_file({"embedding.weight": self.rows}, folder / "model.safetensors")
        kind = "sentence_transformers.models.StaticEmbedding"
        modules = [{"idx": 0, "name": "0", "path": "", "type": kind}]
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, glossary: Glossary) -> "Table":
        from safetensors.numpy import load_file

        tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        rows = load_file(folder / "model.safetensors")["embedding.weight"]
        return cls(tokenizer["model"]["vocab"], rows, glossary)


def unit_length(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def fit(texts: Sequence[Apart], glossary: Glossary, dimensions: int = DIMENSIONS) -> Table:
    """A table fitted on these texts; the same texts always give the same."""
    from scipy.sparse import csr_array, diags_array

    counts = [Counter(grams(text)) for text in texts]
    spread = Counter(gram for count in counts for gram in count)
    kept = sorted(gram for gram, n in spread.items() if n > 1 or len(gram) == 1)
    column = {gram: number for number, gram in enumerate(kept)}
    cells = [[(column[gram], n) for gram, n in each.items() if gram in column] for each in counts]
    rows = np.repeat(np.arange(len(cells)), [len(each) for each in cells])
    columns, often = np.array([cell for each in cells for cell in each]).T
    idf = np.log((1 + len(texts)) / (1 + np.array([spread[gram] for gram in kept]))) + 1
    matrix = csr_array((1 + np.log(often), (rows, columns)), shape=(len(texts), len(kept))) * idf
    matrix = diags_array(1 / np.maximum(np.sqrt(matrix.power(2).sum(axis=1)), 1e-9)) @ matrix
    directions = _directions(matrix, min(dimensions, min(matrix.shape) - 1))
    places = (directions * idf[:, None]).astype(np.float32)
    vocabulary = {UNKNOWN: 0} | {gram: number + 1 for number, gram in enumerate(kept)}
    unknown = np.zeros((1, places.shape[1]), dtype=np.float32)
    # safetensors writes memory as it lies: rows must lie one after the other
    return Table(vocabulary, np.ascontiguousarray(np.vstack([unknown, places])), glossary)


def _directions(matrix: "csr_array", size: int) -> NDArray[np.float64]:
    """The main directions (columns) of the matrix's rows: a truncated SVD by random projection.

    Halko, Martinsson and Tropp 2011; a tenth of an exact solver's time on 3,000 texts. On one
    thread: on small matrices several wait for each other, four times as long where a machine is
    busy.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        basis = matrix @ np.random.default_rng(0).standard_normal((matrix.shape[1], size + SPARE))
        for _ in range(ROUNDS):
            basis = matrix @ (matrix.T @ _orthonormal(basis))
        return _orthonormal(matrix.T @ _orthonormal(basis))[:, :size]


def _orthonormal(basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of length 1 at right angles that span the same, the longest direction first.

    By the small matrix of products: on a busy machine LAPACK's QR of a tall one takes a hundred
    times as long, waiting for its threads.
    """
    lengths, turns = np.linalg.eigh(basis.T @ basis)
    found: NDArray[np.float64] = basis @ (turns / np.sqrt(np.maximum(lengths, 1e-12)))
    return found[:, ::-1]


@dataclass(frozen=True)
class Model:
    """A model that sentence-transformers loads; prompts it defines are put before texts."""

    model: "SentenceTransformer"
    glossary: Glossary | None  # of a fitted table; None: the model reads plain text

    def embed(self, texts: Sequence[str]) -> Vectors:
        found = self.model.encode_document(self._written(texts), show_progress_bar=False)
        return unit_length(np.asarray(found, dtype=np.float32))

    def embed_question(self, question: str) -> Vectors:
        found = self.model.encode_query(self._written([question]), show_progress_bar=False)
        row: Vectors = unit_length(np.asarray(found, dtype=np.float32))[0]
        return row

    def _written(self, texts: Sequence[str]) -> list[str]:
        if self.glossary is None:
            return list(texts)
        return [" ".join(grams(Apart.of(text, self.glossary))) for text in texts]


def load_model(name: str, glossary: Glossary | None) -> Model:
    """Load any sentence-transformers model by path or name; raises what that library raises.

    Only a name that is no folder here may be asked for from the hub: without a network that
    blocks for a minute. HF_HUB_OFFLINE=1 forbids it.
    """
    if Path(name).exists():
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            os.environ.setdefault(variable, "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # a conversation may be on the screen
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return Model(SentenceTransformer(name, device="cpu"), glossary)


def as_langchain(embedder: Embedder) -> "Embeddings":
    """The embedder under LangChain's interface, as its vector stores want it."""
    from langchain_core.embeddings import Embeddings

    class OwnEmbeddings(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[float(x) for x in row] for row in embedder.embed(texts)]

        def embed_query(self, text: str) -> list[float]:
            return [float(x) for x in embedder.embed_question(text)]

    return OwnEmbeddings()
