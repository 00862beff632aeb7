"""Vectors of a chosen model, kept by the hash of their text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from knowledge.cache import BATCH, VectorCache
from knowledge.embedding import Vectors


@dataclass
class Counting:
    """A model that remembers what it was given and may die."""

    given: list[str] = field(default_factory=list)
    dies_after: int = 10**9

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(self.given) >= self.dies_after:
            raise KeyboardInterrupt
        self.given.extend(texts)
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)

    def embed_question(self, question: str) -> Vectors:
        row: Vectors = self.embed([question])[0]
        return row


def test_only_new_texts_are_embedded(tmp_path: Path) -> None:
    """A changed text is embedded, its neighbours come from the file, each in its place."""
    cache, model = VectorCache(tmp_path / "v.npz"), Counting()
    cache.embed(["签名", "回执单", "签名"], model)
    assert ["签名", "回执单"] == model.given
    vectors = cache.embed(["许可证号", "回执单"], model)
    assert ["签名", "回执单", "许可证号"] == model.given
    np.testing.assert_array_equal(Counting().embed(["许可证号", "回执单"]), vectors)


def test_texts_no_longer_used_are_forgotten(tmp_path: Path) -> None:
    """The file holds what is indexed now, and nothing of older pages."""
    cache, model = VectorCache(tmp_path / "v.npz"), Counting()
    cache.embed(["签名", "回执单"], model)
    cache.embed(["签名"], model)
    cache.embed(["回执单"], model)
    assert ["签名", "回执单", "回执单"] == model.given


def test_work_of_a_killed_process_is_kept(tmp_path: Path) -> None:
    """What was embedded before the end is not embedded again."""
    texts = [f"{number} 号" for number in range(2 * BATCH)]
    cache = VectorCache(tmp_path / "v.npz")
    try:
        cache.embed(texts, Counting(dies_after=BATCH))
    except KeyboardInterrupt:
        model = Counting()
        cache.embed(texts, model)
        assert texts[BATCH:] == model.given
    else:
        raise AssertionError


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    """Whatever stands in the file, the vectors are right."""
    path = tmp_path / "v.npz"
    for damage in (b"", b"PK\x03\x04 torn", b"nonsense" * 50):
        path.write_bytes(damage)
        assert 2 == len(VectorCache(path).embed(["签名", "回执单"], Counting()))


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """The vectors are there although they cannot be kept."""
    (tmp_path / "file").write_text("")
    assert 1 == len(VectorCache(tmp_path / "file" / "v.npz").embed(["签名"], Counting()))
