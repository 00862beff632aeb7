"""Replies in WeCom's Markdown: what is meant literally stays literal, nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom import rendering
from bot.messages import Outgoing


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**重要** 通知", "\\*\\*重要\\*\\* 通知"),
        ("- 一\n· 二", "- 一\n· 二"),
        ("# 不是标题", "\\# 不是标题"),
        ("#1 号", "#1 号"),
        ("> 引用", "\\> 引用"),
        ("a_b_c snake_case", "a_b_c snake_case"),
        ("_斜_", "\\_斜\\_"),
        ("2 * 3 = 6", "2 * 3 = 6"),
        ("*星*", "\\*星\\*"),
        ("`码`", "\\`码\\`"),
        ("[链](http://x)", "\\[链](http://x)"),
        ("[注] 见下", "[注] 见下"),
        ("<@all> <font color=red>", "\\<@all> \\<font color=red>"),
        ("3 < 5", "3 < 5"),
        ("---", "\\---"),
        ("| a |", "\\| a |"),
    ],
)
def test_markup_that_is_not_meant_is_escaped(text: str, shown: str) -> None:
    """Bold and lists are kept; what else would be markup is escaped, what would not is left."""
    assert shown == rendering.marked(text)


@given(st.text(max_size=300))
def test_escaping_adds_backslashes_only(text: str) -> None:
    """Without the backslashes that were put in, every sign is as it was."""
    clean = text.replace("\\", "").replace("\0", "").replace("\1", "")
    assert clean == rendering.marked(clean).replace("\\", "")


@given(st.text(max_size=2000), st.integers(30, 500))
def test_parts_fit_and_lose_nothing(text: str, most: int) -> None:
    """Every part fits into its bytes; together they have every sign but line ends."""
    parts = rendering.fitting(text, most)
    assert all(len(rendering.marked(part).encode()) <= most for part in parts)
    assert re.sub(r"\n+", "", text) == re.sub(r"\n+", "", "".join(parts))


def test_an_empty_reply_has_no_step() -> None:
    """Nothing to say is nothing to send."""
    assert [] == rendering.steps(Outgoing(1, "", (), "", True), "t")
