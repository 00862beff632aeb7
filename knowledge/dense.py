"""The dense leg: which indexed texts lie nearest to a question's vector.

Vectors live in Chroma: in one folder that one process owns (two writers of an embedded Chroma
lose vectors silently, as measured), or on a Chroma server that several processes share. Whoever
has neither searches the same vectors with numpy and finds the same.
"""

import fcntl
import hashlib
import logging
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

import numpy as np

from knowledge.embedding import Embedder, Vectors, as_langchain

if TYPE_CHECKING:
    import httpx
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from langchain_chroma import Chroma

NEAREST = 100  # texts that get a score; the others count as 0
PREFIX = "guidance-"
LOCK = "owner.lock"
BATCH = 1000
# a search twice as wide as the result makes the approximate index exact at our sizes
WIDTH = 2 * NEAREST
PATIENCE_S = 5.0  # for a server; an answer waits no longer, but comes from memory

log = logging.getLogger(__name__)


class Store(Protocol):
    """Cosines (-1 to 1) of the NEAREST texts to a vector; every other text has 0."""

    def cosines(self, vector: Vectors) -> Vectors: ...


@dataclass(frozen=True)
class InMemory:
    """All vectors in one array: exact, and for some thousand texts as fast as an index."""

    vectors: Vectors

    def cosines(self, vector: Vectors) -> Vectors:
        # not by BLAS, whose threads wait for each other for long on a busy machine
        every: Vectors = np.einsum("ij,j->i", self.vectors, vector)
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
        self._file: IO[str] | None = (folder / LOCK).open("w", encoding="utf-8")
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


@dataclass(frozen=True)
class Texts:
    """What a collection holds: texts and their vectors, in the same order."""

    texts: tuple[str, ...]
    vectors: Vectors

    @property
    def collection(self) -> str:
        """A name no other content has: two machines may fit the same texts to other vectors."""
        digest = hashlib.sha256(self.vectors.tobytes())
        digest.update("\0".join(self.texts).encode())
        return PREFIX + digest.hexdigest()[:16]


class InChroma:
    """The same vectors in a persistent Chroma collection, searched through LangChain."""

    def __init__(self, client: "Client", store: "Chroma", same: InMemory) -> None:
        self._client, self._store, self._same = client, store, same
        self._works = True

    @classmethod
    def open(cls, client: "Client", texts: Texts, embedder: Embedder) -> "InChroma":
        """The collection of these texts, filled if it is new or was left half filled."""
        from langchain_chroma import Chroma

        _fill(client, texts)
        store = Chroma(texts.collection, as_langchain(embedder), client=client)
        return cls(client, store, InMemory(texts.vectors))

    def close(self) -> None:
        """Let go of the folder's files, or of the connection."""
        close(self._client)

    def cosines(self, vector: Vectors) -> Vectors:
        if self._works:
            try:
                return self._asked(vector)
            except Exception:  # whatever ails the collection, the vectors are here as well
                log.exception("the collection cannot be searched: from now on in memory")
                self._works = False
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


def embedded(folder: Path) -> "Client":
    """Chroma inside this process. Only for the process that owns the folder."""
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    return cast("Client", chromadb.PersistentClient(str(folder), settings))


def served(url: str) -> "Client":
    """A Chroma server, by http(s)://[user:password@]host[:port].

    Raises OSError when none answers there.
    """
    import chromadb
    from chromadb.config import Settings

    problem = trouble(url)
    if problem:
        raise OSError(problem)
    parts = urlsplit(url)
    client = chromadb.HttpClient(
        host=parts.hostname or "",
        port=parts.port or _usual_port(url),
        ssl=parts.scheme == "https",
        headers=_headers(url),
        settings=Settings(anonymized_telemetry=False),
    )
    for session in _sessions(client):  # the client itself would wait for ever
        session.timeout = PATIENCE_S
    return cast("Client", client)


def trouble(url: str) -> str:
    """Why no Chroma server can be used at this address; empty when one can."""
    import httpx

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "a Chroma server's address is http(s)://host:port"
    address = f"{parts.hostname}:{parts.port or _usual_port(url)}"
    try:
        answer = httpx.get(
            f"{parts.scheme}://{address}/api/v2/heartbeat",
            headers=_headers(url),
            timeout=PATIENCE_S,
        )
    except httpx.HTTPError as error:
        return f"no Chroma server at {address}: {error}"
    return "" if answer.is_success else f"{address} answers HTTP {answer.status_code}"


def close(client: "Client") -> None:
    """Let go of a client's files, or of its connections, which it would keep open itself."""
    for session in _sessions(client):
        session.close()
    client.close()


def _sessions(client: "ClientAPI") -> Iterator["httpx.Client"]:
    """The connections of a server's client; of one inside this process, none."""
    for part in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(part, "_server", None), "_session", None)
        if session is not None:
            yield session


def remove(client: "Client", names: Iterable[str]) -> None:
    """Delete these collections, where they are still there."""
    kept = {each.name for each in client.list_collections()}
    for name in kept.intersection(names):
        client.delete_collection(name)


def others(client: "Client", name: str) -> list[str]:
    """Our collections beside this one."""
    names = (each.name for each in client.list_collections())
    return [each for each in names if each.startswith(PREFIX) and each != name]


def _usual_port(url: str) -> int:
    return 443 if url.startswith("https") else 8000


def _headers(url: str) -> dict[str, str]:
    """For a proxy that asks who comes."""
    parts = urlsplit(url)
    if not parts.username:
        return {}
    known = b64encode(f"{parts.username}:{parts.password or ''}".encode()).decode()
    return {"Authorization": f"Basic {known}"}


def _fill(client: "Client", texts: Texts) -> None:
    # embedding_function=None: the default one would download a model
    collection = client.get_or_create_collection(
        texts.collection,
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
