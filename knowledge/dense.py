"""The dense leg: which indexed texts lie nearest to a question's vector.

Vectors live in Chroma, in one folder that one process owns: two writers of an embedded Chroma
lose vectors silently (measured). Whoever comes second searches the same vectors with numpy and
finds the same.
"""

import fcntl
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

import numpy as np

from knowledge.embedding import Embedder, Vectors, as_langchain

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from langchain_chroma import Chroma

NEAREST = 100  # texts that get a score; the others count as 0
PREFIX = "guidance-"
BATCH = 1000
# a search twice as wide as the result makes the approximate index exact at our sizes
WIDTH = 2 * NEAREST

log = logging.getLogger(__name__)


class Store(Protocol):
    """Cosines (-1 to 1) of the NEAREST texts to a vector; every other text has 0."""

    def cosines(self, vector: Vectors) -> Vectors: ...


@dataclass(frozen=True)
class InMemory:
    """All vectors in one array: exact, and for some thousand texts as fast as an index."""

    vectors: Vectors

    def cosines(self, vector: Vectors) -> Vectors:
        every: Vectors = self.vectors @ vector
        if len(every) > NEAREST:
            far = np.argpartition(-every, NEAREST)[NEAREST:]
            every[far] = 0
        return every


class Ownership:
    """The right of one process to write the folder, held until `release` or the process ends.

    False in a boolean context when another process has it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] | None = (folder / "owner.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()

    def __bool__(self) -> bool:
        return self._file is not None

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class InChroma:
    """The same vectors in a persistent Chroma collection, searched through LangChain."""

    def __init__(self, client: "Client", store: "Chroma", same: InMemory) -> None:
        self._client, self._store, self._same = client, store, same

    @classmethod
    def open(cls, folder: Path, name: str, texts: "Texts", embedder: Embedder) -> "InChroma":
        """The collection of this name, filled if it is new; those of older pages are removed.

        Only for the process that owns the folder.
        """
        from langchain_chroma import Chroma

        client = _client(folder)
        name = PREFIX + name
        for other in client.list_collections():
            if other.name.startswith(PREFIX) and other.name != name:
                client.delete_collection(other.name)
        _fill(client, name, texts)
        store = Chroma(name, as_langchain(embedder), client=client)
        return cls(client, store, InMemory(texts.vectors))

    def close(self) -> None:
        """Let go of the folder's files."""
        self._client.close()

    def cosines(self, vector: Vectors) -> Vectors:
        try:
            return self._asked(vector)
        except Exception:  # whatever ails the collection, the vectors are here as well
            log.exception("the collection cannot be searched: searching in memory")
            return self._same.cosines(vector)

    def _asked(self, vector: Vectors) -> Vectors:
        count = len(self._same.vectors)
        near = self._store.similarity_search_by_vector_with_relevance_scores(
            vector.tolist(), k=min(NEAREST, count)
        )
        every = np.zeros(count, dtype=np.float32)
        for document, distance in near:
            every[int(document.id or 0)] = 1 - distance
        return every


@dataclass(frozen=True)
class Texts:
    """What a collection holds: texts and their vectors, in the same order."""

    texts: tuple[str, ...]
    vectors: Vectors


def _client(folder: Path) -> "Client":
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    return cast("Client", chromadb.PersistentClient(str(folder), settings))


def _fill(client: "Client", name: str, texts: Texts) -> None:
    # embedding_function=None: the default one would download a model
    collection = client.get_or_create_collection(
        name,
        embedding_function=None,
        configuration={"hnsw": {"space": "cosine", "ef_search": WIDTH}},
    )
    count = len(texts.texts)
    if collection.count() == count:
        return
    for start in range(0, count, BATCH):
        rows = range(start, min(start + BATCH, count))
        collection.upsert(
            ids=[str(row) for row in rows],
            embeddings=texts.vectors[rows.start : rows.stop],
            documents=[texts.texts[row] for row in rows],
        )
