"""Which texts steer the conversation, and which are answers."""

import pytest

from bot.dialogue.commands import Command, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("为什么", Command("why")),
        ("why", Command("why")),
        ("/why", Command("why")),
        ("返回。", Command("back")),
        ("改 7", Command("change", "7")),
        ("改7", Command("change", "7")),
        ("改第 12 题", Command("change", "第 12 题")),
        ("change 7", Command("change", "7")),
        ("测试", Command("test")),
        ("测试 300", Command("test", "300")),
        ("测试10000", Command("test", "10000")),
        ("预筛 蓝海通信 报价2分5", Command("prescreen", "蓝海通信 报价2分5")),
        ("新建:云信达", Command("new", "云信达")),
        ("问 长短信怎么计费", Command("ask", "长短信怎么计费")),
        ("language en", Command("language", "en")),
        ("证据归 7", Command("evidence_to", "7")),
        ("evidence to 7", Command("evidence_to", "7")),
        ("指引 price#band", Command("source", "price#band")),
        ("你好", Command("greeting")),
    ],
)
def test_steering_words_are_read(text: str, expected: Command) -> None:
    """Both languages, with or without slash, number and punctuation."""
    assert expected == read(text)


@pytest.mark.parametrize(
    "text",
    [
        "是",
        "两分五",
        "为什么要报备",
        "测试号码要先给他们加白",
        "改天再说",
        "问题不大",
        "新建筑公司的短信",
        "100",
    ],
)
def test_answers_are_not_commands(text: str) -> None:
    """A sentence that only begins like a steering word stays an answer."""
    assert read(text) is None


def test_a_number_behind_a_command_is_read() -> None:
    """`改第 12 题` and `change 12` mean the same number."""
    assert [12, 12] == [Command("change", rest).number for rest in ("第 12 题", "12")]
