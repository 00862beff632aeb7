"""What a typed line means in the terminal, and how a reply looks there."""

from pathlib import Path

import pytest

from bot.channels.terminal import read_line, show
from bot.messages import Outgoing


@pytest.mark.parametrize(
    ("line", "caption", "path"),
    [
        ("证据 合同.pdf", "", "合同.pdf"),
        ("证据 7 合同.pdf", "7", "合同.pdf"),
        ('evidence 7 "my files/licence 2026.pdf"', "7", "my files/licence 2026.pdf"),
        ("evidence my files/licence.pdf", "", "my files/licence.pdf"),
        ("evidence it's.pdf", "", "it's.pdf"),
    ],
)
def test_a_line_can_carry_a_file(line: str, caption: str, path: str) -> None:
    """A path after `evidence` is attached, with or without number and quotes."""
    message = read_line(line)
    assert (caption, (Path(path),)) == (message.text, message.paths)


@pytest.mark.parametrize("line", ["证据", "evidence to 7", "证据 7", "证据归 7", "两分五"])
def test_other_lines_are_text(line: str) -> None:
    """What names no path stays a message."""
    message = read_line(line)
    assert (line, ()) == (message.text, message.paths)


def test_each_line_has_an_id_of_its_own() -> None:
    """Typing the same words twice is two messages."""
    assert read_line("是").id != read_line("是").id


def test_choices_carry_their_number() -> None:
    """Numbers are shown exactly where they may be typed."""
    buttons = (("是", "1:1:yes"), ("否", "1:1:no"))
    assert "?\n   1 是  ·  2 否\n" == show(Outgoing(1, "?", buttons, "", True))
    assert "?\n   是  ·  否\n" == show(Outgoing(1, "?", buttons, "", False))
