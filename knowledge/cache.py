"""Vectors of a chosen model, kept one by one: a changed page embeds only its own texts again."""

import hashlib
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from knowledge.embedding import Embedder, Vectors

BATCH = 256  # texts after which the work is kept, so that a killed process loses little

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VectorCache:
    """One file of vectors by the hashes of their texts, for one model."""

    path: Path

    def embed(self, texts: Sequence[str], embedder: Embedder) -> Vectors:
        """The texts' vectors; what was never embedded is, and what is no longer used goes."""
        names = [_name(text) for text in texts]
        known = self._read()
        wanted = {name: text for name, text in zip(names, texts, strict=True) if name not in known}
        missing = list(wanted)
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            log.info("embedding texts %d to %d of %d", start, start + len(part), len(missing))
            vectors = embedder.embed([wanted[name] for name in part])
            known.update(zip(part, vectors, strict=True))
            self._write(known)
        if len(known) > len(set(names)):
            self._write({name: known[name] for name in names})
        return np.array([known[name] for name in names], dtype=np.float32)

    def _read(self) -> dict[str, Vectors]:
        try:
            with self.path.open("rb") as file, np.load(file) as kept:
                return dict(zip(kept["names"].tolist(), kept["vectors"], strict=True))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            log.warning("%s is damaged: every text is embedded again", self.path)
            return {}

    def _write(self, known: dict[str, Vectors]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=f"{self.path.name}-", dir=self.path.parent
            ) as folder:
                new = Path(folder) / self.path.name
                vectors = np.array(list(known.values()), dtype=np.float32)
                np.savez(new, names=np.array(list(known)), vectors=vectors)
                new.replace(self.path)
        except OSError:
            log.warning("vectors cannot be kept in %s", self.path, exc_info=True)


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
