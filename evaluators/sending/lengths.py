"""How long a text is and as how many messages it is billed; texts of an exact length."""

import math
from typing import Self

from pydantic import Field, model_validator

from evaluators.content import Content
from evaluators.sending.fields import PLACE, Line, Text

SINGLE, PART, LONGEST = 70, 67, 500  # characters; the strictest documented maximum
PART_WIDE = 66  # where a long text's parts carry a 16-bit reference


def length(text: str) -> int:
    """Characters as billed: UTF-16 units, so that an emoji counts as two."""
    return len(text.encode("utf-16-be")) // 2


def segments(text: str, part: int = PART) -> int:
    """Billed parts of a full text, signature included: one up to 70 units, else `part` each."""
    units = length(text)
    return 1 if units <= SINGLE else math.ceil(units / part)


class Variant(Content):
    """One of a plan's texts. With a `length`, `fill` follows it until the full text is so long.

    The characters of `fill` come in turn, so that a missing or misplaced part can be seen.
    """

    text: Text
    length: int | None = Field(default=None, ge=1)
    fill: Line = "一二三四五六七八九十"

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: object) -> object:
        return {"text": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.fill or length(self.fill) != len(self.fill):
            raise ValueError("fill is made of characters that count as one")
        return self

    def full(self, signature: str, token: str) -> str:
        """The full text, signature in 【】 first. Raises ValueError where it is over `length`."""
        head = f"【{signature}】" if signature else ""
        text = head + self.text.replace(PLACE, token)
        if self.length is None:
            return text
        missing = self.length - length(text)
        if missing < 0:
            raise ValueError(f"with its signature the text is {-missing} over {self.length}")
        times = math.ceil(missing / len(self.fill))
        return text + (self.fill * times)[:missing]
