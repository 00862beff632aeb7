"""Builds the search over all pages and keeps what was costly in the state folder.

    state/index/<version>-<hash>/  the fitted table as a sentence-transformers model, all vectors,
                                   the lexical index
    state/index/chosen-<hash>.npz  vectors of a chosen model, by the hash of their texts
    state/index/chroma/            the collections, of one owner process
    state/index/served             collections this folder put on a Chroma server
    state/index/owner.lock

The hash is of everything the table was fitted on. When a page or a word has changed, the table
fitted before answers over the new texts while a new one is fitted behind it. Every folder and
file appears under its name complete or not at all, so a killed process leaves nothing wrong, and
deleting everything is always safe.
"""

import hashlib
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zipfile import BadZipFile

import numpy as np

from knowledge import dense
from knowledge.cache import VectorCache
from knowledge.dense import LOCK, InChroma, InMemory, Ownership, Store, Texts
from knowledge.embedding import VERSION, Embedder, Table, Vectors, fit, load_model
from knowledge.lexical import LexicalIndex
from knowledge.pages import Corpus
from knowledge.search import Search
from knowledge.text import Apart, Glossary
from knowledge.units import units

if TYPE_CHECKING:
    from chromadb.api.client import Client

VECTORS, CHROMA, SERVED = "vectors.npy", "chroma", "served"
FORGOTTEN_S = 3600.0  # a half-built folder this old is a killed process's

_IS_KEPT = re.compile(r"v\w+-[0-9a-f]{16}|[0-9a-f]{16}")
_IS_HALF_BUILT = re.compile(rf"({_IS_KEPT.pattern}|chosen-[0-9a-f]{{16}}\.npz)-\w+")

Kept = TypeVar("Kept")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """All that is indexed: pages, groups of words that mean the same, questions outside."""

    corpus: Corpus
    groups: tuple[tuple[str, ...], ...]
    outside: tuple[str, ...]


class Index:
    """The search in two stages: `quick` needs numpy and scipy only, `full` the model stack.

    With our own table both give the same answers; a chosen model only ranks in `full`. `chroma`
    is a server's address; without one Chroma runs in this process.
    """

    def __init__(
        self, material: Material, state: Path, model: str | None = None, chroma: str | None = None
    ) -> None:
        self._corpus, self._glossary = material.corpus, Glossary(material.groups)
        self._units = units(material.corpus, material.outside)
        self._folder, self._model, self._server = state / "index", model, chroma
        self._texts = tuple(unit.text for unit in self._units)
        self._hash = f"v{VERSION}-{_hash(self._texts, material.groups)}"
        self._stale = False  # an older table answers for now
        self._owner: Ownership | None = None
        self._chroma: InChroma | None = None

    def quick(self) -> Search:
        """Ready in a second where the folder knows these pages, or others."""
        kept = self._kept()
        if kept is None:
            apart = self._apart()
            lexical = self._new_lexical(apart)
            table, vectors = self._older(apart) or self._fitted(apart, lexical)
        else:
            table, vectors, lexical = kept
        near = InMemory(vectors)
        return Search(
            corpus=self._corpus,
            units=self._units,
            lexical=lexical,
            table=table,
            near=near,
            embedder=table,
            store=near,
        )

    def full(self, quick: Search) -> Search:
        """Fit what is stale, load the model and open the collection.

        Raises whatever the model's library raises.
        """
        if self._stale:
            table, vectors = self._fitted(self._apart(), quick.lexical)
            near = InMemory(vectors)
            quick = replace(quick, table=table, near=near, embedder=table, store=near)
        if self._model is None:
            own = load_model(str(self._folder / self._hash), self._glossary)
            return quick.with_dense(own, self._store(quick.near.vectors, own))
        chosen = load_model(self._model, None)
        cache = VectorCache(self._folder / f"chosen-{_identity(self._model)}.npz")
        vectors = cache.embed(self._texts, chosen)
        return quick.with_dense(chosen, self._store(vectors, chosen))

    def close(self) -> None:
        """Give the folder up, so that another process may own it.

        Whoever answered from an older table only leaves the new one behind.
        """
        if self._stale:
            apart = self._apart()
            self._fitted(apart, self._new_lexical(apart))
        if self._chroma is not None:
            self._chroma.close()
        if self._owner is not None:
            self._owner.release()

    def _kept(self) -> tuple[Table, Vectors, LexicalIndex] | None:
        """What was built from these very texts; None when it was not, or is damaged."""
        folder = self._folder / self._hash
        if not folder.is_dir():
            return None

        def load() -> tuple[Table, Vectors, LexicalIndex]:
            lexical = LexicalIndex.load(folder, self._glossary)
            return Table.load(folder, self._glossary), np.load(folder / VECTORS), lexical

        return _read(load, folder)

    def _apart(self) -> Sequence[Apart]:
        return [Apart.of(text, self._glossary) for text in self._texts]

    def _new_lexical(self, apart: Sequence[Apart]) -> LexicalIndex:
        owners = np.array([unit.place for unit in self._units])
        return LexicalIndex.of(apart, self._glossary, owners)

    def _older(self, apart: Sequence[Apart]) -> tuple[Table, Vectors] | None:
        """The table fitted last on other texts, applied to these."""
        folders = self._folder.glob(f"v{VERSION}-*")
        complete = (each for each in folders if _IS_KEPT.fullmatch(each.name))
        rest = (each for each in complete if each.name != self._hash)
        for folder in sorted(rest, key=lambda each: each.stat().st_mtime, reverse=True)[:1]:
            table = _read(partial(Table.load, folder, self._glossary), folder)
            if table is not None:
                self._stale = True
                return table, table.embed_apart(apart)
        return None

    def _fitted(self, apart: Sequence[Apart], lexical: LexicalIndex) -> tuple[Table, Vectors]:
        log.info("fitting the table of %d texts", len(self._texts))
        table = fit(apart, self._glossary)
        vectors = table.embed_apart(apart)
        try:
            with _new_folder(self._folder / self._hash) as new:
                table.save(new)
                lexical.save(new)
                np.save(new / VECTORS, vectors)
        except OSError:
            log.warning("the index cannot be kept in %s", self._folder, exc_info=True)
        self._stale = False
        return table, vectors

    def _store(self, vectors: Vectors, embedder: Embedder) -> Store:
        texts = Texts(self._texts, vectors)
        try:
            return self._on_server(texts, embedder) if self._server else self._here(texts, embedder)
        except OSError as error:
            log.warning("searching in memory: %s", error)
        except Exception:  # of many kinds, and none of them may cost anybody an answer
            log.exception("no collection: searching in memory")
        return InMemory(vectors)

    def _on_server(self, texts: Texts, embedder: Embedder) -> Store:
        client = dense.served(self._server or "")
        self._chroma = InChroma.open(client, texts, embedder)
        # others may share the server: only what this folder put there goes
        note = self._folder / SERVED
        with suppress(FileNotFoundError):
            before = set(note.read_text(encoding="utf-8").split())
            dense.remove(client, before - {texts.collection})
        self._folder.mkdir(parents=True, exist_ok=True)
        note.write_text(texts.collection, encoding="utf-8")
        self._remove_others()
        return self._chroma

    def _here(self, texts: Texts, embedder: Embedder) -> Store:
        self._owner = self._owner or Ownership(self._folder)
        if not self._owner:
            log.info("another process owns %s: searching in memory", self._folder)
            return InMemory(texts.vectors)
        self._remove_others()
        client = self._client()
        self._chroma = InChroma.open(client, texts, embedder)
        dense.remove(client, dense.others(client, texts.collection))
        return self._chroma

    def _client(self) -> "Client":
        """Chroma in this process; a folder it cannot read goes, and the next start builds anew."""
        folder = self._folder / CHROMA
        try:
            return dense.embedded(folder)
        except Exception:  # Chroma would not open the same folder twice in one process
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _remove_others(self) -> None:
        """Tables of other texts, and what killed processes left half built."""
        now = (self._folder / LOCK).stat().st_mtime if self._owner else 0.0
        for old in self._folder.iterdir():
            with suppress(OSError):
                forgotten = now - old.stat().st_mtime > FORGOTTEN_S
                half_built = forgotten and _IS_HALF_BUILT.fullmatch(old.name)
                if half_built or (_IS_KEPT.fullmatch(old.name) and old.name != self._hash):
                    shutil.rmtree(old) if old.is_dir() else old.unlink()


def _read(load: Callable[[], Kept], folder: Path) -> Kept | None:
    """What `load` finds in the folder, or None when that is not whole."""
    from safetensors import SafetensorError

    try:
        return load()
    except (OSError, ValueError, KeyError, EOFError, SafetensorError, BadZipFile):
        log.warning("the index in %s is damaged and is built again", folder, exc_info=True)
        return None


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


def _identity(model: str) -> str:
    """A hash of the model: by its name, or by its files where it lies in a folder here."""
    files = sorted(path for path in Path(model).rglob("*") if path.is_file())
    marks = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return _hash(model, marks)


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]
