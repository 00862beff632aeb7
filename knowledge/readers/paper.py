"""What comes of reading a paper somebody handed in: sections with their place, or why not.

Papers come from outside: their text is quoted and never obeyed.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "encrypted", "scan", "picture", "sound", "old_office", "slides", "archive",
    "damaged", "too_much", "empty", "unknown",
]  # fmt: skip
Unit = Literal["page", "row", "paragraph", "line"]

WHY: dict[Reason, tuple[str, str]] = {
    "encrypted": ("设有密码", "it is protected by a password"),
    "scan": ("里面没有文字，应是扫描件", "there is no text inside, probably a scan"),
    "picture": ("是图片，图中的字不读", "it is a picture; words in it are not read"),
    "sound": ("是音频或视频", "it is sound or video"),
    "old_office": (
        "是旧版 Office 格式，另存为 docx 或 xlsx 才能读",
        "it is in an old Office format; saved as docx or xlsx it can be read",
    ),
    "slides": ("是幻灯片，另存为 PDF 才能读", "these are slides; saved as PDF they can be read"),
    "archive": (
        "是压缩包，里面的文件要单独发",
        "it is an archive; the files in it come one by one",
    ),
    "damaged": ("文件已损坏或不完整", "the file is damaged or incomplete"),
    "too_much": (
        "展开后太大，或读的时间太长",
        "unpacked it is too large, or reading took too long",
    ),
    "empty": ("里面没有文字", "there is no text inside"),
    "unknown": ("不是读得懂的格式", "it is in no format that is read"),
}

_LABELS: dict[Unit, tuple[str, str]] = {
    "page": ("第 {} 页", "page {}"),
    "row": ("第 {} 行", "row {}"),
    "paragraph": ("第 {} 段", "paragraph {}"),
    "line": ("第 {} 行", "line {}"),
}
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, bidi, zero width, lone surrogates
# Browsers' PDFs often name a character after the radical that looks alike.
_RADICALS = {
    code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)
} | str.maketrans(
    "⼾⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰",
    "户母民虎西见角贝车长门青页风飞食马骨鬼鱼鸟麦黄齐齿龙",
)
_BLANKS = re.compile(r"[^\S\n]+")


@dataclass(frozen=True)
class Place:
    """Where in its paper a text stands, counted from 1; `sheet` where there are several."""

    unit: Unit
    first: int
    last: int
    sheet: str = ""

    def of(self, language: str) -> str:
        counted = str(self.first) if self.first == self.last else f"{self.first}–{self.last}"
        label = _LABELS[self.unit][language == "en"].format(counted)
        if language == "en" and self.first != self.last:
            label = label.replace(" ", "s ", 1)
        return f"{self.sheet} {label}" if self.sheet else label


@dataclass(frozen=True)
class Section:
    """Some sentences of a paper under their heading, which may be empty."""

    heading: str
    place: Place
    text: str


@dataclass(frozen=True)
class Read:
    """What a paper says; `cut` where only its beginning was read, or a part was unreadable."""

    sections: tuple[Section, ...]
    cut: bool = False


@dataclass(frozen=True)
class Unreadable:
    """Why nothing of it could be read."""

    reason: Reason

    def why(self, language: str) -> str:
        return WHY[self.reason][language == "en"]


@dataclass(frozen=True)
class Line:
    """A paragraph, a row or a line as a reader finds it; `level` 1 and up is a heading's."""

    text: str
    place: Place
    level: int = 0


@dataclass(frozen=True)
class Cut:
    """Something was left out here."""


class NotReadableError(Exception):
    """Raised inside a reader, which runs in a process of its own; `read` makes it data."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def clean(text: str) -> str:
    """One line without anything that would steer a screen or hide a word."""
    text = re.sub(r"[\r\n\t\u2028\u2029]", " ", text).translate(_RADICALS)
    kept = "".join(char for char in text if unicodedata.category(char) not in _DROPPED)
    return _BLANKS.sub(" ", kept).strip()
