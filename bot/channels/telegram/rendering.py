"""How a reply looks in Telegram: its small HTML, and rows of buttons. Pure."""

import re
import unicodedata
from html import escape

WIDEST = 30  # cells of labels in one row of buttons
MOST_IN_ROW = 4

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")


def html(text: str) -> str:
    """Plain text with **bold** as Telegram's HTML."""
    return _BOLD.sub(r"<b>\1</b>", escape(text, quote=False))


def plain(text: str) -> str:
    """The same without any marks."""
    return _BOLD.sub(r"\1", text)


def asks(text: str) -> bool:
    """Whether the text's last paragraph asks something: hints may follow the question."""
    last = text.rstrip().rpartition("\n\n")[2]
    return "?" in last or "？" in last


def rows(buttons: tuple[tuple[str, str], ...]) -> list[list[tuple[str, str]]]:
    """The buttons in rows: as many side by side as can be read on a phone."""
    done: list[list[tuple[str, str]]] = []
    room = 0
    for label, token in buttons:
        width = _cells(label) + 4
        if not done or len(done[-1]) == MOST_IN_ROW or room < width:
            done.append([])
            room = WIDEST
        done[-1].append((label, token))
        room -= width
    return done


def _cells(label: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in label)
