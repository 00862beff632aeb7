"""Builds the search over all pages and keeps what was costly in the state folder.

    state/index/<hash>/   the fitted table as a sentence-transformers model, and all vectors
    state/index/chroma/   the collections, of one owner process
    state/index/owner.lock

The hash is of everything the table was fitted on, so a changed page or word builds anew and
nothing else does. Deleting the folder is always safe.
"""

import hashlib
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge.dense import InChroma, InMemory, Ownership, Store, Texts
from knowledge.embedding import VERSION, Embedder, Table, Vectors, fit, load_model
from knowledge.lexical import LexicalIndex
from knowledge.pages import Corpus
from knowledge.search import Search
from knowledge.text import Glossary
from knowledge.units import units

VECTORS, CHROMA = "vectors.npy", "chroma"

_IS_HASH = re.compile("[0-9a-f]{16}")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """All that is indexed: pages, groups of words that mean the same, questions outside."""

    corpus: Corpus
    groups: tuple[tuple[str, ...], ...]
    outside: tuple[str, ...]


class Index:
    """The search in two stages: `quick` needs numpy and scipy only, `full` the model stack.

    With our own table both give the same answers; a chosen model only ranks in `full`.
    """

    def __init__(self, material: Material, state: Path, model: str | None = None) -> None:
        self._corpus, self._glossary = material.corpus, Glossary(material.groups)
        self._units = units(material.corpus, material.outside)
        self._folder, self._model = state / "index", model
        self._texts = tuple(unit.text for unit in self._units)
        self._hash = _hash(VERSION, self._texts, material.groups)
        self._owner: Ownership | None = None
        self._chroma: InChroma | None = None

    def quick(self) -> Search:
        table, vectors = self._table()
        near = InMemory(vectors)
        return Search(
            corpus=self._corpus,
            units=self._units,
            lexical=LexicalIndex(self._texts, self._glossary),
            table=table,
            near=near,
            embedder=table,
            store=near,
        )

    def full(self, quick: Search) -> Search:
        """Load the model and open the collection; raises whatever the model's library raises."""
        if self._model is None:
            own = load_model(str(self._folder / self._hash), self._glossary)
            return quick.with_dense(own, self._store(self._hash, quick.near.vectors, own))
        # a name that is no folder here was asked for from the hub
        chosen = load_model(self._model, None, offline=Path(self._model).exists())
        name = _hash(self._hash, self._model)
        vectors = self._vectors(self._folder / name, chosen)
        return quick.with_dense(chosen, self._store(name, vectors, chosen))

    def close(self) -> None:
        """Give the folder up, so that another process may own it."""
        if self._chroma is not None:
            self._chroma.close()
        if self._owner is not None:
            self._owner.release()

    def _table(self) -> tuple[Table, Vectors]:
        from safetensors import SafetensorError

        folder = self._folder / self._hash
        try:
            return Table.load(folder, self._glossary), np.load(folder / VECTORS)
        except FileNotFoundError:
            log.info("fitting the table of %d texts", len(self._texts))
        except (OSError, ValueError, KeyError, EOFError, SafetensorError):
            log.warning("the index in %s is damaged and is built again", folder, exc_info=True)
        table = fit(self._texts, self._glossary)
        vectors = table.embed(self._texts)
        try:
            with _new_folder(folder) as new:
                table.save(new)
                np.save(new / VECTORS, vectors)
        except OSError:
            log.warning("the index cannot be kept in %s", self._folder, exc_info=True)
        return table, vectors

    def _vectors(self, folder: Path, embedder: Embedder) -> Vectors:
        try:
            vectors: Vectors = np.load(folder / VECTORS)
        except (OSError, ValueError, EOFError):
            vectors = embedder.embed(self._texts)
            with _new_folder(folder) as new:
                np.save(new / VECTORS, vectors)
        return vectors

    def _store(self, name: str, vectors: Vectors, embedder: Embedder) -> Store:
        self._owner = self._owner or Ownership(self._folder)
        if not self._owner:
            log.info("another process owns %s: searching in memory", self._folder)
            return InMemory(vectors)
        self._remove_others(name)
        try:
            texts = Texts(self._texts, vectors)
            self._chroma = InChroma.open(self._folder / CHROMA, name, texts, embedder)
        except Exception:  # of many kinds, and none of them may cost anybody an answer
            log.exception("no collection in %s: searching in memory", self._folder / CHROMA)
            return InMemory(vectors)
        return self._chroma

    def _remove_others(self, name: str) -> None:
        for old in self._folder.iterdir():
            if _IS_HASH.fullmatch(old.name) and old.name not in {self._hash, name}:
                shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder that appears under its name complete or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        yield new
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # somebody else built the same just now
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]
