"""The guidance as command and chat ask it: one answer, and a list of what it had none to."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import unanswered
from bot.__main__ import main
from bot.guide import LazyGuide
from bot.settings import CONTENT
from knowledge.answer import Guidance, render
from knowledge.context import NOTHING

QUESTIONS = (
    *("记录要存多久", "到达率多少算合格", "备用通道要几条", "等保要哪两样材料", "发票能开专票吗"),
    *("how long must SMS records be kept", "今天天气怎么样", "指引说备用通道要4条以上对吧", "😀"),
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def guide(state: Path) -> Iterator[LazyGuide]:
    opened = LazyGuide(CONTENT, state)
    yield opened
    opened.close()


def test_the_chat_finds_what_the_search_finds(guide: LazyGuide, state: Path) -> None:
    """The same question has the same answer in a chat as on the command line."""
    alone = Guidance.open(CONTENT, state)
    for question in QUESTIONS:
        told, answer = guide.consult(question, "zh", NOTHING), alone.ask(question, "zh")
        assert render(answer, "zh") == told.text
        assert ("" if answer.refused else answer.passages[0].id) == told.anchor
    alone.close()


def test_what_was_refused_is_kept_for_the_writers(
    guide: LazyGuide, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A question without an answer is listed, its phone number masked; an answered one is not."""
    guide.consult("13900000001 的星座是什么", "zh", NOTHING)
    guide.consult("记录要存多久", "zh", NOTHING)
    kept = [row.question for row in unanswered.read(state)]
    assert "*********** 的星座是什么" == kept[-1]
    assert "记录要存多久" not in kept


def test_the_list_is_shown_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`smsvet ask --unanswered` prints it, as lines or as one JSON document."""
    unanswered.note(tmp_path / "guidance", "发票怎么开", ["price#band"])
    monkeypatch.setenv("SMSVET_HOME", str(tmp_path))
    assert 0 == main(["ask", "--unanswered"])
    assert "发票怎么开  (price#band)" in capsys.readouterr().out
    assert 0 == main(["ask", "--unanswered", "--json"])
    assert ["发票怎么开"] == [row["question"] for row in json.loads(capsys.readouterr().out)]
