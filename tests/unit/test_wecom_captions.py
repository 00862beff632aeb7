"""What is written beside a picture or a file names the item it belongs to."""

import pytest

from bot.dialogue.filing import numbered

THREE = (
    "3",
    "３",
    "3题",
    "证据 3",
    "题号：3",
    "第3题",
    "#3",
    "证据 3\n两张",
    "Evidence 3",
    "No. 3",
)


@pytest.mark.parametrize("caption", THREE)
def test_an_items_number_is_read(caption: str) -> None:
    """As people write it."""
    assert 3 == numbered(caption)


@pytest.mark.parametrize("caption", ["证据 3 份", "第3页", "3 月的账单", "²", "", "notes 3"])
def test_what_counts_something_else_is_no_item(caption: str) -> None:
    """Then the file belongs where the conversation is."""
    assert None is numbered(caption)
