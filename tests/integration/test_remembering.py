"""What the application remembers between turns is what the database says."""

from itertools import count
from pathlib import Path

from bot import access, app
from bot.messages import Message
from bot.settings import load
from bot.store import cases, people

OPENING = ("新建 云信达", "完整", "1", "否", "否")
SAID = ("是", "否", "3秒", "99%", "0.04元 含税", "不适用", "跳过", "部分满足", "改 3", "待确认")


def test_what_is_remembered_is_what_would_be_read(home: Path) -> None:
    """After every turn the evaluation in memory equals the one in the database."""
    ids = map(str, count())
    with app.opened(load({"SMSVET_HOME": str(home)})) as built:
        peer = built.assistant.enrol("telegram", "amin", access.EVERYTHING)
        memory, seen = built.assistant.scenery.memory.cases, 0
        for text in (*OPENING, *SAID * 6):
            built.assistant.handle(peer, Message(next(ids), text))
            with built.database.read() as sql:
                revision = cases.stamp(sql, 1).revision
                read = cases.load(sql, built.database.vault, 1, tested=False)
            if 1 in memory and memory[1][0] == revision:
                assert read == memory[1][1]
                seen += bool(read and read.answers)
        assert 20 < seen


def test_who_has_left_is_no_longer_offered(home: Path) -> None:
    """The names in the next turn are those of the people who are there, whoever removed one."""
    with app.opened(load({"SMSVET_HOME": str(home)})) as built:
        peer = built.assistant.enrol("telegram", "amin", access.EVERYTHING)
        built.assistant.enrol("telegram", "xiaozhou", access.EVERYTHING)

        def names() -> tuple[str, ...]:
            look = built.assistant._look(peer, None)
            assert look is not None
            return look.scene.colleagues

        assert ("amin", "xiaozhou") == names()
        with built.database.write() as sql:
            people.leave(sql, "xiaozhou", app.now())
        assert ("amin",) == names()
