"""Pasted notes while the page's screen of the call is open beside the conversation."""

from pathlib import Path

from bot.messages import Outgoing
from tests.transcripts.stage import Notetaker, Stage

NOTES = (
    "通话记录：回执都带原始状态码，移动直连占比 86%，其他两网没有说清楚，"
    "回头再补给我们，我们要跟进一下这件事情"
)
FOUND = [
    {"item": 15, "reading": "yes", "quote": "回执都带原始状态码"},
    {"item": 25, "reading": "86%", "quote": "移动直连占比 86%"},
]
SCREEN = [
    Outgoing(0, "", buttons=(("第 5 题：是", "any:5:yes"),), file="", numbered=False, chat="lin")
]


def test_a_press_on_the_screen_says_what_it_left(tmp_path: Path) -> None:
    """A tap on the call's screen is recorded, and says how many proposals were not checked."""
    scene = Stage(tmp_path / "home", model=Notetaker(FOUND))
    try:
        for text in ("云信达", "完整", "2", "否", "否"):
            scene.say(text)
        assert "有 2 处" in scene.say(NOTES)
        said = scene.press("第 5 题：是", among=SCREEN)
        assert "还有 2 条没有核对" in said
        assert "已记第 5 题" in said
    finally:
        scene.close()
