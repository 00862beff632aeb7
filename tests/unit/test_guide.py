"""The guide of a conversation: loaded behind it, closed at its end, in no one's way."""

import threading
from pathlib import Path
from typing import cast

import pytest

from bot.guide import LazyGuide
from knowledge.context import NOTHING
from knowledge.llm import Model
from tests.unit import small_guidance


class SlowModel:
    """A language model that takes as long to load as it is told to."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def warm(self) -> None:
        self.asked.set()
        self.go_on.wait(60)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return small_guidance.write(tmp_path / "data")


def test_a_load_under_way_does_not_hold_up_the_end(data: Path, tmp_path: Path) -> None:
    """Whoever ends waits as long as they said, while the guide is still loading."""
    model = SlowModel()
    guide = LazyGuide(data, tmp_path / "state", speaker=cast(Model, model))
    guide.warm()
    assert model.asked.wait(60)
    guide.close(0.01)
    assert not model.go_on.is_set()
    model.go_on.set()
    guide.close()


def test_a_guide_never_asked_is_closed_at_once(data: Path, tmp_path: Path) -> None:
    """Nothing is loaded only to be closed."""
    LazyGuide(data, tmp_path / "state").close()
    assert not (tmp_path / "state").exists()


def test_a_closed_guide_gives_its_folder_up(data: Path, tmp_path: Path) -> None:
    """After the end the next process opens the same folder and answers from it."""
    for _ in range(2):
        guide = LazyGuide(data, tmp_path / "state")
        assert "6 个月" in guide.consult("发送记录要存多久", "zh", NOTHING).text
        guide.close()
