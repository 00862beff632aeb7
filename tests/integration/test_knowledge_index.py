"""The index across starts: old tables answer meanwhile, killed builds leave nothing wrong,
and a Chroma server may hold the collections."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from knowledge import dense
from knowledge.dense import InChroma, InMemory
from knowledge.index import Index, Material
from knowledge.readers.glossary import read_groups, read_outside
from knowledge.readers.guidance import read_corpus
from knowledge.search import Search
from tests.unit import small_guidance

ROOT = Path(__file__).parents[2]
QUESTIONS = ["发送记录留多久", "到达率多少算合格", "旧规定存多久", "receipts"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return small_guidance.write(tmp_path / "data")


def material(data: Path) -> Material:
    words = data / "glossary"
    return Material(read_corpus(data / "guidance"), read_groups(words), read_outside(words))


def change(data: Path) -> None:
    page = data / "guidance" / "delivery.yaml"
    page.write_text(page.read_text(encoding="utf-8").replace("98%", "97%"), encoding="utf-8")


def orders(search: Search) -> list[tuple[int, ...]]:
    return [search.find(question).order for question in QUESTIONS]


def tables(state: Path) -> list[Path]:
    return sorted(path.parent for path in (state / "index").glob("*/vectors.npy"))


def test_an_older_table_answers_while_the_new_one_is_fitted(data: Path, tmp_path: Path) -> None:
    """After a page changed, the old table serves the new texts; then it is swapped and removed."""
    Index(material(data), tmp_path / "state").quick()
    (old,) = tables(tmp_path / "state")
    change(data)
    index = Index(material(data), tmp_path / "state")
    quick = index.quick()
    assert [old] == tables(tmp_path / "state")
    full = index.full(quick)
    (new,) = tables(tmp_path / "state")
    assert old != new
    fresh = Index(material(data), tmp_path / "elsewhere").quick()
    np.testing.assert_allclose(fresh.near.vectors, full.near.vectors, atol=1e-5)
    assert orders(fresh) == orders(full)
    index.close()


def test_who_leaves_early_leaves_the_new_table(data: Path, tmp_path: Path) -> None:
    """One question from an older table, then the end: the next start finds its own."""
    Index(material(data), tmp_path / "state").quick()
    change(data)
    index = Index(material(data), tmp_path / "state")
    index.quick()
    index.close()
    assert 2 == len(tables(tmp_path / "state"))


BUILD = """
import sys
from pathlib import Path
from knowledge import dense
from tests.integration.test_knowledge_index import material
from knowledge.index import CHROMA, Index
dense.BATCH = 1  # many chances to be killed between two
state = Path(sys.argv[2])
index = Index(material(Path(sys.argv[1])), state)
print("fitting", flush=True)
search = index.quick()
client = dense.embedded(state / "index" / CHROMA)
texts = dense.Texts(tuple(unit.text for unit in search.units), search.near.vectors)
print("filling", flush=True)
dense.InChroma.open(client, texts, search.table)
"""


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [("fitting", 0.0), ("fitting", 0.03), ("filling", 0.0), ("filling", 0.05), ("filling", 0.2)],
)
def test_a_killed_build_leaves_the_next_start_right(
    data: Path, tmp_path: Path, stage: str, seconds: float
) -> None:
    """Killed (kill -9) at any moment, the next start answers as if nothing had been."""
    words = [sys.executable, "-c", BUILD, str(data), str(tmp_path / "state")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as building:
        assert building.stdout is not None
        assert stage in (line.strip() for line in building.stdout)
        time.sleep(seconds)
        os.kill(building.pid, signal.SIGKILL)
    index = Index(material(data), tmp_path / "state")
    full = index.full(index.quick())
    assert isinstance(full.store, InChroma)
    assert orders(Index(material(data), tmp_path / "elsewhere").quick()) == orders(full)
    index.close()


def test_what_a_killed_build_left_is_swept_up(data: Path, tmp_path: Path) -> None:
    """Half-built folders of long ago go; one that may still be growing stays."""
    index = Index(material(data), tmp_path)
    index.quick()
    (mine,) = tables(tmp_path)
    long_ago, just_now = (mine.with_name(f"{mine.name}-{end}") for end in ("old1_x", "new1"))
    long_ago.mkdir()
    just_now.mkdir()
    os.utime(long_ago, (1, 1))
    index.full(index.quick())
    assert not long_ago.exists()
    assert just_now.exists()
    index.close()


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """A real server on loopback; the URL to reach it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    words = [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)]
    quiet = subprocess.DEVNULL
    env = os.environ | {"ANONYMIZED_TELEMETRY": "False"}
    with subprocess.Popen(words, stdout=quiet, stderr=quiet, env=env) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                if not dense.trouble(url):
                    break
                time.sleep(0.05)
            yield url
        finally:
            server.terminate()


def test_a_chroma_server_holds_the_collection(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two processes share one server, a changed page brings its own collection and takes the
    old one away, strangers' collections stay, and a lost server costs no answer."""
    with chroma_server(tmp_path / "server") as url:
        stranger = dense.served(url)
        stranger.create_collection("guidance-of-others", embedding_function=None)
        one, two = (Index(material(data), tmp_path / name, chroma=url) for name in ("a", "b"))
        full, shared = one.full(one.quick()), two.full(two.quick())
        assert isinstance(full.store, InChroma)
        assert isinstance(shared.store, InChroma)
        assert orders(one.quick()) == orders(full) == orders(shared)
        assert 2 == len(stranger.list_collections())
        change(data)
        again = Index(material(data), tmp_path / "a", chroma=url)
        assert isinstance(again.full(again.quick()).store, InChroma)
        names = {each.name for each in stranger.list_collections()}
        assert 2 == len(names)
        assert "guidance-of-others" in names
        before = orders(full)
    with caplog.at_level(logging.ERROR, logger="knowledge"):
        assert before == orders(full)
    assert "from now on in memory" in caplog.text
    for index in (one, two, again):
        index.close()
    dense.close(stranger)


def test_without_the_server_memory_serves(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that does not answer is named in the log, and the answers are the same."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    index = Index(material(data), tmp_path, chroma=url)
    quick = index.quick()
    with caplog.at_level(logging.WARNING, logger="knowledge"):
        full = index.full(quick)
    assert isinstance(full.store, InMemory)
    assert f"no Chroma server at {url.removeprefix('http://')}" in caplog.text
    assert orders(quick) == orders(full)
    assert "address is" in dense.trouble("127.0.0.1:8000")
    index.close()
